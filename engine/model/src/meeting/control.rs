//! Remote control: the presenter lets one person work on the shared screen with pointer and
//! keyboard. What that person does goes to the presenter alone, on a track of its own that lives no
//! longer than the permission.

use serde::{Deserialize, Serialize};

use super::{Event as SessionEvent, Facts, Session, to_everyone, track};
use crate::id::{Millis, ParticipantId, TrackId};
use crate::record::{Actor, Audience};
use crate::refusal::Refusal;

/// How much came on a track of remote input, told when it is closed and when the server stops. What
/// it was is in no fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Which track; it is closed.
    pub track: TrackId,
    /// Who sent it.
    pub who: ParticipantId,
    /// Messages that were taken in for the presenter, whether or not they reached them in time.
    pub messages: u64,
    /// Bytes of these messages, headers included.
    pub bytes: u64,
    /// Arrival of the first of them.
    pub first: Millis,
    /// Arrival of the last of them.
    pub last: Millis,
}

/// Wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Somebody would like to control the shared screen.
    Ask {},
    /// The presenter lets somebody control it.
    Give {
        /// Whom.
        to: ParticipantId,
    },
    /// The presenter or a host takes the control back.
    Take {},
    /// Whoever has it gives it back.
    Release {},
    /// The server tells how much was sent.
    Count(Count),
}

/// Facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The actor would like to have control; told to the presenter.
    Asked {},
    /// Somebody controls the presenter's screen.
    Given {
        /// Who.
        to: ParticipantId,
    },
    /// Nobody does any more.
    Ended {},
    /// This much was sent while somebody did.
    Counted(Count),
}

/// Who controls the presenter's screen.
#[derive(Clone, Debug, Default)]
pub struct Control {
    /// Who does, if anybody.
    pub holder: Option<ParticipantId>,
}

impl Control {
    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Given { to } => self.holder = Some(*to),
            Event::Ended {} => self.holder = None,
            Event::Asked {} | Event::Counted(_) => {}
        }
    }
}

pub(super) fn decide(session: &Session, by: Actor, command: &Command) -> Result<Facts, Refusal> {
    let holder = session.control.holder;
    match command {
        Command::Ask {} => {
            let presenter = session.floor.presenter.filter(|&who| shares_screen(session, who));
            let presenter = presenter.ok_or(Refusal::NoScreen)?;
            if by.participant() == Some(presenter) || by.participant() == holder {
                return Err(Refusal::AlreadyDone);
            }
            Ok(vec![(Audience::One(presenter), SessionEvent::Control(Event::Asked {}))])
        }
        Command::Give { to } => {
            let by = by.participant().ok_or(Refusal::NotAllowed)?;
            give(session, by, *to)
        }
        Command::Take {} if holder.is_none() => Err(Refusal::AlreadyDone),
        Command::Release {} if holder.is_none() || holder != by.participant() => {
            Err(Refusal::NoControl)
        }
        Command::Take {} | Command::Release {} => Ok(end(session)),
        Command::Count(count) => {
            let counted = SessionEvent::Control(Event::Counted(count.clone()));
            Ok(vec![(Audience::Hosts, counted)])
        }
    }
}

/// Only the presenter gives it, hosts included: it is the presenter's machine.
fn give(session: &Session, by: ParticipantId, to: ParticipantId) -> Result<Facts, Refusal> {
    if session.floor.presenter != Some(by) {
        return Err(Refusal::NotPresenter);
    }
    if !shares_screen(session, by) {
        return Err(Refusal::NoScreen);
    }
    let person = session.roster.present(to).ok_or(Refusal::NotPresent)?;
    if to == by || !person.grant.role.takes_part() {
        return Err(Refusal::NotAllowed);
    }
    if session.control.holder == Some(to) {
        return Err(Refusal::AlreadyDone);
    }
    let mut facts = end(session);
    facts.extend(to_everyone(SessionEvent::Control(Event::Given { to })));
    Ok(facts)
}

fn shares_screen(session: &Session, who: ParticipantId) -> bool {
    let mut open = session.tracks.open().values();
    open.any(|track| track.owner == who && track.kind == track::Kind::Screen && !track.paused)
}

/// Facts that end the control, the track of its input first; none when nobody has it.
pub(super) fn end(session: &Session) -> Facts {
    let Some(holder) = session.control.holder else { return Facts::new() };
    let input = track::close(session, holder, track::Kind::RemoteInput);
    input.into_iter().chain(to_everyone(SessionEvent::Control(Event::Ended {}))).collect()
}

/// The same where `who` goes: control ends with whoever has it, and with whoever gave it.
pub(super) fn end_with(session: &Session, who: ParticipantId) -> Facts {
    if session.control.holder == Some(who) || session.floor.presenter == Some(who) {
        end(session)
    } else {
        Facts::new()
    }
}
