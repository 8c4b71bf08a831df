//! One meeting: read, change, call off, take that back, give away.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use axum::{Extension, Json};
use convoke_model::meeting::life::{Command, Right};
use convoke_model::site::keys::Scope;
use convoke_model::text::Sentence;
use convoke_model::{MeetingId, Refusal, StreamId};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::meeting_words::Patch;
use super::refusal::No;
use super::scrub::Taken;
use super::site::{Caller, Site};
use super::{api, meetings, place};
use crate::control::{Account, Meeting};

/// Reading, changing and calling off.
pub(super) fn all() -> MethodRouter<Arc<Site>> {
    get(read).patch(change).delete(remove)
}

/// `GET /api/v1/meetings/{id}`
async fn read(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Extension(taken): Extension<Taken>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, No> {
    let account = api::allowed(&site, &caller, &headers, Scope::MeetingsRead).await?;
    let id = id_of(&id)?;
    // Whether it is there at all is not told to others by waiting for it.
    site.meeting_of(&account, id).await?;
    site.wait_for(id, &taken).await?;
    let (meeting, _) = site.meeting_of(&account, id).await?;
    let words = meetings::words(&site, &caller, &account, &meeting).await?;
    Ok((place::found(&meeting), Json(words)).into_response())
}

/// `PATCH /api/v1/meetings/{id}`
async fn change(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, No> {
    let account = api::allowed(&site, &caller, &headers, Scope::MeetingsWrite).await?;
    let patch: Patch = api::read(&body)?;
    let most = site.config.meetings.participants_max;
    let meeting = site
        .change_meeting(&account, id_of(&id)?, |now| {
            place::expected(&headers, now.position)?;
            patch.planned(now, most)
        })
        .await?;
    answer(&site, &caller, &account, &meeting).await
}

/// Nothing has to be said.
#[derive(Deserialize, ToSchema)]
pub(super) struct Nothing {}

/// There is nothing to tell but that it was done.
#[derive(Serialize, ToSchema)]
pub(super) struct Done {}

/// Why a meeting is called off, for those who were invited.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CancelReason)]
pub(super) struct Reason {
    #[serde(default)]
    #[schema(max_length = 300)]
    reason: Option<String>,
}

/// `POST /api/v1/meetings/{id}/cancel`
pub(super) async fn cancel(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, No> {
    let account = api::allowed(&site, &caller, &headers, Scope::MeetingsWrite).await?;
    let Reason { reason } = api::read(&body)?;
    let reason = reason.filter(|reason| !reason.trim().is_empty());
    let reason = reason.map(|reason| Sentence::new(&reason).map_err(|_| Refusal::TooLong));
    let reason = reason.transpose()?;
    let turn = |right| Command::Cancel { reason, right };
    turned(&site, &caller, &account, &id, &headers, turn).await
}

/// `DELETE /api/v1/meetings/{id}`: what is gone can be restored, for facts stay.
async fn remove(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, No> {
    let account = api::allowed(&site, &caller, &headers, Scope::MeetingsWrite).await?;
    let turn = |right| Command::Cancel { reason: None, right };
    turned(&site, &caller, &account, &id, &headers, turn).await
}

/// `POST /api/v1/meetings/{id}/restore`
pub(super) async fn restore(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, No> {
    let account = api::allowed(&site, &caller, &headers, Scope::MeetingsWrite).await?;
    api::read_nothing(&body)?;
    turned(&site, &caller, &account, &id, &headers, |right| Command::Restore { right }).await
}

/// Who gets a meeting.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Heir {
    /// The e-mail address of an account.
    to: String,
}

/// `POST /api/v1/meetings/{id}/transfer`
pub(super) async fn transfer(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, No> {
    let account = api::allowed(&site, &caller, &headers, Scope::MeetingsWrite).await?;
    let heir: Heir = api::read(&body)?;
    let (meeting, _) = site.meeting_of(&account, id_of(&id)?).await?;
    let to = site.heir(&meeting, &heir.to).await?;
    let turn = |right| Command::Transfer { to, right };
    turned(&site, &caller, &account, &id, &headers, turn).await
}

async fn turned(
    site: &Site,
    caller: &Caller,
    account: &Account,
    id: &str,
    headers: &HeaderMap,
    turn: impl FnOnce(Right) -> Command,
) -> Result<Response, No> {
    let fits = |now: &Meeting| place::expected(headers, now.position);
    let meeting = site.turn_meeting(account, id_of(id)?, fits, turn).await?;
    answer(site, caller, account, &meeting).await
}

/// What the meeting is now, and the fact that made it so. Whoever gave it away sees it once more.
async fn answer(
    site: &Site,
    caller: &Caller,
    account: &Account,
    meeting: &Meeting,
) -> Result<Response, No> {
    let words = meetings::words(site, caller, account, meeting).await?;
    Ok((place::caused(StreamId::meeting(meeting.id), meeting.position), Json(words))
        .into_response())
}

pub(super) fn id_of(text: &str) -> Result<MeetingId, Refusal> {
    text.parse().map_err(|_| Refusal::NotFound)
}
