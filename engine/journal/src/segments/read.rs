//! Reading: the index says where, the block is checked, every entry is checked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use convoke_model::StreamId;
use convoke_wire::entry::EntryRef;

use super::shared::Shared;
use super::shown;
use crate::block::{self, BLOCK_BYTES_MAX, BLOCK_HEADER_BYTES, Block, BlockHeader};
use crate::disk::{Mode, read_up_to};
use crate::journal::{Head, LogReader, Run, Tail};
use crate::locations::Location;
use crate::scan::{Scan, Step};
use crate::segment;
use crate::{Damage, Error};

/// Reads the log in segment files; cheap to clone, any number at once.
#[derive(Clone, Debug)]
pub(super) struct SharedReader(pub(super) Arc<Shared>);

impl LogReader for SharedReader {
    fn index_lag(&self) -> Duration {
        self.0.index_lag()
    }

    fn tail(&self, stream: StreamId) -> Tail {
        self.0.state().tails.get(&stream).copied().unwrap_or_default()
    }

    fn read(&self, stream: StreamId, from_seq: u64, max_bytes: usize) -> Result<Run, Error> {
        let (last, next) = (self.tail(stream).seq, from_seq.max(1));
        let mut want = Want { stream, next, last, max_bytes, run: Run::default(), full: false };
        while want.next <= last && !want.full {
            match self.0.read_block(&mut want) {
                Ok(()) => {}
                Err(error) if want.run.entries.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        Ok(want.run)
    }

    fn streams(&self) -> Vec<(StreamId, Tail)> {
        self.0.state().tails.iter().map(|(&stream, &tail)| (stream, tail)).collect()
    }

    fn head(&self) -> Head {
        self.0.head()
    }
}

/// What a reader asked for, and what it has so far.
struct Want {
    stream: StreamId,
    /// The seq that comes next.
    next: u64,
    last: u64,
    max_bytes: usize,
    run: Run,
    full: bool,
}

impl Want {
    /// Takes what a block holds. `Ok(false)` when the next entry is not in it.
    fn take(&mut self, line: &Location, bytes: &[u8]) -> Result<bool, Error> {
        let before = self.next;
        for (place, entry) in sound(bytes, self.stream) {
            let seq = self.next;
            if entry.header.seq != seq || seq > self.last {
                continue;
            }
            let erased = !entry.payload_is_sound();
            if erased && !entry.is_erased() {
                let what = "a payload does not match its digest";
                let damage = Damage::at(shown(line.segment), line.offset, what);
                return Err(Error::Damaged(damage.of(self.stream, seq, seq)));
            }
            let size = self.run.bytes.len() + entry.bytes.len();
            if !self.run.entries.is_empty() && size > self.max_bytes {
                self.full = true;
                return Ok(true);
            }
            self.run.push(seq, place, erased, entry.bytes);
            self.next += 1;
        }
        self.full = self.run.bytes.len() >= self.max_bytes;
        Ok(self.next > before)
    }
}

impl Shared {
    /// Adds what the block of the next entry holds.
    fn read_block(&self, want: &mut Want) -> Result<(), Error> {
        let line = self.find(want.stream, want.next);
        if let Some(line) = line
            && let Ok(bytes) = self.block_at(&line)
            && want.take(&line, &bytes)?
        {
            return Ok(());
        }
        // The index may be wrong, or the block is damaged: the segments decide.
        match self.search(want.stream, want.next)? {
            Some((line, bytes)) if want.take(&line, &bytes)? => Ok(()),
            _ => Err(Error::Damaged(self.missing(want.stream, want.next, want.last, line))),
        }
    }

    /// The bytes of the block at a location, as they are.
    pub(super) fn block_at(&self, line: &Location) -> Result<Vec<u8>, Error> {
        let path = segment::path(&self.data, line.segment);
        let file = self.disk.open(&path, Mode::Read).map_err(Error::io("open", &path))?;
        let read = |at, length| read_up_to(&*file, at, length).map_err(Error::io("read", &path));
        let head = read(line.offset, BLOCK_HEADER_BYTES)?;
        let length = BlockHeader::read(&head).map_or(0, |header| header.length);
        read(line.offset, length.min(BLOCK_BYTES_MAX))
    }

    /// Looks through all segments for an entry; slow, and only when the index does not help.
    pub(super) fn search(
        &self,
        stream: StreamId,
        seq: u64,
    ) -> Result<Option<(Location, Vec<u8>)>, Error> {
        let has = |bytes: &[u8]| sound(bytes, stream).iter().any(|(_, e)| e.header.seq == seq);
        let found = self.walk(|_, _, bytes| has(bytes))?;
        Ok(found.map(|(segment, offset, bytes)| {
            let seqs: Vec<u64> = sound(&bytes, stream).iter().map(|(_, e)| e.header.seq).collect();
            (Location { segment, offset, first: seqs[0], count: seqs.len() as u32 }, bytes)
        }))
    }

    /// Finds every entry's location anew from the segments: the index has lost them.
    pub(super) fn locate_all(&self) {
        let _ =
            self.walk(|segment, offset, bytes| {
                let Ok(block) = Block::read(bytes) else { return false };
                let mut lines: BTreeMap<StreamId, Location> = BTreeMap::new();
                for placed in &block.entries {
                    let header = &placed.entry.header;
                    let first = header.seq;
                    lines
                        .entry(header.stream)
                        .and_modify(|line| line.count += 1)
                        .or_insert(Location { segment, offset, first, count: 1 });
                }
                self.locations.add(lines);
                false
            });
    }

    /// The exact range that is missing from `seq` on.
    fn missing(&self, stream: StreamId, seq: u64, last: u64, line: Option<Location>) -> Damage {
        let mut after = last + 1;
        let _ = self.walk(|_, _, bytes| {
            for (_, entry) in sound(bytes, stream) {
                if entry.header.seq > seq {
                    after = after.min(entry.header.seq);
                }
            }
            false
        });
        let (file, offset) =
            line.map_or((String::from("log"), 0), |l| (shown(l.segment), l.offset));
        Damage::at(file, offset, "entries cannot be read").of(stream, seq, after - 1)
    }

    /// Goes through all blocks that can be read until `found` says so; the block it stopped at.
    fn walk(
        &self,
        mut found: impl FnMut(u64, u64, &[u8]) -> bool,
    ) -> Result<Option<(u64, u64, Vec<u8>)>, Error> {
        let (last, end) = {
            let state = self.state();
            (state.segment, state.offset)
        };
        for number in 1..=last {
            let end = (number == last).then_some(end);
            let Ok(mut scan) = Scan::open(&*self.disk, &self.data, number, None, end) else {
                continue;
            };
            loop {
                match scan.step()? {
                    Step::Block(at, bytes) if found(number, at, &bytes) => {
                        return Ok(Some((number, at, bytes)));
                    }
                    Step::Block(..) => {}
                    Step::Bad(at) if scan.resync(at)? => {}
                    Step::Bad(_) | Step::End(_) => break,
                }
            }
        }
        Ok(None)
    }
}

/// The stream's entries of a block that can be trusted, with their places: all of a whole block, of
/// a damaged one those whose header matches the directory.
pub(super) fn sound(bytes: &[u8], stream: StreamId) -> Vec<(u64, EntryRef<'_>)> {
    if let Ok(block) = Block::read(bytes) {
        let mine = block.entries.iter().filter(|placed| placed.entry.header.stream == stream);
        return mine.map(|placed| (placed.place, placed.entry)).collect();
    }
    let mine = block::salvage(bytes).into_iter();
    mine.filter(|(_, _, entry)| entry.header.stream == stream)
        .map(|(place, _, entry)| (place, entry))
        .collect()
}
