//! A live session: what was decided, what is durable, and the lanes that carry it.

use std::collections::VecDeque;

use convoke_fanout::Pool;
use convoke_model::grant::Role;
use convoke_model::meeting::{self, Event, Session, lifecycle, roster, track};
use convoke_model::view::session::{SessionView, Viewer};
use convoke_model::{MeetingId, Millis, ParticipantId, Position, Refusal, SessionNumber, StreamId};
use convoke_model::{Proposal, Record};
use convoke_wire::codec;
use convoke_wire::entry::{CHAIN_START, EntryRef, Hash};

use crate::lanes::Lanes;
use crate::limits::Limits;
use crate::pen::{Origin, Pen, Salts, Written};
use crate::seats::{Full, Seats};

/// Where a recent fact lies.
#[derive(Clone, Copy, Debug)]
struct Recent {
    seq: u64,
    hash: Hash,
    /// Start of its frame in the facts lane; `None` when it was published before this start.
    start: Option<u64>,
}

/// One session that is open, or whose end is not durable yet.
pub struct LiveSession {
    /// The meeting.
    pub meeting: MeetingId,
    /// Which opening of it.
    pub number: SessionNumber,
    /// State after everything decided; ahead of what is durable.
    pub decided: Session,
    /// State after everything durable, as an auditor sees it: snapshots and answers come from here.
    pub view: SessionView,
    /// The lanes.
    pub lanes: Lanes,
    pen: Pen,
    durable: (Position, Hash),
    recent: VecDeque<Recent>,
    recovered: Option<Millis>,
}

/// How a client that was here before gets what it missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// It follows the facts lane from this place on.
    Lane(u64),
    /// It reads the log from the next seq on.
    Log,
    /// It holds a record that this log does not have.
    Diverged,
}

impl LiveSession {
    /// Whether remote input is recorded where media is.
    #[must_use]
    pub fn records_input(&self) -> bool {
        self.decided.lifecycle.opening().is_some_and(|opening| opening.records_input)
    }

    /// A session without facts yet.
    #[must_use]
    pub fn new(meeting: MeetingId, number: SessionNumber, pool: &Pool, limits: &Limits) -> Self {
        Self {
            meeting,
            number,
            decided: Session::default(),
            view: SessionView::default(),
            lanes: Lanes::new(pool, limits),
            pen: Pen::new(StreamId::session(meeting, number)),
            durable: (Position::default(), CHAIN_START),
            recent: VecDeque::new(),
            recovered: None,
        }
    }

    /// Its stream.
    #[must_use]
    pub fn stream(&self) -> StreamId {
        self.pen.stream()
    }

    /// The last sign of life before the server was started: the time of the last fact that was
    /// found in the log, if the session was found there.
    #[must_use]
    pub fn recovered(&self) -> Option<Millis> {
        self.recovered
    }

    /// Last durable fact and the stream's hash there.
    #[must_use]
    pub fn durable(&self) -> (Position, Hash) {
        self.durable
    }

    /// Last decided fact and the stream's hash there.
    #[must_use]
    pub fn tail(&self) -> (Position, Hash) {
        (self.pen.position(), self.pen.hash())
    }

    /// What `who` sees.
    #[must_use]
    pub fn viewer(&self, who: ParticipantId) -> Option<Viewer> {
        self.view.people.get(&who).map(|person| Viewer::Participant(who, person.role))
    }

    /// Decides a wish and gives its facts their places. Whoever joins sits down in one of the
    /// site's seats; a host always finds one.
    ///
    /// # Errors
    /// The refusal.
    pub(crate) fn decide(
        &mut self,
        (epoch, salts): (u32, &mut Salts),
        seats: &Seats,
        origin: Origin,
        command: meeting::Command,
    ) -> Result<Vec<Written<Event>>, Refusal> {
        let proposal =
            Proposal { by: origin.actor, at: origin.now, request: origin.request, command };
        let facts = self.decided.decide(&proposal)?;
        let joining = facts.iter().filter(|(_, event)| needs_seat(event)).count();
        let joining = u32::try_from(joining).unwrap_or(u32::MAX);
        // All shards share the seats: what most wishes do must not touch them.
        if joining > 0 {
            seats.take(joining).map_err(|Full| Refusal::SiteFull)?;
        }
        let known = self.decided.roster.count() + joining;
        let write = |(audience, event)| {
            let written = self.pen.write(epoch, salts, origin, audience, event);
            self.decided.apply(&written.record);
            written
        };
        let written = facts.into_iter().map(write).collect();
        let here = self.decided.roster.count();
        if here != known {
            seats.follow(known, here);
        }
        Ok(written)
    }

