//! Reports: who was in a meeting's sessions, or which sessions an account was in. To read one is a
//! fact; to take one out as a file is one with a reason.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use convoke_journal::LogReader;
use convoke_model::policy::Value as Plain;
use convoke_model::site::accounts::Email;
use convoke_model::site::deed::{Act, Subject};
use convoke_model::{AccountId, MeetingId, Millis, Refusal, SessionNumber, StreamId};
use http::header;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::attendance::{Held, Present, held};
use super::session_log::reading;
use super::sheet::{Cell, Sheet};
use super::who::{Reader, changing};
use crate::http::api;
use crate::http::refusal::No;
use crate::http::site::Site;

/// Rows that a page shows.
const SHOWN_MAX: usize = 1_000;
/// Rows of a file.
const ROWS_MAX: usize = 100_000;
/// How long sessions are read before what was found has to do.
const READ_DEADLINE: Duration = Duration::from_secs(10);

const HEAD: [&str; 11] = [
    "meeting", "topic", "session", "started", "ended", "name", "role", "account", "joined", "left",
    "minutes",
];

/// Of what.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportOf)]
enum Of {
    /// A meeting, by its number.
    Meeting(String),
    /// An account, by what it signs in with.
    Account(String),
}

/// A report that is asked for: of sessions that began between two times.
#[derive(Deserialize, ToSchema)]
#[schema(as = ReportAsked)]
pub(super) struct Asked {
    of: Of,
    from_ms: Option<u64>,
    to_ms: Option<u64>,
}

/// A file of it, and why: that has to be said.
#[derive(Deserialize, ToSchema)]
#[schema(as = ReportTaken)]
pub(super) struct Taken {
    #[serde(flatten)]
    asked: Asked,
    format: Form,
    reason: Option<String>,
}

/// What kind of file.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportFormat)]
enum Form {
    Csv,
    Xlsx,
}

/// What it is of, found.
#[derive(Clone, Copy)]
enum Found {
    Meeting(MeetingId),
    Account(AccountId),
}

struct Row {
    meeting: MeetingId,
    session: SessionNumber,
    topic: String,
    started: Millis,
    ended: Option<Millis>,
    present: Present,
}

#[derive(Default)]
struct Report {
    rows: Vec<Row>,
    sessions: usize,
    messages: u64,
    /// Whether there is more than was read.
    cut: bool,
}

impl Row {
    /// Minutes until they left, or until now.
    fn minutes(&self, now: Millis) -> f64 {
        let until = self.present.left.or(self.ended).unwrap_or(now);
        let seconds = until.since(self.present.joined) / 1000;
        f64::from(u32::try_from(seconds).unwrap_or(u32::MAX)) / 60.0
    }
}

/// A report: those who joined last come first.
#[derive(Serialize, ToSchema)]
#[schema(as = Report)]
pub(super) struct ReportSeen {
    rows: Vec<RowSeen>,
    /// How many sessions were read.
    sessions: usize,
    messages: u64,
    /// Whether there is more than is shown.
    cut: bool,
}

/// Somebody in a session.
#[derive(Serialize, ToSchema)]
#[schema(as = ReportRow)]
struct RowSeen {
    meeting: String,
    topic: String,
    session: u32,
    name: String,
    role: &'static str,
    account: Option<String>,
    joined_ms: u64,
    left_ms: Option<u64>,
    minutes: f64,
    messages: u64,
}

/// `POST /api/v1/admin/reports`
pub(super) async fn read(
    State(site): State<Arc<Site>>,
    who: Reader,
    body: Bytes,
) -> Result<Json<ReportSeen>, No> {
    let asked: Asked = api::read(&body)?;
    let found = find(&site, &asked.of).await?;
    let deed = who.deed(Act::ReadReport, subject(found), None)?;
    who.note(&site, deed).await?;
    let now = site.clock.now();
    let mut report = made(&site, found, &asked, SHOWN_MAX).await?;
    report.rows.sort_by_key(|row| std::cmp::Reverse(row.present.joined));
    let mut rows = Vec::with_capacity(report.rows.len());
    for row in &report.rows {
        let account = match row.present.account {
            Some(id) => super::overview::named(&site, id).await?,
            None => None,
        };
        rows.push(RowSeen {
            meeting: row.meeting.number().to_string(),
            topic: row.topic.clone(),
            session: row.session.0,
            name: row.present.name.clone(),
            role: row.present.role,
            account,
            joined_ms: row.present.joined.0,
            left_ms: row.present.left.map(|at| at.0),
            minutes: (row.minutes(now) * 10.0).round() / 10.0,
            messages: row.present.messages,
        });
    }
    let Report { rows: _, sessions, messages, cut } = report;
    Ok(Json(ReportSeen { rows, sessions, messages, cut }))
}

