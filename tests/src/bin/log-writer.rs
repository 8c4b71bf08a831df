//! Writes to a log until it is killed, and says what was accepted: the victim of `torture kill9`.

use std::io;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let data = std::env::args_os().nth(1).unwrap_or_default();
    match convoke_journal::torture::kill9_child(Path::new(&data), io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
