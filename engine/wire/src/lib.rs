//! Bytes and back: entries, messages, frames and the two halves of a connection. Pure; never
//! panics.

pub mod close;
pub mod codec;
pub mod digest;
pub mod entry;
pub mod frame;
pub mod half;
pub mod ics;
pub mod media;
pub mod message;
mod pack;
pub mod short;
pub mod turbo;

pub use entry::Hash;
