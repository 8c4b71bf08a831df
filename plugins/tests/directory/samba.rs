//! Samba as a domain controller.
