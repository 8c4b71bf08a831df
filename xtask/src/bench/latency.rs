//! Latency at a rate that all can carry: 50,000 deliveries a second to 100 readers.

use super::driver::Driver;
use super::report::{Report, Row};
use super::servers::{self, Shape};
use super::{Plan, median, ratio};
use crate::Outcome;

const PART: &str = "latency";
const PEOPLE: usize = 100;
const DELIVERIES: usize = 50_000;

/// p50 and p99, microseconds: the median of the rounds, and p99 of each.
struct Taken {
    name: &'static str,
    p50: f64,
    p99: f64,
    rounds: Vec<f64>,
}

pub(super) fn measure(plan: &Plan, report: &mut Report) -> Outcome {
    let mut servers = vec![servers::peer("limit")?, servers::peer("axum")?];
    servers.extend(servers::redis()?);
    servers.extend(servers::nats(false)?);
    servers.push(servers::convoke(Shape::Plain)?);
    let words = |kind: &str| {
        vec![
            ("size", "100".to_owned()),
            ("people", PEOPLE.to_string()),
            ("kind", kind.to_owned()),
            ("publishers", "16".to_owned()),
        ]
    };
    let mut drivers = Vec::new();
    for server in &servers {
        if server.dialect == "convoke" {
            drivers.push(Driver::start("media", server, "fan", &words("media"))?);
            drivers.push(Driver::start("facts", server, "fan", &words("facts"))?);
        } else {
            drivers.push(Driver::start(server.name, server, "fan", &words("media"))?);
        }
    }
    let data = servers.last().map(|server| server.data.clone()).unwrap_or_default();
    let seconds = plan.seconds(2.0);
    let mut answers: Vec<Vec<_>> = drivers.iter().map(|_| Vec::new()).collect();
    let mut syncs = Vec::new();
    // A percentile of a short run is a matter of luck: twice the rounds.
    for _ in 0..2 * plan.rounds {
        for (driver, answers) in drivers.iter_mut().zip(&mut answers) {
            answers.push(driver.ask(&format!("rate {} {seconds}", DELIVERIES / PEOPLE))?);
        }
        syncs.push(super::durable::sync_cost(&data, plan.seconds(1.0))?);
    }
    let each = |answers: &[super::driver::Answer]| -> Vec<f64> {
        answers.iter().map(|answer| answer.get("p99_us")).collect()
    };
    let of = |answers: &[super::driver::Answer], name: &str| {
        median(answers.iter().map(|answer| answer.get(name)).collect())
    };
    let taken: Vec<Taken> = drivers
        .iter()
        .zip(&answers)
        .map(|(driver, answers)| Taken {
            name: driver.name,
            p50: of(answers, "p50_us"),
            p99: of(answers, "p99_us"),
            rounds: each(answers),
        })
        .collect();
    let (p50, p99) = (of(&syncs, "p50_us"), of(&syncs, "p99_us"));
    let sync = Taken { name: "sync", p50, p99, rounds: each(&syncs) };
    let mut lines = vec!["| | p50 us | p99 us |".to_owned(), "|---|---|---|".to_owned()];
    for one in taken.iter().chain([&sync]) {
        let shown = if one.name == "sync" { "one data sync" } else { one.name };
        lines.push(format!("| {shown} | {:.0} | {:.0} |", one.p50, one.p99));
    }
    report.table("50,000 deliveries a second, N=100, 100 B".to_owned(), lines);
    rows(&taken, &sync, report);
    Ok(())
}

fn rows(taken: &[Taken], sync: &Taken, report: &mut Report) {
    let find = |name: &str| taken.iter().find(|one| one.name == name);
    let (Some(media), Some(facts), Some(limit)) = (find("media"), find("facts"), find("limit"))
    else {
        return;
    };
    let against = |what: &str, peer: &Taken, bars: [f64; 2]| {
        let what = format!("media, p99 at 50,000 deliveries/s, N=100, against {what}");
        let figure = format!("{:.0} us to {:.0} us", media.p99, peer.p99);
        Row::at_most(PART, what, ratio(&media.rounds, &peer.rounds), bars).figure(figure)
    };
    report.row(against("limit", limit, [1.25, 1.1]));
    let peers = taken.iter().filter(|one| ["redis", "nats", "axum"].contains(&one.name));
    if let Some(best) = peers.min_by(|a, b| a.p99.total_cmp(&b.p99)) {
        report.row(against(&format!("the best peer ({})", best.name), best, [1.0, 0.9]));
    }
    let added = [
        ("p50", facts.p50 - media.p50, sync.p50, [1.5, 1.1]),
        ("p99", facts.p99 - media.p99, sync.p99, [2.5, 1.5]),
    ];
    for (name, added, sync, bars) in added {
        let what = format!("facts, {name} beyond that of media, in data syncs of the same run");
        let figure = format!("{added:.0} us, a sync {sync:.0} us");
        report.row(Row::at_most(PART, what, added / sync, bars).figure(figure));
    }
}
