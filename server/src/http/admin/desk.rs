//! What the console needs beside what every page has: the data folder, the alarms of late, and
//! the policies.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use convoke_journal::LogReader;
use convoke_model::site::alarm::Alarm;
use convoke_model::{Millis, StreamId, site};
use convoke_wire::codec;
use convoke_wire::entry::EntryRef;

use super::live::Watching;
use crate::folder::Folder;
use crate::policy;

/// Alarms that are remembered.
const ALARMS_MAX: usize = 20;
/// Facts before the newest that are looked through for alarms at first.
const FACTS_MAX: u64 = 20_000;
/// Bytes of the log that are read at once.
const READ_BYTES: usize = 1 << 20;
/// Readings of the log for the console that go on at once.
const READINGS_MAX: usize = 2;

/// Connections that are tried at once.
const TRIES_MAX: usize = 2;

/// What the console needs.
pub(in crate::http) struct Desk {
    pub(super) folder: Folder,
    pub(super) policies: OnceLock<Arc<policy::Desk>>,
    pub(super) readings: tokio::sync::Semaphore,
    pub(super) trying: tokio::sync::Semaphore,
    pub(super) watching: Watching,
    alarms: Mutex<Alarms>,
}

#[derive(Default)]
struct Alarms {
    /// The next fact of the site to look at; 0 before the first look.
    next: u64,
    late: VecDeque<(u64, Millis, Alarm)>,
}

impl Desk {
    pub(in crate::http) fn new(folder: Folder) -> Self {
        Self {
            folder,
            policies: OnceLock::new(),
            readings: tokio::sync::Semaphore::new(READINGS_MAX),
            trying: tokio::sync::Semaphore::new(TRIES_MAX),
            watching: Watching::default(),
            alarms: Mutex::default(),
        }
    }

    /// Takes in what is there once the server runs.
    pub(in crate::http) fn open(&self, policies: Option<Arc<policy::Desk>>) {
        // Said once, at the start.
        if let Some(policies) = policies {
            let _ = self.policies.set(policies);
        }
    }

    /// The alarms of late, the newest first. Reads what the log has since the last look.
    pub(super) fn alarms(&self, log: &dyn LogReader) -> Vec<(u64, Millis, Alarm)> {
        let mut alarms = self.alarms.lock().unwrap_or_else(PoisonError::into_inner);
        let tail = log.tail(StreamId::SITE).seq;
        if alarms.next == 0 {
            alarms.next = tail.saturating_sub(FACTS_MAX) + 1;
        }
        while alarms.next <= tail {
            let Ok(run) = log.read(StreamId::SITE, alarms.next, READ_BYTES) else { break };
            let Some(last) = run.entries.last().map(|entry| entry.seq) else { break };
            for (stored, bytes) in run.iter() {
                let record =
                    EntryRef::read(bytes).ok().map(|entry| codec::decode::<site::Event>(&entry));
                if let Some(Ok(record)) = record
                    && let site::Event::Alarm(alarm) = record.event
                {
                    alarms.late.push_front((stored.seq, record.time, alarm));
                    alarms.late.truncate(ALARMS_MAX);
                }
            }
            alarms.next = last + 1;
        }
        alarms.late.iter().cloned().collect()
    }
}
