//! Public lists: what the world may know of meetings, as HTML, XML, JSON, iCalendar and Atom.
//!
//! All five are pure functions of one [`PublicList`]. What is in it went through [`guard`], which
//! has the last word on what never goes out, whatever a script says.

mod atom;
pub mod guard;
mod html;
mod ics;
mod json;
mod text;
pub mod theme;
mod words;
mod xml;

use convoke_model::meeting::lifecycle::MeetingType;
use convoke_model::{MeetingId, Millis};

pub use words::Language;

/// Meetings of one list; those that begin later are left off.
pub const LISTED_MAX: usize = 10_000;

/// Upcoming dates that are told of one meeting.
pub const OCCURRENCES_MAX: usize = 10;

/// What the public may know at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublicList {
    /// What the server is called.
    pub server: String,
    /// What heads the list, when the operator said it.
    pub title: Option<String>,
    /// The operator's colour, `#rrggbb`.
    pub colour: Option<String>,
    /// When it last became another one.
    pub updated: Millis,
    /// The meetings, those that begin first in front.
    pub meetings: Vec<PublicMeeting>,
}

/// What the public may know of a meeting. There is no place in it for passwords, codes, addresses
/// or those who registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicMeeting {
    /// Which it is, for calendars and readers: 128 bits that do not tell its number.
    pub key: u128,
    /// When its plan was last changed.
    pub changed: Millis,
    /// How often it was: the `SEQUENCE` of calendars.
    pub changes: u32,
    /// Its number; with it goes the way in.
    pub meeting: Option<MeetingId>,
    /// What it is about.
    pub topic: Option<String>,
    /// Its kind.
    pub kind: Option<MeetingType>,
    /// Its owner's name.
    pub host: Option<String>,
    /// When it is held.
    pub times: Times,
}

/// When a meeting is held, as far as that may be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Times {
    /// That is not told.
    Untold,
    /// Whenever its host likes.
    Anytime {
        /// Whether again and again.
        recurring: bool,
    },
    /// At these times.
    Planned {
        /// The time zone of its clocks.
        zone: String,
        /// How it comes again: the value of an `RRULE`.
        rule: Option<String>,
        /// Whether it comes again.
        recurring: bool,
        /// How long it lasts, when that may be known.
        minutes: Option<u32>,
        /// The dates to come, at most [`OCCURRENCES_MAX`] of them, the first one in front.
        dates: Vec<Date>,
    },
}

/// One date of a meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Date {
    /// When it begins.
    pub begins: Millis,
    /// The same on the clocks of its zone: `2026-11-30T10:00`.
    pub local: String,
}

impl PublicMeeting {
    /// The first date to come.
    #[must_use]
    pub fn next(&self) -> Option<&Date> {
        self.dates().first()
    }

    /// The dates to come.
    #[must_use]
    pub fn dates(&self) -> &[Date] {
        match &self.times {
            Times::Planned { dates, .. } => dates,
            Times::Untold | Times::Anytime { .. } => &[],
        }
    }

    fn minutes(&self) -> Option<u32> {
        match &self.times {
            Times::Planned { minutes, .. } => *minutes,
            Times::Untold | Times::Anytime { .. } => None,
        }
    }

    /// When a date ends, if that may be known.
    fn end_of(&self, date: &Date) -> Option<Millis> {
        let minutes = u64::from(self.minutes()?);
        Some(Millis(date.begins.0.saturating_add(minutes * 60_000)))
    }

    fn join_url(&self, base: &str) -> Option<String> {
        self.meeting.map(|id| format!("{base}/join?id={}", id.number()))
    }

    /// `urn:uuid:` of its key.
    fn urn(&self) -> String {
        let hex = format!("{:032x}", self.key);
        let part = |from: usize, to: usize| &hex[from..to];
        format!(
            "urn:uuid:{}-{}-{}-{}-{}",
            part(0, 8),
            part(8, 12),
            part(12, 16),
            part(16, 20),
            part(20, 32)
        )
    }
}

/// A rendering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// A page for people.
    Html,
    /// For programs that read the vendor's kind of XML.
    Xml,
    /// For programs, and for the web component.
    Json,
    /// For calendars.
    Ics,
    /// For feed readers.
    Atom,
}

impl Format {
    /// Every rendering there is.
    pub const ALL: [Self; 5] = [Self::Html, Self::Xml, Self::Json, Self::Ics, Self::Atom];

    /// The end of its address.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Xml => "xml",
            Self::Json => "json",
            Self::Ics => "ics",
            Self::Atom => "atom",
        }
    }

    /// Its media type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Xml => "application/xml; charset=utf-8",
            Self::Json => "application/json",
            Self::Ics => "text/calendar; charset=utf-8",
            Self::Atom => "application/atom+xml; charset=utf-8",
        }
    }
}

/// Renders a list. `base` is the address of this server, without a slash at its end; only the page
/// speaks a language.
#[must_use]
pub fn render(list: &PublicList, format: Format, base: &str, language: Language) -> String {
    match format {
        Format::Html => html::render(list, language),
        Format::Xml => xml::render(list, base),
        Format::Json => json::render(list, base),
        Format::Ics => ics::render(list, base),
        Format::Atom => atom::render(list, base),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A list with one meeting of each kind of times.
    pub(crate) fn list(topic: &str) -> PublicList {
        let date = |days: u64| Date {
            begins: Millis(1_796_029_200_000 + days * 86_400_000),
            local: format!(
                "2026-{:02}-{:02}T10:00",
                if days == 0 { 11 } else { 12 },
                30 - 23 * days / 7
            ),
        };
        let meeting = |key, times| PublicMeeting {
            key,
            changed: Millis(1_795_000_000_000),
            changes: 3,
            meeting: MeetingId::new(88_137_455),
            topic: Some(topic.to_owned()),
            kind: Some(MeetingType::Webinar),
            host: Some("Ann Müller".to_owned()),
            times,
        };
        let planned = Times::Planned {
            zone: "Europe/Zurich".to_owned(),
            rule: Some("FREQ=WEEKLY;COUNT=2".to_owned()),
            recurring: true,
            minutes: Some(90),
            dates: vec![date(0), date(7)],
        };
        let bare = PublicMeeting {
            meeting: None,
            topic: None,
            kind: None,
            host: None,
            ..meeting(3, Times::Untold)
        };
        PublicList {
            server: "Convoke".to_owned(),
            title: None,
            colour: Some("#0c6b5e".to_owned()),
            updated: Millis(1_795_500_000_000),
            meetings: vec![
                meeting(1, planned),
                meeting(2, Times::Anytime { recurring: false }),
                bare,
            ],
        }
    }

    #[test]
    fn an_id_of_a_meeting_is_a_uuid_that_does_not_tell_its_number() {
        let list = list("Talk");
        assert_eq!(list.meetings[0].urn(), "urn:uuid:00000000-0000-0000-0000-000000000001");
    }

    #[test]
    fn what_is_not_told_is_in_no_rendering() {
        let mut list = list("Talk");
        list.meetings = vec![list.meetings.remove(2)];
        for format in Format::ALL {
            let text = render(&list, format, "https://meet.example.org", Language::English);
            for word in ["8813", "Talk", "Ann", "2026-11-30", "Zurich", "webinar", "Webinar"] {
                assert!(!text.contains(word), "{word} in {format:?}: {text}");
            }
        }
    }
}
