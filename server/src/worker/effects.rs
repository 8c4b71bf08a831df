//! What became durable, carried out on connections: answers, comings and goings, tracks.

use convoke_engine::{Answer, ReplyTo};
use convoke_model::grant::Role;
use convoke_model::meeting::roster::{self, LeaveReason};
use convoke_model::meeting::{Event, lifecycle, track};
use convoke_model::{Actor, Audience, ParticipantId, Record, Refusal, TrackId};
use convoke_wire::close::Close;
use convoke_wire::entry::Hash;
use convoke_wire::frame::Opcode;
use convoke_wire::message::{Receipt, ServerMessage};

use super::connection::{OWN_BYTES_MAX, Seat, SessionKey, Stage, TrackReader};
use super::core::Core;
use super::ledger::Parting;
use super::log_reader::{CaughtUp, Read};

/// Bytes of the log that are read and queued for one connection at a time.
pub(super) const STRETCH_BYTES: usize = 512 * 1024;

impl Core {
    pub(super) fn answer(&mut self, reply: ReplyTo, answer: Result<Answer, Refusal>) {
        match reply {
            ReplyTo::Nobody => {}
            ReplyTo::Call(call) => call.give(answer),
            ReplyTo::Connection(id, n) => {
                let Some(&token) = self.by_id.get(&id) else {
                    // Whoever asked hung up meanwhile; the timers find a participant without one.
                    return;
                };
                if n == 0 {
                    return self.entered(token, answer);
                }
                let receipt = |answer: Answer| Receipt {
                    epoch: answer.position.epoch,
                    seq: answer.position.seq,
                    hash: answer.hash,
                    durable: true,
                };
                self.reply(token, n, answer.map(receipt));
            }
        }
    }

    /// A fact that concerns connections.
    pub(super) fn fact(&mut self, key: SessionKey, record: &Record<Event>) {
        match &record.event {
            Event::Roster(roster::Event::Joined { who, .. }) => {
                // Who waited in the lobby is in now. Who just came is seated with the answer.
                if let Some((token, seat)) = self.seated(key, *who)
                    && self.connection(token).is_some_and(|c| matches!(c.stage, Stage::Lobby(_)))
                {
                    self.go_live(token, seat);
                }
            }
            Event::Roster(roster::Event::Left { who, reason, .. }) => self.left(key, *who, *reason),
            Event::Roster(roster::Event::Disconnected { who, .. }) => {
                let until = self.now.plus(self.shared.patience.resume_ms);
                // Who was away since the server's start already has a time.
                self.away.entry((key, *who)).or_insert((until, LeaveReason::Lost));
            }
            Event::Roster(roster::Event::Reconnected { who }) => {
                self.away.remove(&(key, *who));
            }
            Event::Track(event) => self.track(key, record.actor, event),
            Event::Lifecycle(lifecycle::Event::Ended { .. }) => {
                let sealed = self.sealed_to(key);
                if let Some(waiting) = self.media.remove(&key) {
                    self.recorder.append(key, sealed, waiting, self.now);
                }
                self.recorder.close(key, sealed);
            }
            Event::Lifecycle(lifecycle::Event::Opened(_))
            | Event::Roster(_)
            | Event::Floor(_)
            | Event::Control(_)
            | Event::Chat(_)
            | Event::Hand(_)
            | Event::Lock(_)
            | Event::Recording(_)
            | Event::Delivery(_)
            | Event::DialIn(_)
            | Event::Policy(_) => {}
        }
    }

    fn left(&mut self, key: SessionKey, who: ParticipantId, reason: LeaveReason) {
        self.away.remove(&(key, who));
        let seated = self.seated(key, who);
        let id = |token: usize| self.connections.get(token)?.as_ref().map(|found| found.id);
        let connection = seated.and_then(|(token, _)| Some((token, id(token)?)));
        self.parting.push(Parting { key, who, connection });
        let Some((token, seat)) = seated else { return };
        let close = match reason {
            LeaveReason::Left => Close::Done,
            LeaveReason::Removed | LeaveReason::Denied => Close::Removed,
            LeaveReason::Ended => Close::Ended,
            LeaveReason::Lost | LeaveReason::ServerRestart => Close::Silent,
        };
        self.unseat(token);
        if let Some(connection) = self.connection(token) {
            connection.parted = Some(seat);
        }
        self.shared.metrics.closed(close);
        self.farewell(token, close);
    }

