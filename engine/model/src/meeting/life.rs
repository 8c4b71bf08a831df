//! A meeting's own life: created once, opened as often as its host likes. Its stream holds no
//! session's facts.

use serde::{Deserialize, Serialize};

use super::lifecycle::{EndReason, MeetingType};
use crate::id::{AccountId, MeetingId, Position, SessionNumber};
use crate::record::{Proposal, Record};
use crate::refusal::Refusal;
use crate::text::Topic;

/// Wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Make it.
    Create(Creation),
    /// Open a session.
    OpenSession {},
    /// Note that a session ended.
    EndSession {
        /// Which.
        session: SessionNumber,
        /// Why.
        reason: EndReason,
        /// Its last position.
        tail: Position,
        /// The hash of its stream at that place.
        #[serde(with = "crate::record::bytes32")]
        hash: [u8; 32],
    },
}

/// What a meeting is made as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Creation {
    /// Its id, drawn by the server.
    pub meeting: MeetingId,
    /// Whose it is.
    pub owner: AccountId,
    /// What it is for.
    pub kind: MeetingType,
    /// What it is about.
    pub topic: Topic,
    /// Whether a password lets people in. The password itself lies in the vault.
    pub has_password: bool,
}

/// Facts. For the log and its owner only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It exists.
    Created(Creation),
    /// A session was opened.
    SessionOpened {
        /// Which.
        session: SessionNumber,
    },
    /// A session ended.
    SessionEnded {
        /// Which.
        session: SessionNumber,
        /// Why.
        reason: EndReason,
        /// Its last position.
        tail: Position,
        /// The hash of its stream at that place.
        #[serde(with = "crate::record::bytes32")]
        hash: [u8; 32],
    },
}

/// What is known of a meeting.
#[derive(Clone, Debug, Default)]
pub struct Meeting {
    /// What it was made as.
    pub created: Option<Creation>,
    /// How many sessions it had.
    pub sessions: u32,
    /// The session that is open now.
    pub open: Option<SessionNumber>,
}

impl Meeting {
    /// The facts that a wish would become, or why it is refused.
    ///
    /// # Errors
    /// The `Refusal` that the person is told.
    pub fn decide(&self, proposal: &Proposal<Command>) -> Result<Vec<Event>, Refusal> {
        match (&proposal.command, &self.created) {
            (Command::Create(_), Some(_)) => Err(Refusal::Taken),
            (Command::Create(creation), None) if !creation.kind.is_available() => {
                Err(Refusal::TypeNotAvailable)
            }
            (Command::Create(creation), None) => Ok(vec![Event::Created(creation.clone())]),
            (_, None) => Err(Refusal::NotFound),
            (Command::OpenSession {}, Some(created)) => {
                if proposal.by != created.owner.into() {
                    return Err(Refusal::NotAllowed);
                }
                if self.open.is_some() {
                    return Err(Refusal::AlreadyDone);
                }
                Ok(vec![Event::SessionOpened { session: SessionNumber(self.sessions + 1) }])
            }
            (Command::EndSession { session, .. }, Some(_)) if self.open != Some(*session) => {
                Err(Refusal::AlreadyDone)
            }
            (Command::EndSession { session, reason, tail, hash }, Some(_)) => {
                Ok(vec![Event::SessionEnded {
                    session: *session,
                    reason: *reason,
                    tail: *tail,
                    hash: *hash,
                }])
            }
        }
    }

