//! A log that lost something: it can be read, and somebody has to decide before it is written
//! again.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use convoke_model::StreamId;

use super::append::Segments;
use super::read::SharedReader;
use super::recover::Recovered;
use super::shared::{Shared, State};
use super::{Options, keep_aside};
use crate::block::{Block, salvage};
use crate::disk::{Mode, read_up_to};
use crate::journal::{Journal, LogReader, Tail};
use crate::scan::{Scan, Step};
use crate::{AppendError, Damage, Error, checkpoint, segment};

/// Seqs of a stream that were accepted once and lie beyond where the log can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLoss {
    /// The stream.
    pub stream: StreamId,
    /// First seq that is lost.
    pub from: u64,
    /// Last seq that is known to be lost; there may have been more.
    pub to: u64,
}

/// Why a log must not be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Something before the end is not what was written.
    Damaged {
        /// The first such place.
        damage: Damage,
        /// What lies behind it.
        streams: Vec<StreamLoss>,
    },
    /// The log ends too early.
    Missing {
        /// Who knows of more: head witness, last checkpoint or index.
        by: &'static str,
        /// Entries that can be read.
        size: u64,
        /// Entries that were durable.
        known: u64,
        /// What is missing, as far as something remembers it.
        streams: Vec<StreamLoss>,
    },
    /// There are segments but no head witness, so nobody knows whether they are all.
    WitnessLost,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let streams = match self {
            Self::Damaged { damage, streams } => {
                write!(f, "the log is damaged: {damage}")?;
                streams
            }
            Self::Missing { by, size, known, streams } => {
                write!(f, "the log ends after {size} entries, but the {by} knows of {known}")?;
                streams
            }
            Self::WitnessLost => {
                return f.write_str("the head witness (log/witness) is missing or damaged");
            }
        };
        for StreamLoss { stream, from, to } in streams {
            write!(f, "; stream {stream}: seq {from} to {to}")?;
        }
        Ok(())
    }
}

/// A log in quarantine. Nothing on disk has been changed.
#[derive(Debug)]
pub struct Quarantine {
    options: Options,
    shared: Arc<Shared>,
    reason: Reason,
    witness_number: u64,
    lock: Lock,
}

/// The writer's lock of a data folder.
pub(super) struct Lock(#[expect(dead_code, reason = "held, never looked at")] Box<dyn Send + Sync>);

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lock")
    }
}

impl From<Box<dyn Send + Sync>> for Lock {
    fn from(lock: Box<dyn Send + Sync>) -> Self {
        Self(lock)
    }
}

/// What the caller needs to write the `loss` fact: the first entry of the new epoch.
#[derive(Clone, Copy, Debug)]
pub struct Loss<'a> {
    /// The epoch the entry must carry.
    pub epoch: u32,
    /// The end of the site stream; the entry's seq is one more.
    pub site: Tail,
    /// Entries that can be read.
    pub size: u64,
    /// What was lost.
    pub reason: &'a Reason,
}

