//! The server without sockets: shards, doors and connections as the real one has them, stepped by
//! hand.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use convoke_engine::policies::{Builtin, Recorded};
use convoke_engine::{Ask, Batch, Directory, Effect, Limits, LiveSession, Shard, TurnId, Wish};
use convoke_fanout::{Lane, PinSlot, Pool, PoolLimits};
use convoke_journal::LogReader;
use convoke_model::grant::Role;
use convoke_model::meeting::{Command, roster};
use convoke_model::policy::Credential;
use convoke_model::text::Name;
use convoke_model::{
    AccountId, ClientId, MeetingId, Millis, ParticipantId, SessionNumber, TrackId,
};
use convoke_wire::close::Close;
use convoke_wire::entry::Hash;
use convoke_wire::frame::{Opcode, server_header};
use convoke_wire::half::{ServerHalf, server};
use convoke_wire::message::{self, ServerMessage};

use super::net::Net;
use super::{Check, Sabotage};

/// A session.
pub(crate) type Key = (MeetingId, SessionNumber);

/// How long is waited for somebody to come back, or into an empty session.
pub(crate) const RESUME_MS: u64 = 60_000;
pub(crate) const EMPTY_MS: u64 = 600_000;

/// What a ticket lets somebody do.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    pub(crate) meeting: MeetingId,
    pub(crate) role: Role,
    pub(crate) account: Option<AccountId>,
    pub(crate) credential: Credential,
    pub(crate) family: u64,
    pub(crate) name: Name,
    pub(crate) number: u64,
}

/// Who sits at the other end of a link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    pub(crate) key: Key,
    pub(crate) who: ParticipantId,
    pub(crate) client: ClientId,
    pub(crate) role: Role,
}

/// A reader's places.
pub(crate) struct Readers {
    pub(crate) facts: Lane,
    pub(crate) facts_at: u64,
    pub(crate) hosts: Option<(Lane, u64)>,
    pub(crate) tracks: Vec<(TrackId, Lane, u64)>,
}

/// How far a connection has come.
pub(crate) enum Stage {
    Fresh,
    Entering { key: Key, client: ClientId, role: Role },
    Lobby(Seat),
    CatchingUp(Seat),
    Live(Seat, Readers),
    Leaving,
}

/// One client's link as the server knows it.
pub(crate) struct Connection {
    pub(crate) half: ServerHalf,
    pub(crate) stage: Stage,
    pub(crate) own: Vec<u8>,
    pub(crate) seq: u64,
    pub(crate) confirmed: u64,
    pub(crate) farewell: Option<Close>,
}

impl Connection {
    pub(crate) fn seat(&self) -> Option<Seat> {
        match &self.stage {
            Stage::Lobby(seat) | Stage::Live(seat, _) | Stage::CatchingUp(seat) => Some(*seat),
            Stage::Fresh | Stage::Entering { .. } | Stage::Leaving => None,
        }
    }

    pub(crate) fn push(&mut self, opcode: Opcode, payload: &[u8]) {
        let (header, len) = server_header(opcode, payload.len());
        self.own.extend_from_slice(&header[..len]);
        self.own.extend_from_slice(payload);
    }

    pub(crate) fn say(&mut self, said: &ServerMessage) {
        self.push(Opcode::Binary, &message::to_bytes(said));
    }

    /// Says why and goes; what is queued before it is still sent.
    pub(crate) fn bye(&mut self, close: Close, reason: &str) {
        if !matches!(self.stage, Stage::Leaving) {
            let sentence = close.sentence().to_owned();
            self.say(&ServerMessage::Bye { code: close.code(), reason: reason.into(), sentence });
            self.stage = Stage::Leaving;
        }
    }
}

/// A part of the log that somebody waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    pub(crate) link: u64,
    pub(crate) seat: Seat,
    pub(crate) next: u64,
    pub(crate) to: u64,
    pub(crate) hash: Hash,
}

/// What the server runs under.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) shards: usize,
    pub(crate) limits: Limits,
    pub(crate) half: server::Limits,
    pub(crate) participants_max: u32,
}

/// One run of the server, from its start to its crash.
pub(crate) struct Process {
    pub(crate) setting: Setting,
    pub(crate) sabotage: Option<Sabotage>,
    pub(crate) shards: Vec<Shard>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) log: Arc<dyn LogReader>,
    pub(crate) pins: PinSlot,
    pub(crate) policies: Recorded<Builtin>,
    pub(crate) tickets: BTreeMap<String, Admission>,
    pub(crate) connections: BTreeMap<u64, Connection>,
    pub(crate) seats: BTreeMap<(Key, ParticipantId), u64>,
    pub(crate) reads: VecDeque<Read>,
    pub(crate) away: BTreeMap<(Key, ParticipantId), Millis>,
    pub(crate) empty: BTreeMap<Key, Millis>,
    pub(crate) recorded: BTreeSet<Key>,
    pub(crate) restarted: Option<Millis>,
    pub(crate) clients: u64,
    pub(crate) now: Millis,
    epoch: u32,
}

