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
use convoke_model::site::scripts::{Chains, Loaded, Member};
use convoke_model::{MeetingId, Millis, Refusal, StreamId, meeting, site};
use convoke_plugins::rhai::Loading;
use convoke_wire::codec;
use convoke_wire::entry::EntryRef;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::session_log;
use super::table::{Asked, place_word};
use super::who::{Administrator, Reader, changing};
use crate::http::api;
use crate::http::refusal::No;
use crate::http::site::Site;

/// Hooks that can be asked for.
pub(super) const HOOKS: [&str; 7] =
    ["authenticate", "admit", "code", "draw_code", "publish", "register", "record"];
/// Versions that are told, the newest first.
const VERSIONS_MAX: u32 = 50;
/// Facts that are read together, from the newest back.
const WINDOW: u64 = 512;
/// Bytes of the log that are read at once.
const READ_BYTES: usize = 1 << 20;
/// Facts that one call looks at.
const LOOKED_MAX: u64 = 20_000;

/// Scripts by hook, in the order in which they are asked.
type ChainsSeen = BTreeMap<&'static str, Vec<ScriptSeen>>;

/// What answers, and did before.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = Policies)]
pub(super) struct Status {
    /// 0 when none was ever loaded.
    version: u32,
    #[schema(value_type = BTreeMap<String, Vec<ScriptSeen>>)]
    live: ChainsSeen,
    #[schema(value_type = BTreeMap<String, Vec<ScriptSeen>>)]
    trial: ChainsSeen,
    /// Questions that were asked since the server was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    decisions: Option<u64>,
    /// Those of them that the built-in rule answered, for a script failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    fallbacks: Option<u64>,
    /// The versions there were, the newest first.
    versions: Vec<VersionSeen>,
}

/// A version of the scripts.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyVersion)]
struct VersionSeen {
    version: u32,
    #[schema(value_type = BTreeMap<String, Vec<ScriptSeen>>)]
    live: ChainsSeen,
    #[schema(value_type = BTreeMap<String, Vec<ScriptSeen>>)]
    trial: ChainsSeen,
}

/// A script of a chain.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyScript)]
struct ScriptSeen {
    name: String,
    sha256: String,
}

/// `GET /api/v1/admin/policies`
pub(super) async fn status(State(site): State<Arc<Site>>, _: Reader) -> Result<Json<Status>, No> {
    let Some(desk) = site.desk.policies.get() else {
        return Ok(Json(Status::default()));
    };
    let status = desk.policies().status();
    let versions = desk.directory().scripts(|scripts| {
        let last = scripts.version();
        let first = last.saturating_sub(VERSIONS_MAX) + 1;
        let told = (first..=last).rev().filter_map(|version| {
            let Loaded { live, trial } = scripts.loaded(version)?;
            Some(VersionSeen { version, live: chains(live), trial: chains(trial) })
        });
        told.collect::<Vec<_>>()
    });
    Ok(Json(Status {
        version: status.version,
        live: chains(&status.loaded.live),
        trial: chains(&status.loaded.trial),
        decisions: Some(status.decisions),
        fallbacks: Some(status.fallbacks),
        versions,
    }))
}

fn chains(chains: &Chains) -> ChainsSeen {
    let script = |member: &Member| {
        let (name, sha256) = (member.name.clone(), member.sha256.clone());
        ScriptSeen { name, sha256 }
    };
    let chain = |(hook, members): (&Hook, &Vec<Member>)| {
        (hook.word(), members.iter().map(script).collect())
    };
    chains.iter().map(chain).collect()
}

/// A script as it answered once.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyText)]
pub(super) struct Text {
    name: String,
    text: String,
}

/// `GET /api/v1/admin/policies/text?hook=&sha256=`: a script as it answered once.
pub(super) async fn text(
    State(site): State<Arc<Site>>,
    _: Reader,
    asked: Asked,
) -> Result<Json<Text>, No> {
    let hook = asked.parameter("hook").and_then(|word| Hook::of(&word)).ok_or(Refusal::NotFound)?;
    let sha256 = asked.parameter("sha256").ok_or(Refusal::NotFound)?;
    let desk = site.desk.policies.get().ok_or(Refusal::NotFound)?;
    let text = desk.directory().scripts(|scripts| {
        scripts.text(hook, &sha256).map(|text| (text.name.clone(), text.text.clone()))
    });
    let (name, text) = text.ok_or(Refusal::NotFound)?;
    Ok(Json(Text { name, text }))
}

