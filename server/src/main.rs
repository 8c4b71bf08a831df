//! The binary `convoke`: the command line over the server's library.

use std::process::ExitCode;

fn main() -> ExitCode {
    convoke::run::run(&convoke::plane::operations())
}
