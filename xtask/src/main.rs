//! `cargo xtask`: every command a developer or the continuous integration types.

mod bench;
mod browser;
mod check;
mod e2e;
mod machine;
mod proofs;
mod run;
mod say;
mod shell;
mod stamp;
mod tally;
mod test;
mod tools;
mod torture;
mod wrap;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask COMMAND

  run [--listen ADDR:PORT] [--data DIR]
               build all, make a demo host once, start the server, say what to open
  test [FILTER]
               install what the tests need, run every test, or those that are named so
  check        format, clippy, house rules, types of the browser client
  fmt          rustfmt, and comments that are wider than 100 columns
  build        the browser client and every program; nothing is started
  e2e [FILTER] only the browser tests
  torture flips|kill9|power|faults|server|archives [--n N] [--seed S]
               the long forms of the durability tests
  loom         every interleaving of the small models of the lanes and the queues
  shuttle [--schedules N] [--seed S]
               shard and committer in 10,000 orders of steps, or N
  miri         the lanes in an interpreter that sees undefined behaviour (nightly)
  sim SEED     one seeded world; the same seed prints the same bytes
  bench [PART...] [--rounds N] [--size BYTES] [--people N] [--quick]
        [--no-build]
               Convoke, limit, Redis, NATS and axum side by side; figures, JSON and a plot under
               target/bench. Parts: fanout latency knee meetings toggles memory slow join churn
               log durable work agree; `bench loadgen [ARGS]` runs loadgen alone
  audit        cargo-deny: advisories, licences, bans

Example: cargo xtask test a_muted_participant_is_refused
";

/// Why a command could not end well: one sentence for the person who typed it.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) String);

impl<E: std::error::Error> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

pub(crate) type Outcome = Result<(), Failed>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed(why)) => {
            say::error(&why);
            ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[String]) -> Outcome {
    std::env::set_current_dir(machine::root())?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some((&command, rest)) = words.split_first() else {
        say::line(HELP);
        return Ok(());
    };
    match command {
        "run" => run::run(rest),
        "test" => test::test(rest),
        "check" => check::check(),
        "fmt" => wrap::fmt(),
        "build" => {
            browser::build()?;
            tools::build()
        }
        "e2e" => e2e::only(rest),
        "torture" => torture::torture(rest),
        "loom" => proofs::loom(),
        "shuttle" => proofs::shuttle(rest),
        "miri" => proofs::miri(),
        "sim" => torture::sim(rest),
        "bench" => bench::bench(rest),
        "audit" => check::audit(),
        "help" | "--help" | "-h" => {
            say::line(HELP);
            Ok(())
        }
        other => {
            Err(Failed(format!("There is no command {other}. `cargo xtask help` lists them.")))
        }
    }
}