    /// Takes in a fact.
    pub fn apply(&mut self, record: &Record<Event>) {
        match &record.event {
            Event::Created(creation) => self.created = Some(creation.clone()),
            Event::SessionOpened { session } => {
                self.sessions = session.0;
                self.open = Some(*session);
            }
            Event::SessionEnded { .. } => self.open = None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Millis;
    use crate::record::Actor;

    const OWNER: AccountId = AccountId(7);

    fn creation(kind: MeetingType) -> Creation {
        Creation {
            meeting: MeetingId::new(88_137_455).expect("eight digits"),
            owner: OWNER,
            kind,
            topic: Topic::new("Plans").expect("a topic"),
            has_password: true,
        }
    }

    fn end(session: u32) -> Command {
        Command::EndSession {
            session: SessionNumber(session),
            reason: EndReason::Host,
            tail: Position { epoch: 1, seq: 9 },
            hash: [3; 32],
        }
    }

    fn asked(meeting: &Meeting, by: impl Into<Actor>, command: Command) -> Result<Event, Refusal> {
        let (by, at) = (by.into(), Millis(1));
        let mut facts = meeting.decide(&Proposal { by, at, request: None, command })?;
        assert_eq!(facts.len(), 1, "each wish here is one fact");
        Ok(facts.remove(0))
    }

    fn given(wishes: &[Command]) -> Meeting {
        let mut meeting = Meeting::default();
        for (seq, wish) in (1..).zip(wishes) {
            let event = asked(&meeting, OWNER, wish.clone()).expect("granted");
            let position = Position { epoch: 1, seq };
            let (time, actor) = (Millis(seq), OWNER.into());
            meeting.apply(&Record { position, time, actor, request: None, event });
        }
        meeting
    }

    fn created() -> Command {
        Command::Create(creation(MeetingType::Interactive))
    }

    #[test]
    fn a_meeting_is_made_once() {
        assert_eq!(asked(&given(&[created()]), OWNER, created()), Err(Refusal::Taken));
    }

    #[test]
    fn a_meeting_is_made_only_of_a_type_that_works() {
        let webinar = Command::Create(creation(MeetingType::Webinar));
        assert_eq!(asked(&Meeting::default(), OWNER, webinar), Err(Refusal::TypeNotAvailable));
        let conference = Command::Create(creation(MeetingType::VideoConference));
        assert!(asked(&Meeting::default(), OWNER, conference).is_ok());
    }

    #[test]
    fn what_was_never_made_has_no_sessions() {
        for command in [Command::OpenSession {}, end(1)] {
            assert_eq!(asked(&Meeting::default(), OWNER, command), Err(Refusal::NotFound));
        }
    }

    #[test]
    fn only_its_owner_opens_a_session() {
        let meeting = given(&[created()]);
        let open = || Command::OpenSession {};
        assert_eq!(asked(&meeting, AccountId(8), open()), Err(Refusal::NotAllowed));
        assert_eq!(asked(&meeting, Actor::Server, open()), Err(Refusal::NotAllowed));
        let opened = Event::SessionOpened { session: SessionNumber(1) };
        assert_eq!(asked(&meeting, OWNER, open()), Ok(opened));
    }

    #[test]
    fn one_session_is_open_at_a_time_and_they_are_counted() {
        let open = || Command::OpenSession {};
        let meeting = given(&[created(), open()]);
        assert_eq!(asked(&meeting, OWNER, open()), Err(Refusal::AlreadyDone));
        let meeting = given(&[created(), open(), end(1)]);
        let second = Event::SessionOpened { session: SessionNumber(2) };
        assert_eq!(asked(&meeting, OWNER, open()), Ok(second));
    }

    #[test]
    fn only_the_open_session_ends_and_its_tail_is_kept() {
        let meeting = given(&[created(), Command::OpenSession {}]);
        assert_eq!(asked(&meeting, Actor::Server, end(2)), Err(Refusal::AlreadyDone));
        let ended = asked(&meeting, Actor::Server, end(1)).expect("it is open");
        let Event::SessionEnded { tail, hash, .. } = ended else { panic!("it ends") };
        assert_eq!((tail.seq, hash), (9, [3; 32]));
        let meeting = given(&[created(), Command::OpenSession {}, end(1)]);
        assert_eq!(asked(&meeting, Actor::Server, end(1)), Err(Refusal::AlreadyDone));
    }
}
