//! The binary `convoke`: the command line over the server's library.

use std::path::Path;
use std::process::ExitCode;

use convoke::backend::{Backend, BackendError, Opening, Operations};
use convoke::folder::Folder;

fn main() -> ExitCode {
    convoke::run::run(&Operations { open, backup, restore, accept_loss })
}

fn open(_: Opening<'_>) -> Result<Backend, BackendError> {
    Err(missing())
}

fn backup(_: &Folder, _: &Path) -> Result<(), BackendError> {
    Err(missing())
}

fn restore(_: &Path, _: &Folder) -> Result<(), BackendError> {
    Err(missing())
}

fn accept_loss(_: &Folder) -> Result<String, BackendError> {
    Err(missing())
}

fn missing() -> BackendError {
    BackendError("This build has no engine yet.".to_owned())
}
