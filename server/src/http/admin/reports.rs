//! Reports: who was in a meeting's sessions, what was held and what was shown, of a meeting or of
//! an account. To read one is a fact; to take one out as a file is one with a reason.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use convoke_model::policy::Value as Plain;
use convoke_model::site::accounts::Email;
use convoke_model::site::deed::{Act, Subject};
use convoke_model::{MeetingId, Millis, Refusal};
use http::header;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::report_rows::{About, Names, Of, Report, Wanted, gather};
use super::report_words::RowShape;
use super::session_log::reading;
use super::sheet::Sheet;
use super::who::{Reader, changing};
use crate::http::api;
use crate::http::refusal::No;
use crate::http::site::Site;

/// Rows that a page shows.
const SHOWN_MAX: usize = 1_000;
/// Rows of a file.
const ROWS_MAX: usize = 100_000;

/// Of what.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportOf)]
enum Named {
    /// A meeting, by its number.
    Meeting(String),
    /// An account, by what it signs in with.
    Account(String),
}

/// A report that is asked for: of sessions that began between two times.
#[derive(Deserialize, ToSchema)]
#[schema(as = ReportAsked)]
pub(super) struct Asked {
    of: Named,
    /// What its rows are; `attendance` when it is not said.
    #[serde(default)]
    #[schema(required = false)]
    about: About,
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

/// A report: what was last comes first.
#[derive(Serialize, ToSchema)]
#[schema(as = Report)]
pub(super) struct ReportSeen {
    /// As `about` says.
    #[schema(value_type = Vec<RowShape>)]
    rows: Vec<Value>,
    /// How many sessions were read.
    sessions: usize,
    messages: u64,
    /// Bytes of the recordings of these sessions that are bound to the log.
    recorded_bytes: u64,
    /// Whether there is more than is shown.
    cut: bool,
}

/// `POST /api/v1/admin/reports`
pub(super) async fn read(
    State(site): State<Arc<Site>>,
    who: Reader,
    body: Bytes,
) -> Result<Json<ReportSeen>, No> {
    let asked: Asked = api::read(&body)?;
    let of = find(&site, &asked.of).await?;
    let deed = who.deed(Act::ReadReport, subject(of), None)?;
    who.note(&site, deed).await?;
    let mut report = made(&site, of, &asked, SHOWN_MAX).await?;
    report.rows.sort_by_key(|row| std::cmp::Reverse(row.at));
    let names = names(&site, &report).await?;
    let rows = report.rows.iter().map(|row| row.json(asked.about, &names)).collect();
    let Report { rows: _, sessions, messages, recorded_bytes, cut } = report;
    Ok(Json(ReportSeen { rows, sessions, messages, recorded_bytes, cut }))
}

/// `POST /api/v1/admin/reports/export`: as a file.
pub(super) async fn export(
    State(site): State<Arc<Site>>,
    who: Reader,
    body: Bytes,
) -> Result<Response, No> {
    let Taken { asked, format, reason } = api::read(&body)?;
    let of = find(&site, &asked.of).await?;
    let deed = who.deed(Act::ExportReport, subject(of), reason.as_deref())?;
    let about = asked.about.word();
    let word = match format {
        Form::Csv => "csv",
        Form::Xlsx => "xlsx",
    };
    let taken = Plain::map([("about", about.into()), ("format", word.into())]);
    who.note(&site, changing(deed, Plain::Null, taken)).await?;
    let mut report = made(&site, of, &asked, ROWS_MAX).await?;
    report.rows.sort_by_key(|row| row.at);
    let names = names(&site, &report).await?;
    let rows = report.rows.iter().map(|row| row.cells(&names)).collect();
    let sheet = Sheet { head: asked.about.head().to_vec(), rows };
    let (kind, bytes) = match format {
        Form::Csv => ("text/csv; charset=utf-8", sheet.csv().into_bytes()),
        Form::Xlsx => {
            let written = tokio::task::spawn_blocking(move || sheet.xlsx()).await;
            let written = written.map_err(|_| No::fault("a report was interrupted"))?;
            let bytes = written.map_err(|error| No::fault(&error.to_string()))?;
            ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", bytes)
        }
    };
    let name = format!("attachment; filename=\"{about}.{word}\"");
    Ok((
        [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)],
        Body::from(bytes),
    )
        .into_response())
}

async fn find(site: &Site, of: &Named) -> Result<Of, No> {
    match of {
        Named::Meeting(id) => {
            let id: MeetingId = id.parse().map_err(|_| Refusal::NotFound)?;
            let meeting = site.engine.meeting(id).await?.ok_or(Refusal::NotFound)?;
            Ok(Of::Meeting(meeting.id))
        }
        Named::Account(email) => {
            let email = Email::new(email).ok_or(Refusal::EmailInvalid)?;
            let account = site.engine.account_by_email(&email).await?.ok_or(Refusal::NotFound)?;
            Ok(Of::Account(account.id))
        }
    }
}

fn subject(of: Of) -> Subject {
    match of {
        Of::Meeting(id) => Subject::Meeting(id),
        Of::Account(id) => Subject::Account(id),
    }
}

async fn made(site: &Arc<Site>, of: Of, asked: &Asked, rows_max: usize) -> Result<Report, No> {
    let wanted = Wanted {
        of,
        about: asked.about,
        from: Millis(asked.from_ms.unwrap_or(0)),
        to: Millis(asked.to_ms.unwrap_or(u64::MAX)),
        rows_max,
        now: site.clock.now(),
        data: site.desk.folder.root().to_owned(),
    };
    let read = reading(site, move |log| gather(log, &wanted)).await?;
    Ok(read.unwrap_or_default())
}

async fn names(site: &Site, report: &Report) -> Result<Names, No> {
    let mut names = Names::new();
    for id in report.accounts() {
        if let Some(name) = super::overview::named(site, id).await? {
            names.insert(id, name);
        }
    }
    Ok(names)
}
