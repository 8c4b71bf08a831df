//! Something that is not as it should be, with the exact place.

use std::fmt;

use convoke_journal::verify;
use convoke_model::StreamId;
use serde_json::{Value, json};

use crate::names::stream_name;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// `None`: it concerns the whole log.
    pub(crate) stream: Option<StreamId>,
    /// First and last seq, where they are known.
    pub(crate) seqs: Option<(u64, u64)>,
    /// File within the data folder, and byte.
    pub(crate) file: Option<(String, u64)>,
    pub(crate) what: String,
}

impl Finding {
    /// About one fact.
    pub(crate) fn fact(stream: StreamId, seq: u64, what: impl Into<String>) -> Self {
        Self { stream: Some(stream), seqs: Some((seq, seq)), file: None, what: what.into() }
    }

    /// About a stream as a whole.
    pub(crate) fn stream(stream: StreamId, what: impl Into<String>) -> Self {
        Self { stream: Some(stream), seqs: None, file: None, what: what.into() }
    }

    /// Whether it concerns `stream` (a session, or a meeting with all of it).
    pub(crate) fn concerns(&self, stream: StreamId) -> bool {
        self.stream.is_none_or(|found| {
            found.meeting == stream.meeting && {
                found.session == stream.session || found.session == 0 || stream.session == 0
            }
        })
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "stream": self.stream.map(stream_name),
            "from": self.seqs.map(|seqs| seqs.0),
            "to": self.seqs.map(|seqs| seqs.1),
            "file": self.file.as_ref().map(|file| &file.0),
            "offset": self.file.as_ref().map(|file| file.1),
            "what": self.what,
        })
    }
}

impl From<verify::Finding> for Finding {
    fn from(finding: verify::Finding) -> Self {
        match finding {
            verify::Finding::Damaged(damage) => Self {
                stream: damage.stream,
                seqs: damage.seqs,
                file: Some((damage.file, damage.offset)),
                what: damage.what.to_owned(),
            },
            verify::Finding::Missing { stream, from, to } => Self {
                stream: Some(stream),
                seqs: Some((from, to)),
                file: None,
                what: String::from("these facts are missing"),
            },
            other @ (verify::Finding::Short { .. }
            | verify::Finding::Root { .. }
            | verify::Finding::Unsigned(_)) => {
                Self { stream: None, seqs: None, file: None, what: other.to_string() }
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.stream, self.seqs) {
            (Some(stream), Some((from, to))) if from == to => {
                write!(f, "{} seq {from}: ", stream_name(stream))?;
            }
            (Some(stream), Some((from, to))) => {
                write!(f, "{} seq {from} to {to}: ", stream_name(stream))?;
            }
            (Some(stream), None) => write!(f, "{}: ", stream_name(stream))?,
            (None, _) => {}
        }
        f.write_str(&self.what)?;
        if let Some((file, at)) = &self.file {
            write!(f, " (byte {at} of {file})")?;
        }
        Ok(())
    }
}
