//! Who was in which session, from when to when, how much they wrote, and what they showed: a fold
//! over the log.

use std::collections::{BTreeMap, BTreeSet};

use convoke_journal::LogReader;
use convoke_model::meeting::track::Kind;
use convoke_model::meeting::{Event, chat, lifecycle, recording, roster, track};
use convoke_model::{AccountId, Millis, ParticipantId, Record, StreamId, TrackId};

use super::session_log;

/// Somebody in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Present {
    pub(super) name: String,
    pub(super) role: &'static str,
    pub(super) account: Option<AccountId>,
    pub(super) joined: Millis,
    /// Nothing while they are there.
    pub(super) left: Option<Millis>,
    pub(super) messages: u64,
}

/// A screen, camera or microphone that somebody shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shared {
    pub(super) track: TrackId,
    pub(super) kind: Kind,
    pub(super) codec: String,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) name: String,
    pub(super) account: Option<AccountId>,
    pub(super) opened: Millis,
    /// Nothing while it is shared.
    pub(super) closed: Option<Millis>,
}

/// One session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) topic: String,
    pub(super) host: AccountId,
    pub(super) started: Millis,
    pub(super) ended: Option<Millis>,
    pub(super) people: Vec<Present>,
    /// The most who were there at the same time.
    pub(super) at_once: usize,
    pub(super) messages: u64,
    pub(super) shared: Vec<Shared>,
    /// Bytes of the recording that are bound to the log.
    pub(super) recorded_bytes: u64,
    /// How long a stretch was to be recorded and is missing.
    pub(super) missing_ms: u64,
}

#[derive(Default)]
struct Fold {
    held: Held,
    accounts: BTreeMap<ParticipantId, AccountId>,
    /// Where somebody stands among the people.
    at: BTreeMap<ParticipantId, usize>,
    here: BTreeSet<ParticipantId>,
    /// Where a track that is open stands among those that were shared.
    open: BTreeMap<TrackId, usize>,
}

impl Fold {
    fn take(&mut self, record: &Record<Event>) {
        match &record.event {
            Event::Lifecycle(lifecycle::Event::Opened(opening)) => {
                self.held.topic = opening.topic.as_str().to_owned();
                (self.held.host, self.held.started) = (opening.host, record.time);
            }
            Event::Lifecycle(lifecycle::Event::Ended { .. }) => {
                self.held.ended = Some(record.time);
            }
            Event::Roster(event) => self.roster(record.time, event),
            Event::Chat(chat::Event::Said { .. }) => {
                self.held.messages += 1;
                let who = record.actor.participant();
                if let Some(person) = who.and_then(|who| self.person(who)) {
                    person.messages += 1;
                }
            }
            Event::Track(event) => self.track(record, event),
            Event::Recording(recording::Event::MediaSealed(seal)) => {
                self.held.recorded_bytes += seal.to.saturating_sub(seal.from);
            }
            Event::Recording(recording::Event::Missing(gap)) => {
                self.held.missing_ms += gap.to.since(gap.from);
            }
            Event::Recording(recording::Event::Started {} | recording::Event::Stopped {})
            | Event::Chat(_)
            | Event::Floor(_)
            | Event::Control(_)
            | Event::Hand(_)
            | Event::Lock(_)
            | Event::Delivery(_)
            | Event::DialIn(_)
            | Event::Policy(_) => {}
        }
    }

    fn roster(&mut self, time: Millis, event: &roster::Event) {
        match event {
            roster::Event::Entered { who, account: Some(account), .. } => {
                self.accounts.insert(*who, *account);
            }
            roster::Event::Joined { who, name, role } => {
                let present = Present {
                    name: name.as_str().to_owned(),
                    role: role.word(),
                    account: self.accounts.get(who).copied(),
                    joined: time,
                    left: None,
                    messages: 0,
                };
                self.at.insert(*who, self.held.people.len());
                self.here.insert(*who);
                self.held.at_once = self.held.at_once.max(self.here.len());
                self.held.people.push(present);
            }
            roster::Event::Left { who, at, .. } => {
                // Whoever only waited in the lobby was never here.
                if self.here.remove(who)
                    && let Some(person) = self.person(*who)
                {
                    person.left = Some(at.unwrap_or(time));
                }
            }
            roster::Event::Entered { account: None, .. }
            | roster::Event::Waiting { .. }
            | roster::Event::Disconnected { .. }
            | roster::Event::Reconnected { .. } => {}
        }
    }

