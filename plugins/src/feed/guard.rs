//! The privacy guard: what never goes out, whatever a script says.
//!
//! It runs after the verdict, and nothing comes after it. A verdict only chooses among the fields
//! of [`PublicMeeting`]; the two that are text of somebody's (topic and host) are searched here for
//! what the meeting keeps secret.

use convoke_model::meeting::lifecycle::MeetingType;
use convoke_model::policy::publish::{Field, Verdict};
use convoke_model::{MeetingId, Millis};
use zeroize::Zeroizing;

use super::{PublicMeeting, Times};

/// What stands where something was taken out.
pub const REMOVED: &str = "[…]";

/// Secrets that are shorter are only found as whole words.
const WORD_CHARS_MAX: usize = 3;

/// Secrets with at least so many letters and digits are also found when something was put between
/// them.
const SQUEEZED_CHARS_MIN: usize = 6;

/// What a meeting keeps secret: its password, its access code, its host's address, the addresses
/// of those who were invited or registered.
#[derive(Default)]
pub struct Never(Vec<Zeroizing<String>>);

impl Never {
    /// Adds one secret.
    pub fn add(&mut self, secret: &str) {
        let secret = secret.trim().to_lowercase();
        if !secret.is_empty() {
            self.0.push(Zeroizing::new(secret));
        }
    }
}

/// A meeting that its owner wants to be listed, before anything was decided.
pub struct Candidate {
    /// See [`PublicMeeting`].
    pub key: u128,
    /// When its plan was last changed.
    pub changed: Millis,
    /// How often it was.
    pub changes: u32,
    /// Its number.
    pub meeting: MeetingId,
    /// Its kind.
    pub kind: MeetingType,
    /// When it is held.
    pub times: Times,
}

/// The texts that may be said of a meeting: what is left of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// What it is about.
    pub topic: Option<String>,
    /// Its owner's name.
    pub host: Option<String>,
}

/// The texts of a meeting that a verdict lets out, without what never goes out.
#[must_use]
pub fn texts(verdict: &Verdict, topic: &str, host: &str, never: &Never) -> Said {
    let topic = match verdict {
        Verdict::Relabel { topic, fields: _ } => topic.as_str(),
        Verdict::List(_) | Verdict::Hide => topic,
    };
    let let_out = |field, text: &str| {
        let text = verdict.lists(field).then(|| cleaned(text, never))??;
        Some(text).filter(|text| !text.is_empty())
    };
    Said { topic: let_out(Field::Topic, topic), host: let_out(Field::Host, host) }
}

/// What the public may know of a meeting; nothing when it is hidden.
#[must_use]
pub fn publish(candidate: Candidate, verdict: &Verdict, said: Said) -> Option<PublicMeeting> {
    match verdict {
        Verdict::List(_) | Verdict::Relabel { .. } => {}
        Verdict::Hide => return None,
    }
    let Candidate { key, changed, changes, meeting, kind, times } = candidate;
    Some(PublicMeeting {
        key,
        changed,
        changes,
        meeting: verdict.lists(Field::Meeting).then_some(meeting),
        topic: said.topic,
        kind: verdict.lists(Field::Type).then_some(kind),
        host: said.host,
        times: told(times, verdict),
    })
}

fn told(times: Times, verdict: &Verdict) -> Times {
    if !verdict.lists(Field::Start) {
        return Times::Untold;
    }
    match times {
        Times::Planned { zone, rule, recurring, minutes, dates } => {
            let minutes = minutes.filter(|_| verdict.lists(Field::Duration));
            Times::Planned { zone, rule, recurring, minutes, dates }
        }
        Times::Untold | Times::Anytime { .. } => times,
    }
}

/// The text without addresses and secrets; nothing when a secret is spread over it.
fn cleaned(text: &str, never: &Never) -> Option<String> {
    let mut text = without_addresses(text);
    for secret in &never.0 {
        text = without(&text, secret);
    }
    let letters = squeezed(&text);
    let spread = never.0.iter().any(|secret| {
        let secret = squeezed(secret);
        secret.chars().count() >= SQUEEZED_CHARS_MIN && letters.contains(&secret)
    });
    (!spread).then_some(text)
}

