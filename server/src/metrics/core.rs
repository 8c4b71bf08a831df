//! What a core counts: written by its own thread alone, read by whoever asks for the page.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::page::Page;

/// Buckets of a histogram by powers of four, from 256 bytes up to 4 MiB.
const SIZES: usize = 8;
const SIZE_MIN: u64 = 256;

/// A count that one thread adds to and any thread reads. Nothing is locked and nobody waits.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds to it. Only the core's own thread does.
    pub fn add(&self, more: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(more), Relaxed);
    }

    /// Replaces it.
    pub fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// The largest value since it was last looked at.
#[derive(Debug, Default)]
pub struct Largest(AtomicU64);

impl Largest {
    /// Takes a value in.
    pub fn see(&self, value: u64) {
        if value > self.0.load(Relaxed) {
            self.0.store(value, Relaxed);
        }
    }

    fn take(&self) -> u64 {
        self.0.swap(0, Relaxed)
    }
}

/// The counters of one core, on cache lines of their own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct CoreCounters {
    /// People who came in with a ticket.
    pub joins: Count,
    /// People who came back.
    pub resumes: Count,
    /// Facts published.
    pub facts: Count,
    /// Media messages let into their lanes.
    pub media_messages: Count,
    /// Their bytes.
    pub media_bytes: Count,
    /// Media messages that were late for their track's generation, or had no track or no room.
    pub media_dropped: Count,
    /// Writes that took bytes.
    pub writes: Count,
    /// The bytes they took.
    pub sent_bytes: Count,
    /// Times that a reader of media went on at a newer frame.
    pub jumps: Count,
    /// Times that a reader of facts began to read the log.
    pub catch_ups: Count,
    /// Times that a publisher was asked to send less.
    pub slower: Count,
    /// Upgraded connections on this core.
    pub connections: Count,
    /// Open sessions on this core.
    pub sessions: Count,
    /// People in them.
    pub participants: Count,
    /// Messages from other threads that wait.
    pub queue: Largest,
    /// Bytes of facts that the last reader has before it.
    pub lag_facts: Largest,
    /// Bytes of one track that the last reader has before it.
    pub lag_media: Largest,
    sizes: [Count; SIZES],
}

impl CoreCounters {
    /// One write took this many bytes.
    pub fn wrote(&self, bytes: u64) {
        self.writes.add(1);
        self.sent_bytes.add(bytes);
        let fours = (bytes.max(1) - 1) / SIZE_MIN;
        let bucket = (u64::BITS - fours.leading_zeros()).div_ceil(2) as usize;
        self.sizes[bucket.min(SIZES - 1)].add(1);
    }
}

/// What all cores counted since the start, for those who look at rates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Facts published.
    pub facts: u64,
    /// People who came in with a ticket.
    pub joins: u64,
    /// Bytes of media let into lanes.
    pub media_bytes: u64,
    /// Bytes that clients took.
    pub sent_bytes: u64,
    /// Upgraded connections now.
    pub connections: u64,
}

impl Totals {
    pub(super) fn of(cores: &[CoreCounters]) -> Self {
        let sum =
            |of: fn(&CoreCounters) -> &Count| cores.iter().map(|core| of(core).get()).sum::<u64>();
        Self {
            facts: sum(|core| &core.facts),
            joins: sum(|core| &core.joins),
            media_bytes: sum(|core| &core.media_bytes),
            sent_bytes: sum(|core| &core.sent_bytes),
            connections: sum(|core| &core.connections),
        }
    }
}

/// Name, help, and where it is counted.
type Row = (&'static str, &'static str, fn(&CoreCounters) -> &Count);

pub(super) fn put(page: &mut Page, cores: &[CoreCounters]) {
    let sum =
        |of: fn(&CoreCounters) -> &Count| cores.iter().map(|core| of(core).get()).sum::<u64>();
    let counters: [Row; 11] = [
        ("convoke_joins_total", "People who came in with a ticket.", |c| &c.joins),
        ("convoke_resumes_total", "People whose lost connection came back.", |c| &c.resumes),
        ("convoke_facts_total", "Facts that became durable and were published.", |c| &c.facts),
        ("convoke_media_messages_total", "Media messages relayed.", |c| &c.media_messages),
        ("convoke_media_bytes_total", "Bytes of media messages relayed.", |c| &c.media_bytes),
        (
            "convoke_media_dropped_total",
            "Media messages not let through: paused, closed, or no room.",
            |c| &c.media_dropped,
        ),
        ("convoke_flush_writes_total", "Writes to client sockets.", |c| &c.writes),
        ("convoke_sent_bytes_total", "Bytes that client sockets took.", |c| &c.sent_bytes),
        (
            "convoke_lane_jumps_total",
            "Times that a reader too slow for a track went on at a newer frame.",
            |c| &c.jumps,
        ),
        ("convoke_catch_ups_total", "Times that a reader of facts had to read the log.", |c| {
            &c.catch_ups
        }),
        ("convoke_slower_total", "Times that a publisher was asked to send less.", |c| &c.slower),
    ];
    for (name, help, of) in counters {
        page.counter(name, help).set(sum(of) as f64);
    }
    let gauges: [Row; 3] = [
        ("convoke_connections", "Upgraded connections.", |c| &c.connections),
        ("convoke_sessions", "Open sessions.", |c| &c.sessions),
        ("convoke_participants", "People in open sessions.", |c| &c.participants),
    ];
    for (name, help, of) in gauges {
        page.gauge(name, help).set(sum(of) as f64);
    }
    let mut queue = page.gauge(
        "convoke_core_queue_max",
        "Most messages that waited for a core since the last look.",
    );
    for (at, core) in cores.iter().enumerate() {
        queue.with(&[("core", &at.to_string())], core.queue.take() as f64);
    }
    let largest = |of: fn(&CoreCounters) -> &Largest| cores.iter().map(|c| of(c).take()).max();
    let (facts, media) = (largest(|c| &c.lag_facts), largest(|c| &c.lag_media));
    page.gauge(
        "convoke_lane_lag_bytes_max",
        "Bytes that the slowest reader of a lane had before it, since the last look.",
    )
    .with(&[("lane", "facts")], facts.unwrap_or(0) as f64)
    .with(&[("lane", "media")], media.unwrap_or(0) as f64);
    let sizes = (0..SIZES).map(|at| {
        let count = cores.iter().map(|core| core.sizes[at].get()).sum();
        ((SIZE_MIN << (2 * at)) as f64, count)
    });
    let help = "Bytes taken by one write to a client socket.";
    page.histogram("convoke_flush_bytes", help, sizes, sum(|c| &c.sent_bytes) as f64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_counted_in_the_bucket_that_bounds_it() {
        let core = CoreCounters::default();
        for (bytes, bucket) in [(1, 0), (256, 0), (257, 1), (1024, 1), (1025, 2), (1 << 30, 7)] {
            let before = core.sizes[bucket].get();
            core.wrote(bytes);
            assert_eq!(core.sizes[bucket].get(), before + 1, "{bytes} bytes");
        }
    }
}
