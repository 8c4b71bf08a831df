//! Cargo, and the programs of this repository as it builds them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, machine, say, shell};

/// The cargo that runs this command.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Builds every program of the workspace, so that tests can start them.
pub(crate) fn build() -> Outcome {
    say::step("building the programs");
    shell::run(cargo().args(["build", "--workspace", "--bins"]))
}

/// Where a program lies once it is built, in the profile that tests use.
pub(crate) fn program(name: &str) -> PathBuf {
    target().join("debug").join(name)
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    machine::root().join(Path::new(&named))
}
