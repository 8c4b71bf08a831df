//! What recording and the log cost: the same work with and without.

use super::Plan;
use super::driver::Driver;
use super::rates::{Load, saturate};
use super::report::{Report, Row, rate};
use super::servers::{self, Server, Shape};
use crate::{Failed, Outcome};

const PART: &str = "toggles";
const BARS: [f64; 2] = [0.85, 0.95];
const PEOPLE: usize = 100;

pub(super) fn measure(plan: &Plan, report: &mut Report) -> Outcome {
    let server = servers::convoke(Shape::Plain)?;
    let memory = servers::convoke(Shape::InMemory)?;
    for size in [100, 16_384] {
        let what = format!("media, {size} B, N=100: recording on over off");
        let on = crowd("on", &server, size, "media", "on")?;
        let off = crowd("off", &server, size, "media", "off")?;
        compare(what, [(on, &server), (off, &server)], plan, report)?;
    }
    let what = "facts, 100 B, N=100: log on a disk over log in memory".to_owned();
    let on = crowd("on", &server, 100, "facts", "on")?;
    let off = crowd("off", &memory, 100, "facts", "on")?;
    compare(what, [(on, &server), (off, &memory)], plan, report)
}

fn crowd(
    name: &'static str,
    server: &Server,
    size: usize,
    kind: &str,
    record: &str,
) -> Result<Driver, Failed> {
    let words = [
        ("size", size.to_string()),
        ("people", PEOPLE.to_string()),
        ("kind", kind.to_owned()),
        ("publishers", "16".to_owned()),
        ("record", record.to_owned()),
    ];
    Driver::start(name, server, "fan", &words)
}

fn compare(
    what: String,
    drivers: [(Driver, &Server); 2],
    plan: &Plan,
    report: &mut Report,
) -> Outcome {
    let mut loads = drivers.map(|(driver, server)| Load { driver, server });
    let taken = saturate(&mut loads, plan, 1.0)?;
    let (on, off) = (taken[0].delivered, taken[1].delivered);
    let figure = format!("{} to {}", rate(on), rate(off));
    report.row(Row::at_least(PART, what, taken[0].against(&taken[1]), BARS).figure(figure));
    Ok(())
}
