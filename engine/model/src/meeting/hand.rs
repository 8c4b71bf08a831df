//! Raised hands.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Event as SessionEvent, Facts, Session, to_everyone};
use crate::id::ParticipantId;
use crate::record::{Actor, Audience};
use crate::refusal::Refusal;

/// Wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Raise one's own hand.
    Raise {},
    /// Lower one's own hand.
    Lower {},
    /// A host lowers somebody's hand.
    LowerOf {
        /// Whose.
        who: ParticipantId,
    },
}

/// Facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A hand went up.
    Raised {
        /// Whose.
        who: ParticipantId,
    },
    /// A hand went down.
    Lowered {
        /// Whose.
        who: ParticipantId,
    },
}

/// Whose hands are up.
#[derive(Clone, Debug, Default)]
pub struct Hands {
    raised: BTreeSet<ParticipantId>,
}

impl Hands {
    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Raised { who } => {
                self.raised.insert(*who);
            }
            Event::Lowered { who } => {
                self.raised.remove(who);
            }
        }
    }
}

pub(super) fn decide(session: &Session, by: Actor, command: &Command) -> Result<Facts, Refusal> {
    let who = match command {
        Command::Raise {} | Command::Lower {} => by.participant().ok_or(Refusal::NotAllowed)?,
        Command::LowerOf { who } => *who,
    };
    let raised = session.hands.raised.contains(&who);
    match command {
        Command::Raise {} if raised => Err(Refusal::AlreadyDone),
        Command::Raise {} => Ok(to_everyone(SessionEvent::Hand(Event::Raised { who }))),
        Command::Lower {} | Command::LowerOf { .. } => {
            lowered(session, who).map(|fact| vec![fact]).ok_or(Refusal::AlreadyDone)
        }
    }
}

/// The fact that a hand goes down, if it is up.
pub(super) fn lowered(session: &Session, who: ParticipantId) -> Option<(Audience, SessionEvent)> {
    let lowered = SessionEvent::Hand(Event::Lowered { who });
    session.hands.raised.contains(&who).then_some((Audience::Everyone, lowered))
}
