//! Where media is kept: one file per session, sealed in stretches that become facts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use convoke_journal::disk::{Disk, RealDisk};
use convoke_journal::media::{self, MediaWriter, Stretch};
use convoke_model::meeting::recording::{Command, Gap, GapReason, Seal};
use convoke_model::{Millis, StreamId};
use convoke_wire::media::MediaHeader;

use crate::space::Space;
use crate::worker::{Media, Recordings};

/// How often a stretch is bound while media comes in.
const SEAL_EVERY_MS: u64 = 5000;

struct Open {
    writer: MediaWriter,
    sealed: Millis,
}

/// The media folder of a data folder.
pub struct MediaFiles {
    data: PathBuf,
    disk: Arc<dyn Disk>,
    space: Arc<Space>,
    open: Mutex<BTreeMap<StreamId, Open>>,
}

impl MediaFiles {
    /// The media of this data folder.
    #[must_use]
    pub fn new(data: &Path, space: Arc<Space>) -> Self {
        let open = Mutex::default();
        Self { data: data.to_owned(), disk: Arc::new(RealDisk), space, open }
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
        let files = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        files.values().filter_map(|open| open.writer.oldest_unsynced()).min().map(Millis)
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
        let mut files = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let open = match files.remove(&stream) {
            Some(open) => open,
            None => self.writer(stream, sealed, now, &mut commands)?,
        };
        let open = files.entry(stream).or_insert(open);
        let written = open.writer.write(&frames(batch), now.0);
        if let Err(error) = written.and_then(|()| open.writer.sync_if_due(now.0).map(drop)) {
            // A writer that failed once writes no more; the next batch begins with a new one.
            files.remove(&stream);
            return Err(std::io::Error::other(error));
        }
        Ok(commands)
    }

    fn tick(&self, now: Millis) -> Vec<(StreamId, std::io::Result<Recordings>)> {
        let mut files = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut said = Vec::new();
        for (&stream, open) in files.iter_mut() {
            let due = now.since(open.sealed) >= SEAL_EVERY_MS;
            let done = if due {
                open.sealed = now;
                open.writer.stretch(now.0)
            } else {
                open.writer.sync_if_due(now.0).map(|_| None)
            };
            match done {
                Ok(None) => {}
                Ok(Some(stretch)) => said.push((stream, Ok(vec![seal(stretch)]))),
                Err(error) => said.push((stream, Err(std::io::Error::other(error)))),
            }
        }
        for (stream, result) in &said {
            if result.is_err() {
                files.remove(stream);
            }
        }
        said
    }

    fn close(&self, stream: StreamId, sealed: u64, now: Millis) -> std::io::Result<Recordings> {
        let mut commands = Recordings::new();
        let mut files = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let open = match files.remove(&stream) {
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
