//! The door: a hello with a ticket becomes a participant, a hello with a way back becomes that one
//! again.

use convoke_engine::directory::OpenSession;
use convoke_engine::session::Missed;
use convoke_engine::{Answer, Ask, ReplyTo, Wish};
use convoke_model::grant::{Grant, Role};
use convoke_model::meeting::Command;
use convoke_model::meeting::roster::{self, Entering, Place};
use convoke_model::policy::admit::Around;
use convoke_model::policy::{Admit, Decided, Question, Verdict};
use convoke_model::privilege::Privilege;
use convoke_model::view::session::Viewer;
use convoke_model::{Actor, MeetingId, ParticipantId, Refusal, SessionNumber};
use convoke_wire::close::Close;
use convoke_wire::entry::Hash;
use convoke_wire::message::{Hello, Resume, ServerMessage, Snapshot, Welcome};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::ToCore;
use super::connection::{Asking, Readers, Seat, SessionKey, Stage, TrackReader};
use super::core::Core;
use crate::entropy;
use crate::tickets::Admission;

/// The first message of a connection, understood.
#[derive(Clone)]
pub(super) struct Greeting {
    /// The version both speak.
    pub(super) version: u32,
    /// What was said.
    pub(super) hello: Hello,
}

impl Core {
    /// Lets somebody in, or back in, or says why not.
    pub(super) fn greet(&mut self, token: usize, greeting: Greeting) {
        if self.stopping {
            return self.farewell(token, Close::GoingAway);
        }
        match &greeting.hello.resume {
            Some(resume) => {
                let Some(meeting) = MeetingId::new(resume.meeting) else {
                    return self.violation(token, Close::Malformed);
                };
                if let Some(mailbox) = self.elsewhere(meeting) {
                    return self.hand_on(token, &mailbox, greeting);
                }
                let resume = resume.clone();
                self.come_back(token, greeting.version, (meeting, &resume));
            }
            None => self.come_in(token, &greeting),
        }
    }

    fn come_in(&mut self, token: usize, greeting: &Greeting) {
        let Some(ticket) = &greeting.hello.ticket else {
            return self.violation(token, Close::Malformed);
        };
        // A ticket is looked at on whichever core its connection came to, and used up on the core
        // that owns its meeting.
        let uptime = self.shared.clock.uptime();
        let Some(meeting) = self.shared.tickets.meeting_of(ticket, uptime) else {
            return self.turn_away(token, Refusal::TicketInvalid);
        };
        if let Some(mailbox) = self.elsewhere(meeting) {
            return self.hand_on(token, &mailbox, greeting.clone());
        }
        let Some(admission) = self.shared.tickets.redeem(ticket, uptime) else {
            return self.turn_away(token, Refusal::TicketInvalid);
        };
        let number = ticket_number(ticket);
        self.enter(token, greeting.version, number, &admission);
    }

    fn enter(&mut self, token: usize, version: u32, ticket: u64, admission: &Admission) {
        if self.shared.space.is_full() {
            return self.turn_away(token, Refusal::ReadOnly);
        }
        let meeting = admission.meeting;
        let open = self.shared.directory.meeting(meeting).and_then(|info| info.open);
        let Some(open) = open else { return self.turn_away(token, Refusal::NotStarted) };
        let session: SessionKey = (meeting, open.session);
        let asked = Admit {
            meeting,
            role: admission.role,
            account: admission.account,
            credential: admission.credential,
            around: None,
        };
        let asking = Asking { session, version, ticket, admission: admission.clone() };
        let scripts = self.shared.scripts.clone().filter(|scripts| scripts.is_set());
        let Some(scripts) = scripts else {
            let decided = self.shared.policies.decide(Question::Admit(asked));
            return self.let_in(token, &asking, decided);
        };
        let around = Some(self.around(&asking, open));
        let Some(connection) = self.connection(token) else { return };
        let id = connection.id;
        connection.stage = Stage::Asking(Box::new(asking));
        let mailbox = self.mailboxes[self.index].clone();
        let then = move |decided| mailbox.send(ToCore::Decided(session, id, Box::new(decided)));
        scripts.ask(Admit { around, ..asked }, Box::new(then));
    }

