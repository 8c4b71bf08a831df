//! A thread's seconds: at the end of each, what is new since the one before.

use hdrhistogram::Histogram;

use crate::clock::Micros;
use crate::control::Seen;
use crate::machine::thread_cpu_ns;
use crate::measure::{Totals, histogram};
use crate::recorded::Recorded;
use crate::series::{Cpu, Interval};

const SECOND: Micros = 1_000_000;
/// What is left of a run after its last full second, when it is shorter than this.
const REST: Micros = 250_000;

/// What had been counted when the second that runs now began.
pub(super) struct Moments {
    /// When it began; `None` before publishers publish.
    from: Option<Micros>,
    sent: u64,
    delivered: u64,
    errors: u64,
    latency: Histogram<u64>,
    lag: Histogram<u64>,
    cpu_ns: Option<u64>,
}

impl Moments {
    pub(super) fn new() -> Self {
        Self {
            from: None,
            sent: 0,
            delivered: 0,
            errors: 0,
            latency: histogram(),
            lag: histogram(),
            cpu_ns: None,
        }
    }

    /// Puts the second that is over, or what there is of the last one, into the series. Seconds
    /// are counted from `start`, when publishers begin.
    pub(super) fn close(
        &mut self,
        (start, now): (Micros, Micros),
        is_last: bool,
        totals: &mut Totals,
        seen: &std::sync::Mutex<Seen>,
    ) {
        let Some(from) = self.from else {
            if now >= start {
                (self.from, self.cpu_ns) = (Some(start), thread_cpu_ns());
            }
            return;
        };
        let end = from + SECOND - (from - start) % SECOND;
        if now < end && !(is_last && now > from) {
            return;
        }
        let told = self.since(from, now, totals);
        // A moment at the end is too short to tell a rate: it belongs to the second before.
        let is_rest = is_last && told.length < REST && from > start;
        totals.series.put(from - start - u64::from(is_rest), &told);
        let mut seen = seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        seen.latency.add(&told.latency);
        seen.last = told;
        seen.errors = totals.errors.clone();
        seen.refused = totals.refused.clone();
    }

    fn since(&mut self, from: Micros, now: Micros, totals: &Totals) -> Interval {
        let cpu_ns = thread_cpu_ns();
        let spent = cpu_ns.zip(self.cpu_ns).map(|(after, before)| after.saturating_sub(before));
        let errors = totals.faults_count();
        let told = Interval {
            length: now - from,
            sent: totals.sent - self.sent,
            delivered: totals.delivered - self.delivered,
            errors: errors - self.errors,
            latency: Recorded::since(&totals.latency, &mut self.latency),
            lag: Recorded::since(&totals.lag, &mut self.lag),
            cpu: spent.map(|ns| Cpu { all_ns: ns, busiest_ns: ns }),
        };
        (self.from, self.cpu_ns) = (Some(now), cpu_ns);
        (self.sent, self.delivered, self.errors) = (totals.sent, totals.delivered, errors);
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::Came;

    #[test]
    fn each_second_holds_what_was_new_in_it() {
        let (mut moments, mut totals) = (Moments::new(), Totals::new());
        let seen = std::sync::Mutex::<Seen>::default();
        let start = 500;
        moments.close((start, 100), false, &mut totals, &seen);
        moments.close((start, 600), false, &mut totals, &seen);
        totals.sent = 3;
        totals.came(Came::Next, 1_000);
        moments.close((start, 900_000), false, &mut totals, &seen);
        assert!(totals.series.intervals().is_empty(), "the second is not over");
        moments.close((start, 1_000_700), false, &mut totals, &seen);
        totals.came(Came::Next, 70_000);
        totals.error("the server closed the connection".into());
        moments.close((start, 1_500_500), true, &mut totals, &seen);
        let [first, last] = totals.series.intervals() else { panic!("two intervals") };
        assert_eq!((first.sent, first.delivered, first.latency.max()), (3, 1, 1_000));
        assert_eq!((last.sent, last.delivered, last.errors), (0, 1, 1));
        assert!(last.latency.at_quantile(0.0).abs_diff(70_000) < 70);
        assert_eq!((first.length, last.length), (1_000_200, 499_800));
        let seen = seen.into_inner().expect("no panic");
        assert_eq!((seen.latency.count(), seen.last.errors), (2, 1));
        assert_eq!(seen.errors.len(), 1);
    }
}
