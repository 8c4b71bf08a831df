//! One event: a fact as others are told of it.

use convoke_model::meeting::life;
use convoke_model::{Actor, Millis, Position, StreamId, meeting, site};
use convoke_wire::codec::{self, DecodeError};
use convoke_wire::entry::EntryRef;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::words::{self, Told};

/// A fact as others are told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Place of the entry behind it: what a reader goes on with.
    pub cursor: u64,
    /// The stream.
    pub stream: StreamId,
    /// Its place there.
    pub position: Position,
    /// When.
    pub time: Millis,
    /// Who did it.
    pub actor: Actor,
    /// What happened: one of [`super::WORDS`].
    pub word: &'static str,
    /// More about it.
    pub data: Value,
}

/// An event in JSON.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct Shown {
    /// Its name, the same for ever: nothing else has it.
    #[schema(pattern = "^evt_[0-9]+_[0-9]+_[0-9]+_[0-9]+$")]
    id: String,
    /// What happened, such as `meeting.created`.
    #[serde(rename = "type")]
    word: &'static str,
    /// When, in RFC 3339 and UTC.
    timestamp: String,
    /// The place behind it in the order of the whole server.
    cursor: String,
    /// `site`, a meeting (`88137455`) or a session of it (`88137455/1`).
    stream: String,
    epoch: u32,
    seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    meeting: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<u32>,
    actor: Author,
    /// More about it; it depends on the type.
    data: Value,
}

/// Who did it: the server, an account, or in a session a participant.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = EventActor)]
struct Author {
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    participant: Option<u32>,
}

impl Event {
    /// The event of an entry, when it is one that is told.
    pub(super) fn of(entry: &EntryRef<'_>, cursor: u64) -> Option<Self> {
        let header = &entry.header;
        let told = match told(entry) {
            Ok(told) => told?,
            Err(DecodeError::Erased) => words::ERASED.into(),
            // A fact of a later version of the server, or of a damaged payload: there is something
            // that cannot be told from here.
            Err(DecodeError::Malformed(_)) => words::UNREADABLE.into(),
        };
        Some(Self {
            cursor,
            stream: header.stream,
            position: header.position(),
            time: header.time,
            actor: header.actor,
            word: told.word,
            data: told.data,
        })
    }

    /// Its name, the same for ever: nothing else has it.
    #[must_use]
    pub fn id(&self) -> String {
        let StreamId { meeting, session } = self.stream;
        let Position { epoch, seq } = self.position;
        format!("evt_{meeting}_{session}_{epoch}_{seq}")
    }

    /// As it is told.
    #[must_use]
    pub fn shown(&self) -> Shown {
        let session = self.stream.session;
        Shown {
            id: self.id(),
            word: self.word,
            timestamp: timestamp(self.time),
            cursor: self.cursor.to_string(),
            stream: stream_name(self.stream),
            epoch: self.position.epoch,
            seq: self.position.seq,
            meeting: self.stream.meeting_id().map(|meeting| meeting.number().to_string()),
            session: (session != 0).then_some(session),
            actor: self.author(),
            data: self.data.clone(),
        }
    }

    /// The same as a value.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self.shown()).unwrap_or_default()
    }

    fn author(&self) -> Author {
        match self.actor {
            Actor::Server => Author { server: Some(true), ..Author::default() },
            Actor::Number(number) if self.stream.session != 0 => {
                Author { participant: Some(number), ..Author::default() }
            }
            Actor::Number(number) => Author { account: Some(number), ..Author::default() },
        }
    }
}

fn told(entry: &EntryRef<'_>) -> Result<Option<Told>, DecodeError> {
    let stream = entry.header.stream;
    if !entry.is_erased() && !entry.payload_is_sound() {
        return Err(DecodeError::Malformed("the payload does not match its digest".into()));
    }
    Ok(if stream == StreamId::SITE {
        words::site(&codec::decode::<site::Event>(entry)?.event)
    } else if stream.session == 0 {
        Some(words::life(&codec::decode::<life::Event>(entry)?.event))
    } else {
        words::session(&codec::decode::<meeting::Event>(entry)?.event)
    })
}

/// A stream as callers name it: `site`, `88137455`, `88137455/1`.
#[must_use]
pub fn stream_name(stream: StreamId) -> String {
    stream.to_string()
}

/// The stream that a caller named.
#[must_use]
pub fn stream_of(name: &str) -> Option<StreamId> {
    if name == "site" {
        return Some(StreamId::SITE);
    }
    let (meeting, session) = match name.split_once('/') {
        None => (name, 0),
        Some((meeting, session)) => {
            let session = session.parse().ok().filter(|&session: &u32| session > 0)?;
            (meeting, session)
        }
    };
    let meeting: convoke_model::MeetingId = meeting.parse().ok()?;
    Some(StreamId { meeting: meeting.number(), session })
}

/// RFC 3339, in UTC, with milliseconds.
fn timestamp(time: Millis) -> String {
    let ms = i64::try_from(time.0).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    format!("{time:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_has_a_name_of_its_own_and_its_place() {
        let event = Event {
            cursor: 12,
            stream: StreamId { meeting: 88_137_455, session: 2 },
            position: Position { epoch: 3, seq: 17 },
            time: Millis(1_785_000_000_007),
            actor: Actor::Number(4),
            word: "participant.left",
            data: json!({}),
        };
        let shown = event.to_json();
        assert_eq!(shown["id"], "evt_88137455_2_3_17");
        assert_eq!(shown["timestamp"], "2026-07-25T17:20:00.007Z");
        assert_eq!((&shown["meeting"], &shown["session"]), (&json!("88137455"), &json!(2)));
        assert_eq!(shown["actor"], json!({ "participant": 4 }));
    }

    #[test]
    fn streams_are_read_as_they_are_written() {
        for stream in [
            StreamId::SITE,
            StreamId { meeting: 88_137_455, session: 0 },
            StreamId { meeting: 88_137_455, session: 3 },
        ] {
            assert_eq!(stream_of(&stream_name(stream)), Some(stream));
        }
        for odd in ["", "88137455/0", "8813/1", "site/1", "88137455/x", "88137455/1/2"] {
            assert_eq!(stream_of(odd), None, "{odd}");
        }
    }
}
