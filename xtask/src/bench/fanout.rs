//! Fan-out at saturation: one publisher, N subscribers, deliveries a second.

use super::Plan;
use super::driver::Driver;
use super::rates::{Load, Taken, of, saturate};
use super::report::{Report, Row, rate};
use super::servers::{self, Server, Shape};
use crate::{Outcome, say};

const PART: &str = "fanout";
/// Publishers of facts, with 64 requests each on their way. With 16 of them the core waited for the
/// disk a tenth of its time, and was not saturated.
const CHATTERS: usize = 48;
/// Facts of which the text alone has 100 B; otherwise a message has its size with all that is in
/// it, as of media, whose header is part of it too.
const FACTS_TEXT: &str = "facts with a text of 100 B";
/// What they are as entries in their short form: header, salt and names come with the text.
const ENTRY_BYTES: usize = 180;
/// `limit` with messages of that size.
const LIMIT_ENTRIES: &str = "limit, 180 B";
/// The longest chat text.
const TEXT_BYTES_MAX: usize = 4000;

/// Against whom, bar, goal.
type Bars = &'static [(&'static str, f64, f64)];

/// Bars by size and readers.
const BARS: [(usize, usize, Bars); 4] = [
    (100, 100, &[("limit", 0.5, 0.9), ("redis", 2.5, 4.5), ("nats", 4.0, 9.0), AXUM_100]),
    (100, 1000, &[("limit", 0.6, 0.9), ("redis", 2.0, 3.0), ("nats", 3.0, 6.0), AXUM_1000]),
    (100, 5000, &[("limit", 0.6, 0.9)]),
    (16_384, 100, &[("limit", 0.75, 0.95), ("redis", 1.3, 1.7), ("nats", 3.0, 3.9), AXUM_16K]),
];
const AXUM_100: (&str, f64, f64) = ("axum", 100.0, 250.0);
const AXUM_1000: (&str, f64, f64) = ("axum", 60.0, 100.0);
const AXUM_16K: (&str, f64, f64) = ("axum", 2.4, 3.1);

pub(super) fn measure(plan: &Plan, report: &mut Report) -> Outcome {
    // Each crowd of `limit` has a server of its own: there everybody hears everybody.
    let mut servers = vec![servers::peer("limit")?, servers::peer(LIMIT_ENTRIES)?];
    servers.push(servers::peer("one write")?);
    servers.push(servers::peer("axum")?);
    match servers::redis()? {
        Some(server) => servers.push(server),
        None => report.missing("redis", "not installed"),
    }
    match servers::nats(false)? {
        Some(server) => servers.push(server),
        None => report.missing("nats", "not installed"),
    }
    servers.push(servers::convoke(Shape::Plain)?);
    let sizes = [100, 1024, 16_384].into_iter();
    for size in sizes.filter(|size| plan.size.is_none_or(|only| only == *size)) {
        let crowds: &[usize] = match (plan.quick, size) {
            (true, _) => &[10],
            (false, 16_384) => &[10, 100, 1000],
            (false, _) => &[1, 10, 100, 1000, 5000],
        };
        let mut columns = Vec::new();
        let wanted = |people: &&usize| plan.people.is_none_or(|only| only == **people);
        for people in crowds.iter().filter(wanted) {
            say::step(&format!("{size} B to {people}"));
            let taken = with(&servers, size, *people, plan)?;
            rows(size, *people, &taken, report);
            columns.push((*people, taken));
        }
        table(size, &columns, report);
    }
    Ok(())
}

