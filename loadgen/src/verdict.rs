//! Whether the figures tell about the server, or about this program.

use serde::Serialize;

use crate::measure::Totals;

/// A thread that uses more of a processor than this has no room for lateness that is not its own.
const BUSY: f64 = 0.9;
/// Being this late with sending, in microseconds, and by this share of the latency, spoils the
/// figures.
const LATE: u64 = 5_000;
const LATE_SHARE: f64 = 0.25;

/// What set the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Everything arrived and this program had room to spare.
    Ok,
    /// Something did not arrive, or not right, and this program had room to spare.
    Server,
    /// This program was at its own limit: the figures do not tell about the server.
    Generator,
}

impl Verdict {
    pub(crate) fn of(totals: &Totals) -> Self {
        if is_busy(totals) || is_late(totals) {
            Self::Generator
        } else if sound(totals) {
            Self::Ok
        } else {
            Self::Server
        }
    }

    /// The verdict in words, with the reason when the figures do not count.
    pub(crate) fn sentence(self, totals: &Totals) -> String {
        let (why, advice) = match self {
            Self::Ok => return "ok: all that was sent arrived, once and in order".into(),
            Self::Server if totals.logged.as_ref().is_some_and(|logged| !logged.is_sound()) => {
                return "the server: its log does not hold exactly what was accepted and delivered"
                    .into();
            }
            Self::Server => {
                return "the server: not all that was sent arrived, once and in order".into();
            }
            Self::Generator if is_busy(totals) => (
                "a thread of it was busy all the time".to_owned(),
                "use more threads, another machine or less load",
            ),
            Self::Generator => {
                let lag = totals.lag.value_at_quantile(0.99) as f64 / 1e3;
                let late = format!("it was late with sending by itself (p99 {lag:.1} ms)");
                // It had time to spare and did not get it when it was wanted.
                (late, "something else keeps this machine busy")
            }
        };
        let arrived = if sound(totals) { "" } else { "; and not all that was sent arrived" };
        format!("the generator was the limit: {why}: {advice}{arrived}")
    }
}

fn is_busy(totals: &Totals) -> bool {
    totals.cpu_share.is_some_and(|share| share > BUSY)
}

fn is_late(totals: &Totals) -> bool {
    let (lag, latency) =
        (totals.lag.value_at_quantile(0.99), totals.latency.value_at_quantile(0.99));
    lag > LATE && lag as f64 > LATE_SHARE * latency as f64
}

/// Whether delivered equals sent, and nothing went wrong.
pub(crate) fn sound(totals: &Totals) -> bool {
    let wrong = totals.doubled
        + totals.reordered
        + totals.gaps
        + totals.strays
        + totals.unsent
        + totals.fact_holes
        + totals.fact_doubles
        + totals.receipts_wrong
        + totals.refused_count()
        + totals.errors_count();
    let logged = totals.logged.as_ref().is_none_or(|logged| logged.is_sound());
    totals.sent > 0 && totals.delivered == totals.expected && wrong == 0 && logged
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::tally::Came;

    pub(crate) fn good() -> Totals {
        let mut totals = Totals::new();
        totals.sent = 100;
        totals.expected = 100;
        for _ in 0..100 {
            totals.came(Came::Next, 2_000);
            totals.lag.saturating_record(50);
        }
        totals.cpu_share = Some(0.3);
        totals
    }

    #[test]
    fn a_sound_run_is_ok() {
        assert_eq!(Verdict::of(&good()), Verdict::Ok);
    }

    #[test]
    fn nothing_sent_is_not_sound() {
        assert!(!sound(&Totals::new()));
    }

    #[test]
    fn each_planted_fault_is_the_servers() {
        let faults: [fn(&mut Totals); 9] = [
            |t| t.expected += 1,
            |t| t.delivered += 1,
            |t| t.came(Came::Again, 1),
            |t| t.reordered += 1,
            |t| t.fact_holes += 1,
            |t| t.receipts_wrong += 1,
            |t| t.unsent += 1,
            |t| t.error("the server closed the connection".into()),
            |t| *t.refused.entry("too_fast".into()).or_default() += 1,
        ];
        for (number, fault) in faults.into_iter().enumerate() {
            let mut totals = good();
            fault(&mut totals);
            assert_eq!(Verdict::of(&totals), Verdict::Server, "fault {number}");
        }
    }

    #[test]
    fn a_generator_at_its_limit_says_so() {
        let mut busy = good();
        busy.cpu_share = Some(0.97);
        assert_eq!(Verdict::of(&busy), Verdict::Generator);
        assert!(Verdict::Generator.sentence(&busy).contains("busy"));
        let mut late = good();
        for _ in 0..100 {
            late.lag.saturating_record(50_000);
        }
        assert_eq!(Verdict::of(&late), Verdict::Generator);
        let sentence = Verdict::Generator.sentence(&late);
        assert!(sentence.starts_with("the generator was the limit: it was late"), "{sentence}");
        assert!(!sentence.contains("arrived"), "{sentence}");
        late.expected += 1;
        assert!(Verdict::Generator.sentence(&late).contains("not all"), "both are said");
    }
}
