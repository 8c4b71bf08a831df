//! What shows a run while it goes: a small view on a terminal, a line now and then elsewhere.

mod view;

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use view::View;

use crate::control::{Control, Phase};

const EVERY: Duration = Duration::from_millis(250);
/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// What rates look back at.
const RATE_OVER: Duration = Duration::from_secs(1);

pub(crate) struct Progress {
    is_terminal: bool,
    /// Whether words may stand out.
    is_styled: bool,
    /// When it was shown last, and how many lines the view had.
    shown: (Instant, usize),
    phase: (Phase, Instant),
    rates: Rates,
}

/// Counts at some moment, and the rates up to it.
struct Rates {
    since: Instant,
    sent: u64,
    delivered: u64,
    sent_per_second: f64,
    deliveries_per_second: f64,
}

/// Whether anybody would see the view.
pub(crate) fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

impl Progress {
    pub(crate) fn new(control: &Control) -> Self {
        let now = Instant::now();
        Self {
            is_terminal: control.watched,
            is_styled: std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            shown: (now, 0),
            phase: (Phase::Gather, now),
            rates: Rates {
                since: now,
                sent: 0,
                delivered: 0,
                sent_per_second: 0.0,
                deliveries_per_second: 0.0,
            },
        }
    }

    /// Shows how far the run is: `done` of `all` people, publishers or seconds, as fits the phase.
    pub(crate) fn show(&mut self, control: &Control, done: f64, all: f64) {
        let every = if self.is_terminal { EVERY } else { LINE_EVERY };
        if self.shown.0.elapsed() < every {
            return;
        }
        let phase = control.phase();
        if phase != self.phase.0 {
            self.phase = (phase, Instant::now());
        }
        self.rates.renew(control);
        let view = View {
            phase,
            done,
            all,
            in_phase: self.phase.1.elapsed(),
            live: control.people(|counts| &counts.live),
            sent: (control.sum(|counts| &counts.sent), self.rates.sent_per_second),
            delivered: (control.sum(|counts| &counts.delivered), self.rates.deliveries_per_second),
            unsent: control.sum(|counts| &counts.unsent),
            seen: control.seen(),
        };
        if self.is_terminal {
            self.draw(&view.lines(self.is_styled));
        } else {
            let _ = writeln!(std::io::stderr(), "{}", view.line());
            self.shown = (Instant::now(), 0);
        }
    }

    /// Draws the view over the one before.
    fn draw(&mut self, lines: &[String]) {
        // Lines that are too long are cut by the terminal, so that each takes one row of it.
        let mut text = back(self.shown.1) + "\x1b[?7l";
        for line in lines {
            text += "\x1b[2K";
            text += line;
            text += "\r\n";
        }
        text += "\x1b[J\x1b[?7h";
        // A terminal that went away is no reason to stop.
        let _ = std::io::stderr().write_all(text.as_bytes());
        self.shown = (Instant::now(), lines.len());
    }

    /// Takes the view away, so that the report stands alone.
    pub(crate) fn end(&self) {
        if self.is_terminal && self.shown.1 > 0 {
            let _ = write!(std::io::stderr(), "{}\x1b[J", back(self.shown.1));
        }
    }
}

/// Moves to the first of the last so many lines.
fn back(lines: usize) -> String {
    if lines == 0 { "\r".to_owned() } else { format!("\x1b[{lines}F") }
}

impl Rates {
    fn renew(&mut self, control: &Control) {
        let passed = self.since.elapsed();
        if passed < RATE_OVER {
            return;
        }
        let sent = control.sum(|counts| &counts.sent);
        let delivered = control.sum(|counts| &counts.delivered);
        let per_second =
            |now: u64, before: u64| now.saturating_sub(before) as f64 / passed.as_secs_f64();
        *self = Self {
            since: Instant::now(),
            sent_per_second: per_second(sent, self.sent),
            deliveries_per_second: per_second(delivered, self.delivered),
            sent,
            delivered,
        };
    }
}
