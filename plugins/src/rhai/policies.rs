//! What the server asks: the loaded version, swapped for everybody at once, and a record of every
//! decision.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use convoke_engine::policies::{Builtin, Policies as _};
use convoke_model::policy::{Cause, Decided, Evidence, Hook, Question, Value, Why};
use convoke_model::site::scripts::{Command, Loaded};
use tokio::sync::{Mutex, Semaphore};

use super::book::{Book, BookError, Source};
use super::cases::{self, CaseFailed};
use super::chain::{self, Answered, Asked, Link, Plain};
use super::launch::Launch;
use super::library::{Library, NoLibrary, Secret};
use super::limits::{IDENTITY_CHARS_MAX, QUESTIONS_MAX};
use super::pool::{Pool, PoolError};
use super::protocol::{self, Problem};

/// Decisions that are compared with their trial at once; more are not compared.
const TRIALS_MAX: usize = 64;

/// Where facts about policies go.
pub trait Sink: Send + Sync {
    /// Puts a loaded version into the log: its number.
    fn loaded(&self, wish: Command) -> Kept<'_, u32>;
    /// Puts a decision into the site's stream: of a hook that belongs to no session, or of a script
    /// on trial that disagrees.
    fn decided(&self, decided: Decided) -> Kept<'_, ()>;
}

/// Something that is being put into the log.
pub type Kept<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

/// Why a version was not let in. The one before it stays.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The folder cannot be read.
    #[error("{0}")]
    Book(#[from] BookError),
    /// Scripts that do not compile.
    #[error("{}", listed(.0))]
    Broken(Vec<Problem>),
    /// Cases that come out otherwise.
    #[error("{}", listed(.0))]
    Cases(Vec<CaseFailed>),
    /// No process could be started for it.
    #[error("{0}")]
    Pool(#[from] PoolError),
    /// The log did not take it.
    #[error("the log did not take it: {0}")]
    Log(String),
}

fn listed(problems: &[impl std::fmt::Display]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// What was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loading {
    /// Its number in the log.
    pub version: u32,
    /// Cases that ran.
    pub cases: usize,
    /// Whether it is another one than before.
    pub changed: bool,
}

/// What answers now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Its number in the log; 0 when no script is set.
    pub version: u32,
    /// Which scripts.
    pub loaded: Loaded,
    /// The processes that run them.
    pub pids: Vec<u32>,
    /// Decisions since the server started.
    pub decisions: u64,
    /// Fallbacks among them.
    pub fallbacks: u64,
}

#[derive(Default)]
struct Version {
    number: u32,
    loaded: Loaded,
    live: Option<Side>,
    trial: Option<Side>,
}

/// Scripts by hook, and the processes that run them.
struct Side {
    pool: Arc<Pool>,
    links: BTreeMap<Hook, Vec<Link>>,
}

/// The policies of a server.
pub struct Policies {
    launch: Launch,
    library: Arc<dyn Library>,
    sink: Arc<dyn Sink>,
    version: RwLock<Arc<Version>>,
    loading: Mutex<()>,
    room: Semaphore,
    trials: Arc<Semaphore>,
    counts: std::sync::Mutex<(u64, u64)>,
}

impl Policies {
    /// Policies without a script: the built-in rules answer.
    #[must_use]
    pub fn new(launch: Launch, library: Arc<dyn Library>, sink: Arc<dyn Sink>) -> Self {
        Self {
            launch,
            library,
            sink,
            version: RwLock::default(),
            loading: Mutex::new(()),
            room: Semaphore::new(QUESTIONS_MAX),
            trials: Arc::new(Semaphore::new(TRIALS_MAX)),
            counts: std::sync::Mutex::default(),
        }
    }

    /// Whether a script answers this hook. Where none does, [`Builtin`] can be asked at once.
    #[must_use]
    pub fn is_set(&self, hook: Hook) -> bool {
        let version = self.version();
        let has =
            |side: &Option<Side>| side.as_ref().is_some_and(|side| side.links.contains_key(&hook));
        has(&version.live) || has(&version.trial)
    }

    /// Whether a script's verdict holds for this hook, and is not only on trial.
    #[must_use]
    pub fn is_live(&self, hook: Hook) -> bool {
        self.version().live.as_ref().is_some_and(|side| side.links.contains_key(&hook))
    }

