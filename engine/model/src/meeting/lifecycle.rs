//! The session's beginning and end.

use serde::{Deserialize, Serialize};

use super::{Event as SessionEvent, Facts, Session, to_everyone};
use crate::id::{AccountId, MeetingId, SessionNumber};
use crate::record::{Actor, Audience};
use crate::refusal::Refusal;
use crate::text::Topic;

/// What a meeting is for. The numbers are those of the legacy `meeting_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeetingType {
    /// 0: everybody may talk, one presents.
    Interactive,
    /// 1: help on somebody's computer.
    RemoteSupport,
    /// 2: reach an own computer.
    RemoteAccess,
    /// 3: few speak, many listen.
    Webinar,
    /// 4: cameras first.
    VideoConference,
}

impl MeetingType {
    /// From the legacy number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Interactive,
            1 => Self::RemoteSupport,
            2 => Self::RemoteAccess,
            3 => Self::Webinar,
            4 => Self::VideoConference,
            _ => return None,
        })
    }

    /// The legacy number.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Interactive => 0,
            Self::RemoteSupport => 1,
            Self::RemoteAccess => 2,
            Self::Webinar => 3,
            Self::VideoConference => 4,
        }
    }

    /// Whether this version can run it.
    #[must_use]
    pub fn is_available(self) -> bool {
        matches!(self, Self::Interactive | Self::VideoConference)
    }
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// A host ended it.
    Host,
    /// Nobody was left.
    Empty,
    /// An administrator ended it.
    Administrator,
}

/// The first fact of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The meeting.
    pub meeting: MeetingId,
    /// Which opening of it.
    pub session: SessionNumber,
    /// What it is for.
    pub kind: MeetingType,
    /// What it is about.
    pub topic: Topic,
    /// Who opened it.
    pub host: AccountId,
    /// How many people may be in it at once.
    pub participants_max: u32,
    /// Whether media is recorded from the start.
    pub recording: bool,
    /// Whether it may be recorded at all: what its host's account covers.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub may_record: bool,
    /// Whether remote input is recorded where media is.
    #[serde(default, skip_serializing_if = "is_not")]
    pub records_input: bool,
    /// Last seq of the meeting's stream when this session was opened.
    pub meeting_seq: u64,
    /// Hash of the meeting's stream at that place: it ties the two streams together.
    #[serde(with = "crate::record::bytes32")]
    pub meeting_hash: [u8; 32],
}

fn yes() -> bool {
    true
}

fn is_yes(flag: &bool) -> bool {
    *flag
}

fn is_not(flag: &bool) -> bool {
    !flag
}

/// Wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Begin.
    Open(Opening),
    /// A host ends it for everybody.
    End {},
    /// The server ends it.
    Close {
        /// Why.
        reason: EndReason,
    },
}

/// Facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It began.
    Opened(Opening),
    /// It is over: the last fact but for seals of what was recorded.
    Ended {
        /// Why.
        reason: EndReason,
    },
}

/// Whether the session is open, and what it was opened as.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    opening: Option<Opening>,
    ended: bool,
}

impl Lifecycle {
    /// Begun and not ended.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.opening.is_some() && !self.ended
    }

    /// What the session was opened as.
    #[must_use]
    pub fn opening(&self) -> Option<&Opening> {
        self.opening.as_ref()
    }

    pub(super) fn open(&self, by: Actor, opening: &Opening) -> Result<Facts, Refusal> {
        if by != Actor::Server {
            return Err(Refusal::NotAllowed);
        }
        if self.opening.is_some() {
            return Err(Refusal::AlreadyDone);
        }
        if !opening.kind.is_available() {
            return Err(Refusal::TypeNotAvailable);
        }
        Ok(to_everyone(SessionEvent::Lifecycle(Event::Opened(opening.clone()))))
    }

    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Opened(opening) => self.opening = Some(opening.clone()),
            Event::Ended { .. } => self.ended = true,
        }
    }
}

pub(super) fn decide(session: &Session, command: &Command) -> Result<Facts, Refusal> {
    match command {
        Command::Open(_) => Err(Refusal::AlreadyDone),
        Command::End {} => Ok(end(session, EndReason::Host)),
        Command::Close { reason } => Ok(end(session, *reason)),
    }
}

/// Everybody leaves, then it is over: joins and leaves balance in every log.
fn end(session: &Session, reason: EndReason) -> Facts {
    let mut facts = super::roster::all_leave(session);
    facts.push((Audience::Everyone, SessionEvent::Lifecycle(Event::Ended { reason })));
    facts
}
