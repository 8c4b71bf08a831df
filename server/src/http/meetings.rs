//! A host's own meetings: list, create, open.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::{MethodRouter, get};
use axum::{Extension, Json};
use convoke_model::grant::Role;
use convoke_model::meeting::lifecycle::MeetingType;
use convoke_model::policy::Credential;
use convoke_model::text::Topic;
use convoke_model::{MeetingId, Refusal};
use convoke_wire::turbo::Secret;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api;
use super::planning::{Password, Planned, may_host};
use super::refusal::No;
use super::site::{Caller, Site};
use crate::control::{Account, Meeting, MeetingState};
use crate::tickets::Admission;
use crate::vault::SecretOf;

/// Listing and creating.
pub(super) fn both() -> MethodRouter<Arc<Site>> {
    get(list).post(create)
}

/// `GET /api/v1/meetings`
async fn list(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Json<Value>, No> {
    let account = api::signed_in(&site, &caller, &headers).await?;
    let meetings = site.engine.meetings_of(account.id).await?;
    let mut shown = Vec::with_capacity(meetings.len());
    for meeting in &meetings {
        shown.push(words(&site, &caller, meeting)?);
    }
    Ok(Json(json!({ "meetings": shown })))
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(rename = "type")]
    kind: u8,
    topic: String,
    #[serde(default, deserialize_with = "api::maybe_secret")]
    password: Option<Secret>,
}

/// `POST /api/v1/meetings`
async fn create(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, No> {
    let account = api::signed_in(&site, &caller, &headers).await?;
    let wanted: Wanted = api::read(&body)?;
    let kind = MeetingType::from_number(wanted.kind).ok_or(Refusal::TypeNotAvailable)?;
    let topic = Topic::new(&wanted.topic).map_err(|_| Refusal::TopicInvalid)?;
    let meeting = site
        .plan_meeting(
            &account,
            Planned { kind, topic, password: Password::of(wanted.password), plan: None },
        )
        .await?;
    Ok(Json(words(&site, &caller, &meeting)?))
}

/// `POST /api/v1/meetings/{id}/host`
pub(super) async fn host(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, No> {
    let account = api::signed_in(&site, &caller, &headers).await?;
    let id: MeetingId = id.parse().map_err(|_| Refusal::NotFound)?;
    let (_, ticket) = site.host(&account, id, &caller).await?;
    Ok(Json(json!({ "ticket": ticket })))
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
        Ok((meeting, ticket))
    }
}

/// A meeting as its owner sees it, with everything to send to others.
fn words(site: &Site, caller: &Caller, meeting: &Meeting) -> Result<Value, No> {
    let id = meeting.id;
    let token = site.invitations.of(id);
    let join_url = format!("{}/join?id={}&t={token}", caller.own, id.number());
    let mut invitation = format!("{}\n\n{join_url}\n\nMeeting ID: {id}", meeting.topic.as_str());
    if meeting.has_password
        && let Some(password) = site.vault.get(SecretOf::Meeting(id))?
    {
        invitation.push_str("\nPassword: ");
        invitation.push_str(&String::from_utf8_lossy(&password));
    }
    Ok(json!({
        "id": id.number().to_string(),
        "topic": meeting.topic.as_str(),
        "type": meeting.kind.number(),
        "running": matches!(meeting.state, MeetingState::Open(_)),
        "created_ms": meeting.created.0,
        "join_url": join_url,
        "invitation": invitation,
        "invitation_token": token,
    }))
}
