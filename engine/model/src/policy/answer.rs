//! From what a script said to a verdict: strict, with a sentence that says what was expected.

use std::collections::{BTreeMap, BTreeSet};

use super::authenticate::{self, Profile};
use super::draw_code::AccessCode;
use super::publish::{self, Field};
use super::record::SeenBy;
use super::{Hook, Value, Verdict, code, register};
use crate::grant::Role;
use crate::id::MeetingId;
use crate::privilege::Privilege;
use crate::refusal::Refusal;
use crate::text::{Sentence, Topic};

/// Characters of one entry of a profile.
const PROFILE_CHARS_MAX: usize = 320;

/// Why what a script said is no verdict of its hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAVerdict(String);

impl std::fmt::Display for NotAVerdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotAVerdict {}

type Read<T> = Result<T, NotAVerdict>;

impl Verdict {
    /// Reads what a script of this hook said.
    ///
    /// # Errors
    /// What was said, and what the hook expects.
    pub fn read(hook: Hook, said: &Value) -> Read<Self> {
        let expected = expected(hook);
        let (word, with) = match said {
            Value::Text(code) if hook == Hook::DrawCode && code != "next" => {
                return AccessCode::new(code)
                    .map(Self::Drawn)
                    .ok_or_else(|| wrong("an access code has 4 to 20 digits", said));
            }
            Value::Text(word) => (word.as_str(), &Value::Null),
            Value::Map(entries) if entries.len() == 1 => match entries.iter().next() {
                Some((word, with)) => (word.as_str(), with),
                None => return Err(wrong(expected, said)),
            },
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::List(_) | Value::Map(_) => {
                return Err(wrong(expected, said));
            }
        };
        Ok(match (hook, word) {
            (_, "next") => none(with, Self::Next)?,
            (Hook::Admit, "enter") => Self::Enter(role(with)?),
            (Hook::Admit, "lobby") => none(with, Self::Lobby)?,
            (Hook::Admit, "refuse") => refuse(with)?,
            (Hook::Record, "record") => record(with)?,
            (Hook::Authenticate, "allow") => Self::Authenticate(allow(with)?),
            (Hook::Authenticate, "deny") => {
                Self::Authenticate(authenticate::Verdict::Deny { reason: sentence(with)? })
            }
            (Hook::Code, "accept") => Self::Code(code::Verdict::Accept { meeting: meeting(with)? }),
            (Hook::Code, "request_pin") => {
                let reason = if *with == Value::Null { None } else { Some(sentence(with)?) };
                Self::Code(code::Verdict::RequestPin { reason })
            }
            (Hook::Code, "reject") => Self::Code(code::Verdict::Reject { reason: sentence(with)? }),
            (Hook::Code, "drop") => none(with, Self::Code(code::Verdict::Drop))?,
            (Hook::Publish, "list") => {
                Self::Publish(publish::Verdict::List(set(with, "fields", Field::of)?))
            }
            (Hook::Publish, "relabel") => Self::Publish(relabel(with)?),
            (Hook::Publish, "hide") => none(with, Self::Publish(publish::Verdict::Hide))?,
            (Hook::Register, "approve") => none(with, Self::Register(register::Verdict::Approve))?,
            (Hook::Register, "wait") => none(with, Self::Register(register::Verdict::Wait))?,
            (Hook::Register, "refuse") => {
                Self::Register(register::Verdict::Refuse { reason: sentence(with)? })
            }
            (
                Hook::Authenticate
                | Hook::Admit
                | Hook::Code
                | Hook::DrawCode
                | Hook::Publish
                | Hook::Register
                | Hook::Record,
                _,
            ) => return Err(wrong(expected, said)),
        })
    }
}

fn expected(hook: Hook) -> &'static str {
    match hook {
        Hook::Authenticate => "expected allow(profile, privileges), deny(reason) or next()",
        Hook::Admit => "expected enter(role), lobby(), refuse(reason) or next()",
        Hook::Code => {
            "expected accept(meeting), request_pin(reason), reject(reason), drop() or next()"
        }
        Hook::DrawCode => "expected the digits as text, or next()",
        Hook::Publish => "expected list(fields), relabel(fields, topic), hide() or next()",
        Hook::Register => "expected approve(), wait(), refuse(reason) or next()",
        Hook::Record => "expected recorded(#{ media: true }) or next()",
    }
}

