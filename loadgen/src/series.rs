//! What happened in each second of a run: kept small, however long the run is.

use crate::clock::Micros;
use crate::recorded::Recorded;

/// How long an interval is, until a run is too long for that.
const SECOND: Micros = 1_000_000;
/// More intervals than this are merged two by two.
const INTERVALS_MAX: usize = 600;

/// Processor time of the threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cpu {
    pub(crate) all_ns: u64,
    pub(crate) busiest_ns: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interval {
    /// How much of the interval the run took up.
    pub(crate) length: Micros,
    pub(crate) sent: u64,
    /// Deliveries and their latencies belong to when they came, not to when they were sent.
    pub(crate) delivered: u64,
    pub(crate) errors: u64,
    pub(crate) latency: Recorded,
    pub(crate) lag: Recorded,
    /// `None` where the system does not tell.
    pub(crate) cpu: Option<Cpu>,
}

impl Interval {
    /// Adds what the same threads did next.
    pub(crate) fn then(&mut self, next: &Self) {
        self.length += next.length;
        self.add_counts(next);
        let busiest = |cpu: Cpu, more: Cpu| cpu.busiest_ns + more.busiest_ns;
        self.add_cpu(next.cpu, busiest);
    }

    /// Adds what other threads did at the same time.
    pub(crate) fn beside(&mut self, other: &Self) {
        self.length = self.length.max(other.length);
        self.add_counts(other);
        let busiest = |cpu: Cpu, more: Cpu| cpu.busiest_ns.max(more.busiest_ns);
        self.add_cpu(other.cpu, busiest);
    }

    fn add_counts(&mut self, other: &Self) {
        self.sent += other.sent;
        self.delivered += other.delivered;
        self.errors += other.errors;
        self.latency.add(&other.latency);
        self.lag.add(&other.lag);
    }

    fn add_cpu(&mut self, other: Option<Cpu>, busiest: impl Fn(Cpu, Cpu) -> u64) {
        let Some(more) = other else { return };
        let cpu = self.cpu.unwrap_or_default();
        let all_ns = cpu.all_ns + more.all_ns;
        self.cpu = Some(Cpu { all_ns, busiest_ns: busiest(cpu, more) });
    }

    /// So many in a second.
    pub(crate) fn per_second(&self, count: u64) -> f64 {
        count as f64 * 1e6 / self.length.max(1) as f64
    }

    /// Share of a processor that the busiest thread used.
    pub(crate) fn cpu_share(&self) -> Option<f64> {
        self.cpu.map(|cpu| cpu.busiest_ns as f64 / 1e3 / self.length.max(1) as f64)
    }
}

/// The intervals of a run, of equal width, from when publishers began to when all had arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Series {
    width: Micros,
    intervals: Vec<Interval>,
}

impl Series {
    pub(crate) fn new() -> Self {
        Self { width: SECOND, intervals: Vec::new() }
    }

    /// How long each interval is.
    pub(crate) fn width(&self) -> Micros {
        self.width
    }

    pub(crate) fn intervals(&self) -> &[Interval] {
        &self.intervals
    }

    /// Puts in what one thread did in a stretch that began at `from`, counted from the start.
    pub(crate) fn put(&mut self, from: Micros, told: &Interval) {
        let place = loop {
            let place = (from / self.width) as usize;
            if place < INTERVALS_MAX {
                break place;
            }
            self.halve();
        };
        if place >= self.intervals.len() {
            self.intervals.resize(place + 1, Interval::default());
        }
        self.intervals[place].then(told);
    }

    /// Adds what another thread did.
    pub(crate) fn add(&mut self, mut other: Self) {
        while self.width < other.width {
            self.halve();
        }
        while other.width < self.width {
            other.halve();
        }
        let places = self.intervals.len().max(other.intervals.len());
        self.intervals.resize(places, Interval::default());
        for (mine, theirs) in self.intervals.iter_mut().zip(&other.intervals) {
            mine.beside(theirs);
        }
    }

    /// Half as many intervals, twice as wide.
    fn halve(&mut self) {
        self.width *= 2;
        let pairs = self.intervals.chunks(2).map(|pair| {
            let mut first = pair[0].clone();
            pair[1..].iter().for_each(|second| first.then(second));
            first
        });
        self.intervals = pairs.collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(sent: u64, latency: Micros, busy_ns: u64) -> Interval {
        Interval {
            length: SECOND,
            sent,
            delivered: 1,
            latency: Recorded::from(&[latency][..]),
            cpu: Some(Cpu { all_ns: busy_ns, busiest_ns: busy_ns }),
            ..Interval::default()
        }
    }

    #[test]
    fn a_long_run_keeps_few_intervals_and_everything_in_them() {
        let mut series = Series::new();
        for second in 0..5_000 {
            series.put(second * SECOND, &told(2, 100 + second, 500_000_000));
        }
        assert_eq!((series.width(), series.intervals().len()), (16 * SECOND, 313));
        assert_eq!(series.intervals().iter().map(|each| each.sent).sum::<u64>(), 10_000);
        let first = &series.intervals()[0];
        assert_eq!(
            (first.length, first.latency.count(), first.latency.max()),
            (16_000_000, 16, 115)
        );
        assert_eq!(first.cpu_share(), Some(0.5));
        assert_eq!(first.per_second(first.sent), 2.0);
    }

    #[test]
    fn threads_that_kept_different_widths_add_up() {
        let (mut long, mut short) = (Series::new(), Series::new());
        for second in 0..601 {
            long.put(second * SECOND, &told(1, 10, 100));
            if second < 600 {
                short.put(second * SECOND, &told(3, 20, 300));
            }
        }
        assert_eq!((long.width(), short.width()), (2 * SECOND, SECOND));
        let mut one_way = long.clone();
        one_way.add(short.clone());
        short.add(long);
        assert_eq!(one_way, short, "it does not matter which comes first");
        let first = &short.intervals()[0];
        assert_eq!((first.sent, first.length, first.delivered), (8, 2 * SECOND, 4));
        assert_eq!(first.cpu, Some(Cpu { all_ns: 800, busiest_ns: 600 }));
        assert_eq!(short.intervals().len(), 301);
    }

    #[test]
    fn a_stall_of_the_generator_leaves_empty_seconds() {
        let mut series = Series::new();
        series.put(0, &told(1, 10, 0));
        series.put(3 * SECOND + 5, &told(1, 10, 0));
        let sent: Vec<u64> = series.intervals().iter().map(|each| each.sent).collect();
        assert_eq!(sent, [1, 0, 0, 1]);
    }
}
