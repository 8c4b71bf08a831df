//! `admit`: may this person come in, and as what?

use serde::{Deserialize, Serialize};

use crate::grant::Role;
use crate::id::{AccountId, MeetingId};

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
    /// What else scripts are told; the built-in rules need none of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub around: Option<Around>,
}

/// The person and the meeting as they are at that moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Around {
    /// What the person wants to be called.
    pub name: String,
    /// The account's address, when signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The network address they come from.
    pub address: String,
    /// What the meeting is about.
    pub topic: String,
    /// How many people are in it.
    pub here: u32,
    /// Whether its host has locked it.
    pub locked: bool,
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

impl Credential {
    /// The word for it in questions.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Password => "password",
            Self::Invitation => "invitation",
            Self::Nothing => "nothing",
        }
    }
}
