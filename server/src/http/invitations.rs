//! Asking people to come to a meeting, by letter.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use convoke_model::meeting::life::{self, Right};
use convoke_model::site::accounts::Email;
use convoke_model::site::keys::Scope;
use convoke_model::{MeetingId, Refusal};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::api;
use super::refusal::No;
use super::site::{Caller, Site};

/// Addresses in one call.
const PEOPLE_MAX: usize = 100;

/// Who is to come.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewInvitations)]
pub(super) struct Wanted {
    /// E-mail addresses.
    #[schema(max_items = 100)]
    people: Vec<String>,
}

/// `POST /api/v1/meetings/{id}/invitations`: `{"people": ["ann@example.org"]}`. Whoever was asked
/// before is not asked again. Letters go out by themselves, now and whenever the plan changes.
pub(super) async fn invite(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Invited>, No> {
    let account = api::allowed(&site, &caller, &headers, Scope::MeetingsWrite).await?;
    let id: MeetingId = id.parse().map_err(|_| Refusal::NotFound)?;
    let wanted: Wanted = api::read(&body)?;
    let meeting = site.engine.meeting(id).await?.ok_or(Refusal::NotFound)?;
    let right = if meeting.owner == account.id {
        Right::Owner
    } else if account.administers() {
        Right::Administrator
    } else {
        return Err(No::because(Refusal::NotFound));
    };
    if !site.mail.is_set_up() {
        return Err(No::because(Refusal::MailNotSetUp));
    }
    if wanted.people.len() > PEOPLE_MAX {
        return Err(No::because(Refusal::TooLong));
    }
    let mut people = Vec::with_capacity(wanted.people.len());
    for typed in wanted.people.iter().filter(|typed| !typed.trim().is_empty()) {
        people.push(Email::new(typed).ok_or(Refusal::EmailInvalid)?);
    }
    if people.is_empty() {
        return Err(No::because(Refusal::EmailInvalid));
    }
    site.engine
        .change_meeting(id, account.id.into(), life::Command::Invite { people, right })
        .await?;
    let meeting = site.engine.meeting(id).await?.ok_or(Refusal::NotFound)?;
    let invited = meeting.invited.iter().map(|who| who.as_str().to_owned()).collect();
    Ok(Json(Invited { invited }))
}

/// Who was asked to come so far.
#[derive(Serialize, ToSchema)]
pub(super) struct Invited {
    invited: Vec<String>,
}
