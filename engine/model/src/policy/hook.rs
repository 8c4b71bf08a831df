//! The seven points where policy is asked.

use serde::{Deserialize, Serialize};

/// A point where policy is asked. Its word names the folder of its scripts, the function in them
/// and the variant of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hook {
    /// Somebody wants to sign in.
    Authenticate,
    /// Somebody stands at a meeting's door.
    Admit,
    /// A caller typed digits.
    Code,
    /// A meeting needs an access code.
    DrawCode,
    /// A meeting may be told of in public.
    Publish,
    /// Somebody registers for a webinar.
    Register,
    /// A session opens.
    Record,
}

impl Hook {
    /// Every hook there is.
    pub const ALL: [Self; 7] = [
        Self::Authenticate,
        Self::Admit,
        Self::Code,
        Self::DrawCode,
        Self::Publish,
        Self::Register,
        Self::Record,
    ];

    /// The one word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Authenticate => "authenticate",
            Self::Admit => "admit",
            Self::Code => "code",
            Self::DrawCode => "draw_code",
            Self::Publish => "publish",
            Self::Register => "register",
            Self::Record => "record",
        }
    }

    /// The hook of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hook| hook.word() == word)
    }

    /// How long an answer is waited for, its library calls included, before the fallback answers.
    /// Sign-in waits for another server (2 s to connect, 5 s in all) and may ask a second one;
    /// whoever waits at a door or on a telephone line is answered sooner.
    #[must_use]
    pub fn deadline_ms(self) -> u64 {
        match self {
            Self::Authenticate => 12_000,
            Self::Admit | Self::Code => 2_000,
            Self::DrawCode | Self::Publish | Self::Register | Self::Record => 1_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hook_is_found_by_its_word() {
        for hook in Hook::ALL {
            assert_eq!(Hook::of(hook.word()), Some(hook));
        }
        assert_eq!(Hook::of("admits"), None);
    }
}
