//! User-space memory of an idle connection: what 10,000 of them add, plain and by TLS.

use super::driver::Driver;
use super::report::{Report, Row};
use super::servers::{self, Server, Shape};
use super::{Plan, pause};
use crate::{Failed, Outcome};

const PART: &str = "memory";
/// People of one session.
const SESSION: usize = 500;

pub(super) fn measure(plan: &Plan, report: &mut Report) -> Outcome {
    let people = plan.count(10_000, 100);
    for (shape, name, bars) in
        [(Shape::Plain, "plain", [4.0, 1.0]), (Shape::Tls, "TLS", [40.0, 24.0])]
    {
        let server = servers::convoke(shape)?;
        let kib = each(&server, people, plan)?;
        let what = format!("memory of an idle connection, {name}, KiB ({people} of them)");
        let row = Row::at_most(PART, what, kib, bars);
        report.row(row.figure(format!("{kib:.2} KiB")));
    }
    let mut lines = vec!["| | KiB each |".to_owned(), "|---|---|".to_owned()];
    let mut peers = vec![servers::peer("limit")?, servers::peer("axum")?];
    peers.extend(servers::redis()?);
    peers.extend(servers::nats(false)?);
    for peer in &peers {
        lines.push(format!("| {} | {:.2} |", peer.name, each(peer, people, plan)?));
    }
    report.table(format!("Memory of an idle connection, {people} of them"), lines);
    Ok(())
}

/// What each of so many connections adds, in KiB of anonymous memory.
fn each(server: &Server, people: usize, plan: &Plan) -> Result<f64, Failed> {
    pause(plan.seconds(1.0));
    let before = server.process.memory_kib();
    let words = [
        ("people", people.to_string()),
        ("sessions", people.div_ceil(SESSION).to_string()),
        ("size", "100".to_owned()),
    ];
    let driver = Driver::start(server.name, server, "fan", &words)?;
    // What came in with them is let go of, and the allocator gives it back.
    pause(plan.seconds(15.0));
    let kib = (server.process.memory_kib() - before).max(0.0) / people as f64;
    drop(driver);
    Ok(kib)
}
