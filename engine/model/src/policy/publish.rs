//! `publish`: what may a public feed say of a meeting?

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::{MeetingId, Millis};
use crate::meeting::lifecycle::MeetingType;
use crate::meeting::plan::LocalTime;
use crate::text::{Topic, Zone};

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
    /// When it is held; nothing when that is whenever its host likes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Held>,
    /// Whether it is held again and again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recurring: bool,
}

/// When a meeting is held, for the first time if there are several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// On the clocks of `zone`.
    pub start: LocalTime,
    /// The time zone of its clocks.
    pub zone: Zone,
    /// The same instant for everybody.
    pub begins: Millis,
    /// How long it lasts.
    pub minutes: u32,
}

impl Question {
    /// Whether another question is about the same state of the same meeting.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let bare = |question: &Self| Self { last: None, ..question.clone() };
        bare(self) == bare(other)
    }
}

/// What may be said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// These fields.
    List(BTreeSet<Field>),
    /// These fields, under another topic.
    Relabel {
        /// Which fields; the topic is among them.
        fields: BTreeSet<Field>,
        /// What is said in place of its topic.
        topic: Topic,
    },
    /// Nothing: it is not listed.
    Hide,
}

impl Verdict {
    /// What may be said of a meeting that its owner wants to be listed, where no script is set.
    #[must_use]
    pub fn wished() -> Self {
        let all = Field::ALL.into_iter();
        Self::List(all.filter(|&field| field != Field::Seats).collect())
    }

    /// Whether this field may be said.
    #[must_use]
    pub fn lists(&self, field: Field) -> bool {
        match self {
            Self::List(fields) => fields.contains(&field),
            Self::Relabel { fields, topic: _ } => field == Field::Topic || fields.contains(&field),
            Self::Hide => false,
        }
    }
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
