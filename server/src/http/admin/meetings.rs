//! Every meeting of the server: going on, planned, past and called off.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use convoke_engine::directory::OpenSession;
use convoke_model::meeting::life::{Command as Life, Right};
use convoke_model::meeting::lifecycle::EndReason;
use convoke_model::meeting::{Command, chat, lifecycle, lock};
use convoke_model::policy::Value as Plain;
use convoke_model::site::accounts::Email;
use convoke_model::site::deed::{Act, Subject};
use convoke_model::text::ChatText;
use convoke_model::{MeetingId, Millis, Refusal, SessionNumber, StreamId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::each::{Each, Emails};
use super::plan_words::PlanSeen;
use super::session_log;
use super::table::{Asked, Key, Page};
use super::who::{Administrator, Reader, Why, changing};
use crate::control::{Meeting, MeetingState};
use crate::http::api;
use crate::http::meeting::Done;
use crate::http::refusal::No;
use crate::http::site::Site;

/// Which of the four lists a meeting stands in.
fn list_of(meeting: &Meeting, now: Millis) -> &'static str {
    match meeting.state {
        MeetingState::Open(_) => "active",
        MeetingState::Cancelled(_) => "cancelled",
        MeetingState::NotStarted | MeetingState::Ended if meeting.is_ahead(now) => "scheduled",
        MeetingState::NotStarted | MeetingState::Ended => "past",
    }
}

/// The four lists.
pub(super) const LISTS: [&str; 4] = ["active", "scheduled", "past", "cancelled"];

/// A meeting, whoever holds it.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminMeeting)]
struct Seen {
    /// Eight digits.
    #[schema(pattern = "^[0-9]{8}$")]
    id: String,
    topic: String,
    /// 0 interactive, 1 remote support, 2 remote access, 3 webinar, 4 video conference.
    #[serde(rename = "type")]
    #[schema(maximum = 4)]
    kind: u8,
    /// What its host signs in with.
    host: String,
    /// `active`, `scheduled`, `past` or `cancelled`.
    list: &'static str,
    /// How many people are in it.
    here: u32,
    locked: bool,
    /// How many sessions it had.
    sessions: u32,
    has_password: bool,
    created_ms: u64,
    cancelled_ms: Option<u64>,
    starts_ms: Option<u64>,
    plan: Option<PlanSeen>,
}

/// A page of meetings.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminMeetings)]
pub(super) struct Meetings {
    rows: Vec<Seen>,
    /// How many there are in all that fit.
    total: usize,
    /// What to give as `after` for the next page.
    next: Option<String>,
}

struct Row {
    meeting: Meeting,
    here: u32,
    locked: bool,
}

/// `GET /api/v1/admin/meetings?list=active|scheduled|past|cancelled`
pub(super) async fn list(
    State(site): State<Arc<Site>>,
    _: Reader,
    asked: Asked,
) -> Result<Json<Meetings>, No> {
    let now = site.clock.now();
    let wanted = asked.word("list", &LISTS)?;
    let open: BTreeMap<_, _> = site.engine.open_sessions().await?.into_iter().collect();
    let (sort, down) = asked.sort("created", true);
    let sort = sort.to_owned();
    let mut pages = asked.pages(down)?;
    let mut hosts = Emails::default();
    let mut all = Runs::new(&open, wanted == Some("active"));
    while let Some(run) = all.next(&site).await? {
        for meeting in run {
            if wanted.is_some_and(|list| list != list_of(&meeting, now)) {
                continue;
            }
            // Whose it is, is looked up where it makes a difference.
            let by_host = sort == "host" || !asked.filter.is_empty();
            let host = if by_host { hosts.of(&site, meeting.owner).await? } else { "" };
            let (id, number) = (meeting.id.to_string(), meeting.id.number().to_string());
            if !asked.fits(&[meeting.topic.as_str(), host, &id, &number]) {
                continue;
            }
            let (here, locked) =
                open.get(&meeting.id).map_or((0, false), |open| (open.here, open.locked));
            let row = Row { meeting, here, locked };
            pages.put((row.key(&sort, host), u64::from(row.meeting.id.number())), row);
        }
    }
    let page = pages.page();
    for row in &page.rows {
        hosts.of(&site, row.meeting.owner).await?;
    }
    let Page { rows, total, next } = page.of(|row| {
        let host = hosts.known(row.meeting.owner).to_owned();
        seen(row, host, now)
    });
    Ok(Json(Meetings { rows, total, next }))
}

