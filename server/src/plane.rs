//! The data plane put together: opens the log, loads the shards, starts the committer and the
//! cores.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use convoke_engine::policies::{Builtin, Recorded};
use convoke_engine::{Directory, Limits, Shard};
use convoke_fanout::{Pool, PoolLimits};
use convoke_journal::committer::{CommitQueue, Committer, Fatal, Outcome, Settings};
use convoke_journal::segments::{Loss, Reason};
use convoke_journal::{Damage, Journal, LogReader, Opened, Options};
use convoke_model::site::{self, LossReason, LostStretch};
use convoke_model::{Actor, Audience, Millis, Position, StreamId};
use convoke_plugins::rhai::{Launch, Policies};
use convoke_wire::codec;
use convoke_wire::half::server::Limits as HalfLimits;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::backend::{Backend, BackendError, Opening, Operations, Scripts};
use crate::clock::{Clock, SystemClock, process_uptime};
use crate::dump;
use crate::engine::{Backup, LiveEngine};
use crate::entropy;
use crate::events::EventLog;
use crate::folder::Folder;
use crate::gauges;
use crate::media::MediaFiles;
use crate::policy::{AtTheDoor, LateLibrary, LogSink};
use crate::public::{Known, LiveKnown};
use crate::quarantine;
use crate::serve::LEFTOVERS_PATIENCE;
use crate::space::Space;
use crate::telephone::Telephone;
use crate::worker::{AtDoor, Commit, Cores, Patience, Shared, core_of};

/// What commands and the server do with a data folder.
#[must_use]
pub fn operations() -> Operations {
    Operations { open, backup, restore, accept_loss }
}

fn open(opening: Opening<'_>) -> Result<Backend, BackendError> {
    let Opening { folder, config, clock, metrics, tickets } = opening;
    let journal = match open_log(folder)? {
        Opened::Ready(journal) => journal,
        Opened::Quarantined(found) => return Ok(quarantine::backend(found)),
    };
    let journal: Box<dyn Journal> = Box::new(journal);
    let (epoch, log) = (journal.epoch(), journal.reader());
    let directory = Arc::new(Directory::default());
    let pool = Pool::new(PoolLimits::default());
    let shards = load(&*log, epoch, &pool, &directory)?;
    let (fail, failed) = watch::channel(None);
    let (grown, growing) = watch::channel(log.head().size);
    let fail = Arc::new(fail);
    let (alarm, data) = (fail.clone(), folder.root().to_owned());
    let committer = Committer::start(journal, Settings::default(), move |fatal| {
        let why = reason(&fatal);
        // On the thread that noticed, while the others are still where they were.
        dump::keep(&data, &why);
        alarm.send_replace(Some(why));
    })
    .map_err(said)?;
    let space = Space::watch(folder.root().to_owned(), config.disk.into()).map_err(said)?;
    let media = Arc::new(MediaFiles::new(folder.root(), space.clone()));
    gauges::add(&metrics, &committer, &pool, &space, &media, Arc::clone(&clock));
    let chat = &config.chat;
    let sink = Arc::new(LogSink::new(directory.clone()));
    let library = Arc::new(LateLibrary::default());
    let launch = Launch::this_program().map_err(said)?;
    let scripts = Handle::try_current()
        .ok()
        .map(|_| Arc::new(Policies::new(launch, library.clone(), sink.clone())));
    let shared = Shared {
        clock,
        tickets,
        commit: Arc::new(Queue { queue: committer.queue(), fail, grown: Arc::new(grown) }),
        log: log.clone(),
        media,
        space: space.clone(),
        directory: directory.clone(),
        resume_key: *folder.key("resume.key").map_err(said)?,
        half_limits: HalfLimits {
            requests_per_second: chat.per_second,
            requests_burst: chat.burst,
        },
        patience: Patience {
            resume_ms: u64::from(config.meetings.resume_s) * 1000,
            ..Patience::default()
        },
        metrics,
        policies: Recorded::new(Builtin, process_uptime),
        scripts: at_door(scripts.as_ref()),
    };
    let cores = Arc::new(Cores::start(shards, &pool, shared).map_err(said)?);
    sink.connect(cores.clone());
    let policies = scripts.clone().map(|scripts| Scripts {
        policies: scripts,
        library,
        directory: directory.clone(),
    });
    let known: Arc<dyn Known> =
        Arc::new(LiveKnown { directory: directory.clone(), log: log.clone() });
    let telephone = Telephone {
        cores: cores.clone(),
        directory: directory.clone(),
        scripts: scripts.clone(),
        space: space.clone(),
        drawing: Arc::default(),
    };
    let engine = LiveEngine {
        cores: cores.clone(),
        directory,
        policies: Recorded::new(Builtin, process_uptime),
        scripts,
        participants_max: config.meetings.participants_max,
        backup: Arc::new(BackupOf { root: folder.root().to_owned(), queue: committer.queue() }),
        failed: failed.clone(),
        space,
        events: Arc::new(EventLog::new(folder.root(), log.clone(), growing)),
        log,
        telephone,
    };
    let stop = {
        let cores = cores.clone();
        Box::new(move || {
            cores.stop();
            if let Err(error) = committer.stop() {
                tracing::error!(%error, "the log was not closed in good order");
            }
        })
    };
    let engine = Arc::new(engine);
    Ok(Backend {
        engine,
        handover: cores,
        failed,
        stop,
        quarantine: None,
        policies,
        known: Some(known),
    })
}

