//! A thousand people who come into a live session: how long until each has a picture.

use super::driver::Driver;
use super::report::{Report, Row};
use super::servers::{self, Shape};
use super::{Plan, median};
use crate::Outcome;

const PART: &str = "join";

pub(super) fn measure(plan: &Plan, report: &mut Report) -> Outcome {
    let people = plan.count(1000, 20);
    let (mut middle, mut last) = (Vec::new(), Vec::new());
    let mut came = people as f64;
    for _ in 0..plan.rounds {
        let server = servers::convoke(Shape::Plain)?;
        let words = [("people", people.to_string()), ("size", "4096".to_owned())];
        let answer = Driver::spawn("join", &server, "join", &words)?.hear()?;
        came = came.min(answer.get("came"));
        middle.push(answer.get("p50_us") / 1000.0);
        last.push(answer.get("p99_us") / 1000.0);
    }
    let (p50, p99) = (median(middle), median(last));
    let what = format!("{people} people at once, key frame on screen, p99, ms");
    let row = Row::at_most(PART, what, p99, [1000.0, 250.0]);
    let mut note = format!("p50 {p50:.0} ms");
    if came < people as f64 {
        note.push_str(&format!("; only {came:.0} got one"));
    }
    report.row(row.figure(format!("{p99:.0} ms")).note(note));
    Ok(())
}
