//! The work that gets broken: a log that is written by a seed, and what was accepted of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use convoke_model::StreamId;

use super::Random;
use crate::conformance::{fact, stream};
use crate::disk::Disk;
use crate::journal::{Journal, LogReader};
use crate::segments::{Opened, Options, Segments, open};
use crate::{AppendError, Error};

/// The data folder on every disk in memory.
pub(super) const DATA: &str = "/data";

/// What clients were told: the bytes of every accepted entry, by stream, in order.
pub(super) type Accepted = BTreeMap<StreamId, Vec<Vec<u8>>>;

pub(super) fn options(disk: impl Disk + 'static) -> Options {
    Options::quiet(Path::new(DATA), Arc::new(disk), 12 << 10)
}

/// A log being written, with what was accepted and the last batch that was not.
#[derive(Default)]
pub(super) struct World {
    pub(super) accepted: Accepted,
    /// The batch in flight when things broke: it may be there whole, or not at all.
    pub(super) doubtful: Vec<(StreamId, Vec<u8>)>,
}

impl World {
    /// Takes what may have arrived of the batch in doubt for accepted, as a restarted server does.
    pub(super) fn settle(&mut self, reader: &dyn LogReader) -> Result<(), String> {
        let doubtful = std::mem::take(&mut self.doubtful);
        let count_of = |world: &Self, id| world.accepted.get(&id).map_or(0, Vec::len) as u64;
        let mut found = 0;
        for (id, bytes) in &doubtful {
            let next = count_of(self, *id) + 1;
            if reader.tail(*id).seq >= next {
                self.accepted.entry(*id).or_default().push(bytes.clone());
                found += 1;
            }
        }
        if found != 0 && found != doubtful.len() {
            return Err(format!("{found} of a batch of {} are there", doubtful.len()));
        }
        Ok(())
    }

    /// One batch of one to five entries on up to four streams.
    pub(super) fn append(
        &mut self,
        log: &mut Segments,
        random: &mut Random,
    ) -> Result<(), AppendError> {
        let mut ahead: BTreeMap<StreamId, u64> = BTreeMap::new();
        let mut batch = Vec::new();
        for _ in 0..=random.below(5) {
            let id = match random.below(4) {
                0 => StreamId::SITE,
                n => stream(n as u32),
            };
            let known = self.accepted.get(&id).map_or(0, Vec::len) as u64;
            let next = ahead.entry(id).or_insert(known);
            *next += 1;
            let size = if random.below(8) == 0 { 3000 } else { random.below(300) };
            batch.push((id, fact(id, log.epoch(), *next, size as usize)));
        }
        let parts: Vec<&[u8]> = batch.iter().map(|(_, bytes)| bytes.as_slice()).collect();
        match log.append(&parts) {
            Ok(_) => {
                for (id, bytes) in batch {
                    self.accepted.entry(id).or_default().push(bytes);
                }
                Ok(())
            }
            Err(error) => {
                self.doubtful = batch;
                Err(error)
            }
        }
    }

    /// Writes until something fails: two lives of the log, with checkpoints.
    pub(super) fn live(&mut self, options: &Options, random: &mut Random) -> Result<(), Error> {
        for life in 0..2 {
            let Opened::Ready(mut log) = open(options)? else { return Err(Error::Stopped) };
            self.settle(&*log.reader()).map_err(Error::Format)?;
            for batch in 0..12 {
                match self.append(&mut log, random) {
                    Ok(()) => {}
                    Err(AppendError::Refused(refused)) => {
                        return Err(Error::Format(format!("refused: {refused}")));
                    }
                    Err(AppendError::Failed(error)) => {
                        let id = stream(9);
                        let again = log.append(&[&fact(id, log.epoch(), 1, 10)]);
                        if again.is_ok() {
                            let what = "accepted after a failed commit";
                            return Err(Error::Format(String::from(what)));
                        }
                        return Err(error);
                    }
                }
                if batch % 5 == 4 {
                    log.tidy()?;
                }
            }
            if life == 0 {
                Box::new(log).close()?;
            }
        }
        Ok(())
    }

    /// Compares a log with what was accepted: everything is there, byte for byte, and nothing else.
    pub(super) fn compare(&self, reader: &dyn LogReader) -> Result<(), String> {
        for (id, tail) in reader.streams() {
            let known = self.accepted.get(&id).map_or(0, Vec::len) as u64;
            if tail.seq > known {
                return Err(format!("stream {id} has {} entries, {known} were written", tail.seq));
            }
        }
        for (&id, entries) in &self.accepted {
            let run = read_all(reader, id).map_err(|error| format!("stream {id}: {error}"))?;
            if run.len() < entries.len() {
                return Err(format!("stream {id}: {} of {} entries", run.len(), entries.len()));
            }
            if let Some(at) = run.iter().zip(entries).position(|(a, b)| a != b) {
                return Err(format!("stream {id}: seq {} is another", at + 1));
            }
        }
        Ok(())
    }
}

/// All entries of a stream, in several reads.
pub(super) fn read_all(reader: &dyn LogReader, id: StreamId) -> Result<Vec<Vec<u8>>, Error> {
    let mut all = Vec::new();
    loop {
        let run = reader.read(id, all.len() as u64 + 1, 2000)?;
        if run.entries.is_empty() {
            return Ok(all);
        }
        all.extend(run.iter().map(|(_, bytes)| bytes.to_vec()));
    }
}
