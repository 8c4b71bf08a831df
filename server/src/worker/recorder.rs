//! The recorder: writes what the cores collected of each session's media, on a thread of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use convoke_model::meeting::recording::{Command, Gap, GapReason};
use convoke_model::{Millis, SessionNumber, StreamId};
use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};

use super::connection::SessionKey;
use super::{Mailbox, ToCore, core_of, stream_of};
use crate::clock::Clock;

/// Batches that may wait: at 10 ms each and 100 sessions about a second.
const BATCHES_MAX: usize = 8192;

/// How often what was written is synced and sealed though nothing new comes.
const TICK: Duration = Duration::from_millis(50);

/// And how often at most while batches come.
const TICK_PAUSE_MS: u64 = 5;

/// What the recorder has to say of a session: seals and gaps.
pub type Recordings = Vec<Command>;

/// Where media is kept. Called on the recorder's thread.
pub trait Media: Send + Sync {
    /// Appends a batch of messages, each with its length (u32, little endian) before it, to the
    /// session's file, whose bytes before `sealed` are bound already.
    ///
    /// # Errors
    /// When the disk did not take it.
    fn append(
        &self,
        stream: StreamId,
        sealed: u64,
        batch: &[u8],
        now: Millis,
    ) -> std::io::Result<Recordings>;

    /// Syncs and seals what is due.
    fn tick(&self, now: Millis) -> Vec<(StreamId, std::io::Result<Recordings>)>;

    /// The session is over: seals what is left.
    ///
    /// # Errors
    /// When the disk did not take it.
    fn close(&self, stream: StreamId, sealed: u64, now: Millis) -> std::io::Result<Recordings>;
}

enum Work {
    Append { key: SessionKey, sealed: u64, batch: Vec<u8>, now: Millis },
    Close { key: SessionKey, sealed: u64 },
}

/// The way to the recorder.
pub(super) struct Recorder {
    work: Sender<Work>,
    mailboxes: Arc<[Arc<Mailbox>]>,
}

impl Recorder {
    pub(super) fn start(
        media: Arc<dyn Media>,
        clock: Arc<dyn Clock>,
        mailboxes: Arc<[Arc<Mailbox>]>,
    ) -> std::io::Result<Self> {
        let (work, queue) = bounded(BATCHES_MAX);
        let cores = mailboxes.clone();
        std::thread::Builder::new().name("recorder".into()).spawn(move || {
            let ticked = Millis(0);
            Run { media, clock, mailboxes: cores, failing: BTreeMap::new(), ticked }.run(&queue)
        })?;
        Ok(Self { work, mailboxes })
    }

    /// Hands over a batch. When the recorder is behind, a gap says so: media never waits.
    pub(super) fn append(&self, key: SessionKey, sealed: u64, batch: Vec<u8>, now: Millis) {
        let work = Work::Append { key, sealed, batch, now };
        if let Err(TrySendError::Full(_)) = self.work.try_send(work) {
            let gap = Gap { from: now, to: now, reason: GapReason::Behind };
            tell(&self.mailboxes, key, vec![Command::Gap(gap)]);
        }
    }

    /// The session is over.
    pub(super) fn close(&self, key: SessionKey, sealed: u64) {
        // The thread ends only with the process.
        let _ = self.work.send(Work::Close { key, sealed });
    }
}

/// Adds a message to a batch.
pub(super) fn put(batch: &mut Vec<u8>, message: &[u8]) {
    let len = u32::try_from(message.len()).unwrap_or(0);
    batch.extend_from_slice(&len.to_le_bytes());
    batch.extend_from_slice(message);
}

struct Run {
    media: Arc<dyn Media>,
    clock: Arc<dyn Clock>,
    mailboxes: Arc<[Arc<Mailbox>]>,
    /// Since when a session's media cannot be written.
    failing: BTreeMap<SessionKey, Millis>,
    /// When it was last looked at what is to be synced and sealed.
    ticked: Millis,
}

impl Run {
    fn run(mut self, queue: &Receiver<Work>) {
        loop {
            match queue.recv_timeout(TICK) {
                Ok(Work::Append { key, sealed, batch, now }) => {
                    let done = self.media.append(stream_of(key), sealed, &batch, now);
                    self.note(key, done, now);
                }
                Ok(Work::Close { key, sealed }) => {
                    let now = self.clock.now();
                    let done = self.media.close(stream_of(key), sealed, now);
                    self.note(key, done, now);
                    self.failing.remove(&key);
                    if let Some(mailbox) = self.mailboxes.get(core_of(key.0, self.mailboxes.len()))
                    {
                        mailbox.send(ToCore::Sealed(key));
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = self.clock.now();
            // It looks at every session, and batches of all of them come in one after the other.
            let soon = now.since(self.ticked).max(self.ticked.since(now)) < TICK_PAUSE_MS;
            if soon {
                continue;
            }
            self.ticked = now;
            for (stream, done) in self.media.tick(now) {
                if let Some(meeting) = stream.meeting_id() {
                    self.note((meeting, SessionNumber(stream.session)), done, now);
                }
            }
        }
    }

    /// Tells the session what was sealed, or from when to when nothing could be written.
    fn note(&mut self, key: SessionKey, done: std::io::Result<Recordings>, now: Millis) {
        match done {
            Ok(mut commands) => {
                if let Some(from) = self.failing.remove(&key) {
                    let reason = GapReason::DiskFull;
                    commands.insert(0, Command::Gap(Gap { from, to: now, reason }));
                }
                tell(&self.mailboxes, key, commands);
            }
            Err(error) => {
                if let std::collections::btree_map::Entry::Vacant(first) = self.failing.entry(key) {
                    first.insert(now);
                    tracing::error!(%error, meeting = %key.0, "media is not recorded");
                }
            }
        }
    }
}

fn tell(mailboxes: &[Arc<Mailbox>], key: SessionKey, commands: Vec<Command>) {
    if commands.is_empty() {
        return;
    }
    if let Some(mailbox) = mailboxes.get(core_of(key.0, mailboxes.len())) {
        mailbox.send(ToCore::Recorded(key, commands));
    }
}
