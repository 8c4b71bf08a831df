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

/// An example of ours that is measured.
pub(super) fn example(name: &str) -> PathBuf {
    tools::target().join("release/examples").join(name)
}

/// Builds the server, the peers and the load client, and what the wanted parts need besides.
pub(super) fn build(wanted: impl Fn(&str) -> bool) -> Outcome {
    browser::build()?;
    say::step("building server, peers and load client (release)");
    let mut ours = tools::cargo();
    ours.args(["build", "--release", "--bins", "--package", "convoke"]);
    if wanted("agree") {
        ours.args(["--package", "convoke-loadgen"]);
    }
    shell::run(&mut ours)?;
    let mut others = tools::cargo();
    others.args(["build", "--release"]).current_dir(peers());
    // The peers' workspace has a target folder of its own, wherever ours was told to be.
    shell::run(others.env_remove("CARGO_TARGET_DIR"))?;
    if wanted("work") {
        let mut work = tools::cargo();
        work.args(["build", "--release", "--package", "convoke-engine"]);
        shell::run(work.args(["--example", "relay_work"]))?;
    }
    if wanted("log") {
        let mut bench = tools::cargo();
        shell::run(bench.args(["bench", "--no-run", "--package", "convoke-journal"]))?;
    }
    Ok(())
}
