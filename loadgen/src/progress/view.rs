//! The view as lines of text: where the run is, how fast it goes, what went wrong.

use std::time::Duration;

use crate::control::{Phase, Seen};

const BAR: usize = 30;
/// Kinds of errors that are shown; the report tells all.
const KINDS_MAX: usize = 3;

/// What is shown at one moment.
pub(super) struct View {
    pub(super) phase: Phase,
    /// People, publishers or seconds, as fits the phase.
    pub(super) done: f64,
    pub(super) all: f64,
    /// How long the phase has lasted.
    pub(super) in_phase: Duration,
    pub(super) live: usize,
    /// In all, and a second.
    pub(super) sent: (u64, f64),
    pub(super) delivered: (u64, f64),
    pub(super) unsent: u64,
    pub(super) seen: Seen,
}

impl View {
    /// For a terminal.
    pub(super) fn lines(&self, is_styled: bool) -> Vec<String> {
        let style = |code: &str, text: &str| match is_styled {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        };
        let row =
            |name: &str, text: String| format!("{} {text}", style("2", &format!("{name:<10}")));
        let mut lines = vec![format!(
            "{} {}  {}",
            style("1", &format!("{:<10}", self.word())),
            style("36", &bar(self.done / self.all)),
            self.far()
        )];
        if self.phase < Phase::Publish {
            return lines;
        }
        let (last, waiting) = (
            &self.seen.last,
            match self.unsent {
                0 => String::new(),
                unsent => style("33", &format!("   {unsent} held back")),
            },
        );
        lines.push(row("people", format!("{} connected", self.live)));
        let rate = |(all, rate): (u64, f64)| format!("{rate:>10.0}/s   {all} in all");
        lines.push(row("sent", rate(self.sent) + &waiting));
        lines.push(row("delivered", rate(self.delivered)));
        let at = |quantile| ms(last.latency.at_quantile(quantile));
        let latency = match last.latency.count() {
            0 => "nothing came in the last second".to_owned(),
            _ => format!(
                "p50 {}   p99 {}   max {} ms in the last second",
                at(0.5),
                at(0.99),
                ms(last.latency.max())
            ),
        };
        lines.push(row("latency", latency));
        let lag = ms(last.lag.at_quantile(0.99));
        let cpu = last.cpu_share().map_or_else(
            || "unknown".to_owned(),
            |share| format!("{:.0} % of a core", share * 100.0),
        );
        lines.push(row("generator", format!("own lag p99 {lag} ms   CPU {cpu}")));
        let errors = self.errors();
        if errors.is_empty() {
            lines.push(row("errors", style("32", "none")));
        }
        for (at, error) in errors.into_iter().enumerate() {
            lines.push(row(if at == 0 { "errors" } else { "" }, style("31", &error)));
        }
        lines.push(style("2", "Ctrl-C ends it and reports; a second one ends it at once."));
        lines
    }

    /// For a file or a pipe.
    pub(super) fn line(&self) -> String {
        let begin = format!("{}: {}", self.word(), self.far());
        if self.phase < Phase::Publish {
            return begin;
        }
        let last = &self.seen.last;
        let errors: u64 = self.seen.errors.values().chain(self.seen.refused.values()).sum();
        format!(
            "{begin}, {} people, {:.0} sent/s, {:.0} deliveries/s, p50 {} p99 {} max {} ms, \
             {errors} errors, own lag p99 {} ms, CPU {:.0} %",
            self.live,
            self.sent.1,
            self.delivered.1,
            ms(last.latency.at_quantile(0.5)),
            ms(last.latency.at_quantile(0.99)),
            ms(last.latency.max()),
            ms(last.lag.at_quantile(0.99)),
            last.cpu_share().unwrap_or(0.0) * 100.0
        )
    }

