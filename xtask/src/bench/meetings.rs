//! The meeting load: groups of ten, four talkers with 50 messages a second each, everybody hears
//! the others. How many connections one core holds, and how soon a message is there when idle.

use super::driver::Driver;
use super::report::{Report, Row};
use super::servers::{self, Shape};
use super::{Plan, median};
use crate::{Failed, Outcome};

const PART: &str = "meetings";
const GROUP: usize = 10;
const P99_US_MAX: f64 = 50_000.0;

pub(super) fn measure(plan: &Plan, report: &mut Report) -> Outcome {
    let people = plan.count(4800, 40);
    let servers = [servers::peer("minimal meetings")?, servers::convoke(Shape::Plain)?];
    let mut drivers = Vec::new();
    for server in &servers {
        let words = [("size", "100".to_owned()), ("people", people.to_string())];
        drivers.push(Driver::start(server.name, server, "meetings", &words)?);
    }
    let mut held: Vec<Vec<f64>> = drivers.iter().map(|_| Vec::new()).collect();
    let mut idle: Vec<Vec<f64>> = drivers.iter().map(|_| Vec::new()).collect();
    for _ in 0..plan.rounds {
        for (at, driver) in drivers.iter_mut().enumerate() {
            let answer = driver.ask(&format!("talk 1 {}", plan.seconds(1.0)))?;
            idle[at].push(answer.get("p50_us"));
        }
        for (at, driver) in drivers.iter_mut().enumerate() {
            held[at].push(capacity(driver, people / GROUP, plan)? as f64);
        }
    }
    let mut held = held.into_iter().map(median);
    if let (Some(minimal), Some(ours)) = (held.next(), held.next()) {
        let what = "meeting load, connections at p99 <= 50 ms, against the minimal server";
        let mut row = Row::at_least(PART, what.to_owned(), ours / minimal, [0.8, 0.95])
            .figure(format!("{ours:.0} to {minimal:.0}"));
        if minimal >= people as f64 {
            row = row.note(format!("no more than {people} were tried"));
        }
        report.row(row);
    }
    let mut idle = idle.into_iter().map(median);
    if let (Some(minimal), Some(ours)) = (idle.next(), idle.next()) {
        let what = "meeting load, p50 when idle, against the minimal server".to_owned();
        let figure = format!("{ours:.0} us to {minimal:.0} us");
        report.row(Row::at_most(PART, what, ours / minimal, [1.3, 1.1]).figure(figure));
    }
    Ok(())
}

/// The most connections of which all hear everything in time, by halving what is between.
fn capacity(driver: &mut Driver, groups: usize, plan: &Plan) -> Result<usize, Failed> {
    let (mut holds, mut fails) = (0, groups + 1);
    let step = plan.count(6, 1);
    while fails - holds > step {
        // The whole crowd first: it may hold.
        let tried = if fails > groups { groups } else { usize::midpoint(holds, fails) };
        let answer = driver.ask(&format!("talk {tried} {}", plan.seconds(2.0)))?;
        let came = answer.get("delivered") >= 0.99 * answer.get("expected");
        if came && answer.get("unsent") == 0.0 && answer.get("p99_us") <= P99_US_MAX {
            holds = tried;
        } else {
            fails = tried;
        }
        if holds == groups {
            break;
        }
    }
    Ok(holds * GROUP)
}
