//! The page's cards and tables: key figures, faults, what was asked for.

use std::fmt::Write as _;

use super::text::{count, escape, of, percent, short, time};
use crate::cli::Kind;
use crate::logged::Logged;
use crate::report::Report;

/// The key figures, each with what it is about.
pub(super) fn cards(report: &Report) -> String {
    let latency = &report.latency_us;
    let arrived = match report.expected {
        0 => 0.0,
        expected => report.delivered as f64 / expected as f64,
    };
    // Rounding must not make all of nearly all.
    let arrived = if report.delivered < report.expected { arrived.min(0.999_9) } else { arrived };
    let us = |us: u64| if latency.count == 0 { "–".to_owned() } else { time(us as f64) };
    let wrong: u64 = faults(report).iter().map(|(_, count, _)| count).sum();
    let cpu = report.generator_cpu_share.map_or_else(|| "unknown".to_owned(), percent);
    let cards = [
        (
            "Deliveries per second",
            short(report.deliveries_per_second),
            format!("from {} sent per second", short(report.sent_per_second)),
        ),
        (
            "Arrived",
            if arrived >= 1.0 { "100 %".to_owned() } else { format!("{:.2} %", arrived * 100.0) },
            format!("{} of {}", count(report.delivered), count(report.expected)),
        ),
        ("Median latency", us(latency.p50), "half of the deliveries were faster".to_owned()),
        ("p99 latency", us(latency.p99), "99 of 100 were faster".to_owned()),
        ("p99.9 latency", us(latency.p999), format!("the slowest took {}", us(latency.max))),
        (
            "People",
            count(report.people as u64),
            format!(
                "in {}, all in after {:.1} s",
                of(report.sessions as u64, "meeting", "meetings"),
                report.gather_seconds
            ),
        ),
        (
            "Faults",
            count(wrong),
            match wrong {
                0 => "nothing lost, doubled or out of order".to_owned(),
                _ => "all kinds together, see below".to_owned(),
            },
        ),
        (
            "Generator's processor",
            cpu,
            format!("own lag p99 {}", time(report.generator_lag_us.p99 as f64)),
        ),
    ];
    let mut out = String::from("<section class=\"cards\">\n");
    for (name, value, about) in cards {
        let _ = writeln!(
            out,
            "<div class=\"card\"><span>{name}</span><b>{}</b><small>{}</small></div>",
            escape(&value),
            escape(&about)
        );
    }
    out + "</section>\n"
}

/// What was checked, how often it failed, and what it means.
fn faults(report: &Report) -> Vec<(String, u64, &'static str)> {
    let checked = [
        ("lost", report.lost, "sent, and never at somebody who should have it"),
        ("doubled", report.doubled, "came twice to the same person"),
        ("reordered", report.reordered, "came after a later one of the same publisher"),
        ("strays", report.strays, "came to somebody who must not have it"),
        ("unsent", report.unsent, "due, but the connection was backed up to the end"),
        ("holes among facts", report.fact_holes, "a fact's number was not the next one"),
        ("facts told twice", report.fact_doubles, "a fact that was already there came again"),
        ("wrong receipts", report.receipts_wrong, "a receipt did not fit the chain of facts"),
    ];
    let checked = checked.map(|(name, count, means)| (name.to_owned(), count, means));
    let refused = report
        .refused
        .iter()
        .map(|(code, count)| (format!("refused: {code}"), *count, "the server said no, and why"));
    let errors =
        report.errors.iter().map(|(what, count)| (what.clone(), *count, "connections that ended"));
    checked.into_iter().chain(refused).chain(errors).collect()
}

pub(super) fn fault_table(report: &Report) -> String {
    let mut out = String::from(
        "<table><thead><tr><th>What was checked</th><th class=\"n\">Found</th>\
         <th>Meaning</th></tr></thead><tbody>\n",
    );
    for (name, found, means) in faults(report) {
        let class = if found == 0 { "fine" } else { "found" };
        let _ = writeln!(
            out,
            "<tr class=\"{class}\"><td>{}</td><td class=\"n\">{}</td><td>{means}</td></tr>",
            escape(&name),
            count(found)
        );
    }
    out + "</tbody></table>\n"
}

/// What was asked for and where it ran.
pub(super) fn configuration(report: &Report) -> String {
    let kind = match report.kind {
        Kind::Chat => "chat: durable facts",
        Kind::Media => "media on a camera track",
    };
    let told = |told: &Option<String>| told.clone().unwrap_or_default();
    let scene = &report.scene;
    let is_scenario = scene.scenario.is_some();
    let only = |is_shown: bool, text: String| if is_shown { text } else { String::new() };
    let rows = [
        ("Server", report.server.clone()),
        ("Scenario", told(&scene.scenario)),
        ("About", told(&scene.about)),
        ("Model", scene.model.to_owned()),
        ("Traffic", only(!is_scenario, kind.to_owned())),
        ("Meetings", count(report.sessions as u64)),
        ("People", count(report.people as u64)),
        ("Publishers", count(report.publishers as u64)),
        (
            "Messages per second",
            only(!is_scenario, format!("{} of each publisher", report.rate_per_publisher)),
        ),
        ("Message size", only(!is_scenario, of(report.size_bytes as u64, "byte", "bytes"))),
        ("Length", format!("{:.1} s", report.seconds)),
        ("Seed", report.seed.to_string()),
        ("Generator threads", count(report.threads as u64)),
        ("Source addresses", count(report.source_addresses as u64)),
        ("Receipts compared", count(report.receipts_checked)),
        ("The server's log", scene.logged.as_ref().map(Logged::sentence).unwrap_or_default()),
        ("loadgen", report.version.to_owned()),
    ];
    let mut out = String::from("<table><tbody>\n");
    for (name, value) in rows.into_iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(out, "<tr><th>{name}</th><td>{}</td></tr>", escape(&value));
    }
    out + "</tbody></table>\n"
}
