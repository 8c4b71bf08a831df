//! A meeting's own life: created once, opened as often as its host likes. Its stream holds no session's facts.

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