    /// Publishes a fact that became durable.
    pub fn publish(&mut self, written: &Written<Event>, limits: &Limits) {
        let record = &written.record;
        self.view.apply(record);
        self.durable = (record.position, written.hash);
        self.lay_tracks(record, limits);
        let seq = record.position.seq;
        let start = self.lanes.publish(written.audience, seq, &written.leaf, &written.bytes);
        self.remember(Recent { seq, hash: written.hash, start }, limits);
        if matches!(record.event, Event::Lifecycle(lifecycle::Event::Ended { .. })) {
            self.lanes.close();
        }
    }

    /// Takes in a fact that the log already holds, and gives it back.
    ///
    /// # Errors
    /// When the entry is not an event of a session. An erased one leaves no trace but its place.
    pub fn recover(
        &mut self,
        found: &EntryRef<'_>,
        limits: &Limits,
    ) -> Result<Option<Event>, codec::DecodeError> {
        let event = match codec::decode::<Event>(found) {
            Ok(record) => {
                self.decided.apply(&record);
                self.view.apply(&record);
                self.lay_tracks(&record, limits);
                Some(record.event)
            }
            Err(codec::DecodeError::Erased) => None,
            Err(error) => return Err(error),
        };
        self.pen.follow(found);
        self.recovered = Some(found.header.time);
        self.durable = (self.pen.position(), self.pen.hash());
        let recent = Recent { seq: found.header.seq, hash: self.pen.hash(), start: None };
        self.remember(recent, limits);
        Ok(event)
    }

    /// How a client that holds everything up to `position`, with this `hash` there, goes on.
    #[must_use]
    pub fn missed(&self, position: Position, hash: &Hash) -> Missed {
        if position.seq > self.durable.0.seq {
            return Missed::Diverged;
        }
        let Some(first) = self.recent.front() else { return Missed::Log };
        let Some(at) = position.seq.checked_sub(first.seq) else { return Missed::Log };
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let Some(held) = self.recent.get(at) else { return Missed::Diverged };
        if held.hash != *hash {
            return Missed::Diverged;
        }
        match self.recent.get(at + 1) {
            None => Missed::Lane(self.lanes.facts().head()),
            Some(next) => match next.start {
                Some(start) if start >= self.lanes.facts().tail() => Missed::Lane(start),
                Some(_) | None => Missed::Log,
            },
        }
    }

    /// Where the fact after `seq` starts in the facts lane; `None` when the log has to be read.
    #[must_use]
    pub fn lane_after(&self, seq: u64) -> Option<u64> {
        if seq == self.durable.0.seq {
            return Some(self.lanes.facts().head());
        }
        let first = self.recent.front()?.seq;
        let at = usize::try_from((seq + 1).checked_sub(first)?).ok()?;
        self.recent.get(at)?.start.filter(|&start| start >= self.lanes.facts().tail())
    }

    /// The last fact whose frame lies before a place in the facts lane, while that is remembered:
    /// what a reader at this place was given.
    #[must_use]
    pub fn seq_before(&self, at: u64) -> Option<u64> {
        let lies_before = |recent: &Recent| recent.start.is_none_or(|start| start < at);
        match self.recent.partition_point(lies_before) {
            0 => {
                let first = self.recent.front()?;
                (first.start == Some(at)).then_some(first.seq - 1)
            }
            count => self.recent.get(count - 1).map(|recent| recent.seq),
        }
    }

    /// The stream's hash after the fact `seq`, while it is remembered.
    #[must_use]
    pub fn hash_at(&self, seq: u64) -> Option<Hash> {
        let first = self.recent.front()?.seq;
        let at = usize::try_from(seq.checked_sub(first)?).ok()?;
        self.recent.get(at).map(|recent| recent.hash)
    }

    fn remember(&mut self, recent: Recent, limits: &Limits) {
        if self.recent.len() == limits.recent_facts_max {
            self.recent.pop_front();
        }
        self.recent.push_back(recent);
    }

    fn lay_tracks(&mut self, record: &Record<Event>, limits: &Limits) {
        let Event::Track(event) = &record.event else { return };
        match event {
            track::Event::Opened { track, kind, to, .. } => {
                if let Some(owner) = record.actor.participant() {
                    self.lanes.open_track(*track, owner, (*kind, *to), limits);
                }
            }
            track::Event::Closed { track } => self.lanes.close_track(*track),
            track::Event::Paused { track, generation } => {
                self.lanes.flow(*track, *generation, true);
            }
            track::Event::Resumed { track, generation } => {
                self.lanes.flow(*track, *generation, false);
            }
            track::Event::Muted { .. } | track::Event::Unmuted { .. } => {}
        }
    }
}

/// Whether somebody joins who does so only while there is a seat.
fn needs_seat(event: &Event) -> bool {
    let Event::Roster(roster::Event::Joined { role, .. }) = event else { return false };
    *role != Role::Host
}
