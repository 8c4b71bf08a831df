//! `schedule_meeting` and `vmp`: the legacy calls that plan a meeting, and that ask whether a
//! password fits one. Both answer with the envelope of the legacy interface and nothing else, and
//! both are authenticated only by what they carry: cookies are ignored.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use convoke_model::meeting::lifecycle::MeetingType;
use convoke_model::meeting::plan::Plan;
use convoke_model::site::accounts::Via;
use convoke_model::text::{Topic, Zone};
use convoke_model::{MeetingId, Refusal};
use convoke_wire::turbo::{AskedMeeting, AskedTime, PasswordCheck, Reply, ScheduleCall, Secret};
use http::{StatusCode, header};
use subtle::ConstantTimeEq;

use super::join::Shown;
use super::planning::{Password, Planned};
use super::refusal::No;
use super::scrub::Taken;
use super::site::{Caller, Site};
use crate::calendar;
use crate::config::LegacyDoors;
use crate::control::{Account, Meeting};
use crate::schedule;
use crate::vault::SecretOf;

const SCHEDULE: &str = "/as/wapi/schedule_meeting";
const CHECK: &str = "/as/wapi/vmp";

/// `/as/wapi/schedule_meeting` by either method.
pub(super) fn schedule() -> MethodRouter<Arc<Site>> {
    get(by_get).post(by_post)
}

/// `POST /as/wapi/vmp`: a GET is not answered, so that passwords do not get into addresses.
pub(super) fn check() -> MethodRouter<Arc<Site>> {
    post(fits)
}

async fn by_get(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Extension(taken): Extension<Taken>,
) -> Response {
    let query = taken.query.as_ref().map_or("", |query| query.expose());
    answer(scheduled(&site, &caller, query.as_bytes(), true).await)
}

async fn by_post(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Extension(taken): Extension<Taken>,
    body: Bytes,
) -> Response {
    match taken.query.as_ref().filter(|query| !query.is_empty()) {
        None => answer(scheduled(&site, &caller, &body, false).await),
        Some(query) => {
            let mut bytes = zeroize::Zeroizing::new(query.expose().as_bytes().to_vec());
            bytes.push(b'&');
            bytes.extend_from_slice(&body);
            answer(scheduled(&site, &caller, &bytes, true).await)
        }
    }
}

/// A meeting that was planned, and how to get into it.
struct Done {
    id: MeetingId,
    join_url: String,
    host_url: String,
}

/// Callers of this interface look at the envelope, not at the status: a "no" is 200 as well.
fn answer(done: Result<Done, No>) -> Response {
    let xml = match done {
        Ok(planned) => {
            let id = planned.id.to_string();
            Reply::Succeeded(&[
                ("MeetingId", &id),
                ("JoinUrl", &planned.join_url),
                ("HostUrl", &planned.host_url),
            ])
            .xml()
        }
        Err(no) => Reply::Failed { reason: no.sentence() }.xml(),
    };
    ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], xml).into_response()
}

async fn scheduled(
    site: &Site,
    caller: &Caller,
    bytes: &[u8],
    in_address: bool,
) -> Result<Done, No> {
    if site.config.legacy_doors == LegacyDoors::Refuse {
        return Err(No::because(Refusal::LegacyRefused));
    }
    site.join_limits.may_ask(caller.from(), site.clock.uptime())?;
    let call = ScheduleCall::read(bytes).map_err(|_| Refusal::Malformed)?;
    if call.carries_password() {
        site.exposed(caller, SCHEDULE, in_address).await?;
    }
    let account = caller_of(site, caller, &call).await?;
    let meeting = site.plan_legacy(&account, &call).await?;
    let base = site.address();
    let id = meeting.id;
    Ok(Done {
        id,
        join_url: format!("{base}/join?id={}&t={}", id.number(), site.invitations.of(id)),
        host_url: format!("{base}/m/{}", id.number()),
    })
}

