//! The binary `convoke`: the command line over the server's library.

use std::process::ExitCode;

/// Crowds come and go. An allocator that keeps sizes apart gives their memory back to the system;
/// the system's own keeps what lies between two small things that stay.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    convoke::run::run(&convoke::plane::operations())
}
