//! `goto_downloader`: the legacy call that hosts or joins from a web page.
//!
//! It is authenticated only by what it carries; cookies are ignored here, so no page elsewhere can
//! borrow somebody's sign-in. The page that answers carries a ticket, or for a host the token of
//! what was asked for, which its script uses; a program that merely fetches the page makes nothing
//! and uses nothing up.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use convoke_model::Refusal;
use convoke_model::site::accounts::Via;
use convoke_model::text::Name;
use convoke_wire::turbo::{AskedMeeting, AttendCall, DownloaderCall, HostCall, Secret};
use http::StatusCode;

use super::boot::Boot;
use super::join::Shown;
use super::pages;
use super::pending::Wish;
use super::refusal::No;
use super::scrub::Taken;
use super::site::{Caller, Site};
use crate::config::LegacyDoors;
use crate::control::Account;

const ROUTE: &str = "/as/wapi/goto_downloader";

/// The call by either method.
pub(super) fn by_either() -> MethodRouter<Arc<Site>> {
    get(by_get).post(by_post)
}

/// `GET /as/wapi/goto_downloader?...`
async fn by_get(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Extension(taken): Extension<Taken>,
) -> Result<Response, No> {
    let query = taken.query.as_ref().map_or("", |query| query.expose());
    answer(&site, &caller, query.as_bytes(), true).await
}

/// `POST /as/wapi/goto_downloader` with a form; parameters may stand in the address as well.
async fn by_post(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Extension(taken): Extension<Taken>,
    body: Bytes,
) -> Result<Response, No> {
    match taken.query.as_ref().filter(|query| !query.is_empty()) {
        None => answer(&site, &caller, &body, false).await,
        Some(query) => {
            let mut bytes = zeroize::Zeroizing::new(query.expose().as_bytes().to_vec());
            bytes.push(b'&');
            bytes.extend_from_slice(&body);
            answer(&site, &caller, &bytes, true).await
        }
    }
}

async fn answer(
    site: &Site,
    caller: &Caller,
    bytes: &[u8],
    in_address: bool,
) -> Result<Response, No> {
    if site.config.legacy_doors == LegacyDoors::Refuse {
        let boot = Boot::page("home").refused(No::because(Refusal::LegacyRefused));
        return Ok(pages::show(caller, &boot, StatusCode::FORBIDDEN));
    }
    let call = match DownloaderCall::read(bytes) {
        Ok(call) => call,
        Err(unreadable) => {
            tracing::info!(reason = %unreadable, "a legacy call could not be read");
            let boot = Boot::page("home").refused(No::because(Refusal::Malformed));
            return Ok(pages::show(caller, &boot, StatusCode::BAD_REQUEST));
        }
    };
    let may = match &call {
        DownloaderCall::Attend(_) => site.may_try(caller),
        // Signing in has limits of its own.
        DownloaderCall::Host(_) => site.join_limits.may_ask(caller.from(), site.clock.uptime()),
    };
    // A fact is only written for callers who may try at all.
    if may.is_ok() && call.carries_password() {
        site.exposed(caller, ROUTE, in_address).await?;
    }
    let boot = match call {
        DownloaderCall::Attend(call) => attend(site, caller, &call, may).await,
        DownloaderCall::Host(call) => host(site, caller, call, may).await,
    };
    Ok(pages::show(caller, &boot, StatusCode::OK))
}

async fn attend(site: &Site, caller: &Caller, call: &AttendCall, may: Result<(), No>) -> Boot {
    let name = call.name.as_deref().and_then(|name| Name::new(name).ok());
    let shown = |meeting| Shown { meeting, password: call.password.as_ref(), invitation: None };
    let boot = Boot::page("join").with("name", name.as_ref().map(Name::as_str));
    let meeting = match call.meeting {
        AskedMeeting::Missing => return boot,
        AskedMeeting::Malformed => None,
        AskedMeeting::Is(id) => Some(id),
    };
    let boot = match meeting {
        Some(id) => boot.meeting(id, None),
        None => boot,
    };
    match may {
        Ok(()) => enter(site, caller, boot, &shown(meeting), name, false).await,
        Err(no) => boot.refused(no),
    }
}

