//! What happens to every request, in order, around the router.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use convoke_model::Refusal;
use convoke_model::site::settings::Branding;
use convoke_wire::turbo::Secret;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use hyper::body::Incoming;
use tower::ServiceExt;

use super::cookies::Browser;
use super::first_line::TARGET_BYTES_MAX;
use super::forwarded::Sender;
use super::headers::Ancestors;
use super::origin::Origin;
use super::refusal::No;
use super::routes::Answered;
use super::scrub::{VIEWER_ROUTE, scrub};
use super::site::{Caller, Site};
use super::slots::Slot;
use super::stream::Phase;
use super::{body, headers, pages, quarantine};
use crate::mail::Language;

/// What is known of a connection.
pub(super) struct Connection {
    pub(super) site: Arc<Site>,
    pub(super) router: Router,
    pub(super) peer: SocketAddr,
    pub(super) tls: bool,
    pub(super) phase: Phase,
    pub(super) place: Arc<Mutex<Option<Slot>>>,
}

impl Connection {
    /// Whether whoever sent a request may have one more answered.
    fn has_room(&self, sender: Sender) -> bool {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        place.as_mut().is_none_or(|slot| slot.serve(sender.address))
    }

    fn release(&self) {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = place.as_mut() {
            slot.release();
        }
    }
}

/// Answers one request.
pub(super) async fn serve(connection: &Connection, request: Request<Incoming>) -> Response {
    connection.phase.serving();
    let start = connection.site.clock.uptime();
    let method = request.method().clone();
    // A line that had to be rewritten is the last one of its connection.
    let mut close = connection.phase.was_rewritten();
    let length = request.headers().get(header::CONTENT_LENGTH);
    let mut unread = length.is_some_and(|length| length != "0");
    let proxy = &connection.site.config.proxy;
    let sender = Sender::of(connection.peer.ip(), request.headers(), proxy);
    let secured = sender.is_secured(connection.tls);
    let mut response = match answer(connection, sender, request, &mut unread).await {
        Ok(response) => response,
        Err(Stop { no, hang_up }) => {
            close |= hang_up;
            no.into_response()
        }
    };
    // Nothing of a body that nobody read may be taken for the next request.
    close |= unread;
    let answered = response.extensions().get().copied().unwrap_or(Answered::NOWHERE);
    let ancestors = response.extensions().get::<Ancestors>().cloned();
    let surface = answered.surface;
    headers::put(response.headers_mut(), surface, secured, ancestors.as_ref());
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        if close {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        connection.release();
    }
    let took = connection.site.clock.uptime().saturating_sub(start);
    // The route's template, never the address: what stands in it may be a secret.
    tracing::info!(
        %method,
        route = answered.route,
        status = response.status().as_u16(),
        micros = took.as_micros(),
        "answered"
    );
    let metrics = &connection.site.metrics;
    metrics.answered(answered.route, response.status().as_u16());
    if let Some(refusal) = response.extensions().get::<Refusal>() {
        metrics.refused(*refusal);
    }
    if !close {
        connection.phase.idle();
    }
    response
}

/// The language that is asked for first; the site's own where it is neither of ours.
fn language_of(headers: &HeaderMap, usual: Language) -> Language {
    let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    match asked.unwrap_or_default().trim_start().get(..2) {
        Some(first) if first.eq_ignore_ascii_case("zh") => Language::Zh,
        Some(first) if first.eq_ignore_ascii_case("en") => Language::En,
        Some(_) | None => usual,
    }
}

/// How the server presents itself, for those requests that a page may answer. A log that cannot be
/// asked is no reason to show no page.
async fn branding(site: &Site, path: &str) -> Branding {
    if path.starts_with("/api/v1/") || path.starts_with("/assets/") {
        return Branding::default();
    }
    site.engine.settings().await.map(|settings| settings.branding).unwrap_or_default()
}

/// As much of what a browser says it is as is worth keeping.
fn agent_of(headers: &HeaderMap) -> String {
    const AGENT_CHARS_MAX: usize = 256;
    let said = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    said.unwrap_or_default().chars().take(AGENT_CHARS_MAX).collect()
}

/// Stopped before the router.
struct Stop {
    no: No,
    /// The rest of the request is not worth reading.
    hang_up: bool,
}

impl From<No> for Stop {
    fn from(no: No) -> Self {
        Self { no, hang_up: false }
    }
}

fn hang_up(refusal: Refusal, status: StatusCode) -> Stop {
    Stop { no: No::with(refusal, status), hang_up: true }
}

