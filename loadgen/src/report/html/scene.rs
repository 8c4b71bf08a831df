//! The page's tables of a scenario: its thresholds, and what came to each role.

use std::fmt::Write as _;

use super::text::{count, escape, time};
use crate::report::Report;
use crate::scenario::judge::Check;

/// The sections, each with its heading; empty when the run had neither.
pub(super) fn sections(report: &Report) -> String {
    let mut out = String::new();
    if !report.scene.thresholds.is_empty() {
        out += "<h2>Thresholds</h2>";
        out += &thresholds(&report.scene.thresholds);
    }
    if report.scene.scenario.is_some() {
        out += "<h2>Roles</h2>";
        out += &roles(report);
    }
    out
}

/// How many held, in a sentence; `None` when there were none.
pub(super) fn sentence(report: &Report) -> Option<String> {
    let all = &report.scene.thresholds;
    let held = all.iter().filter(|check| check.held).count();
    match all.len() {
        0 => None,
        all if held == all => Some(format!(" All {all} thresholds held.")),
        all => Some(format!(" {held} of {all} thresholds held.")),
    }
}

fn thresholds(checks: &[Check]) -> String {
    let mut out = String::from(
        "<table><thead><tr><th>Threshold</th><th class=\"n\">Bound</th><th class=\"n\">Found</th>\
         <th>Outcome</th></tr></thead><tbody>\n",
    );
    for Check { name, bound, found, held } in checks {
        let (class, word) = if *held { ("held", "held") } else { ("found", "broken") };
        let _ = writeln!(
            out,
            "<tr class=\"{class}\"><td>{}</td><td class=\"n\">{bound}</td>\
             <td class=\"n\">{found:.3}</td><td>{word}</td></tr>",
            escape(name)
        );
    }
    out + "</tbody></table>\n"
}

fn roles(report: &Report) -> String {
    const HEADS: [&str; 9] =
        ["People", "Sent", "Arrived", "Due", "Lost", "Late", "Skipped", "p50", "p99"];
    let mut out = String::from("<table><thead><tr><th>Role</th>");
    for head in HEADS {
        let _ = write!(out, "<th class=\"n\">{head}</th>");
    }
    out += "</tr></thead><tbody>\n";
    for role in report.scene.roles.iter().filter(|role| role.people > 0) {
        let latency = role.latency_us.as_ref().filter(|latency| latency.count > 0);
        let at = |us: Option<u64>| us.map_or_else(|| "–".to_owned(), |us| time(us as f64));
        let counts = [
            role.people,
            role.sent,
            role.delivered,
            role.expected,
            role.lost,
            role.late,
            role.skipped,
        ];
        let times = [latency.map(|latency| latency.p50), latency.map(|latency| latency.p99)];
        let class = if role.lost > 0 { " class=\"found\"" } else { "" };
        let _ = write!(out, "<tr{class}><td>{}</td>", escape(&role.name));
        for cell in counts.map(count).into_iter().chain(times.map(at)) {
            let _ = write!(out, "<td class=\"n\">{cell}</td>");
        }
        out += "</tr>\n";
    }
    out + "</tbody></table>\n"
}
