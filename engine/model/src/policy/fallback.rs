//! What holds when a script fails or is late: a pure function of the question.

use super::{Question, Verdict, authenticate, code, publish, register};
use crate::text::Sentence;

/// What somebody is told whose sign-in could not be checked.
const NOT_CHECKED: &str = "Sign-in could not be checked at the moment. Try again in a minute; if \
                           it stays so, tell the administrator of this server.";

impl Question {
    /// The verdict when nobody answers in time.
    #[must_use]
    pub fn fallback(&self) -> Verdict {
        match self {
            Self::Authenticate(_) => {
                let reason = Sentence::new(NOT_CHECKED).expect("a short sentence of our own");
                Verdict::Authenticate(authenticate::Verdict::Deny { reason })
            }
            Self::Admit(_) => Verdict::Lobby,
            Self::Code(_) => Verdict::Code(code::Verdict::RequestPin { reason: None }),
            Self::DrawCode(asked) => Verdict::Drawn(asked.drawn.clone()),
            Self::Publish(asked) => {
                Verdict::Publish(asked.last.clone().unwrap_or(publish::Verdict::Hide))
            }
            Self::Register(_) => Verdict::Register(register::Verdict::Wait),
            Self::Record(_) => Verdict::record(true),
        }
    }
}