/// `POST /api/v1/admin/reports/export`: as a file.
pub(super) async fn export(
    State(site): State<Arc<Site>>,
    who: Reader,
    body: Bytes,
) -> Result<Response, No> {
    let Taken { asked, format, reason } = api::read(&body)?;
    let found = find(&site, &asked.of).await?;
    let deed = who.deed(Act::ExportReport, subject(found), reason.as_deref())?;
    let word = match format {
        Form::Csv => "csv",
        Form::Xlsx => "xlsx",
    };
    let taken = Plain::map([("format", word.into())]);
    who.note(&site, changing(deed, Plain::Null, taken)).await?;
    let now = site.clock.now();
    let mut report = made(&site, found, &asked, ROWS_MAX).await?;
    report.rows.sort_by_key(|row| row.present.joined);
    let mut rows = Vec::with_capacity(report.rows.len());
    for row in report.rows {
        let account = match row.present.account {
            Some(id) => super::overview::named(&site, id).await?,
            None => None,
        };
        rows.push(cells(row, account, now));
    }
    let head = HEAD.into_iter().chain(["messages"]).collect();
    let sheet = Sheet { head, rows };
    let (kind, bytes) = match format {
        Form::Csv => ("text/csv; charset=utf-8", sheet.csv().into_bytes()),
        Form::Xlsx => {
            let written = tokio::task::spawn_blocking(move || sheet.xlsx()).await;
            let written = written.map_err(|_| No::fault("a report was interrupted"))?;
            let bytes = written.map_err(|error| No::fault(&error.to_string()))?;
            ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", bytes)
        }
    };
    let name = format!("attachment; filename=\"attendance.{word}\"");
    Ok((
        [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)],
        Body::from(bytes),
    )
        .into_response())
}

fn cells(row: Row, account: Option<String>, now: Millis) -> Vec<Cell> {
    let minutes = (row.minutes(now) * 10.0).round() / 10.0;
    let messages = f64::from(u32::try_from(row.present.messages).unwrap_or(u32::MAX));
    let time = |at: Option<Millis>| Cell::Text(at.map(told).unwrap_or_default());
    vec![
        Cell::Text(row.meeting.to_string()),
        Cell::Text(row.topic),
        Cell::Number(f64::from(row.session.0)),
        time(Some(row.started)),
        time(row.ended),
        Cell::Text(row.present.name),
        Cell::Text(row.present.role.to_owned()),
        Cell::Text(account.unwrap_or_default()),
        time(Some(row.present.joined)),
        time(row.present.left),
        Cell::Number(minutes),
        Cell::Number(messages),
    ]
}

/// A time as programs and people read it, in UTC.
fn told(at: Millis) -> String {
    let at = i64::try_from(at.0).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
}

async fn find(site: &Site, of: &Of) -> Result<Found, No> {
    match of {
        Of::Meeting(id) => {
            let id: MeetingId = id.parse().map_err(|_| Refusal::NotFound)?;
            let meeting = site.engine.meeting(id).await?.ok_or(Refusal::NotFound)?;
            Ok(Found::Meeting(meeting.id))
        }
        Of::Account(email) => {
            let email = Email::new(email).ok_or(Refusal::EmailInvalid)?;
            let account = site.engine.account_by_email(&email).await?.ok_or(Refusal::NotFound)?;
            Ok(Found::Account(account.id))
        }
    }
}

fn subject(found: Found) -> Subject {
    match found {
        Found::Meeting(id) => Subject::Meeting(id),
        Found::Account(id) => Subject::Account(id),
    }
}

async fn made(
    site: &Arc<Site>,
    found: Found,
    asked: &Asked,
    rows_max: usize,
) -> Result<Report, No> {
    let from = Millis(asked.from_ms.unwrap_or(0));
    let to = Millis(asked.to_ms.unwrap_or(u64::MAX));
    let read = reading(site, move |log| gather(log, found, from, to, rows_max)).await?;
    Ok(read.unwrap_or_default())
}

fn gather(
    log: &dyn LogReader,
    of: Found,
    from: Millis,
    to: Millis,
    rows_max: usize,
) -> Result<Report, String> {
    let start = Instant::now();
    let mut report = Report::default();
    // The newest of a meeting's sessions come first, should there be too many.
    for (stream, _) in log.streams().into_iter().rev().filter(|(stream, _)| stream.session != 0) {
        let Some(meeting) = MeetingId::new(stream.meeting) else { continue };
        if let Found::Meeting(wanted) = of
            && wanted != meeting
        {
            continue;
        }
        if start.elapsed() > READ_DEADLINE {
            report.cut = true;
            break;
        }
        let session = held(log, stream)?;
        if session.started < from || session.started > to {
            continue;
        }
        add(&mut report, stream, meeting, session, of);
        if report.rows.len() >= rows_max {
            report.cut = report.rows.len() > rows_max;
            report.rows.truncate(rows_max);
            break;
        }
    }
    Ok(report)
}

fn add(report: &mut Report, stream: StreamId, meeting: MeetingId, session: Held, of: Found) {
    let Held { topic, host, started, ended, people, messages } = session;
    let wanted = |present: &Present| match of {
        Found::Meeting(_) => true,
        Found::Account(account) => present.account == Some(account),
    };
    let people: Vec<Present> = people.into_iter().filter(wanted).collect();
    let hosted = matches!(of, Found::Account(account) if account == host);
    if people.is_empty() && !hosted && matches!(of, Found::Account(_)) {
        return;
    }
    report.sessions += 1;
    report.messages += match of {
        Found::Meeting(_) => messages,
        Found::Account(_) => people.iter().map(|present| present.messages).sum(),
    };
    let session = SessionNumber(stream.session);
    report.rows.extend(people.into_iter().map(|present| {
        let topic = topic.clone();
        Row { meeting, session, topic, started, ended, present }
    }));
}