    /// What scripts are told besides.
    fn around(&self, asking: &Asking, open: OpenSession) -> Around {
        let directory = &self.shared.directory;
        let account = asking.admission.account.and_then(|id| directory.account(id));
        let topic = directory.meeting(asking.session.0).map(|info| info.details.topic);
        Around {
            name: asking.admission.name.as_str().to_owned(),
            email: account.map(|account| account.email.as_str().to_owned()),
            address: asking.admission.from.to_canonical().to_string(),
            topic: topic.map_or_else(String::new, |topic| topic.as_str().to_owned()),
            here: open.here,
            locked: open.locked,
        }
    }

    /// A script has answered. Whoever it was about may have hung up; that it was asked and what it
    /// said is a fact all the same.
    pub(super) fn judged(&mut self, key: SessionKey, id: u64, decided: Decided) {
        let token = self.by_id.get(&id).copied();
        let connection = token.and_then(|token| self.connection(token));
        let stage =
            connection.map(|connection| std::mem::replace(&mut connection.stage, Stage::Fresh));
        match (token, stage) {
            (Some(token), Some(Stage::Asking(asking))) => {
                self.let_in(token, &asking, decided);
                // What was said meanwhile is heard now, unless the engine has to answer first.
                if let Some(connection) = self.connection(token)
                    && !connection.is_entering()
                {
                    connection.readable = true;
                    self.readable.push_back(token);
                }
            }
            (token, stage) => {
                let connection = token.and_then(|token| self.connection(token));
                if let (Some(connection), Some(stage)) = (connection, stage) {
                    connection.stage = stage;
                }
                self.keep_decision(key, decided);
            }
        }
    }

    fn keep_decision(&mut self, key: SessionKey, decided: Decided) {
        let command = Command::Policy(Box::new(decided));
        self.shard.submit(Ask::server(Wish::Session(key.0, key.1, command)));
    }

    fn let_in(&mut self, token: usize, asking: &Asking, decided: Decided) {
        let Asking { session, version, ticket, admission } = asking;
        let (version, ticket) = (*version, *ticket);
        let (session, meeting, number) = (*session, session.0, session.1);
        let verdict = decided.verdict.clone();
        self.keep_decision(session, decided);
        let (role, lobby) = match verdict {
            Verdict::Enter(role) => (role, false),
            Verdict::Lobby => (admission.role, true),
            Verdict::Refuse(refusal) => return self.turn_away(token, refusal),
            Verdict::TurnAway { reason } => return self.turn_away_for(token, reason.as_str()),
            // No verdict of this hook; policies never give one.
            Verdict::Record { .. }
            | Verdict::Authenticate(_)
            | Verdict::Code(_)
            | Verdict::Drawn(_)
            | Verdict::Publish(_)
            | Verdict::Register(_)
            | Verdict::Next => return self.turn_away(token, Refusal::ServerError),
        };
        let client = entropy::client_id();
        let entering = Entering {
            client,
            name: admission.name.clone(),
            account: admission.account,
            family: admission.family,
            ticket,
            grant: self.grant(meeting, role),
            lobby,
        };
        let Some(connection) = self.connection(token) else { return };
        connection.stage = Stage::Entering { session, client, role, version };
        let reply = ReplyTo::Connection(connection.id, 0);
        let server = |reply, command| Ask {
            reply,
            by: Actor::Server,
            request: None,
            wish: Wish::Session(meeting, number, command),
        };
        let enter = Command::Roster(roster::Command::Enter(entering));
        self.shard.submit(server(reply, enter));
    }

    /// What a role may do here: no more than the account of the meeting's owner covers.
    fn grant(&self, meeting: MeetingId, role: Role) -> Grant {
        let owner = self.shared.directory.meeting(meeting).map(|info| info.details.owner);
        let chat = |owner| self.shared.directory.host_may(owner, Privilege::Chat);
        let granted = Grant::of(role);
        Grant { chat: granted.chat && owner.is_none_or(chat), ..granted }
    }

    /// The engine's answer to somebody who came with a ticket; what they said meanwhile is heard
    /// now.
    pub(super) fn entered(&mut self, token: usize, answer: Result<Answer, Refusal>) {
        self.seat(token, answer);
        if let Some(connection) = self.connection(token) {
            connection.readable = true;
            self.readable.push_back(token);
        }
    }

