//! A shard: one thread, many meetings. Decides wishes in turns, and publishes each turn when it is
//! durable.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use convoke_fanout::Pool;
use convoke_model::meeting::life::{self, Meeting};
use convoke_model::meeting::{self, Command, Event, dedupe, lifecycle, roster, track};
use convoke_model::policy::Decided;
use convoke_model::privilege::Privilege;
use convoke_model::site::{self, Site, accounts, groups, keys, webhooks};
use convoke_model::{AccountId, Actor, Audience, MeetingId, Millis, Proposal, Record};
use convoke_model::{Refusal, SessionNumber, StreamId};

use crate::ask::{Answer, Ask, ReplyTo, Wish};
use crate::directory::Directory;
use crate::limits::Limits;
use crate::pen::{Origin, Pen, Salts, Written};
use crate::session::LiveSession;

/// Counts the turns of a shard.
pub type TurnId = u64;

/// What a turn hands to the committer: one append, durable as a whole or not at all.
#[derive(Debug)]
pub struct Batch {
    /// To be given back with `Shard::durable`.
    pub turn: TurnId,
    /// Whole entries, one after the other.
    pub bytes: Vec<u8>,
    /// Whether a session ends with it: a good moment for a checkpoint.
    pub ends_session: bool,
}

/// What the shell has to do after a turn became durable.
pub enum Effect {
    /// Give an answer.
    Answer(ReplyTo, Result<Answer, Refusal>),
    /// A session's lanes have so many new facts; its connections are to be flushed.
    Published(MeetingId, SessionNumber, u64),
    /// A fact that concerns connections or the recorder: people, tracks, recording, the end.
    Fact(MeetingId, SessionNumber, Record<Event>),
    /// An entry for one participant, and for the one it came from.
    Personal(MeetingId, SessionNumber, Vec<u8>, Audience, Actor),
}

enum Fact {
    Site(Written<site::Event>),
    Life(MeetingId, Written<life::Event>),
    Session(MeetingId, SessionNumber, Written<Event>),
}

impl Fact {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Site(written) => &written.bytes,
            Self::Life(_, written) => &written.bytes,
            Self::Session(_, _, written) => &written.bytes,
        }
    }
}

#[derive(Default)]
struct Turn {
    id: TurnId,
    facts: Vec<Fact>,
    answers: Vec<(ReplyTo, Result<Answer, Refusal>)>,
    durable: bool,
}

pub(crate) struct LiveMeeting {
    pub(crate) life: Meeting,
    pub(crate) pen: Pen,
}

pub(crate) struct LiveSite {
    pub(crate) site: Site,
    pub(crate) pen: Pen,
}

/// Many meetings on one thread.
pub struct Shard {
    epoch: u32,
    limits: Limits,
    pool: Pool,
    salts: Salts,
    directory: Arc<Directory>,
    inbox: VecDeque<Ask>,
    flying: VecDeque<Turn>,
    turns: TurnId,
    /// Bytes of facts that an ask became in the last turn, and some more.
    ask_bytes: usize,
    pub(crate) site: Option<LiveSite>,
    pub(crate) meetings: BTreeMap<MeetingId, LiveMeeting>,
    pub(crate) sessions: BTreeMap<(MeetingId, SessionNumber), LiveSession>,
}

impl Shard {
    /// A shard with nothing in it. The one that `owns_site` takes wishes about the site.
    #[must_use]
    pub fn new(
        epoch: u32,
        seed: [u8; 32],
        owns_site: bool,
        pool: Pool,
        limits: Limits,
        directory: Arc<Directory>,
    ) -> Self {
        let site =
            owns_site.then(|| LiveSite { site: Site::default(), pen: Pen::new(StreamId::SITE) });
        Self {
            epoch,
            limits,
            pool,
            salts: Salts::new(seed),
            directory,
            inbox: VecDeque::new(),
            flying: VecDeque::new(),
            turns: 0,
            ask_bytes: 0,
            site,
            meetings: BTreeMap::new(),
            sessions: BTreeMap::new(),
        }
    }

    /// The bounds it runs under.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Lets go of a session that has ended and whose recording is sealed.
    pub fn forget(&mut self, meeting: MeetingId, number: SessionNumber) {
        if self.session(meeting, number).is_some_and(|live| live.view.ended != Millis(0)) {
            self.sessions.remove(&(meeting, number));
        }
    }

