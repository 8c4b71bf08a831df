//! What scripts decided, on what evidence, and where trial and live disagree.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use convoke_model::policy::{Decided, Hook, Value as Plain};
use convoke_model::site::deed::{Act, Subject};
use convoke_model::{MeetingId, Millis, Refusal, StreamId, meeting, site};
use convoke_wire::codec;
use convoke_wire::entry::EntryRef;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::newest_first::{Found, newest_first};
use super::session_log;
use super::table::{Asked, place_word};
use super::who::Reader;
use crate::http::refusal::No;
use crate::http::site::Site;

/// Hooks that can be asked for.
pub(super) const HOOKS: [&str; 7] =
    ["authenticate", "admit", "code", "draw_code", "publish", "register", "record"];

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

/// What is looked for.
struct Wanted {
    /// Only where trial and live disagree.
    differing: bool,
    hook: Option<Hook>,
    filter: String,
}

/// `POST /api/v1/admin/policies/decisions?meeting=&hook=&differing=&q=&after=`: those of the site
/// (sign-ins, public lists, callers), or those of a meeting's last session (who came in, what is
/// recorded). They hold names and what callers typed: that somebody read them is a fact.
pub(super) async fn decisions(
    State(site): State<Arc<Site>>,
    who: Reader,
    asked: Asked,
) -> Result<Json<Decisions>, No> {
    let (stream, subject) = match asked.parameter("meeting") {
        None => (StreamId::SITE, Subject::Site),
        Some(id) => {
            let id: MeetingId = id.parse().map_err(|_| Refusal::NotFound)?;
            let meeting = site.engine.meeting(id).await?.ok_or(Refusal::NotFound)?;
            let stream = StreamId { meeting: id.number(), session: meeting.sessions };
            (stream, Subject::Meeting(id))
        }
    };
    let wanted = Wanted {
        differing: asked.word("differing", &["1"])?.is_some(),
        hook: asked.word("hook", &HOOKS)?.and_then(Hook::of),
        filter: asked.filter.clone(),
    };
    let page = (asked.place()?, asked.limit());
    let deed = who.deed(Act::ReadDecisions, subject, None)?;
    who.note(&site, deed).await?;
    let found = session_log::reading(&site, move |log| {
        let read = |entry: &EntryRef<'_>| Some((entry.header.time, decided(stream, entry)?));
        newest_first(log, stream, page, read, |seq, (at, decided)| {
            let row = fits(&decided, &wanted).then(|| seen(stream, seq, at, &decided));
            ControlFlow::Continue(row)
        })
    });
    let Found { rows, next } = found.await?.unwrap_or_default();
    Ok(Json(Decisions { rows, next: next.map(|next| place_word(&next)) }))
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
    let hook = decided.question.hook();
    (!wanted.differing || differs)
        && wanted.hook.is_none_or(|wanted| wanted == hook)
        && (wanted.filter.is_empty()
            || format!("{:?} {:?}", decided.question, decided.verdict)
                .to_lowercase()
                .contains(&wanted.filter))
}

fn seen(stream: StreamId, seq: u64, at: Millis, decided: &Decided) -> DecisionSeen {
    let evidence = decided.evidence.iter().map(|one| {
        let arguments: Vec<String> = one.arguments.iter().map(Plain::shown).collect();
        EvidenceSeen {
            call: format!("{}({})", one.call, arguments.join(", ")),
            answer: one.answer.shown(),
            micros: one.micros,
        }
    });
    DecisionSeen {
        name: format!("{}:{}", stream.to_string().replace('-', ""), seq),
        at_ms: at.0,
        hook: decided.question.hook().word(),
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