/// The meetings that a list may hold.
enum Runs {
    /// All of them, in turn.
    All(Each),
    /// Only those that go on: there are few.
    Open(Vec<MeetingId>),
}

impl Runs {
    fn new(open: &BTreeMap<MeetingId, OpenSession>, only_open: bool) -> Self {
        if only_open {
            Self::Open(open.keys().copied().collect())
        } else {
            Self::All(Each::default())
        }
    }

    async fn next(&mut self, site: &Site) -> Result<Option<Vec<Meeting>>, No> {
        match self {
            Self::All(each) => each.meetings(site).await,
            Self::Open(left) => {
                let Some(id) = left.pop() else { return Ok(None) };
                let found = site.engine.meeting(id).await?;
                Ok(Some(found.into_iter().collect()))
            }
        }
    }
}

impl Row {
    fn key(&self, sort: &str, host: &str) -> Key {
        let Self { meeting, here, locked: _ } = self;
        match sort {
            "topic" => Key::text(meeting.topic.as_str()),
            "host" => Key::text(host),
            "here" => Key::Number((*here).into()),
            "starts" => Key::Number(begins(meeting).unwrap_or(0)),
            "sessions" => Key::Number(meeting.sessions.into()),
            _ => Key::Number(meeting.created.0),
        }
    }
}

fn begins(meeting: &Meeting) -> Option<u64> {
    Some(meeting.plan.as_ref()?.when.as_ref()?.begins.0)
}

fn seen(row: Row, host: String, now: Millis) -> Seen {
    let Row { meeting, here, locked } = row;
    let cancelled = match meeting.state {
        MeetingState::Cancelled(when) => Some(when.0),
        MeetingState::NotStarted | MeetingState::Open(_) | MeetingState::Ended => None,
    };
    Seen {
        id: meeting.id.number().to_string(),
        topic: meeting.topic.as_str().to_owned(),
        kind: meeting.kind.number(),
        host,
        list: list_of(&meeting, now),
        here,
        locked,
        sessions: meeting.sessions,
        has_password: meeting.has_password,
        created_ms: meeting.created.0,
        cancelled_ms: cancelled,
        starts_ms: begins(&meeting),
        plan: meeting.plan.map(PlanSeen::of),
    }
}

/// Who is in a meeting. Of one whose session cannot be read, only the people.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = MeetingLook)]
pub(super) struct Look {
    #[serde(flatten)]
    session: Option<LookSession>,
    people: Vec<LookPerson>,
    lobby: Vec<LookWaiting>,
}

/// What is to be seen of a session.
#[derive(Serialize, ToSchema)]
struct LookSession {
    topic: String,
    started_ms: u64,
    locked: bool,
    recording: bool,
    /// Messages that were written.
    messages: u64,
    /// Screens, cameras and microphones that are open.
    tracks: usize,
}

/// Somebody in a meeting.
#[derive(Serialize, ToSchema)]
struct LookPerson {
    name: String,
    role: &'static str,
    since_ms: u64,
    /// Whether their connection is lost for the moment.
    away: bool,
    muted: bool,
    hand: bool,
}

/// Somebody in a lobby.
#[derive(Serialize, ToSchema)]
struct LookWaiting {
    name: String,
    since_ms: u64,
}

/// Whether a meeting is locked.
#[derive(Serialize, ToSchema)]
#[schema(as = MeetingLocked)]
pub(super) struct Locked {
    locked: bool,
}

