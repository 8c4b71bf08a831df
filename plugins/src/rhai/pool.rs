//! One version of the scripts: a live process and a warm spare that takes over at once.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use convoke_model::policy::Value;
use tokio::runtime::Handle;
use tokio::sync::{Notify, OnceCell};

use super::launch::Launch;
use super::limits::{MOVES_MAX, START_MAX, STUCK_AFTER};
use super::process::{Fate, Process};
use super::protocol::{Known, Problem, Ran, Source};

/// Before another process is started when the last one did not start, or never answered; doubled
/// each time in a row, up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Why no policy host could be started.
#[derive(Debug, thiserror::Error)]
#[error("the policy host did not start: {0}")]
pub struct PoolError(String);

type Starting = Pin<Box<dyn Future<Output = Result<Arc<Pool>, PoolError>> + Send>>;

/// The processes of one version.
pub struct Pool {
    launch: Launch,
    sources: Vec<Source>,
    runtime: Handle,
    inner: Mutex<Inner>,
    changed: Notify,
    /// Scripts that took long: they have processes of their own, where they delay nobody else.
    suspects: Mutex<BTreeSet<u32>>,
    slow: OnceCell<Arc<Pool>>,
}

#[derive(Default)]
struct Inner {
    live: Option<Arc<Process>>,
    spare: Option<Arc<Process>>,
    starting: bool,
    closed: bool,
    /// Processes in a row that never answered.
    useless: u32,
}

/// What became of a question to one script.
pub(super) enum Asked {
    /// It was run.
    Ran(Ran),
    /// Its process was ended because of it.
    Killed,
    /// No process lived long enough to run it.
    Nowhere,
}

impl Pool {
    /// Starts a process with these scripts, and tells what is wrong with them. The spare follows.
    pub(super) async fn start(
        launch: Launch,
        sources: Vec<Source>,
    ) -> Result<(Arc<Self>, Vec<Problem>), PoolError> {
        let pool = Arc::new(Self {
            launch,
            sources,
            runtime: Handle::current(),
            inner: Mutex::default(),
            changed: Notify::new(),
            suspects: Mutex::default(),
            slow: OnceCell::new(),
        });
        let (process, problems) = pool.one().await?;
        pool.adopt(process);
        pool.ensure();
        Ok((pool, problems))
    }

    /// The same for scripts whose problems were told already.
    fn only(launch: Launch, sources: Vec<Source>) -> Starting {
        Box::pin(async { Self::start(launch, sources).await.map(|(pool, _)| pool) })
    }

    async fn one(self: &Arc<Self>) -> Result<(Arc<Process>, Vec<Problem>), PoolError> {
        let pool = self.clone();
        let start = move || Process::start(&pool.launch, pool.sources.clone());
        let started = tokio::time::timeout(START_MAX, tokio::task::spawn_blocking(start)).await;
        match started {
            Ok(Ok(Ok(started))) => Ok(started),
            Ok(Ok(Err(error))) => Err(PoolError(error.to_string())),
            Ok(Err(error)) => Err(PoolError(error.to_string())),
            Err(_) => Err(PoolError("it took too long".to_owned())),
        }
    }

    /// The live process comes first, then the spare.
    fn adopt(self: &Arc<Self>, process: Arc<Process>) {
        let weak = Arc::downgrade(self);
        {
            let mut inner = self.lock();
            if inner.closed {
                process.drain();
                return;
            }
            let live = inner.live.as_ref().is_some_and(|live| live.is_open());
            let place = if live { &mut inner.spare } else { &mut inner.live };
            *place = Some(process.clone());
        }
        let served = Arc::downgrade(&process);
        process.on_gone(move || {
            if let Some(pool) = weak.upgrade() {
                let served = served.upgrade().is_some_and(|process| process.has_served());
                {
                    let mut inner = pool.lock();
                    inner.useless = if served { 0 } else { inner.useless.saturating_add(1) };
                }
                pool.promote();
            }
        });
        self.changed.notify_waiters();
    }

