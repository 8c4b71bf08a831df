//! What became durable, carried out on the simulated server's connections; catching up; what time
//! brings.

use convoke_engine::catch_up;
use convoke_model::grant::Role;
use convoke_model::meeting::lifecycle::{self, EndReason};
use convoke_model::meeting::recording::{self, Seal};
use convoke_model::meeting::roster::{self, LeaveReason, Place};
use convoke_model::meeting::{Command, Event, track};
use convoke_model::view::session::Viewer;
use convoke_model::{Actor, Audience, Millis, ParticipantId, Record, StreamId, TrackId};
use convoke_wire::close::Close;
use convoke_wire::entry::Hash;
use convoke_wire::frame::Opcode;
use convoke_wire::message::ServerMessage;

use super::process::{EMPTY_MS, Key, Process, RESUME_MS, Read, Seat, Stage};
use super::{Check, Sabotage};

impl Process {
    pub(crate) fn fact(&mut self, key: Key, record: &Record<Event>) {
        match &record.event {
            Event::Roster(roster::Event::Joined { who, .. }) => {
                if let Some((link, seat)) = self.seated(key, *who)
                    && self.connection(link).is_some_and(|c| matches!(c.stage, Stage::Lobby(_)))
                {
                    self.go_live(link, seat);
                }
            }
            Event::Roster(roster::Event::Left { who, reason, .. }) => self.left(key, *who, *reason),
            Event::Roster(roster::Event::Disconnected { who, .. }) => {
                self.away.insert((key, *who), self.now.plus(RESUME_MS));
            }
            Event::Track(event) => self.track(key, record.actor, event),
            Event::Lifecycle(lifecycle::Event::Ended { .. }) => {
                let seal = Seal {
                    file: format!("{}-{}", key.0, key.1),
                    from: 0,
                    to: 1,
                    sha256: [7; 32],
                    first: record.time,
                    last: record.time,
                };
                self.submit(key, Command::Recording(recording::Command::Seal(seal)));
                self.recorded.insert(key);
            }
            _ => {}
        }
    }

    fn left(&mut self, key: Key, who: ParticipantId, reason: LeaveReason) {
        let Some((link, _)) = self.seated(key, who) else { return };
        let close = match reason {
            LeaveReason::Left => Close::Done,
            LeaveReason::Removed | LeaveReason::Denied => Close::Removed,
            LeaveReason::Ended => Close::Ended,
            LeaveReason::Lost | LeaveReason::ServerRestart => Close::Silent,
        };
        self.seats.remove(&(key, who));
        if let Some(connection) = self.connection(link) {
            connection.farewell.get_or_insert(close);
        }
    }

    fn track(&mut self, key: Key, actor: Actor, event: &track::Event) {
        let lane = |process: &Self, track: &TrackId| {
            let live = process.live(key)?;
            live.lanes.tracks().get(track).map(|media| media.lane().clone())
        };
        let opened = match event {
            track::Event::Opened { track, .. } => lane(self, track).map(|lane| (*track, lane)),
            _ => None,
        };
        for connection in self.connections.values_mut() {
            let Stage::Live(seat, readers) = &mut connection.stage else { continue };
            if seat.key != key {
                continue;
            }
            if let track::Event::Closed { track } = event {
                readers.tracks.retain(|(other, ..)| other != track);
            }
            // Who came in with a snapshot that holds the track follows it already.
            if let Some((track, lane)) = &opened
                && Actor::from(seat.who) != actor
                && readers.tracks.iter().all(|(other, ..)| other != track)
            {
                readers.tracks.push((*track, lane.clone(), 0));
            }
        }
    }

    pub(crate) fn personal(&mut self, key: Key, bytes: &[u8], audience: Audience, actor: Actor) {
        let mut people = vec![actor.participant()];
        if let Audience::One(who) = audience {
            people.push(Some(who));
        }
        people.dedup();
        if self.sabotage == Some(Sabotage::WrongEar) {
            people = self.seats.keys().map(|&(_, who)| Some(who)).collect();
        }
        for who in people.into_iter().flatten() {
            let Some((link, seat)) = self.seated(key, who) else { continue };
            if audience == Audience::Hosts && seat.role == Role::Host {
                continue;
            }
            if let Some(connection) = self.connection(link)
                && matches!(connection.stage, Stage::Live(..) | Stage::CatchingUp(_))
            {
                connection.push(Opcode::Binary, bytes);
            }
        }
    }

