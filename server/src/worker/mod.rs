//! The data plane: one thread per core owns sockets and steps its shards. The control plane hands
//! over upgraded connections and puts wishes into the cores' queues.

mod connection;
mod core;
mod door;
mod effects;
mod flush;
mod inbound;
mod input;
mod io;
mod lag;
mod ledger;
mod lend;
mod log_reader;
mod recorder;
mod timers;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use convoke_engine::policies::{Builtin, Recorded};
use convoke_engine::{Ask, Directory, Shard, TurnId};
use convoke_fanout::{Pool, Wakeup};
use convoke_journal::LogReader;
use convoke_model::policy::{Admit, Decided, Question, record};
use convoke_model::{MeetingId, StreamId};
use convoke_wire::half::server::Limits as HalfLimits;
use crossbeam::queue::SegQueue;

use crate::clock::Clock;
use crate::http::{Handover, UpgradedSocket};
use crate::metrics::Metrics;
use crate::space::Space;
use crate::tickets::Tickets;
use connection::{Connection, SessionKey};
use log_reader::{CaughtUp, LogReaders};
use recorder::Recorder;

pub use recorder::{Media, Recordings};
pub use timers::Patience;

/// Wishes that may wait for a core from other threads.
const ASKS_MAX: u64 = 16_384;

/// What a core is told from other threads.
enum ToCore {
    /// A connection that said nothing yet.
    Socket(Box<UpgradedSocket>),
    /// A connection whose hello belongs to a meeting of this core.
    Moved(Box<Connection>, door::Greeting),
    /// A wish.
    Ask(Box<Ask>),
    /// What a script says of somebody at the door of a session: of the connection of that number.
    Decided(SessionKey, u64, Box<Decided>),
    /// A turn is durable.
    Durable(TurnId),
    /// A stretch of the log, or why there is none.
    CaughtUp(Box<CaughtUp>),
    /// What the recorder has to say of a session.
    Recorded(SessionKey, Vec<convoke_model::meeting::recording::Command>),
    /// The recorder has said its last of a session.
    Sealed(SessionKey),
    /// Say goodbye to everybody and end.
    Stop,
}

/// The way to one core from any thread.
struct Mailbox {
    queue: SegQueue<ToCore>,
    asks: AtomicU64,
    wakeup: Wakeup,
    waker: mio::Waker,
}

impl Mailbox {
    fn send(&self, message: ToCore) {
        self.queue.push(message);
        if self.wakeup.request() {
            // A poll that cannot be woken is gone, and its thread with it.
            let _ = self.waker.wake();
        }
    }
}

/// Something that makes turns durable. Called on a core's thread; must not wait.
pub trait Commit: Send + Sync {
    /// Appends entries as one block and calls `then` when they are durable.
    fn commit(&self, bytes: Vec<u8>, ends_session: bool, then: Box<dyn FnOnce() + Send>);
}

/// What all cores share.
pub struct Shared {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ways in.
    pub tickets: Arc<Tickets>,
    /// What makes turns durable.
    pub commit: Arc<dyn Commit>,
    /// What is durable.
    pub log: Arc<dyn LogReader>,
    /// Where media is kept.
    pub media: Arc<dyn Media>,
    /// How full the disk is.
    pub space: Arc<Space>,
    /// What is known from outside.
    pub directory: Arc<Directory>,
    /// Key of the secrets by which clients come back.
    pub resume_key: [u8; 32],
    /// Bounds of one connection.
    pub half_limits: HalfLimits,
    /// How long is waited for what.
    pub patience: Patience,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The built-in rules, where no script is asked.
    pub policies: Recorded<Builtin>,
    /// Scripts that are asked at the door.
    pub scripts: Option<Arc<dyn AtDoor>>,
}

/// Scripts that are asked who may come in. A core's thread asks and goes on.
pub trait AtDoor: Send + Sync {
    /// Whether there are any. Where there are none the built-in rules are asked, at once.
    fn is_set(&self) -> bool;
    /// Asks, and calls `then` with what was decided, on another thread.
    fn ask(&self, question: Admit, then: Box<dyn FnOnce(Decided) + Send>);
}

