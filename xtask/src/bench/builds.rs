//! What is built before anything is measured: all in release.

use std::path::PathBuf;

use crate::{Outcome, browser, machine, say, shell, tools};

/// The workspace of the peers and of the load client.
fn peers() -> PathBuf {
    machine::root().join("tests/peers")
}

/// A program of ours that is measured.
pub(super) fn convoke(name: &str) -> PathBuf {
    tools::target().join("release").join(name)
}

/// A program of the peers' workspace.
pub(super) fn peer(name: &str) -> PathBuf {
    peers().join("target/release").join(name)
}

/// Builds the server, the peers and the load client; the benchmark of the log and loadgen when
/// they are wanted.
pub(super) fn build(log: bool, loadgen: bool) -> Outcome {
    browser::build()?;
    say::step("building server, peers and load client (release)");
    let mut ours = tools::cargo();
    ours.args(["build", "--release", "--bins", "--package", "convoke"]);
    if loadgen {
        ours.args(["--package", "convoke-loadgen"]);
    }
    shell::run(&mut ours)?;
    let mut others = tools::cargo();
    others.args(["build", "--release"]).current_dir(peers());
    // The peers' workspace has a target folder of its own, wherever ours was told to be.
    shell::run(others.env_remove("CARGO_TARGET_DIR"))?;
    if log {
        let mut bench = tools::cargo();
        shell::run(bench.args(["bench", "--no-run", "--package", "convoke-journal"]))?;
    }
    Ok(())
}