async fn found(site: &Site, id: &str) -> Result<Meeting, No> {
    let id: MeetingId = id.parse().map_err(|_| Refusal::NotFound)?;
    Ok(site.engine.meeting(id).await?.ok_or(Refusal::NotFound)?)
}

fn open(meeting: &Meeting) -> Result<SessionNumber, No> {
    match meeting.state {
        MeetingState::Open(session) => Ok(session),
        MeetingState::Ended => Err(No::because(Refusal::Ended)),
        MeetingState::NotStarted | MeetingState::Cancelled(_) => {
            Err(No::because(Refusal::NotStarted))
        }
    }
}

/// `POST /api/v1/admin/meetings/{id}/look`: who is there. That somebody looked is a fact.
pub(super) async fn look(
    State(site): State<Arc<Site>>,
    who: Reader,
    Path(id): Path<String>,
) -> Result<Json<Look>, No> {
    let meeting = found(&site, &id).await?;
    let session = open(&meeting)?;
    let deed = who.deed(Act::LookAtMeeting, Subject::Meeting(meeting.id), None)?;
    who.note(&site, deed).await?;
    let stream = StreamId::session(meeting.id, session);
    let Some(view) = session_log::view(&site, stream).await? else {
        return Ok(Json(Look::default()));
    };
    let people = view.people.values().map(|person| LookPerson {
        name: person.name.clone(),
        role: person.role.word(),
        since_ms: person.since.0,
        away: person.away,
        muted: person.muted,
        hand: person.hand != 0,
    });
    let waiting = view.lobby.values();
    let lobby = waiting.map(|one| LookWaiting { name: one.name.clone(), since_ms: one.since.0 });
    let (people, lobby) = (people.collect(), lobby.collect());
    let session = LookSession {
        topic: view.topic,
        started_ms: view.started.0,
        locked: view.locked,
        recording: view.recording,
        messages: view.said,
        tracks: view.tracks.len(),
    };
    Ok(Json(Look { session: Some(session), people, lobby }))
}

/// Whether a meeting is to be locked, and why.
#[derive(Deserialize, ToSchema)]
#[schema(as = LockMeeting)]
pub(super) struct Lock {
    locked: bool,
    reason: Option<String>,
}

