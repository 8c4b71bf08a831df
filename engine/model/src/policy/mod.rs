//! Policies: a question is asked, a verdict given, and the decision kept as a fact.

pub mod admit;
mod answer;
pub mod authenticate;
pub mod code;
mod decided;
pub mod draw_code;
mod fallback;
mod hook;
mod plain;
pub mod publish;
pub mod record;
pub mod register;
mod value;

use serde::{Deserialize, Serialize};

use crate::grant::Role;
use crate::refusal::Refusal;
use crate::text::Sentence;

pub use admit::{Admit, Credential};
pub use answer::NotAVerdict;
pub use decided::{Cause, Decided, Evidence, Script, Why};
pub use hook::Hook;
pub use value::Value;

/// What a policy is asked. One variant per hook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Who is this, and may they sign in?
    Authenticate(authenticate::Question),
    /// May this person come in?
    Admit(Admit),
    /// Which meeting does a caller mean by these digits?
    Code(code::Question),
    /// Which access code does a meeting get?
    DrawCode(draw_code::Question),
    /// What may a public feed say of a meeting?
    Publish(publish::Question),
    /// May this person have a seat?
    Register(register::Question),
    /// What is recorded of this session?
    Record(record::Question),
}

impl Question {
    /// The hook that this question belongs to.
    #[must_use]
    pub fn hook(&self) -> Hook {
        match self {
            Self::Authenticate(_) => Hook::Authenticate,
            Self::Admit(_) => Hook::Admit,
            Self::Code(_) => Hook::Code,
            Self::DrawCode(_) => Hook::DrawCode,
            Self::Publish(_) => Hook::Publish,
            Self::Register(_) => Hook::Register,
            Self::Record(_) => Hook::Record,
        }
    }
}

/// What a policy answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// `admit`: come in as this.
    Enter(Role),
    /// `admit`: wait until a host lets you in.
    Lobby,
    /// `admit`: stay out, for a reason that this server knows.
    Refuse(Refusal),
    /// `admit`: stay out, for a reason of the operator's.
    TurnAway {
        /// What the person is told.
        reason: Sentence,
    },
    /// `record`: record media from the start, or only facts.
    Record {
        /// Whether media is recorded from the start.
        media: bool,
        /// Whether what is typed and pointed at by remote control is recorded with it.
        #[serde(default, skip_serializing_if = "is_not")]
        input: bool,
        /// How many days it is kept; without end when nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keep_days: Option<u32>,
        /// Who may see it afterwards; the hosts when nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen_by: Option<record::SeenBy>,
    },
    /// `authenticate`.
    Authenticate(authenticate::Verdict),
    /// `code`.
    Code(code::Verdict),
    /// `draw_code`: this one.
    Drawn(draw_code::AccessCode),
    /// `publish`.
    Publish(publish::Verdict),
    /// `register`.
    Register(register::Verdict),
    /// Any hook: not my affair, ask the next script.
    Next,
}

impl Verdict {
    /// Whether media is recorded from the start.
    #[must_use]
    pub fn records_media(&self) -> bool {
        matches!(self, Self::Record { media: true, .. })
    }

    /// Facts are recorded, and media as said; for as long as there is room, for the hosts.
    #[must_use]
    pub fn record(media: bool) -> Self {
        Self::Record { media, input: false, keep_days: None, seen_by: None }
    }

    /// Whether remote input is recorded where media is.
    #[must_use]
    pub fn records_input(&self) -> bool {
        matches!(self, Self::Record { input: true, .. })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_not(flag: &bool) -> bool {
    !flag
}
