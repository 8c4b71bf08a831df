//! The door of the simulated server: a ticket becomes a participant, a way back becomes that one
//! again.

use convoke_engine::session::Missed;
use convoke_engine::{Answer, Ask, ReplyTo, Wish};
use convoke_model::grant::{Grant, Role};
use convoke_model::meeting::Command;
use convoke_model::meeting::roster::{self, Entering, Place};
use convoke_model::policy::{Admit, Question, Verdict};
use convoke_model::view::session::Viewer;
use convoke_model::{Actor, ClientId, MeetingId, ParticipantId, Refusal, SessionNumber};
use convoke_wire::close::Close;
use convoke_wire::entry::{self, Hash};
use convoke_wire::half::server::Input;
use convoke_wire::media;
use convoke_wire::message::{Hello, ReplyResult, Resume, ServerMessage, Snapshot, Welcome};

use super::process::{Key, Process, RESUME_MS, Readers, Seat, Stage};
use super::{Check, Sabotage};

impl Process {
    /// Takes in one message of a client.
    pub(crate) fn hear(&mut self, link: u64, mut bytes: Vec<u8>) -> Check<()> {
        let (now, limits) = (self.now, self.setting.half);
        let Some(connection) = self.connection(link) else { return Ok(()) };
        // Whoever has left or was let go of is not heard any more: a request sent again would be
        // told
        // that the session has ended, though it was carried out before.
        if matches!(connection.stage, Stage::Leaving) || connection.farewell.is_some() {
            return Ok(());
        }
        let seat = connection.seat();
        match connection.half.handle(&mut bytes, now, &limits) {
            Ok(Input::Hello(version, hello)) => self.greet(link, version, &hello),
            Ok(Input::Request { n, command }) => match seat {
                Some(seat) => {
                    if self.sabotage == Some(Sabotage::Twice) {
                        let wish = Wish::Session(seat.key.0, seat.key.1, command.clone());
                        let by = seat.who.into();
                        let again = Ask { reply: ReplyTo::Nobody, by, request: None, wish };
                        self.shard(seat.key.0).submit(again);
                    }
                    let ask = Ask {
                        reply: ReplyTo::Connection(link, n),
                        by: seat.who.into(),
                        request: Some((seat.client, n)),
                        wish: Wish::Session(seat.key.0, seat.key.1, command),
                    };
                    self.shard(seat.key.0).submit(ask);
                }
                None => self.reply(link, n, Refusal::NotAllowed.into()),
            },
            Ok(Input::Refused { n, refusal }) => self.reply(link, n, refusal.into()),
            Ok(Input::TooFast { n }) => self.reply(link, n, Refusal::TooFast.into()),
            Ok(Input::NotAllowed { n }) => self.reply(link, n, Refusal::NotAllowed.into()),
            Ok(Input::Confirm { seq, .. }) => connection.confirmed = connection.confirmed.max(seq),
            Ok(Input::KeyFrame(track)) => {
                if let Some(seat) = seat {
                    self.want_key_frame(seat.key, track);
                }
            }
            Ok(Input::Undecodable(track, decodes)) => {
                if let Some(seat) = seat {
                    self.want_codec(seat.key, track, decodes);
                }
            }
            Ok(Input::Media(mut header, message)) => {
                let Some(seat) = seat else { return Ok(()) };
                let limits = self.setting.limits;
                let shard = self.shard(seat.key.0);
                let Some(live) = shard.session_mut(seat.key.0, seat.key.1) else { return Ok(()) };
                header.arrived = now;
                header.fact_seq = live.durable().0.seq;
                media::stamp(message, now, header.fact_seq);
                let taken = live.lanes.media(seat.who, &header, message, &limits).is_ok();
                let due = live.view.tracks.get(&header.track).is_some_and(|track| {
                    track.owner == seat.who
                        && track.generation == header.generation
                        && !track.paused
                });
                if taken != due {
                    return Err(format!("link {link}: media let through: {taken}, due: {due}"));
                }
            }
            Err(close) => self.violation(link, close),
        }
        Ok(())
    }

    fn greet(&mut self, link: u64, version: u32, hello: &Hello) {
        match (&hello.resume, &hello.ticket) {
            (Some(resume), _) => match MeetingId::new(resume.meeting) {
                Some(meeting) => self.come_back(link, version, meeting, resume),
                None => self.violation(link, Close::Malformed),
            },
            (None, Some(ticket)) => self.come_in(link, ticket),
            (None, None) => self.violation(link, Close::Malformed),
        }
    }

