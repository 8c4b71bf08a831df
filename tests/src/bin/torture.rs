//! `torture KIND [--n N] [--seed S]`: breaks logs on purpose, as long as it is told to.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, ExitCode};

use convoke_journal::torture;

const HELP: &str = "\
Say `torture flips|kill9|power|faults [--n N] [--seed S]`.
  flips   N files of a small log are changed; without --n one bit of every byte of every file
  kill9   a process that writes is killed N times (1,000)
  power   power is lost at N operations (10,000)
  faults  each of the first N operations fails; without --n until there are no more

Example: torture power --n 100 --seed 7
";

/// What was asked for.
struct Wanted {
    n: Option<u64>,
    seed: u64,
}

impl Wanted {
    fn read(mut words: &[String]) -> Option<Self> {
        let mut wanted = Self { n: None, seed: 7 };
        while let [name, value, rest @ ..] = words {
            let value = value.parse().ok()?;
            match name.as_str() {
                "--n" => wanted.n = Some(value),
                "--seed" => wanted.seed = value,
                _ => return None,
            }
            words = rest;
        }
        words.is_empty().then_some(wanted)
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [word, folder] = words.as_slice()
        && word == "kill9-child"
    {
        let written = torture::kill9_child(Path::new(folder), io::stdout());
        return if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let wanted = words.split_first().and_then(|(kind, rest)| Some((kind, Wanted::read(rest)?)));
    let told = match wanted {
        Some((kind, wanted)) => tell(kind, &wanted),
        None => Ok(None),
    };
    match told {
        Ok(Some(true)) => ExitCode::SUCCESS,
        Ok(Some(false)) => ExitCode::FAILURE,
        Ok(None) => {
            let _ = io::stderr().write_all(HELP.as_bytes());
            ExitCode::from(2)
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "The torture could not run: {error}.");
            ExitCode::from(2)
        }
    }
}

/// Runs one kind and says what came of it; whether all was well. `None` when there is no such kind.
fn tell(kind: &str, wanted: &Wanted) -> io::Result<Option<bool>> {
    let &Wanted { n, seed } = wanted;
    let (told, bad) = match kind {
        "flips" => {
            let tally = torture::flips(n, seed);
            let told = format!(
                "{} changes: {} harmless, {} detected, {} left to receipts",
                tally.cases, tally.same, tally.detected, tally.by_receipt
            );
            (told, tally.silent)
        }
        "kill9" => {
            let folder = tempfile::tempdir()?;
            let program = std::env::current_exe()?;
            let child = || {
                let mut command = Command::new(&program);
                command.arg("kill9-child").arg(folder.path());
                command
            };
            let tally = torture::kill9(child, folder.path(), n.unwrap_or(1000), seed)?;
            let told = format!(
                "{} kills, {} entries accepted, slowest recovery {} ms",
                tally.cycles,
                tally.accepted,
                tally.slowest_open.as_millis()
            );
            (told, tally.failures)
        }
        "power" => {
            let tally = torture::power(n.unwrap_or(10_000), seed);
            (
                format!("{} losses of power, {} entries", tally.points, tally.accepted),
                tally.failures,
            )
        }
        "faults" => {
            let tally = torture::faults(n.unwrap_or(u64::MAX), seed);
            let rest = if tally.complete { "no operation is left" } else { "there are more" };
            let (faults, harmless) = (tally.faults, tally.harmless);
            (format!("{faults} failures, {harmless} harmless; {rest}"), tally.failures)
        }
        _ => return Ok(None),
    };
    let mut out = io::stdout().lock();
    for line in &bad {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "{kind}, seed {seed}: {told}; {} must not have happened", bad.len())?;
    Ok(Some(bad.is_empty()))
}
