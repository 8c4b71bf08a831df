//! Asks an LDAP directory or Active Directory whether somebody may sign in.
