//! Ten thousand connections that come and go: what is left of them, and how long one takes.

use super::driver::Driver;
use super::report::{Report, Row};
use super::servers::{self, Server, Shape};
use super::{Plan, pause};
use crate::{Failed, Outcome};

const PART: &str = "churn";
/// Seconds in which what people leave behind is let go of, and the allocator gives it back.
const SETTLES: f64 = 15.0;

pub(super) fn measure(plan: &Plan, report: &mut Report) -> Outcome {
    let people = plan.count(10_000, 50);
    let server = servers::convoke(Shape::Plain)?;
    // The first crowd fills the pools that any later one of its size uses again: what grows after
    // it, grows with everybody who was ever there.
    let (_, before) = crowd(&server, people, plan)?;
    let (p99, after) = crowd(&server, people, plan)?;
    let what = format!("{people} connections come and go: descriptors left over");
    let row = Row::at_most(PART, what, after.descriptors - before.descriptors, [0.0, 0.0]);
    report.row(row.figure(format!("{:.0}, {:.0} before", after.descriptors, before.descriptors)));
    for (when, after, before) in [
        ("while their session lasts", after.while_live, before.while_live),
        ("their session over", after.memory, before.memory),
    ] {
        let what = format!("{people} connections come and go again, {when}: memory to that before");
        let row = Row::at_most(PART, what, after / before, [1.05, 1.01]);
        let figure = format!("{:.1} MiB to {:.1} MiB", after / 1024.0, before / 1024.0);
        report.row(row.figure(figure));
    }
    let lines = vec!["| connect to snapshot, p99 |".to_owned(), "|---|".to_owned()];
    let line = format!("| {:.1} ms, 32 at a time |", p99 / 1000.0);
    report.table("Churn".to_owned(), lines.into_iter().chain([line]).collect());
    Ok(())
}

/// What is left of a crowd that has gone.
struct Left {
    descriptors: f64,
    /// KiB, with their session still live.
    while_live: f64,
    /// KiB, their session over.
    memory: f64,
}

/// Lets a crowd come and go, and their session end; the p99 of coming in, and what is left.
fn crowd(server: &Server, people: usize, plan: &Plan) -> Result<(f64, Left), Failed> {
    let words = [
        ("people", people.to_string()),
        ("in-flight", "32".to_owned()),
        ("size", "100".to_owned()),
    ];
    let mut driver = Driver::start("churn", server, "churn", &words)?;
    let answer = driver.hear()?;
    pause(plan.seconds(SETTLES));
    let while_live = server.process.memory_kib();
    driver.ask("end")?;
    pause(plan.seconds(SETTLES));
    let left = Left {
        descriptors: server.process.descriptors() as f64,
        while_live,
        memory: server.process.memory_kib(),
    };
    Ok((answer.get("p99_us"), left))
}
