//! What the relay does for a published message outside socket calls: timed, and its instructions
//! counted by callgrind, which repeats exactly.

use std::process::Command;

use super::driver::Answer;
use super::process::{LOAD_CORE, pinned};
use super::report::{Report, Row};
use super::{Plan, builds, median};
use crate::{Failed, Outcome, shell};

const PART: &str = "work";

/// What is done, for how many bytes, the bar and the goal in nanoseconds.
const CASES: [(&str, usize, [f64; 2]); 4] = [
    ("media", 100, [300.0 + 0.2 * 100.0, 150.0 + 0.1 * 100.0]),
    ("media", 16_000, [300.0 + 0.2 * 16_000.0, 150.0 + 0.1 * 16_000.0]),
    ("facts", 100, [1500.0 + 1.5 * 100.0, 800.0 + 100.0]),
    ("facts", 2000, [1500.0 + 1.5 * 2000.0, 800.0 + 2000.0]),
];

/// The parts whose instructions are counted.
/// With `facts`, `codec` and `turn` the making of the requests is counted too, though not timed.
const COUNTED: [(&str, usize); 7] = [
    ("media", 100),
    ("media", 16_000),
    ("facts", 100),
    ("codec", 100),
    ("turn", 100),
    ("lane", 100),
    ("lane", 16_000),
];
/// Two counts of messages: the difference is theirs alone.
const FEW: u64 = 1024;
const MANY: u64 = 3072;

pub(super) fn measure(plan: &Plan, report: &mut Report) -> Outcome {
    let count = plan.count(200_000, 2000);
    for (what, bytes, bars) in CASES {
        let mut times = Vec::new();
        for _ in 0..plan.rounds {
            let mut command = pinned(LOAD_CORE, &builds::example("relay_work"));
            command.args([what, &bytes.to_string(), &count.to_string()]);
            let said = shell::output(&mut command).ok_or(Failed(format!("{what} failed")))?;
            times.push(Answer::read(&said).get("ns_per_message"));
        }
        let time = median(times);
        let name = format!("relay work of one message, {what}, {bytes} B, ns");
        report.row(Row::at_most(PART, name, time, bars).figure(format!("{time:.0} ns")));
    }
    if shell::output(Command::new("valgrind").arg("--version")).is_none() {
        report.missing("instructions of the relay's parts", "valgrind is not installed");
        return Ok(());
    }
    let mut lines =
        vec!["| part | bytes | instructions a message |".to_owned(), "|---|---|---|".to_owned()];
    for (what, bytes) in COUNTED {
        let (few, many) = (counted(what, bytes, FEW)?, counted(what, bytes, MANY)?);
        let each = many.saturating_sub(few) / (MANY - FEW);
        lines.push(format!("| {what} | {bytes} | {each} |"));
    }
    report.table("Instructions by callgrind (SHA-256 in software there)".to_owned(), lines);
    Ok(())
}

/// Instructions of a whole run.
fn counted(what: &str, bytes: usize, count: u64) -> Result<u64, Failed> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.arg(builds::example("relay_work"));
    command.args([what.to_owned(), bytes.to_string(), count.to_string()]);
    let said = command.output()?;
    let said = String::from_utf8_lossy(&said.stderr);
    let refs = said.lines().find_map(|line| line.split_once("Collected : "));
    let refs = refs.and_then(|(_, refs)| refs.trim().replace(',', "").parse().ok());
    refs.ok_or(Failed(format!("callgrind counted nothing for {what}")))
}