    fn word(&self) -> &'static str {
        match self.phase {
            Phase::Gather => "coming in",
            Phase::Open => "opening",
            Phase::Publish => "publishing",
            Phase::Drain | Phase::Stop => "arriving",
        }
    }

    /// How far it is, and how long it will still take.
    fn far(&self) -> String {
        let (done, all) = (self.done, self.all);
        match self.phase {
            Phase::Gather | Phase::Open => {
                let who = if self.phase == Phase::Gather { "people" } else { "publishers" };
                let passed = self.in_phase.as_secs_f64();
                let left = match done > 0.0 && passed > 1.0 {
                    true => format!(", about {:.0} s left", (all / done - 1.0) * passed),
                    false => String::new(),
                };
                format!("{done:.0} of {all:.0} {who}{left}")
            }
            Phase::Publish => {
                format!("{done:.0} of {all:.0} s, {:.0} s left", (all - done).max(0.0))
            }
            Phase::Drain | Phase::Stop => "waiting for what is under way".to_owned(),
        }
    }

    /// The most frequent kinds, most frequent first.
    fn errors(&self) -> Vec<String> {
        let refused = self
            .seen
            .refused
            .iter()
            .map(|(code, count)| (*count, format!("{count} x refused: {}", harmless(code))));
        let errors = self.seen.errors.iter();
        let errors = errors.map(|(what, count)| (*count, format!("{count} x {}", harmless(what))));
        let mut all: Vec<(u64, String)> = errors.chain(refused).collect();
        all.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        let more = all.len().saturating_sub(KINDS_MAX);
        let mut lines: Vec<String> =
            all.into_iter().take(KINDS_MAX).map(|(_, text)| text).collect();
        if more > 0 {
            lines.push(format!("and {more} more kinds"));
        }
        lines
    }
}

/// What a server said must not move the cursor.
fn harmless(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

fn ms(us: u64) -> String {
    format!("{:.1}", us as f64 / 1e3)
}

fn bar(share: f64) -> String {
    let full = (share.clamp(0.0, 1.0) * BAR as f64) as usize;
    format!("[{}{}]", "#".repeat(full), ".".repeat(BAR - full))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::Recorded;

    fn view(phase: Phase, done: f64, all: f64) -> View {
        let mut seen = Seen::default();
        seen.last.length = 1_000_000;
        seen.last.latency = Recorded::from(&[400, 500, 9_000][..]);
        View {
            phase,
            done,
            all,
            in_phase: Duration::from_secs(4),
            live: 4,
            sent: (200, 50.0),
            delivered: (800, 200.0),
            unsent: 0,
            seen,
        }
    }

    #[test]
    fn the_bar_fills() {
        assert_eq!(bar(0.0), format!("[{}]", ".".repeat(BAR)));
        assert_eq!(bar(7.0), format!("[{}]", "#".repeat(BAR)));
        assert_eq!(bar(f64::NAN), format!("[{}]", ".".repeat(BAR)));
    }

    #[test]
    fn people_who_come_in_are_counted_and_the_rest_is_guessed() {
        let lines = view(Phase::Gather, 250.0, 1_000.0).lines(false);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].ends_with("250 of 1000 people, about 12 s left"), "{lines:?}");
    }

    #[test]
    fn a_run_is_told_in_lines_and_in_one() {
        let mut view = view(Phase::Publish, 4.0, 10.0);
        let text = view.lines(false).join("\n");
        for want in ["4 of 10 s, 6 s left", "200/s   800 in all", "p50 0.5   p99 9.0", "none"] {
            assert!(text.contains(want), "{want}: {text}");
        }
        assert!(!text.contains('\x1b'), "no style was wanted");
        assert!(view.line().contains("200 deliveries/s, p50 0.5 p99 9.0 max 9.0 ms, 0 errors"));
        view.seen.refused.insert("too_fast".into(), 7);
        for number in 0..4 {
            view.seen.errors.insert(format!("\x1b[2Jerror {number}"), number);
        }
        let lines = view.lines(false);
        assert!(lines.iter().any(|line| line.ends_with("7 x refused: too_fast")), "{lines:?}");
        assert!(lines.iter().any(|line| line.ends_with("and 2 more kinds")), "{lines:?}");
        assert!(!lines.join("").contains('\x1b'), "a server cannot move the cursor");
    }
}
