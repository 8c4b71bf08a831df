//! The operator's scripts: what answers now and did before, what was decided, where trial and live
//! disagree, and the way back to an earlier version.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use convoke_journal::LogReader;
use convoke_model::policy::{Decided, Hook, Question, Value as Plain};
use convoke_model::site::deed::{Act, Subject};
use convoke_model::site::scripts::{Chains, Loaded};
use convoke_model::{MeetingId, Millis, Refusal, StreamId, meeting, site};
use convoke_plugins::rhai::Loading;
use convoke_wire::codec;
use convoke_wire::entry::EntryRef;
use serde::Deserialize;
use serde_json::{Value, json};

use super::session_log;
use super::table::{Asked, place_word};
use super::who::{Administrator, Reader, changing};
use crate::http::api;
use crate::http::refusal::No;
use crate::http::site::Site;

/// Versions that are told, the newest first.
const VERSIONS_MAX: u32 = 50;
/// Facts that are read together, from the newest back.
const WINDOW: u64 = 512;
/// Bytes of the log that are read at once.
const READ_BYTES: usize = 1 << 20;
/// Facts that one call looks at.
const LOOKED_MAX: u64 = 20_000;

/// `GET /api/v1/admin/policies`
pub(super) async fn status(State(site): State<Arc<Site>>, _: Reader) -> Result<Json<Value>, No> {
    let Some(desk) = site.desk.policies.get() else {
        return Ok(Json(json!({ "version": 0, "live": {}, "trial": {}, "versions": [] })));
    };
    let status = desk.policies().status();
    let versions = desk.directory().scripts(|scripts| {
        let last = scripts.version();
        let first = last.saturating_sub(VERSIONS_MAX) + 1;
        let told = (first..=last).rev().filter_map(|version| {
            let Loaded { live, trial } = scripts.loaded(version)?;
            Some(json!({ "version": version, "live": chains(live), "trial": chains(trial) }))
        });
        told.collect::<Vec<_>>()
    });
    Ok(Json(json!({
        "version": status.version,
        "live": chains(&status.loaded.live),
        "trial": chains(&status.loaded.trial),
        "decisions": status.decisions,
        "fallbacks": status.fallbacks,
        "versions": versions,
    })))
}

fn chains(chains: &Chains) -> BTreeMap<&'static str, Vec<Value>> {
    let chain = |(hook, members): (&Hook, &Vec<_>)| {
        let told = members.iter().map(|member: &convoke_model::site::scripts::Member| {
            json!({ "name": member.name, "sha256": member.sha256 })
        });
        (hook.word(), told.collect())
    };
    chains.iter().map(chain).collect()
}

/// `GET /api/v1/admin/policies/text?hook=&sha256=`: a script as it answered once.
pub(super) async fn text(
    State(site): State<Arc<Site>>,
    _: Reader,
    asked: Asked,
) -> Result<Json<Value>, No> {
    let hook = asked.parameter("hook").and_then(|word| Hook::of(&word)).ok_or(Refusal::NotFound)?;
    let sha256 = asked.parameter("sha256").ok_or(Refusal::NotFound)?;
    let desk = site.desk.policies.get().ok_or(Refusal::NotFound)?;
    let text = desk.directory().scripts(|scripts| {
        scripts.text(hook, &sha256).map(|text| (text.name.clone(), text.text.clone()))
    });
    let (name, text) = text.ok_or(Refusal::NotFound)?;
    Ok(Json(json!({ "name": name, "text": text })))
}

#[derive(Deserialize)]
struct Back {
    /// Nothing means the one before.
    to: Option<u32>,
    reason: Option<String>,
}

/// `POST /api/v1/admin/policies/rollback`
pub(super) async fn roll_back(
    State(site): State<Arc<Site>>,
    who: Administrator,
    body: Bytes,
) -> Result<Json<Value>, No> {
    let Back { to, reason } = api::read(&body)?;
    let deed = who.deed(Act::RollBack, Subject::Site, reason.as_deref())?;
    let desk = site.desk.policies.get().ok_or(Refusal::NotFound)?;
    let before = desk.policies().status().version;
    let rolled = desk.roll_back(to).await;
    // Why a version is refused is for whoever wrote it: file, line and reason.
    let Loading { version, changed, .. } =
        rolled.map_err(|why| No::said(Refusal::NotFound, why))?;
    if !changed {
        return Err(No::because(Refusal::AlreadyDone));
    }
    let is = |version: u32| Plain::map([("version", i64::from(version).into())]);
    let deed = changing(deed, is(before), is(version));
    who.note(&site, deed).await?;
    Ok(Json(json!({ "version": version })))
}

/// A decision and where it stands.
struct Kept {
    stream: StreamId,
    seq: u64,
    at: Millis,
    decided: Decided,
}

/// What is looked for.
#[derive(Clone)]
struct Wanted {
    /// Only where trial and live disagree.
    differing: bool,
    hook: Option<Hook>,
    filter: String,
    limit: usize,
}

