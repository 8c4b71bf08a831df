//! Policies: a question is asked, a verdict given, and the decision kept as a fact.

mod value;

use serde::{Deserialize, Serialize};

use crate::grant::Role;
use crate::id::{AccountId, MeetingId};
use crate::refusal::Refusal;

pub use value::Value;

/// What a policy is asked. One variant per hook; hooks are added with the parts that ask them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// May this person come in?
    Admit(Admit),
    /// What is recorded of this session?
    Record {
        /// The meeting.
        meeting: MeetingId,
    },
}

/// Somebody at the door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admit {
    /// Which meeting.
    pub meeting: MeetingId,
    /// As what they come.
    pub role: Role,
    /// The account, when signed in.
    pub account: Option<AccountId>,
    /// What they showed to come in.
    pub credential: Credential,
}

/// What somebody showed at the door. Never the secret itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// It is the meeting's owner, signed in.
    Owner,
    /// The right password.
    Password,
    /// An invitation link made by this server.
    Invitation,
    /// Nothing, and the meeting has no password.
    Nothing,
}

/// What a policy answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Come in as this.
    Enter(Role),
    /// Wait until a host lets you in.
    Lobby,
    /// Stay out.
    Refuse(Refusal),
    /// Record media from the start, or only facts.
    Record {
        /// Whether media is recorded from the start.
        media: bool,
    },
}

/// A question, its verdict and what it took: kept in the log, so that replay asks nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// Name and version of what answered; `builtin` for the rules compiled in.
    pub policy: String,
    /// What was asked.
    pub question: Question,
    /// What was answered.
    pub verdict: Verdict,
    /// Whether the fallback answered because the policy failed or was late.
    pub fallback: bool,
    /// How long it took.
    pub micros: u64,
}