/// The version that is now.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyRolledBack)]
pub(super) struct RolledBack {
    version: u32,
}

/// Which version is to come back, and why: that has to be said.
#[derive(Deserialize, ToSchema)]
#[schema(as = PolicyRollBack)]
pub(super) struct Back {
    /// Nothing means the one before.
    to: Option<u32>,
    reason: Option<String>,
}

/// `POST /api/v1/admin/policies/rollback`
pub(super) async fn roll_back(
    State(site): State<Arc<Site>>,
    who: Administrator,
    body: Bytes,
) -> Result<Json<RolledBack>, No> {
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
    Ok(Json(RolledBack { version }))
}

/// What was decided, the newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyDecisions)]
pub(super) struct Decisions {
    rows: Vec<DecisionSeen>,
    /// What to give as `after` for those before them. There may be some although none is shown.
    next: Option<String>,
}

/// What a script decided, and on what evidence.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyDecision)]
struct DecisionSeen {
    /// Its stream and its place there.
    name: String,
    at_ms: u64,
    hook: &'static str,
    policy: String,
    script: Option<String>,
    /// Scripts that were asked before it and did not say.
    passed: Vec<String>,
    /// What was asked; it depends on the hook.
    question: Value,
    verdict: String,
    /// What the live script said, when this is of one on trial.
    live: Option<String>,
    /// Whether the built-in rule answered, for the script failed.
    fallback: bool,
    why: Option<String>,
    evidence: Vec<EvidenceSeen>,
    operations: u64,
    micros: u64,
}

/// What a script asked the world, and was told.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyEvidence)]
struct EvidenceSeen {
    call: String,
    answer: String,
    micros: u64,
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
) -> Result<Json<Decisions>, No> {
    let stream = match asked.parameter("meeting") {
        None => StreamId::SITE,
        Some(id) => {
            let id: MeetingId = id.parse().map_err(|_| Refusal::NotFound)?;
            let meeting = site.engine.meeting(id).await?.ok_or(Refusal::NotFound)?;
            StreamId { meeting: id.number(), session: meeting.sessions }
        }
    };
    let wanted = Wanted {
        differing: asked.word("differing", &["1"])?.is_some(),
        hook: asked.word("hook", &HOOKS)?.and_then(Hook::of),
        filter: asked.filter.clone(),
        limit: asked.limit(),
    };
    let start: Option<u64> = asked.place()?;
    let read = move |log: &dyn LogReader| look(log, stream, start, &wanted);
    let (found, next) = session_log::reading(&site, read).await?.unwrap_or_default();
    let rows = found.iter().map(words).collect();
    Ok(Json(Decisions { rows, next: next.map(|next| place_word(&next)) }))
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

fn words(kept: &Kept) -> DecisionSeen {
    let decided = &kept.decided;
    let evidence = decided.evidence.iter().map(|one| {
        let arguments: Vec<String> = one.arguments.iter().map(Plain::shown).collect();
        EvidenceSeen {
            call: format!("{}({})", one.call, arguments.join(", ")),
            answer: one.answer.shown(),
            micros: one.micros,
        }
    });
    DecisionSeen {
        name: format!("{}:{}", kept.stream.to_string().replace('-', ""), kept.seq),
        at_ms: kept.at.0,
        hook: hook_of(&decided.question).word(),
        policy: decided.policy.to_string(),
        script: decided.script.as_ref().map(|script| script.path.to_string()),
        passed: decided.passed.iter().map(|script| script.path.to_string()).collect(),
        question: serde_json::to_value(&decided.question).unwrap_or_default(),
        verdict: Plain::from(&decided.verdict).shown(),
        live: decided.live.as_ref().map(|live| Plain::from(&**live).shown()),
        fallback: decided.fallback,
        why: decided.why.as_ref().map(|why| why.told.to_string()),
        evidence: evidence.collect(),
        operations: decided.operations,
        micros: decided.micros,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hook_can_be_asked_for() {
        assert_eq!(HOOKS, Hook::ALL.map(Hook::word));
    }
}