    fn track(&mut self, record: &Record<Event>, event: &track::Event) {
        match event {
            track::Event::Opened { track, kind, codec, width, height, to: _ } => {
                let owner = record.actor.participant();
                let who = owner.and_then(|who| self.person(who).cloned());
                self.open.insert(*track, self.held.shared.len());
                self.held.shared.push(Shared {
                    track: *track,
                    kind: *kind,
                    codec: codec.clone(),
                    width: *width,
                    height: *height,
                    account: who.as_ref().and_then(|who| who.account),
                    name: who.map(|who| who.name).unwrap_or_default(),
                    opened: record.time,
                    closed: None,
                });
            }
            track::Event::Closed { track } => {
                let at = self.open.remove(track);
                if let Some(shared) = at.and_then(|at| self.held.shared.get_mut(at)) {
                    shared.closed = Some(record.time);
                }
            }
            track::Event::Paused { .. }
            | track::Event::Resumed { .. }
            | track::Event::Muted { .. }
            | track::Event::Unmuted { .. } => {}
        }
    }

    fn person(&mut self, who: ParticipantId) -> Option<&mut Present> {
        let at = *self.at.get(&who)?;
        self.held.people.get_mut(at)
    }
}

/// A session as the log has it.
///
/// # Errors
/// What the log said.
pub(super) fn held(log: &dyn LogReader, stream: StreamId) -> Result<Held, String> {
    let mut fold = Fold::default();
    session_log::each::<Event>(log, stream, |record| fold.take(&record))?;
    Ok(fold.held)
}

#[cfg(test)]
mod tests {
    use super::*;
    use convoke_model::grant::{Grant, Role};
    use convoke_model::meeting::roster::LeaveReason;
    use convoke_model::text::{ChatText, Name};
    use convoke_model::{Actor, ClientId, Position};

    #[test]
    fn who_was_here_is_told_with_times_and_messages() {
        let mut fold = Fold::default();
        let mut seq = 0;
        let mut happens = |time: u64, actor: Actor, event: Event| {
            seq += 1;
            let position = Position { epoch: 1, seq };
            fold.take(&Record { position, time: Millis(time), actor, request: None, event });
        };
        let (ann, ben) = (ParticipantId(1), ParticipantId(2));
        let entered = |who, account| {
            let grant = Grant::of(Role::Attendee);
            let (client, family, ticket) = (ClientId(1), 0, 0);
            Event::Roster(roster::Event::Entered { who, client, account, family, ticket, grant })
        };
        let name = |name: &str| Name::new(name).expect("a name");
        let joined = |who, called: &str| {
            Event::Roster(roster::Event::Joined { who, name: name(called), role: Role::Attendee })
        };
        let left = |who, at: Option<u64>| {
            let (reason, at) = (LeaveReason::Left, at.map(Millis));
            Event::Roster(roster::Event::Left { who, reason, at })
        };
        let said = || {
            let (to, text) = (chat::To::Everyone, ChatText::new("hello").expect("text"));
            Event::Chat(chat::Event::Said { to, text })
        };
        happens(1, Actor::Server, entered(ann, Some(AccountId(7))));
        happens(2, Actor::Server, joined(ann, "Ann"));
        happens(3, Actor::Server, entered(ben, None));
        let waiting = roster::Event::Waiting { who: ben, name: name("Ben") };
        happens(3, Actor::Server, Event::Roster(waiting));
        happens(4, ann.into(), said());
        happens(5, Actor::Server, joined(ben, "Ben"));
        happens(6, ben.into(), said());
        happens(7, ben.into(), said());
        happens(9, Actor::Server, left(ben, Some(8)));
        let people: Vec<_> = fold
            .held
            .people
            .iter()
            .map(|p| (p.name.as_str(), p.account, p.joined.0, p.left.map(|at| at.0), p.messages))
            .collect();
        assert_eq!(people, [("Ann", Some(AccountId(7)), 2, None, 1), ("Ben", None, 5, Some(8), 2)]);
        assert_eq!(fold.held.messages, 3);
    }
}
