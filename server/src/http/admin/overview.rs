//! How the server is now: who meets, how much moves, how much room there is, what is alarming.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use convoke_journal::watermark::Space;
use convoke_model::site::alarm::Alarm;
use convoke_model::{AccountId, Millis};
use serde_json::{Value, json};

use super::who::Reader;
use crate::http::refusal::No;
use crate::http::site::Site;

/// Meetings that are named.
const OPEN_MAX: usize = 10;

/// `GET /api/v1/admin/overview`
pub(super) async fn overview(State(site): State<Arc<Site>>, _: Reader) -> Result<Json<Value>, No> {
    let mut open = site.engine.open_sessions().await?;
    let here: u64 = open.iter().map(|(_, session)| u64::from(session.here)).sum();
    let sessions = open.len();
    open.sort_by_key(|(_, session)| std::cmp::Reverse(session.here));
    let mut largest = Vec::new();
    for (id, session) in open.iter().take(OPEN_MAX) {
        if let Some(meeting) = site.engine.meeting(*id).await? {
            let owner = site.engine.account(meeting.owner).await?;
            largest.push(json!({
                "id": id.number().to_string(),
                "topic": meeting.topic.as_str(),
                "host": owner.map(|owner| owner.name.as_str().to_owned()),
                "here": session.here,
                "locked": session.locked,
            }));
        }
    }
    let now = site.clock.now();
    let tally = site.engine.tally(now).await?;
    let space = Space::of(site.desk.folder.root()).ok();
    let totals = site.metrics.totals();
    let log = site.engine.log();
    let (head, alarms) = match log {
        Some(log) => {
            let site = Arc::clone(&site);
            let read = move || (Some(log.head()), site.desk.alarms(&*log));
            tokio::task::spawn_blocking(read).await.unwrap_or_default()
        }
        None => (None, Vec::new()),
    };
    let mut told = Vec::new();
    for (seq, at, alarm) in &alarms {
        told.push(alarm_words(&site, *seq, *at, alarm).await?);
    }
    Ok(Json(json!({
        "now_ms": now.0,
        "version": env!("CARGO_PKG_VERSION"),
        "sessions": sessions,
        "participants": here,
        "largest": largest,
        "meetings": {
            "all": tally.meetings,
            "planned": tally.planned,
            "cancelled": tally.cancelled,
        },
        "accounts": { "all": tally.accounts, "enabled": tally.enabled },
        "totals": {
            "facts": totals.facts,
            "joins": totals.joins,
            "media_bytes": totals.media_bytes,
            "sent_bytes": totals.sent_bytes,
            "connections": totals.connections,
        },
        "disk": space.map(|space| json!({ "free_bytes": space.free, "all_bytes": space.total })),
        "writable": site.engine.writable(),
        "caught_up": site.engine.caught_up(),
        "log": head.map(|head| json!({
            "epoch": head.epoch,
            "entries": head.size,
            "root": head.root.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        })),
        "alarms": told,
    })))
}

async fn alarm_words(site: &Site, seq: u64, at: Millis, alarm: &Alarm) -> Result<Value, No> {
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
    Ok(json!({
        "seq": seq,
        "at_ms": at.0,
        "kind": kind,
        "account": match account { Some(id) => named(site, id).await?, None => None },
        "failures": failures,
        "from": from.map(|from| from.as_str()),
    }))
}

/// What an account signs in with, for people.
pub(super) async fn named(site: &Site, id: AccountId) -> Result<Option<String>, No> {
    Ok(site.engine.account(id).await?.map(|account| account.email.to_string()))
}