    fn seat(&mut self, token: usize, answer: Result<Answer, Refusal>) {
        let Some(connection) = self.connection(token) else { return };
        let Stage::Entering { session, client, role, version } = connection.stage else { return };
        let answer = match answer {
            Ok(answer) => answer,
            Err(refusal) => return self.turn_away(token, refusal),
        };
        let who = ParticipantId(answer.made);
        let seat = Seat { session, who, client, role };
        if !connection.slot.admit() {
            connection.stage = Stage::Lobby(seat);
            self.take_seat(token, seat);
            return self.violation(token, Close::TooFast);
        }
        connection.stage = Stage::Lobby(seat);
        self.counters().joins.add(1);
        self.take_seat(token, seat);
        self.welcome(token, seat, version);
        if self.is_present(seat) {
            self.go_live(token, seat);
        } else if self.waits(seat) {
            if let Some(connection) = self.connection(token) {
                connection.say(&ServerMessage::Waiting {});
                self.queue_flush(token);
            }
        } else {
            // Came in and was gone again within one turn: the session ended over it.
            self.unseat(token);
            self.turn_away(token, Refusal::Ended);
        }
    }

    fn come_back(&mut self, token: usize, version: u32, (meeting, resume): (MeetingId, &Resume)) {
        let key = (meeting, SessionNumber(resume.session));
        let secret = self.resume_secret(key, resume.client);
        if !bool::from(secret.as_slice().ct_eq(resume.secret.as_slice())) {
            return self.turn_away(token, Refusal::TicketInvalid);
        }
        let Some(live) = self.shard.session(meeting, key.1) else {
            // The secret shows that this server let the client into that session. A log that has
            // never heard of it is an older one.
            return match self.shard.knows(meeting, key.1) {
                true => self.turn_away(token, Refusal::Ended),
                false => self.violation(token, Close::Diverged),
            };
        };
        let roster = &live.decided.roster;
        let found = roster.by_client(resume.client);
        let found = found.and_then(|who| roster.person(who).map(|person| (who, person)));
        let Some((who, person)) = found else {
            return self.turn_away(token, Refusal::TicketInvalid);
        };
        let seat = Seat { session: key, who, client: resume.client, role: person.grant.role };
        let place = person.place;
        match place {
            Place::Gone => return self.turn_away(token, Refusal::Ended),
            Place::Here | Place::Away | Place::Lobby => {}
        }
        let hash: Option<Hash> = resume.hash.as_deref().and_then(|hash| hash.try_into().ok());
        let held = resume.position.zip(hash);
        let missed = held.map(|(position, hash)| live.missed(position, &hash));
        if missed == Some(Missed::Diverged) {
            tracing::warn!(%meeting, client = resume.client.0, "a client holds another history");
            return self.violation(token, Close::Diverged);
        }
        self.replace(seat, token);
        self.counters().resumes.add(1);
        if place != Place::Lobby {
            // The old connection's end may wait in the inbox still; a needless wish does no harm.
            let command = Command::Roster(roster::Command::Reconnect { who });
            self.shard.submit(Ask::server(Wish::Session(key.0, key.1, command)));
        }
        self.take_seat(token, seat);
        self.welcome(token, seat, version);
        let Some(connection) = self.connection(token) else { return };
        // Its own cap counts from here on; one address cannot hold all places.
        if !connection.slot.admit() {
            return self.violation(token, Close::TooFast);
        }
        match (held, missed) {
            _ if place == Place::Lobby => {
                connection.stage = Stage::Lobby(seat);
                connection.say(&ServerMessage::Waiting {});
                self.queue_flush(token);
            }
            (Some((position, hash)), Some(missed)) => {
                connection.say(&ServerMessage::Resumed { from: position.seq + 1 });
                connection.seq = position.seq;
                match missed {
                    // What is for hosts or for one alone is not in the facts lane: whoever missed
                    // some of it reads the log.
                    Missed::Lane(at) if self.nothing_missed(key, position.seq) => {
                        self.follow(token, seat, at);
                    }
                    Missed::Lane(_) | Missed::Log | Missed::Diverged => {
                        let next = position.seq + 1;
                        self.catch_up(token, seat, next, hash);
                    }
                }
            }
            _ => self.go_live(token, seat),
        }
    }

    fn nothing_missed(&self, key: SessionKey, seq: u64) -> bool {
        self.shard.session(key.0, key.1).is_some_and(|live| live.durable().0.seq == seq)
    }

    /// Another connection of the same participant gives way to this one.
    fn replace(&mut self, seat: Seat, by: usize) {
        let seats = self.seats.get(&seat.session);
        let before = seats.and_then(|seats| seats.by_who.get(&seat.who).copied());
        if let Some(before) = before.filter(|&before| before != by) {
            self.unseat(before);
            self.keep_ledger(before, seat);
            if let Some(connection) = self.connection(before) {
                connection.bye_close(Close::TakenOver);
                self.queue_flush(before);
            }
        }
    }