/// Scripts need a runtime to be waited for in: commands that open a folder for one call have none,
/// and nobody comes to their doors.
fn at_door(scripts: Option<&Arc<Policies>>) -> Option<Arc<dyn AtDoor>> {
    let runtime = Handle::try_current().ok()?;
    let policies = scripts?.clone();
    Some(Arc::new(AtTheDoor { policies, runtime }))
}

/// A server that was just killed may hold its lock for a moment longer.
fn open_log(folder: &Folder) -> Result<Opened, BackendError> {
    let until = process_uptime() + LEFTOVERS_PATIENCE;
    loop {
        match convoke_journal::open(&Options::new(folder.root())) {
            Err(convoke_journal::Error::InUse(_)) if process_uptime() < until => {
                std::thread::sleep(Duration::from_millis(50));
            }
            done => return done.map_err(said),
        }
    }
}

/// Threads that run meetings.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// One shard for each core; the first one also has the site.
fn load(
    log: &dyn LogReader,
    epoch: u32,
    pool: &Pool,
    directory: &Arc<Directory>,
) -> Result<Vec<Shard>, BackendError> {
    let cores = cores();
    let mut shards = Vec::new();
    for core in 0..cores {
        let (seed, limits) = (entropy::bytes(), Limits::DEFAULT);
        let mut shard = Shard::new(epoch, seed, core == 0, pool.clone(), limits, directory.clone());
        shard.load(log, |meeting| core_of(meeting, cores) == core).map_err(said)?;
        shards.push(shard);
    }
    Ok(shards)
}

/// Why the process ends. Nothing was published of what failed; a fresh start reads what is durable.
fn reason(fatal: &Fatal) -> String {
    match fatal {
        Fatal::Failed(error) => format!("the log could not be written: {error}"),
        Fatal::Late(after) => {
            format!("the disk did not answer for {} seconds", after.as_secs())
        }
    }
}

fn said(error: impl std::fmt::Display) -> BackendError {
    BackendError(error.to_string())
}

/// The committer's queue, as the cores use it.
struct Queue {
    queue: CommitQueue,
    fail: Arc<watch::Sender<Option<String>>>,
    /// Entries that are durable, for whoever reads the log as it grows.
    grown: Arc<watch::Sender<u64>>,
}

impl Commit for Queue {
    fn commit(&self, bytes: Vec<u8>, ends_session: bool, then: Box<dyn FnOnce() + Send>) {
        let (fail, grown) = (self.fail.clone(), self.grown.clone());
        let submitted = self.queue.submit(bytes, move |outcome| match outcome {
            Outcome::Durable(done) => {
                grown.send_if_modified(|size| {
                    let before = std::mem::replace(size, done.size.max(*size));
                    *size > before
                });
                then();
            }
            // A shard's entries always follow its streams' tails; if not, going on would fork the
            // log.
            Outcome::Refused(refused) => {
                fail.send_replace(Some(format!("the log refused a turn: {refused:?}")));
            }
            // The committer has said so, and the process ends.
            Outcome::Failed => {}
        });
        if submitted.is_ok() && ends_session {
            let checkpoint = self.queue.run(|journal| {
                if let Err(error) = journal.checkpoint() {
                    tracing::warn!(%error, "the checkpoint at a session's end was not written");
                }
            });
            // The committer ends only when the process does.
            let _ = checkpoint;
        }
    }
}