    pub(crate) fn want_key_frame(&mut self, key: Key, track: TrackId) {
        let (now, limits) = (self.now, self.setting.limits);
        let Some(live) = self.shard(key.0).session_mut(key.0, key.1) else { return };
        let Some(lane) = live.lanes.track_mut(track) else { return };
        let owner = lane.owner;
        if lane.want_key_frame(now, &limits)
            && let Some((link, _)) = self.seated(key, owner)
        {
            self.say(link, &ServerMessage::KeyFrameWanted { track });
        }
    }

    pub(crate) fn want_codec(&mut self, key: Key, track: TrackId, decodes: Vec<String>) {
        let (now, limits) = (self.now, self.setting.limits);
        let Some(live) = self.shard(key.0).session_mut(key.0, key.1) else { return };
        let Some(lane) = live.lanes.track_mut(track) else { return };
        let owner = lane.owner;
        if lane.want_codec(now, &limits)
            && let Some((link, _)) = self.seated(key, owner)
        {
            self.say(link, &ServerMessage::CodecWanted { track, decodes });
        }
    }

    pub(crate) fn seated(&self, key: Key, who: ParticipantId) -> Option<(u64, Seat)> {
        let link = *self.seats.get(&(key, who))?;
        Some((link, self.connections.get(&link)?.seat()?))
    }

    pub(crate) fn take_seat(&mut self, link: u64, seat: Seat) {
        self.seats.insert((seat.key, seat.who), link);
        if let Some(connection) = self.connection(link) {
            connection.stage = Stage::Lobby(seat);
        }
    }

    pub(crate) fn unseat(&mut self, link: u64) -> Option<Seat> {
        let seat = self.connections.get(&link)?.seat()?;
        let place = (seat.key, seat.who);
        if self.seats.get(&place) != Some(&link) {
            return None;
        }
        self.seats.remove(&place);
        Some(seat)
    }

    /// Another connection of the same participant gives way to this one.
    pub(crate) fn replace(&mut self, seat: Seat, by: u64) {
        let before = self.seats.get(&(seat.key, seat.who)).copied();
        if let Some(before) = before.filter(|&before| before != by) {
            self.unseat(before);
            if let Some(connection) = self.connection(before) {
                connection.bye(Close::TakenOver, Close::TakenOver.word());
            }
        }
    }

    fn detach(&mut self, link: u64) {
        if let Some(seat) = self.unseat(link) {
            self.wish(seat.key, roster::Command::Disconnect { who: seat.who });
        }
    }

    pub(crate) fn hang_up(&mut self, link: u64) {
        self.detach(link);
        self.connections.remove(&link);
    }

    pub(crate) fn violation(&mut self, link: u64, close: Close) {
        self.detach(link);
        if let Some(connection) = self.connection(link) {
            connection.bye(close, close.word());
        }
    }

    /// The lanes have moved past this reader.
    pub(crate) fn fall_behind(&mut self, link: u64) {
        let Some(connection) = self.connection(link) else { return };
        let Stage::Live(seat, _) = &connection.stage else { return };
        let (seat, seq) = (*seat, connection.seq.max(connection.confirmed));
        match self.live(seat.key).and_then(|live| live.hash_at(seq)) {
            Some(hash) => self.catch_up(link, seat, seq + 1, hash),
            None => self.violation(link, Close::TooSlow),
        }
    }

    /// Reads the log from `next` on until the lane has what follows.
    pub(crate) fn catch_up(&mut self, link: u64, seat: Seat, next: u64, hash: Hash) {
        let Some(connection) = self.connection(link) else { return };
        connection.stage = Stage::CatchingUp(seat);
        let Some(live) = self.live(seat.key) else {
            return self.violation(link, Close::Ended);
        };
        let to = live.durable().0.seq;
        if next > to {
            let at = live.lanes.facts().head();
            return self.follow(link, seat, at);
        }
        self.reads.push_back(Read { link, seat, next, to, hash });
    }

