//! What letters say: templates in two languages, each of which an operator's file may stand in for.
//!
//! A template's first line is `Subject: ...`; the rest is the letter. What can be said in one is
//! what [`About`] holds, and `link` and `minutes` in `reset.txt`.

use std::path::Path;

use convoke_model::meeting::plan::When;
use convoke_model::{MeetingId, Millis};
use convoke_wire::turbo::Secret;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use minijinja::{Environment, UndefinedBehavior, context};

use super::Letter;
use super::settings::{BadMail, Language};
use crate::calendar::{self, Occurrence};

/// Bytes of a template.
const TEMPLATE_BYTES_MAX: u64 = 64 * 1024;
/// Dates of a series that are named after the first.
const DATES_MAX: usize = 4;

const BUILT_IN: [(&str, &str); 4] = [
    ("en/invitation.txt", include_str!("../../mail/en/invitation.txt")),
    ("en/reset.txt", include_str!("../../mail/en/reset.txt")),
    ("zh/invitation.txt", include_str!("../../mail/zh/invitation.txt")),
    ("zh/reset.txt", include_str!("../../mail/zh/reset.txt")),
];

/// Why somebody hears of a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// To be copied by the host into something of their own.
    Copy,
    /// They are asked to come.
    Invited,
    /// It is another time, or otherwise different.
    Changed,
    /// It was called off.
    Cancelled,
    /// It is held after all.
    Restored,
    /// It begins soon.
    Reminder {
        /// In so many minutes.
        minutes: u64,
    },
}

impl News {
    fn word(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Invited => "invited",
            Self::Changed => "changed",
            Self::Cancelled => "cancelled",
            Self::Restored => "restored",
            Self::Reminder { .. } => "reminder",
        }
    }
}

/// What there is to say of a meeting.
#[derive(Clone, Debug)]
pub struct About {
    /// Why it is said.
    pub news: News,
    /// Which.
    pub id: MeetingId,
    /// What it is about.
    pub topic: String,
    /// Who runs it.
    pub host: String,
    /// When, if that is planned.
    pub when: Option<When>,
    /// The instant it is said, which tells the dates to come from those that were.
    pub now: Millis,
    /// The link that lets people in.
    pub join_url: String,
    /// Its password.
    pub password: Option<Secret>,
    /// The numbers to dial.
    pub numbers: Vec<String>,
    /// What to type there.
    pub access_code: Option<String>,
    /// Why it was called off.
    pub reason: Option<String>,
}

/// A letter, written.
pub(super) struct Said {
    pub(super) subject: String,
    pub(super) body: String,
}

/// The templates, and the language they are used in.
pub struct Words {
    templates: Environment<'static>,
    language: Language,
}

