//! `draw_code`: which access code does a meeting get?

use serde::{Deserialize, Serialize};

use crate::id::MeetingId;

/// A meeting needs an access code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Which meeting.
    pub meeting: MeetingId,
    /// A code that the server drew at random and that nobody has: for who has no wish of their own.
    pub drawn: AccessCode,
    /// Codes that are in use, at most [`Question::IN_USE_MAX`] of them.
    pub in_use: Vec<String>,
}

impl Question {
    /// Codes in use that a script is told of.
    pub const IN_USE_MAX: usize = 500;
}

/// What a caller types: 4 to 20 digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccessCode(String);

impl AccessCode {
    /// Takes 4 to 20 digits.
    #[must_use]
    pub fn new(digits: &str) -> Option<Self> {
        let fits = (4..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| Self(digits.to_owned()))
    }

    /// Nine digits made of a random number, and one that shows most slips of a finger (Luhn, as on
    /// payment cards: ISO/IEC 7812-1).
    #[must_use]
    pub fn drawn(random: u64) -> Self {
        let nine = format!("{:09}", random % 1_000_000_000);
        let check = check_digit(&nine);
        Self(format!("{nine}{check}"))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AccessCode {
    type Error = &'static str;

    fn try_from(digits: String) -> Result<Self, Self::Error> {
        Self::new(&digits).ok_or("an access code has 4 to 20 digits")
    }
}

impl From<AccessCode> for String {
    fn from(code: AccessCode) -> Self {
        code.0
    }
}

fn check_digit(digits: &str) -> u32 {
    let doubled = |(place, digit): (usize, u8)| {
        let digit = u32::from(digit - b'0');
        match digit * 2 {
            twice if place % 2 == 0 && twice > 9 => twice - 9,
            twice if place % 2 == 0 => twice,
            _ => digit,
        }
    };
    let sum: u32 = digits.bytes().rev().enumerate().map(doubled).sum();
    (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawn_code_ends_with_its_check_digit() {
        // The example of ISO/IEC 7812-1: 7992739871 has the check digit 3.
        assert_eq!(check_digit("7992739871"), 3);
        assert_eq!(AccessCode::drawn(1_992_739_871).as_str().len(), 10);
        assert_eq!(AccessCode::drawn(0).as_str(), "0000000000");
        assert_eq!(AccessCode::new("123"), None);
        assert_eq!(AccessCode::new("12345678901234567890x"), None);
    }
}
