//! Places in the log as HTTP says them: which fact an answer caused, which one a change expects,
//! and which one a read waits for.

use std::time::Duration;

use axum::response::{IntoResponseParts, ResponseParts};
use convoke_model::{MeetingId, Position, Refusal, StreamId};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::refusal::No;
use super::scrub::Taken;
use super::site::Site;
use crate::control::Meeting;

/// Names the fact that a call caused: `STREAM@EPOCH.SEQ`.
const POSITION: HeaderName = HeaderName::from_static("convoke-position");

/// How long a read waits for a fact.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// Headers that name the latest fact of what is answered; as an entity tag for a meeting.
pub(super) struct Named {
    stream: StreamId,
    position: Position,
    caused: bool,
}

/// The answer of a call that caused this fact.
pub(super) fn caused(stream: StreamId, position: Position) -> Named {
    Named { stream, position, caused: true }
}

/// The answer of a call that reads.
pub(super) fn found(meeting: &Meeting) -> Named {
    Named { stream: StreamId::meeting(meeting.id), position: meeting.position, caused: false }
}

impl IntoResponseParts for Named {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        let Self { stream, position: Position { epoch, seq }, caused } = self;
        let headers = parts.headers_mut();
        let mut put = |name: HeaderName, text: String| {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(name, value);
            }
        };
        if stream != StreamId::SITE {
            put(header::ETAG, format!("\"{epoch}.{seq}\""));
        }
        if caused {
            put(POSITION, format!("{stream}@{epoch}.{seq}"));
        }
        Ok(parts)
    }
}

/// Whether a change by `If-Match` still meets what it expects: one of the tags has to be the latest
/// fact's, and what was never a tag of ours fits nothing.
pub(super) fn expected(headers: &HeaderMap, now: Position) -> Result<(), Refusal> {
    let mut given = headers.get_all(header::IF_MATCH).iter().peekable();
    if given.peek().is_none() {
        return Ok(());
    }
    let tags = given.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    for tag in tags.map(str::trim) {
        let inner = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
        if tag == "*" || inner.and_then(read) == Some(now) {
            return Ok(());
        }
    }
    Err(Refusal::Stale)
}

/// `EPOCH.SEQ`
fn read(text: &str) -> Option<Position> {
    let (epoch, seq) = text.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let fits = digits(epoch) && digits(seq);
    fits.then(|| Some(Position { epoch: epoch.parse().ok()?, seq: seq.parse().ok()? })).flatten()
}

impl Site {
    /// Waits until what is read of a meeting holds the fact that `?at=` names, if it names one.
    ///
    /// # Errors
    /// `malformed` when it is no place; `busy` when it has not come within [`WAIT_MAX`].
    pub(super) async fn wait_for(&self, id: MeetingId, taken: &Taken) -> Result<(), No> {
        let Some(text) = taken.parameter("at") else { return Ok(()) };
        let at = read(&text).ok_or(Refusal::Malformed)?;
        let until = tokio::time::Instant::now() + WAIT_MAX;
        loop {
            let meeting = self.engine.meeting(id).await?;
            let holds = |now: Position| now.seq >= at.seq && now.epoch >= at.epoch;
            if meeting.is_none_or(|meeting| holds(meeting.position)) {
                return Ok(());
            }
            if tokio::time::Instant::now() >= until {
                return Err(No::because(Refusal::Busy));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_expects_what_its_tag_names() {
        let now = Position { epoch: 2, seq: 7 };
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, HeaderValue::from_str(value).expect("a value"));
            expected(&headers, now)
        };
        assert_eq!(expected(&HeaderMap::new(), now), Ok(()));
        for fits in ["*", "\"2.7\"", "\"1.1\", \"2.7\""] {
            assert_eq!(with(fits), Ok(()), "{fits}");
        }
        for stale in ["\"2.6\"", "\"1.7\"", "W/\"2.7\"", "2.7", "\"2.7", "\"+2.7\"", ""] {
            assert_eq!(with(stale), Err(Refusal::Stale), "{stale}");
        }
    }
}
