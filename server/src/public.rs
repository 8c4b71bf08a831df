//! Public lists: what the world may know of meetings, worked out once for each change of the log
//! and rendered at most once for each change and form.
//!
//! The `publish` hook is asked when a meeting or the scripts changed, never when somebody reads a
//! list. A decision is a fact before it counts: what was public at any time can be worked out from
//! the log.

mod ask;
mod history;
mod known;
mod project;
mod snapshot;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use convoke_model::policy::Hook;
use convoke_model::policy::publish::Verdict;
use convoke_model::site::scripts::Member;
use convoke_model::{MeetingId, Millis};
use convoke_plugins::feed::PublicList;
use convoke_plugins::feed::guard::{self, Never};
use convoke_plugins::rhai::Policies;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::{Mutex, Semaphore};

use crate::clock::Clock;
use crate::folder::Key;
use crate::vault::{SecretOf, Vault};

pub use history::NoHistory;
pub use known::{Known, LiveKnown, State, Wished};
pub use snapshot::{Rendering, Snapshot};

use ask::Asking;
use project::{Projected, Rule};

/// How often it is looked whether something changed.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What lists are made of, and with what.
pub struct Parts {
    /// What the log says.
    pub known: Arc<dyn Known>,
    /// The operator's scripts, where there are any.
    pub policies: Option<Arc<Policies>>,
    /// Where meetings' passwords are, which must not go out.
    pub vault: Arc<Vault>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids of meetings' numbers that do not tell the numbers.
    pub key: Key,
}

/// The public lists of a server.
pub struct Lists {
    parts: Parts,
    current: RwLock<Option<Arc<Snapshot>>>,
    work: Mutex<Work>,
    /// One look into the past at a time: it reads the whole log.
    looks_back: Semaphore,
}

/// What is remembered between two changes.
#[derive(Default)]
struct Work {
    /// The facts that the current snapshot is made of.
    revision: Option<u64>,
    /// When it becomes another one without a fact: a meeting is over.
    until: Option<Millis>,
    /// The scripts that the decisions were asked of.
    chain: Vec<Member>,
    texts: Texts,
    asking: Asking,
}

/// What came of a look.
struct Looked {
    revision: u64,
    until: Option<Millis>,
    off: bool,
    state: State,
    texts: Texts,
}

/// Texts that went through the guard, by what they were made of.
type Texts = BTreeMap<MeetingId, (TextOf, guard::Said)>;

/// What the texts of a meeting are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TextOf {
    verdict: Verdict,
    topic: String,
    host: String,
    changes: u32,
}

