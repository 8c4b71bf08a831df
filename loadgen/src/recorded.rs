//! Recorded times as values and counts: a histogram that takes room only for what it holds.

use hdrhistogram::Histogram;

use crate::clock::Micros;
use crate::measure::histogram;

/// Times in microseconds, each with how often it was recorded, in rising order. A time is the
/// highest one of its bucket, as in the histogram it came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recorded(Vec<(u32, u32)>);

impl Recorded {
    /// What `now` holds and `before` does not; `before` catches up.
    pub(crate) fn since(now: &Histogram<u64>, before: &mut Histogram<u64>) -> Self {
        let mut new = Vec::new();
        for held in now.iter_recorded() {
            let value = held.value_iterated_to();
            let count = held.count_at_value() - before.count_at(value);
            if count > 0 {
                // Same bounds, so nothing is out of range.
                let _ = before.record_n(value, count);
                new.push((narrow(value), narrow(count)));
            }
        }
        Self(new)
    }

    pub(crate) fn add(&mut self, other: &Self) {
        if other.0.is_empty() {
            return;
        }
        let mut both = Vec::with_capacity(self.0.len() + other.0.len());
        let (mut mine, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some((value, count)), Some((other, more))) = (mine.peek(), theirs.peek()) {
            let from_mine = value <= other;
            let sum = if value == other { count.saturating_add(*more) } else { *count };
            both.push(if from_mine { (*value, sum) } else { (*other, *more) });
            if value == other || !from_mine {
                theirs.next();
            }
            if from_mine {
                mine.next();
            }
        }
        both.extend(mine.chain(theirs));
        self.0 = both;
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// The time that this share of what was recorded does not exceed; 0 when nothing was.
    pub(crate) fn at_quantile(&self, quantile: f64) -> Micros {
        let rank = ((quantile * self.count() as f64).ceil() as u64).max(1);
        let mut passed = 0;
        let found = self.0.iter().find(|(_, count)| {
            passed += u64::from(*count);
            passed >= rank
        });
        found.or(self.0.last()).map_or(0, |(value, _)| Micros::from(*value))
    }

    /// The sum of all times, microseconds.
    pub(crate) fn sum(&self) -> u64 {
        self.iter().map(|(time, count)| time * count).sum()
    }

    /// How many times were at most this.
    pub(crate) fn count_up_to(&self, time: Micros) -> u64 {
        self.iter().take_while(|(value, _)| *value <= time).map(|(_, count)| count).sum()
    }

    /// Values, microseconds, and counts.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Micros, u64)> {
        self.0.iter().map(|(value, count)| (Micros::from(*value), u64::from(*count)))
    }

    pub(crate) fn max(&self) -> Micros {
        self.0.last().map_or(0, |(value, _)| Micros::from(*value))
    }
}

/// An hour in microseconds fits; a count that does not is more than the report can tell.
fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl From<&[Micros]> for Recorded {
    fn from(times: &[Micros]) -> Self {
        let mut all = histogram();
        times.iter().for_each(|time| all.saturating_record(*time));
        Self::since(&all, &mut histogram())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_is_told_once() {
        let (mut now, mut before) = (histogram(), histogram());
        now.saturating_record(1_000);
        now.saturating_record(250_000);
        assert_eq!(Recorded::since(&now, &mut before).count(), 2);
        assert_eq!(Recorded::since(&now, &mut before), Recorded::default());
        now.saturating_record(1_000);
        let new = Recorded::since(&now, &mut before);
        assert_eq!((new.count(), new.max()), (1, 1_000));
    }

    #[test]
    fn the_sum_of_two_is_what_one_histogram_would_hold() {
        let (one, two) = ([5, 5, 70, 90_000], [1, 5, 80, 90_000, 3_000_000]);
        let mut sum = Recorded::from(&one[..]);
        sum.add(&Recorded::from(&two[..]));
        assert_eq!(sum, Recorded::from(&[&one[..], &two[..]].concat()[..]));
        assert_eq!((sum.count(), sum.count_up_to(79)), (9, 5));
        assert!(sum.sum().abs_diff(3_180_166) < 3_180, "to three digits");
    }

    #[test]
    fn percentiles_are_those_of_the_histogram() {
        let mut all = histogram();
        let mut state = 7;
        for _ in 0..10_000 {
            all.saturating_record(crate::schedule::spread(&mut state) % 1_000_000);
        }
        let recorded = Recorded::since(&all, &mut histogram());
        for quantile in [0.0, 0.5, 0.9, 0.99, 0.999, 1.0] {
            assert_eq!(recorded.at_quantile(quantile), all.value_at_quantile(quantile));
        }
        assert_eq!(Recorded::default().at_quantile(0.5), 0);
    }
}
