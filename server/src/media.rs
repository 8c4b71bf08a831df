//! Where media is kept: one file per session, sealed in stretches that become facts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use convoke_journal::disk::{Disk, RealDisk};
use convoke_journal::media::{self, MediaWriter, Stretch};
use convoke_model::meeting::recording::{Command, Gap, GapReason, Seal};
use convoke_model::{Millis, StreamId};
use convoke_wire::media::MediaHeader;

use crate::space::Space;
use crate::worker::{Media, Recordings};

/// How often a stretch is bound while media comes in.
const SEAL_EVERY_MS: u64 = 5000;

/// Syncs of all media files together in a second, so that the log's own syncs find room on the
/// disk however many sessions are recorded. Sealing syncs too, and is not held back.
const SYNCS_PER_SECOND: u64 = 50;
/// How far the budget may be saved up.
const SAVED_MS: u64 = 200;

struct Open {
    writer: MediaWriter,
    sealed: Millis,
}

/// How far the syncs of media are behind; cheap to look at, also while a sync hangs.
#[derive(Debug, Default)]
pub struct Unsynced {
    oldest: AtomicU64,
    syncs: AtomicU64,
}

impl Unsynced {
    /// When the oldest byte of media that is not durable yet was written.
    #[must_use]
    pub fn oldest(&self) -> Option<Millis> {
        Some(Millis(self.oldest.load(Ordering::Relaxed))).filter(|at| at.0 > 0)
    }

    /// Syncs done since the start, those of sealing left out.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }
}

/// Grants so many syncs in a second.
#[derive(Default)]
struct Budget {
    /// When the next one may be done, in ms.
    next: u64,
}

impl Budget {
    fn take(&mut self, now: u64) -> bool {
        let granted = now >= self.next;
        if granted {
            self.next = self.next.max(now.saturating_sub(SAVED_MS)) + 1000 / SYNCS_PER_SECOND;
        }
        granted
    }
}

#[derive(Default)]
struct Files {
    open: BTreeMap<StreamId, Open>,
    budget: Budget,
}

impl Files {
    /// The file whose unsynced bytes are the oldest, of those that may be synced again.
    fn next_to_sync(&self, now: u64) -> Option<StreamId> {
        let due = self.open.iter().filter(|(_, open)| open.writer.is_due(now));
        due.min_by_key(|(_, open)| open.writer.oldest_unsynced()).map(|(&stream, _)| stream)
    }

    fn oldest_unsynced(&self) -> u64 {
        let all = self.open.values().filter_map(|open| open.writer.oldest_unsynced());
        all.min().unwrap_or_default()
    }
}

/// The media folder of a data folder.
pub struct MediaFiles {
    data: PathBuf,
    disk: Arc<dyn Disk>,
    space: Arc<Space>,
    files: Mutex<Files>,
    unsynced: Arc<Unsynced>,
}

impl MediaFiles {
    /// The media of this data folder.
    #[must_use]
    pub fn new(data: &Path, space: Arc<Space>) -> Self {
        let (files, unsynced) = (Mutex::default(), Arc::default());
        Self { data: data.to_owned(), disk: Arc::new(RealDisk), space, files, unsynced }
    }

