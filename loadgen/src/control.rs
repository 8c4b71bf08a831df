//! What the threads of a run share: the phase, the window, and the counts that are shown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use convoke_model::{ParticipantId, StreamId};

use crate::clock::Micros;
use crate::publisher::Window;
use crate::recorded::Recorded;
use crate::scenario::role::Medium;
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
    /// What went wrong outside the threads that hold connections.
    errors: Mutex<Vec<String>>,
    /// Messages that each publisher sent, by its number, and what they are.
    sent: Vec<AtomicU64>,
    mediums: Vec<Medium>,
    /// Who wants to present, by session: a participant's number, or 0.
    floors: Vec<AtomicU32>,
    /// The streams of the run's sessions.
    streams: Mutex<BTreeSet<StreamId>>,
    /// Whether accepted chat is kept, to be compared with the log.
    pub(crate) keeps_accepted: bool,
    /// Threads that have sent their last.
    silent: AtomicUsize,
    /// Messages that the server refused: publisher and counter.
    refused: Mutex<BTreeSet<(u32, u64)>>,
}

impl Control {
    pub(crate) fn new(
        threads: usize,
        mediums: Vec<Medium>,
        sessions: usize,
        interrupted: std::sync::Arc<AtomicBool>,
    ) -> Self {
        Self {
            phase: AtomicU8::new(Phase::Gather as u8),
            start: AtomicU64::new(Micros::MAX),
            end: AtomicU64::new(Micros::MAX),
            counts: (0..threads).map(|_| Counts::default()).collect(),
            watched: false,
            interrupted,
            failure: Mutex::new(None),
            errors: Mutex::default(),
            sent: mediums.iter().map(|_| AtomicU64::new(0)).collect(),
            mediums,
            floors: (0..sessions).map(|_| AtomicU32::new(0)).collect(),
            streams: Mutex::default(),
            keeps_accepted: false,
            silent: AtomicUsize::new(0),
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

    /// Something went wrong that does not end the run.
    pub(crate) fn error(&self, what: String) {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    pub(crate) fn take_errors(&self) -> Vec<String> {
        std::mem::take(&mut *self.errors.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Messages that the publisher of this number has sent.
    pub(crate) fn sent(&self, number: u32) -> u64 {
        self.sent.get(number as usize).map_or(0, |sent| sent.load(Ordering::Acquire))
    }

    pub(crate) fn set_sent(&self, number: u32, count: u64) {
        if let Some(sent) = self.sent.get(number as usize) {
            sent.store(count, Ordering::Release);
        }
    }

    pub(crate) fn is_chat(&self, number: u32) -> bool {
        self.mediums.get(number as usize).is_some_and(|medium| medium.is_chat())
    }

    /// Somebody needs to present before they can share a screen.
    pub(crate) fn want_floor(&self, session: u32, who: ParticipantId) {
        if let Some(floor) = self.floors.get(session as usize) {
            floor.store(who.0, Ordering::Release);
        }
    }

    /// Who needs to present.
    pub(crate) fn wanted_floor(&self, session: u32) -> Option<ParticipantId> {
        let who = self.floors.get(session as usize)?.load(Ordering::Acquire);
        (who > 0).then_some(ParticipantId(who))
    }

    /// A session of the run goes by this stream.
    pub(crate) fn know(&self, stream: StreamId) {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner).insert(stream);
    }

    pub(crate) fn streams(&self) -> BTreeSet<StreamId> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A thread has sent its last; whether all have.
    pub(crate) fn fall_silent(&self) {
        self.silent.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn all_silent(&self) -> bool {
        self.silent.load(Ordering::Acquire) >= self.counts.len()
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