fn wrong(expected: &str, said: &Value) -> NotAVerdict {
    NotAVerdict(format!("{expected}; the script said {}", said.shown()))
}

fn none(with: &Value, verdict: Verdict) -> Read<Verdict> {
    match with {
        Value::Null => Ok(verdict),
        Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
            Err(wrong("this verdict takes nothing", with))
        }
    }
}

fn role(with: &Value) -> Read<Role> {
    let roles = [Role::Host, Role::Panelist, Role::Attendee, Role::Viewer];
    let found = roles.into_iter().find(|role| with.text() == Some(role.word()));
    found.ok_or_else(|| wrong("a role is host, panelist, attendee or viewer", with))
}

fn sentence(with: &Value) -> Read<Sentence> {
    let said = with.text().and_then(|text| Sentence::new(text).ok());
    said.ok_or_else(|| wrong("a reason is a text of 1 to 300 characters", with))
}

/// A code of this server stays one; everything else is the operator's own sentence.
fn refuse(with: &Value) -> Read<Verdict> {
    let known = Refusal::ALL.iter().find(|refusal| with.text() == Some(refusal.code()));
    match known {
        Some(refusal) => Ok(Verdict::Refuse(*refusal)),
        None => Ok(Verdict::TurnAway { reason: sentence(with)? }),
    }
}

fn meeting(with: &Value) -> Read<MeetingId> {
    let number = match with {
        Value::Text(text) => text.parse().ok(),
        Value::Int(number) => u32::try_from(*number).ok().and_then(MeetingId::new),
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => None,
    };
    number.ok_or_else(|| wrong("a meeting has eight digits", with))
}

fn record(with: &Value) -> Read<Verdict> {
    let entries = entries(with, "recorded", &["media", "input", "keep_days", "seen_by"])?;
    let Some(Value::Bool(media)) = entries.get("media") else {
        return Err(wrong("`media` must be true or false", with));
    };
    let input = match entries.get("input") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(input)) => *input,
        Some(other) => return Err(wrong("`input` must be true or false", other)),
    };
    let keep_days = match entries.get("keep_days") {
        None | Some(Value::Null) => None,
        Some(Value::Int(days)) if (1..=36_500).contains(days) => u32::try_from(*days).ok(),
        Some(other) => return Err(wrong("`keep_days` is a number from 1 to 36500", other)),
    };
    let seen_by =
        match entries.get("seen_by") {
            None | Some(Value::Null) => None,
            Some(said) => Some(said.text().and_then(SeenBy::of).ok_or_else(|| {
                wrong("`seen_by` is participants, hosts or administrators", said)
            })?),
        };
    Ok(Verdict::Record { media: *media, input, keep_days, seen_by })
}

fn relabel(with: &Value) -> Read<publish::Verdict> {
    let entries = entries(with, "relabel", &["fields", "topic"])?;
    let nothing = Value::Null;
    let mut fields = set(entries.get("fields").unwrap_or(&nothing), "fields", Field::of)?;
    fields.insert(Field::Topic);
    let said = entries.get("topic").unwrap_or(&nothing);
    let topic = said.text().and_then(|text| Topic::new(text).ok());
    let topic = topic.ok_or_else(|| {
        let expected = format!("a topic is a text of 1 to {} characters", Topic::CHARS_MAX);
        wrong(&expected, said)
    })?;
    Ok(publish::Verdict::Relabel { fields, topic })
}

fn allow(with: &Value) -> Read<authenticate::Verdict> {
    let entries = entries(with, "allow", &["profile", "privileges"])?;
    let nothing = Value::Null;
    let profile = profile(entries.get("profile").unwrap_or(&nothing))?;
    let said = entries.get("privileges").unwrap_or(&nothing);
    let privileges = set(said, "privileges", Privilege::from_word)?;
    Ok(authenticate::Verdict::Allow { profile, privileges })
}

fn profile(said: &Value) -> Read<Profile> {
    let known = ["name", "email", "phone", "external_id", "time_zone"];
    let entries = entries(said, "a profile", &known)?;
    let text = |name: &str| match entries.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Text(text)) if text.chars().count() <= PROFILE_CHARS_MAX => {
            Ok(Some(text.clone()).filter(|text| !text.is_empty()))
        }
        Some(other) => Err(wrong(&format!("`{name}` is a text of at most 320 characters"), other)),
    };
    Ok(Profile {
        name: text("name")?,
        email: text("email")?,
        phone: text("phone")?,
        external_id: text("external_id")?,
        time_zone: text("time_zone")?,
    })
}

