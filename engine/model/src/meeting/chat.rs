//! Chat: what was said, to whom, and whether one may.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Event as SessionEvent, Facts, Session, to_everyone};
use crate::id::ParticipantId;
use crate::record::{Actor, Audience};
use crate::refusal::Refusal;
use crate::text::ChatText;

/// To whom something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum To {
    /// Everybody.
    Everyone,
    /// Hosts.
    Hosts,
    /// One participant.
    One(ParticipantId),
}

/// Wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Say something.
    Say {
        /// To whom.
        to: To,
        /// What.
        text: ChatText,
    },
    /// The server says something to everybody, in the name of who runs it.
    Announce {
        /// What.
        text: ChatText,
    },
    /// A host pauses chat for somebody.
    Silence {
        /// Who.
        who: ParticipantId,
    },
    /// A host allows somebody to write again.
    Unsilence {
        /// Who.
        who: ParticipantId,
    },
}

/// Facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The actor said something.
    Said {
        /// To whom.
        to: To,
        /// What.
        text: ChatText,
    },
    /// Somebody may not write.
    Silenced {
        /// Who.
        who: ParticipantId,
    },
    /// Somebody may write again.
    Unsilenced {
        /// Who.
        who: ParticipantId,
    },
    /// The server said something to everybody, in the name of who runs it.
    Announced {
        /// What.
        text: ChatText,
    },
}

/// Who may not write. What was said is not kept here: no rule needs it.
#[derive(Clone, Debug, Default)]
pub struct Chat {
    silenced: BTreeSet<ParticipantId>,
}

impl Chat {
    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Said { .. } | Event::Announced { .. } => {}
            Event::Silenced { who } => {
                self.silenced.insert(*who);
            }
            Event::Unsilenced { who } => {
                self.silenced.remove(who);
            }
        }
    }
}

pub(super) fn decide(session: &Session, by: Actor, command: &Command) -> Result<Facts, Refusal> {
    let silenced = &session.chat.silenced;
    match command {
        Command::Say { to, text } => {
            let by = by.participant().ok_or(Refusal::NotAllowed)?;
            let speaker = session.roster.present(by).ok_or(Refusal::NotPresent)?;
            if !speaker.grant.chat {
                return Err(Refusal::NotAllowed);
            }
            if silenced.contains(&by) {
                return Err(Refusal::Silenced);
            }
            let audience = match to {
                To::Everyone => Audience::Everyone,
                To::Hosts => Audience::Hosts,
                To::One(who) if session.roster.present(*who).is_some() => Audience::One(*who),
                To::One(_) => return Err(Refusal::NotPresent),
            };
            let said = Event::Said { to: *to, text: text.clone() };
            Ok(vec![(audience, SessionEvent::Chat(said))])
        }
        Command::Announce { text } => {
            Ok(to_everyone(SessionEvent::Chat(Event::Announced { text: text.clone() })))
        }
        Command::Silence { who } if session.roster.present(*who).is_none() => {
            Err(Refusal::NotPresent)
        }
        Command::Silence { who } if silenced.contains(who) => Err(Refusal::AlreadyDone),
        Command::Silence { who } => {
            Ok(to_everyone(SessionEvent::Chat(Event::Silenced { who: *who })))
        }
        Command::Unsilence { who } if !silenced.contains(who) => Err(Refusal::AlreadyDone),
        Command::Unsilence { who } => {
            Ok(to_everyone(SessionEvent::Chat(Event::Unsilenced { who: *who })))
        }
    }
}
