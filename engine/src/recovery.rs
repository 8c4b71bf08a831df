//! Recovery: a shard's meetings from the log, and what to wish so that joins and leaves balance.

use convoke_journal::{Error, LogReader};
use convoke_model::meeting::Command;
use convoke_model::meeting::life::{self, Meeting};
use convoke_model::meeting::roster::{self, LeaveReason, Place};
use convoke_model::{MeetingId, SessionNumber, StreamId, site};
use convoke_wire::codec::{self, DecodeError, Fact};
use convoke_wire::entry::EntryRef;

use crate::ask::{Ask, Wish};
use crate::pen::Pen;
use crate::session::LiveSession;
use crate::shard::{LiveMeeting, Shard};

/// How much of the log is read at once, in bytes.
const READ_BYTES: usize = 1024 * 1024;

/// Why a shard cannot start from this log.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The log cannot be read.
    #[error("the log cannot be read: {0}")]
    Log(#[from] Error),
    /// An entry is not an event that this version knows.
    #[error("entry {seq} of stream {stream} cannot be understood: {reason}")]
    Entry {
        /// The stream.
        stream: StreamId,
        /// Its place.
        seq: u64,
        /// What is wrong with it.
        reason: String,
    },
}

impl Shard {
    /// Loads from the log everything that belongs here: `mine` tells which meetings do.
    ///
    /// # Errors
    /// When the log cannot be read or holds something that is not understood.
    pub fn load(
        &mut self,
        log: &dyn LogReader,
        mine: impl Fn(MeetingId) -> bool,
    ) -> Result<(), RecoveryError> {
        if self.site.is_some() {
            self.load_site(log)?;
        }
        for (stream, _) in log.streams() {
            let Some(meeting) = stream.meeting_id().filter(|&meeting| mine(meeting)) else {
                continue;
            };
            if stream.session == 0 {
                self.load_meeting(log, meeting)?;
            }
        }
        Ok(())
    }

    fn load_site(&mut self, log: &dyn LogReader) -> Result<(), RecoveryError> {
        let mut records = Vec::new();
        let pen = follow::<site::Event>(log, StreamId::SITE, |record| records.push(record))?;
        for record in &records {
            if let Some(live) = self.site.as_mut() {
                live.site.apply(record);
            }
            self.directory().site(record);
        }
        if let Some(live) = self.site.as_mut() {
            live.pen = pen;
        }
        Ok(())
    }

    fn load_meeting(&mut self, log: &dyn LogReader, id: MeetingId) -> Result<(), RecoveryError> {
        let mut life = Meeting::default();
        let mut records = Vec::new();
        let stream = StreamId::meeting(id);
        let pen = follow::<life::Event>(log, stream, |record| {
            life.apply(&record);
            records.push(record);
        })?;
        for record in &records {
            self.directory().life(id, record);
        }
        let open = life.open;
        self.meetings.insert(id, LiveMeeting { life, pen });
        if let Some(number) = open {
            self.load_session(log, id, number)?;
        }
        Ok(())
    }

    fn load_session(
        &mut self,
        log: &dyn LogReader,
        id: MeetingId,
        number: SessionNumber,
    ) -> Result<(), RecoveryError> {
        let stream = StreamId::session(id, number);
        let mut live = LiveSession::new(id, number, self.pool(), self.limits());
        each(log, stream, |found| {
            let event = live.recover(found, self.limits());
            if let Some(event) = event.map_err(|error| not_understood(found, &error))? {
                self.directory().call(id, number, &event);
            }
            Ok(())
        })?;
        self.directory().session(id, &live.view);
        self.directory().seats.follow(0, live.decided.roster.count());
        self.sessions.insert((id, number), live);
        Ok(())
    }

    /// Wishes that note, for everybody who was connected when the server stopped, that they are not
    /// now. They have a while to come back.
    #[must_use]
    pub fn all_disconnected(&self) -> Vec<Ask> {
        self.with_place(Place::Here, |who, live| match live.recovered() {
            Some(at) => roster::Command::Interrupt { who, at },
            None => roster::Command::Disconnect { who },
        })
    }

    /// Wishes that let go of everybody who did not come back after a restart.
    #[must_use]
    pub fn drop_missing(&self) -> Vec<Ask> {
        let reason = LeaveReason::ServerRestart;
        let dropped =
            |who, live: &LiveSession| roster::Command::Drop { who, reason, at: live.recovered() };
        let mut asks = self.with_place(Place::Away, dropped);
        asks.extend(self.with_place(Place::Lobby, dropped));
        asks
    }

    fn with_place(
        &self,
        place: Place,
        command: impl Fn(convoke_model::ParticipantId, &LiveSession) -> roster::Command,
    ) -> Vec<Ask> {
        let mut asks = Vec::new();
        for live in self.sessions.values() {
            for (who, person) in live.decided.roster.not_gone() {
                // A call goes on while this server does not: its bridge speaks for it.
                let calls = live.decided.dial_in.caller(who).is_some();
                if person.place == place && !calls {
                    let command = Command::Roster(command(who, live));
                    let wish = Wish::Session(live.meeting, live.number, command);
                    asks.push(Ask::server(wish));
                }
            }
        }
        asks
    }
}

fn follow<E: Fact>(
    log: &dyn LogReader,
    stream: StreamId,
    mut then: impl FnMut(convoke_model::Record<E>),
) -> Result<Pen, RecoveryError> {
    let mut pen = Pen::new(stream);
    each(log, stream, |found| {
        match codec::decode::<E>(found) {
            Ok(record) => then(record),
            Err(DecodeError::Erased) => {}
            Err(error) => return Err(not_understood(found, &error)),
        }
        pen.follow(found);
        Ok(())
    })?;
    Ok(pen)
}

fn each(
    log: &dyn LogReader,
    stream: StreamId,
    mut then: impl FnMut(&EntryRef<'_>) -> Result<(), RecoveryError>,
) -> Result<(), RecoveryError> {
    let tail = log.tail(stream).seq;
    let mut next = 1;
    while next <= tail {
        let run = log.read(stream, next, READ_BYTES)?;
        if run.entries.is_empty() {
            let reason = "the log does not give it".to_owned();
            return Err(RecoveryError::Entry { stream, seq: next, reason });
        }
        for (stored, bytes) in run.iter() {
            let found = EntryRef::read(bytes).map_err(|error| RecoveryError::Entry {
                stream,
                seq: stored.seq,
                reason: format!("{error:?}"),
            })?;
            then(&found)?;
            next = stored.seq + 1;
        }
    }
    Ok(())
}

fn not_understood(found: &EntryRef<'_>, error: &DecodeError) -> RecoveryError {
    RecoveryError::Entry {
        stream: found.header.stream,
        seq: found.header.seq,
        reason: format!("{error:?}"),
    }
}