/// `POST /api/v1/admin/meetings/{id}/lock`
pub(super) async fn lock(
    State(site): State<Arc<Site>>,
    who: Administrator,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Locked>, No> {
    let Lock { locked, reason } = api::read(&body)?;
    let meeting = found(&site, &id).await?;
    let session = open(&meeting)?;
    let sessions = site.engine.open_sessions().await?;
    let now = sessions.iter().find(|(id, _)| *id == meeting.id);
    let before = now.is_some_and(|(_, open)| open.locked);
    let deed = who.deed(Act::LockMeeting, Subject::Meeting(meeting.id), reason.as_deref())?;
    let locks = |locked: bool| Plain::map([("locked", locked.into())]);
    // The deed first: what the server does in a session does not say in whose name.
    who.note(&site, changing(deed, locks(before), locks(locked))).await?;
    let wish = if locked { lock::Command::Lock {} } else { lock::Command::Unlock {} };
    site.engine.session_wish(meeting.id, session, Command::Lock(wish)).await?;
    Ok(Json(Locked { locked }))
}

/// `POST /api/v1/admin/meetings/{id}/end`
pub(super) async fn end(
    State(site): State<Arc<Site>>,
    who: Administrator,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Done>, No> {
    let why: Why = api::read(&body)?;
    let meeting = found(&site, &id).await?;
    let deed = who.deed(Act::EndMeeting, Subject::Meeting(meeting.id), why.reason.as_deref())?;
    let session = open(&meeting)?;
    let state =
        |word: &str| Plain::map([("session", i64::from(session.0).into()), ("state", word.into())]);
    who.note(&site, changing(deed, state("open"), state("ended"))).await?;
    let close = lifecycle::Command::Close { reason: EndReason::Administrator };
    site.engine.session_wish(meeting.id, session, Command::Lifecycle(close)).await?;
    Ok(Json(Done {}))
}

/// What everybody in a meeting is told.
#[derive(Deserialize, ToSchema)]
#[schema(as = TellMeeting)]
pub(super) struct Message {
    text: String,
}

/// `POST /api/v1/admin/meetings/{id}/message`: said to everybody in it.
pub(super) async fn message(
    State(site): State<Arc<Site>>,
    who: Administrator,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Done>, No> {
    let Message { text } = api::read(&body)?;
    let text = ChatText::new(&text).map_err(|error| match error {
        convoke_model::text::TextError::Empty => Refusal::Empty,
        convoke_model::text::TextError::TooLong => Refusal::TooLong,
    })?;
    let meeting = found(&site, &id).await?;
    let session = open(&meeting)?;
    let deed = who.deed(Act::TellMeeting, Subject::Meeting(meeting.id), None)?;
    // The words themselves stand in the session, where they can be erased with the rest.
    let chars = i64::try_from(text.as_str().chars().count()).unwrap_or(i64::MAX);
    who.note(&site, changing(deed, Plain::Null, Plain::map([("characters", chars.into())])))
        .await?;
    let announce = chat::Command::Announce { text };
    site.engine.session_wish(meeting.id, session, Command::Chat(announce)).await?;
    Ok(Json(Done {}))
}

/// `POST /api/v1/admin/meetings/{id}/cancel`
pub(super) async fn cancel(
    State(site): State<Arc<Site>>,
    who: Administrator,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Done>, No> {
    let why: Why = api::read(&body)?;
    let meeting = found(&site, &id).await?;
    let deed = who.deed(Act::CancelMeeting, Subject::Meeting(meeting.id), why.reason.as_deref())?;
    let cancel = Life::Cancel { reason: deed.reason.clone(), right: Right::Administrator };
    site.engine.change_meeting(meeting.id, who.actor(), cancel).await?;
    who.note(&site, changing(deed, held(true), held(false))).await?;
    Ok(Json(Done {}))
}

/// `POST /api/v1/admin/meetings/{id}/restore`
pub(super) async fn restore(
    State(site): State<Arc<Site>>,
    who: Administrator,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Done>, No> {
    let why: Why = api::read(&body)?;
    let meeting = found(&site, &id).await?;
    let deed =
        who.deed(Act::RestoreMeeting, Subject::Meeting(meeting.id), why.reason.as_deref())?;
    let restore = Life::Restore { right: Right::Administrator };
    site.engine.change_meeting(meeting.id, who.actor(), restore).await?;
    who.note(&site, changing(deed, held(false), held(true))).await?;
    Ok(Json(Done {}))
}

fn held(held: bool) -> Plain {
    Plain::map([("held", held.into())])
}

/// To whom a meeting is given, and why: that has to be said.
#[derive(Deserialize, ToSchema)]
#[schema(as = TransferMeeting)]
pub(super) struct Transfer {
    /// What its new host signs in with.
    to: String,
    reason: Option<String>,
}

/// `POST /api/v1/admin/meetings/{id}/transfer`
pub(super) async fn transfer(
    State(site): State<Arc<Site>>,
    who: Administrator,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Done>, No> {
    let Transfer { to, reason } = api::read(&body)?;
    let meeting = found(&site, &id).await?;
    let deed = who.deed(Act::TransferMeeting, Subject::Meeting(meeting.id), reason.as_deref())?;
    let email = Email::new(&to).ok_or(Refusal::EmailInvalid)?;
    let to = site.engine.account_by_email(&email).await?;
    let to = to.filter(|account| account.enabled).ok_or(Refusal::NotFound)?;
    let from = super::overview::named(&site, meeting.owner).await?.unwrap_or_default();
    let give = Life::Transfer { to: to.id, right: Right::Administrator };
    site.engine.change_meeting(meeting.id, who.actor(), give).await?;
    let host = |email: String| Plain::map([("host", email.into())]);
    who.note(&site, changing(deed, host(from), host(to.email.to_string()))).await?;
    Ok(Json(Done {}))
}
