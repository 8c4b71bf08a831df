//! The long forms of tests: torture of the log, loom models, seeded worlds.

use crate::{Failed, Outcome, say, shell, tally::Tally, test, tools};

/// The number of cases that a torture test reads; without it the test runs its short form.
const CASES: &str = "CONVOKE_TORTURE_N";

/// `cargo xtask torture flips|kill9|power [--n N]`.
pub(crate) fn torture(words: &[&str]) -> Outcome {
    let usage = || Failed("Say `cargo xtask torture flips|kill9|power [--n N]`.".to_owned());
    let (kind, cases) = match words {
        [kind] => (*kind, default_cases(kind).ok_or_else(usage)?),
        [kind, "--n", n] if default_cases(kind).is_some() => (*kind, *n),
        _ => return Err(usage()),
    };
    if cases != "all" && cases.parse::<u32>().is_err() {
        return Err(Failed(format!("{cases} is no number of cases; `all` is one too.")));
    }
    tools::build()?;
    say::step(&format!("torture {kind}, cases: {cases}"));
    let mut command = tools::cargo();
    command.args(["test", "--package", "convoke-tests", "--test", "torture", "--color", "never"]);
    command.args([kind, "--", "--nocapture"]).env(CASES, cases);
    test::report(test::counted(&mut command)?)
}

/// How much the long form does when nobody says: docs/DURABILITY.md, the column of a release.
fn default_cases(kind: &str) -> Option<&'static str> {
    match kind {
        "flips" => Some("all"),
        "kill9" => Some("1000"),
        "power" => Some("10000"),
        _ => None,
    }
}

/// `cargo xtask loom`.
pub(crate) fn loom() -> Outcome {
    test::report(models()?)
}

/// The models of the lanes: they are another build of them, kept in a folder of its own.
pub(crate) fn models() -> Result<Tally, Failed> {
    say::step("loom models of the lanes");
    let mut command = tools::cargo();
    command.args(["test", "--package", "convoke-fanout", "--release", "--test", "loom"]);
    command.arg("--target-dir").arg(tools::target().join("loom"));
    command.args(["--color", "never"]).env("RUSTFLAGS", "--cfg loom");
    test::counted(&mut command)
}

/// `cargo xtask sim SEED`.
pub(crate) fn sim(words: &[&str]) -> Outcome {
    let [seed] = words else {
        return Err(Failed("Say `cargo xtask sim SEED`.".to_owned()));
    };
    let seed: u64 = seed.parse().map_err(|_| Failed(format!("{seed} is no seed (a number).")))?;
    let words = ["run", "--quiet", "--package", "convoke-tests", "--bin", "sim", "--"];
    shell::run(tools::cargo().args(words).arg(seed.to_string()))
}
