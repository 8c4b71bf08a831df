//! Who presents: at most one person, who alone may share a screen.

use serde::{Deserialize, Serialize};

use super::{Event as SessionEvent, Facts, Session, control, track};
use crate::id::ParticipantId;
use crate::record::{Actor, Audience};
use crate::refusal::Refusal;

/// Wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// A host or the presenter passes it on.
    Give {
        /// To whom.
        to: ParticipantId,
    },
    /// A host takes it.
    Take {},
    /// The presenter gives it back to the hosts.
    Release {},
}

/// Facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Somebody else presents, or nobody.
    PresenterChanged {
        /// Who presents now.
        who: Option<ParticipantId>,
    },
}

/// Who presents.
#[derive(Clone, Debug, Default)]
pub struct Floor {
    /// The presenter, if there is one.
    pub presenter: Option<ParticipantId>,
}

impl Floor {
    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::PresenterChanged { who } => self.presenter = *who,
        }
    }
}

pub(super) fn decide(session: &Session, by: Actor, command: &Command) -> Result<Facts, Refusal> {
    let by = by.participant().ok_or(Refusal::NotAllowed)?;
    match command {
        Command::Give { to } => {
            let person = session.roster.present(*to).ok_or(Refusal::NotPresent)?;
            if !person.grant.screen {
                return Err(Refusal::NotAllowed);
            }
            pass(session, Some(*to))
        }
        Command::Take {} => pass(session, Some(by)),
        Command::Release {} if session.floor.presenter == Some(by) => pass(session, None),
        Command::Release {} => Err(Refusal::NotPresenter),
    }
}

/// The one who presented so far stops sharing first, and nobody controls that screen any more.
fn pass(session: &Session, to: Option<ParticipantId>) -> Result<Facts, Refusal> {
    if session.floor.presenter == to {
        return Err(Refusal::AlreadyDone);
    }
    let mut facts = control::end(session);
    if let Some(before) = session.floor.presenter {
        facts.extend(track::close(session, before, track::Kind::Screen));
    }
    facts.push(changed(to));
    Ok(facts)
}

pub(super) fn changed(who: Option<ParticipantId>) -> (Audience, SessionEvent) {
    (Audience::Everyone, SessionEvent::Floor(Event::PresenterChanged { who }))
}
