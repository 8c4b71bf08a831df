//! Who takes part by telephone. A bridge speaks for them: it says when they come, whether their
//! microphone is on and when they go, and asks what hosts want of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::roster::{self, Entering};
use super::{Event as SessionEvent, Facts, Session, to_everyone};
use crate::id::ParticipantId;
use crate::record::Audience;
use crate::refusal::Refusal;
use crate::text::{DialNumber, ForeignId, Source};

/// One call, as the bridge that carries it knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Call {
    /// Which bridge.
    pub bridge: Source,
    /// What the bridge calls it.
    pub id: ForeignId,
}

/// Somebody comes in by telephone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arriving {
    /// What the door decided. No connection will speak for this participant.
    pub entering: Entering,
    /// The call.
    pub call: Call,
    /// The number that calls; nothing when it is withheld.
    pub number: Option<DialNumber>,
}

/// Wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// A caller comes in.
    Arrive(Box<Arriving>),
    /// The bridge says whether a caller can be heard.
    Report {
        /// Who.
        who: ParticipantId,
        /// Whether their microphone is off.
        quiet: bool,
    },
}

/// Facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Somebody came through the door by this call. For the log only: it names numbers.
    Called {
        /// Who.
        who: ParticipantId,
        /// The call.
        call: Call,
        /// The number that called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<DialNumber>,
    },
    /// Somebody who joined is on the telephone.
    OnTelephone {
        /// Who.
        who: ParticipantId,
    },
    /// A caller's microphone is off.
    MicrophoneOff {
        /// Whose.
        who: ParticipantId,
    },
    /// A caller's microphone is on again.
    MicrophoneOn {
        /// Whose.
        who: ParticipantId,
    },
}

/// Somebody on the telephone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The call.
    pub call: Call,
    /// Whether their microphone is off.
    pub quiet: bool,
}

/// Everybody who ever came by telephone.
#[derive(Clone, Debug, Default)]
pub struct DialIn {
    callers: BTreeMap<ParticipantId, Caller>,
}

impl DialIn {
    /// Whether nobody ever came by telephone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.callers.is_empty()
    }

    /// Somebody who came by telephone, wherever they are now.
    #[must_use]
    pub fn caller(&self, who: ParticipantId) -> Option<&Caller> {
        self.callers.get(&who)
    }

    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Called { who, call, .. } => {
                self.callers.insert(*who, Caller { call: call.clone(), quiet: false });
            }
            Event::OnTelephone { .. } => {}
            Event::MicrophoneOff { who } => self.hush(*who, true),
            Event::MicrophoneOn { who } => self.hush(*who, false),
        }
    }

    fn hush(&mut self, who: ParticipantId, quiet: bool) {
        if let Some(caller) = self.callers.get_mut(&who) {
            caller.quiet = quiet;
        }
    }
}

pub(super) fn decide(session: &Session, command: &Command) -> Result<Facts, Refusal> {
    match command {
        Command::Arrive(arriving) => arrive(session, arriving),
        Command::Report { who, quiet } => {
            let caller = session.dial_in.caller(*who).ok_or(Refusal::NotPresent)?;
            if session.roster.present(*who).is_none() {
                return Err(Refusal::NotPresent);
            }
            if caller.quiet == *quiet {
                return Err(Refusal::AlreadyDone);
            }
            let who = *who;
            let fact =
                if *quiet { Event::MicrophoneOff { who } } else { Event::MicrophoneOn { who } };
            Ok(to_everyone(SessionEvent::DialIn(fact)))
        }
    }
}

fn arrive(session: &Session, arriving: &Arriving) -> Result<Facts, Refusal> {
    let Arriving { entering, call, number } = arriving;
    // A bridge that did not hear the answer reports again.
    let mut known = session.dial_in.callers.iter().filter(|(_, caller)| caller.call == *call);
    if known.any(|(who, _)| session.roster.is_here_or_waits(*who)) {
        return Err(Refusal::AlreadyDone);
    }
    let mut facts = Facts::new();
    for (audience, fact) in roster::enter(session, entering)? {
        let mark = if let SessionEvent::Roster(roster::Event::Entered { who, .. }) = &fact {
            let (who, call, number) = (*who, call.clone(), number.clone());
            let called = Event::Called { who, call, number };
            Some((Audience::Nobody, SessionEvent::DialIn(called)))
        } else if let SessionEvent::Roster(roster::Event::Joined { who, .. }) = &fact {
            Some(on_telephone(*who))
        } else {
            None
        };
        facts.push((audience, fact));
        facts.extend(mark);
    }
    Ok(facts)
}

/// The mark of somebody who joined and is on the telephone.
pub(super) fn on_telephone(who: ParticipantId) -> (Audience, SessionEvent) {
    (Audience::Everyone, SessionEvent::DialIn(Event::OnTelephone { who }))
}