    fn welcome(&mut self, token: usize, seat: Seat, version: u32) {
        let secret = self.resume_secret(seat.session, seat.client);
        let live = self.shard.session(seat.session.0, seat.session.1);
        let requests = live.map_or(0, |live| live.decided.dedupe.highest(seat.client));
        let welcome = Welcome {
            version,
            client: seat.client,
            secret,
            who: seat.who,
            meeting: seat.session.0.number(),
            session: seat.session.1.0,
            now: self.now,
            resume_ms: self.shared.patience.resume_ms,
            requests,
        };
        if let Some(connection) = self.connection(token) {
            connection.say(&ServerMessage::Welcome(welcome));
        }
    }

    /// Sends the session as it is and follows its lanes from there.
    pub(super) fn go_live(&mut self, token: usize, seat: Seat) {
        let Some(live) = self.shard.session(seat.session.0, seat.session.1) else { return };
        let (position, hash) = live.durable();
        let view = live.view.for_viewer(Viewer::Participant(seat.who, seat.role));
        let at = live.lanes.facts().head();
        let snapshot = ServerMessage::Snapshot(Snapshot { position, hash: hash.to_vec(), view });
        if let Some(connection) = self.connection(token) {
            connection.say(&snapshot);
            connection.seq = position.seq;
        }
        self.follow(token, seat, at);
    }

    /// Follows the lanes: the facts from `facts_at` on, everything else from its entrance.
    pub(super) fn follow(&mut self, token: usize, seat: Seat, facts_at: u64) {
        let Some(live) = self.shard.session(seat.session.0, seat.session.1) else { return };
        let lanes = &live.lanes;
        let hosts =
            (seat.role == Role::Host).then(|| (lanes.hosts().clone(), lanes.hosts().head()));
        let mut wanted = Vec::new();
        let mut tracks = Vec::new();
        for (&track, lane) in lanes.tracks().iter().filter(|(_, lane)| lane.is_for(seat.who)) {
            tracks.push(TrackReader::new(track, lane.lane().clone(), lane.entrance(), lane.kind));
            if lane.kind.is_video() && lane.entrance() == lane.lane().head() {
                wanted.push(track);
            }
        }
        let readers = Readers { facts: lanes.facts().clone(), facts_at, hosts, tracks };
        if let Some(connection) = self.connection(token) {
            connection.stage = Stage::Live(seat, readers);
        }
        for track in wanted {
            self.want_key_frame(seat.session, track);
        }
        self.queue_flush(token);
    }

    /// Says why somebody cannot come in, and closes.
    pub(super) fn turn_away(&mut self, token: usize, refusal: Refusal) {
        self.shared.metrics.refused(refusal);
        let close = match refusal {
            Refusal::TicketInvalid => Close::TicketInvalid,
            Refusal::Ended => Close::Ended,
            _ => Close::Refused,
        };
        if let Some(connection) = self.connection(token) {
            connection.bye(close, refusal.code(), refusal.sentence());
            self.queue_flush(token);
        }
    }

    /// The same for a reason of the operator's.
    fn turn_away_for(&mut self, token: usize, reason: &str) {
        self.shared.metrics.refused(Refusal::NotAllowed);
        if let Some(connection) = self.connection(token) {
            connection.bye(Close::Refused, Refusal::NotAllowed.code(), reason);
            self.queue_flush(token);
        }
    }

    pub(super) fn is_present(&self, seat: Seat) -> bool {
        let live = self.shard.session(seat.session.0, seat.session.1);
        live.is_some_and(|live| live.view.people.contains_key(&seat.who))
    }

    fn waits(&self, seat: Seat) -> bool {
        let live = self.shard.session(seat.session.0, seat.session.1);
        live.is_some_and(|live| live.view.lobby.contains_key(&seat.who))
    }

    /// What proves that a client is the one it was: nothing has to be kept for it.
    fn resume_secret(&self, key: SessionKey, client: convoke_model::ClientId) -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.shared.resume_key)
            .expect("HMAC takes keys of any length");
        mac.update(&key.0.number().to_le_bytes());
        mac.update(&key.1.0.to_le_bytes());
        mac.update(&client.0.to_le_bytes());
        mac.finalize().into_bytes().to_vec()
    }
}

/// A ticket's number in the log: tells tickets apart and gives none away.
fn ticket_number(ticket: &str) -> u64 {
    let digest: Hash = Sha256::digest(ticket.as_bytes()).into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}
