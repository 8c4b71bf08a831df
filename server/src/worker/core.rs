//! One core: a poll, its connections and its shard. Nothing here waits but the poll.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use convoke_engine::{Ask, Effect, Shard};
use convoke_fanout::PinSlot;
use convoke_model::meeting::delivery::Ledger;
use convoke_model::meeting::roster::LeaveReason;
use convoke_model::{Millis, ParticipantId, TrackId};
use mio::{Events, Interest, Poll, Token};

use super::connection::{Connection, SessionKey};
use super::flush::Flushed;
use super::input::Inputs;
use super::ledger::Parting;
use super::log_reader::LogReaders;
use super::recorder::Recorder;
use super::{Mailbox, Shared, ToCore, door};
use crate::metrics::CoreCounters;

/// The token that other threads wake the poll by.
pub(super) const WAKE: Token = Token(usize::MAX);

/// How long the poll sleeps at most: timers are looked at this often.
const TICK: Duration = Duration::from_millis(250);
/// While media waits for the recorder.
const MEDIA_TICK: Duration = Duration::from_millis(10);

/// The people of one session on this core.
#[derive(Default)]
pub(super) struct Seats {
    pub(super) by_who: BTreeMap<ParticipantId, usize>,
    pub(super) connections: BTreeSet<usize>,
    pub(super) dirty: bool,
}

/// What a core shares with the others.
#[derive(Clone)]
pub(super) struct Around {
    pub(super) shared: Arc<Shared>,
    pub(super) mailboxes: Arc<[Arc<Mailbox>]>,
    pub(super) readers: Arc<LogReaders>,
    pub(super) recorder: Arc<Recorder>,
}

/// One core's thread.
pub(super) struct Core {
    pub(super) index: usize,
    pub(super) shared: Arc<Shared>,
    pub(super) mailboxes: Arc<[Arc<Mailbox>]>,
    pub(super) poll: Poll,
    pub(super) shard: Shard,
    pub(super) readers: Arc<LogReaders>,
    pub(super) recorder: Arc<Recorder>,
    pub(super) connections: Vec<Option<Box<Connection>>>,
    pub(super) free: Vec<usize>,
    pub(super) ids: u64,
    pub(super) by_id: BTreeMap<u64, usize>,
    pub(super) seats: BTreeMap<SessionKey, Seats>,
    pub(super) dirty: Vec<SessionKey>,
    pub(super) flush: Vec<usize>,
    pub(super) readable: VecDeque<usize>,
    /// What is read into, for all connections.
    pub(super) scratch: Vec<u8>,
    pub(super) media: BTreeMap<SessionKey, Vec<u8>>,
    pub(super) media_since: Option<Millis>,
    pub(super) inputs: Inputs,
    /// Who is away, until when, and what is said of it then.
    pub(super) away: BTreeMap<(SessionKey, ParticipantId), (Millis, LeaveReason)>,
    pub(super) empty: BTreeMap<SessionKey, Millis>,
    pub(super) orphans_sought: Millis,
    pub(super) ticked: Millis,
    pub(super) now: Millis,
    /// Sessions that ended and whose last seal is on its way through the log.
    pub(super) sealed: Vec<SessionKey>,
    /// What each participant got over connections that are no more.
    pub(super) ledgers: BTreeMap<(SessionKey, ParticipantId), Ledger>,
    /// Who went, and whose ledger is to be closed with the next flush.
    pub(super) parting: Vec<Parting>,
    /// When the lag of readers was last looked at.
    pub(super) lag_seen: Millis,
    /// When publishers were last asked to send less, by track.
    pub(super) slowed: BTreeMap<(SessionKey, TrackId), Millis>,
    pub(super) stopping: bool,
}

impl Core {
    pub(super) fn new(index: usize, poll: Poll, shard: Shard, around: &Around) -> Self {
        let Around { shared, mailboxes, readers, recorder } = around.clone();
        let now = shared.clock.now();
        Self {
            index,
            shared,
            mailboxes,
            poll,
            shard,
            readers,
            recorder,
            connections: Vec::new(),
            free: Vec::new(),
            ids: 0,
            by_id: BTreeMap::new(),
            seats: BTreeMap::new(),
            dirty: Vec::new(),
            flush: Vec::new(),
            readable: VecDeque::new(),
            scratch: Vec::new(),
            media: BTreeMap::new(),
            media_since: None,
            inputs: Inputs::default(),
            away: BTreeMap::new(),
            empty: BTreeMap::new(),
            orphans_sought: now,
            ticked: now,
            now,
            sealed: Vec::new(),
            ledgers: BTreeMap::new(),
            parting: Vec::new(),
            lag_seen: now,
            slowed: BTreeMap::new(),
            stopping: false,
        }
    }

