//! Webhooks: administrators add and change them, auditors see how they fare, and programs do by a
//! key with `admin:write` or `admin:read`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use axum::{Extension, Json};
use convoke_model::site::keys::Scope;
use convoke_model::site::webhooks::{Command, Letter, Pattern, Subscription, Webhook};
use convoke_model::text::{CallUrl, Sentence};
use convoke_model::{Actor, MeetingId, Millis, Position, Refusal, StreamId, WebhookId};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::api;
use super::refusal::No;
use super::site::{Caller, Site};
use crate::control::Account;
use crate::events::{Filter, stream_name};
use crate::webhooks::{Sent, State as Fares, WebhookError};

/// Listing and adding.
pub(super) fn all() -> MethodRouter<Arc<Site>> {
    get(list).post(add)
}

/// Reading, changing and taking away.
pub(super) fn one() -> MethodRouter<Arc<Site>> {
    get(read).patch(change).delete(remove)
}

impl From<WebhookError> for No {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::Engine(error) => error.into(),
            WebhookError::Vault(error) => error.into(),
            WebhookError::Log(reason) => Self::fault(&reason),
        }
    }
}

/// A webhook, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(super) struct Seen {
    number: u32,
    url: String,
    /// Words, families such as `meeting.*`, and `*`.
    events: Vec<String>,
    description: Option<String>,
    enabled: bool,
    added_ms: u64,
    delivery: Delivery,
    /// Events that were given up.
    dead: usize,
}

/// How a webhook fares.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
struct Delivery {
    /// What it was told of lies before it.
    cursor: Option<String>,
    /// Facts of the log behind that place, told or not.
    behind: Option<u64>,
    /// Tries that failed since the last that did not.
    failures: u32,
    why: Option<String>,
    retry_at_ms: Option<u64>,
    /// When it last took an event.
    taken_ms: Option<u64>,
}

/// Webhooks, by number.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhooks)]
pub(super) struct List {
    webhooks: Vec<Seen>,
}

/// A webhook and its secret, this one time.
#[derive(Serialize, ToSchema)]
#[schema(as = MadeWebhook)]
pub(super) struct Made {
    #[serde(flatten)]
    seen: Seen,
    /// What its calls are signed with.
    secret: String,
}

/// A webhook's new secret, this one time.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookSecret)]
pub(super) struct NewSecret {
    secret: String,
}