async fn answer(
    connection: &Connection,
    sender: Sender,
    request: Request<Incoming>,
    unread: &mut bool,
) -> Result<Response, Stop> {
    if !connection.has_room(sender) {
        // Closed without a word, it would look to the proxy as if the server were gone.
        return Err(Stop { no: No::slow(Duration::from_secs(1)), hang_up: true });
    }
    let (mut parts, incoming) = request.into_parts();
    // First of all, so that nothing behind this line can see a secret of the address.
    let (uri, taken) = scrub(&parts.uri);
    let target_bytes = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let named = parts.uri.authority().map(ToString::to_string);
    parts.uri = uri;
    if target_bytes > TARGET_BYTES_MAX {
        return Err(hang_up(Refusal::TooLong, StatusCode::URI_TOO_LONG));
    }
    // Browsers send bodies with a length. Refusing everything else leaves nothing for two parsers
    // in a row to disagree about.
    if parts.headers.contains_key(header::TRANSFER_ENCODING) {
        return Err(hang_up(Refusal::Malformed, StatusCode::LENGTH_REQUIRED));
    }
    let host = match named {
        Some(named) => Some(named),
        None => host_of(&parts.headers)?,
    };
    let secured = sender.is_secured(connection.tls);
    let own = connection.site.origins.of(host.as_deref(), secured);
    let own =
        own.ok_or_else(|| hang_up(Refusal::ForeignOrigin, StatusCode::MISDIRECTED_REQUEST))?;
    let has_tls = connection.site.tls.is_some();
    // Without TLS of our own and a proxy that speaks, HTTPS ends before us if our name says so.
    let ended_before_us = !has_tls && sender.https.is_none() && own.is_https();
    let is_plain = !(secured || ended_before_us);
    let caller = Caller {
        peer: connection.peer,
        sender,
        must_move: has_tls && !secured,
        plain_from_afar: is_plain && !sender.address.is_loopback(),
        browser: Browser::of(&parts.headers),
        agent: agent_of(&parts.headers),
        language: language_of(&parts.headers, connection.site.config.mail.language),
        branding: branding(&connection.site, parts.uri.path()).await,
        own,
        place: Arc::clone(&connection.place),
        bearer: bearer(parts.uri.path(), &mut parts.headers),
    };
    let path = parts.uri.path();
    if caller.must_move && !may_be_plain(path) {
        return move_on(&caller, &parts.method, path, &taken);
    }
    if let Some(found) = &connection.site.quarantine
        && !quarantine::passes(path)
    {
        return Ok(quarantine::answer(found, path));
    }
    let reads = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    if !reads && path.starts_with("/api/") {
        if caller.bearer.is_none() {
            check_same_site(&parts.headers, &caller.own)?;
        }
        check_kind(&parts.headers)?;
    }
    let bytes = body::read(incoming, connection.site.patience.body).await;
    let bytes = bytes.map_err(|no| Stop { no, hang_up: true })?;
    *unread = false;
    parts.extensions.insert(caller);
    parts.extensions.insert(taken);
    let request = Request::from_parts(parts, Body::from(bytes));
    match connection.router.clone().oneshot(request).await {
        Ok(response) => Ok(response),
        Err(never) => match never {},
    }
}

fn host_of(headers: &HeaderMap) -> Result<Option<String>, Stop> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => Ok(None),
        (Some(host), None) => match host.to_str() {
            Ok(host) => Ok(Some(host.to_owned())),
            Err(_) => Err(hang_up(Refusal::Malformed, StatusCode::BAD_REQUEST)),
        },
        _ => Err(hang_up(Refusal::Malformed, StatusCode::BAD_REQUEST)),
    }
}

/// The key of a program, taken out of the headers. A call with one has no cookies: whatever browser
/// sends it, nobody's sign-in goes along, and so it may come from anywhere.
fn bearer(path: &str, headers: &mut HeaderMap) -> Option<Arc<Secret>> {
    // What a bridge shows is not a key of this kind; it is looked at where bridges come in.
    if path.starts_with("/bridge/") {
        return None;
    }
    let given = headers.remove(header::AUTHORIZATION)?;
    let given = given.to_str().ok()?;
    let (scheme, token) = given.split_once(' ').unwrap_or((given, ""));
    let token = scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())?;
    headers.remove(header::COOKIE);
    Some(Arc::new(Secret::new(token)))
}

/// A call that changes something has to come from a page of ours: browsers say so in two headers
/// that no page can forge, and JSON cannot be sent across sites without being asked for first.
fn check_same_site(headers: &HeaderMap, own: &Origin) -> Result<(), No> {
    let foreign = || No::because(Refusal::ForeignOrigin);
    if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin") {
        return Err(foreign());
    }
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (Some(origin), None) if own.is(origin.as_bytes()) => {}
        _ => return Err(foreign()),
    }
    Ok(())
}

/// What a call brings along is JSON.
fn check_kind(headers: &HeaderMap) -> Result<(), No> {
    if headers.get(header::CONTENT_LENGTH).is_none_or(|length| length == "0") {
        return Ok(());
    }
    let json = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let json = json.and_then(|kind| kind.split(';').next()).map(str::trim);
    if json.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
        Ok(())
    } else {
        Err(No::with(Refusal::Malformed, StatusCode::UNSUPPORTED_MEDIA_TYPE))
    }
}

/// What a server with TLS still answers by plain HTTP.
fn may_be_plain(path: &str) -> bool {
    path == VIEWER_ROUTE || path.starts_with("/as/") || matches!(path, "/healthz" | "/readyz")
}

fn move_on(
    caller: &Caller,
    method: &Method,
    path: &str,
    taken: &super::scrub::Taken,
) -> Result<Response, Stop> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Err(hang_up(Refusal::ForeignOrigin, StatusCode::FORBIDDEN));
    }
    let mut target = format!("{}{path}", caller.own.by_https());
    // A join link keeps what it was sent with; nothing else has a query that means something.
    if path == "/join"
        && let Some(query) = &taken.query
    {
        target.push('?');
        target.push_str(query.expose());
    }
    Ok(pages::redirect(StatusCode::PERMANENT_REDIRECT, &target))
}