/// A word with an at sign inside is an address, whoever's it is.
fn without_addresses(text: &str) -> String {
    let is_address = |word: &str| {
        let word =
            word.replace("%40", "@").replace("&#64;", "@").replace(['\u{ff20}', '\u{fe6b}'], "@");
        let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        word.char_indices().filter(|(_, c)| *c == '@').any(|(at, _)| {
            letter(word[..at].chars().next_back()) && letter(word[at + 1..].chars().next())
        })
    };
    let words = text.split(' ').map(|word| if is_address(word) { REMOVED } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// The text without a secret, however its letters are written.
fn without(text: &str, secret: &str) -> String {
    if secret.chars().count() <= WORD_CHARS_MAX {
        let words = text.split(' ').map(|word| {
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
            if bare.to_lowercase() == secret { REMOVED } else { word }
        });
        return words.collect::<Vec<_>>().join(" ");
    }
    let wanted: Vec<char> = secret.chars().collect();
    let letters: Vec<char> = text.chars().collect();
    let low = |c: char| c.to_lowercase().next().unwrap_or(c);
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    while at < letters.len() {
        let here = &letters[at..];
        let found = here.len() >= wanted.len()
            && here.iter().zip(&wanted).all(|(&letter, &wanted)| low(letter) == wanted);
        if found {
            kept.push_str(REMOVED);
            at += wanted.len();
        } else {
            kept.push(letters[at]);
            at += 1;
        }
    }
    kept
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use convoke_model::text::Topic;

    use super::super::Date;
    use super::*;

    fn never() -> Never {
        let mut never = Never::default();
        for secret in ["Apple-39-Tree", "ann@example.org", "123456789", "x1"] {
            never.add(secret);
        }
        never
    }

    fn topic(text: &str) -> Option<String> {
        texts(&Verdict::wished(), text, "Ann", &never()).topic
    }

    #[test]
    fn passwords_codes_and_addresses_are_taken_out_of_what_people_wrote() {
        for (text, left) in [
            ("Weekly", "Weekly"),
            ("Weekly, password apple-39-TREE!", "Weekly, password […]!"),
            ("Ask ann@example.org", "Ask […]"),
            ("Ask bob@example.com, or call 123456789", "Ask […] or call […]"),
            ("bob%40example.com", "[…]"),
            ("bob＠example.com", "[…]"),
            ("Lunch @ noon", "Lunch @ noon"),
            ("code x1, not x12", "code […] not x12"),
        ] {
            assert_eq!(topic(text).as_deref(), Some(left), "{text}");
        }
    }

    #[test]
    fn a_secret_with_something_between_its_letters_takes_the_whole_text_with_it() {
        for text in [
            "a p p l e 39 tree",
            "Apple 39 Tree",
            "123-456-789",
            "ann (at) example.org".replace("(at)", "@").as_str(),
        ] {
            assert_eq!(topic(text), None, "{text}");
        }
    }

    #[test]
    fn a_new_label_is_searched_like_a_topic() {
        let label = Topic::new("Join with apple-39-tree").expect("a topic");
        let verdict = Verdict::Relabel { fields: [Field::Topic].into(), topic: label };
        let said = texts(&verdict, "Weekly", "Ann", &never());
        assert_eq!(said.topic.as_deref(), Some("Join with […]"));
        assert_eq!(said.host, None);
    }

    #[test]
    fn a_verdict_chooses_fields_and_adds_none() {
        let candidate = || Candidate {
            key: 7,
            changed: Millis(1),
            changes: 0,
            meeting: MeetingId::new(88_137_455).expect("eight digits"),
            kind: MeetingType::Interactive,
            times: Times::Planned {
                zone: "UTC".to_owned(),
                rule: None,
                recurring: false,
                minutes: Some(60),
                dates: vec![Date { begins: Millis(9), local: "1970-01-01T00:00".to_owned() }],
            },
        };
        assert_eq!(publish(candidate(), &Verdict::Hide, Said::default()), None);
        let none = Verdict::List([].into());
        let shown = publish(candidate(), &none, Said::default()).expect("listed");
        let nothing = (None, None, None, None);
        assert_eq!((shown.meeting, shown.topic, shown.kind, shown.host), nothing);
        assert_eq!(shown.times, Times::Untold);
        let start = Verdict::List([Field::Start].into());
        let shown = publish(candidate(), &start, Said::default()).expect("listed");
        assert_eq!((shown.dates().len(), shown.minutes()), (1, None));
    }
}
