//! Breaks logs on purpose and counts: `torture flips|power|faults|kill9 [--n N] [--seed S]`.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, ExitCode};

use convoke_journal::torture;

const HELP: &str = "\
Breaks logs on purpose and counts what came of it. Exit code 0: nothing was lost or went unnoticed.

  torture flips  [--n CASES] [--seed S]   changed files; without --n, a bit of every byte of every file
  torture power  [--n POINTS] [--seed S]  power losses at random operations (10000)
  torture faults [--n COUNT] [--seed S]   the n-th operation fails, until none does (100000)
  torture kill9  [--n CYCLES] [--seed S]  processes killed while they write (1000)

example: torture kill9 --n 20
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let at = words.iter().position(|word| word == name)?;
        words.get(at + 1)?.parse::<u64>().ok()
    };
    let (n, seed) = (number("--n"), number("--seed").unwrap_or(1));
    let (text, failures) = match words.first().map(String::as_str) {
        Some("flips") => {
            let tally = torture::flips(n, seed);
            (
                format!(
                    "{} cases: {} same, {} detected, {} by receipts only, {} silent",
                    tally.cases,
                    tally.same,
                    tally.detected,
                    tally.by_receipt,
                    tally.silent.len()
                ),
                tally.silent,
            )
        }
        Some("power") => {
            let tally = torture::power(n.unwrap_or(10_000), seed);
            (
                format!("{} power losses, {} entries accepted", tally.points, tally.accepted),
                tally.failures,
            )
        }
        Some("faults") => {
            let tally = torture::faults(n.unwrap_or(100_000), seed);
            (
                format!(
                    "{} faults, {} harmless, complete: {}",
                    tally.faults, tally.harmless, tally.complete
                ),
                tally.failures,
            )
        }
        Some("kill9") => match kill9(n.unwrap_or(1000), seed) {
            Ok(tally) => (
                format!(
                    "{} cycles, {} accepted, slowest open {:?}",
                    tally.cycles, tally.accepted, tally.slowest_open
                ),
                tally.failures,
            ),
            Err(error) => (String::from("could not run"), vec![error.to_string()]),
        },
        Some("kill9-child") => {
            let data = words.get(1).map_or("", String::as_str);
            let ended = torture::kill9_child(Path::new(data), io::stdout());
            return if ended.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
        _ => {
            let asked = words.iter().any(|word| word == "--help");
            let _ = io::stdout().write_all(HELP.as_bytes());
            return if asked { ExitCode::SUCCESS } else { ExitCode::from(2) };
        }
    };
    let mut out = io::stdout();
    for failure in &failures {
        let _ = writeln!(out, "FAILED {failure}");
    }
    let _ = writeln!(out, "{text}, {} failures", failures.len());
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn kill9(cycles: u64, seed: u64) -> io::Result<torture::KillTally> {
    let folder = std::env::temp_dir().join(format!("convoke-kill9-{}", std::process::id()));
    let child = || {
        let mut command = Command::new(std::env::current_exe().unwrap_or_default());
        command.arg("kill9-child").arg(&folder);
        command
    };
    let tally = torture::kill9(child, &folder, cycles, seed);
    std::fs::remove_dir_all(&folder)?;
    tally
}
