//! The report as one page: no script, nothing from elsewhere, light and dark.

mod axis;
mod curve;
mod plot;
mod scene;
mod tables;
mod text;
mod times;

use text::{count, escape, of, time};

use super::Report;
use crate::cli::Kind;
use crate::verdict::Verdict;

const STYLE: &str = include_str!("style.css");

/// The whole page.
pub(crate) fn page(report: &Report) -> String {
    let (class, badge) = match (report.failure.is_some(), report.verdict) {
        (true, _) => ("server", "Ended early"),
        (false, Verdict::Generator) => ("generator", "The generator was the limit"),
        (false, Verdict::Ok | Verdict::Server) if report.passed() && !report.sound() => {
            ("generator", "Within the thresholds")
        }
        (false, Verdict::Server) => ("server", "The server was the limit"),
        (false, Verdict::Ok) if report.passed() => ("ok", "Sound"),
        (false, Verdict::Ok) => ("server", "A threshold was broken"),
    };
    let day = super::date::utc(report.started);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <title>Load test of {server}, {day}</title>\n<style>\n{STYLE}</style></head><body><main>\n\
         <header class=\"{class}\"><p class=\"over\">Load test of {server} · {day}</p>\
         <p class=\"badge\">{badge}</p><h1>{verdict}</h1><p>{summary}</p></header>\n\
         {cards}{curve}<h2>Over time</h2><section class=\"panels\">\n{times}</section>\n\
         {scene}\
         <section class=\"tables\"><div><h2>Faults</h2>{faults}</div>\
         <div><h2>Configuration</h2>{configuration}</div></section>\n\
         <h2>To run it again</h2>\n<pre>{command}</pre>\n<footer>{notes}</footer>\n\
         </main></body></html>\n",
        server = escape(&report.server),
        verdict = escape(&headline(&report.verdict_sentence)),
        summary = escape(&summary(report)),
        cards = tables::cards(report),
        curve = curve::figure(report),
        times = times::figures(report),
        scene = scene::sections(report),
        faults = tables::fault_table(report),
        configuration = tables::configuration(report),
        command = escape(&report.command),
        notes = NOTES,
    )
}

const NOTES: &str = "<p>Latency counts from when a message was <em>due</em>, not from when a late \
    generator sent it, so that a stall does not hide the messages it held up. Every message \
    carries its publisher, a counter and the time it was due; every receiver checks every one. \
    The same seed makes the same traffic. A password is never part of the command: it is read \
    from standard input.</p><p>The shaded end of the plots is after the last message was due, \
    when what was under way still arrived.</p>";

/// The verdict's sentence with a capital and a full stop.
fn headline(sentence: &str) -> String {
    let sentence = sentence.strip_prefix("ok: ").unwrap_or(sentence);
    let mut letters = sentence.chars();
    let first: String =
        letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// What was done and what came of it, in one sentence.
fn summary(report: &Report) -> String {
    let kind = match report.kind {
        _ if report.scene.scenario.is_some() => "messages",
        Kind::Chat => "chat messages",
        Kind::Media => "media messages",
    };
    let latency = &report.latency_us;
    let speed = match latency.count {
        0 => "nothing arrived".to_owned(),
        _ => format!(
            "half arrived within {}, 99 % within {}",
            time(latency.p50 as f64),
            time(latency.p99 as f64)
        ),
    };
    format!(
        "{} sent {} {kind} to {} in {} within {:.1} s{}: {speed}.{}",
        of(report.publishers as u64, "publisher", "publishers"),
        count(report.sent),
        of(report.people as u64, "person", "people"),
        of(report.sessions as u64, "meeting", "meetings"),
        report.seconds,
        if report.interrupted { " (interrupted)" } else { "" },
        scene::sentence(report).unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Totals;
    use crate::report::tests::about;
    use crate::series::Interval;
    use crate::tally::Came;

    fn made(command: &str, error: &str) -> String {
        let mut totals = Totals::new();
        (totals.sent, totals.expected) = (10, 40);
        (0..39).for_each(|at| totals.came(Came::Next, 400 + at * 10));
        totals.error(error.to_owned());
        let latency = crate::recorded::Recorded::from(&[400, 780][..]);
        let told =
            Interval { length: 1_000_000, sent: 10, delivered: 39, latency, ..Interval::default() };
        totals.series.put(0, &told);
        let about = crate::report::About { command: command.to_owned(), ..about() };
        page(&Report::new(about, totals))
    }

    #[test]
    fn the_page_needs_nothing_from_elsewhere_and_no_script() {
        let page = made("loadgen run", "the server closed the connection");
        for banned in ["<script", "javascript:", "<link", "@import", "url(", " src=", " href="] {
            assert!(!page.contains(banned), "{banned}");
        }
        assert_eq!(page.matches("<svg").count(), 7);
        assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
        assert!(page.contains("<b>97.50 %</b><small>39 of 40</small>"), "{page}");
        assert!(page.contains("<td>lost</td><td class=\"n\">1</td>"), "{page}");
        assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
    }

    #[test]
    fn what_comes_from_outside_is_not_markup() {
        let page = made("loadgen run --server '<i>'", "</table><script>alert(1)</script>");
        assert!(page.contains("loadgen run --server &#39;&lt;i&gt;&#39;"), "{page}");
        assert!(!page.contains("<script") && !page.contains("<i>"), "{page}");
    }

    #[test]
    fn a_run_in_which_nothing_happened_has_a_page() {
        let page = page(&Report::new(about(), Totals::new()));
        assert!(page.contains("nothing arrived"), "{page}");
        assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
    }
}