impl Quarantine {
    pub(super) fn new(options: Options, found: Recovered, lock: Box<dyn Send + Sync>) -> Self {
        let shared = Arc::new(Shared {
            data: options.data.clone(),
            disk: Arc::clone(&options.disk),
            state: found.state.into(),
            locations: found.locations,
            index: found.index,
            indexed: Mutex::new(Instant::now()),
            stopped: AtomicBool::new(true),
        });
        let reason = found.reason.unwrap_or(Reason::WitnessLost);
        Self { options, shared, reason, witness_number: found.witness_number, lock: lock.into() }
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// Reads what can be read.
    #[must_use]
    pub fn reader(&self) -> Arc<dyn LogReader> {
        Arc::new(SharedReader(Arc::clone(&self.shared)))
    }

    /// Gives up what cannot be read and makes the log writable under a new epoch. What lies behind
    /// the readable part is moved to `quarantine/`, never deleted. `write_loss` encodes the `loss`
    /// fact on the site stream; it is appended before this returns. Readers must be dropped before.
    ///
    /// # Errors
    /// What the disk said (try again), or that the entry was refused.
    pub fn accept_loss(
        self,
        write_loss: impl FnOnce(&Loss<'_>) -> Vec<u8>,
    ) -> Result<Segments, AppendError> {
        self.cut()?;
        let shared = self.shared;
        if let Some(index) = &shared.index {
            index.restart();
        }
        let shared = Arc::into_inner(shared).ok_or(Error::Stopped)?;
        let found = Recovered {
            state: shared.state.into_inner().unwrap_or_else(PoisonError::into_inner),
            locations: shared.locations,
            index: shared.index,
            witness_number: self.witness_number,
            ..Recovered::default()
        };
        let mut segments = Segments::start(&self.options, found, self.lock)?;
        let site = segments.reader().tail(StreamId::SITE);
        let size = segments.reader().head().size;
        let loss = Loss { epoch: segments.epoch(), site, size, reason: &self.reason };
        let entry = write_loss(&loss);
        segments.append(&[&entry])?;
        Ok(segments)
    }

    /// Moves everything behind the readable part aside: last segment first, so that a stop in
    /// between leaves a log that is still found to be in quarantine.
    fn cut(&self) -> Result<(), Error> {
        let (disk, data) = (&*self.options.disk, &self.options.data);
        let (last, end, size) = {
            let state = self.shared.state();
            (state.segment, state.offset, state.tree.size())
        };
        checkpoint::set_aside(disk, data, size)?;
        let folder = segment::folder(data);
        for number in segment::numbers(disk, data)?.into_iter().rev() {
            let path = segment::path(data, number);
            if number > last {
                let epoch = self.shared.state().epoch;
                let aside = data
                    .join("quarantine")
                    .join(format!("{}.epoch-{epoch}", segment::name(number)));
                disk.rename(&path, &aside).map_err(Error::io("move", &path))?;
            } else if number == last {
                let file = disk.open(&path, Mode::Write).map_err(Error::io("open", &path))?;
                let rest = read_up_to(&*file, end, usize::MAX).map_err(Error::io("read", &path))?;
                if rest.iter().any(|&byte| byte != 0) {
                    keep_aside(
                        &self.options,
                        &format!("{}.from-{end}", segment::name(number)),
                        &rest,
                    )?;
                }
                file.truncate(end).map_err(Error::io("truncate", &path))?;
                file.sync_data().map_err(Error::io("sync", &path))?;
            }
        }
        disk.sync_folder(&folder).map_err(Error::io("sync", &folder))
    }
}

/// What lies behind the readable part: from the index's tails and from entries that can still be
/// read.
pub(super) fn lost_beyond(
    options: &Options,
    state: &State,
    tails: &BTreeMap<StreamId, Tail>,
) -> Result<Vec<StreamLoss>, Error> {
    let mut highest: BTreeMap<StreamId, u64> =
        tails.iter().map(|(&stream, tail)| (stream, tail.seq)).collect();
    let mut see = |stream: StreamId, seq: u64| {
        let high = highest.entry(stream).or_default();
        *high = seq.max(*high);
    };
    for number in segment::numbers(&*options.disk, &options.data)? {
        if number < state.segment {
            continue;
        }
        let from = (number == state.segment && state.offset > 0).then_some(state.offset);
        let mut scan = Scan::open(&*options.disk, &options.data, number, from, None)?;
        loop {
            match scan.step()? {
                Step::Block(_, bytes) => match Block::read(&bytes) {
                    Ok(block) => block.entries.iter().for_each(|placed| {
                        see(placed.entry.header.stream, placed.entry.header.seq);
                    }),
                    Err(_) => salvage(&bytes).iter().for_each(|(_, _, entry)| {
                        see(entry.header.stream, entry.header.seq);
                    }),
                },
                Step::Bad(at) if scan.resync(at)? => {}
                Step::Bad(_) | Step::End(_) => break,
            }
        }
    }
    let losses = highest.into_iter().filter_map(|(stream, to)| {
        let from = state.tails.get(&stream).map_or(0, |tail| tail.seq) + 1;
        (from <= to).then_some(StreamLoss { stream, from, to })
    });
    Ok(losses.collect())
}

/// Keeps the bytes of a write that never finished, and cuts them off.
pub(super) fn cut_torn(options: &Options, number: u64, end: u64, torn: &[u8]) -> Result<(), Error> {
    let path = segment::path(&options.data, number);
    let used = torn.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    keep_aside(options, &format!("{}.from-{end}", segment::name(number)), &torn[..used])?;
    let file = options.disk.open(&path, Mode::Write).map_err(Error::io("open", &path))?;
    file.truncate(end).map_err(Error::io("truncate", &path))?;
    file.sync_data().map_err(Error::io("sync", &path))
}

/// Moves a last segment that never got its header aside.
pub(super) fn move_unborn(options: &Options, number: u64, epoch: u32) -> Result<(), Error> {
    let (disk, data) = (&*options.disk, &options.data);
    let path = segment::path(data, number);
    let name = format!("{}.unborn-{epoch}", segment::name(number));
    disk.rename(&path, &data.join("quarantine").join(name)).map_err(Error::io("move", &path))?;
    let folder = segment::folder(data);
    disk.sync_folder(&folder).map_err(Error::io("sync", &folder))
}
