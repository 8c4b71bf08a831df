//! Identifiers, positions and time: small newtypes, so that no two of them can be mixed up.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

number!(
    /// One opening of a meeting, counted from 1 within its meeting.
    SessionNumber(u32)
);
number!(
    /// Somebody in a session, counted from 1 within the session.
    ParticipantId(u32)
);
number!(
    /// One published medium (a screen, a camera, a microphone), counted from 1 within the session.
    TrackId(u32)
);
number!(
    /// Somebody who can sign in, counted from 1 on the site stream.
    AccountId(u32)
);
number!(
    /// A group of accounts, counted from 1 on the site stream.
    GroupId(u32)
);
number!(
    /// Somebody who is told of events, counted from 1 on the site stream.
    WebhookId(u32)
);
number!(
    /// A key by which programs act for an account, counted from 1 on the site stream.
    ApiKeyId(u32)
);
number!(
    /// One client's identity over reconnects: random, minted by the server at the first hello.
    ClientId(u64)
);
number!(
    /// Milliseconds since the Unix epoch. The model is told it and never asks.
    Millis(u64)
);

impl Millis {
    /// This time moved on by `millis` milliseconds.
    #[must_use]
    pub fn plus(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this time, zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The lasting meeting: a locator of eight digits, not a secret. Shown as `NNNN-NNNN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct MeetingId(u32);

impl MeetingId {
    /// The smallest number that is a meeting id.
    pub const FIRST: u32 = 10_000_000;
    /// The largest number that is a meeting id.
    pub const LAST: u32 = 99_999_999;

    /// A meeting id from its number; `None` unless it has exactly eight digits.
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        (Self::FIRST..=Self::LAST).contains(&number).then_some(Self(number))
    }

    /// The eight digits as a number.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for MeetingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:04}", self.0 / 10_000, self.0 % 10_000)
    }
}

impl TryFrom<u32> for MeetingId {
    type Error = NotAMeetingId;

    fn try_from(number: u32) -> Result<Self, NotAMeetingId> {
        Self::new(number).ok_or(NotAMeetingId)
    }
}

impl From<MeetingId> for u32 {
    fn from(id: MeetingId) -> Self {
        id.0
    }
}

/// The number or text is not eight digits (hyphens and spaces apart).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAMeetingId;

impl fmt::Display for NotAMeetingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a meeting id has eight digits")
    }
}

impl FromStr for MeetingId {
    type Err = NotAMeetingId;

    /// Accepts `88137455`, `8813-7455` and `8813 7455`, as callers of the legacy forms write it.
    fn from_str(text: &str) -> Result<Self, NotAMeetingId> {
        let mut number: u32 = 0;
        let mut digits = 0;
        for c in text.chars() {
            match c {
                '0'..='9' if digits < 8 => {
                    number = number * 10 + (u32::from(c) - u32::from('0'));
                    digits += 1;
                }
                '-' | ' ' | '\u{a0}' | '\u{2010}'..='\u{2014}' => {}
                _ => return Err(NotAMeetingId),
            }
        }
        Self::new(number).filter(|_| digits == 8).ok_or(NotAMeetingId)
    }
}

/// One append-only sequence of records: the site, a meeting, or one session of a meeting.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct StreamId {
    /// The meeting's number; 0 for the site stream.
    pub meeting: u32,
    /// The session's number; 0 for the site stream and for a meeting's own stream.
    pub session: u32,
}

impl StreamId {
    /// Accounts, settings, policies, sign-ins.
    pub const SITE: Self = Self { meeting: 0, session: 0 };

    /// The stream of a meeting's life.
    #[must_use]
    pub fn meeting(meeting: MeetingId) -> Self {
        Self { meeting: meeting.number(), session: 0 }
    }

    /// The stream of one session.
    #[must_use]
    pub fn session(meeting: MeetingId, session: SessionNumber) -> Self {
        Self { meeting: meeting.number(), session: session.0 }
    }

    /// The meeting this stream belongs to, if it belongs to one.
    #[must_use]
    pub fn meeting_id(self) -> Option<MeetingId> {
        MeetingId::new(self.meeting)
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.meeting, self.session) {
            (0, _) => f.write_str("site"),
            (meeting, 0) => write!(f, "{meeting}"),
            (meeting, session) => write!(f, "{meeting}/{session}"),
        }
    }
}

/// A place in a stream. `seq` is gap-free from 1; `epoch` counts writers of the whole log.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Position {
    /// Which writer of the log wrote it: one more at each start or accepted loss.
    pub epoch: u32,
    /// The record's number in its stream, from 1; 0 means "before the first".
    pub seq: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meeting_id_is_read_as_people_write_it() {
        for text in ["88137455", "8813-7455", "8813 7455", " 8813 - 7455 "] {
            assert_eq!(text.parse::<MeetingId>().map(MeetingId::number), Ok(88_137_455), "{text}");
        }
        for text in ["", "8813745", "881374555", "08137455", "8813745a", "８８１３７４５５"]
        {
            assert_eq!(text.parse::<MeetingId>(), Err(NotAMeetingId), "{text}");
        }
    }

    #[test]
    fn a_meeting_id_is_shown_in_two_groups() {
        assert_eq!(MeetingId::new(88_130_455).map(|id| id.to_string()), Some("8813-0455".into()));
    }
}
