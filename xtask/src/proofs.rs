//! What looks for bugs that need an unlucky moment: loom, shuttle, miri.

use std::process::Command;

use crate::{Failed, Outcome, say, shell, tally::Tally, test, tools};

/// `cargo xtask loom`.
pub(crate) fn loom() -> Outcome {
    test::report(models()?)
}

/// The models of lanes and queues: they are another build of them, kept in a folder of its own.
pub(crate) fn models() -> Result<Tally, Failed> {
    say::step("loom models of the lanes and the queues");
    let mut command = tools::cargo();
    command.args(["test", "--package", "convoke-fanout", "--release", "--test", "loom"]);
    command.arg("--target-dir").arg(tools::target().join("loom"));
    command.args(["--color", "never"]).env("RUSTFLAGS", "--cfg loom");
    test::counted(&mut command)
}

/// `cargo xtask shuttle [--schedules N] [--seed S]`.
pub(crate) fn shuttle(words: &[&str]) -> Outcome {
    let usage = || Failed("Say `cargo xtask shuttle [--schedules N] [--seed S]`.".to_owned());
    let (mut schedules, mut seed) = ("10000", "7");
    for pair in words.chunks(2) {
        match *pair {
            ["--schedules", n] => schedules = n,
            ["--seed", s] => seed = s,
            _ => return Err(usage()),
        }
    }
    if [schedules, seed].iter().any(|word| word.parse::<u32>().is_err()) {
        return Err(usage());
    }
    say::step(&format!("{schedules} schedules of shard and committer, from seed {seed}"));
    let mut command = tools::cargo();
    command.args(["test", "--package", "convoke-tests", "--test", "schedules"]);
    command.args(["--color", "never", "--", "--show-output"]);
    // The planted bugs end in panics that are wanted; their stacks would bury a real failure.
    command.env("RUST_BACKTRACE", "0");
    command.env("CONVOKE_SCHEDULES", schedules).env("CONVOKE_SCHEDULES_SEED", seed);
    test::report(test::counted(&mut command)?)
}

/// `cargo xtask miri`: the crate with the `unsafe` in an interpreter that sees undefined behaviour.
pub(crate) fn miri() -> Outcome {
    let version = shell::output(Command::new("cargo").args(["+nightly", "miri", "--version"]));
    let Some(version) = version else {
        return Err(Failed(
            "Miri is not installed for the nightly toolchain. `rustup toolchain install nightly \
             --component miri,rust-src` gets it."
                .to_owned(),
        ));
    };
    say::step(&format!("the lanes in {version}"));
    let mut command = Command::new("cargo");
    command.args(["+nightly", "miri", "test", "--package", "convoke-fanout"]);
    command.args(["--lib", "--test", "races", "--test", "lanes"]);
    command.arg("--target-dir").arg(tools::target().join("miri"));
    // Set by the cargo that runs this command: its own toolchain, not nightly.
    for name in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"] {
        command.env_remove(name);
    }
    test::report(test::counted(&mut command)?)
}