/// All cores.
pub struct Cores {
    mailboxes: Arc<[Arc<Mailbox>]>,
    threads: std::sync::Mutex<Vec<JoinHandle<()>>>,
    next: AtomicU64,
}

impl Cores {
    /// Starts a thread for each shard. `shards[i]` holds the meetings whose number leaves `i`.
    ///
    /// # Errors
    /// When the operating system gives no poll or thread.
    pub fn start(shards: Vec<Shard>, pool: &Pool, shared: Shared) -> std::io::Result<Self> {
        let mut polls = Vec::new();
        let mut mailboxes = Vec::new();
        for _ in &shards {
            let poll = mio::Poll::new()?;
            let waker = mio::Waker::new(poll.registry(), core::WAKE)?;
            mailboxes.push(Arc::new(Mailbox {
                queue: SegQueue::new(),
                asks: AtomicU64::new(0),
                wakeup: Wakeup::new(),
                waker,
            }));
            polls.push(poll);
        }
        let mailboxes: Arc<[Arc<Mailbox>]> = mailboxes.into();
        let shared = Arc::new(shared);
        let readers = Arc::new(LogReaders::start(shared.log.clone(), mailboxes.clone())?);
        let recorder = Arc::new(Recorder::start(
            shared.media.clone(),
            shared.clock.clone(),
            mailboxes.clone(),
        )?);
        let around = core::Around { shared, mailboxes: mailboxes.clone(), readers, recorder };
        let mut threads = Vec::new();
        for (index, (shard, poll)) in shards.into_iter().zip(polls).enumerate() {
            let Some(pins) = pool.pin_slot() else {
                return Err(std::io::Error::other("more cores than the lanes have pins for"));
            };
            let core = core::Core::new(index, poll, shard, &around);
            let name = format!("core-{index}");
            let run = move || core.run(pins);
            threads.push(std::thread::Builder::new().name(name).spawn(run)?);
        }
        Ok(Self { mailboxes, threads: std::sync::Mutex::new(threads), next: AtomicU64::new(0) })
    }

    /// Puts a wish into the queue of the core that owns its stream. `false` when too many wait.
    #[must_use]
    pub fn submit(&self, meeting: Option<MeetingId>, ask: Ask) -> bool {
        let core = meeting.map_or(0, |meeting| core_of(meeting, self.mailboxes.len()));
        let mailbox = &self.mailboxes[core];
        if mailbox.asks.fetch_add(1, Ordering::Relaxed) >= ASKS_MAX {
            mailbox.asks.fetch_sub(1, Ordering::Relaxed);
            return false;
        }
        mailbox.send(ToCore::Ask(Box::new(ask)));
        true
    }

    /// Says goodbye to every client, makes what was decided durable, and waits for the threads.
    pub fn stop(&self) {
        for mailbox in self.mailboxes.iter() {
            mailbox.send(ToCore::Stop);
        }
        let mut threads = self.threads.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for thread in threads.drain(..) {
            // A core that panicked has said so already.
            let _ = thread.join();
        }
    }
}

impl Handover for Cores {
    fn accept(&self, socket: UpgradedSocket) {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        let core = usize::try_from(next).unwrap_or(0) % self.mailboxes.len();
        self.mailboxes[core].send(ToCore::Socket(Box::new(socket)));
    }
}

/// The core that owns a meeting.
#[must_use]
pub fn core_of(meeting: MeetingId, cores: usize) -> usize {
    meeting.number() as usize % cores.max(1)
}

/// The stream of a session on a core.
fn stream_of(key: SessionKey) -> StreamId {
    StreamId::session(key.0, key.1)
}

/// What the record policy says of a meeting.
#[must_use]
pub fn ask_record(policies: &Recorded<Builtin>, meeting: MeetingId) -> Decided {
    policies.decide(Question::Record(record::Question { meeting, around: None }))
}
