//! Text from people: bounded and free of control characters before it enters a fact.

use serde::{Deserialize, Serialize};

/// Why a text was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextError {
    /// Nothing but white space.
    Empty,
    /// More characters than allowed.
    TooLong,
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $max:expr, $lines:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Characters (Unicode scalar values) it may have at most.
            pub const CHARS_MAX: usize = $max;

            /// Takes what a person typed: control and direction-changing characters are dropped and
            /// the ends are trimmed. Markup is data and stays as it is.
            ///
            /// # Errors
            /// `Empty` when nothing is left, `TooLong` above `CHARS_MAX`.
            pub fn new(typed: &str) -> Result<Self, TextError> {
                // A bound on bytes first: ten megabytes are refused without being walked.
                if typed.len() > Self::CHARS_MAX * 8 {
                    return Err(TextError::TooLong);
                }
                let kept: String = typed.chars().filter(|&c| is_kept(c, $lines)).collect();
                let kept = kept.trim();
                if kept.is_empty() {
                    return Err(TextError::Empty);
                }
                if kept.chars().count() > Self::CHARS_MAX {
                    return Err(TextError::TooLong);
                }
                Ok(Self(kept.to_owned()))
            }

            /// The same for a text that is owned already: most need nothing done to them and are
            /// taken as they are.
            ///
            /// # Errors
            /// As for `new`.
            pub fn take(typed: String) -> Result<Self, TextError> {
                let short = typed.len() <= Self::CHARS_MAX;
                if short && is_plain(typed.as_bytes(), $lines) {
                    return Ok(Self(typed));
                }
                Self::new(&typed)
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let typed = String::deserialize(from)?;
                Self::take(typed).map_err(|error| {
                    serde::de::Error::custom(match error {
                        TextError::Empty => concat!(stringify!($name), " is empty"),
                        TextError::TooLong => concat!(stringify!($name), " is too long"),
                    })
                })
            }
        }
    };
}

text!(
    /// What a participant is called: one line.
    Name,
    80,
    false
);
text!(
    /// Why something is so, told to a person: one line.
    Sentence,
    300,
    false
);
text!(
    /// What a meeting is about: one line.
    Topic,
    200,
    false
);
text!(
    /// One chat message: may have several lines.
    ChatText,
    4000,
    true
);

text!(
    /// A telephone number as people dial and read it: one line.
    DialNumber,
    40,
    false
);
text!(
    /// What a group of accounts is called: one line.
    GroupName,
    80,
    false
);
text!(
    /// A time zone by its IANA name, as in `Europe/Berlin`.
    Zone,
    64,
    false
);
text!(
    /// A network address, as text.
    Address,
    64,
    false
);
text!(
    /// The name of a place elsewhere that knows accounts: a directory, another server.
    Source,
    64,
    false
);
text!(
    /// An address that is called, such as `https://crm.example.org/convoke`.
    CallUrl,
    2000,
    false
);
text!(
    /// What somebody is known by elsewhere.
    ForeignId,
    512,
    false
);

/// Whether a text holds nothing that would be dropped or trimmed: letters of ASCII, and spaces
/// within.
fn is_plain(bytes: &[u8], lines: bool) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_graphic();
    let ends = bytes.first().is_some_and(is_letter) && bytes.last().is_some_and(is_letter);
    ends && bytes.iter().all(|byte| is_letter(byte) || *byte == b' ' || (lines && *byte == b'\n'))
}

fn is_kept(c: char, lines: bool) -> bool {
    let turns_text = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    (!c.is_control() && !turns_text) || (lines && c == '\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_dropped_and_markup_stays() {
        let name = Name::new(" <b>Ann\u{0}\u{202e}\u{1b}[31m</b>\n ").expect("something is left");
        assert_eq!(name.as_str(), "<b>Ann[31m</b>");
        assert_eq!(ChatText::new("a\nb\u{7}").expect("text").as_str(), "a\nb");
    }

    #[test]
    fn an_owned_text_becomes_what_a_borrowed_one_becomes() {
        for typed in [
            "plain",
            "two words",
            " led",
            "trailed ",
            "\nled",
            "a\nb",
            "a\tb",
            "é",
            "a\u{7f}b",
            "",
            " ",
            "<b>&amp;</b>",
            "a\u{202e}b",
            "\u{2003}wide",
        ] {
            assert_eq!(ChatText::take(typed.to_owned()), ChatText::new(typed), "{typed:?}");
            assert_eq!(Name::take(typed.to_owned()), Name::new(typed), "{typed:?}");
        }
        let long = "x".repeat(4001);
        assert_eq!(ChatText::take(long), Err(TextError::TooLong));
    }

    #[test]
    fn empty_and_endless_texts_are_refused() {
        assert_eq!(Name::new(" \u{0}\t "), Err(TextError::Empty));
        assert_eq!(ChatText::new(&"x".repeat(10_000_000)), Err(TextError::TooLong));
        assert_eq!(ChatText::new(&"é".repeat(4001)), Err(TextError::TooLong));
        assert!(ChatText::new(&"é".repeat(4000)).is_ok());
    }
}
