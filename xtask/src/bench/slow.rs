//! Readers that stop reading: whether the others notice.

use super::driver::{Answer, Driver};
use super::report::{Report, Row};
use super::servers::{self, Shape};
use super::{Plan, median, ratio};
use crate::{Failed, Outcome};

const PART: &str = "slow";
/// Messages a second of 1 KiB: 50,000 deliveries a second to 1,000 readers.
const PER_SECOND: usize = 50;

pub(super) fn measure(plan: &Plan, report: &mut Report) -> Outcome {
    let people = plan.count(1000, 20);
    let server = servers::convoke(Shape::Plain)?;
    let words = [("size", "1024".to_owned()), ("people", people.to_string())];
    let mut drivers = Vec::new();
    for name in ["nobody", "one", "a tenth"] {
        drivers.push(Driver::start(name, &server, "fan", &words)?);
    }
    let stalled = [0, 1, people / 10];
    let mut answers: Vec<Vec<Answer>> = drivers.iter().map(|_| Vec::new()).collect();
    for _ in 0..plan.rounds {
        for ((driver, stalled), answers) in drivers.iter_mut().zip(stalled).zip(&mut answers) {
            answers.push(with(driver, stalled, plan)?);
        }
    }
    let p99: Vec<Vec<f64>> = answers
        .iter()
        .map(|answers| answers.iter().map(|answer| answer.get("p99_us")).collect())
        .collect();
    let cases = [(format!("one of {people} readers"), &p99[1]), ("10 % of them".into(), &p99[2])];
    for (who, stalled) in cases {
        let what = format!("others' p99 while {who} does not read, against nobody");
        let (here, there) = (median(stalled.clone()), median(p99[0].clone()));
        let figure = format!("{here:.0} us to {there:.0} us");
        let row = Row::at_most(PART, what, ratio(stalled, &p99[0]), [1.05, 1.01]);
        report.row(row.figure(figure));
    }
    let came = |answer: &Answer| answer.get("delivered") / answer.get("expected").max(1.0);
    let least = answers.iter().flatten().map(came).fold(f64::INFINITY, f64::min);
    let what = "share of what the others were due that came, at the worst".to_owned();
    report.row(Row::at_least(PART, what, least, [0.999, 1.0]));
    Ok(())
}

/// A run while so many do not read; those that the server gave up are replaced by others.
fn with(driver: &mut Driver, stalled: usize, plan: &Plan) -> Result<Answer, Failed> {
    let now = driver.ask("stall 0")?.get("stalled");
    let more = stalled.saturating_sub(now as usize);
    if more > 0 {
        driver.ask(&format!("stall {more}"))?;
    }
    driver.ask(&format!("rate {PER_SECOND} {}", plan.seconds(6.0)))
}
