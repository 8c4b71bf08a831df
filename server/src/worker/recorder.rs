//! The recorder: writes what the cores collected of each session's media, on a thread of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use convoke_model::meeting::recording::{Command, Gap, GapReason};
use convoke_model::{Millis, StreamId};
use crossbeam::channel::{Receiver, Sender, TrySendError, bounded};

use super::connection::SessionKey;
use super::{Mailbox, ToCore, core_of, stream_of};

/// Batches that may wait: at 10 ms each and 100 sessions about a second.
const BATCHES_MAX: usize = 8192;

/// Where media is kept. Called on the recorder's thread.
pub trait Media: Send + Sync {
    /// Appends a batch of messages, each with its length (u32, little endian) before it, to the session's
    /// file; what can be sealed by now comes back.
    ///
    /// # Errors
    /// When the disk did not take it.
    fn append(&self, stream: StreamId, batch: &[u8], now: Millis) -> std::io::Result<Vec<Command>>;

    /// The session is over: seals what is left.
    ///
    /// # Errors
    /// When the disk did not take it.
    fn close(&self, stream: StreamId) -> std::io::Result<Vec<Command>>;
}

enum Work {
    Append(SessionKey, Vec<u8>, Millis),
    Close(SessionKey),
}

/// The way to the recorder.
pub(super) struct Recorder {
    work: Sender<Work>,
    mailboxes: Arc<[Arc<Mailbox>]>,
}

impl Recorder {
    pub(super) fn start(
        media: Arc<dyn Media>,
        mailboxes: Arc<[Arc<Mailbox>]>,
    ) -> std::io::Result<Self> {
        let (work, queue) = bounded(BATCHES_MAX);
        let cores = mailboxes.clone();
        std::thread::Builder::new()
            .name("recorder".into())
            .spawn(move || run(&queue, &*media, &cores))?;
        Ok(Self { work, mailboxes })
    }

    /// Hands over a batch. When the recorder is behind, a gap says so: media never waits.
    pub(super) fn append(&self, key: SessionKey, batch: Vec<u8>, now: Millis) {
        if let Err(TrySendError::Full(_)) = self.work.try_send(Work::Append(key, batch, now)) {
            let gap = Gap { from: now, to: now, reason: GapReason::Behind };
            tell(&self.mailboxes, key, vec![Command::Gap(gap)]);
        }
    }

    /// The session is over.
    pub(super) fn close(&self, key: SessionKey) {
        // The thread ends only with the process.
        let _ = self.work.send(Work::Close(key));
    }
}

/// Adds a message to a batch.
pub(super) fn put(batch: &mut Vec<u8>, message: &[u8]) {
    let len = u32::try_from(message.len()).unwrap_or(0);
    batch.extend_from_slice(&len.to_le_bytes());
    batch.extend_from_slice(message);
}

fn run(queue: &Receiver<Work>, media: &dyn Media, mailboxes: &[Arc<Mailbox>]) {
    // Since when a session's media cannot be written.
    let mut failing: BTreeMap<SessionKey, Millis> = BTreeMap::new();
    for work in queue {
        match work {
            Work::Append(key, batch, now) => match media.append(stream_of(key), &batch, now) {
                Ok(mut commands) => {
                    if let Some(from) = failing.remove(&key) {
                        let reason = GapReason::DiskFull;
                        commands.insert(0, Command::Gap(Gap { from, to: now, reason }));
                    }
                    tell(mailboxes, key, commands);
                }
                Err(error) => {
                    if failing.insert(key, now).is_none() {
                        tracing::error!(%error, meeting = %key.0, "media is not recorded");
                    }
                }
            },
            Work::Close(key) => {
                match media.close(stream_of(key)) {
                    Ok(commands) => tell(mailboxes, key, commands),
                    Err(error) => tracing::error!(%error, meeting = %key.0, "media is not sealed"),
                }
                if let Some(mailbox) = mailboxes.get(core_of(key.0, mailboxes.len())) {
                    mailbox.send(ToCore::Sealed(key));
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
