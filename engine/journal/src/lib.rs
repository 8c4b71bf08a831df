//! The append-only log: segment files as the truth, and everything that keeps them so. See
//! docs/LOG.md.

mod bytes;
mod error;
mod fence;
mod index;
mod locations;
mod scan;

pub mod archive;
pub mod backup;
pub mod block;
pub mod checkpoint;
pub mod committer;
pub mod conformance;
pub mod counters;
pub mod disk;
pub mod journal;
pub mod keys;
pub mod media;
pub mod memory;
pub mod order;
pub mod orders;
pub mod reader;
pub mod segment;
pub mod segments;
pub mod torture;
pub mod tree;
pub mod verify;
pub mod watermark;
pub mod witness;

pub use error::{AppendError, Damage, Error, Refused};
pub use journal::{Durable, Head, Journal, LogReader, Run, Stored, Tail};
pub use memory::Memory;
pub use segments::{Opened, Options, Quarantine, Segments, open};