fn entries<'a>(said: &'a Value, of: &str, known: &[&str]) -> Read<&'a BTreeMap<String, Value>> {
    let Value::Map(entries) = said else {
        return Err(wrong(&format!("{of} takes a map with {}", known.join(", ")), said));
    };
    match entries.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(entries),
        Some(name) => {
            let known = known.join(", ");
            Err(NotAVerdict(format!("{of} does not know `{name}`; it knows {known}")))
        }
    }
}

fn set<T: Ord>(said: &Value, what: &str, of: fn(&str) -> Option<T>) -> Read<BTreeSet<T>> {
    let Value::List(words) = said else {
        return Err(wrong(&format!("{what} are a list of words"), said));
    };
    let read = |word: &Value| {
        let known = word.text().and_then(of);
        known.ok_or_else(|| wrong(&format!("one of the {what} is not known"), word))
    };
    words.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(hook: Hook, said: Value) -> Result<Verdict, String> {
        Verdict::read(hook, &said).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_written_is_read_again() {
        let reason = Sentence::new("Only from the office.").expect("a sentence");
        let profile = Profile { name: Some("Ann".into()), ..Profile::default() };
        let privileges = [Privilege::Chat, Privilege::Seminar].into();
        let verdicts = [
            (Hook::Admit, Verdict::Enter(Role::Viewer)),
            (Hook::Admit, Verdict::Lobby),
            (Hook::Admit, Verdict::Refuse(Refusal::Locked)),
            (Hook::Admit, Verdict::TurnAway { reason: reason.clone() }),
            (Hook::Admit, Verdict::Next),
            (
                Hook::Authenticate,
                Verdict::Authenticate(authenticate::Verdict::Allow { profile, privileges }),
            ),
            (
                Hook::Authenticate,
                Verdict::Authenticate(authenticate::Verdict::Deny { reason: reason.clone() }),
            ),
            (Hook::Code, Verdict::Code(code::Verdict::Drop)),
            (Hook::Code, Verdict::Code(code::Verdict::RequestPin { reason: Some(reason) })),
            (Hook::DrawCode, Verdict::Drawn(AccessCode::drawn(7))),
            (Hook::Publish, Verdict::Publish(publish::Verdict::List([Field::Topic].into()))),
            (
                Hook::Publish,
                Verdict::Publish(publish::Verdict::Relabel {
                    fields: [Field::Topic, Field::Start].into(),
                    topic: Topic::new("Open house").expect("a topic"),
                }),
            ),
            (Hook::Register, Verdict::Register(register::Verdict::Approve)),
            (
                Hook::Record,
                Verdict::Record {
                    media: false,
                    input: true,
                    keep_days: Some(30),
                    seen_by: Some(SeenBy::Participants),
                },
            ),
        ];
        for (hook, verdict) in verdicts {
            assert_eq!(read(hook, Value::from(&verdict)), Ok(verdict));
        }
    }

    #[test]
    fn what_is_no_verdict_is_told_with_what_was_expected() {
        let table = [
            (Hook::Admit, Value::Int(5), "expected enter(role)"),
            (Hook::Admit, Value::map([("enter", "king".into())]), "a role is host"),
            (Hook::Admit, Value::from("approve"), "expected enter(role)"),
            (Hook::DrawCode, Value::from("12"), "4 to 20 digits"),
            (Hook::Register, Value::map([("refuse", Value::Null)]), "a reason is a text"),
            (Hook::Record, Value::map([("record", Value::map([("sound", true.into())]))]), "sound"),
            (
                Hook::Authenticate,
                Value::map([(
                    "allow",
                    Value::map([
                        ("profile", Value::map([])),
                        ("privileges", Value::List(vec!["root".into()])),
                    ]),
                )]),
                "one of the privileges is not known; the script said \"root\"",
            ),
        ];
        for (hook, said, expected) in table {
            let error = read(hook, said).expect_err(expected);
            assert!(error.contains(expected), "{error}");
        }
    }
}
