//! `publish`: what may a public feed say of a meeting?

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::MeetingId;
use crate::meeting::lifecycle::MeetingType;

/// A feed wants to tell of a meeting. Asked once per change of the meeting or the script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Which meeting.
    pub meeting: MeetingId,
    /// What it is about.
    pub topic: String,
    /// Its kind.
    pub kind: MeetingType,
    /// Its owner's name.
    pub host: String,
    /// The feed's name.
    pub feed: String,
    /// Whether its owner asked for it to be listed.
    pub wished: bool,
    /// What was answered last for this meeting and feed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Verdict>,
}

/// What may be said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// These fields.
    List(BTreeSet<Field>),
    /// Nothing: it is not listed.
    Hide,
}

/// Something that a feed can say of a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Its number.
    Meeting,
    /// What it is about.
    Topic,
    /// Its kind.
    Type,
    /// Its owner's name.
    Host,
    /// When it begins.
    Start,
    /// How long it lasts.
    Duration,
    /// Where to register.
    Registration,
    /// Seats that are left.
    Seats,
}

impl Field {
    /// Every field there is.
    pub const ALL: [Self; 8] = [
        Self::Meeting,
        Self::Topic,
        Self::Type,
        Self::Host,
        Self::Start,
        Self::Duration,
        Self::Registration,
        Self::Seats,
    ];

    /// The word for it in scripts.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Meeting => "meeting",
            Self::Topic => "topic",
            Self::Type => "type",
            Self::Host => "host",
            Self::Start => "start",
            Self::Duration => "duration",
            Self::Registration => "registration",
            Self::Seats => "seats",
        }
    }

    /// The field of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.word() == word)
    }
}