/// Shared with the viewer's address: tries the door, and fills the page with what came of it.
pub(super) async fn enter(
    site: &Site,
    caller: &Caller,
    boot: Boot,
    shown: &Shown<'_>,
    name: Option<Name>,
    viewer: bool,
) -> Boot {
    let opened = match site.open_door(shown, caller.from()).await {
        Ok(opened) => opened,
        Err(no) => return boot.refused(no),
    };
    let meeting = &opened.meeting;
    // So that the person need not type the password again when the ticket has gone stale.
    let boot = boot
        .meeting(meeting.id, Some((meeting.topic.as_str(), meeting.kind.number())))
        .with("invitation", shown.password.map(|_| site.invitations.of(meeting.id)));
    let Some(name) = name else { return boot };
    if let Err(no) = site.has_seat() {
        return boot.refused(no);
    }
    match site.ticket(&opened, name, viewer, caller) {
        Ok(ticket) => {
            let (page, role) = if viewer { ("viewer", "viewer") } else { ("meeting", "attendee") };
            boot.with("page", Some(page)).with("role", Some(role)).ticket(&ticket)
        }
        Err(no) => boot.refused(no),
    }
}

async fn host(site: &Site, caller: &Caller, call: HostCall, may: Result<(), No>) -> Boot {
    let boot = Boot::page("home").with("role", Some("host")).with("email", call.email.clone());
    let boot = match call.meeting {
        AskedMeeting::Is(id) => boot.meeting(id, None),
        AskedMeeting::Missing | AskedMeeting::Malformed => boot,
    };
    let (Some(email), Some(password)) = (&call.email, &call.user_password) else {
        return boot.with("ask_password", Some(true));
    };
    let account = match may {
        Ok(()) => verified(site, caller, email, password).await,
        Err(no) => Err(no),
    };
    let kept = match account {
        Ok(account) => keep(site, account, call).await,
        Err(no) => Err(no),
    };
    match kept {
        Ok(boot) => boot,
        Err(no) => boot.with("ask_password", Some(true)).refused(no),
    }
}

async fn verified(
    site: &Site,
    caller: &Caller,
    email: &str,
    password: &Secret,
) -> Result<Account, No> {
    let attempt = caller.attempt(Via::Legacy);
    let account = site.sign_ins.verify(email, password.expose(), &attempt).await?;
    // The address has no place for a code: the page's sign-in asks for both.
    if account.codes {
        return Err(No::because(Refusal::CodeNeeded));
    }
    if site.owes_codes(&account) {
        return Err(No::because(Refusal::CodeRequired));
    }
    site.accounts.signed_in(&account, &attempt, None).await?;
    Ok(account)
}

/// The page that does what was asked for, as soon as its script runs.
async fn keep(site: &Site, account: Account, call: HostCall) -> Result<Boot, No> {
    let boot = Boot::page("join").with("role", Some("host"));
    let boot = boot.with("name", Some(account.name.as_str())).with("email", call.email);
    let (boot, meeting) = match call.meeting {
        AskedMeeting::Missing => (boot, None),
        AskedMeeting::Malformed => return Err(No::because(Refusal::NotFound)),
        AskedMeeting::Is(id) => {
            let own = site.engine.meeting(id).await?.filter(|found| found.owner == account.id);
            let own = own.ok_or(Refusal::NotFound)?;
            (boot.meeting(id, Some((own.topic.as_str(), own.kind.number()))), Some(id))
        }
    };
    let wish = Wish { account: account.id, meeting, password: call.meeting_password };
    let pending = site.pending.keep(wish, site.clock.uptime());
    Ok(boot.with("pending", Some(pending.ok_or(Refusal::Busy)?)))
}
