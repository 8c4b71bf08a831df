//! Plugins: how the engine's policies reach the outside world.
//!
//! `rhai` runs the operator's scripts in a process of their own, `callback` asks an application
//! server who somebody is, `ldap` asks a directory. The two answer in the same words: a [`Report`]
//! with what it came to and the steps that led there.

mod breaker;
pub mod bridge;
mod bulkhead;
pub mod callback;
mod dial;
pub mod feed;
pub mod ldap;
mod outcome;
mod profile;
pub mod rhai;
mod said;
mod secret;
mod trust;

pub use outcome::{Denial, Detail, Fault, Outcome, Report, Step};
pub use profile::{Privilege, Profile};
pub use said::Said;
pub use secret::{NonEmptySecret, UnusableSecret};
pub use trust::{BadSetting, Given};
