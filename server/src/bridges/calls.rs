//! Calls that were accepted: kept from the right code until the caller is in, or has hung up.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use convoke_model::meeting::dial_in::Call;
use convoke_model::policy::Credential;
use convoke_model::{MeetingId, SessionNumber};

/// Calls that are kept. Beyond it the one that was not heard of for the longest time goes.
const CALLS_MAX: usize = 10_000;
/// A call that is held and of which nothing was heard for so long is over.
pub(super) const HELD_FOR: Duration = Duration::from_secs(3_600);

/// An accepted call.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) meeting: MeetingId,
    /// What was typed.
    pub(super) digits: String,
    /// The number that calls; empty when it is withheld.
    pub(super) caller: String,
    pub(super) credential: Credential,
    /// Whether the bridge said that the caller is connected.
    pub(super) joined: bool,
    /// The session for which the door said yes.
    pub(super) admitted: Option<SessionNumber>,
}

/// Accepted calls, and when each call was last heard of.
#[derive(Default)]
pub(super) struct Calls(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    held: BTreeMap<Call, Held>,
    heard: BTreeMap<Call, Duration>,
}

impl Calls {
    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn get(&self, call: &Call) -> Option<Held> {
        self.with(|inner| inner.held.get(call).cloned())
    }

    pub(super) fn hold(&self, call: &Call, held: Held, now: Duration) {
        self.with(|inner| {
            if inner.held.len() >= CALLS_MAX && !inner.held.contains_key(call) {
                let heard = |call: &Call| inner.heard.get(call).copied().unwrap_or_default();
                let oldest = inner.held.keys().min_by_key(|call| heard(call)).cloned();
                if let Some(oldest) = oldest {
                    inner.held.remove(&oldest);
                    inner.heard.remove(&oldest);
                }
            }
            inner.held.insert(call.clone(), held);
            inner.heard.insert(call.clone(), now);
        });
    }

    /// Notes something of a held call.
    pub(super) fn note(&self, call: &Call, change: impl FnOnce(&mut Held)) {
        self.with(|inner| {
            if let Some(held) = inner.held.get_mut(call) {
                change(held);
            }
        });
    }

    /// The bridge spoke of a call that is known.
    pub(super) fn hear(&self, call: &Call, now: Duration) {
        self.with(|inner| {
            inner.heard.insert(call.clone(), now);
        });
    }

    pub(super) fn forget(&self, call: &Call) {
        self.with(|inner| {
            inner.held.remove(call);
            inner.heard.remove(call);
        });
    }

    /// How long nothing was heard of a call. One that is not known is heard of now: it was there
    /// before this server started.
    pub(super) fn silent_for(&self, call: &Call, now: Duration) -> Duration {
        self.with(|inner| now.saturating_sub(*inner.heard.entry(call.clone()).or_insert(now)))
    }

    /// Held calls whose callers are connected and wait for the host.
    pub(super) fn connected(&self) -> Vec<(Call, MeetingId)> {
        self.with(|inner| {
            let held = inner.held.iter().filter(|(_, held)| held.joined);
            held.map(|(call, held)| (call.clone(), held.meeting)).collect()
        })
    }

    /// Lets go of what was held for too long without a word.
    pub(super) fn sweep(&self, now: Duration) {
        self.with(|inner| {
            let Inner { held, heard } = inner;
            held.retain(|call, _| {
                heard.get(call).is_some_and(|at| now.saturating_sub(*at) < HELD_FOR)
            });
        });
    }

    /// Forgets when calls were heard of that are neither held nor in a session.
    pub(super) fn keep(&self, known: impl Fn(&Call) -> bool) {
        self.with(|inner| {
            let Inner { held, heard } = inner;
            heard.retain(|call, _| held.contains_key(call) || known(call));
        });
    }
}
