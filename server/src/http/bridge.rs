//! The doors of telephone bridges: which meeting a caller means, the numbers to dial, and reports.
//!
//! A bridge is a machine and shows a secret with every call: as `Authorization: Bearer`, as the
//! password of `Authorization: Basic`, or, Twilio, by signing. Cookies count for nothing here.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{self, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use convoke_model::Refusal;
use convoke_plugins::bridge::{
    Answer, Bridge, Dialect, Fields, numbers as jitsi_numbers, twilio_signature,
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use subtle::ConstantTimeEq;

use super::refusal::No;
use super::scrub::Taken;
use super::site::{Caller, Site};
use crate::bridges::is_secret;
use crate::limits::by_customer;

/// `/bridge/NAME/code`
pub(super) fn code() -> MethodRouter<Arc<Site>> {
    get(ask).post(ask)
}

/// `/bridge/NAME/events`
pub(super) fn events() -> MethodRouter<Arc<Site>> {
    get(report).post(report)
}

/// `/bridge/NAME/calls/CALL`
pub(super) fn calls() -> MethodRouter<Arc<Site>> {
    get(report_of).post(report_of)
}

/// A request of a bridge, before it is known who sends it.
struct Request {
    caller: Caller,
    taken: Taken,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl Request {
    async fn read(request: extract::Request) -> Result<Self, No> {
        let (mut parts, body) = request.into_parts();
        // Both are put there before the router is asked.
        let caller = parts.extensions.remove::<Caller>();
        let taken = parts.extensions.remove::<Taken>().unwrap_or_default();
        let caller = caller.ok_or_else(|| No::fault("a request without a caller"))?;
        // It was read whole and bounded before.
        let body = axum::body::to_bytes(body, usize::MAX).await.map_err(|_| Refusal::Malformed)?;
        Ok(Self { caller, taken, uri: parts.uri, headers: parts.headers, body })
    }
}

async fn ask(
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    request: extract::Request,
) -> Result<Response, No> {
    let request = Request::read(request).await?;
    let (bridge, fields) = known(&site, &name, &request)?;
    let dialect = bridge.settings.dialect;
    if let Some(answer) = dialect.not_ours(&fields) {
        return Ok(said(answer));
    }
    let asked = dialect.asked(&fields);
    let told = site.bridges.ask(&bridge, &asked).await;
    Ok(said(dialect.tell(&bridge, &asked, &told)))
}

/// `GET /bridge/NAME/numbers`: Jitsi's `phoneNumberList`, which others can read as well.
pub(super) async fn numbers(
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    request: extract::Request,
) -> Result<Response, No> {
    let request = Request::read(request).await?;
    known(&site, &name, &request)?;
    let settings = site.engine.settings().await?;
    Ok(said(jitsi_numbers(&settings.telephone.numbers)))
}

async fn report(
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    request: extract::Request,
) -> Result<Response, No> {
    let request = Request::read(request).await?;
    let (bridge, fields) = known(&site, &name, &request)?;
    Ok(take_in(&site, &bridge, None, &fields).await)
}

async fn report_of(
    State(site): State<Arc<Site>>,
    Path((name, call)): Path<(String, String)>,
    request: extract::Request,
) -> Result<Response, No> {
    let request = Request::read(request).await?;
    let (bridge, fields) = known(&site, &name, &request)?;
    Ok(take_in(&site, &bridge, Some(call), &fields).await)
}

async fn take_in(site: &Site, bridge: &Bridge, call: Option<String>, fields: &Fields) -> Response {
    let dialect = bridge.settings.dialect;
    let reported = dialect.reported(fields);
    let call = call.unwrap_or(reported.call);
    let standing = site.bridges.report(bridge, &call, reported.happened).await;
    said(dialect.standing(&standing))
}

fn said(answer: Answer) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(answer.kind))], answer.body).into_response()
}

/// The bridge that sends a request, and what it says. A name that is none, a wrong secret and an
/// address that may not call are answered alike.
fn known(site: &Site, name: &str, request: &Request) -> Result<(Arc<Bridge>, Fields), No> {
    let address = request.caller.from();
    let from = by_customer(address);
    let now = site.clock.uptime();
    let wait = site.bridge_door.wait(&from, now);
    if !wait.is_zero() {
        return Err(No::slow(wait));
    }
    let query = request.taken.query.as_ref().map_or("", |query| query.expose());
    let body = body_of(&request.headers, &request.body)?;
    let bridge = site.bridges.bridge(name).filter(|bridge| {
        bridge.comes_from(address) && shows_its_secret(site, bridge, request, query, &body)
    });
    let Some(bridge) = bridge else {
        let _ = site.bridge_door.take(&from, now);
        return Err(No::with(Refusal::NotAllowed, StatusCode::UNAUTHORIZED)
            .asking("Basic realm=\"bridge\", charset=\"UTF-8\""));
    };
    let fields = body.with_form(query.as_bytes()).map_err(|_| Refusal::Malformed)?;
    Ok((bridge, fields))
}

fn body_of(headers: &HeaderMap, body: &[u8]) -> Result<Fields, No> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_json = kind.is_some_and(|kind| kind.trim_start().starts_with("application/json"));
    let fields = match (body.is_empty(), is_json) {
        (true, _) => Ok(Fields::default()),
        (false, true) => Fields::default().with_json(body),
        (false, false) => Fields::default().with_form(body),
    };
    fields.map_err(|_| No::because(Refusal::Malformed))
}

fn shows_its_secret(
    site: &Site,
    bridge: &Bridge,
    request: &Request,
    query: &str,
    form: &Fields,
) -> bool {
    if bridge.settings.dialect == Dialect::Twilio {
        let base = site.config.base_url.as_deref().unwrap_or_default();
        let path = request.uri.path();
        let mark = if query.is_empty() { "" } else { "?" };
        let address = format!("{base}{path}{mark}{query}");
        let wanted = twilio_signature(bridge.secret(), &address, form);
        let shown = request.headers.get("x-twilio-signature").map(HeaderValue::as_bytes);
        return shown.is_some_and(|shown| shown.ct_eq(wanted.as_bytes()).into());
    }
    let shown = request.headers.get(header::AUTHORIZATION).and_then(|shown| shown.to_str().ok());
    let Some((scheme, shown)) = shown.and_then(|shown| shown.split_once(' ')) else {
        return false;
    };
    if scheme.eq_ignore_ascii_case("bearer") {
        return is_secret(bridge, shown.trim());
    }
    let basic = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(shown.trim()).ok());
    let basic = basic.flatten().and_then(|bytes| String::from_utf8(bytes).ok());
    let password = basic.as_deref().and_then(|pair| pair.split_once(':')).map(|(_, word)| word);
    password.is_some_and(|password| is_secret(bridge, password))
}
