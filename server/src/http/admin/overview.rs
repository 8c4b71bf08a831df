//! How the server is now: who meets, how much moves, how much room there is, what is alarming.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use convoke_engine::directory::OpenSession;
use convoke_journal::watermark::Space;
use convoke_model::site::alarm::Alarm;
use convoke_model::{AccountId, MeetingId, Millis};
use serde::Serialize;
use utoipa::ToSchema;

use super::who::Reader;
use crate::certificate::Nearness;
use crate::http::refusal::No;
use crate::http::site::Site;

/// Meetings that are named.
const OPEN_MAX: usize = 10;

/// How the server is now.
#[derive(Serialize, ToSchema)]
pub(super) struct Overview {
    now_ms: u64,
    version: &'static str,
    /// Meetings that are held now.
    sessions: usize,
    /// People in all of them together.
    participants: u64,
    /// The largest of them.
    largest: Vec<Largest>,
    /// Another one when the list of what goes on reads differently.
    active: String,
    meetings: MeetingCounts,
    accounts: AccountCounts,
    totals: Totals,
    disk: Option<Disk>,
    /// Whether the log takes writes.
    writable: bool,
    /// Whether everything derived from the log has caught up with it.
    caught_up: bool,
    log: Option<Head>,
    /// What is to be done about the certificate, when something is.
    certificate: Option<CertificateAlarm>,
    /// Alarms of late, the newest first.
    alarms: Vec<AlarmSeen>,
}

/// A meeting that is held now.
#[derive(Serialize, ToSchema)]
#[schema(as = OverviewMeeting)]
struct Largest {
    id: String,
    topic: String,
    host: Option<String>,
    here: u32,
    locked: bool,
}

/// How many meetings there are.
#[derive(Serialize, ToSchema)]
#[schema(as = OverviewMeetings)]
struct MeetingCounts {
    all: usize,
    planned: usize,
    cancelled: usize,
}

/// How many accounts there are.
#[derive(Serialize, ToSchema)]
#[schema(as = OverviewAccounts)]
struct AccountCounts {
    all: usize,
    enabled: usize,
}

/// What was counted since the server was started.
#[derive(Serialize, ToSchema)]
#[schema(as = OverviewTotals)]
struct Totals {
    facts: u64,
    joins: u64,
    media_bytes: u64,
    sent_bytes: u64,
    /// Connections that are open now.
    connections: u64,
}

/// How much room there is.
#[derive(Serialize, ToSchema)]
#[schema(as = OverviewDisk)]
struct Disk {
    free_bytes: u64,
    all_bytes: u64,
}

/// How far the log is.
#[derive(Serialize, ToSchema)]
#[schema(as = OverviewLog)]
struct Head {
    epoch: u32,
    entries: u64,
    /// The root of its tree of hashes, in hexadecimal.
    root: String,
}

/// The certificate ends soon, has ended, or has not begun.
#[derive(Serialize, ToSchema)]
#[schema(as = OverviewCertificate)]
struct CertificateAlarm {
    /// `ends`, `ended` or `not_yet`.
    state: &'static str,
    /// In how many days it ends.
    days: Option<u64>,
    begins_ms: u64,
    ends_ms: u64,
    /// Whether it is the operator's own.
    own: bool,
}

/// Something that an operator should hear of at once.
#[derive(Serialize, ToSchema)]
#[schema(as = OverviewAlarm)]
struct AlarmSeen {
    seq: u64,
    at_ms: u64,
    /// `many_failures`, `many_failures_from`, `new_administrator` or `break_glass`.
    kind: &'static str,
    account: Option<String>,
    failures: Option<u32>,
    from: Option<String>,
}

/// `GET /api/v1/admin/overview`
pub(super) async fn overview(
    State(site): State<Arc<Site>>,
    _: Reader,
) -> Result<Json<Overview>, No> {
    Ok(Json(found(&site).await?))
}