    /// Asks, and tells what was decided. Never fails, and never takes longer than the hook's
    /// deadline: the fallback is the last word.
    pub async fn decide(&self, question: Question, secret: Secret) -> Decided {
        let start = Instant::now();
        let version = self.version();
        let hook = question.hook();
        let links = |side: &Option<Side>| {
            let side = side.as_ref()?;
            Some((side.pool.clone(), side.links.get(&hook)?.clone()))
        };
        let answered = match links(&version.live) {
            None => None,
            Some((pool, links)) => match self.room.try_acquire() {
                Err(_) => Some(overloaded(&question)),
                Ok(_room) => {
                    let from = Asked::World(self.library.clone(), secret);
                    Some(chain::ask(&pool, &links, &Plain::from(&question), &from).await)
                }
            },
        };
        let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        let decided = match answered {
            None => {
                let answered = Builtin.ask(&question);
                Decided { micros, ..Decided::builtin(question, answered.verdict) }
            }
            Some(answered) => record(version.number, question, answered, micros),
        };
        self.count(&decided);
        if let Some((pool, links)) = links(&version.trial) {
            self.try_out(version.number, pool, links, decided.clone());
        }
        decided
    }

    /// Asks whether somebody may sign in, and keeps the decision in the site's stream.
    ///
    /// # Errors
    /// When the log does not take it: then nobody may sign in.
    pub async fn authenticate(
        &self,
        mut question: convoke_model::policy::authenticate::Question,
        secret: Secret,
    ) -> Result<Decided, String> {
        if let Some((cut, _)) = question.identity.char_indices().nth(IDENTITY_CHARS_MAX) {
            question.identity.truncate(cut);
        }
        let decided = self.decide(Question::Authenticate(question), secret).await;
        self.sink.decided(decided.clone()).await?;
        Ok(decided)
    }

    /// Keeps a decision in the site's stream: of a hook that belongs to no session.
    ///
    /// # Errors
    /// When the log does not take it: then the decision does not hold.
    pub async fn keep(&self, decided: Decided) -> Result<(), String> {
        self.sink.decided(decided).await
    }

    /// Asks the trial beside a decision, on what that decision rested on: it costs nobody anything,
    /// and whatever it asks beyond is not asked for real.
    fn try_out(&self, number: u32, pool: Arc<Pool>, links: Vec<Link>, live: Decided) {
        let Ok(room) = self.trials.clone().try_acquire_owned() else { return };
        let sink = self.sink.clone();
        tokio::spawn(async move {
            let _room = room;
            let from = Asked::Record(live.evidence.clone());
            let start = Instant::now();
            let answered = chain::ask(&pool, &links, &Plain::from(&live.question), &from).await;
            if answered.verdict == live.verdict && answered.why.is_none() {
                return;
            }
            let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
            let mut decided = record(number, live.question, answered, micros);
            decided.live = Some(Box::new(live.verdict));
            if let Err(error) = sink.decided(decided).await {
                tracing::warn!(error, "a disagreement of a script on trial is not recorded");
            }
        });
    }

    /// Lets a version in: its scripts compile, its cases come out, the log has it, and from then on
    /// it answers every question that is asked.
    ///
    /// # Errors
    /// Why it was not let in; the one before it stays.
    pub async fn load(&self, book: Book, cause: &str) -> Result<Loading, LoadError> {
        let _one_at_a_time = self.loading.lock().await;
        let loaded = book.loaded();
        let (live, mut ran) = self.side(&book.live).await?;
        let (trial, more) = match self.side(&book.trial).await {
            Ok(side) => side,
            Err(error) => {
                close(live.as_ref());
                return Err(error);
            }
        };
        ran += more;
        let wish =
            Command::Load { loaded: loaded.clone(), texts: book.texts(), cause: cause.into() };
        let number = match self.sink.loaded(wish).await {
            Ok(number) => number,
            Err(error) => {
                close(live.as_ref());
                close(trial.as_ref());
                return Err(LoadError::Log(error));
            }
        };
        let version = Arc::new(Version { number, loaded, live, trial });
        let before = {
            let mut held = self.version.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *held, version)
        };
        // Its processes end when the last question that was asked of it is answered.
        Ok(Loading { version: number, cases: ran, changed: before.number != number })
    }

    async fn side(
        &self,
        chains: &BTreeMap<Hook, Vec<Source>>,
    ) -> Result<(Option<Side>, usize), LoadError> {
        if chains.is_empty() {
            return Ok((None, 0));
        }
        let sources: Vec<Source> = chains.values().flatten().cloned().collect();
        let (pool, problems) = Pool::start(self.launch.clone(), plain(&sources)).await?;
        if !problems.is_empty() {
            pool.close();
            return Err(LoadError::Broken(problems));
        }
        let (ran, failures) = cases::run_all(&pool, &sources).await;
        if !failures.is_empty() {
            pool.close();
            return Err(LoadError::Cases(failures));
        }
        Ok((Some(Side { pool, links: links(chains) }), ran))
    }

    /// What answers now.
    #[must_use]
    pub fn status(&self) -> Status {
        let version = self.version();
        let (decisions, fallbacks) = *self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let sides = version.live.iter().chain(&version.trial);
        let pids = sides.flat_map(|side| side.pool.pids()).collect();
        let loaded = version.loaded.clone();
        Status { version: version.number, loaded, pids, decisions, fallbacks }
    }

    /// Asks one question as scripts see it, without keeping anything: for an operator who tries it.
    ///
    /// # Errors
    /// When it is no question of the hook, or no script answers that.
    pub async fn try_question(
        &self,
        hook: Hook,
        question: Value,
        secret: Secret,
    ) -> Result<Answered, String> {
        let version = self.version();
        let side = version.live.as_ref();
        let side = side.and_then(|side| side.links.get(&hook).map(|links| (&side.pool, links)));
        let Some((pool, links)) = side else {
            return Err(format!("no script answers {}: the built-in rules do", hook.word()));
        };
        let mut plain = Plain::from(&cases::usual(hook));
        plain.value = cases::asked(hook, question)?;
        let from = Asked::World(self.library.clone(), secret);
        Ok(chain::ask(pool, links, &plain, &from).await)
    }

    fn version(&self) -> Arc<Version> {
        self.version.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, decided: &Decided) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.0 += 1;
        counts.1 += u64::from(decided.fallback);
    }
}

