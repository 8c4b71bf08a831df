//! What a meeting is planned as: when, for whom, and whether the public hears of it. Dates are kept
//! as people said them; instants are worked out by the server, which knows the time zones' rules.

use serde::{Deserialize, Serialize};

use crate::id::Millis;
use crate::policy::draw_code::AccessCode;
use crate::text::{DialNumber, Zone};

/// A plan. Its topic, its kind and its password belong to the meeting itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// When; nothing means whenever its host likes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// Whether it is held again and again, with times or without.
    pub recurring: bool,
    /// Whether public lists may tell of it.
    pub public: bool,
    /// Whether only people from the operator's own networks come in.
    pub own_network: bool,
    /// Whether people wait until a host lets them in.
    pub lobby: bool,
    /// How many people may be in it at once, when it is fewer than the site allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub participants_max: Option<u32>,
    /// How to reach it by telephone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dial_in: Option<DialIn>,
}

/// When a meeting is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct When {
    /// Its first beginning, on the clocks of `zone`.
    pub start: LocalTime,
    /// How long it lasts, 1 to [`When::MINUTES_MAX`].
    pub minutes: u32,
    /// The time zone of its clocks.
    pub zone: Zone,
    /// How it comes again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// Dates of the series that are not held as the rule has them, in order, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Exception>,
    /// The instant of its first beginning, by the zone's rules when it was planned; of a series,
    /// by its rule alone.
    pub begins: Millis,
    /// The instant of its last end; nothing when it goes on for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Millis>,
}

impl When {
    /// A week.
    pub const MINUTES_MAX: u32 = 7 * 24 * 60;
    /// Dates of a series that can be called off or moved.
    pub const EXCEPTIONS_MAX: usize = 200;
}

/// A date of a series that is called off, or held at another time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// Its beginning as the rule has it, on the clocks of the meeting's zone.
    pub date: LocalTime,
    /// Its beginning instead; nothing when it is called off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<LocalTime>,
}

/// A place in the calendar without a zone: `2026-11-30T10:00`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LocalTime(String);

impl LocalTime {
    /// Takes `YYYY-MM-DDTHH:MM`. Whether there is such a day is for the calendar to say.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let shape = b"dddd-dd-ddTdd:dd";
        let fits = text.len() == shape.len()
            && text.bytes().zip(shape).all(|(byte, shape)| match shape {
                b'd' => byte.is_ascii_digit(),
                other => byte == *other,
            });
        fits.then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for LocalTime {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text).ok_or("a local time is YYYY-MM-DDTHH:MM")
    }
}

impl From<LocalTime> for String {
    fn from(time: LocalTime) -> Self {
        time.0
    }
}

/// How a meeting comes again: the value of an `RRULE` of RFC 5545, section 3.3.10, such as
/// `FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule(String);

impl Rule {
    /// Letters it may have.
    pub const CHARS_MAX: usize = 300;

    /// Takes what has the letters of a rule. Whether it is one is for the calendar to say.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let is_letter = |b: u8| b.is_ascii_alphanumeric() || b"=;,+-:".contains(&b);
        let upper = text.trim().to_ascii_uppercase();
        let text = upper.strip_prefix("RRULE:").unwrap_or(&upper);
        let fits = text.starts_with("FREQ=") || text.contains(";FREQ=");
        let fits = fits && text.len() <= Self::CHARS_MAX && text.bytes().all(is_letter);
        fits.then(|| Self(text.to_owned()))
    }

    /// The rule.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Rule {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text).ok_or("a rule begins with FREQ= and has at most 300 letters")
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.0
    }
}

/// How to reach a meeting by telephone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DialIn {
    /// The number to dial, when it is not the site's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<DialNumber>,
    /// What to type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<AccessCode>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_one_form() {
        assert!(LocalTime::new("2026-11-30T10:00").is_some());
        for bad in ["2026-11-30 10:00", "2026-11-30T10:00:00", "", "2026-1-30T10:000"] {
            assert_eq!(LocalTime::new(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_rule_has_the_letters_of_one() {
        let rule = Rule::new("rrule:FREQ=WEEKLY;BYDAY=MO,WE").expect("a rule");
        assert_eq!(rule.as_str(), "FREQ=WEEKLY;BYDAY=MO,WE");
        for bad in ["", "WEEKLY", "FREQ=DAILY\r\nATTACH:x", "FREQ=DAILY;X=é"] {
            assert_eq!(Rule::new(bad), None, "{bad}");
        }
        assert_eq!(Rule::new(&format!("FREQ=DAILY;BYDAY={}", "MO,".repeat(100))), None);
    }
}