/// How the server is.
pub(super) async fn found(site: &Arc<Site>) -> Result<Overview, No> {
    let mut open = site.engine.open_sessions().await?;
    let here: u64 = open.iter().map(|(_, session)| u64::from(session.here)).sum();
    let sessions = open.len();
    open.sort_by_key(|(_, session)| std::cmp::Reverse(session.here));
    let mut largest = Vec::new();
    for (id, session) in open.iter().take(OPEN_MAX) {
        if let Some(meeting) = site.engine.meeting(*id).await? {
            let owner = site.engine.account(meeting.owner).await?;
            largest.push(Largest {
                id: id.number().to_string(),
                topic: meeting.topic.as_str().to_owned(),
                host: owner.map(|owner| owner.name.as_str().to_owned()),
                here: session.here,
                locked: session.locked,
            });
        }
    }
    let now = site.clock.now();
    let tally = site.engine.tally(now).await?;
    let active = mark(&open, &(tally.meetings, tally.cancelled));
    let space = Space::of(site.desk.folder.root()).ok();
    let totals = site.metrics.totals();
    let log = site.engine.log();
    let (head, alarms) = match log {
        Some(log) => {
            let site = Arc::clone(site);
            let read = move || (Some(log.head()), site.desk.alarms(&*log));
            tokio::task::spawn_blocking(read).await.unwrap_or_default()
        }
        None => (None, Vec::new()),
    };
    let mut told = Vec::new();
    for (seq, at, alarm) in &alarms {
        told.push(alarm_words(site, *seq, *at, alarm).await?);
    }
    Ok(Overview {
        now_ms: now.0,
        version: env!("CARGO_PKG_VERSION"),
        sessions,
        participants: here,
        largest,
        active,
        meetings: MeetingCounts {
            all: tally.meetings,
            planned: tally.planned,
            cancelled: tally.cancelled,
        },
        accounts: AccountCounts { all: tally.accounts, enabled: tally.enabled },
        totals: Totals {
            facts: totals.facts,
            joins: totals.joins,
            media_bytes: totals.media_bytes,
            sent_bytes: totals.sent_bytes,
            connections: totals.connections,
        },
        disk: space.map(|space| Disk { free_bytes: space.free, all_bytes: space.total }),
        writable: site.engine.writable(),
        caught_up: site.engine.caught_up(),
        log: head.map(|head| Head {
            epoch: head.epoch,
            entries: head.size,
            root: head.root.iter().map(|byte| format!("{byte:02x}")).collect(),
        }),
        certificate: certificate(site),
        alarms: told,
    })
}

/// What is to be done about the certificate.
fn certificate(site: &Site) -> Option<CertificateAlarm> {
    let tls = site.tls.as_ref()?;
    let known = tls.certificate.as_ref()?;
    let (state, days) = match known.nearness(site.clock.now()) {
        Nearness::Far => return None,
        Nearness::Days(days) => ("ends", Some(days)),
        Nearness::Ended => ("ended", None),
        Nearness::NotYet => ("not_yet", None),
    };
    let (begins_ms, ends_ms) = (known.begins_ms.0, known.ends_ms.0);
    Some(CertificateAlarm { state, days, begins_ms, ends_ms, own: !tls.self_made })
}

/// Another one when the list of what goes on reads differently.
fn mark(open: &[(MeetingId, OpenSession)], besides: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    let mut seen: Vec<_> =
        open.iter().map(|(id, session)| (*id, session.here, session.locked)).collect();
    seen.sort_unstable();
    seen.hash(&mut hasher);
    besides.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

async fn alarm_words(site: &Site, seq: u64, at: Millis, alarm: &Alarm) -> Result<AlarmSeen, No> {
    let (kind, account, failures, from) = match alarm {
        Alarm::ManyFailures { account, failures, from } => {
            ("many_failures", Some(*account), Some(*failures), from.as_ref())
        }
        Alarm::ManyFailuresFrom { from, failures } => {
            ("many_failures_from", None, Some(*failures), Some(from))
        }
        Alarm::NewAdministrator { account } => ("new_administrator", Some(*account), None, None),
        Alarm::BreakGlass { account, from } => ("break_glass", Some(*account), None, from.as_ref()),
    };
    let account = match account {
        Some(id) => named(site, id).await?,
        None => None,
    };
    let from = from.map(|from| from.as_str().to_owned());
    Ok(AlarmSeen { seq, at_ms: at.0, kind, account, failures, from })
}

/// What an account signs in with, for people.
pub(super) async fn named(site: &Site, id: AccountId) -> Result<Option<String>, No> {
    Ok(site.engine.account(id).await?.map(|account| account.email.to_string()))
}
