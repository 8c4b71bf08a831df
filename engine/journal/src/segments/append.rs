//! Writing: one block, one write, one data sync; then the tails move on.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::Options;
use super::quarantine::{Lock, cut_torn, move_unborn};
use super::read::SharedReader;
use super::recover::Recovered;
use super::shared::Shared;
use super::upkeep::Upkeep;
use super::witnessing::Witnessing;
use crate::disk::{DiskFile, Mode, write_all};
use crate::fence;
use crate::journal::{Durable, Journal, LogReader};
use crate::keys::NodeKey;
use crate::locations::Location;
use crate::segment::{self, SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::witness::WitnessFile;
use crate::{AppendError, Error, block};

/// The log in segment files, open for writing by its one writer.
pub struct Segments {
    pub(super) options: Options,
    pub(super) shared: Arc<Shared>,
    epoch: u32,
    /// The segment being written; none until the first append after opening.
    file: Option<Box<dyn DiskFile>>,
    pub(super) witnessing: Witnessing,
    upkeep: Upkeep,
    key: Arc<NodeKey>,
    closed: bool,
    _lock: Lock,
}

impl std::fmt::Debug for Segments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Segments").field(&self.shared).finish()
    }
}

impl Segments {
    /// Takes over: one epoch more, witnessed before anything is written.
    pub(super) fn start(
        options: &Options,
        found: Recovered,
        lock: impl Into<Lock>,
    ) -> Result<Self, Error> {
        let (disk, data) = (&*options.disk, &options.data);
        let mut state = found.state;
        if let Some(number) = found.unborn {
            move_unborn(options, number, state.epoch)?;
        }
        if let Some(torn) = &found.torn {
            cut_torn(options, state.segment, state.offset, torn)?;
        }
        let key = Arc::new(NodeKey::load_or_make(disk, data, options.node_seed)?);
        state.epoch += 1;
        let epoch = state.epoch;
        let mut witness = WitnessFile::open(disk, data, found.witness_number)?;
        witness.write(state.witness(false))?;
        let shared = Arc::new(Shared {
            data: data.clone(),
            disk: Arc::clone(&options.disk),
            state: state.into(),
            locations: found.locations,
            index: found.index,
            indexed: Mutex::new(Instant::now()),
            stopped: AtomicBool::new(false),
        });
        let witnessing = if options.background {
            Witnessing::thread(witness, Arc::clone(&shared))?
        } else {
            Witnessing::inline(witness)
        };
        let every = options.background.then_some(Duration::from_secs(1));
        let upkeep = Upkeep::start(Arc::clone(&shared), Arc::clone(&key), every)?;
        let (options, lock) = (options.clone(), lock.into());
        let file = None;
        Ok(Self {
            options,
            shared,
            epoch,
            file,
            witnessing,
            upkeep,
            key,
            closed: false,
            _lock: lock,
        })
    }

    /// The key that signs this node's checkpoints.
    #[must_use]
    pub fn key(&self) -> &NodeKey {
        &self.key
    }

    /// Brings the index up to the log and writes a checkpoint; threads do it every second.
    ///
    /// # Errors
    /// What the disk said about the checkpoint. The log goes on.
    pub fn tidy(&mut self) -> Result<(), Error> {
        self.upkeep.now(false)
    }

    /// The block goes into the segment being written, or into a new one where it does not fit.
    fn write(&mut self, block: &[u8]) -> Result<(), Error> {
        let (segment, offset) = {
            let state = self.shared.state();
            (state.segment, state.offset)
        };
        let fits = offset + block.len() as u64 <= self.options.segment_bytes;
        if self.file.is_none() || (!fits && offset > SEGMENT_HEADER_BYTES as u64) {
            self.roll(segment, offset, block.len() as u64)?;
        }
        let (segment, offset) = {
            let state = self.shared.state();
            (state.segment, state.offset)
        };
        let path = segment::path(&self.options.data, segment);
        let file = self.file.as_deref().ok_or(Error::Stopped)?;
        write_all(file, block, offset).map_err(Error::io("write", &path))?;
        file.sync_data().map_err(Error::io("sync", &path))
    }

