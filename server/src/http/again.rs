//! Calls whose facts are in the log already: what they are answered, since their first answer is no
//! longer there.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use convoke_engine::directory::Carried;
use convoke_model::site::keys::Scope;
use convoke_model::{Refusal, StreamId};
use convoke_wire::turbo::Secret;
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;

use super::once::AGAIN;
use super::refusal::No;
use super::site::{Caller, Site};
use super::{api, meetings, place};
use crate::control::Meeting;
use crate::request::Request;
use crate::vault::SecretOf;

/// For how long a key is that of one call.
const LIFE: Duration = Duration::from_secs(24 * 3600);

/// What is done when a call is known to have become facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// It is answered with the meeting as it is now.
    Meeting,
    /// It is answered that it was done, and where in the log.
    Done,
    /// It is done again: that changes nothing twice.
    Again,
}

/// What is done with calls of a route.
pub(super) fn after(route: &str) -> After {
    match route {
        "/api/v1/meetings"
        | "/api/v1/meetings/{id}"
        | "/api/v1/meetings/{id}/cancel"
        | "/api/v1/meetings/{id}/restore"
        | "/api/v1/meetings/{id}/transfer" => After::Meeting,
        // A session that is open is found, and who was asked before stays as they are. What is
        // done in a session knows the call itself; the rest reads.
        "/api/v1/meetings/{id}/host"
        | "/api/v1/meetings/{id}/invitations"
        | "/api/v1/admin/meetings/{id}/look"
        | "/api/v1/admin/meetings/{id}/lock"
        | "/api/v1/admin/meetings/{id}/end"
        | "/api/v1/admin/meetings/{id}/message"
        | "/api/v1/admin/reports"
        | "/api/v1/admin/reports/export" => After::Again,
        _ => After::Done,
    }
}

/// The facts of a call, if there are any of the last day.
///
/// # Errors
/// `key_reused` when they are of another call under the same key.
pub(super) fn carried(site: &Site, call: Request) -> Result<Option<Carried>, No> {
    let life = u64::try_from(LIFE.as_millis()).unwrap_or(u64::MAX);
    let found = site.engine.carried(call.client);
    let found = found.filter(|found| site.clock.now().since(found.time) < life);
    match found {
        Some(found) if found.n != call.n => Err(No::because(Refusal::KeyReused)),
        found => Ok(found),
    }
}

/// What a body has of a password.
#[derive(Deserialize)]
struct OfBody {
    #[serde(default, deserialize_with = "api::maybe_secret")]
    password: Option<Secret>,
}

/// The meeting that a call made or changed, as it is now.
pub(super) async fn meeting(
    site: &Arc<Site>,
    caller: &Caller,
    headers: &HeaderMap,
    body: &Bytes,
    carried: Carried,
) -> Result<Response, No> {
    let account = api::allowed(site, caller, headers, Scope::MeetingsWrite).await?;
    let StreamId { session: 0, .. } = carried.stream else { return Ok(done(carried)) };
    let Some(id) = carried.stream.meeting_id() else { return Ok(done(carried)) };
    let meeting = site.engine.meeting(id).await?.ok_or(Refusal::NotFound)?;
    put_password(site, &meeting, body, carried)?;
    let words = meetings::words(site, caller, &account, &meeting).await?;
    let place = place::caused(carried.stream, carried.position);
    Ok((again(), place, Json(words)).into_response())
}

/// A password goes to the vault after its fact; what came in between is made up for, unless the
/// meeting was changed since.
fn put_password(site: &Site, meeting: &Meeting, body: &Bytes, carried: Carried) -> Result<(), No> {
    let given = serde_json::from_slice::<OfBody>(body).ok().and_then(|body| body.password);
    let Some(password) = given.filter(|_| meeting.has_password) else { return Ok(()) };
    let of = SecretOf::Meeting(meeting.id);
    if meeting.position == carried.position || site.vault.get(of)?.is_none() {
        site.vault.put(of, password.expose().as_bytes())?;
    }
    Ok(())
}

/// That a call was done, and where in the log.
pub(super) fn done(carried: Carried) -> Response {
    let place = place::caused(carried.stream, carried.position);
    (again(), place, No::because(Refusal::AlreadyDone)).into_response()
}

fn again() -> [(http::HeaderName, HeaderValue); 1] {
    [(AGAIN, HeaderValue::from_static("true"))]
}
