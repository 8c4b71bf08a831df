//! Whether the thresholds of a scenario held.

use serde::Serialize;

use super::thresholds::Thresholds;
use crate::measure::Totals;

/// One threshold, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) bound: f64,
    pub(crate) found: f64,
    pub(crate) held: bool,
}

impl Thresholds {
    /// Each threshold that was given.
    pub(crate) fn checks(&self, totals: &Totals) -> Vec<Check> {
        let mut checks = Vec::new();
        let ms = |us: u64| us as f64 / 1e3;
        if self.delivered.is_some() {
            let (bound, found) = (self.delivered_share(), delivered(totals));
            checks.push(Check { name: "delivered", bound, found, held: found >= bound });
        }
        let at = |quantile| ms(totals.latency.value_at_quantile(quantile));
        let join = ms(totals.joins.value_at_quantile(0.99));
        let bounds = [
            ("p50_ms", self.p50_ms, at(0.5)),
            ("p99_ms", self.p99_ms, at(0.99)),
            ("p999_ms", self.p999_ms, at(0.999)),
            ("max_ms", self.max_ms, ms(totals.latency.max())),
            ("join_p99_ms", self.join_p99_ms, join),
            ("late_max", self.late_max.map(|max| max as f64), totals.late as f64),
            ("errors_max", self.errors_max.map(|max| max as f64), totals.errors_count() as f64),
            ("refused_max", self.refused_max.map(|max| max as f64), totals.refused_count() as f64),
        ];
        for (name, bound, found) in bounds {
            if let Some(bound) = bound {
                checks.push(Check { name, bound, found, held: found <= bound });
            }
        }
        checks
    }

    /// Whether all of them held, and nothing else went wrong: what a threshold allows is not wrong.
    pub(crate) fn passed(&self, totals: &Totals) -> bool {
        let wrong = totals.doubled
            + totals.reordered
            + totals.strays
            + totals.fact_doubles
            + totals.receipts_wrong;
        let lost = totals.lost() + totals.gaps + totals.unsent + totals.fact_holes;
        let too_many = totals.delivered > totals.expected;
        totals.sent > 0
            && wrong == 0
            && !too_many
            && (lost == 0 || self.delivered_share() < 1.0)
            && (totals.errors_count() == 0 || self.errors_max.is_some())
            && (totals.refused_count() == 0 || self.refused_max.is_some())
            && totals.logged.as_ref().is_none_or(|logged| logged.is_sound())
            && self.checks(totals).iter().all(|check| check.held)
    }
}

/// Share of the deliveries that had to take place that did.
fn delivered(totals: &Totals) -> f64 {
    totals.delivered.min(totals.expected) as f64 / totals.expected.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::Came;

    fn totals() -> Totals {
        let mut totals = Totals::new();
        (totals.sent, totals.expected) = (10, 10);
        for _ in 0..10 {
            totals.came(Came::Next, 3_000);
        }
        totals.joins.saturating_record(40_000);
        totals
    }

    fn read(text: &str) -> Thresholds {
        toml::from_str(text).expect("thresholds")
    }

    #[test]
    fn each_threshold_holds_or_does_not() {
        for (text, held) in [
            ("delivered = \"all\"", true),
            ("p99_ms = 3.1", true),
            ("p99_ms = 2.9", false),
            ("p999_ms = 2.9", false),
            ("max_ms = 2.9", false),
            ("p50_ms = 2.9", false),
            ("join_p99_ms = 39", false),
            ("join_p99_ms = 41", true),
            ("errors_max = 0", true),
        ] {
            assert_eq!(read(text).passed(&totals()), held, "{text}");
        }
    }

    #[test]
    fn what_a_threshold_allows_is_not_wrong_and_all_else_is() {
        let mut lossy = totals();
        lossy.expected = 11;
        lossy.gaps = 1;
        assert!(!read("").passed(&lossy));
        assert!(!read("delivered = \"all\"").passed(&lossy));
        assert!(!read("delivered = 0.95").passed(&lossy));
        assert!(read("delivered = 0.9").passed(&lossy));
        lossy.doubled = 1;
        assert!(!read("delivered = 0.9").passed(&lossy), "a double is never right");
        let mut cut = totals();
        cut.error("the server closed the connection".into());
        assert!(!read("").passed(&cut));
        assert!(!read("errors_max = 0").passed(&cut));
        assert!(read("errors_max = 1").passed(&cut));
        let mut late = totals();
        late.late = 3;
        assert!(read("").passed(&late) && !read("late_max = 2").passed(&late));
        assert!(read("late_max = 3").passed(&late));
        let mut refused = totals();
        refused.refused.insert("too_fast".into(), 2);
        assert!(!read("").passed(&refused) && read("refused_max = 2").passed(&refused));
        let mut logged = totals();
        logged.logged = Some(crate::logged::Logged { missing: 1, ..Default::default() });
        assert!(!read("").passed(&logged), "the log lacks what was delivered");
    }
}
