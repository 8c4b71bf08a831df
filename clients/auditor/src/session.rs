//! What is known of one session after reading its stream: enough to list and to verify it.

use std::collections::BTreeSet;

use convoke_journal::Tail;
use convoke_model::meeting::lifecycle::{self, EndReason, Opening};
use convoke_model::meeting::recording::{self, Gap, Seal};
use convoke_model::meeting::{Event, control, roster};
use convoke_model::{Millis, ParticipantId, Position, Record, StreamId};
use convoke_wire::Hash;
use convoke_wire::codec::{self, DecodeError};
use convoke_wire::entry::{self, EntryRef};

use crate::finding::Finding;

/// Event types (see `wire::codec`) whose facts are needed for more than showing them.
const ROSTER: std::ops::RangeInclusive<u16> = 0x0202..=0x0204;
const SEALED: u16 = 0x0803;

/// How a session ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) at: Position,
    pub(crate) time: Millis,
    pub(crate) reason: EndReason,
    /// The stream's hash there.
    pub(crate) hash: Hash,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Session {
    pub(crate) stream: StreamId,
    pub(crate) opening: Option<Opening>,
    pub(crate) first: Option<Millis>,
    pub(crate) last: Millis,
    pub(crate) end: Option<End>,
    pub(crate) facts: u64,
    pub(crate) joins: u64,
    pub(crate) leaves: u64,
    /// Who joined and has not gone, and who waits in the lobby.
    present: BTreeSet<ParticipantId>,
    waiting: BTreeSet<ParticipantId>,
    /// Facts about joining and leaving that cannot be read (erased or damaged).
    roster_unread: u64,
    /// Facts of any kind that cannot be read.
    unread: u64,
    pub(crate) seals: Vec<(u64, Seal)>,
    /// Seals that cannot be read.
    pub(crate) seals_unread: u64,
    pub(crate) gaps: Vec<(u64, Gap)>,
    pub(crate) tail: Tail,
    /// Facts are missing, so that hashes say nothing.
    pub(crate) broken: bool,
    findings: Vec<Finding>,
}

/// Whether a fact may come after the end, for it is not known before: what was recorded or missed,
/// what arrived, how much was sent to control a screen.
fn trails(event: &Event) -> bool {
    match event {
        Event::Recording(recording::Event::MediaSealed(_) | recording::Event::Missing(_))
        | Event::Delivery(_)
        | Event::Control(control::Event::Counted(_)) => true,
        Event::Recording(recording::Event::Started {} | recording::Event::Stopped {})
        | Event::Control(
            control::Event::Asked {} | control::Event::Given { .. } | control::Event::Ended {},
        )
        | Event::Lifecycle(_)
        | Event::Roster(_)
        | Event::Floor(_)
        | Event::Chat(_)
        | Event::Track(_)
        | Event::Hand(_)
        | Event::Lock(_)
        | Event::DialIn(_)
        | Event::Policy(_) => false,
    }
}

impl Session {
    pub(crate) fn new(stream: StreamId) -> Self {
        Self { stream, ..Self::default() }
    }

    /// Takes in the next entry of its stream.
    pub(crate) fn entry(&mut self, one: &EntryRef<'_>) {
        let header = &one.header;
        self.broken |= header.seq != self.tail.seq + 1;
        self.tail = Tail { seq: header.seq, hash: entry::chain(&self.tail.hash, &one.leaf()) };
        self.facts += 1;
        self.first.get_or_insert(header.time);
        self.last = header.time;
        let record = if one.payload_is_sound() || one.is_erased() {
            codec::decode::<Event>(one)
        } else {
            Err(DecodeError::Erased) // That it is damaged is found elsewhere.
        };
        match record {
            Ok(record) => self.record(&record),
            Err(why) => {
                self.unread += 1;
                self.roster_unread += u64::from(ROSTER.contains(&header.event_type));
                self.seals_unread += u64::from(header.event_type == SEALED);
                if let DecodeError::Malformed(why) = why {
                    let what = format!("this is not a fact that this program knows: {why}");
                    self.finding(header.seq, what);
                }
            }
        }
    }

    fn record(&mut self, record: &Record<Event>) {
        let seq = record.position.seq;
        if self.end.is_some() && !trails(&record.event) {
            self.finding(seq, "something happens after the session ended");
        }
        match &record.event {
            Event::Lifecycle(lifecycle::Event::Opened(opening)) => {
                let named = StreamId::session(opening.meeting, opening.session);
                if self.opening.is_some() {
                    self.finding(seq, "the session is opened twice");
                } else if named != self.stream {
                    self.finding(seq, "the session was opened under another number");
                }
                self.opening.get_or_insert_with(|| opening.clone());
            }
            Event::Lifecycle(lifecycle::Event::Ended { reason }) => {
                let (at, time) = (record.position, record.time);
                self.end = Some(End { at, time, reason: *reason, hash: self.tail.hash });
            }
            Event::Roster(event) => self.roster(seq, event),
            Event::Recording(recording::Event::MediaSealed(seal)) => {
                self.seals.push((seq, seal.clone()));
            }
            Event::Recording(recording::Event::Missing(gap)) => self.gaps.push((seq, gap.clone())),
            Event::Recording(recording::Event::Started {} | recording::Event::Stopped {})
            | Event::Floor(_)
            | Event::Control(_)
            | Event::Chat(_)
            | Event::Track(_)
            | Event::Hand(_)
            | Event::Lock(_)
            | Event::Delivery(_)
            | Event::DialIn(_)
            | Event::Policy(_) => {}
        }
    }

    fn roster(&mut self, seq: u64, event: &roster::Event) {
        match event {
            roster::Event::Waiting { who, .. } => {
                self.waiting.insert(*who);
            }
            roster::Event::Joined { who, .. } => {
                self.waiting.remove(who);
                self.joins += 1;
                if !self.present.insert(*who) {
                    self.finding(seq, format!("participant {who} joins who is there already"));
                }
            }
            roster::Event::Left { who, .. } => {
                if self.present.remove(who) {
                    self.leaves += 1;
                } else if !self.waiting.remove(who) && self.roster_unread == 0 {
                    self.finding(seq, format!("participant {who} leaves who was not there"));
                }
            }
            roster::Event::Entered { .. }
            | roster::Event::Disconnected { .. }
            | roster::Event::Reconnected { .. } => {}
        }
    }

    fn finding(&mut self, seq: u64, what: impl Into<String>) {
        self.findings.push(Finding::fact(self.stream, seq, what));
    }

    /// What its own facts show to be wrong.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let mut findings = self.findings.clone();
        if self.broken {
            return findings; // What is missing is told already, and may explain the rest.
        }
        if self.opening.is_none() && self.unread == 0 {
            findings.push(Finding::fact(self.stream, 1, "the session was never opened"));
        }
        let stayed = self.present.iter().chain(&self.waiting);
        if let Some(end) = self.end
            && self.roster_unread == 0
        {
            findings.extend(stayed.map(|who| {
                let what = format!("the session ended and participant {who} never left");
                Finding::fact(self.stream, end.at.seq, what)
            }));
        }
        findings
    }

    /// Milliseconds from its first fact to its end, or to its last fact while it is open.
    pub(crate) fn lasted(&self) -> u64 {
        let until = self.end.map_or(self.last, |end| end.time);
        self.first.map_or(0, |first| until.since(first))
    }

    /// Joins and leaves of an ended session cannot be compared: facts about them were erased.
    pub(crate) fn balance_is_unknown(&self) -> bool {
        self.end.is_some() && self.roster_unread > 0
    }
}
