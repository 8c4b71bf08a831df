//! `record`: what is recorded of a session, how long is it kept, and who may see it?

use serde::{Deserialize, Serialize};

use crate::id::MeetingId;
use crate::meeting::lifecycle::MeetingType;

/// A session opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Which meeting.
    pub meeting: MeetingId,
    /// What else scripts are told; the built-in rules need none of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub around: Option<Around>,
}

/// The meeting as it is at that moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Around {
    /// What it is about.
    pub topic: String,
    /// Its kind.
    pub kind: MeetingType,
    /// Its owner's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

/// Who may see a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeenBy {
    /// Whoever was in the session.
    Participants,
    /// Its hosts.
    Hosts,
    /// Who administers the server.
    Administrators,
}

impl SeenBy {
    /// The word for it in scripts.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Participants => "participants",
            Self::Hosts => "hosts",
            Self::Administrators => "administrators",
        }
    }

    /// Who is meant by a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        [Self::Participants, Self::Hosts, Self::Administrators]
            .into_iter()
            .find(|seen_by| seen_by.word() == word)
    }
}