/// Runs scripts on recorded questions, with what was recorded for them and nothing else.
pub struct Again {
    side: Side,
}

impl Again {
    /// Starts a process for these scripts. Broken ones fail when they are asked.
    ///
    /// # Errors
    /// When none can be started.
    pub async fn start(
        launch: Launch,
        chains: &BTreeMap<Hook, Vec<Source>>,
    ) -> Result<(Self, Vec<Problem>), PoolError> {
        let sources: Vec<Source> = chains.values().flatten().cloned().collect();
        let (pool, problems) = Pool::start(launch, plain(&sources)).await?;
        Ok((Self { side: Side { pool, links: links(chains) } }, problems))
    }

    /// What they say to a recorded question; `None` when none of them answers its hook.
    pub async fn ask(&self, question: &Question, evidence: Vec<Evidence>) -> Option<Answered> {
        let links = self.side.links.get(&question.hook())?;
        let from = Asked::Record(evidence);
        Some(chain::ask(&self.side.pool, links, &Plain::from(question), &from).await)
    }

    /// What they say to a question as scripts see it.
    ///
    /// # Errors
    /// When it is no question of the hook, or none of them answers that.
    pub async fn try_question(&self, hook: Hook, question: Value) -> Result<Answered, String> {
        let Some(links) = self.side.links.get(&hook) else {
            return Err(format!("no script answers {}: the built-in rules do", hook.word()));
        };
        let mut plain = Plain::from(&cases::usual(hook));
        plain.value = cases::asked(hook, question)?;
        let from = Asked::World(Arc::new(NoLibrary), Secret::none());
        Ok(chain::ask(&self.side.pool, links, &plain, &from).await)
    }

    /// The processes, the live one first.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        self.side.pool.pids()
    }
}

fn close(side: Option<&Side>) {
    if let Some(side) = side {
        side.pool.close();
    }
}

/// As the policy host takes them.
pub(super) fn plain(sources: &[Source]) -> Vec<protocol::Source> {
    let source = |source: &Source| protocol::Source {
        hook: source.hook,
        path: source.path(),
        text: source.text.clone(),
    };
    sources.iter().map(source).collect()
}

/// The places of scripts among the sources that [`plain`] was given: those of the map in order.
fn links(chains: &BTreeMap<Hook, Vec<Source>>) -> BTreeMap<Hook, Vec<Link>> {
    let mut at = 0..;
    let mut link =
        |source: &Source| Link { at: at.next().unwrap_or(u32::MAX), script: source.script() };
    let chain = |(hook, sources): (&Hook, &Vec<Source>)| {
        (*hook, sources.iter().map(&mut link).collect::<Vec<_>>())
    };
    chains.iter().map(chain).collect()
}

fn record(number: u32, question: Question, answered: Answered, micros: u64) -> Decided {
    let builtin = answered.script.is_none() && answered.why.is_none();
    Decided {
        policy: if builtin { "builtin 1".to_owned() } else { format!("scripts {number}") },
        fallback: answered.why.is_some(),
        micros,
        script: answered.script,
        passed: answered.passed,
        evidence: answered.evidence,
        operations: answered.operations,
        why: answered.why,
        ..Decided::builtin(question, answered.verdict)
    }
}

fn overloaded(question: &Question) -> Answered {
    let told = format!("{QUESTIONS_MAX} questions wait already");
    Answered {
        verdict: question.fallback(),
        why: Some(Why { cause: Cause::Overloaded, told }),
        script: None,
        passed: Vec::new(),
        evidence: Vec::new(),
        operations: 0,
    }
}