    fn come_in(&mut self, link: u64, ticket: &str) {
        let Some(admission) = self.tickets.remove(ticket) else {
            return self.turn_away(link, Refusal::TicketInvalid);
        };
        let meeting = admission.meeting;
        let open = self.directory.meeting(meeting).and_then(|info| info.open);
        let Some(open) = open else { return self.turn_away(link, Refusal::NotStarted) };
        let decided = self.policies.decide(Question::Admit(Admit {
            meeting,
            role: admission.role,
            account: admission.account,
            credential: admission.credential,
            around: None,
        }));
        let (role, lobby) = match decided.verdict {
            Verdict::Enter(role) => (role, false),
            Verdict::Lobby => (admission.role, true),
            Verdict::Refuse(refusal) => return self.turn_away(link, refusal),
            // The built-in rules say nothing else.
            Verdict::TurnAway { .. }
            | Verdict::Record { .. }
            | Verdict::Authenticate(_)
            | Verdict::Code(_)
            | Verdict::Drawn(_)
            | Verdict::Publish(_)
            | Verdict::Register(_)
            | Verdict::Next => return self.turn_away(link, Refusal::ServerError),
        };
        let client = self.client_id();
        let key = (meeting, open.session);
        let entering = Entering {
            client,
            name: admission.name,
            account: admission.account,
            family: admission.family,
            ticket: admission.number,
            grant: Grant::of(role),
            lobby,
        };
        let Some(connection) = self.connection(link) else { return };
        connection.stage = Stage::Entering { key, client, role };
        let ask = |reply, command| Ask {
            reply,
            by: Actor::Server,
            request: None,
            wish: Wish::Session(key.0, key.1, command),
        };
        let enter = Command::Roster(roster::Command::Enter(entering));
        let shard = self.shard(meeting);
        shard.submit(ask(ReplyTo::Nobody, Command::Policy(Box::new(decided))));
        shard.submit(ask(ReplyTo::Connection(link, 0), enter));
    }

    fn entered(&mut self, link: u64, answer: Result<Answer, Refusal>) {
        let Some(connection) = self.connection(link) else { return };
        let Stage::Entering { key, client, role } = connection.stage else { return };
        let answer = match answer {
            Ok(answer) => answer,
            Err(refusal) => return self.turn_away(link, refusal),
        };
        let seat = Seat { key, who: ParticipantId(answer.made), client, role };
        self.take_seat(link, seat);
        self.welcome(link, seat, 1);
        let live = self.live(key);
        let view = live.map(|live| &live.view);
        if view.is_some_and(|view| view.people.contains_key(&seat.who)) {
            self.go_live(link, seat);
        } else if view.is_some_and(|view| view.lobby.contains_key(&seat.who)) {
            self.say(link, &ServerMessage::Waiting {});
        } else {
            // Came in and went within the same turn: the session ended.
            self.unseat(link);
            self.turn_away(link, Refusal::Ended);
        }
    }

    pub(crate) fn answer(&mut self, reply: ReplyTo, answer: Result<Answer, Refusal>) {
        match reply {
            ReplyTo::Nobody => {}
            ReplyTo::Call(call) => call.give(answer),
            ReplyTo::Connection(link, 0) => self.entered(link, answer),
            ReplyTo::Connection(link, n) => {
                let result = match answer {
                    Ok(answer) => ReplyResult::Accepted(convoke_wire::message::Receipt {
                        epoch: answer.position.epoch,
                        seq: answer.position.seq,
                        hash: answer.hash,
                        durable: true,
                    }),
                    Err(refusal) => refusal.into(),
                };
                self.reply(link, n, result);
            }
        }
    }

