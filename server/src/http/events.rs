//! The log as events, for administrators and auditors, and for programs by a key with
//! `events:read`: a page at a time, or as a stream that goes on.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use bytes::Bytes;
use convoke_model::site::keys::Scope;
use convoke_model::{ApiKeyId, Refusal};
use http::{HeaderMap, HeaderValue, header};
use hyper::body::Frame;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use utoipa::ToSchema;

use super::api::Overseer;
use super::refusal::No;
use super::scrub::Taken;
use super::site::{Caller, Site};
use super::{api, cookies};
use crate::events::{Event, EventLog, Filter, Page, Portion, Shown, stream_of};

/// Events of one page.
const PAGE_EVENTS_MAX: usize = 1000;
const PAGE_EVENTS_USUAL: usize = 100;
/// Bytes of the log that one page looks through.
const PAGE_BYTES_MAX: usize = 8 << 20;
/// Streams that are open at once.
pub(super) const STREAMS_MAX: usize = 64;
/// Pieces that wait for a reader who is slower.
const PIECES_MAX: usize = 16;
/// So often a stream says that it is there, and looks whether whoever reads still may.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// What comes within this time is sent together.
const GATHER: Duration = Duration::from_millis(20);

async fn reader(site: &Site, caller: &Caller, headers: &HeaderMap) -> Result<Overseer, No> {
    let missing = Refusal::PrivilegeMissing;
    api::looking_over(site, caller, headers, Scope::EventsRead, missing).await
}

/// A page of the log.
#[derive(Serialize, ToSchema)]
pub(super) struct Events {
    events: Vec<Shown>,
    /// What to give as `after` for what comes next.
    cursor: String,
    /// Whether there is more of the log already, with such events or without.
    more: bool,
}

/// `GET /api/v1/events`
pub(super) async fn page(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Extension(taken): Extension<Taken>,
    headers: HeaderMap,
) -> Result<Json<Events>, No> {
    reader(&site, &caller, &headers).await?;
    let log = site.engine.events().ok_or(Refusal::NotFound)?;
    let filter = filter(&taken)?;
    let limit = match taken.parameter("limit") {
        None => PAGE_EVENTS_USUAL,
        Some(limit) => limit.parse().map_err(|_| Refusal::Malformed)?,
    };
    if !(1..=PAGE_EVENTS_MAX).contains(&limit) {
        return Err(No::because(Refusal::Malformed));
    }
    let after = match taken.parameter("after").as_deref() {
        None => 0,
        Some("now") => log.size(),
        Some(cursor) => place(cursor, &log)?,
    };
    let portion = Portion { events_max: limit, bytes_max: PAGE_BYTES_MAX };
    let page = read(log, after, filter, portion).await?;
    let events = page.events.iter().map(Event::shown).collect();
    Ok(Json(Events { events, cursor: page.next.to_string(), more: page.more }))
}

/// The place of a cursor. One beyond the end is of a log that is no longer this one, brought back
/// from a backup, say; what comes next is told all the same.
fn place(cursor: &str, log: &EventLog) -> Result<u64, No> {
    let place: u64 = cursor.parse().map_err(|_| Refusal::Malformed)?;
    Ok(place.min(log.size()))
}

fn filter(taken: &Taken) -> Result<Filter, No> {
    let stream = match taken.parameter("stream") {
        None => None,
        Some(name) => Some(stream_of(&name).ok_or(Refusal::Malformed)?),
    };
    let patterns = taken.parameter("type").unwrap_or_default();
    let filter = Filter::parse(&patterns).ok_or(Refusal::EventUnknown)?;
    Ok(filter.within(stream))
}

async fn read(
    log: Arc<EventLog>,
    after: u64,
    filter: Filter,
    portion: Portion,
) -> Result<Page, No> {
    let read = tokio::task::spawn_blocking(move || log.read(after, &filter, portion)).await;
    let page = read.map_err(|error| No::fault(&error.to_string()))?;
    page.map_err(|error| No::fault(&error.to_string()))
}

