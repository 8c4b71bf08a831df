//! Pages: one document for all, with the facts each starts from.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};
use convoke_model::site::settings::Branding;
use convoke_model::{MeetingId, Refusal};
use http::{HeaderValue, StatusCode, header};

use super::assets;
use super::boot::Boot;
use super::refusal::No;
use super::scrub::Taken;
use super::site::{Caller, Site};

/// Where the client's document wants the boot block.
const PLACE: &str = "<!--boot-->";

/// The document with its boot block. Somebody who came by plain HTTP to a server with TLS is sent
/// on instead: browsers give camera, microphone and codecs to secured pages only.
pub(super) fn show(caller: &Caller, boot: &Boot, status: StatusCode) -> Response {
    if caller.must_move {
        return move_on(caller, boot);
    }
    let Some(document) = assets::document() else {
        return No::fault("the browser client has no index.html").into_response();
    };
    let branded = caller.branding != Branding::default();
    let branding = branded.then(|| serde_json::to_value(&caller.branding).unwrap_or_default());
    let element = boot.clone().with("branding", branding).element();
    let document = if document.contains(PLACE) {
        document.replacen(PLACE, &element, 1)
    } else {
        document.replacen("</head>", &format!("{element}</head>"), 1)
    };
    let mut response = (status, Html(document)).into_response();
    if let Some(cookie) = caller.browser.to_set(&caller.own) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Whatever came of the call, good or bad, goes along in the fragment.
fn move_on(caller: &Caller, boot: &Boot) -> Response {
    let https = caller.own.by_https();
    let page = match (boot.meeting, &boot.ticket) {
        (Some(id), Some(_)) => format!("m/{}", id.number()),
        (Some(id), None) => format!("join?id={}", id.number()),
        (None, _) if boot.kind() == "home" => String::new(),
        (None, _) => "join".to_owned(),
    };
    let fragment = boot.fragment();
    let mark = if fragment.is_empty() { "" } else { "#" };
    let target = format!("{https}/{page}{mark}{fragment}");
    redirect(StatusCode::SEE_OTHER, &target)
}

/// Sends the browser elsewhere on this server.
pub(super) fn redirect(status: StatusCode, target: &str) -> Response {
    match HeaderValue::try_from(target) {
        Ok(target) => (status, [(header::LOCATION, target)]).into_response(),
        Err(_) => No::because(Refusal::Malformed).into_response(),
    }
}

/// `GET /`
pub(super) async fn home(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
) -> Response {
    let boot = Boot::page("home").with("mail", Some(site.mail.is_set_up()));
    show(&caller, &boot, StatusCode::OK)
}

/// `GET /account`: who is signed in, the page asks itself.
pub(super) async fn account(Extension(caller): Extension<Caller>) -> Response {
    show(&caller, &Boot::page("account"), StatusCode::OK)
}

/// `GET /console`: who administers, the page asks itself.
pub(super) async fn console(Extension(caller): Extension<Caller>) -> Response {
    show(&caller, &Boot::page("console"), StatusCode::OK)
}

/// `GET /api/docs`: every call, to read and to try.
pub(super) async fn docs(Extension(caller): Extension<Caller>) -> Response {
    show(&caller, &Boot::page("docs"), StatusCode::OK)
}

/// `GET /join?id=..` and, from invitations, `&t=..`
pub(super) async fn join(
    Extension(caller): Extension<Caller>,
    Extension(taken): Extension<Taken>,
) -> Response {
    let mut boot = Boot::page("join").with("invitation", taken.parameter("t"));
    if let Some(id) = taken.parameter("id").and_then(|id| id.parse::<MeetingId>().ok()) {
        boot = boot.meeting(id, None);
    }
    show(&caller, &boot, StatusCode::OK)
}

/// `GET /m/{id}`
pub(super) async fn meeting(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Response {
    match id.parse::<MeetingId>() {
        Ok(id) => show(&caller, &Boot::page("meeting").meeting(id, None), StatusCode::OK),
        Err(_) => missing(&caller),
    }
}

/// Everything that is nowhere.
pub(super) async fn nowhere(
    State(_): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
) -> Response {
    missing(&caller)
}

/// A page that says so.
pub(super) fn missing(caller: &Caller) -> Response {
    let boot = Boot::page("home").refused(No::because(Refusal::NotFound));
    show(caller, &boot, StatusCode::NOT_FOUND)
}
