//! Whether loadgen and the independent load client find the same of the same server.

use std::io::Write as _;
use std::process::Stdio;

use super::driver::Driver;
use super::process::{LOAD_CORE, pinned};
use super::report::{Report, Row, rate};
use super::servers::{self, Server, Shape, folder};
use super::{Plan, builds, median};
use crate::{Failed, Outcome};

const PART: &str = "agree";
const PEOPLE: usize = 100;
const SIZE: usize = 140;
/// Deliveries a second that are offered.
const OFFERED: [usize; 2] = [50_000, 200_000];

pub(super) fn measure(plan: &Plan, report: &mut Report) -> Outcome {
    let server = servers::convoke(Shape::Plain)?;
    let words = [("size", SIZE.to_string()), ("people", PEOPLE.to_string())];
    let mut driver = Driver::start("drive", &server, "fan", &words)?;
    for offered in OFFERED {
        let per_second = offered / PEOPLE;
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..plan.rounds {
            let seconds = plan.count(3, 1);
            let answer = driver.ask(&format!("rate {per_second} {seconds}"))?;
            theirs.push(answer.get("delivered") / answer.get("expected") * offered as f64);
            ours.push(loadgen(&server, per_second, seconds)?);
        }
        let (theirs, ours) = (median(theirs), median(ours));
        let apart = (ours / theirs - 1.0).abs();
        let what = format!("loadgen and drive apart, {offered} deliveries/s offered");
        let row = Row::at_most(PART, what, apart, [0.05, 0.01]);
        report.row(row.figure(format!("{} and {}", rate(ours), rate(theirs))));
    }
    Ok(())
}

/// Deliveries a second that loadgen counts.
fn loadgen(server: &Server, per_second: usize, seconds: usize) -> Result<f64, Failed> {
    let json = folder().join("agree.json");
    let (email, password) = server.account();
    let mut command = pinned(LOAD_CORE, &builds::convoke("loadgen"));
    command.args(["run", "--server", &format!("http://localhost:{}", server.address.port())]);
    command.args(["--account", email, "--password-stdin", "--sessions", "1", "--kind", "media"]);
    // Its host takes part too, and its publisher is one of the attendees.
    command.args(["--attendees", &PEOPLE.to_string(), "--publishers", "1", "--threads", "1"]);
    command.args(["--rate", &per_second.to_string(), "--seconds", &seconds.to_string()]);
    command.args(["--size", &(SIZE - 40).to_string(), "--json"]).arg(&json);
    let quiet = |command: &mut std::process::Command| {
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
    };
    let mut child = quiet(&mut command)?;
    if let Some(mut stdin) = child.stdin.take() {
        writeln!(stdin, "{password}")?;
    }
    child.wait()?;
    let said = std::fs::read_to_string(&json)?;
    let delivered = number(&said, "received").or_else(|| number(&said, "delivered"));
    let delivered = delivered.ok_or(Failed("loadgen's report has no count".to_owned()))?;
    Ok(delivered / seconds as f64)
}

/// The number behind the first such name in a JSON text.
fn number(json: &str, name: &str) -> Option<f64> {
    let (_, rest) = json.split_once(&format!("\"{name}\":"))?;
    let rest = rest.trim_start();
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_number_is_found_by_its_name() {
        let json = "{\"sent\": 12, \"delivered\": 3400, \"x\": 1}";
        assert_eq!(super::number(json, "delivered"), Some(3400.0));
        assert_eq!(super::number(json, "nothing"), None);
    }
}