    fn come_back(&mut self, link: u64, version: u32, meeting: MeetingId, resume: &Resume) {
        let key = (meeting, SessionNumber(resume.session));
        if secret(key, resume.client) != resume.secret {
            return self.turn_away(link, Refusal::TicketInvalid);
        }
        let Some(live) = self.live(key) else { return self.turn_away(link, Refusal::Ended) };
        let roster = &live.decided.roster;
        let found = roster.by_client(resume.client);
        let Some((who, person)) =
            found.and_then(|who| roster.person(who).map(|person| (who, person)))
        else {
            return self.turn_away(link, Refusal::TicketInvalid);
        };
        let seat = Seat { key, who, client: resume.client, role: person.grant.role };
        let place = person.place;
        if place == Place::Gone {
            return self.turn_away(link, Refusal::Ended);
        }
        let hash: Option<Hash> = resume.hash.as_deref().and_then(|hash| hash.try_into().ok());
        let held = resume.position.zip(hash);
        let missed = held.map(|(position, hash)| live.missed(position, &hash));
        if missed == Some(Missed::Diverged) {
            return self.violation(link, Close::Diverged);
        }
        let durable = live.durable().0.seq;
        self.replace(seat, link);
        if place != Place::Lobby {
            // Also for somebody who is still taken to be here: that the old link is lost may be
            // noted only after this.
            self.wish(key, roster::Command::Reconnect { who });
        }
        self.take_seat(link, seat);
        self.welcome(link, seat, version);
        match (held, missed) {
            _ if place == Place::Lobby => self.say(link, &ServerMessage::Waiting {}),
            (Some((position, hash)), Some(missed)) => {
                self.say(link, &ServerMessage::Resumed { from: position.seq + 1 });
                if let Some(connection) = self.connection(link) {
                    connection.seq = position.seq;
                }
                match missed {
                    // What is for hosts or for one alone is not in the facts lane.
                    Missed::Lane(at) if durable == position.seq => self.follow(link, seat, at),
                    Missed::Lane(_) | Missed::Log | Missed::Diverged => {
                        self.catch_up(link, seat, position.seq + 1, hash);
                    }
                }
            }
            _ => self.go_live(link, seat),
        }
    }

    fn welcome(&mut self, link: u64, seat: Seat, version: u32) {
        let live = self.live(seat.key);
        let requests = live.map_or(0, |live| live.decided.dedupe.highest(seat.client));
        let now = self.now;
        self.say(
            link,
            &ServerMessage::Welcome(Welcome {
                version,
                client: seat.client,
                secret: secret(seat.key, seat.client),
                who: seat.who,
                meeting: seat.key.0.number(),
                session: seat.key.1.0,
                now,
                resume_ms: RESUME_MS,
                requests,
            }),
        );
    }

    /// Sends the session as it is and follows its lanes from there.
    pub(crate) fn go_live(&mut self, link: u64, seat: Seat) {
        let Some(live) = self.live(seat.key) else { return };
        let (position, hash) = live.durable();
        let view = live.view.for_viewer(Viewer::Participant(seat.who, seat.role));
        let at = live.lanes.facts().head();
        self.say(link, &ServerMessage::Snapshot(Snapshot { position, hash: hash.to_vec(), view }));
        if let Some(connection) = self.connection(link) {
            connection.seq = position.seq;
        }
        self.follow(link, seat, at);
    }

    /// Follows the lanes: the facts from `facts_at` on, everything else from its entrance.
    pub(crate) fn follow(&mut self, link: u64, seat: Seat, facts_at: u64) {
        let Some(live) = self.live(seat.key) else { return };
        let lanes = &live.lanes;
        let is_host = seat.role == Role::Host;
        let hosts = is_host.then(|| (lanes.hosts().clone(), lanes.hosts().head()));
        let others = lanes.tracks().iter().filter(|(_, lane)| lane.owner != seat.who);
        let tracks =
            others.map(|(&track, lane)| (track, lane.lane().clone(), lane.entrance())).collect();
        let readers = Readers { facts: lanes.facts().clone(), facts_at, hosts, tracks };
        if let Some(connection) = self.connection(link) {
            connection.stage = Stage::Live(seat, readers);
        }
    }

    pub(crate) fn turn_away(&mut self, link: u64, refusal: Refusal) {
        let close = match refusal {
            Refusal::TicketInvalid => Close::TicketInvalid,
            Refusal::Ended => Close::Ended,
            _ => Close::Refused,
        };
        if let Some(connection) = self.connection(link) {
            connection.bye(close, refusal.code());
        }
    }

    pub(crate) fn reply(&mut self, link: u64, n: u64, result: ReplyResult) {
        if let Some(connection) = self.connection(link) {
            connection.half.answered();
            connection.say(&ServerMessage::Reply { n, result });
        }
    }

    pub(crate) fn say(&mut self, link: u64, said: &ServerMessage) {
        if let Some(connection) = self.connection(link) {
            connection.say(said);
        }
    }
}

/// What proves that a client is the one it was.
pub(crate) fn secret(key: Key, client: ClientId) -> Vec<u8> {
    let told = format!("simulated {} {} {}", key.0, key.1, client);
    entry::payload_digest(told.as_bytes()).to_vec()
}