fn no_time() -> Duration {
    Duration::ZERO
}

impl Process {
    /// Starts from what the log holds.
    pub(crate) fn start(
        setting: Setting,
        sabotage: Option<Sabotage>,
        log: Arc<dyn LogReader>,
        now: Millis,
    ) -> Check<Self> {
        let epoch = log.head().epoch;
        let pool = Pool::new(PoolLimits { chunks_max: 4096, kept_max: 64 });
        let pins = pool.pin_slot().ok_or("a new pool has a place for a pin")?;
        let directory = Arc::new(Directory::default());
        let mut shards = Vec::new();
        for index in 0..setting.shards {
            let mut seed = [0; 32];
            seed[0] = u8::try_from(index).unwrap_or(u8::MAX);
            seed[4..8].copy_from_slice(&epoch.to_le_bytes());
            let (limits, directory) = (setting.limits, directory.clone());
            let mut shard = Shard::new(epoch, seed, index == 0, pool.clone(), limits, directory);
            shard
                .load(&*log, |meeting| shard_of(meeting, setting.shards) == index)
                .map_err(|error| error.to_string())?;
            for ask in shard.all_disconnected() {
                shard.submit(ask);
            }
            shards.push(shard);
        }
        Ok(Self {
            setting,
            sabotage,
            shards,
            directory,
            log,
            pins,
            policies: Recorded::new(Builtin, no_time),
            tickets: BTreeMap::new(),
            connections: BTreeMap::new(),
            seats: BTreeMap::new(),
            reads: VecDeque::new(),
            away: BTreeMap::new(),
            empty: BTreeMap::new(),
            recorded: BTreeSet::new(),
            restarted: Some(now),
            clients: 0,
            now,
            epoch,
        })
    }

    pub(crate) fn shard(&mut self, meeting: MeetingId) -> &mut Shard {
        let index = shard_of(meeting, self.shards.len());
        &mut self.shards[index]
    }

    pub(crate) fn live(&self, key: Key) -> Option<&LiveSession> {
        self.shards[shard_of(key.0, self.shards.len())].session(key.0, key.1)
    }

    pub(crate) fn connection(&mut self, link: u64) -> Option<&mut Connection> {
        self.connections.get_mut(&link)
    }

    /// A new client's number, different in every run of the server.
    pub(crate) fn client_id(&mut self) -> ClientId {
        self.clients += 1;
        ClientId((u64::from(self.epoch) << 32) | self.clients)
    }

    pub(crate) fn submit(&mut self, key: Key, command: Command) {
        let wish = Wish::Session(key.0, key.1, command);
        self.shard(key.0).submit(Ask::server(wish));
    }

    pub(crate) fn wish(&mut self, key: Key, command: roster::Command) {
        self.submit(key, Command::Roster(command));
    }

    /// A connection came to the server.
    pub(crate) fn accept(&mut self, link: u64) {
        let connection = Connection {
            half: ServerHalf::new(self.now, &self.setting.half),
            stage: Stage::Fresh,
            own: Vec::new(),
            seq: 0,
            confirmed: 0,
            farewell: None,
        };
        self.connections.insert(link, connection);
    }

    /// One shard takes a turn; what it hands to the committer.
    pub(crate) fn turn(&mut self, shard: usize) -> Option<Batch> {
        let batch = self.shards[shard].turn(self.now);
        if self.sabotage == Some(Sabotage::HeardTooEarly)
            && let Some(batch) = &batch
        {
            self.shards[shard].durable(batch.turn);
        }
        batch
    }

    /// A turn is durable.
    pub(crate) fn durable(&mut self, shard: usize, turn: TurnId) {
        self.shards[shard].durable(turn);
    }

    /// Publishes what is durable and carries out what follows from it.
    pub(crate) fn settle(&mut self, shard: usize) {
        let mut effects: Vec<Effect> = Vec::new();
        self.shards[shard].settle(&mut effects);
        for effect in effects {
            match effect {
                Effect::Answer(reply, answer) => self.answer(reply, answer),
                Effect::Published(..) => {}
                Effect::Fact(meeting, session, record) => self.fact((meeting, session), &record),
                Effect::Personal(meeting, session, bytes, audience, actor) => {
                    self.personal((meeting, session), &bytes, audience, actor);
                }
            }
        }
    }

    /// Sees which clients hung up.
    pub(crate) fn notice(&mut self, net: &Net) -> Vec<u64> {
        let gone = |link: &u64| {
            net.links.get(link).is_none_or(|link| !link.client_open && link.up.is_empty())
        };
        let links: Vec<u64> = self.connections.keys().copied().filter(gone).collect();
        for &link in &links {
            self.hang_up(link);
        }
        links
    }

    /// Whether every shard has nothing to decide and nothing in flight.
    pub(crate) fn is_idle(&self) -> bool {
        self.shards.iter().all(Shard::is_idle) && self.reads.is_empty()
    }
}

/// The shard that a meeting belongs to.
pub(crate) fn shard_of(meeting: MeetingId, shards: usize) -> usize {
    meeting.number() as usize % shards
}