    /// The log reader does one piece of its work.
    pub(crate) fn read_log(&mut self, bytes_max: usize) -> Check<Option<u64>> {
        let Some(read) = self.reads.pop_front() else { return Ok(None) };
        let Read { link, seat, next, to, hash } = read;
        let viewer = Viewer::Participant(seat.who, seat.role);
        let stream = StreamId::session(seat.key.0, seat.key.1);
        let stretch = catch_up::read(&*self.log, stream, viewer, (next, to), hash, bytes_max);
        let stretch = stretch.map_err(|error| error.to_string())?;
        let Some(connection) = self.connection(link) else { return Ok(Some(link)) };
        if !matches!(connection.stage, Stage::CatchingUp(_)) {
            return Ok(Some(link));
        }
        if stretch.to < next {
            return Err(format!("link {link}: nothing to read from {next} to {to}"));
        }
        connection.own.extend_from_slice(&stretch.frames);
        connection.seq = stretch.to;
        let known = self.live(seat.key).and_then(|live| live.hash_at(stretch.to));
        if known.is_some_and(|known| known != stretch.hash) {
            self.violation(link, Close::Diverged);
        } else {
            self.catch_up(link, seat, stretch.to + 1, stretch.hash);
        }
        Ok(Some(link))
    }

    /// What happens because time passes.
    pub(crate) fn tick(&mut self) {
        if self.restarted.is_some_and(|start| self.now.since(start) >= RESUME_MS) {
            self.restarted = None;
            for shard in &mut self.shards {
                for ask in shard.drop_missing() {
                    // Whoever waits in the lobby again, or came new, is not missing.
                    let here = match &ask.wish {
                        convoke_engine::Wish::Session(
                            meeting,
                            session,
                            Command::Roster(roster::Command::Drop { who, .. }),
                        ) => self.seats.contains_key(&((*meeting, *session), *who)),
                        _ => false,
                    };
                    if !here {
                        shard.submit(ask);
                    }
                }
            }
        }
        if self.restarted.is_none() {
            self.absences();
            self.orphans();
        }
        self.empty_sessions();
        self.forget();
    }

    fn absences(&mut self) {
        let now = self.now;
        let due = self.away.iter().filter(|&(_, &until)| until <= now);
        let due: Vec<_> = due.map(|(&place, _)| place).collect();
        for (key, who) in due {
            self.away.remove(&(key, who));
            let person = self.live(key).and_then(|live| live.decided.roster.person(who));
            if person.is_some_and(|person| person.place == Place::Away) {
                self.wish(key, roster::Command::Drop { who, reason: LeaveReason::Lost, at: None });
            }
        }
    }

    /// Whoever hung up while the door was being asked never got a seat: nobody speaks for them.
    fn orphans(&mut self) {
        let mut orphans = Vec::new();
        for live in self.shards.iter().flat_map(convoke_engine::Shard::sessions) {
            let key = (live.meeting, live.number);
            let entering =
                |stage: &Stage| matches!(stage, Stage::Entering { key: k, .. } if *k == key);
            if self.connections.values().any(|connection| entering(&connection.stage)) {
                continue;
            }
            for (who, person) in live.decided.roster.not_gone() {
                let waits = matches!(person.place, Place::Here | Place::Lobby);
                if waits && self.seated(key, who).is_none() {
                    orphans.push((key, who));
                }
            }
        }
        for (key, who) in orphans {
            self.wish(key, roster::Command::Disconnect { who });
        }
    }

    fn empty_sessions(&mut self) {
        let now = self.now;
        let mut before = std::mem::take(&mut self.empty);
        let mut over = Vec::new();
        for live in self.shards.iter().flat_map(convoke_engine::Shard::sessions) {
            if live.decided.roster.count() > 0 || !live.decided.lifecycle.is_open() {
                continue;
            }
            let key = (live.meeting, live.number);
            let since: Millis = before.remove(&key).unwrap_or(now);
            if now.since(since) >= EMPTY_MS {
                over.push(key);
            } else {
                self.empty.insert(key, since);
            }
        }
        for key in over {
            let close = lifecycle::Command::Close { reason: EndReason::Empty };
            self.submit(key, Command::Lifecycle(close));
        }
    }

    /// Lets go of sessions whose recording is sealed.
    fn forget(&mut self) {
        for key in std::mem::take(&mut self.recorded) {
            let in_flight = !self.shard(key.0).is_idle();
            let seated = self.seats.keys().any(|&(other, _)| other == key);
            if in_flight || seated {
                self.recorded.insert(key);
            } else {
                self.shard(key.0).forget(key.0, key.1);
            }
        }
    }
}
