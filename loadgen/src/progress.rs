//! The line that shows a run while it goes, on a terminal.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use crate::control::{Control, Phase};

const EVERY: Duration = Duration::from_millis(250);

pub(crate) struct Progress {
    shown: bool,
    last: Instant,
    delivered: u64,
}

/// Whether anybody would see the line.
pub(crate) fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

impl Progress {
    pub(crate) fn new(control: &Control) -> Self {
        Self { shown: control.watched, last: Instant::now(), delivered: 0 }
    }

    /// Shows how far the run is; `done` of `all` in words that fit the phase.
    pub(crate) fn show(&mut self, control: &Control, done: f64, all: f64) {
        let passed = self.last.elapsed();
        if !self.shown || passed < EVERY {
            return;
        }
        let delivered = control.sum(|counts| &counts.delivered);
        let rate = (delivered - self.delivered) as f64 / passed.as_secs_f64();
        (self.last, self.delivered) = (Instant::now(), delivered);
        let line = match control.phase() {
            Phase::Gather => {
                format!("coming in   {}  {done:.0} of {all:.0} people", bar(done / all))
            }
            Phase::Open => {
                format!("opening     {}  {done:.0} of {all:.0} publishers", bar(done / all))
            }
            Phase::Publish | Phase::Drain | Phase::Stop => {
                let p99 = control.seen().last.latency.at_quantile(0.99) as f64 / 1e3;
                let errors = control.sum(|counts| &counts.errors);
                let word =
                    if control.phase() == Phase::Publish { "publishing" } else { "arriving  " };
                format!(
                    "{word}  {}  {done:.0} of {all:.0} s  {rate:.0} deliveries/s  p99 {p99:.1} ms  \
                     errors {errors}",
                    bar(done / all)
                )
            }
        };
        // A terminal that went away is no reason to stop.
        let _ = write!(std::io::stderr(), "\r\x1b[2K{line}");
    }

    /// Leaves the line.
    pub(crate) fn end(&self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
    }
}

fn bar(share: f64) -> String {
    const WIDTH: usize = 20;
    let full = (share.clamp(0.0, 1.0) * WIDTH as f64) as usize;
    format!("[{}{}]", "#".repeat(full), ".".repeat(WIDTH - full))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_bar_fills() {
        assert_eq!(super::bar(0.0), "[....................]");
        assert_eq!(super::bar(0.5), "[##########..........]");
        assert_eq!(super::bar(7.0), "[####################]");
        assert_eq!(super::bar(f64::NAN), "[....................]");
    }
}
