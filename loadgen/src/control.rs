//! What the threads of a run share: the phase, the window, and the counts that are shown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Micros;
use crate::publisher::Window;
use crate::recorded::Recorded;
use crate::series::Interval;

/// Where the run is. Each phase follows from the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Phase {
    /// People come in.
    Gather,
    /// Publishers open their tracks.
    Open,
    /// Messages go when they are due.
    Publish,
    /// What is under way arrives.
    Drain,
    /// Everybody goes.
    Stop,
}

/// Counts of one thread, written by it and read by the one who shows them.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) live: AtomicUsize,
    pub(crate) ready: AtomicUsize,
    pub(crate) sent: AtomicU64,
    pub(crate) unsent: AtomicU64,
    pub(crate) expected: AtomicU64,
    pub(crate) delivered: AtomicU64,
    pub(crate) errors: AtomicU64,
    /// What is renewed once a second.
    pub(crate) seen: Mutex<Seen>,
}

/// What one thread has seen, as of the end of its last second.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// The last second.
    pub(crate) last: Interval,
    /// Latencies of the whole run.
    pub(crate) latency: Recorded,
    /// What went wrong, and how often.
    pub(crate) errors: BTreeMap<String, u64>,
    /// Messages that the server refused, by code.
    pub(crate) refused: BTreeMap<String, u64>,
}

impl Seen {
    fn beside(&mut self, other: &Self) {
        self.last.beside(&other.last);
        self.latency.add(&other.latency);
        for (what, count) in &other.errors {
            *self.errors.entry(what.clone()).or_default() += count;
        }
        for (code, count) in &other.refused {
            *self.refused.entry(code.clone()).or_default() += count;
        }
    }
}

impl Phase {
    /// Each with its name.
    pub(crate) const ALL: [(Self, &str); 5] = [
        (Self::Gather, "gather"),
        (Self::Open, "open"),
        (Self::Publish, "publish"),
        (Self::Drain, "drain"),
        (Self::Stop, "stop"),
    ];
}

#[derive(Debug)]
pub(crate) struct Control {
    phase: AtomicU8,
    start: AtomicU64,
    end: AtomicU64,
    pub(crate) counts: Vec<Counts>,
    /// Whether somebody looks at the moments' percentiles.
    pub(crate) watched: bool,
    /// Set when the person wants it to end.
    pub(crate) interrupted: std::sync::Arc<AtomicBool>,
    failure: Mutex<Option<String>>,
    /// Messages that the server refused: publisher and counter.
    refused: Mutex<BTreeSet<(u32, u64)>>,
}

impl Control {
    pub(crate) fn new(
        threads: usize,
        watched: bool,
        interrupted: std::sync::Arc<AtomicBool>,
    ) -> Self {
        Self {
            phase: AtomicU8::new(Phase::Gather as u8),
            start: AtomicU64::new(Micros::MAX),
            end: AtomicU64::new(Micros::MAX),
            counts: (0..threads).map(|_| Counts::default()).collect(),
            watched,
            interrupted,
            failure: Mutex::new(None),
            refused: Mutex::default(),
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Gather,
            1 => Phase::Open,
            2 => Phase::Publish,
            3 => Phase::Drain,
            _ => Phase::Stop,
        }
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    pub(crate) fn window(&self) -> Window {
        Window { start: self.start.load(Ordering::Acquire), end: self.end.load(Ordering::Acquire) }
    }

    pub(crate) fn set_window(&self, window: Window) {
        self.end.store(window.end, Ordering::Release);
        self.start.store(window.start, Ordering::Release);
    }

    /// Why the run cannot take place; the first reason stays.
    pub(crate) fn fail(&self, why: String) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
    }

    pub(crate) fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Messages that the server refused: nobody can get them.
    pub(crate) fn refused(&self) -> MutexGuard<'_, BTreeSet<(u32, u64)>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// The sum of one count over the threads.
    pub(crate) fn sum(&self, of: impl Fn(&Counts) -> &AtomicU64) -> u64 {
        self.counts.iter().map(|counts| of(counts).load(Ordering::Relaxed)).sum()
    }

    /// What all threads have seen.
    pub(crate) fn seen(&self) -> Seen {
        let mut all = Seen::default();
        for counts in &self.counts {
            all.beside(&counts.seen.lock().unwrap_or_else(PoisonError::into_inner));
        }
        all
    }

    /// The same for people.
    pub(crate) fn people(&self, of: impl Fn(&Counts) -> &AtomicUsize) -> usize {
        self.counts.iter().map(|counts| of(counts).load(Ordering::Relaxed)).sum()
    }
}