/// What came of a call of a webhook.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookSent)]
pub(super) struct SentSeen {
    taken: bool,
    /// What it answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Why it was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

impl From<Sent> for SentSeen {
    fn from(sent: Sent) -> Self {
        match sent {
            Sent::Taken(status) => Self { taken: true, status: Some(status), why: None },
            Sent::Gone => {
                let why = Some("it answered 410 Gone".to_owned());
                Self { taken: false, status: Some(410), why }
            }
            Sent::Failed { why, .. } | Sent::NoSecret(why) => {
                Self { taken: false, status: None, why: Some(why) }
            }
        }
    }
}

/// Events that were given up, the newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = DeadEvents)]
pub(super) struct Dead {
    dead: Vec<DeadEvent>,
}

/// An event that was given up.
#[derive(Serialize, ToSchema)]
struct DeadEvent {
    event: String,
    stream: String,
    attempts: u32,
    why: String,
    given_up_ms: u64,
}

async fn reader(site: &Site, caller: &Caller, headers: &HeaderMap) -> Result<Account, No> {
    let missing = Refusal::PrivilegeMissing;
    let who = api::looking_over(site, caller, headers, Scope::AdminRead, missing).await?;
    Ok(who.account)
}

async fn administrator(site: &Site, caller: &Caller, headers: &HeaderMap) -> Result<Account, No> {
    let missing = Refusal::PrivilegeMissing;
    Ok(api::administering(site, caller, headers, missing).await?.account)
}

/// `GET /api/v1/webhooks`
async fn list(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Json<List>, No> {
    reader(&site, &caller, &headers).await?;
    let all = site.webhooks.all();
    let shown = all.iter().map(|(number, webhook, fares)| words(&site, *number, webhook, fares));
    Ok(Json(List { webhooks: shown.collect() }))
}

/// A webhook to be.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewWebhook)]
pub(super) struct Wanted {
    url: String,
    /// Words, families such as `meeting.*`, and `*`, which is usual.
    #[serde(default)]
    events: Option<Vec<String>>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

/// `POST /api/v1/webhooks`: the answer shows the secret, once.
async fn add(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, No> {
    let by = administrator(&site, &caller, &headers).await?;
    let wanted: Wanted = api::read(&body)?;
    let subscription = Subscription {
        url: url(&site, &wanted.url)?,
        events: patterns(wanted.events.unwrap_or_else(|| vec!["*".to_owned()]))?,
        description: sentence(wanted.description)?,
    };
    let reason = sentence(wanted.reason)?;
    let (number, secret) = site.webhooks.add(by.id.into(), subscription, reason).await?;
    let seen = shown(&site, number)?;
    Ok((StatusCode::CREATED, Json(Made { seen, secret })).into_response())
}

/// `GET /api/v1/webhooks/{n}`
async fn read(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Seen>, No> {
    reader(&site, &caller, &headers).await?;
    Ok(Json(shown(&site, webhook_id(&number)?)?))
}

/// What a webhook is to become; what is not given stays.
#[derive(Deserialize, ToSchema)]
#[schema(as = ChangedWebhook)]
pub(super) struct Change {
    url: Option<String>,
    events: Option<Vec<String>>,
    /// Given as null, it is taken away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
    enabled: Option<bool>,
    reason: Option<String>,
}

fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// `PATCH /api/v1/webhooks/{n}`: what is given is changed.
async fn change(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(number): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Seen>, No> {
    let by: Actor = administrator(&site, &caller, &headers).await?.id.into();
    let webhook = webhook_id(&number)?;
    let asked: Change = api::read(&body)?;
    let (known, _) = site.webhooks.one(webhook).ok_or(Refusal::NotFound)?;
    let mut subscription = known.subscription;
    if let Some(typed) = &asked.url {
        subscription.url = url(&site, typed)?;
    }
    if let Some(typed) = asked.events {
        subscription.events = patterns(typed)?;
    }
    if let Some(typed) = asked.description {
        subscription.description = sentence(typed)?;
    }
    let reason = sentence(asked.reason)?;
    let told = Command::Change { webhook, subscription, reason: reason.clone() };
    site.webhooks.change(by, told).await?;
    match asked.enabled {
        Some(true) => site.webhooks.change(by, Command::Enable { webhook, reason }).await?,
        Some(false) => site.webhooks.change(by, Command::Disable { webhook, reason }).await?,
        None => {}
    }
    Ok(Json(shown(&site, webhook)?))
}

/// Why it is done.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = WebhookReason)]
pub(super) struct Why {
    reason: Option<String>,
}

/// The reason in a body that may be empty.
fn reason(body: &Bytes) -> Result<Option<Sentence>, No> {
    if body.is_empty() {
        return Ok(None);
    }
    sentence(api::read::<Why>(body)?.reason)
}

/// `DELETE /api/v1/webhooks/{n}`
async fn remove(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(number): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, No> {
    let by = administrator(&site, &caller, &headers).await?;
    site.webhooks.remove(by.id.into(), webhook_id(&number)?, reason(&body)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/webhooks/{n}/rotate`: the answer shows the new secret, once.
pub(super) async fn rotate(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(number): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<NewSecret>, No> {
    let by = administrator(&site, &caller, &headers).await?;
    let webhook = webhook_id(&number)?;
    let secret = site.webhooks.rotate(by.id.into(), webhook, reason(&body)?).await?;
    Ok(Json(NewSecret { secret }))
}

/// `POST /api/v1/webhooks/{n}/test`: calls it with an event of its own kind.
pub(super) async fn test(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> Result<Json<SentSeen>, No> {
    administrator(&site, &caller, &headers).await?;
    let webhook = webhook_id(&number)?;
    let (known, _) = site.webhooks.one(webhook).ok_or(Refusal::NotFound)?;
    let sent = site.webhooks.test(webhook, known.subscription.url.as_str()).await;
    Ok(Json(sent.into()))
}

/// `POST /api/v1/webhooks/{n}/retry`: what waits for a better time is tried at once.
pub(super) async fn retry(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Seen>, No> {
    administrator(&site, &caller, &headers).await?;
    let webhook = webhook_id(&number)?;
    site.webhooks.one(webhook).ok_or(Refusal::NotFound)?;
    site.webhooks.hurry(webhook);
    Ok(Json(shown(&site, webhook)?))
}

/// `GET /api/v1/webhooks/{n}/dead`
pub(super) async fn dead(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Dead>, No> {
    reader(&site, &caller, &headers).await?;
    let (known, _) = site.webhooks.one(webhook_id(&number)?).ok_or(Refusal::NotFound)?;
    Ok(Json(Dead { dead: known.dead.iter().rev().map(letter).collect() }))
}

/// `POST /api/v1/webhooks/{n}/dead/{event}`: tells it after all.
pub(super) async fn redeliver(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path((number, event)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<SentSeen>, No> {
    let by = administrator(&site, &caller, &headers).await?;
    let event = event_place(&event).ok_or(Refusal::NotFound)?;
    let sent = site.webhooks.redeliver(by.id.into(), webhook_id(&number)?, event).await?;
    Ok(Json(sent.into()))
}

fn webhook_id(text: &str) -> Result<WebhookId, No> {
    text.parse().map(WebhookId).map_err(|_| No::because(Refusal::NotFound))
}

/// The place that an event's name says.
fn event_place(name: &str) -> Option<(StreamId, Position)> {
    let mut parts = name.strip_prefix("evt_")?.split('_');
    let meeting: u32 = parts.next()?.parse().ok()?;
    let session: u32 = parts.next()?.parse().ok()?;
    let epoch: u32 = parts.next()?.parse().ok()?;
    let seq: u64 = parts.next()?.parse().ok()?;
    let known = (meeting == 0 && session == 0) || MeetingId::new(meeting).is_some();
    let whole = parts.next().is_none() && known;
    whole.then_some((StreamId { meeting, session }, Position { epoch, seq }))
}

fn url(site: &Site, typed: &str) -> Result<CallUrl, No> {
    let url = CallUrl::new(typed).ok().filter(|url| url.as_str() == typed);
    let url = url.ok_or(Refusal::AddressDenied)?;
    match site.webhooks.check(url.as_str()) {
        Ok(()) => Ok(url),
        Err(why) => Err(No::said(Refusal::AddressDenied, format!("Not called: {why}."))),
    }
}

fn patterns(typed: Vec<String>) -> Result<Vec<Pattern>, No> {
    if typed.len() > Subscription::PATTERNS_MAX {
        return Err(No::because(Refusal::TooLong));
    }
    let patterns: Option<Vec<Pattern>> = typed.iter().map(|text| Pattern::new(text)).collect();
    let patterns = patterns.filter(|patterns| !patterns.is_empty());
    let patterns = patterns.ok_or(Refusal::EventUnknown)?;
    match Filter::new(patterns.clone()) {
        Ok(_) => Ok(patterns),
        Err(odd) => {
            let why = format!("There is no event `{}`.", odd.as_str());
            Err(No::said(Refusal::EventUnknown, why))
        }
    }
}

/// A sentence that may be missing or empty.
fn sentence(typed: Option<String>) -> Result<Option<Sentence>, No> {
    match typed.map(|typed| Sentence::new(&typed)) {
        None | Some(Err(convoke_model::text::TextError::Empty)) => Ok(None),
        Some(Ok(sentence)) => Ok(Some(sentence)),
        Some(Err(convoke_model::text::TextError::TooLong)) => Err(No::because(Refusal::TooLong)),
    }
}

fn shown(site: &Site, number: WebhookId) -> Result<Seen, No> {
    let (webhook, fares) = site.webhooks.one(number).ok_or(Refusal::NotFound)?;
    Ok(words(site, number, &webhook, &fares))
}

fn words(site: &Site, number: WebhookId, webhook: &Webhook, fares: &Fares) -> Seen {
    let Webhook { subscription, enabled, added, since: _, changes: _, dead } = webhook;
    let description = subscription.description.as_ref();
    let place = &fares.place;
    // A task that has just begun has not found its place yet.
    let begun = place.next > 0;
    let retry_at = (place.retry_at > Millis(0)).then_some(place.retry_at.0);
    Seen {
        number: number.0,
        url: subscription.url.as_str().to_owned(),
        events: subscription.events.iter().map(|one| one.as_str().to_owned()).collect(),
        description: description.map(|sentence| sentence.as_str().to_owned()),
        enabled: *enabled,
        added_ms: added.0,
        delivery: Delivery {
            cursor: begun.then(|| place.next.to_string()),
            behind: begun.then(|| site.webhooks.behind(fares)),
            failures: place.failures,
            why: fares.trouble.as_ref().or(place.why.as_ref()).cloned(),
            retry_at_ms: retry_at,
            taken_ms: fares.taken.map(|at| at.0),
        },
        dead: dead.len(),
    }
}

fn letter((at, letter): &(Millis, Letter)) -> DeadEvent {
    let Letter { stream, position, attempts, why } = letter;
    let StreamId { meeting, session } = *stream;
    let Position { epoch, seq } = *position;
    DeadEvent {
        event: format!("evt_{meeting}_{session}_{epoch}_{seq}"),
        stream: stream_name(*stream),
        attempts: *attempts,
        why: why.as_str().to_owned(),
        given_up_ms: at.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_found_by_its_name() {
        let stream = StreamId { meeting: 88_137_455, session: 2 };
        let place = (stream, Position { epoch: 3, seq: 17 });
        assert_eq!(event_place("evt_88137455_2_3_17"), Some(place));
        assert!(event_place("evt_0_0_1_5").is_some());
        for odd in ["", "evt_", "evt_1_0_1_5", "evt_0_0_1", "evt_0_0_1_5_6", "evt_0_1_1_5", "x"] {
            assert_eq!(event_place(odd), None, "{odd}");
        }
    }
}