/// `GET /api/v1/admin/policies/decisions?meeting=&hook=&differing=&q=&after=`: those of the site
/// (sign-ins, public lists, callers), or those of a meeting's last session (who came in, what is
/// recorded).
pub(super) async fn decisions(
    State(site): State<Arc<Site>>,
    _: Reader,
    asked: Asked,
) -> Result<Json<Value>, No> {
    let stream = match asked.parameter("meeting") {
        None => StreamId::SITE,
        Some(id) => {
            let id: MeetingId = id.parse().map_err(|_| Refusal::NotFound)?;
            let meeting = site.engine.meeting(id).await?.ok_or(Refusal::NotFound)?;
            StreamId { meeting: id.number(), session: meeting.sessions }
        }
    };
    let wanted = Wanted {
        differing: asked.parameter("differing").is_some(),
        hook: asked.parameter("hook").and_then(|word| Hook::of(&word)),
        filter: asked.filter.clone(),
        limit: asked.limit(),
    };
    let start: Option<u64> = asked.place()?;
    let read = move |log: &dyn LogReader| look(log, stream, start, &wanted);
    let (found, next) = session_log::reading(&site, read).await?.unwrap_or_default();
    let rows = found.iter().map(words).collect::<Vec<_>>();
    Ok(Json(json!({ "rows": rows, "next": next.map(|next| place_word(&next)) })))
}

fn look(
    log: &dyn LogReader,
    stream: StreamId,
    start: Option<u64>,
    wanted: &Wanted,
) -> Result<(Vec<Kept>, Option<u64>), String> {
    let tail = log.tail(stream).seq;
    let mut high = start.unwrap_or(tail).min(tail);
    let last = high.saturating_sub(LOOKED_MAX);
    let mut found = Vec::new();
    while high > last {
        let low = high.saturating_sub(WINDOW) + 1;
        let mut window = Vec::new();
        let mut next = low;
        while next <= high {
            let run = log.read(stream, next, READ_BYTES).map_err(|error| error.to_string())?;
            let Some(entry) = run.entries.last() else { break };
            next = entry.seq + 1;
            for (stored, bytes) in run.iter().filter(|(stored, _)| stored.seq <= high) {
                let entry = EntryRef::read(bytes).map_err(|error| format!("{error:?}"))?;
                if let Some(decided) = decided(stream, &entry) {
                    let at = entry.header.time;
                    window.push(Kept { stream, seq: stored.seq, at, decided });
                }
            }
        }
        for kept in window.into_iter().rev().filter(|kept| fits(&kept.decided, wanted)) {
            let seq = kept.seq;
            found.push(kept);
            if found.len() == wanted.limit {
                return Ok((found, Some(seq - 1).filter(|next| *next > 0)));
            }
        }
        high = low - 1;
    }
    Ok((found, Some(high).filter(|next| *next > 0)))
}

fn decided(stream: StreamId, entry: &EntryRef<'_>) -> Option<Decided> {
    if stream == StreamId::SITE {
        let site::Event::Policy(decided) = codec::decode::<site::Event>(entry).ok()?.event else {
            return None;
        };
        Some(*decided)
    } else {
        let meeting::Event::Policy(decided) = codec::decode::<meeting::Event>(entry).ok()?.event
        else {
            return None;
        };
        Some(*decided)
    }
}

fn fits(decided: &Decided, wanted: &Wanted) -> bool {
    let differs = decided.live.as_ref().is_some_and(|live| **live != decided.verdict);
    let hook = hook_of(&decided.question);
    (!wanted.differing || differs)
        && wanted.hook.is_none_or(|wanted| wanted == hook)
        && (wanted.filter.is_empty()
            || format!("{:?} {:?}", decided.question, decided.verdict)
                .to_lowercase()
                .contains(&wanted.filter))
}

fn hook_of(question: &Question) -> Hook {
    match question {
        Question::Admit(_) => Hook::Admit,
        Question::Record(_) => Hook::Record,
        Question::Authenticate(_) => Hook::Authenticate,
        Question::Code(_) => Hook::Code,
        Question::DrawCode(_) => Hook::DrawCode,
        Question::Publish(_) => Hook::Publish,
        Question::Register(_) => Hook::Register,
    }
}

fn words(kept: &Kept) -> Value {
    let decided = &kept.decided;
    let evidence = decided.evidence.iter().map(|one| {
        let arguments: Vec<String> = one.arguments.iter().map(Plain::shown).collect();
        json!({
            "call": format!("{}({})", one.call, arguments.join(", ")),
            "answer": one.answer.shown(),
            "micros": one.micros,
        })
    });
    json!({
        "name": format!("{}:{}", kept.stream.to_string().replace('-', ""), kept.seq),
        "at_ms": kept.at.0,
        "hook": hook_of(&decided.question).word(),
        "policy": decided.policy,
        "script": decided.script.as_ref().map(|script| script.path.as_str()),
        "passed": decided.passed.iter().map(|script| script.path.as_str()).collect::<Vec<_>>(),
        "question": serde_json::to_value(&decided.question).unwrap_or_default(),
        "verdict": Plain::from(&decided.verdict).shown(),
        "live": decided.live.as_ref().map(|live| Plain::from(&**live).shown()),
        "fallback": decided.fallback,
        "why": decided.why.as_ref().map(|why| why.told.as_str()),
        "evidence": evidence.collect::<Vec<_>>(),
        "operations": decided.operations,
        "micros": decided.micros,
    })
}
