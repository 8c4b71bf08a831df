//! Sign-in by Active Directory.