/// `GET /api/v1/events/stream`
pub(super) async fn stream(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Extension(taken): Extension<Taken>,
    headers: HeaderMap,
) -> Result<Response, No> {
    let key = reader(&site, &caller, &headers).await?.key;
    let log = site.engine.events().ok_or(Refusal::NotFound)?;
    let filter = filter(&taken)?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let after = match last.map(str::to_owned).or_else(|| taken.parameter("after")).as_deref() {
        None | Some("" | "now") => log.size(),
        Some(cursor) => place(cursor, &log)?,
    };
    let place = Arc::clone(&site.streams).try_acquire_owned().map_err(|_| Refusal::Busy)?;
    let (pieces, body) = mpsc::channel(PIECES_MAX);
    let following = Following { site, caller, headers, key, log, filter, pieces, _place: place };
    tokio::spawn(following.run(after));
    Ok(event_stream(body))
}

/// An answer of Server-Sent Events that goes on while it is sent.
pub(super) fn event_stream(body: mpsc::Receiver<Bytes>) -> Response {
    let kind = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        // A proxy that gathers an answer before it hands it on would gather for ever.
        (header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (kind, Body::new(Pieces(body))).into_response()
}

/// A stream that somebody reads.
struct Following {
    site: Arc<Site>,
    caller: Caller,
    headers: HeaderMap,
    /// The key it was asked for with.
    key: Option<ApiKeyId>,
    log: Arc<EventLog>,
    filter: Filter,
    pieces: mpsc::Sender<Bytes>,
    _place: OwnedSemaphorePermit,
}

impl Following {
    /// Until the reader goes, the sign-in or the key ends, or the server stops.
    async fn run(self, mut next: u64) {
        let mut growth = self.log.growth();
        let mut ending = self.site.ending.subscribe();
        if !self.send(format!("retry: 2000\nid: {next}\n\n")).await {
            return;
        }
        loop {
            growth.borrow_and_update();
            if !self.may_go_on().await {
                let why = match self.key {
                    Some(_) => Refusal::KeyInvalid,
                    None => Refusal::SignInNeeded,
                };
                let code = why.code();
                self.send(format!("event: end\ndata: {{\"code\":\"{code}\"}}\n\n")).await;
                return;
            }
            let portion = Portion { events_max: 100, bytes_max: PAGE_BYTES_MAX };
            let page = read(self.log.clone(), next, self.filter.clone(), portion).await;
            // The reader comes back and asks for the same; the fault is in the server's log.
            let Ok(page) = page else { return };
            if !page.events.is_empty() && !self.send(told(&page.events)).await {
                return;
            }
            next = page.next;
            let goes_on = page.more || self.wait(next, &mut growth, &mut ending).await;
            if !goes_on || *ending.borrow() {
                return;
            }
        }
    }

    /// Waits for more; a word now and then keeps the connection. `false` at the end.
    async fn wait(
        &self,
        next: u64,
        growth: &mut watch::Receiver<u64>,
        ending: &mut watch::Receiver<bool>,
    ) -> bool {
        let ended = async {
            // A dropped sender means the same as an end.
            let _ = ending.wait_for(|ending| *ending).await;
        };
        tokio::select! {
            grown = growth.changed() => {
                tokio::time::sleep(GATHER).await;
                grown.is_ok()
            }
            () = tokio::time::sleep(HEARTBEAT) => {
                let beat = format!(": here\nid: {next}\n\n");
                self.send(beat).await
            }
            () = ended => false,
            () = self.pieces.closed() => false,
        }
    }

    async fn send(&self, text: String) -> bool {
        self.pieces.send(Bytes::from(text)).await.is_ok()
    }

    /// Whether the key or the sign-in is still good. Listening does not keep a sign-in from idling
    /// out.
    async fn may_go_on(&self) -> bool {
        let account = match self.key {
            Some(key) => match self.site.engine.api_key(key).await {
                Ok(Some(key)) if key.is_good(self.site.clock.now()) => key.account,
                Ok(_) | Err(_) => return false,
            },
            None => {
                let cookie = cookies::sign_in(&self.headers, &self.caller.own);
                let sessions = self.site.accounts.sessions();
                let now = self.site.clock.uptime();
                match cookie.and_then(|cookie| sessions.look(cookie, now)) {
                    Some(session) => session.start.account,
                    None => return false,
                }
            }
        };
        match self.site.engine.account(account).await {
            Ok(Some(account)) => account.enabled && account.looks_over(),
            Ok(None) | Err(_) => false,
        }
    }
}

fn told(events: &[Event]) -> String {
    let mut text = String::new();
    for event in events {
        let (id, word, data) = (event.cursor, event.word, event.to_json());
        text.push_str(&format!("id: {id}\nevent: {word}\ndata: {data}\n\n"));
    }
    text
}

/// A body that is made while it is sent.
struct Pieces(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}
