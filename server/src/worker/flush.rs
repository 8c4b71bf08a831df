//! Flushing: everything between a connection's places and the lanes' heads goes out in one write.
//! Nothing on this way is allocated, locked or done once per message. What many readers get in bulk
//! is lent to their sockets (`lend.rs`).

use std::io::{self, IoSlice};

use convoke_fanout::{Lane, PinGuard, Span};
use convoke_model::Millis;
use convoke_model::meeting::track::Kind;
use smallvec::SmallVec;

use super::connection::{Connection, Passed, Readers, Stage};
use super::lend;
use crate::metrics::CoreCounters;

/// Slices offered to one write. A lane of 8 MiB has twice as many, and then there is another write.
const SLICES_MAX: usize = 64;
/// Lanes, and own frames, that one write takes from.
const SOURCES_MAX: usize = 32;

/// What a flush came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flushed {
    /// Everything is with the operating system.
    All,
    /// The socket takes no more now.
    Full,
    /// The facts lane has moved past this reader: the log has to be read.
    Overrun,
    /// The connection is over.
    Gone,
}

/// Where a group of slices came from, so that the bytes taken can be counted off.
#[derive(Clone, Copy)]
pub(super) enum Source {
    Hosts,
    Facts,
    Replies,
    Track(usize),
}

/// A part of what is offered.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    source: Source,
    /// How many bytes of it.
    bytes: usize,
    /// In how many slices.
    pub(super) slices: usize,
    /// All that was there, if it is of a lane.
    pub(super) span: Option<Span<'a>>,
    /// Its bytes may be lent rather than copied.
    pub(super) lent: bool,
}

/// What is offered to one write. Its lists lie on the stack, and never grow beyond it.
pub(super) struct Offer<'a, 'lane: 'a> {
    slices: SmallVec<[IoSlice<'a>; SLICES_MAX]>,
    /// Behind the connection's own bytes.
    parts: SmallVec<[Part<'lane>; SOURCES_MAX]>,
    bytes: usize,
    /// Something had no place in it.
    cut: bool,
}

impl<'a, 'lane: 'a> Offer<'a, 'lane> {
    pub(super) fn new(own: &'a [u8]) -> Self {
        let mut slices = SmallVec::new();
        if !own.is_empty() {
            slices.push(IoSlice::new(own));
        }
        let parts = SmallVec::new();
        Self { slices, parts, bytes: own.len(), cut: false }
    }

    /// Whether some part may be lent.
    pub(super) fn lends(&self) -> bool {
        self.parts.iter().any(|part| part.lent)
    }

    /// The slices, in order.
    pub(super) fn slices(&self) -> &[IoSlice<'a>] {
        &self.slices
    }

    /// The parts behind the connection's own bytes, in the order of their slices.
    pub(super) fn parts(&self) -> &[Part<'lane>] {
        &self.parts
    }

    pub(super) fn add(&mut self, source: Source, lane: &Lane, span: Span<'lane>) {
        if span.is_empty() {
            return;
        }
        if self.is_full() {
            self.cut = true;
            return;
        }
        let (before, mut bytes) = (self.slices.len(), 0);
        for slice in span.slices().take(SLICES_MAX - before) {
            bytes += slice.len();
            self.slices.push(IoSlice::new(slice));
        }
        self.cut |= bytes < span.len();
        let slices = self.slices.len() - before;
        let lent = lend::pays(lane, bytes);
        self.part(Part { source, bytes, slices, span: Some(span), lent });
    }

    /// Answers wait until all facts before them have a place.
    pub(super) fn add_replies(&mut self, replies: &'a [u8]) {
        if replies.is_empty() {
            return;
        }
        if self.cut || self.is_full() {
            self.cut = true;
            return;
        }
        self.slices.push(IoSlice::new(replies));
        let bytes = replies.len();
        self.part(Part { source: Source::Replies, bytes, slices: 1, span: None, lent: false });
    }

    fn part(&mut self, part: Part<'lane>) {
        self.bytes += part.bytes;
        self.parts.push(part);
    }

    /// The parts alone, the connection's own bytes and answers free again.
    fn into_parts(self) -> SmallVec<[Part<'lane>; SOURCES_MAX]> {
        self.parts
    }

    fn is_full(&self) -> bool {
        self.slices.len() == SLICES_MAX || self.parts.len() == SOURCES_MAX
    }
}

impl Connection {
    /// Sends what there is: own frames first, hosts' facts, everybody's facts, answers, sound,
    /// pictures.
    pub(super) fn flush(
        &mut self,
        pin: &PinGuard<'_>,
        now: Millis,
        counters: &CoreCounters,
    ) -> Flushed {
        loop {
            match self.offer(pin, counters) {
                Ok(Offered::All) => break,
                Ok(Offered::Some) => self.stalled = None,
                Ok(Offered::Full) => {
                    self.stalled = None;
                    return Flushed::Full;
                }
                Ok(Offered::Blocked) => {
                    self.stalled.get_or_insert(now);
                    return Flushed::Full;
                }
                Err(result) => return result,
            }
        }
        if !matches!(self.stage, Stage::CatchingUp(_))
            && let Some((close, reason, sentence)) = self.farewell.take()
        {
            self.bye(close, &reason, &sentence);
            return self.flush(pin, now, counters);
        }
        if self.io.holds_back() {
            // Sealed bytes are pushed on by an empty write when the socket is ready again.
            return Flushed::Full;
        }
        if matches!(self.stage, Stage::Leaving) {
            self.io.finish();
            return Flushed::Gone;
        }
        self.stalled = None;
        Flushed::All
    }

