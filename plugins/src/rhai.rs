//! Runs the operator's scripts in a process of their own.
//!
//! `host` is that process: it compiles scripts and answers questions, and can do nothing else.
//! `process` is one such process as the server sees it, `pool` the live one with its spare, `chain`
//! how several scripts answer one question. `policies` is what the server asks: it holds the loaded
//! version, swaps it, and makes a record of every decision.
//!
//! A script never waits in its process. When it calls the library for something that it was not
//! told yet, its run ends there; the server performs the call and asks again with the answer as
//! evidence. So one process serves many questions, a question can be moved to another process at
//! any time, and a recorded decision is run again in the very same way.

mod book;
mod calls;
mod cases;
mod chain;
mod convert;
pub mod host;
mod launch;
mod library;
mod limits;
mod policies;
mod pool;
mod process;
mod protocol;
mod sandbox;
mod script;
mod watch;

pub use book::{Book, BookError, Names, Source};
pub use cases::{CaseFailed, run_cases};
pub use chain::{Answered, Asked};
pub use launch::Launch;
pub use library::{Answering, Call, Library, NoLibrary, Secret, Shelf};
pub use limits::*;
pub use policies::{Again, Kept, LoadError, Loading, Policies, Sink, Status};
pub use pool::{Pool, PoolError};
pub use protocol::Problem;