impl Words {
    /// The built-in templates, and those of a folder where it has some. Each is tried, so that what
    /// is wrong with one is said now.
    ///
    /// # Errors
    /// The file, the line and what is wrong there.
    pub fn load(folder: Option<&Path>, language: Language) -> Result<Self, BadMail> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        for (name, text) in BUILT_IN {
            let own = folder.map(|folder| folder.join(name)).filter(|path| path.is_file());
            let text = match own {
                None => text.to_owned(),
                Some(path) => own_text(&path)?,
            };
            templates
                .add_template_owned(name, text)
                .map_err(|error| BadMail::new("templates", format!("template {name}: {error}")))?;
        }
        let words = Self { templates, language };
        for language in [Language::En, Language::Zh] {
            words.try_all(language)?;
        }
        Ok(words)
    }

    fn try_all(&self, language: Language) -> Result<(), BadMail> {
        let about = |news| About {
            news,
            id: MeetingId::new(88_137_455).expect("eight digits"),
            topic: "x".into(),
            host: "x".into(),
            when: None,
            now: Millis(0),
            join_url: "x".into(),
            password: None,
            numbers: vec!["1".into()],
            access_code: Some("1".into()),
            reason: Some("x".into()),
        };
        for news in [
            News::Copy,
            News::Invited,
            News::Changed,
            News::Cancelled,
            News::Restored,
            News::Reminder { minutes: 5 },
        ] {
            self.meeting(&about(news), language).map_err(|why| BadMail::new("templates", why))?;
        }
        self.reset("x", 1, language).map(drop).map_err(|why| BadMail::new("templates", why))
    }

    /// The invitation as a text to copy.
    ///
    /// # Errors
    /// What is wrong with the template.
    pub fn copy(&self, about: &About, language: Language) -> Result<String, String> {
        self.meeting(about, language).map(|said| said.body)
    }

    /// A letter, in the site's language.
    pub(super) fn letter(&self, letter: &Letter) -> Result<Said, String> {
        match letter {
            Letter::Reset { link, minutes } => self.reset(link.expose(), *minutes, self.language),
            Letter::Meeting { about, calendar: _ } => self.meeting(about, self.language),
        }
    }

    fn reset(&self, link: &str, minutes: u64, language: Language) -> Result<Said, String> {
        self.render("reset.txt", language, context! { link, minutes })
    }

    fn meeting(&self, about: &About, language: Language) -> Result<Said, String> {
        let (when, dates, more_dates) = match &about.when {
            None => (None, Vec::new(), false),
            Some(when) => {
                let coming =
                    calendar::occurrences(when, about.now, Millis(u64::MAX), DATES_MAX + 2);
                let zone = TimeZone::get(when.zone.as_str()).unwrap_or(TimeZone::UTC);
                let first = coming.first().map_or(when.begins, |first| first.begins);
                let later = coming.iter().skip(1).take(DATES_MAX);
                let date = |one: &Occurrence| follower(one.begins, first, &zone, language);
                let dates: Vec<_> = later.map(date).collect();
                let words = long(first, when, &zone, language);
                (Some(words), dates, coming.len() > DATES_MAX + 1)
            }
        };
        let minutes = match about.news {
            News::Reminder { minutes } => minutes,
            News::Copy | News::Invited | News::Changed | News::Cancelled | News::Restored => 0,
        };
        let values = context! {
            news => about.news.word(),
            id => about.id.to_string(),
            topic => about.topic.as_str(),
            host => about.host.as_str(),
            when,
            dates,
            more_dates,
            join_url => about.join_url.as_str(),
            password => about.password.as_ref().map(Secret::expose),
            numbers => &about.numbers,
            access_code => about.access_code.as_deref(),
            reason => about.reason.as_deref(),
            minutes,
        };
        self.render("invitation.txt", language, values)
    }

    fn render(
        &self,
        name: &str,
        language: Language,
        values: minijinja::Value,
    ) -> Result<Said, String> {
        let name = format!("{}/{name}", language.word());
        let wrong = |error: minijinja::Error| format!("template {name}: {error}");
        let text = self.templates.get_template(&name).map_err(wrong)?.render(values);
        let text = text.map_err(wrong)?;
        let Some((first, body)) = text.split_once('\n') else {
            return Err(format!("template {name}: it is one line only"));
        };
        let Some(subject) = first.strip_prefix("Subject:") else {
            return Err(format!("template {name}: its first line must begin with `Subject:`"));
        };
        // What a person typed must not become a line of the letter's head.
        let subject = subject.trim().chars().filter(|c| !c.is_control()).collect();
        // A part that says nothing leaves its blank lines behind.
        let mut lines: Vec<&str> = body.lines().map(str::trim_end).collect();
        lines.dedup_by(|next, last| next.is_empty() && last.is_empty());
        let body = lines.join("\n");
        Ok(Said { subject, body: body.trim_matches('\n').to_owned() + "\n" })
    }
}

fn own_text(path: &Path) -> Result<String, BadMail> {
    let named = |why: String| BadMail::new("templates", format!("{}: {why}", path.display()));
    let length = std::fs::metadata(path).map_err(|error| named(error.to_string()))?.len();
    if length > TEMPLATE_BYTES_MAX {
        return Err(named("a template has at most 64 KiB".to_owned()));
    }
    std::fs::read_to_string(path).map_err(|error| named(error.to_string()))
}

const DAYS_ZH: [&str; 7] = ["一", "二", "三", "四", "五", "六", "日"];

/// `Monday, 30 November 2026, 10:00-11:00 (Europe/Berlin)`
fn long(begins: Millis, when: &When, zone: &TimeZone, language: Language) -> String {
    let ends = Millis(begins.0.saturating_add(u64::from(when.minutes) * 60_000));
    let (start, end) = (local(begins, zone), local(ends, zone));
    let until = if start.date() == end.date() {
        end.strftime("%H:%M").to_string()
    } else {
        format!("{} {}", day(ends, zone, language), end.strftime("%H:%M"))
    };
    let from = day(begins, zone, language);
    let name = when.zone.as_str();
    match language {
        Language::En => format!("{from}, {}–{until} ({name})", start.strftime("%H:%M")),
        Language::Zh => format!("{from} {}–{until}（{name}）", start.strftime("%H:%M")),
    }
}

/// A later date of a series: with its hour, where that is not the first one's.
fn follower(begins: Millis, first: Millis, zone: &TimeZone, language: Language) -> String {
    let (day, at) = (day(begins, zone, language), local(begins, zone).time());
    if at == local(first, zone).time() {
        return day;
    }
    match language {
        Language::En => format!("{day}, {}", at.strftime("%H:%M")),
        Language::Zh => format!("{day} {}", at.strftime("%H:%M")),
    }
}

fn day(at: Millis, zone: &TimeZone, language: Language) -> String {
    let at = local(at, zone);
    match language {
        Language::En => at.strftime("%A, %-d %B %Y").to_string(),
        Language::Zh => {
            let day = usize::try_from(at.weekday().to_monday_zero_offset()).unwrap_or_default();
            format!("{}年{}月{}日 星期{}", at.year(), at.month(), at.day(), DAYS_ZH[day])
        }
    }
}

fn local(at: Millis, zone: &TimeZone) -> DateTime {
    let at = i64::try_from(at.0).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    zone.to_datetime(at.unwrap_or(Timestamp::UNIX_EPOCH))
}

#[cfg(test)]
mod tests;
