//! Asking the `publish` hook: once for each change of a meeting or of the scripts, a few questions
//! at a time, so that those who sign in meanwhile do not wait for it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use convoke_model::MeetingId;
use convoke_model::policy::publish::Question;
use convoke_model::policy::{self, Decided};
use convoke_model::site::scripts::Member;
use convoke_plugins::rhai::{Policies, Secret};
use tokio::task::{JoinError, JoinSet};

use super::known::{State, Wished};

/// Questions that are under way at once.
const AT_ONCE_MAX: usize = 8;
/// Questions between two looks at what else changed.
const BATCH_MAX: usize = 512;
/// How soon a script that failed is asked again, at first; each time it is twice as long.
const AGAIN_AFTER: Duration = Duration::from_secs(30);
/// And at last.
const AGAIN_AFTER_MAX: Duration = Duration::from_secs(3600);

/// What is to be asked again, and when: scripts fail, and logs do not take facts.
#[derive(Default)]
pub(super) struct Asking(BTreeMap<MeetingId, Again>);

struct Again {
    at: Duration,
    after: Duration,
    question: Question,
}

impl Asking {
    /// Whether somebody is to be asked again.
    pub(super) fn is_due(&self, now: Duration) -> bool {
        self.0.values().any(|again| again.at <= now)
    }

    /// Nobody is asked any more.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Asks about some of the meetings about which nothing is decided, and keeps what is decided in
    /// the log. Tells whether there may be more to ask.
    pub(super) async fn some(
        &mut self,
        policies: &Arc<Policies>,
        state: &State,
        chain: &[Member],
        now: Duration,
    ) -> bool {
        self.0.retain(|id, _| {
            state.meetings.binary_search_by_key(id, |one| one.details.meeting).is_ok()
        });
        let due: Vec<&Wished> =
            state.meetings.iter().filter(|one| self.is_to_ask(one, chain, now)).collect();
        let mut under_way = JoinSet::new();
        for wished in due.iter().take(BATCH_MAX) {
            while under_way.len() >= AT_ONCE_MAX {
                self.note(under_way.join_next().await, now);
            }
            under_way.spawn(ask(Arc::clone(policies), (*wished).clone(), chain.to_vec()));
        }
        while let Some(done) = under_way.join_next().await {
            self.note(Some(done), now);
        }
        let unsettled = self.0.values().filter(|again| again.at > now).count();
        if !due.is_empty() && unsettled > 0 {
            tracing::warn!(unsettled, "what the public may know of meetings is not decided anew");
        }
        !due.is_empty()
    }

    fn is_to_ask(&self, wished: &Wished, chain: &[Member], now: Duration) -> bool {
        let question = wished.question();
        match (self.0.get(&wished.details.meeting), &wished.last) {
            (Some(again), _) if again.question.is_like(&question) => again.at <= now,
            (_, Some(last)) => last.fallback || !last.holds(&question, chain),
            (_, None) => true,
        }
    }

    fn note(&mut self, done: Option<Result<(Question, bool), JoinError>>, now: Duration) {
        // A question that was not answered because we stop is asked after the next start.
        let Some(Ok((question, settled))) = done else { return };
        let meeting = question.meeting;
        if settled {
            self.0.remove(&meeting);
            return;
        }
        let before = self.0.get(&meeting).filter(|again| again.question.is_like(&question));
        let after = before.map_or(AGAIN_AFTER, |again| (again.after * 2).min(AGAIN_AFTER_MAX));
        self.0.insert(meeting, Again { at: now + after, after, question });
    }
}

/// Asks about one meeting. Tells whether that is settled: a script answered, and the log has it.
async fn ask(policies: Arc<Policies>, wished: Wished, chain: Vec<Member>) -> (Question, bool) {
    let question = wished.question();
    let asked = policy::Question::Publish(question.clone());
    let decided = policies.decide(asked, Secret::none()).await;
    if is_known(&wished, &decided, &chain) {
        return (question, false);
    }
    let fallback = decided.fallback;
    match policies.keep(decided).await {
        Ok(()) => (question, !fallback),
        Err(error) => {
            tracing::debug!(error, "what the public may know of a meeting is not recorded");
            (question, false)
        }
    }
}

/// Whether it failed as before: then the log has it already.
fn is_known(wished: &Wished, decided: &Decided, chain: &[Member]) -> bool {
    wished.last.as_ref().is_some_and(|last| {
        decided.fallback
            && last.fallback
            && last.holds(&wished.question(), chain)
            && decided.verdict == policy::Verdict::Publish(last.verdict.clone())
    })
}
