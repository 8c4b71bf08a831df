//! The dates of a meeting: those to come, and all of them as a calendar file.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use convoke_model::Refusal;
use convoke_model::site::keys::Scope;
use http::{HeaderMap, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::refusal::No;
use super::scrub::Taken;
use super::site::{Caller, Site};
use super::{api, meeting, place};
use crate::calendar;
use crate::mail::{Method, News};

/// Dates in one answer, unless another number is asked for.
const LIMIT: usize = 20;
/// Dates in one answer at most.
const LIMIT_MAX: usize = 100;

/// Dates that are not over, in order.
#[derive(Serialize, ToSchema)]
pub(super) struct Dates {
    dates: Vec<DateSeen>,
    /// Whether others follow.
    more: bool,
}

/// A date of a meeting.
#[derive(Serialize, ToSchema)]
#[schema(as = MeetingDate)]
struct DateSeen {
    /// As its rule has it, on the clocks of the meeting's zone: its name in `when.exceptions`.
    date: String,
    /// When it is held instead, on the same clocks.
    moved: Option<String>,
    /// Whether it is called off.
    cancelled: bool,
    /// The instant of its beginning as its rule has it.
    regular_ms: u64,
    /// The instant of its beginning as it is held, or would have been.
    begins_ms: u64,
    ends_ms: u64,
}

/// `GET /api/v1/meetings/{id}/dates`
pub(super) async fn coming(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Extension(taken): Extension<Taken>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, No> {
    let account = api::allowed(&site, &caller, &headers, Scope::MeetingsRead).await?;
    let (meeting, _) = site.meeting_of(&account, meeting::id_of(&id)?).await?;
    let limit = match taken.parameter("limit") {
        None => LIMIT,
        Some(text) => text.parse().map_err(|_| Refusal::NumberInvalid)?,
    };
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(No::because(Refusal::NumberInvalid));
    }
    let when = meeting.plan.as_ref().and_then(|plan| plan.when.as_ref());
    let dates = when.map(|when| calendar::dates(when, site.clock.now(), limit + 1));
    let mut dates: Vec<DateSeen> = dates.unwrap_or_default().into_iter().map(seen).collect();
    let more = dates.len() > limit;
    dates.truncate(limit);
    Ok((place::found(&meeting), Json(Dates { dates, more })).into_response())
}

fn seen(date: calendar::Date) -> DateSeen {
    let calendar::Date { regular, held } = date;
    let cancelled = held.is_none();
    let shown = held.as_ref().unwrap_or(&regular);
    let moved = (*shown != regular).then(|| shown.local.as_str().to_owned());
    let (regular_ms, begins_ms, ends_ms) = (regular.begins.0, shown.begins.0, shown.ends.0);
    let date = regular.local.as_str().to_owned();
    DateSeen { date, moved, cancelled, regular_ms, begins_ms, ends_ms }
}

/// `GET /api/v1/meetings/{id}/calendar`: a file for the host's own calendar. It holds the way in,
/// so only its host gets it.
pub(super) async fn file(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, No> {
    let account = api::allowed(&site, &caller, &headers, Scope::MeetingsRead).await?;
    let (meeting, _) = site.meeting_of(&account, meeting::id_of(&id)?).await?;
    if meeting.owner != account.id {
        return Err(No::because(Refusal::NotFound));
    }
    let base = caller.own.to_string();
    let about = site.about(&base, &meeting, News::Copy, site.clock.now()).await?;
    let event = site.event(&meeting, Method::Publish, &about, (caller.language, None)).await?;
    let event = event.ok_or_else(|| No::said(Refusal::TimesInvalid, NO_TIME.to_owned()))?;
    let name = format!("attachment; filename=\"meeting-{}.ics\"", meeting.id.number());
    let told = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8; method=PUBLISH".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((place::found(&meeting), told, event).into_response())
}

const NO_TIME: &str = "This meeting has no time that a calendar could hold.";