    /// Puts a wish into the inbox. The bound is the caller's: it owns the queues that lead here.
    pub fn submit(&mut self, ask: Ask) {
        self.inbox.push_back(ask);
    }

    /// A session that is open, or whose end is not durable yet.
    #[must_use]
    pub fn session(&self, meeting: MeetingId, number: SessionNumber) -> Option<&LiveSession> {
        self.sessions.get(&(meeting, number))
    }

    /// The same, to publish media into.
    pub fn session_mut(
        &mut self,
        meeting: MeetingId,
        number: SessionNumber,
    ) -> Option<&mut LiveSession> {
        self.sessions.get_mut(&(meeting, number))
    }

    /// Every session, in order.
    pub fn sessions(&self) -> impl Iterator<Item = &LiveSession> {
        self.sessions.values()
    }

    /// Whether nothing waits: neither for a turn nor for the committer.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.inbox.is_empty() && self.flying.is_empty()
    }

    /// Whether the log tells of a session, open or over.
    #[must_use]
    pub fn knows(&self, meeting: MeetingId, number: SessionNumber) -> bool {
        self.meetings.get(&meeting).is_some_and(|live| number.0 <= live.life.sessions)
    }

    /// Whether a turn could be taken now.
    #[must_use]
    pub fn has_work(&self) -> bool {
        !self.inbox.is_empty() && self.flying.len() < self.limits.turns_in_flight_max
    }

    /// Takes one turn over what is in the inbox. `None` when there is nothing to commit: the inbox
    /// was empty, enough turns are in flight, or all that was asked needed no fact (see `settle`).
    pub fn turn(&mut self, now: Millis) -> Option<Batch> {
        if self.inbox.is_empty() || self.flying.len() >= self.limits.turns_in_flight_max {
            return None;
        }
        self.turns += 1;
        let asks = self.inbox.len().min(self.limits.turn_asks_max);
        let mut turn = Turn {
            id: self.turns,
            durable: false,
            facts: Vec::with_capacity(asks),
            answers: Vec::with_capacity(asks),
        };
        // About as many bytes for an ask as last time: growing copies them over and over.
        let mut bytes = Vec::with_capacity((asks * self.ask_bytes).min(self.limits.turn_bytes_max));
        let mut ends_session = false;
        for _ in 0..self.limits.turn_asks_max {
            if bytes.len() >= self.limits.turn_bytes_max {
                break;
            }
            let Some(ask) = self.inbox.pop_front() else { break };
            let first = turn.facts.len();
            let Ask { reply, by, request, wish } = ask;
            let origin = Origin { actor: by, request, now };
            let answer = self.decide(origin, wish, &mut turn.facts);
            for fact in &turn.facts[first..] {
                bytes.extend_from_slice(fact.bytes());
                ends_session |= matches!(fact, Fact::Life(_, written)
                    if matches!(written.record.event, life::Event::SessionEnded { .. }));
            }
            turn.answers.push((reply, answer));
        }
        turn.durable = bytes.is_empty();
        if let Some(each) = bytes.len().checked_div(turn.answers.len()) {
            self.ask_bytes = each + each / 8;
        }
        let id = turn.id;
        self.flying.push_back(turn);
        (!bytes.is_empty()).then_some(Batch { turn: id, bytes, ends_session })
    }

    /// The committer made a turn durable.
    pub fn durable(&mut self, turn: TurnId) {
        if let Some(turn) = self.flying.iter_mut().find(|flying| flying.id == turn) {
            turn.durable = true;
        }
    }

    /// Publishes the turns that are durable, oldest first: only now may anyone hear. A refusal
    /// waits for the turns before it, on whose records it may rest.
    pub fn settle(&mut self, effects: &mut Vec<Effect>) {
        while self.flying.front().is_some_and(|turn| turn.durable) {
            let Some(turn) = self.flying.pop_front() else { break };
            let mut touched: Vec<(MeetingId, SessionNumber, u64)> = Vec::new();
            for fact in turn.facts {
                self.publish(fact, &mut touched, effects);
            }
            for (meeting, session, facts) in touched {
                if let Some(live) = self.sessions.get(&(meeting, session)) {
                    self.directory.session(meeting, &live.view);
                }
                effects.push(Effect::Published(meeting, session, facts));
            }
            let answers = turn.answers.into_iter();
            effects.extend(answers.map(|(reply, answer)| Effect::Answer(reply, answer)));
        }
    }

    fn publish(
        &mut self,
        fact: Fact,
        touched: &mut Vec<(MeetingId, SessionNumber, u64)>,
        effects: &mut Vec<Effect>,
    ) {
        match fact {
            Fact::Site(written) => self.directory.site(&written.record),
            Fact::Life(meeting, written) => self.directory.life(meeting, &written.record),
            Fact::Session(meeting, number, written) => {
                let Some(live) = self.sessions.get_mut(&(meeting, number)) else { return };
                live.publish(&written, &self.limits);
                // What was decided knows of every caller whom what is durable knows.
                if !live.decided.dial_in.is_empty() {
                    self.directory.call(meeting, number, &written.record.event);
                }
                let known = touched.iter_mut().find(|(m, s, _)| (*m, *s) == (meeting, number));
                match known {
                    Some((_, _, facts)) => *facts += 1,
                    None => touched.push((meeting, number, 1)),
                }
                let actor = written.record.actor;
                let personal = match written.audience {
                    Audience::One(_) => true,
                    // Its author sees it too, also when not a host.
                    Audience::Hosts => actor != Actor::Server,
                    Audience::Everyone | Audience::Nobody => false,
                };
                if personal {
                    let (bytes, audience) = (written.bytes, written.audience);
                    effects.push(Effect::Personal(meeting, number, bytes, audience, actor));
                }
                if !matches!(written.record.event, Event::Chat(_)) {
                    effects.push(Effect::Fact(meeting, number, written.record));
                }
            }
        }
    }

    fn decide(
        &mut self,
        origin: Origin,
        wish: Wish,
        facts: &mut Vec<Fact>,
    ) -> Result<Answer, Refusal> {
        match wish {
            Wish::Site(command) => self.decide_site(origin, command, facts),
            Wish::Create(creation) => self.create(origin, *creation, facts),
            Wish::Life(meeting, command) => self.decide_life(origin, meeting, *command, facts),
            Wish::Open { meeting, host, participants_max, record } => {
                self.open(origin.now, meeting, (host, participants_max, record), facts)
            }
            Wish::Session(meeting, number, command) => {
                self.decide_session(origin, meeting, number, command, facts)
            }
        }
    }

    fn decide_site(
        &mut self,
        origin: Origin,
        command: site::Command,
        facts: &mut Vec<Fact>,
    ) -> Result<Answer, Refusal> {
        let live = self.site.as_mut().ok_or(Refusal::NotFound)?;
        let proposal =
            Proposal { by: origin.actor, at: origin.now, request: origin.request, command };
        let mut made = 0;
        for event in live.site.decide(&proposal)? {
            if let Some(number) = made_of(&event) {
                made = number;
            }
            let nobody = Audience::Nobody;
            let written = live.pen.write(self.epoch, &mut self.salts, origin, nobody, event);
            live.site.apply(&written.record);
            facts.push(Fact::Site(written));
        }
        Ok(Answer { position: live.pen.position(), hash: live.pen.hash(), made })
    }

    fn create(
        &mut self,
        origin: Origin,
        creation: life::Creation,
        facts: &mut Vec<Fact>,
    ) -> Result<Answer, Refusal> {
        let id = creation.meeting;
        self.meetings.entry(id).or_insert_with(|| LiveMeeting {
            life: Meeting::default(),
            pen: Pen::new(StreamId::meeting(id)),
        });
        let answer = self.decide_life(origin, id, life::Command::Create(creation), facts);
        if answer.is_err() && self.meetings.get(&id).is_some_and(|m| m.life.details.is_none()) {
            self.meetings.remove(&id);
        }
        answer
    }

    fn decide_life(
        &mut self,
        origin: Origin,
        id: MeetingId,
        command: life::Command,
        facts: &mut Vec<Fact>,
    ) -> Result<Answer, Refusal> {
        let live = self.meetings.get_mut(&id).ok_or(Refusal::NotFound)?;
        let proposal =
            Proposal { by: origin.actor, at: origin.now, request: origin.request, command };
        for event in live.life.decide(&proposal)? {
            let nobody = Audience::Nobody;
            let written = live.pen.write(self.epoch, &mut self.salts, origin, nobody, event);
            live.life.apply(&written.record);
            facts.push(Fact::Life(id, written));
        }
        Ok(Answer {
            position: live.pen.position(),
            hash: live.pen.hash(),
            made: live.life.sessions,
        })
    }

    fn open(
        &mut self,
        now: Millis,
        id: MeetingId,
        (host, participants_max, record): (AccountId, u32, Box<Decided>),
        facts: &mut Vec<Fact>,
    ) -> Result<Answer, Refusal> {
        let origin = Origin { actor: host.into(), request: None, now };
        let life = &self.meetings.get(&id).ok_or(Refusal::NotFound)?.life;
        let details = life.details.clone().ok_or(Refusal::NotFound)?;
        if details.owner != host {
            return Err(Refusal::NotAllowed);
        }
        if let Some(number) = life.open {
            let live = self.sessions.get(&(id, number)).ok_or(Refusal::Ended)?;
            let (position, hash) = live.tail();
            return Ok(Answer { position, hash, made: number.0 });
        }
        let opened = self.decide_life(origin, id, life::Command::OpenSession {}, facts)?;
        let number = SessionNumber(opened.made);
        let may_record = self.directory.host_may(host, Privilege::Record);
        let own_max = details.plan.as_ref().and_then(|plan| plan.participants_max);
        let opening = lifecycle::Opening {
            meeting: id,
            session: number,
            kind: details.kind,
            topic: details.topic,
            host,
            participants_max: own_max.map_or(participants_max, |own| own.min(participants_max)),
            recording: may_record && record.verdict.records_media(),
            may_record,
            records_input: may_record && record.verdict.records_input(),
            meeting_seq: opened.position.seq,
            meeting_hash: opened.hash,
        };
        let live = LiveSession::new(id, number, &self.pool, &self.limits);
        self.sessions.insert((id, number), live);
        let server = Origin { actor: Actor::Server, request: None, now };
        let open = Command::Lifecycle(lifecycle::Command::Open(opening));
        self.decide_session(server, id, number, open, facts)?;
        let decided = Command::Policy(record);
        let answer = self.decide_session(server, id, number, decided, facts)?;
        Ok(Answer { made: number.0, ..answer })
    }

    fn decide_session(
        &mut self,
        origin: Origin,
        id: MeetingId,
        number: SessionNumber,
        command: meeting::Command,
        facts: &mut Vec<Fact>,
    ) -> Result<Answer, Refusal> {
        let live = self.sessions.get_mut(&(id, number)).ok_or(Refusal::Ended)?;
        if let Some((client, n)) = origin.request {
            match live.decided.dedupe.known(client, n) {
                dedupe::Known::New => {}
                dedupe::Known::Done(position) => {
                    // A receipt must be true: where the hash of so old a place is no longer known,
                    // the tail's covers it too.
                    let known = live.hash_at(position.seq).map(|hash| (position, hash));
                    let (position, hash) = known.unwrap_or_else(|| live.tail());
                    return Ok(Answer { position, hash, made: 0 });
                }
                dedupe::Known::Forgotten => return Err(Refusal::AlreadyDone),
            }
        }
        let written =
            live.decide((self.epoch, &mut self.salts), &self.directory.seats, origin, command)?;
        let (position, hash) = live.tail();
        let answer = Answer { position, hash, made: made(&written) };
        let ended = written.iter().find_map(|written| match &written.record.event {
            Event::Lifecycle(lifecycle::Event::Ended { reason }) => Some(*reason),
            _ => None,
        });
        facts.extend(written.into_iter().map(|written| Fact::Session(id, number, written)));
        if let Some(reason) = ended {
            let end = life::Command::EndSession { session: number, reason, tail: position, hash };
            let server = Origin { actor: Actor::Server, request: None, now: origin.now };
            self.decide_life(server, id, end, facts)?;
        }
        Ok(answer)
    }
}

/// The number of what a fact of the site made: an account, a group, a webhook, a key.
fn made_of(event: &site::Event) -> Option<u32> {
    match event {
        site::Event::Accounts(
            accounts::Event::Added { account, .. } | accounts::Event::Known { account, .. },
        ) => Some(account.0),
        site::Event::Groups(groups::Event::Added { group, .. }) => Some(group.0),
        site::Event::Webhooks(webhooks::Event::Added { webhook, .. }) => Some(webhook.0),
        site::Event::Keys(keys::Event::Made { key, .. }) => Some(key.0),
        _ => None,
    }
}

/// The number of the participant or track that facts made.
fn made(written: &[Written<Event>]) -> u32 {
    written
        .iter()
        .find_map(|written| match &written.record.event {
            Event::Roster(roster::Event::Entered { who, .. }) => Some(who.0),
            Event::Track(track::Event::Opened { track, .. }) => Some(track.0),
            _ => None,
        })
        .unwrap_or(0)
}
