//! The long forms of tests: torture of the log and of the server, seeded worlds.

use crate::{Failed, Outcome, say, shell, test, tools};

/// `cargo xtask torture flips|kill9|power|faults [--n N] [--seed S]`, `server|archives [--n N]`.
pub(crate) fn torture(words: &[&str]) -> Outcome {
    match words {
        ["server"] => server("200"),
        ["server", "--n", cycles] => server(cycles),
        ["archives"] => archives("10000"),
        ["archives", "--n", count] => archives(count),
        [kind, ..] if ["flips", "kill9", "power", "faults"].contains(kind) => {
            say::step(&format!("torture {}", words.join(" ")));
            // Optimised: every byte of every file means opening some ten thousand logs.
            let run = ["run", "--quiet", "--release", "--package", "convoke-tests"];
            shell::run(tools::cargo().args(run).args(["--bin", "torture", "--"]).args(words))
        }
        _ => Err(Failed(
            "Say `cargo xtask torture flips|kill9|power|faults [--n N] [--seed S]`, or \
             `cargo xtask torture server|archives [--n N]`."
                .to_owned(),
        )),
    }
}

/// The whole server under load, killed again and again while people talk.
fn server(cycles: &str) -> Outcome {
    if cycles.parse::<u32>().is_err() {
        return Err(Failed(format!("{cycles} is no number of cycles.")));
    }
    tools::build()?;
    say::step(&format!("kill -9 of the whole server, {cycles} times"));
    let mut command = tools::cargo();
    command.args(["test", "--package", "convoke-tests", "--test", "kill9", "--color", "never"]);
    command.args(["--", "--nocapture"]).env("CONVOKE_TORTURE_N", cycles);
    test::report(test::counted(&mut command)?)
}

/// Archives that somebody changed, shown to both verifiers.
fn archives(count: &str) -> Outcome {
    if count.parse::<u32>().is_err() {
        return Err(Failed(format!("{count} is no number of archives.")));
    }
    say::step(&format!("{count} changed archives, both verifiers"));
    let mut command = tools::cargo();
    command.args(["test", "--package", "convoke-audit", "--test", "audit", "--color", "never"]);
    command.args(["changed_archives", "--", "--nocapture"]).env("CONVOKE_TORTURE_N", count);
    test::report(test::counted(&mut command)?)
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
