//! What a participant may do, decided once at the door and checked by pure code from then on.

use serde::{Deserialize, Serialize};

/// A participant's part in the meeting, as users of the field know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs the meeting.
    Host,
    /// Speaks and shows in a webinar.
    Panelist,
    /// Takes part.
    Attendee,
    /// Watches and listens only.
    Viewer,
}

impl Role {
    /// The word for it in records, URLs and the canonical state.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Panelist => "panelist",
            Self::Attendee => "attendee",
            Self::Viewer => "viewer",
        }
    }

    /// Whether it does more than watch and listen.
    #[must_use]
    pub fn takes_part(self) -> bool {
        match self {
            Self::Host | Self::Panelist | Self::Attendee => true,
            Self::Viewer => false,
        }
    }
}

/// A role and what may be published under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// May share a screen when presenter.
    pub screen: bool,
    /// May share a camera.
    pub camera: bool,
    /// May share a microphone.
    pub microphone: bool,
    /// May write in the chat.
    pub chat: bool,
}

impl Grant {
    /// What the built-in policy gives a role.
    #[must_use]
    pub fn of(role: Role) -> Self {
        let takes_part = role != Role::Viewer;
        Self {
            role,
            screen: takes_part,
            camera: takes_part,
            microphone: takes_part,
            chat: takes_part,
        }
    }
}