    fn track(&mut self, key: SessionKey, actor: Actor, event: &track::Event) {
        match event {
            track::Event::Opened { track, kind, .. } => {
                let Some(live) = self.shard.session(key.0, key.1) else { return };
                let Some(media) = live.lanes.tracks().get(track) else { return };
                let (lane, to) = (media.lane().clone(), media.to);
                for token in self.tokens(key) {
                    let Some(connection) = self.connection(token) else { continue };
                    if let Stage::Live(seat, readers) = &mut connection.stage
                        && Actor::from(seat.who) != actor
                        && to.is_none_or(|to| to == seat.who)
                        // Whoever was seated in this very turn follows it already.
                        && readers.tracks.iter().all(|reader| reader.track != *track)
                    {
                        let lane = lane.clone();
                        readers.tracks.push(TrackReader::new(*track, lane, 0, *kind));
                    }
                }
            }
            track::Event::Closed { track } => {
                self.count_input(key, *track);
                for token in self.tokens(key) {
                    let Some(connection) = self.connection(token) else { continue };
                    if let Stage::Live(_, readers) = &mut connection.stage {
                        readers.tracks.retain(|reader| reader.track != *track);
                    }
                }
            }
            track::Event::Paused { .. }
            | track::Event::Resumed { .. }
            | track::Event::Muted { .. }
            | track::Event::Unmuted { .. } => {}
        }
    }

    /// An entry for one participant, and for the one it came from. It goes out before its place
    /// among the facts does.
    pub(super) fn personal(
        &mut self,
        key: SessionKey,
        bytes: &[u8],
        audience: Audience,
        actor: Actor,
    ) {
        let mut people = vec![actor.participant()];
        if let Audience::One(who) = audience {
            people.push(Some(who));
        }
        people.dedup();
        for who in people.into_iter().flatten() {
            let Some((token, seat)) = self.seated(key, who) else { continue };
            // A host has hosts' facts from their own lane.
            if audience == Audience::Hosts && seat.role == Role::Host {
                continue;
            }
            if let Some(connection) = self.connection(token)
                && matches!(connection.stage, Stage::Live(..) | Stage::CatchingUp(_))
            {
                connection.push(Opcode::Binary, bytes);
                if connection.waiting() > OWN_BYTES_MAX {
                    self.hang_up(token);
                } else {
                    self.queue_flush(token);
                }
            }
        }
    }

    /// Somebody cannot go on without a key frame: asks the publisher, merged to one a second.
    pub(super) fn want_key_frame(&mut self, key: SessionKey, track: TrackId) {
        let (now, limits) = (self.now, *self.shard.limits());
        let Some(live) = self.shard.session_mut(key.0, key.1) else { return };
        let Some(lane) = live.lanes.track_mut(track) else { return };
        let owner = lane.owner;
        if lane.want_key_frame(now, &limits) {
            self.ask_key_frame(key, track, owner);
        }
    }

    pub(super) fn ask_key_frame(&mut self, key: SessionKey, track: TrackId, owner: ParticipantId) {
        if let Some((token, _)) = self.seated(key, owner)
            && let Some(connection) = self.connection(token)
        {
            connection.say(&ServerMessage::KeyFrameWanted { track });
            self.queue_flush(token);
        }
    }

    /// Somebody has no decoder for a track: tells the publisher which there are, at most one a
    /// second.
    pub(super) fn want_codec(&mut self, key: SessionKey, track: TrackId, decodes: Vec<String>) {
        let (now, limits) = (self.now, *self.shard.limits());
        let Some(live) = self.shard.session_mut(key.0, key.1) else { return };
        let Some(lane) = live.lanes.track_mut(track) else { return };
        let owner = lane.owner;
        if lane.want_codec(now, &limits)
            && let Some((token, _)) = self.seated(key, owner)
            && let Some(connection) = self.connection(token)
        {
            connection.say(&ServerMessage::CodecWanted { track, decodes });
            self.queue_flush(token);
        }
    }

    /// The connection of a participant.
    pub(super) fn seated(&self, key: SessionKey, who: ParticipantId) -> Option<(usize, Seat)> {
        let token = *self.seats.get(&key)?.by_who.get(&who)?;
        let seat = self.connections.get(token)?.as_ref()?.seat()?;
        Some((token, seat))
    }

    pub(super) fn take_seat(&mut self, token: usize, seat: Seat) {
        let seats = self.seats.entry(seat.session).or_default();
        seats.by_who.insert(seat.who, token);
        seats.connections.insert(token);
        if let Some(connection) = self.connection(token)
            && connection.seat().is_none()
        {
            connection.stage = Stage::Lobby(seat);
        }
    }