    /// How far the syncs are behind, to be looked at from elsewhere.
    #[must_use]
    pub fn unsynced(&self) -> Arc<Unsynced> {
        Arc::clone(&self.unsynced)
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Syncs what is due, the oldest first, as far as the budget goes.
    fn sync(&self, files: &mut Files, now: Millis) -> Vec<(StreamId, convoke_journal::Error)> {
        let mut failed = Vec::new();
        while let Some(stream) = files.next_to_sync(now.0)
            && files.budget.take(now.0)
        {
            let Some(open) = files.open.get_mut(&stream) else { break };
            match open.writer.sync_if_due(now.0) {
                Ok(_) => {
                    self.unsynced.syncs.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => {
                    files.open.remove(&stream);
                    failed.push((stream, error));
                }
            }
        }
        failed
    }

    fn writer(
        &self,
        stream: StreamId,
        sealed: u64,
        now: Millis,
        commands: &mut Recordings,
    ) -> std::io::Result<Open> {
        let opened = MediaWriter::open(&self.disk, &self.data, stream, sealed);
        let (writer, gap) = opened.map_err(std::io::Error::other)?;
        if let Some(gap) = gap {
            let from = Millis(gap.last_time);
            commands.push(Command::Gap(Gap { from, to: now, reason: GapReason::Crash }));
        }
        Ok(Open { writer, sealed: now })
    }
}

impl MediaFiles {
    /// When the oldest media came that is written and not synced.
    #[must_use]
    pub fn oldest_unsynced(&self) -> Option<Millis> {
        self.unsynced.oldest()
    }
}

impl Media for MediaFiles {
    fn append(
        &self,
        stream: StreamId,
        sealed: u64,
        batch: &[u8],
        now: Millis,
    ) -> std::io::Result<Recordings> {
        if self.space.is_very_low() {
            return Err(std::io::Error::from(std::io::ErrorKind::StorageFull));
        }
        let mut commands = Recordings::new();
        let mut files = self.files();
        let open = match files.open.remove(&stream) {
            Some(open) => open,
            None => self.writer(stream, sealed, now, &mut commands)?,
        };
        let open = files.open.entry(stream).or_insert(open);
        if let Err(error) = open.writer.write(&frames(batch), now.0) {
            // A writer that failed once writes no more; the next batch begins with a new one.
            files.open.remove(&stream);
            return Err(std::io::Error::other(error));
        }
        // Nothing that was just written is older than what waits already.
        if self.unsynced.oldest.load(Ordering::Relaxed) == 0 {
            let oldest = open.writer.oldest_unsynced().unwrap_or_default();
            self.unsynced.oldest.store(oldest, Ordering::Relaxed);
        }
        Ok(commands)
    }

    fn tick(&self, now: Millis) -> Vec<(StreamId, std::io::Result<Recordings>)> {
        let mut files = self.files();
        let mut said = Vec::new();
        for (&stream, open) in &mut files.open {
            if now.since(open.sealed) < SEAL_EVERY_MS {
                continue;
            }
            open.sealed = now;
            match open.writer.stretch(now.0) {
                Ok(None) => {}
                Ok(Some(stretch)) => said.push((stream, Ok(vec![seal(stretch)]))),
                Err(error) => said.push((stream, Err(std::io::Error::other(error)))),
            }
        }
        for (stream, error) in self.sync(&mut files, now) {
            said.push((stream, Err(std::io::Error::other(error))));
        }
        for (stream, result) in &said {
            if result.is_err() {
                files.open.remove(stream);
            }
        }
        self.unsynced.oldest.store(files.oldest_unsynced(), Ordering::Relaxed);
        said
    }

    fn close(&self, stream: StreamId, sealed: u64, now: Millis) -> std::io::Result<Recordings> {
        let mut commands = Recordings::new();
        let mut files = self.files();
        let open = match files.open.remove(&stream) {
            Some(open) => open,
            // What an earlier run of the server wrote may not be sealed yet.
            None if media::path(&self.data, stream).exists() => {
                self.writer(stream, sealed, now, &mut commands)?
            }
            None => return Ok(commands),
        };
        let last = open.writer.close(now.0).map_err(std::io::Error::other)?;
        commands.extend(last.map(seal));
        Ok(commands)
    }
}

/// The messages of a batch with their arrival.
fn frames(mut batch: &[u8]) -> Vec<(u64, &[u8])> {
    let mut frames = Vec::new();
    while let Some((len, rest)) = batch.split_first_chunk::<4>() {
        let len = u32::from_le_bytes(*len) as usize;
        let Some((message, after)) = rest.split_at_checked(len) else { break };
        let arrived = MediaHeader::read(message).map_or(0, |header| header.arrived.0);
        frames.push((arrived, message));
        batch = after;
    }
    frames
}

fn seal(stretch: Stretch) -> Command {
    let Stretch { file, from, to, sha256, times: (first, last) } = stretch;
    Command::Seal(Seal { file, from, to, sha256, first: Millis(first), last: Millis(last) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use convoke_model::{MeetingId, SessionNumber};

    fn stream(n: u32) -> StreamId {
        let meeting = MeetingId::new(20_000_000 + n).expect("eight digits");
        StreamId::session(meeting, SessionNumber(1))
    }

    fn batch() -> Vec<u8> {
        let message = [7; 40];
        [&40_u32.to_le_bytes()[..], &message].concat()
    }

    #[test]
    fn syncs_share_a_budget_over_all_sessions_and_nobody_is_forgotten() {
        const SESSIONS: u32 = 40;
        let dir = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir_all(dir.path().join("media")).expect("made");
        std::fs::create_dir_all(dir.path().join("quarantine")).expect("made");
        let media = MediaFiles::new(dir.path(), Arc::default());
        let unsynced = media.unsynced();
        assert_eq!(unsynced.oldest(), None);
        let mut oldest = 0;
        // Below what it takes to seal, so that every sync is one of the budget's.
        for now in (100_000..104_000).step_by(20).map(Millis) {
            for n in 0..SESSIONS {
                media.append(stream(n), 0, &batch(), now).expect("written");
            }
            assert!(media.tick(now).is_empty());
            oldest = oldest.max(unsynced.oldest().map_or(0, |at| now.since(at)));
        }
        // Each on its own would sync ten times a second: 1,600 in all.
        let syncs = unsynced.syncs();
        assert!((190..=215).contains(&syncs), "{syncs} syncs in four seconds");
        // Forty sessions take turns at fifty a second.
        assert!((700..=1000).contains(&oldest), "the oldest byte waited {oldest} ms");
        for n in 0..SESSIONS {
            media.close(stream(n), 0, Millis(104_000)).expect("closed");
        }
        assert!(media.tick(Millis(104_020)).is_empty());
        assert_eq!(unsynced.oldest(), None);
    }
}
