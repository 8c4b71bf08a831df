//! Plugins: how the engine's policies reach the outside world.
//!
//! `rhai` runs the operator's scripts in a process of their own, `callback` asks an application
//! server who somebody is, `ldap` asks a directory.

pub mod callback;
pub mod ldap;
pub mod rhai;
