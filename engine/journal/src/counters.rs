//! What the committer did, in figures that anybody may read at any time.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

const BUCKETS: usize = 40;

/// Counts since the start.
#[derive(Debug)]
pub struct Counters {
    commits: AtomicU64,
    submissions: AtomicU64,
    bytes: AtomicU64,
    refused: AtomicU64,
    largest: AtomicU64,
    nanos: AtomicU64,
    shortest: AtomicU64,
    longest: AtomicU64,
    /// Commits that took less than 2^n microseconds and not less than half of it.
    times: [AtomicU64; BUCKETS],
}

impl Default for Counters {
    fn default() -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            commits: zero(),
            submissions: zero(),
            bytes: zero(),
            refused: zero(),
            largest: zero(),
            nanos: zero(),
            shortest: AtomicU64::new(u64::MAX),
            longest: zero(),
            times: std::array::from_fn(|_| zero()),
        }
    }
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Blocks made durable.
    pub commits: u64,
    /// Submissions in them.
    pub submissions: u64,
    /// Bytes of entries in them.
    pub bytes: u64,
    /// Submissions refused.
    pub refused: u64,
    /// Most submissions in one block.
    pub largest_batch: u64,
    /// Shortest commit (write and data sync).
    pub shortest: Duration,
    /// Average commit.
    pub average: Duration,
    /// Half of the commits took at most about this long (within a factor of two).
    pub median: Duration,
    /// 99 of 100 commits took at most about this long (within a factor of two).
    pub p99: Duration,
    /// Longest commit.
    pub longest: Duration,
}

impl Counters {
    pub(crate) fn committed(&self, submissions: u64, bytes: u64, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.commits.fetch_add(1, Relaxed);
        self.submissions.fetch_add(submissions, Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
        self.largest.fetch_max(submissions, Relaxed);
        self.nanos.fetch_add(nanos, Relaxed);
        self.shortest.fetch_min(nanos, Relaxed);
        self.longest.fetch_max(nanos, Relaxed);
        let bucket = (64 - (nanos / 1000).leading_zeros() as usize).min(BUCKETS - 1);
        self.times[bucket].fetch_add(1, Relaxed);
    }

    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    /// The counters now.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let commits = self.commits.load(Relaxed);
        let shortest = if commits == 0 { 0 } else { self.shortest.load(Relaxed) };
        Figures {
            commits,
            submissions: self.submissions.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            refused: self.refused.load(Relaxed),
            largest_batch: self.largest.load(Relaxed),
            shortest: Duration::from_nanos(shortest),
            average: Duration::from_nanos(self.nanos.load(Relaxed) / commits.max(1)),
            median: self.quantile(commits.div_ceil(2)),
            p99: self.quantile(commits - commits / 100),
            longest: Duration::from_nanos(self.longest.load(Relaxed)),
        }
    }

    /// How many commits took at most so long and more than the time before.
    pub fn times(&self) -> impl Iterator<Item = (Duration, u64)> {
        // From 64 us, the fastest disk, to 16 s, when the process has long ended.
        let (first, last) = (6, 24);
        let below = self.times[..first].iter().map(|count| count.load(Relaxed)).sum::<u64>();
        let counts = self.times[first..=last].iter().map(|count| count.load(Relaxed));
        (first..=last).zip(counts).map(move |(power, count)| {
            let count = if power == first { count + below } else { count };
            (Duration::from_micros(1 << power), count)
        })
    }

    fn quantile(&self, rank: u64) -> Duration {
        let mut below = 0;
        for (power, count) in self.times.iter().enumerate() {
            below += count.load(Relaxed);
            if below >= rank {
                return Duration::from_micros(1 << power);
            }
        }
        Duration::from_nanos(self.longest.load(Relaxed))
    }
}