/// Whose meeting it will be. The integration code stands for the caller's own sign-in: who has it
/// plans for any account; without it, the account's password is needed.
async fn caller_of(site: &Site, caller: &Caller, call: &ScheduleCall) -> Result<Account, No> {
    let email = call.email.as_deref().ok_or(Refusal::SignInFailed)?;
    let attempt = caller.attempt(Via::Legacy);
    let trusted = match &call.integration_code {
        None => false,
        Some(code) => {
            // The code stands for every account's password, so guessing it is limited as that is.
            site.may_try(caller)?;
            let fits = site.integration_code_fits(code)?;
            if !fits {
                site.join_limits.failed(caller.from(), None, site.clock.uptime());
                return Err(No::because(Refusal::SignInFailed));
            }
            true
        }
    };
    match &call.user_password {
        Some(password) => {
            let account = site.sign_ins.verify(email, password.expose(), &attempt).await?;
            if account.codes && !trusted {
                return Err(No::because(Refusal::CodeNeeded));
            }
            if site.owes_codes(&account) {
                return Err(No::because(Refusal::CodeRequired));
            }
            site.accounts.signed_in(&account, &attempt, None).await?;
            Ok(account)
        }
        None if trusted => {
            let account = site.accounts.find(email).await?;
            let account = account.filter(|account| account.enabled);
            account.ok_or_else(|| No::because(Refusal::SignInFailed))
        }
        None => Err(No::because(Refusal::SignInFailed)),
    }
}

impl Site {
    /// Whether this is the site's integration code. Without one set, none fits.
    fn integration_code_fits(&self, code: &Secret) -> Result<bool, No> {
        let stored = self.vault.get(SecretOf::IntegrationCode)?;
        let expected = stored.as_ref().map_or(&b""[..], |stored| stored.as_slice());
        Ok(bool::from(code.expose().as_bytes().ct_eq(expected)) && !expected.is_empty())
    }

    async fn plan_legacy(&self, account: &Account, call: &ScheduleCall) -> Result<Meeting, No> {
        let kind = match &call.kind {
            None => MeetingType::Interactive,
            Some(said) => {
                let kind = said.parse().ok().and_then(MeetingType::from_number);
                kind.ok_or(Refusal::TypeNotAvailable)?
            }
        };
        let topic = call.topic.as_deref().unwrap_or_default();
        let topic = Topic::new(topic).map_err(|_| Refusal::TopicInvalid)?;
        let zone = account.zone.clone().or_else(|| Zone::new("UTC").ok());
        let zone = zone.ok_or(Refusal::ZoneInvalid)?;
        let when = match (&call.start, &call.end) {
            // A recurring meeting has no times of its own; the vendor's own sample sends some all
            // the same, with the end before the start.
            _ if call.recurring => None,
            (AskedTime::At(start), AskedTime::At(end)) => {
                let minutes = calendar::minutes_between(start, end, &zone);
                let minutes = minutes.ok_or(Refusal::TimesInvalid)?;
                Some(calendar::when(start, minutes, &zone, None)?)
            }
            (AskedTime::Missing, AskedTime::Missing) => None,
            (AskedTime::Missing | AskedTime::Malformed | AskedTime::At(_), _) => {
                return Err(No::because(Refusal::TimesInvalid));
            }
        };
        let (number, code) = (call.call_number.as_deref(), call.attendee_access_code.as_deref());
        let dial_in = schedule::dial_in(number, code)?;
        let plan = Plan { when, recurring: call.recurring, dial_in, ..Plan::default() };
        let password = Password::of(call.password.clone());
        self.plan_meeting(account, Planned { kind, topic, password, plan: Some(plan) }).await
    }
}

/// One class of answer for whatever does not fit: an unknown number, a wrong password, no password,
/// a call that cannot be read, one too many.
async fn fits(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Response {
    let fits = checked(&site, &caller, &body).await;
    if let Err(no) = &fits
        && no.is_fault()
    {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let status = if fits.is_ok() { "SUCCEED" } else { "FAILED" };
    let xml = format!("<__Status__>{status}</__Status__>");
    ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], xml).into_response()
}

async fn checked(site: &Site, caller: &Caller, body: &[u8]) -> Result<(), No> {
    if site.config.legacy_doors == LegacyDoors::Refuse {
        return Err(No::because(Refusal::LegacyRefused));
    }
    site.may_try(caller)?;
    let call = PasswordCheck::read(body).map_err(|_| Refusal::Malformed)?;
    let meeting = match call.meeting {
        AskedMeeting::Is(id) => Some(id),
        AskedMeeting::Missing | AskedMeeting::Malformed => None,
    };
    if call.password.is_some() {
        site.exposed(caller, CHECK, false).await?;
    }
    let shown = Shown { meeting, password: call.password.as_ref(), invitation: None };
    site.open_door(&shown, caller.from()).await.map(drop)
}
