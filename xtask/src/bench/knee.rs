//! The knee: the highest rate at which p99 stays within 10 ms, to 100 readers.

use super::driver::Driver;
use super::report::{Report, Row, rate};
use super::servers::{self, Shape};
use super::{Plan, median};
use crate::{Failed, Outcome};

const PART: &str = "knee";
const PEOPLE: f64 = 100.0;
const P99_US_MAX: f64 = 10_000.0;
/// Shares of the saturation rate that are tried, from the top; then halves.
const SHARES: [f64; 9] = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2];
const TRIES_MAX: usize = 16;

pub(super) fn measure(plan: &Plan, report: &mut Report) -> Outcome {
    let mut servers = vec![servers::peer("limit")?, servers::peer("axum")?];
    servers.extend(servers::nats(false)?);
    servers.push(servers::convoke(Shape::Plain)?);
    let mut drivers = Vec::new();
    for server in &servers {
        let name = if server.dialect == "convoke" { "media" } else { server.name };
        let words = [("size", "100".to_owned()), ("people", format!("{PEOPLE}"))];
        drivers.push(Driver::start(name, server, "fan", &words)?);
    }
    let mut found: Vec<Vec<f64>> = drivers.iter().map(|_| Vec::new()).collect();
    for _ in 0..plan.rounds {
        for (driver, found) in drivers.iter_mut().zip(&mut found) {
            found.push(knee(driver, plan)?);
        }
    }
    let knees: Vec<(&str, f64)> =
        drivers.iter().zip(found).map(|(driver, found)| (driver.name, median(found))).collect();
    let of = |wanted: &str| knees.iter().find(|(name, _)| *name == wanted).map(|(_, knee)| *knee);
    let Some(ours) = of("media") else { return Ok(()) };
    for (peer, bars) in [("limit", [0.5, 0.8]), ("nats", [8.0, 16.0]), ("axum", [30.0, 60.0])] {
        if let Some(knee) = of(peer) {
            let what = format!("media, highest rate with p99 <= 10 ms, N=100, against {peer}");
            let figure = format!("{} to {}", rate(ours), rate(knee));
            report.row(Row::at_least(PART, what, ours / knee, bars).figure(figure));
        }
    }
    Ok(())
}

/// Deliveries a second at the knee of one server.
fn knee(driver: &mut Driver, plan: &Plan) -> Result<f64, Failed> {
    let seconds = plan.seconds(1.0);
    let top = driver.ask(&format!("saturate {}", plan.seconds(0.5)))?.get("delivered_per_s");
    let top = top / PEOPLE;
    let mut shares = SHARES.into_iter();
    let mut share = 1.0;
    for _ in 0..TRIES_MAX {
        share = shares.next().unwrap_or(share / 2.0);
        let answer = driver.ask(&format!("rate {:.1} {seconds}", top * share))?;
        let came = answer.get("delivered") >= 0.99 * answer.get("expected");
        let sent = answer.get("unsent") == 0.0;
        if came && sent && answer.get("p99_us") <= P99_US_MAX {
            return Ok(top * share * PEOPLE);
        }
    }
    Ok(top * share * PEOPLE)
}