    /// Seals the last segment (its unused space is given back) and begins the next one.
    fn roll(&mut self, last: u64, end: u64, block: u64) -> Result<(), Error> {
        let (disk, data) = (&*self.options.disk, &self.options.data);
        self.file = None;
        if last > 0 {
            seal(&self.options, last, end)?;
        }
        let header = SegmentHeader {
            node: self.key.node_id(),
            number: last + 1,
            previous_end: end,
            epoch: self.epoch,
            tree: self.shared.state().tree.clone(),
        };
        let path = segment::path(data, header.number);
        let begin = SEGMENT_HEADER_BYTES as u64;
        let file = disk.open(&path, Mode::New).map_err(Error::io("create", &path))?;
        let space = self.options.segment_bytes.max(begin + block);
        file.reserve(space).map_err(Error::io("reserve", &path))?;
        write_all(&*file, &header.to_bytes(), 0).map_err(Error::io("write", &path))?;
        file.sync_data().map_err(Error::io("sync", &path))?;
        let folder = segment::folder(data);
        disk.sync_folder(&folder).map_err(Error::io("sync", &folder))?;
        self.file = Some(file);
        let mut state = self.shared.state_mut();
        state.segment = header.number;
        state.offset = begin;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Error> {
        self.upkeep.stop();
        if self.shared.is_stopped() {
            return Err(Error::Stopped);
        }
        self.witnessing.flush()?;
        if self.file.take().is_some() {
            let (segment, offset) = {
                let state = self.shared.state();
                (state.segment, state.offset)
            };
            seal(&self.options, segment, offset)?;
        }
        let witness = self.shared.state().witness(true);
        self.witnessing.offer(witness);
        self.witnessing.flush()?;
        self.upkeep.now(true)
    }
}

/// Gives back the space behind the end of a segment.
fn seal(options: &Options, number: u64, end: u64) -> Result<(), Error> {
    let path = segment::path(&options.data, number);
    let file = options.disk.open(&path, Mode::Write).map_err(Error::io("open", &path))?;
    if file.length().map_err(Error::io("read", &path))? > end {
        file.truncate(end).map_err(Error::io("truncate", &path))?;
        file.sync_data().map_err(Error::io("sync", &path))?;
    }
    Ok(())
}

impl Journal for Segments {
    fn append(&mut self, parts: &[&[u8]]) -> Result<Durable, AppendError> {
        if self.shared.is_stopped() {
            return Err(AppendError::Failed(Error::Stopped));
        }
        let (admitted, first) = {
            let state = self.shared.state();
            let tail_of = |stream| state.tails.get(&stream).copied().unwrap_or_default();
            (fence::admit(parts, self.epoch, tail_of)?, state.tree.size())
        };
        let block = block::write(parts, &admitted.leaves, first);
        let written = self.witnessing.before_append().and_then(|()| self.write(&block));
        if let Err(error) = written {
            self.shared.stop();
            return Err(AppendError::Failed(error));
        }
        let (witness, size) = {
            let mut state = self.shared.state_mut();
            let (segment, offset) = (state.segment, state.offset);
            self.shared.locations.add(admitted.tails.iter().map(
                |(&stream, &(_, first, count))| {
                    (stream, Location { segment, offset, first, count })
                },
            ));
            state.tails.extend(admitted.tails.iter().map(|(&stream, &(tail, ..))| (stream, tail)));
            admitted.leaves.iter().for_each(|&leaf| state.tree.push(leaf));
            state.offset += block.len() as u64;
            (state.witness(false), state.tree.size())
        };
        self.witnessing.offer(witness);
        self.upkeep.wrote(block.len() as u64);
        Ok(Durable { epoch: self.epoch, first, size })
    }

    fn reader(&self) -> Arc<dyn LogReader> {
        Arc::new(SharedReader(Arc::clone(&self.shared)))
    }

    fn epoch(&self) -> u32 {
        self.epoch
    }

    fn checkpoint(&mut self) -> Result<(), Error> {
        self.witnessing.flush()?;
        self.upkeep.now(true)
    }

    fn close(mut self: Box<Self>) -> Result<(), Error> {
        self.closed = true;
        self.finish()
    }
}

impl Drop for Segments {
    fn drop(&mut self) {
        if !self.closed {
            self.upkeep.stop();
        }
    }
}
