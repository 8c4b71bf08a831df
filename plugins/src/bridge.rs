//! Telephone bridges: what one asks and reports, and what it is told, in its own dialect. Nothing
//! here decides anything; each dialect is a pair of pure functions.

pub mod agi;
mod asterisk;
mod fields;
mod freeswitch;
mod jitsi;
mod json;
mod settings;
mod twilio;
mod xml;

use convoke_model::MeetingId;
use serde::{Deserialize, Serialize};

pub use fields::{Fields, TooMany};
pub use jitsi::numbers;
pub use settings::{Bridge, Settings};
pub use twilio::signature as twilio_signature;

/// How a bridge speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// JSON, for bridges that somebody writes for this server.
    #[default]
    Json,
    /// Jitsi's `conferenceMapper` and `phoneNumberList`.
    Jitsi,
    /// FreeSWITCH's `mod_xml_curl`: a dialplan in XML.
    Freeswitch,
    /// One line of text for Asterisk's `CURL()`, for Kamailio, for scripts.
    Asterisk,
    /// Twilio's webhooks, answered in TwiML.
    Twilio,
}

/// A bridge asks which meeting a caller means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// What the bridge calls the call; empty when it does not say.
    pub call: String,
    /// The number that calls; empty when it is withheld.
    pub caller: String,
    /// The number that was called.
    pub called: String,
    /// What was typed; empty before anything was.
    pub digits: String,
    /// Jitsi asks the other way round too: the code of this meeting.
    pub meeting: Option<MeetingId>,
    /// FreeSWITCH: the context whose dialplan is wanted.
    pub context: String,
}

/// What a bridge is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// This is the meeting.
    Accept {
        /// Which.
        meeting: MeetingId,
        /// The code that leads there.
        code: String,
        /// What to do with the caller now.
        now: Now,
    },
    /// Ask for digits.
    RequestPin {
        /// What to say first.
        reason: Option<String>,
    },
    /// Say no, and hang up.
    Reject {
        /// What to say.
        reason: String,
    },
    /// Hang up.
    Drop,
}

/// Where a caller who is accepted is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Now {
    /// The host has not begun: hold the call and ask again.
    Wait,
    /// In the lobby: hold the call and ask again.
    Lobby,
    /// Let them talk.
    Open,
}

impl Now {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Lobby => "lobby",
            Self::Open => "open",
        }
    }
}

/// What happened to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// The caller is connected to the meeting's sound.
    Joined,
    /// The call is over.
    Left,
    /// The caller switched the microphone off.
    Muted,
    /// And on again.
    Unmuted,
}

/// A bridge reports on a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// Which call; empty when only the address says so.
    pub call: String,
    /// What happened; nothing when the bridge only wants to know what hosts want.
    pub happened: Option<Happened>,
}

/// How a call stands: what a report is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// `wait`, `lobby`, `here`, `removed` or `gone`.
    pub place: &'static str,
    /// Whether hosts want it muted.
    pub muted: bool,
    /// Whether it is to be hung up.
    pub removed: bool,
}

/// An answer in a bridge's dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its media type.
    pub kind: &'static str,
    /// The answer.
    pub body: String,
}

/// Seconds between two questions about a call that is held.
pub const HOLD_S: u32 = 5;
/// Digits a caller may type.
pub const DIGITS_MAX: usize = 20;

impl Dialect {
    /// What is asked.
    #[must_use]
    pub fn asked(self, fields: &Fields) -> Asked {
        match self {
            Self::Json | Self::Asterisk => json::asked(fields),
            Self::Jitsi => jitsi::asked(fields),
            Self::Freeswitch => freeswitch::asked(fields),
            Self::Twilio => twilio::asked(fields),
        }
    }

    /// The answer to a question that is none of ours: FreeSWITCH asks for other parts of its
    /// settings too.
    #[must_use]
    pub fn not_ours(self, fields: &Fields) -> Option<Answer> {
        match self {
            Self::Freeswitch => freeswitch::not_ours(fields),
            Self::Json | Self::Jitsi | Self::Asterisk | Self::Twilio => None,
        }
    }

    /// What is told.
    #[must_use]
    pub fn tell(self, bridge: &Bridge, asked: &Asked, told: &Told) -> Answer {
        match self {
            Self::Json => json::tell(told),
            Self::Jitsi => jitsi::tell(bridge, told),
            Self::Freeswitch => freeswitch::tell(bridge, asked, told),
            Self::Asterisk => asterisk::tell(told),
            Self::Twilio => twilio::tell(bridge, told),
        }
    }

    /// What is reported.
    #[must_use]
    pub fn reported(self, fields: &Fields) -> Reported {
        match self {
            Self::Json | Self::Jitsi | Self::Freeswitch | Self::Asterisk => json::reported(fields),
            Self::Twilio => twilio::reported(fields),
        }
    }

    /// How a call stands.
    #[must_use]
    pub fn standing(self, standing: &Standing) -> Answer {
        match self {
            Self::Json | Self::Jitsi => json::standing(standing),
            Self::Freeswitch | Self::Asterisk => asterisk::standing(standing),
            Self::Twilio => twilio::nothing(),
        }
    }
}

/// Only digits of what was typed, and no more than anybody needs: keypads send `#` and `*` too.
fn typed(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).take(DIGITS_MAX + 1).collect()
}
