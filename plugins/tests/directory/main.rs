//! Sign-in by LDAP, against real directories: OpenLDAP, Samba as Active Directory, and impostors.

mod active_directory;
mod authority;
mod failures;
mod impostor;
mod openldap;
mod program;
mod samba;
mod slapd;
