//! The two halves of a connection as values that are stepped: no socket, no clock, no thread. The
//! server, the load generator and the tests step the same ones.

pub mod assembler;
pub mod client;
pub mod server;

pub use client::ClientHalf;
pub use server::ServerHalf;