    /// One write. Positions always stay on the start of a frame: the rest of a frame that was cut
    /// is kept as the connection's own bytes.
    fn offer(&mut self, pin: &PinGuard<'_>, counters: &CoreCounters) -> Result<Offered, Flushed> {
        let Self { io, stage, own, own_at, replies, passed, .. } = self;
        if let Stage::Live(_, readers) = stage {
            counters.jumps.add(readers.jump(passed));
        }
        let own_offered = own.len() - *own_at;
        let mut offer = Offer::new(&own[*own_at..]);
        match &*stage {
            Stage::Live(_, readers) => gather(readers, replies, pin, &mut offer)?,
            // The facts that the answers speak of are still to come.
            Stage::CatchingUp(_) => {}
            Stage::Fresh
            | Stage::Asking(_)
            | Stage::Entering { .. }
            | Stage::Lobby(_)
            | Stage::Leaving => {
                offer.add_replies(replies);
            }
        }
        if offer.bytes == 0 {
            if io.holds_back() {
                io.write(&[]).map_err(|_| Flushed::Gone)?;
            }
            return Ok(Offered::All);
        }
        let sent = match pin.pool().file() {
            Some(file) if offer.lends() && io.is_plain() => lend::send(io, file, &offer),
            _ => io.write(offer.slices()),
        };
        let mut taken = match sent {
            Ok(taken) => taken,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(_) => return Err(Flushed::Gone),
        };
        let offered = match taken {
            0 => return Ok(Offered::Blocked),
            all if all == offer.bytes && offer.cut => Offered::Some,
            all if all == offer.bytes => Offered::All,
            _ => Offered::Full,
        };
        counters.wrote(taken as u64);
        let parts = offer.into_parts();
        let own_taken = taken.min(own_offered);
        taken -= own_taken;
        *own_at += own_taken;
        if *own_at == own.len() {
            own.clear();
            own.shrink_to(OWN_KEPT_BYTES);
            *own_at = 0;
        }
        let mut moves: SmallVec<[(Source, u64); SOURCES_MAX]> = SmallVec::new();
        let mut replied = 0;
        for Part { source, bytes, span, .. } in parts {
            let part = taken.min(bytes);
            taken -= part;
            let Some(span) = span else {
                replied = part;
                continue;
            };
            if part == span.len() {
                moves.push((source, span.end()));
            } else if part > 0 {
                // One frame of a write may be cut; what is missing of it goes out first next time.
                moves.push((source, span.rest_of_frame(part, own)));
            }
        }
        if replied == replies.len() {
            replies.clear();
            replies.shrink_to(OWN_KEPT_BYTES);
        } else if replied > 0 {
            // An answer may be cut too: facts must not come between its halves.
            own.extend_from_slice(&replies[replied..]);
            replies.clear();
        }
        if let Stage::Live(_, readers) = stage {
            for (source, at) in moves {
                readers.go_on(source, at, passed);
            }
        }
        Ok(offered)
    }
}

/// Memory that a connection keeps for frames of its own once they were sent.
const OWN_KEPT_BYTES: usize = 4 * 1024;

enum Offered {
    /// There is nothing more.
    All,
    /// There may be more, and the socket may take it.
    Some,
    /// The socket took a part.
    Full,
    /// The socket took nothing.
    Blocked,
}

impl Readers {
    /// A late reader of a picture goes on at the newest key frame, of a sound at the head, of input
    /// at the oldest that is kept: the key that is let go of must not be skipped. How often that
    /// was.
    fn jump(&mut self, passed: &mut Passed) -> u64 {
        let mut jumps = 0;
        for reader in &mut self.tracks {
            if reader.at < reader.lane.tail() {
                let to = match reader.kind {
                    Kind::Screen | Kind::Camera => reader.lane.entrance(),
                    Kind::Microphone => reader.lane.head(),
                    Kind::RemoteInput => reader.lane.tail(),
                };
                reader.skip_to(to, passed);
                jumps += 1;
            }
        }
        jumps
    }

    fn go_on(&mut self, source: Source, at: u64, passed: &mut Passed) {
        match source {
            Source::Replies => {}
            Source::Facts => self.facts_at = at,
            Source::Hosts => {
                if let Some((_, hosts_at)) = &mut self.hosts {
                    *hosts_at = at;
                }
            }
            Source::Track(index) => {
                if let Some(reader) = self.tracks.get_mut(index) {
                    reader.went_on(at, passed);
                }
            }
        }
    }
}

fn gather<'a, 'lane: 'a>(
    readers: &'lane Readers,
    replies: &'a [u8],
    pin: &'lane PinGuard<'_>,
    offer: &mut Offer<'a, 'lane>,
) -> Result<(), Flushed> {
    // The place in the facts lane is looked up first and sent last: what hosts get on the side is
    // then never behind its place among the facts.
    let facts = readers.facts.read(readers.facts_at, pin).map_err(|_| Flushed::Overrun)?;
    if let Some((lane, at)) = &readers.hosts {
        offer.add(Source::Hosts, lane, lane.read(*at, pin).map_err(|_| Flushed::Overrun)?);
    }
    offer.add(Source::Facts, &readers.facts, facts);
    offer.add_replies(replies);
    for video in [false, true] {
        for (index, reader) in readers.tracks.iter().enumerate() {
            // Whoever fell out of a lane has jumped already; the writer is this very thread.
            if reader.kind.is_video() == video
                && let Ok(span) = reader.lane.read(reader.at, pin)
            {
                offer.add(Source::Track(index), &reader.lane, span);
            }
        }
    }
    Ok(())
}