/// Connects a crowd to each server and takes the rounds.
fn with(
    servers: &[Server],
    size: usize,
    people: usize,
    plan: &Plan,
) -> Result<Vec<Taken>, crate::Failed> {
    let mut loads = Vec::new();
    for server in servers {
        let words = |kind: &str, publishers: usize, size: usize| {
            vec![
                ("size", size.to_string()),
                ("people", people.to_string()),
                ("kind", kind.to_owned()),
                ("publishers", publishers.to_string()),
            ]
        };
        let entries = server.name == LIMIT_ENTRIES;
        if entries && size != 100 {
            continue;
        }
        let ours = server.dialect == "convoke";
        let name = if ours { "media" } else { server.name };
        // Facts go first: what media has a disk write would be in their way, and the rounds of the
        // peers in between give it time.
        if ours && size <= TEXT_BYTES_MAX {
            let words = words("facts", CHATTERS, text_bytes(size));
            loads.push(Load { driver: Driver::start("facts", server, "fan", &words)?, server });
        }
        if ours && size == 100 {
            let words = words("facts", CHATTERS, size);
            loads.push(Load { driver: Driver::start(FACTS_TEXT, server, "fan", &words)?, server });
        }
        let bytes = if entries { ENTRY_BYTES } else { size };
        let driver = Driver::start(name, server, "fan", &words("media", 1, bytes))?;
        loads.push(Load { driver, server });
    }
    saturate(&mut loads, plan, 2.0)
}

/// The text of a chat message that has `size` bytes in all: header, salt and names take 78, and the
/// length of the text one to three.
fn text_bytes(size: usize) -> usize {
    match size - 78 {
        ..=32 => size - 79,
        33..=257 => size - 80,
        _ => size - 81,
    }
}

fn rows(size: usize, people: usize, taken: &[Taken], report: &mut Report) {
    let bars = BARS.iter().filter(|(bytes, crowd, _)| (*bytes, *crowd) == (size, people));
    for (name, bar, goal) in bars.flat_map(|(_, _, bars)| bars.iter()) {
        for kind in ["media", "facts", FACTS_TEXT] {
            compare(size, people, (taken, kind, name), [*bar, *goal], report);
        }
        if *name == "limit" {
            compare(size, people, (taken, FACTS_TEXT, LIMIT_ENTRIES), [*bar, *goal], report);
        }
    }
}

/// A row of one of ours against a peer, where both were taken.
fn compare(
    size: usize,
    people: usize,
    (taken, ours, name): (&[Taken], &str, &str),
    bars: [f64; 2],
    report: &mut Report,
) {
    let (Some(ours), Some(peer)) = (of(taken, ours), of(taken, name)) else { return };
    let what = format!("{}, {size} B, N={people}, against {name}", ours.name);
    let figure = format!("{} to {}", rate(ours.delivered), rate(peer.delivered));
    let row = Row::at_least(PART, what, ours.against(peer), bars).figure(figure);
    report.row(row.note(note(ours, peer)));
}

/// What limits the reading of a ratio.
fn note(ours: &Taken, peer: &Taken) -> String {
    let mut notes = Vec::new();
    for one in [ours, peer] {
        if one.generator_was_the_limit() {
            notes.push(format!("the load client was the limit of {}", one.name));
        }
        if let Some(trouble) = &one.trouble {
            notes.push(format!("{}: {trouble}", one.name));
        }
    }
    notes.join("; ")
}

fn table(size: usize, columns: &[(usize, Vec<Taken>)], report: &mut Report) {
    let title = format!(
        "Fan-out, {size} B messages: deliveries a second (share of a core: server, load client)"
    );
    let crowds: Vec<String> = columns.iter().map(|(people, _)| format!("N={people}")).collect();
    let mut lines = vec![
        format!("| | {} |", crowds.join(" | ")),
        format!("|---|{}", "---|".repeat(columns.len())),
    ];
    let names: Vec<&str> =
        columns.first().map_or(&[][..], |(_, taken)| taken).iter().map(|one| one.name).collect();
    for name in names {
        let cells: Vec<String> = columns
            .iter()
            .map(|(_, taken)| match of(taken, name) {
                Some(one) => {
                    let shares = (one.server_cpu, one.load_cpu);
                    format!("{} ({:.2}, {:.2})", rate(one.delivered), shares.0, shares.1)
                }
                None => "-".to_owned(),
            })
            .collect();
        let shown = match name {
            "media" => "**Convoke media**, recording on",
            "facts" => "**Convoke facts**, log on",
            FACTS_TEXT => "**Convoke facts** with a text of 100 B, log on",
            other => other,
        };
        lines.push(format!("| {shown} | {} |", cells.join(" | ")));
    }
    report.table(title, lines);
}
