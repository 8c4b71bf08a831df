//! Questions and verdicts as plain data: what scripts, cases and the command line see of them.

use std::collections::BTreeMap;

use super::{Question, Value, Verdict, authenticate, code, publish, record, register};
use crate::meeting::lifecycle::MeetingType;

impl From<&Question> for Value {
    fn from(question: &Question) -> Self {
        match question {
            Question::Authenticate(asked) => Self::map([
                ("identity", asked.identity.as_str().into()),
                ("has_secret", asked.has_secret.into()),
                ("address", asked.address.as_str().into()),
                ("via", asked.via.word().into()),
            ]),
            Question::Admit(asked) => {
                let around = asked.around.clone().unwrap_or_default();
                Self::map([
                    ("meeting", digits(asked.meeting)),
                    ("role", asked.role.word().into()),
                    ("credential", asked.credential.word().into()),
                    ("signed_in", asked.account.is_some().into()),
                    ("name", around.name.into()),
                    ("email", around.email.into()),
                    ("address", around.address.into()),
                    ("topic", around.topic.into()),
                    ("here", i64::from(around.here).into()),
                    ("locked", around.locked.into()),
                ])
            }
            Question::Code(asked) => Self::map([
                ("caller", asked.caller.as_str().into()),
                ("called", asked.called.as_str().into()),
                ("digits", asked.digits.as_str().into()),
                ("attempt", i64::from(asked.attempt).into()),
            ]),
            Question::DrawCode(asked) => Self::map([
                ("meeting", digits(asked.meeting)),
                ("drawn", asked.drawn.as_str().into()),
                ("in_use", words(asked.in_use.iter().map(String::as_str))),
            ]),
            Question::Publish(asked) => Self::map([
                ("meeting", digits(asked.meeting)),
                ("topic", asked.topic.as_str().into()),
                ("type", kind(asked.kind).into()),
                ("host", asked.host.as_str().into()),
                ("feed", asked.feed.as_str().into()),
                ("wished", asked.wished.into()),
                ("last", asked.last.as_ref().map(published).into()),
                ("start", asked.when.as_ref().map(|held| held.start.as_str()).into()),
                ("zone", asked.when.as_ref().map(|held| held.zone.as_str()).into()),
                ("start_ms", asked.when.as_ref().map(|held| millis(held.begins)).into()),
                ("minutes", asked.when.as_ref().map(|held| i64::from(held.minutes)).into()),
                ("recurring", asked.recurring.into()),
            ]),
            Question::Register(asked) => {
                let answers = asked.answers.iter();
                let answers = answers.map(|(name, text)| (name.clone(), text.as_str().into()));
                Self::map([
                    ("meeting", digits(asked.meeting)),
                    ("form", i64::from(asked.form).into()),
                    ("answers", Self::Map(answers.collect())),
                    ("seats", asked.seats.map(i64::from).into()),
                    ("taken", i64::from(asked.taken).into()),
                ])
            }
            Question::Record(record::Question { meeting, around }) => {
                let around = around.as_ref();
                Self::map([
                    ("meeting", digits(*meeting)),
                    ("topic", around.map_or("", |around| &around.topic).into()),
                    ("type", around.map_or("", |around| kind(around.kind)).into()),
                    ("host", around.and_then(|around| around.host.clone()).into()),
                ])
            }
        }
    }
}

impl From<&Verdict> for Value {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Enter(role) => one("enter", role.word().into()),
            Verdict::Lobby => "lobby".into(),
            Verdict::Refuse(refusal) => one("refuse", refusal.code().into()),
            Verdict::TurnAway { reason } => one("refuse", reason.as_str().into()),
            Verdict::Record { media, input, keep_days, seen_by } => {
                let mut said = BTreeMap::from([("media".to_owned(), Self::from(*media))]);
                said.extend(input.then(|| ("input".to_owned(), Self::from(true))));
                let days = keep_days.map(|days| ("keep_days".to_owned(), i64::from(days).into()));
                let seen = seen_by.map(|seen| ("seen_by".to_owned(), seen.word().into()));
                said.extend(days.into_iter().chain(seen));
                one("record", Self::Map(said))
            }
            Verdict::Authenticate(verdict) => authenticated(verdict),
            Verdict::Code(verdict) => match verdict {
                code::Verdict::Accept { meeting } => one("accept", digits(*meeting)),
                code::Verdict::RequestPin { reason: None } => "request_pin".into(),
                code::Verdict::RequestPin { reason: Some(reason) } => {
                    one("request_pin", reason.as_str().into())
                }
                code::Verdict::Reject { reason } => one("reject", reason.as_str().into()),
                code::Verdict::Drop => "drop".into(),
            },
            Verdict::Drawn(code) => code.as_str().into(),
            Verdict::Publish(verdict) => published(verdict),
            Verdict::Register(verdict) => match verdict {
                register::Verdict::Approve => "approve".into(),
                register::Verdict::Wait => "wait".into(),
                register::Verdict::Refuse { reason } => one("refuse", reason.as_str().into()),
            },
            Verdict::Next => "next".into(),
        }
    }
}

fn authenticated(verdict: &authenticate::Verdict) -> Value {
    match verdict {
        authenticate::Verdict::Allow { profile, privileges } => {
            let known = [
                ("name", &profile.name),
                ("email", &profile.email),
                ("phone", &profile.phone),
                ("external_id", &profile.external_id),
                ("time_zone", &profile.time_zone),
            ];
            let known = known.into_iter().filter_map(|(name, text)| {
                text.as_ref().map(|text| (name.to_owned(), Value::from(text.as_str())))
            });
            let privileges = words(privileges.iter().map(|privilege| privilege.word()));
            let profile = Value::Map(known.collect());
            one("allow", Value::map([("profile", profile), ("privileges", privileges)]))
        }
        authenticate::Verdict::Deny { reason } => one("deny", reason.as_str().into()),
    }
}

fn published(verdict: &publish::Verdict) -> Value {
    match verdict {
        publish::Verdict::List(fields) => one("list", words(fields.iter().map(|f| f.word()))),
        publish::Verdict::Relabel { fields, topic } => {
            let fields = words(fields.iter().map(|f| f.word()));
            let said = Value::map([("fields", fields), ("topic", topic.as_str().into())]);
            one("relabel", said)
        }
        publish::Verdict::Hide => "hide".into(),
    }
}

fn millis(at: crate::id::Millis) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

fn one(name: &str, value: Value) -> Value {
    Value::map([(name, value)])
}

fn digits(meeting: crate::id::MeetingId) -> Value {
    meeting.number().to_string().into()
}

fn words<'a>(words: impl Iterator<Item = &'a str>) -> Value {
    Value::List(words.map(Value::from).collect())
}

/// The word for a kind of meeting in questions.
fn kind(kind: MeetingType) -> &'static str {
    match kind {
        MeetingType::Interactive => "interactive",
        MeetingType::RemoteSupport => "remote_support",
        MeetingType::RemoteAccess => "remote_access",
        MeetingType::Webinar => "webinar",
        MeetingType::VideoConference => "video_conference",
    }
}
