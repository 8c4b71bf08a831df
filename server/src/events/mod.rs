//! The log as events: what others are told of what happens here, in the order in which it became
//! durable. One cursor over everything: the place of the next entry in the node's order.

mod event;
mod filter;
mod words;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use convoke_journal::order::{OrderReader, Spot};
use convoke_journal::{Error, LogReader};
use convoke_model::{Position, StreamId, site};
use convoke_wire::codec;
use convoke_wire::entry::EntryRef;
use tokio::sync::watch;

pub use event::{Event, Shown, stream_name, stream_of};
pub use filter::Filter;
pub use words::WORDS;

/// Places that are remembered with where they lie, so that a caller who comes back is answered
/// without a look through a segment.
const SPOTS_MAX: usize = 256;

/// The log as events.
pub struct EventLog {
    data: PathBuf,
    log: Arc<dyn LogReader>,
    /// Entries that are durable.
    size: watch::Receiver<u64>,
    spots: Mutex<VecDeque<(u64, Spot)>>,
}

/// As much as is read at once.
#[derive(Clone, Copy, Debug)]
pub struct Portion {
    /// Events that are told.
    pub events_max: usize,
    /// Bytes of the log that are looked through, in whole blocks.
    pub bytes_max: usize,
}

/// What was read.
#[derive(Debug, Default)]
pub struct Page {
    /// What is told, in order.
    pub events: Vec<Event>,
    /// Place of the entry to go on with.
    pub next: u64,
    /// The entry in front of that place, when it was looked at.
    pub last: Option<(StreamId, Position)>,
    /// Whether more of the log was there already.
    pub more: bool,
}

impl EventLog {
    /// The log of a data folder; `size` says how many entries are durable.
    #[must_use]
    pub fn new(data: &Path, log: Arc<dyn LogReader>, size: watch::Receiver<u64>) -> Self {
        Self { data: data.to_owned(), log, size, spots: Mutex::default() }
    }

    /// Entries that are durable: the place of the next one.
    #[must_use]
    pub fn size(&self) -> u64 {
        *self.size.borrow()
    }

    /// Tells when there are more.
    #[must_use]
    pub fn growth(&self) -> watch::Receiver<u64> {
        self.size.clone()
    }

    /// What there is from a place on. Reads from the disk on the thread of the caller.
    ///
    /// # Errors
    /// When the log cannot be read there.
    pub fn read(&self, place: u64, filter: &Filter, portion: Portion) -> Result<Page, Error> {
        let size = self.size();
        let mut page = Page { next: place, ..Page::default() };
        let mut reader = OrderReader::open(&self.data, place);
        if let Some(spot) = self.spot(place) {
            reader.go(place, spot);
        }
        let (mut bytes, mut spot) = (0, reader.spot());
        'blocks: while bytes < portion.bytes_max {
            let from = reader.place();
            let Some(raw) = reader.next_block(size)? else { break };
            bytes += raw.bytes.len();
            spot = reader.spot();
            for placed in raw.block()?.entries.iter().filter(|placed| placed.place >= from) {
                let header = &placed.entry.header;
                page.last = Some((header.stream, header.position()));
                page.next = placed.place + 1;
                let unread = words::numerous(header.event_type);
                if !filter.wants_stream(header.stream)
                    || unread.is_some_and(|word| !filter.wants_word(word))
                {
                    continue;
                }
                let event = Event::of(&placed.entry, page.next);
                page.events.extend(event.filter(|event| filter.wants_word(event.word)));
                if page.events.len() >= portion.events_max {
                    if page.next < reader.place() {
                        spot = Spot { segment: raw.segment, offset: raw.offset };
                    }
                    break 'blocks;
                }
            }
        }
        page.more = page.next < size;
        self.remember(page.next, spot);
        Ok(page)
    }

    /// One event by its place in a stream; nothing when there is none, or it is not told.
    ///
    /// # Errors
    /// When the log cannot be read there.
    pub fn one(&self, stream: StreamId, position: Position) -> Result<Option<Event>, Error> {
        if position.seq == 0 || self.log.tail(stream).seq < position.seq {
            return Ok(None);
        }
        let run = self.log.read(stream, position.seq, 1)?;
        let found = run.iter().next().and_then(|(stored, bytes)| {
            let entry = EntryRef::read(bytes).ok()?;
            let is_it = entry.header.position() == position;
            is_it.then(|| Event::of(&entry, stored.place + 1)).flatten()
        });
        Ok(found)
    }

    /// The place behind an entry of a stream; nothing when there is no such entry.
    ///
    /// # Errors
    /// When the log cannot be read there.
    pub fn place_after(&self, stream: StreamId, position: Position) -> Result<Option<u64>, Error> {
        if position.seq == 0 || self.log.tail(stream).seq < position.seq {
            return Ok(None);
        }
        let run = self.log.read(stream, position.seq, 1)?;
        let is_it = |bytes: &[u8]| {
            EntryRef::read(bytes).is_ok_and(|entry| entry.header.position() == position)
        };
        let found = run.iter().find(|(_, bytes)| is_it(bytes));
        Ok(found.map(|(stored, _)| stored.place + 1))
    }

    /// The lowest place at which the log went on after a loss: what was told of it from there on
    /// was another truth. `None` when nothing was ever lost.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn went_on_at(&self) -> Result<Option<u64>, Error> {
        const RUN_BYTES: usize = 1 << 20;
        let mut lowest = None;
        let mut seq = 1;
        while seq <= self.log.tail(StreamId::SITE).seq {
            let run = self.log.read(StreamId::SITE, seq, RUN_BYTES)?;
            for (stored, bytes) in run.iter() {
                seq = stored.seq + 1;
                let Ok(entry) = EntryRef::read(bytes) else { continue };
                let fact = codec::decode::<site::Event>(&entry).map(|record| record.event);
                if let Ok(site::Event::Lost(loss)) = fact {
                    lowest = Some(lowest.map_or(loss.found, |low: u64| low.min(loss.found)));
                }
            }
        }
        Ok(lowest)
    }

    fn spot(&self, place: u64) -> Option<Spot> {
        let spots = self.spots.lock().unwrap_or_else(PoisonError::into_inner);
        spots.iter().find(|(known, _)| *known == place).map(|(_, spot)| *spot)
    }

    fn remember(&self, place: u64, spot: Spot) {
        if spot.segment == 0 {
            return;
        }
        let mut spots = self.spots.lock().unwrap_or_else(PoisonError::into_inner);
        spots.retain(|(known, _)| *known != place);
        spots.push_front((place, spot));
        spots.truncate(SPOTS_MAX);
    }
}