    /// Runs until told to stop.
    pub(super) fn run(mut self, mut pins: PinSlot) {
        let mut events = Events::with_capacity(1024);
        self.restart();
        loop {
            let wait = match () {
                () if !self.readable.is_empty() || self.shard.has_work() => Duration::ZERO,
                () if self.media_since.is_some() => MEDIA_TICK,
                () => TICK,
            };
            if let Err(error) = self.poll.poll(&mut events, Some(wait))
                && error.kind() != std::io::ErrorKind::Interrupted
            {
                tracing::error!(%error, core = self.index, "the poll failed");
                return;
            }
            self.now = self.shared.clock.now();
            for event in &events {
                self.ready(event);
            }
            self.mail();
            for _ in 0..self.readable.len() {
                if let Some(token) = self.readable.pop_front() {
                    self.read(token);
                }
            }
            self.turns();
            self.forget_sealed();
            self.record_media(false);
            self.tick();
            self.flush_dirty(&mut pins);
            if self.stopping && self.shard.is_idle() && self.by_id.is_empty() {
                self.record_media(true);
                return;
            }
        }
    }

    fn ready(&mut self, event: &mio::event::Event) {
        let token = event.token();
        if token == WAKE {
            return;
        }
        let Some(connection) = self.connections.get_mut(token.0).and_then(Option::as_mut) else {
            return;
        };
        connection.ending |= event.is_read_closed() || event.is_error();
        if (event.is_readable() || event.is_read_closed() || event.is_error())
            && !std::mem::replace(&mut connection.readable, true)
        {
            self.readable.push_back(token.0);
        }
        if event.is_writable() {
            self.queue_flush(token.0);
        }
    }

    fn mail(&mut self) {
        let mailbox = self.mailboxes[self.index].clone();
        mailbox.wakeup.take();
        self.counters().queue.see(mailbox.queue.len() as u64);
        // What comes in meanwhile waits for the next round: sockets must not starve.
        for _ in 0..mailbox.queue.len() {
            let Some(message) = mailbox.queue.pop() else { break };
            match message {
                ToCore::Socket(socket) => {
                    self.ids += 1;
                    let limits = self.shared.half_limits;
                    let connection = Connection::new(self.ids, *socket, self.now, &limits);
                    self.adopt(Box::new(connection));
                }
                ToCore::Moved(mut connection, greeting) => {
                    self.ids += 1;
                    connection.id = self.ids;
                    if let Some(token) = self.adopt(connection) {
                        self.greet(token, greeting);
                    }
                }
                ToCore::Ask(ask) => {
                    mailbox.asks.fetch_sub(1, Ordering::Relaxed);
                    self.shard.submit(*ask);
                }
                ToCore::Decided(key, id, decided) => self.judged(key, id, *decided),
                ToCore::Durable(turn) => self.shard.durable(turn),
                ToCore::CaughtUp(caught_up) => self.caught_up(*caught_up),
                ToCore::Recorded(key, commands) => {
                    for command in commands {
                        let command = convoke_model::meeting::Command::Recording(command);
                        let wish = convoke_engine::Wish::Session(key.0, key.1, command);
                        self.shard.submit(Ask::server(wish));
                    }
                }
                ToCore::Sealed(key) => self.sealed.push(key),
                ToCore::Stop => self.stop(),
            }
        }
    }