    /// Forgets that a connection speaks for a participant.
    pub(super) fn unseat(&mut self, token: usize) -> Option<Seat> {
        let seat = self.connections.get(token)?.as_ref()?.seat()?;
        let seats = self.seats.get_mut(&seat.session)?;
        if seats.by_who.get(&seat.who) != Some(&token) {
            return None;
        }
        seats.by_who.remove(&seat.who);
        seats.connections.remove(&token);
        if seats.connections.is_empty() {
            self.seats.remove(&seat.session);
        }
        Some(seat)
    }

    /// A connection no longer speaks for its participant, who may come back.
    pub(super) fn detach(&mut self, token: usize) {
        let Some(seat) = self.unseat(token) else { return };
        self.keep_ledger(token, seat);
        let command = roster::Command::Disconnect { who: seat.who };
        self.wish(seat.session, command);
    }

    /// The socket is over.
    pub(super) fn hang_up(&mut self, token: usize) {
        self.detach(token);
        drop(self.release(token));
    }

    pub(super) fn wish(&mut self, key: SessionKey, command: roster::Command) {
        let command = convoke_model::meeting::Command::Roster(command);
        let wish = convoke_engine::Wish::Session(key.0, key.1, command);
        self.shard.submit(convoke_engine::Ask::server(wish));
    }

    pub(super) fn tokens(&self, key: SessionKey) -> Vec<usize> {
        let seats = self.seats.get(&key);
        seats.map(|seats| seats.connections.iter().copied().collect()).unwrap_or_default()
    }

    /// The facts lane has moved past this reader.
    pub(super) fn fall_behind(&mut self, token: usize) {
        let Some(connection) = self.connection(token) else { return };
        let Stage::Live(seat, readers) = &connection.stage else { return };
        let (seat, at) = (*seat, readers.facts_at);
        let known = connection.seq.max(connection.confirmed);
        let live = self.shard.session(seat.session.0, seat.session.1);
        let handed = live.and_then(|live| live.seq_before(at)).unwrap_or_default();
        let seq = known.max(handed);
        match live.and_then(|live| live.hash_at(seq)) {
            Some(hash) => {
                self.counters().catch_ups.add(1);
                if let Some(connection) = self.connection(token) {
                    connection.catch_ups += 1;
                    connection.seq = seq;
                }
                self.catch_up(token, seat, seq + 1, hash);
            }
            None => self.violation(token, Close::TooSlow),
        }
    }

    /// Reads the log from `next` on until the lane has what follows.
    pub(super) fn catch_up(&mut self, token: usize, seat: Seat, next: u64, hash: Hash) {
        let id = match self.connection(token) {
            Some(connection) => {
                connection.stage = Stage::CatchingUp(seat);
                connection.id
            }
            None => return,
        };
        let Some(live) = self.shard.session(seat.session.0, seat.session.1) else {
            return self.violation(token, Close::Ended);
        };
        let to = live.durable().0.seq;
        if next > to {
            let at = live.lanes.facts().head();
            return self.follow(token, seat, at);
        }
        let (core, session) = (self.index, seat.session);
        let (who, role) = (seat.who, seat.role);
        self.readers.ask(Read { core, id, session, who, role, next, to, hash });
    }

    /// A stretch of the log came.
    pub(super) fn caught_up(&mut self, caught_up: CaughtUp) {
        let Some(&token) = self.by_id.get(&caught_up.id) else { return };
        let Some(connection) = self.connection(token) else { return };
        let Stage::CatchingUp(seat) = connection.stage else { return };
        let stretch = match caught_up.stretch {
            Ok(stretch) => stretch,
            Err(error) => {
                tracing::error!(%error, "the log could not be read for a client");
                return self.violation(token, Close::TooSlow);
            }
        };
        if stretch.to == 0 {
            let stream = super::stream_of(seat.session);
            tracing::error!(%stream, "the log lacks what it promised");
            return self.violation(token, Close::TooSlow);
        }
        connection.own.extend_from_slice(&stretch.frames);
        connection.seq = stretch.to;
        let live = self.shard.session(seat.session.0, seat.session.1);
        let known = live.and_then(|live| live.hash_at(stretch.to));
        if known.is_some_and(|known| known != stretch.hash) {
            tracing::warn!("a client that came back holds another history");
            return self.violation(token, Close::Diverged);
        }
        self.queue_flush(token);
        self.catch_up(token, seat, stretch.to + 1, stretch.hash);
    }
}