    /// The live one is gone: the spare takes its place.
    fn promote(self: &Arc<Self>) {
        {
            let mut inner = self.lock();
            inner.spare = inner.spare.take().filter(|spare| spare.is_open());
            if inner.live.as_ref().is_none_or(|live| !live.is_open()) {
                inner.live = inner.spare.take();
            }
        }
        self.ensure();
    }

    /// Starts what is missing, one at a time.
    fn ensure(self: &Arc<Self>) {
        {
            let mut inner = self.lock();
            let whole = inner.live.is_some() && inner.spare.is_some();
            if whole || inner.starting || inner.closed {
                return;
            }
            inner.starting = true;
        }
        let pool = self.clone();
        self.runtime.spawn(async move {
            let useless = pool.lock().useless;
            if useless > 1 {
                let pause = PAUSE.saturating_mul(1 << useless.min(10)).min(PAUSE_MAX);
                tokio::time::sleep(pause).await;
            }
            match pool.one().await {
                Ok((process, _)) => pool.adopt(process),
                Err(error) => {
                    tracing::error!(%error, "policies fall back until one starts");
                    let mut inner = pool.lock();
                    inner.useless = inner.useless.saturating_add(1);
                }
            }
            pool.lock().starting = false;
            pool.ensure();
        });
    }

    async fn live(self: &Arc<Self>) -> Option<Arc<Process>> {
        loop {
            let changed = self.changed.notified();
            {
                let inner = self.lock();
                if inner.closed {
                    return None;
                }
                if let Some(live) = inner.live.as_ref().filter(|live| live.is_open()) {
                    return Some(live.clone());
                }
            }
            self.promote();
            if self.lock().live.is_none() {
                changed.await;
            }
        }
    }

    /// Runs a script on a question, on whichever process lives.
    pub(super) async fn ask(
        self: &Arc<Self>,
        script: u32,
        question: &Value,
        evidence: &[Known],
        spent: Duration,
    ) -> Asked {
        for _ in 0..MOVES_MAX {
            let is_suspect = self.suspects().contains(&script);
            let pool = if is_suspect { self.slow().await } else { Some(self.clone()) };
            let live = match &pool {
                Some(pool) => pool.live().await,
                None => None,
            };
            let Some(process) = live else { return Asked::Nowhere };
            match process.ask(script, question, evidence, spent).await {
                Fate::Ran(ran) => {
                    let took = Duration::from_micros(ran.cpu_micros);
                    if is_suspect && took < STUCK_AFTER / 3 {
                        self.suspects().remove(&script);
                    } else if took >= STUCK_AFTER {
                        self.suspects().insert(script);
                    }
                    return Asked::Ran(ran);
                }
                Fate::Killed => {
                    self.suspects().insert(script);
                    return Asked::Killed;
                }
                Fate::Moved => {}
            }
        }
        Asked::Nowhere
    }

    async fn slow(&self) -> Option<Arc<Self>> {
        let start = || Self::only(self.launch.clone(), self.sources.clone());
        self.slow.get_or_try_init(start).await.ok().cloned()
    }

    fn suspects(&self) -> MutexGuard<'_, BTreeSet<u32>> {
        self.suspects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes no more questions; those under way are answered.
    pub(super) fn close(&self) {
        let (live, spare) = {
            let mut inner = self.lock();
            inner.closed = true;
            (inner.live.take(), inner.spare.take())
        };
        for process in live.into_iter().chain(spare) {
            process.drain();
        }
        if let Some(slow) = self.slow.get() {
            slow.close();
        }
        self.changed.notify_waiters();
    }

    /// The numbers of its processes, the live one first.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        let inner = self.lock();
        inner.live.iter().chain(&inner.spare).map(|process| process.pid()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.close();
    }
}
