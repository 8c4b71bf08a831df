//! What administrators set while the server runs. Each change is a fact with what was before and
//! why; secrets among them lie in the vault, and facts say that they changed.

use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::text::{DialNumber, Name, Sentence, Topic};

/// All that can be set, one part for each page of the console.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// How the server presents itself.
    pub branding: Branding,
    /// How meetings are reached by telephone.
    pub telephone: Telephone,
    /// How public lists are told.
    pub publishing: Publishing,
    /// How much goes on at once.
    pub limits: Limits,
    /// How callers of the legacy interface are known.
    pub integration: Integration,
}

/// How the server presents itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Branding {
    /// What it is called, instead of Convoke.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// What its start page says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub welcome: Option<Sentence>,
    /// Its colour, as `#rrggbb`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colour: Option<Colour>,
}

/// A colour: `#rrggbb`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour(String);

impl TryFrom<String> for Colour {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        let fits = digits.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        if fits { Ok(Self(text.to_ascii_lowercase())) } else { Err("a colour is #rrggbb") }
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.0
    }
}

/// How meetings are reached by telephone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Telephone {
    /// The numbers to dial: `my own conference number` of the original, as many as there are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<Number>,
    /// Whether a meeting's id is its access code.
    pub meeting_id_is_code: bool,
    /// Whether a meeting without a code of its own gets one drawn.
    pub draw_codes: bool,
}

impl Telephone {
    /// Numbers that can be set.
    pub const NUMBERS_MAX: usize = 100;
}

/// A number to dial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Number {
    /// As it is dialled and shown.
    pub number: DialNumber,
    /// The country, ISO 3166-1 alpha-2, capital letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Whether calling it is free.
    #[serde(default)]
    pub toll_free: bool,
}

/// A country: two capital letters of ISO 3166-1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country(String);

impl Country {
    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Country {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let upper = text.to_ascii_uppercase();
        let fits = upper.len() == 2 && upper.bytes().all(|b| b.is_ascii_uppercase());
        if fits { Ok(Self(upper)) } else { Err("a country has two letters") }
    }
}

impl From<Country> for String {
    fn from(country: Country) -> Self {
        country.0
    }
}

/// How public lists are told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Publishing {
    /// Whether there are public lists at all.
    pub off: bool,
    /// What heads them, when it is not the server's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Topic>,
    /// Whose pages may show them in a frame: origins such as `https://www.example.org`, or `*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub frame_ancestors: Vec<String>,
}

impl Publishing {
    /// Origins that can be set.
    pub const FRAME_ANCESTORS_MAX: usize = 50;

    /// Whether a text is an origin whose pages may be named: `https://www.example.org`,
    /// `http://intranet:8080`, `https://*.example.org`, or `*` for all of them.
    #[must_use]
    pub fn is_ancestor(text: &str) -> bool {
        const CHARS_MAX: usize = 300;
        if text == "*" {
            return true;
        }
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let Some(rest) = rest.filter(|_| text.len() <= CHARS_MAX) else { return false };
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        };
        let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
        let host = host.strip_prefix("*.").unwrap_or(host);
        let label = |label: &str| {
            let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
            !label.is_empty() && label.bytes().all(fits) && !label.starts_with('-')
        };
        port_fits && host.split('.').all(label)
    }
}

/// How much goes on at once; 0 means as much as the machine bears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Rooms: meetings that are held at once.
    pub rooms: u32,
    /// Participants in all of them together.
    pub participants: u32,
}

/// How callers of the legacy interface are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Integration {
    /// Whether an integration code is set. The code itself lies in the vault.
    pub has_code: bool,
    /// How often it was changed, so that a change of the code alone is a fact too.
    pub changes: u32,
}

/// One part of the settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// How the server presents itself.
    Branding(Branding),
    /// How meetings are reached by telephone.
    Telephone(Telephone),
    /// How public lists are told.
    Publishing(Publishing),
    /// How much goes on at once.
    Limits(Limits),
    /// How callers of the legacy interface are known.
    Integration(Integration),
}

/// Wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Set one part.
    Set {
        /// To what.
        part: Part,
        /// Why.
        reason: Option<Sentence>,
    },
}

/// Facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A part was set.
    Set {
        /// What it was.
        before: Part,
        /// What it is.
        after: Part,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Sentence>,
    },
}

impl Settings {
    fn like(&self, part: &Part) -> Part {
        match part {
            Part::Branding(_) => Part::Branding(self.branding.clone()),
            Part::Telephone(_) => Part::Telephone(self.telephone.clone()),
            Part::Publishing(_) => Part::Publishing(self.publishing.clone()),
            Part::Limits(_) => Part::Limits(self.limits),
            Part::Integration(_) => Part::Integration(self.integration),
        }
    }

    pub(super) fn decide(&self, command: &Command) -> Result<Vec<Event>, Refusal> {
        let Command::Set { part, reason } = command;
        if let Part::Telephone(telephone) = part
            && telephone.numbers.len() > Telephone::NUMBERS_MAX
        {
            return Err(Refusal::TooLong);
        }
        if let Part::Publishing(publishing) = part {
            let origins = &publishing.frame_ancestors;
            if origins.len() > Publishing::FRAME_ANCESTORS_MAX {
                return Err(Refusal::TooLong);
            }
            if !origins.iter().all(|origin| Publishing::is_ancestor(origin)) {
                return Err(Refusal::Malformed);
            }
        }
        let before = self.like(part);
        if before == *part {
            return Ok(Vec::new());
        }
        Ok(vec![Event::Set { before, after: part.clone(), reason: reason.clone() }])
    }

    pub(super) fn apply(&mut self, event: &Event) {
        let Event::Set { before: _, after, reason: _ } = event;
        match after.clone() {
            Part::Branding(branding) => self.branding = branding,
            Part::Telephone(telephone) => self.telephone = telephone,
            Part::Publishing(publishing) => self.publishing = publishing,
            Part::Limits(limits) => self.limits = limits,
            Part::Integration(integration) => self.integration = integration,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_origins_may_frame_public_lists() {
        for good in ["*", "https://www.example.org", "http://localhost:8080", "https://*.a.org:1"] {
            assert!(Publishing::is_ancestor(good), "{good}");
        }
        for bad in [
            "",
            "example.org",
            "https://",
            "https://a.org/x",
            "https://a.org;script-src *",
            "https://a.org b.org",
            "https://a.org:0",
            "https://a.org:99999",
            "https://*",
            "https://a.*.org",
            "'self'",
            "https://a..org",
            "https://a.org\r\nX: y",
        ] {
            assert!(!Publishing::is_ancestor(bad), "{bad}");
            let publishing =
                Publishing { frame_ancestors: vec![bad.to_owned()], ..Publishing::default() };
            let set = Command::Set { part: Part::Publishing(publishing), reason: None };
            assert_eq!(Settings::default().decide(&set), Err(Refusal::Malformed), "{bad}");
        }
    }

    #[test]
    fn a_change_tells_what_was_before_and_no_change_is_no_fact() {
        let mut settings = Settings::default();
        let limits = Part::Limits(Limits { rooms: 3, participants: 50 });
        let set = Command::Set { part: limits.clone(), reason: None };
        let facts = settings.decide(&set).expect("granted");
        let before = Part::Limits(Limits::default());
        assert_eq!(facts, [Event::Set { before, after: limits, reason: None }]);
        settings.apply(&facts[0]);
        assert_eq!(settings.limits.rooms, 3);
        assert_eq!(settings.decide(&set), Ok(Vec::new()));
    }
}