    /// Takes turns until there is nothing more to decide now, and carries out what settled.
    fn turns(&mut self) {
        let mut effects = Vec::new();
        loop {
            let turn = self.shard.turn(self.now);
            self.shard.settle(&mut effects);
            let quiet = turn.is_none() && effects.is_empty();
            if let Some(batch) = turn {
                let mailbox = self.mailboxes[self.index].clone();
                let id = batch.turn;
                let then = Box::new(move || mailbox.send(ToCore::Durable(id)));
                self.shared.commit.commit(batch.bytes, batch.ends_session, then);
            }
            for effect in effects.drain(..) {
                self.carry_out(effect);
            }
            if quiet {
                return;
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Answer(reply, answer) => self.answer(reply, answer),
            Effect::Published(meeting, session, facts) => {
                self.counters().facts.add(facts);
                self.mark_dirty((meeting, session));
            }
            Effect::Fact(meeting, session, record) => self.fact((meeting, session), &record),
            Effect::Personal(meeting, session, bytes, audience, actor) => {
                self.personal((meeting, session), &bytes, audience, actor);
            }
        }
    }

    /// Gives a connection a place here and begins to listen to it.
    fn adopt(&mut self, mut connection: Box<Connection>) -> Option<usize> {
        let token = self.free.pop().unwrap_or_else(|| {
            self.connections.push(None);
            self.connections.len() - 1
        });
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registry = self.poll.registry();
        if registry.register(connection.io.socket(), Token(token), interest).is_err() {
            self.free.push(token);
            return None;
        }
        // It may come from another core, whose lists it was on.
        connection.readable = true;
        connection.flush_queued = false;
        self.readable.push_back(token);
        self.by_id.insert(connection.id, token);
        self.connections[token] = Some(connection);
        if self.stopping {
            self.farewell(token, convoke_wire::close::Close::GoingAway);
        }
        Some(token)
    }

    /// Lets go of a connection without a word: it moves to another core, or it is over.
    pub(super) fn release(&mut self, token: usize) -> Option<Box<Connection>> {
        let mut connection = self.connections.get_mut(token)?.take()?;
        // It may never have been registered; then there is nothing to undo.
        let _ = self.poll.registry().deregister(connection.io.socket());
        self.by_id.remove(&connection.id);
        self.free.push(token);
        Some(connection)
    }

    /// Whether the connection `id` is still the one of this place.
    pub(super) fn is_here(&self, token: usize, id: u64) -> bool {
        let connection = self.connections.get(token).and_then(Option::as_ref);
        connection.is_some_and(|connection| connection.id == id)
    }

    pub(super) fn counters(&self) -> &CoreCounters {
        self.shared.metrics.core(self.index)
    }

    pub(super) fn connection(&mut self, token: usize) -> Option<&mut Connection> {
        self.connections.get_mut(token)?.as_deref_mut()
    }

    pub(super) fn mark_dirty(&mut self, key: SessionKey) {
        if let Some(seats) = self.seats.get_mut(&key)
            && !std::mem::replace(&mut seats.dirty, true)
        {
            self.dirty.push(key);
        }
    }

    pub(super) fn queue_flush(&mut self, token: usize) {
        if let Some(connection) = self.connections.get_mut(token).and_then(Option::as_mut)
            && !std::mem::replace(&mut connection.flush_queued, true)
        {
            self.flush.push(token);
        }
    }

    /// Once per round: idle, this is at once; busy, it batches by itself.
    fn flush_dirty(&mut self, pins: &mut PinSlot) {
        self.queue_dirty();
        let pin = pins.pin();
        let mut tokens = std::mem::take(&mut self.flush);
        let (mut over, mut behind) = (Vec::new(), Vec::new());
        let counters = self.shared.metrics.core(self.index);
        for token in tokens.drain(..) {
            let Some(connection) = self.connections.get_mut(token).and_then(Option::as_mut) else {
                continue;
            };
            connection.flush_queued = false;
            match connection.flush(&pin, self.now, counters) {
                Flushed::All | Flushed::Full => {}
                Flushed::Overrun => behind.push(token),
                Flushed::Gone => over.push(token),
            }
        }
        drop(pin);
        self.flush = tokens;
        self.close_ledgers();
        for token in over {
            self.hang_up(token);
        }
        for token in behind {
            self.fall_behind(token);
        }
    }

    /// Everybody in a session that has something new is flushed.
    fn queue_dirty(&mut self) {
        let Self { dirty, seats, connections, flush, .. } = self;
        for key in dirty.drain(..) {
            let Some(seats) = seats.get_mut(&key) else { continue };
            seats.dirty = false;
            for &token in &seats.connections {
                if let Some(connection) = connections.get_mut(token).and_then(Option::as_mut)
                    && !std::mem::replace(&mut connection.flush_queued, true)
                {
                    flush.push(token);
                }
            }
        }
    }

    /// An ended session whose recording is bound is no longer needed.
    fn forget_sealed(&mut self) {
        if self.sealed.is_empty() || !self.shard.is_idle() {
            return;
        }
        for (meeting, session) in std::mem::take(&mut self.sealed) {
            self.shard.forget(meeting, session);
        }
    }

    fn stop(&mut self) {
        self.stopping = true;
        self.count_inputs();
        for token in 0..self.connections.len() {
            self.farewell(token, convoke_wire::close::Close::GoingAway);
        }
    }

    /// Says goodbye once everything in the lanes was sent.
    pub(super) fn farewell(&mut self, token: usize, close: convoke_wire::close::Close) {
        if let Some(connection) = self.connection(token) {
            let (word, sentence) = (close.word().to_owned(), close.sentence().to_owned());
            connection.farewell.get_or_insert((close, word, sentence));
            self.queue_flush(token);
        }
    }

    /// The mailbox of the core that owns a meeting, unless it is this one.
    pub(super) fn elsewhere(&self, meeting: convoke_model::MeetingId) -> Option<Arc<Mailbox>> {
        let core = super::core_of(meeting, self.mailboxes.len());
        (core != self.index).then(|| self.mailboxes[core].clone())
    }

    /// Hands a connection whose hello came here to the core that owns its meeting.
    pub(super) fn hand_on(&mut self, token: usize, to: &Mailbox, greeting: door::Greeting) {
        if let Some(connection) = self.release(token) {
            to.send(ToCore::Moved(connection, greeting));
        }
    }
}