/// Copies the log of a folder while it is in use.
struct BackupOf {
    root: PathBuf,
    queue: CommitQueue,
}

impl Backup for BackupOf {
    fn backup(&self, to: &Path) -> Result<u64, String> {
        // The copy holds what the head witness covers; a checkpoint brings it up to now.
        let (done, waits) = std::sync::mpsc::channel();
        let checkpoint = move |journal: &mut dyn Journal| {
            // Nobody waits any more when the command was interrupted.
            let _ = done.send(journal.checkpoint().map_err(|error| error.to_string()));
        };
        self.queue.run(checkpoint).map_err(|_| "the log is closed".to_owned())?;
        waits.recv().map_err(|_| "the log is closed".to_owned())??;
        let copied = convoke_journal::backup::backup(&self.root, to, false);
        copied.map(|copied| copied.entries).map_err(|error| error.to_string())
    }
}

fn backup(folder: &Folder, to: &Path) -> Result<(), BackendError> {
    convoke_journal::backup::backup(folder.root(), to, false).map(drop).map_err(said)
}

fn restore(from: &Path, to: &Path) -> Result<(), BackendError> {
    let report = convoke_journal::backup::restore(from, to).map_err(said)?;
    if report.is_sound() {
        Ok(())
    } else {
        Err(BackendError(format!("The backup is not whole: {report:?}")))
    }
}

/// Accepts that the log is shorter than its witness says, and notes that as the first fact of the
/// new epoch.
fn accept_loss(folder: &Folder) -> Result<String, BackendError> {
    let found = match convoke_journal::open(&Options::new(folder.root())).map_err(said)? {
        Opened::Ready(_) => return Ok("The log is whole: there is nothing to accept.".into()),
        Opened::Quarantined(found) => found,
    };
    let why = found.reason().to_string();
    let now = SystemClock::new().now();
    let segments = found.accept_loss(|loss| lost(loss, now)).map_err(said)?;
    let epoch = segments.epoch();
    Box::new(segments).close().map_err(said)?;
    Ok(format!("Accepted: {why}. The log goes on under epoch {epoch}, and says so."))
}

fn lost(loss: &Loss<'_>, now: Millis) -> Vec<u8> {
    let place = codec::Place {
        stream: StreamId::SITE,
        position: Position { epoch: loss.epoch, seq: loss.site.seq + 1 },
        time: now,
        actor: Actor::Server,
        audience: Audience::Nobody,
        request: None,
    };
    let fact = site::Event::Lost(told(loss));
    codec::encode(&place, &entropy::bytes(), &fact).expect("a loss is a small fact")
}

/// What the log says of a loss for ever: what was wrong, where, and what is gone of which stream.
fn told(loss: &Loss<'_>) -> site::Loss {
    let (expected, why, streams) = match loss.reason {
        Reason::Missing { by, known, streams, .. } => {
            (*known, LossReason::Missing { by: (*by).to_owned() }, streams.as_slice())
        }
        Reason::Damaged { damage, streams } => {
            let Damage { file, offset, what, places, .. } = damage;
            let (file, offset, what) = (file.clone(), *offset, (*what).to_owned());
            let expected = places.map_or(loss.size, |(_, last)| last + 1);
            (expected, LossReason::Damaged { file, offset, what }, streams.as_slice())
        }
        Reason::WitnessLost => (loss.size, LossReason::WitnessLost {}, &[][..]),
    };
    let named = streams.iter().take(site::Loss::STREAMS_MAX);
    let named: Vec<_> = named
        .map(|lost| LostStretch { stream: lost.stream, from: lost.from, to: lost.to })
        .collect();
    let more = (streams.len() - named.len()) as u64;
    site::Loss { expected, found: loss.size, why: Some(why), streams: named, more }
}
