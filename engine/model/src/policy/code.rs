//! `code`: which meeting does a caller on the telephone mean by these digits?

use serde::{Deserialize, Serialize};

use crate::id::MeetingId;
use crate::text::Sentence;

/// A caller typed digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The number that calls, as the bridge tells it; empty when it is withheld.
    pub caller: String,
    /// The dial-in number that was called.
    pub called: String,
    /// What was typed.
    pub digits: String,
    /// Which try of this call it is, from 1.
    pub attempt: u32,
}

/// What the bridge does with the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Into this meeting.
    Accept {
        /// Which.
        meeting: MeetingId,
    },
    /// Ask for digits again.
    RequestPin {
        /// What the caller is told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Sentence>,
    },
    /// Tell the caller no, and hang up.
    Reject {
        /// What the caller is told.
        reason: Sentence,
    },
    /// Hang up without a word.
    Drop,
}
