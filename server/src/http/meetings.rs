//! Meetings as a whole: list, make, open.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use axum::{Extension, Json};
use convoke_model::grant::Role;
use convoke_model::policy::Credential;
use convoke_model::site::keys::Scope;
use convoke_model::{AccountId, MeetingId, Refusal, StreamId};
use http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;

use super::meeting_words::{Asked, Seen, State as Shown, seen};
use super::planning::may_host;
use super::refusal::No;
use super::scrub::Taken;
use super::site::{Caller, Site};
use super::{api, place};
use crate::control::{Account, Meeting};
use crate::tickets::Admission;

/// Meetings in one answer, unless fewer are asked for.
const LIMIT: usize = 200;
/// Meetings in one answer at most.
const LIMIT_MAX: usize = 500;

/// Listing and making.
pub(super) fn both() -> MethodRouter<Arc<Site>> {
    get(list).post(create)
}

/// Some meetings, the newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Meetings {
    meetings: Vec<Seen>,
    /// What to give as `after` for those that follow; nothing when there are none.
    next: Option<String>,
}

/// Whose meetings are asked for.
enum Whose {
    Own,
    /// Somebody's; only administrators may ask.
    Of(AccountId),
    /// Everybody's; only administrators may ask.
    All,
}

/// `GET /api/v1/meetings`
async fn list(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Extension(taken): Extension<Taken>,
    headers: HeaderMap,
) -> Result<Json<Meetings>, No> {
    let account = api::allowed(&site, &caller, &headers, Scope::MeetingsRead).await?;
    let asked = taken.parameter("state");
    let asked = asked.map(|word| Shown::from_word(&word).ok_or(Refusal::Malformed)).transpose()?;
    let limit = match taken.parameter("limit") {
        None => LIMIT,
        Some(text) => text.parse().map_err(|_| Refusal::NumberInvalid)?,
    };
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(No::because(Refusal::NumberInvalid));
    }
    let whose = whose(&site, &account, taken.parameter("owner").as_deref()).await?;
    let mut meetings = match whose {
        Whose::Own => site.engine.meetings_of(account.id).await?,
        Whose::Of(owner) => site.engine.meetings_of(owner).await?,
        Whose::All => site.engine.all_meetings().await?,
    };
    meetings.sort_by_key(order);
    if let Some(after) = taken.parameter("after") {
        let after: MeetingId = after.parse().map_err(|_| Refusal::NotFound)?;
        let (after, _) = site.meeting_of(&account, after).await?;
        meetings.retain(|meeting| order(meeting) > order(&after));
    }
    let now = site.clock.now();
    meetings.retain(|meeting| asked.is_none_or(|state| Shown::of(meeting, now.0) == state));
    let more = meetings.len() > limit;
    meetings.truncate(limit);
    let last = meetings.last().map(|meeting| meeting.id.number().to_string());
    let mut shown = Vec::with_capacity(meetings.len());
    for meeting in &meetings {
        shown.push(words(&site, &caller, &account, meeting).await?);
    }
    Ok(Json(Meetings { meetings: shown, next: last.filter(|_| more) }))
}

/// The newest first, and among those of one moment a fixed order.
fn order(meeting: &Meeting) -> (std::cmp::Reverse<u64>, MeetingId) {
    (std::cmp::Reverse(meeting.created.0), meeting.id)
}

async fn whose(site: &Site, account: &Account, owner: Option<&str>) -> Result<Whose, No> {
    match owner {
        None => Ok(Whose::Own),
        Some(owner) if owner.eq_ignore_ascii_case(account.email.as_str()) => Ok(Whose::Own),
        Some(_) if !account.administers() => Err(No::because(Refusal::PrivilegeMissing)),
        Some("*") => Ok(Whose::All),
        Some(owner) => {
            let owner = site.accounts.find(owner).await?.ok_or(Refusal::NotFound)?;
            Ok(Whose::Of(owner.id))
        }
    }
}

/// A meeting as this account may see it.
pub(super) async fn words(
    site: &Site,
    caller: &Caller,
    account: &Account,
    meeting: &Meeting,
) -> Result<Seen, No> {
    if meeting.owner == account.id {
        return seen(site, caller, meeting, Some(account.email.to_string()), true).await;
    }
    let owner = site.engine.account(meeting.owner).await?;
    seen(site, caller, meeting, owner.map(|owner| owner.email.to_string()), false).await
}

/// `POST /api/v1/meetings`
async fn create(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, No> {
    let account = api::allowed(&site, &caller, &headers, Scope::MeetingsWrite).await?;
    let asked: Asked = api::read(&body)?;
    let planned = asked.planned(site.config.meetings.participants_max)?;
    let meeting = site.plan_meeting(&account, planned).await?;
    let words = words(&site, &caller, &account, &meeting).await?;
    Ok((place::caused(StreamId::meeting(meeting.id), meeting.position), Json(words))
        .into_response())
}

/// A way in, good once, for a minute.
#[derive(Serialize, ToSchema)]
pub(super) struct Ticket {
    ticket: String,
}

/// `POST /api/v1/meetings/{id}/host`
pub(super) async fn host(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, No> {
    let account = api::allowed(&site, &caller, &headers, Scope::MeetingsWrite).await?;
    api::read_nothing(&body)?;
    let id: MeetingId = id.parse().map_err(|_| Refusal::NotFound)?;
    let (meeting, ticket) = site.host(&account, id, &caller).await?;
    let place = place::caused(StreamId::meeting(id), meeting.position);
    Ok((place, Json(Ticket { ticket })).into_response())
}

impl Site {
    /// Opens a meeting of this account and gives the host's ticket. Somebody else's meeting is
    /// answered like one that does not exist.
    pub(super) async fn host(
        &self,
        account: &Account,
        id: MeetingId,
        caller: &Caller,
    ) -> Result<(Meeting, String), No> {
        let meeting = self.engine.meeting(id).await?;
        let meeting =
            meeting.filter(|meeting| meeting.owner == account.id).ok_or(Refusal::NotFound)?;
        may_host(account, meeting.kind)?;
        self.engine.open_session(id, account.id).await?;
        let ticket = self.issue(Admission {
            meeting: id,
            role: Role::Host,
            credential: Credential::Owner,
            name: account.name.clone(),
            account: Some(account.id),
            lobby: false,
            family: caller.browser.family(),
            from: caller.from(),
        })?;
        let opened = self.engine.meeting(id).await?;
        Ok((opened.unwrap_or(meeting), ticket))
    }
}