impl Lists {
    /// Lists that know nothing yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            parts,
            current: RwLock::default(),
            work: Mutex::default(),
            looks_back: Semaphore::new(1),
        }
    }

    /// What the public knows now; nothing until it was worked out for the first time.
    #[must_use]
    pub fn current(&self) -> Option<Arc<Snapshot>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Follows the log for ever.
    pub async fn follow(self: Arc<Self>) {
        loop {
            self.refresh().await;
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Works the list out anew if anything changed, and asks the scripts what they were not asked
    /// yet. Until they have answered, nothing is told of those meetings.
    pub async fn refresh(self: &Arc<Self>) {
        let mut work = self.work.lock().await;
        loop {
            let chain = self.chain();
            let (now, uptime) = (self.parts.clock.now(), self.parts.clock.uptime());
            let same = work.revision == Some(self.parts.known.public_revision())
                && work.until.is_none_or(|until| now < until)
                && work.chain == chain;
            if same && !work.asking.is_due(uptime) {
                return;
            }
            if work.chain != chain {
                work.asking.clear();
                work.chain.clone_from(&chain);
            }
            let (lists, texts) = (Arc::clone(self), std::mem::take(&mut work.texts));
            let looked = tokio::task::spawn_blocking(move || lists.look(now, &chain, texts)).await;
            // The server is stopping.
            let Ok(looked) = looked else { return };
            (work.revision, work.until) = (Some(looked.revision), looked.until);
            work.texts = looked.texts;
            let set = self.parts.policies.as_ref();
            let Some(policies) = set.filter(|policies| policies.is_set(Hook::Publish)) else {
                return;
            };
            let Work { asking, chain, .. } = &mut *work;
            if looked.off || !asking.some(policies, &looked.state, chain, uptime).await {
                return;
            }
        }
    }

    /// Works the list out from what is durable, and shows it. Takes its time.
    fn look(&self, now: Millis, chain: &[Member], mut texts: Texts) -> Looked {
        let (revision, state) = self.parts.known.look();
        let mut said = |wished: &Wished, verdict: &_| self.texts(&mut texts, wished, verdict);
        let Projected { list, until, off, ancestors } =
            project::project(&state, now, Rule::of(chain), &mut said, &|id| self.key_of(id));
        forget(&mut texts, &state);
        self.install(list, off, ancestors, now);
        Looked { revision, until, off, state, texts }
    }

    /// What the public knew at an instant, by the log alone; nothing when there were no lists.
    ///
    /// # Errors
    /// When the log cannot be read, or another look back is under way.
    pub async fn at(self: &Arc<Self>, at: Millis) -> Result<Option<PublicList>, NoHistory> {
        let Ok(_one) = self.looks_back.try_acquire() else { return Err(NoHistory::Busy) };
        let lists = Arc::clone(self);
        let look = tokio::task::spawn_blocking(move || lists.look_back(at));
        look.await.map_err(|_| NoHistory::Unreadable("the look back was interrupted".to_owned()))?
    }

    fn look_back(&self, at: Millis) -> Result<Option<PublicList>, NoHistory> {
        let (state, chain) = self.parts.known.at(at)?;
        let mut texts = Texts::new();
        let mut said = |wished: &Wished, verdict: &_| self.texts(&mut texts, wished, verdict);
        let Projected { mut list, off, .. } =
            project::project(&state, at, Rule::of(&chain), &mut said, &|id| self.key_of(id));
        list.updated = at;
        Ok((!off).then_some(list))
    }

    /// The scripts whose verdicts hold.
    fn chain(&self) -> Vec<Member> {
        let loaded = self.parts.policies.as_ref().map(|policies| policies.status().loaded);
        loaded.and_then(|mut loaded| loaded.live.remove(&Hook::Publish)).unwrap_or_default()
    }

    fn install(&self, list: PublicList, off: bool, ancestors: String, now: Millis) {
        let before = self.current();
        if before.as_ref().is_some_and(|before| before.is_of(&list, off, &ancestors)) {
            return;
        }
        let snapshot = Snapshot::new(list, off, ancestors, now, before.as_deref());
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Some(Arc::new(snapshot));
    }

    /// What is said of a meeting, after the guard. Secrets are looked up when something changed.
    fn texts(&self, known: &mut Texts, wished: &Wished, verdict: &Verdict) -> guard::Said {
        let details = &wished.details;
        let of = TextOf {
            verdict: verdict.clone(),
            topic: details.topic.as_str().to_owned(),
            host: wished.host.clone(),
            changes: wished.changes,
        };
        if let Some((known, said)) = known.get(&details.meeting)
            && *known == of
        {
            return said.clone();
        }
        let Some(never) = self.never(wished) else {
            // What its password is cannot be known: then nothing that somebody wrote goes out.
            return guard::Said::default();
        };
        let said = guard::texts(verdict, &of.topic, &of.host, &never);
        known.insert(details.meeting, (of, said.clone()));
        said
    }

    fn never(&self, wished: &Wished) -> Option<Never> {
        let mut never = Never::default();
        never.add(&wished.host_email);
        let details = &wished.details;
        if let Some(code) = details.dial_in().and_then(|dial_in| dial_in.code.as_ref()) {
            never.add(code.as_str());
        }
        if details.has_password {
            match self.parts.vault.get(SecretOf::Meeting(details.meeting)) {
                Ok(Some(password)) => never.add(&String::from_utf8_lossy(&password)),
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, "a public meeting is listed without texts");
                    return None;
                }
            }
        }
        Some(never)
    }

    fn key_of(&self, meeting: MeetingId) -> u128 {
        let key = self.parts.key.as_slice();
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes any key length");
        mac.update(b"convoke public meeting 1");
        mac.update(&meeting.number().to_be_bytes());
        let full: [u8; 32] = mac.finalize().into_bytes().into();
        full.iter().take(16).fold(0, |key, byte| key << 8 | u128::from(*byte))
    }
}

/// Forgets the texts of meetings that are not wished to be public any more.
fn forget(texts: &mut Texts, state: &State) {
    if texts.len() > 2 * state.meetings.len() + 64 {
        let wished = |id: &MeetingId| {
            state.meetings.binary_search_by_key(id, |one| one.details.meeting).is_ok()
        };
        texts.retain(|id, _| wished(id));
    }
}
