//! Reads the log for clients that missed something, on a thread of its own: no core waits for a
//! disk.

use std::sync::Arc;

use convoke_engine::catch_up::{self, Stretch};
use convoke_journal::{Error, LogReader};
use convoke_model::ParticipantId;
use convoke_model::grant::Role;
use convoke_model::view::session::Viewer;
use convoke_wire::entry::Hash;
use crossbeam::channel::{Receiver, Sender, unbounded};

use super::connection::SessionKey;
use super::effects::STRETCH_BYTES;
use super::{Mailbox, ToCore, stream_of};

/// What is to be read, and for whom. Each connection has at most one of these under way.
pub(super) struct Read {
    pub(super) core: usize,
    pub(super) id: u64,
    pub(super) session: SessionKey,
    pub(super) who: ParticipantId,
    pub(super) role: Role,
    pub(super) next: u64,
    pub(super) to: u64,
    pub(super) hash: Hash,
}

/// What was read.
pub(super) struct CaughtUp {
    pub(super) id: u64,
    pub(super) stretch: Result<Stretch, Error>,
}

/// The reading thread.
pub(super) struct LogReaders {
    reads: Sender<Read>,
}

impl LogReaders {
    pub(super) fn start(
        log: Arc<dyn LogReader>,
        mailboxes: Arc<[Arc<Mailbox>]>,
    ) -> std::io::Result<Self> {
        let (reads, queue) = unbounded();
        std::thread::Builder::new()
            .name("log-reader".into())
            .spawn(move || run(&queue, &*log, &mailboxes))?;
        Ok(Self { reads })
    }

    pub(super) fn ask(&self, read: Read) {
        // The thread ends only with the process.
        let _ = self.reads.send(read);
    }
}

fn run(queue: &Receiver<Read>, log: &dyn LogReader, mailboxes: &[Arc<Mailbox>]) {
    for read in queue {
        let viewer = Viewer::Participant(read.who, read.role);
        let stream = stream_of(read.session);
        let range = (read.next, read.to);
        let stretch = catch_up::read(log, stream, viewer, range, read.hash, STRETCH_BYTES);
        if let Some(mailbox) = mailboxes.get(read.core) {
            mailbox.send(ToCore::CaughtUp(Box::new(CaughtUp { id: read.id, stretch })));
        }
    }
}
