//! One person's connection: from the first byte of the upgrade to the last message.

use std::io::ErrorKind;

use convoke_model::ParticipantId;
use convoke_model::StreamId;
use convoke_model::meeting::{Command, floor, lifecycle};
use convoke_wire::frame::Opcode;
use convoke_wire::half::ClientHalf;
use convoke_wire::half::client::Output;
use convoke_wire::media;
use convoke_wire::message::{self, ClientMessage, ServerMessage};

use crate::acting::Acting;
use crate::clock::{Clock, Micros};
use crate::control::{Control, Phase};
use crate::follower::Follower;
use crate::measure::Totals;
use crate::plan::Plan;
use crate::publisher::{Desk, Publisher, Window};
use crate::scenario::role::Medium;
use crate::slow::Trickle;
use crate::socket::Socket;
use crate::tickets::{Cast, Seat};
use crate::websocket::{Incoming, read_frame, read_upgrade, write_frame};

/// Reads in one turn, so that one busy connection does not starve the others.
const READS_MAX: usize = 8;

/// How far somebody has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Connecting, handshaking, asking for the upgrade.
    Upgrading,
    /// Said hello.
    Greeting,
    /// Has the session and follows it.
    Live,
    /// Lost the connection, and will come back.
    Away,
}

/// Whether more may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    Nothing,
    /// At once.
    Perhaps,
    /// Then: this person reads slowly.
    Later(Micros),
}

#[derive(Debug)]
pub(crate) struct Connection {
    /// `None` while away.
    pub(crate) socket: Option<Socket>,
    pub(crate) state: State,
    pub(crate) seat: Seat,
    /// When they wanted to be let in, and when they lost their connection.
    pub(crate) began: Micros,
    pub(crate) lost: Option<Micros>,
    /// Whether they were ever live, and whether they are counted among those who are.
    pub(crate) came: bool,
    pub(crate) counted: bool,
    /// Whether the server says that they may come back, or that they may not.
    pub(crate) may_return: bool,
    pub(crate) refused: bool,
    /// How often they tried to come back.
    pub(crate) tries: u32,
    /// When they read on.
    reads_at: Micros,
    cast: Cast,
    who: ParticipantId,
    /// Speaks for those who act or come back; the others drop it once they follow.
    half: Option<Box<ClientHalf>>,
    pub(crate) follower: Option<Follower>,
    acting: Option<Box<Acting>>,
    trickle: Option<Trickle>,
    /// Whether a host has passed the floor on.
    passed: bool,
    /// Bytes of media frames that came over this line, their headers included.
    media: u64,
    /// A frame that has come only in part.
    partial: Vec<u8>,
    out: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(
        socket: Socket,
        upgrade: Vec<u8>,
        half: ClientHalf,
        (seat, cast, began): (Seat, Cast, Micros),
        plan: &Plan,
    ) -> Self {
        let role = &plan.roles[seat.role];
        Self {
            socket: Some(socket),
            state: State::Upgrading,
            seat,
            began,
            lost: None,
            came: false,
            counted: false,
            may_return: false,
            refused: false,
            tries: 0,
            reads_at: 0,
            cast,
            who: ParticipantId(0),
            half: Some(Box::new(half)),
            follower: None,
            acting: Acting::of(seat, cast, plan).map(Box::new),
            trickle: role.reads.map(Trickle::new),
            passed: false,
            media: 0,
            partial: Vec::new(),
            out: upgrade,
        }
    }

    /// The line is cut: what was under way is lost, and what is known stays.
    pub(crate) fn cut(&mut self, now: Micros) {
        self.socket = None;
        self.state = State::Away;
        self.lost.get_or_insert(now);
        self.may_return = false;
        self.partial = Vec::new();
        self.media = 0;
        self.out.clear();
    }

    /// Comes back over a new line.
    pub(crate) fn come_back(&mut self, socket: Socket, upgrade: Vec<u8>) {
        self.socket = Some(socket);
        self.state = State::Upgrading;
        self.out = upgrade;
    }

    /// Notes when they read on; false when that is known already.
    pub(crate) fn waits(&mut self, until: Micros) -> bool {
        std::mem::replace(&mut self.reads_at, until) != until
    }

    /// From now on they read all there is.
    pub(crate) fn hurry(&mut self) {
        self.trickle = None;
    }

    /// Sends and takes in what can be. An error ends the connection.
    pub(crate) fn turn(
        &mut self,
        clock: Clock,
        scratch: &mut [u8],
        desk: &mut Desk<'_>,
    ) -> Result<Rest, String> {
        self.flush()?;
        for _ in 0..READS_MAX {
            let mut room = &mut scratch[..];
            // Coming in is not what is slow.
            if let (Some(trickle), State::Live) = (&mut self.trickle, self.state) {
                match trickle.room(clock.now()) {
                    Ok(bytes) => room = &mut room[..bytes],
                    Err(later) => return Ok(Rest::Later(later)),
                }
            }
            let Some(socket) = &mut self.socket else { return Ok(Rest::Nothing) };
            match socket.read(room) {
                Ok(0) => return Err("the server closed the connection".into()),
                Ok(read) => {
                    let now = clock.now();
                    if let Some(trickle) = &mut self.trickle {
                        trickle.took(read, now);
                    }
                    self.take(&scratch[..read], now, desk)?;
                    self.flush()?;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Rest::Nothing),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(format!("the connection broke: {error}")),
            }
        }
        Ok(Rest::Perhaps)
    }

    /// Sends what waits, as far as the connection takes it.
    pub(crate) fn flush(&mut self) -> Result<(), String> {
        let Some(socket) = &mut self.socket else { return Ok(()) };
        let mut sent = 0;
        let result = loop {
            let written = match &self.out[sent..] {
                [] => socket.flush().map(|()| 0),
                waiting => socket.write(waiting),
            };
            match written {
                Ok(0) => break Ok(()),
                Ok(written) => sent += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break Ok(()),
                // Still connecting.
                Err(error) if error.kind() == ErrorKind::NotConnected => break Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break Err(format!("the connection broke: {error}")),
            }
        };
        self.out.drain(..sent);
        result
    }

    fn take(&mut self, bytes: &[u8], now: Micros, desk: &mut Desk<'_>) -> Result<(), String> {
        if self.partial.is_empty() {
            let used = self.take_whole(bytes, now, desk)?;
            self.partial.extend_from_slice(&bytes[used..]);
            return Ok(());
        }
        let mut partial = std::mem::take(&mut self.partial);
        partial.extend_from_slice(bytes);
        let used = self.take_whole(&partial, now, desk)?;
        // Idle connections keep no memory.
        if used < partial.len() {
            partial.drain(..used);
            self.partial = partial;
        }
        Ok(())
    }

    /// Takes in whole frames and tells how many bytes they had.
    fn take_whole(
        &mut self,
        bytes: &[u8],
        now: Micros,
        desk: &mut Desk<'_>,
    ) -> Result<usize, String> {
        let mut used = 0;
        if self.state == State::Upgrading {
            let Some(answer) = read_upgrade(bytes)? else { return Ok(0) };
            used = answer;
            self.state = State::Greeting;
            let hello = self.half.as_ref().map(|half| half.hello()).unwrap_or_default();
            self.say(&hello, desk);
        }
        while let Some(Incoming { opcode, payload, len }) = read_frame(&bytes[used..])? {
            used += len;
            match opcode {
                Opcode::Binary => {
                    if payload.first() == Some(&media::KIND) {
                        self.media += len as u64;
                    }
                    self.message(payload, now, desk)?;
                }
                Opcode::Ping => {
                    write_frame(Opcode::Pong, &[payload], desk.masks.next(), &mut self.out)
                }
                Opcode::Close => {
                    self.may_return = payload
                        .first_chunk()
                        .is_none_or(|code| RETRY.contains(&u16::from_be_bytes(*code)));
                    return Err(closed(payload));
                }
                Opcode::Pong | Opcode::Continuation => {}
            }
        }
        Ok(used)
    }

    fn message(&mut self, bytes: &[u8], now: Micros, desk: &mut Desk<'_>) -> Result<(), String> {
        let control = bytes.first() == Some(&message::KIND);
        if !control && let Some(follower) = &mut self.follower {
            follower.take(bytes, now, desk.plan, desk.totals)?;
        }
        let Some(half) = &mut self.half else {
            return if control { farewell(bytes) } else { Ok(()) };
        };
        if control && let Some(ServerMessage::Welcome(welcome)) = message::from_bytes(bytes) {
            self.who = welcome.who;
            let (meeting, session) = (welcome.meeting, welcome.session);
            desk.control.know(StreamId { meeting, session });
            if let Some(acting) = &mut self.acting {
                acting.welcome(welcome.client, welcome.who);
            }
        }
        let output = half.handle(bytes).map_err(|broken| {
            // Coming back would hide it.
            self.refused = true;
            format!("the server broke the protocol ({broken:?})")
        })?;
        match (output, &mut self.acting) {
            (Some(Output::Snapshot(_)), _) => self.follow(desk),
            (Some(Output::Resumed), _) => self.resumed(desk),
            (Some(Output::Waiting), _) => {
                return Err("somebody was sent to the lobby: tickets must let people in".into());
            }
            (Some(Output::Bye(code, reason, sentence)), _) => {
                self.may_return = RETRY.contains(&code);
                self.refused = !self.may_return;
                return Err(format!("the server hung up: {sentence} ({code} {reason})"));
            }
            (Some(Output::Fact(fact)), Some(acting)) => {
                if let Some(wish) = acting.fact(&fact, half, desk.totals) {
                    self.say(&wish, desk);
                }
            }
            (Some(Output::Withheld(_)), Some(acting)) => {
                acting.receipts.remember(half, desk.totals);
            }
            (Some(Output::Reply(n, result)), Some(acting)) => {
                if acting.reply(n, result, now, half, desk)? {
                    self.open(desk);
                }
            }
            (Some(Output::KeyFrameWanted(track)), Some(acting)) => acting.key_frame_wanted(track),
            // A fixed rate is the point of the test, so a wish for less is not granted.
            (_, _) => {}
        }
        Ok(())
    }

    /// The session is here: from now on every fact and message counts.
    fn follow(&mut self, desk: &mut Desk<'_>) {
        let seq = self.half.as_ref().map_or(0, |half| half.position().seq);
        let role = &desk.plan.roles[self.seat.role];
        match &mut self.follower {
            // A second snapshot replaces facts, not what was received.
            Some(follower) => follower.seq = seq,
            None => {
                let acting = self.acting.as_ref();
                let mut barred = acting.map(|acting| acting.own_media()).unwrap_or_default();
                // Remote input is for the one whose screen it is.
                barred.extend(self.cast.input.filter(|_| !role.publishes(Medium::SCREEN)));
                let mut follower = Follower::new(seq, self.cast, barred, (self.seat.role, role));
                if !role.is_steady() || desk.control.phase() >= Phase::Publish {
                    follower.begins(desk.control);
                }
                self.follower = Some(follower);
            }
        }
        self.state = State::Live;
        if !self.seat.host && self.acting.is_none() && !role.resumes() {
            self.half = None;
        }
    }

    /// Back in the session, where it was left.
    fn resumed(&mut self, desk: &mut Desk<'_>) {
        if let Some(follower) = &mut self.follower {
            follower.resumed();
        }
        self.state = State::Live;
        let again = self.half.as_ref().map(|half| half.repeat()).unwrap_or_default();
        for request in again {
            self.say(&request, desk);
        }
    }

    fn say(&mut self, bytes: &[u8], desk: &mut Desk<'_>) {
        write_frame(Opcode::Binary, &[bytes], desk.masks.next(), &mut self.out);
    }

    /// Tells the server what arrived.
    pub(crate) fn confirm(&mut self, desk: &mut Desk<'_>) {
        if let (Some(follower), State::Live) = (&self.follower, self.state) {
            let seq = follower.seq;
            self.say(&message::to_bytes(&ClientMessage::Confirm { seq, media: self.media }), desk);
        }
    }

    /// Whoever publishes media opens the tracks.
    pub(crate) fn open(&mut self, desk: &mut Desk<'_>) {
        let (Some(half), Some(acting)) = (&mut self.half, &mut self.acting) else { return };
        if acting.needs_floor() && !self.seat.host {
            desk.control.want_floor(self.seat.session, self.who);
        }
        for wish in acting.open(half) {
            self.say(&wish, desk);
        }
    }

    /// A host passes the floor to whoever needs it for a screen, once.
    pub(crate) fn pass_floor(&mut self, desk: &mut Desk<'_>) {
        let wanted = desk.control.wanted_floor(self.seat.session);
        let (Some(to), Some(half), false) = (wanted, &mut self.half, self.passed) else { return };
        let (_, give) = half.request(Command::Floor(floor::Command::Give { to }));
        self.passed = true;
        self.say(&give, desk);
    }

    /// A publisher sends what is due; true when it waits for nothing but time.
    pub(crate) fn pump(
        &mut self,
        voice: usize,
        now: Micros,
        window: Window,
        desk: &mut Desk<'_>,
    ) -> bool {
        let (Some(half), Some(acting)) = (&mut self.half, &mut self.acting) else { return true };
        // What is said now goes when the line is back.
        if self.state != State::Live {
            return false;
        }
        acting.pump(voice, (now, window), desk, (half, &mut self.out))
    }

    pub(crate) fn publishers(&self) -> &[Publisher] {
        self.acting.as_ref().map(|acting| acting.publishers()).unwrap_or_default()
    }

    /// Publishers that were answered since the last call, and have something to send some time.
    pub(crate) fn answered(&mut self) -> Vec<usize> {
        self.acting.as_mut().map(|acting| acting.answered()).unwrap_or_default()
    }

    /// Counts what came to this person.
    pub(crate) fn settle(&self, control: &Control, totals: &mut Totals) {
        if let Some(follower) = &self.follower {
            follower.settle(control, totals);
        }
    }

    /// Says goodbye; a host ends the session first.
    pub(crate) fn leave(&mut self, desk: &mut Desk<'_>) {
        if self.seat.host
            && let Some(half) = &mut self.half
        {
            let (_, end) = half.request(Command::Lifecycle(lifecycle::Command::End {}));
            self.say(&end, desk);
        }
        let done = 1000u16.to_be_bytes();
        write_frame(Opcode::Close, &[&done], desk.masks.next(), &mut self.out);
        // Whoever cannot be told now will notice.
        let _ = self.flush();
    }
}

/// Close codes after which one may come back (docs/PROTOCOL.md, section 11).
const RETRY: [u16; 4] = [1001, 4408, 4429, 4430];

fn closed(payload: &[u8]) -> String {
    match payload.split_first_chunk() {
        Some((code, reason)) => {
            let reason = String::from_utf8_lossy(reason);
            format!("the server hung up: {} {reason}", u16::from_be_bytes(*code))
        }
        None => "the server hung up without a reason".into(),
    }
}

/// What those who only follow need of control messages: why the server hangs up.
fn farewell(bytes: &[u8]) -> Result<(), String> {
    match message::from_bytes(bytes) {
        Some(ServerMessage::Bye { code, reason, sentence }) => {
            Err(format!("the server hung up: {sentence} ({code} {reason})"))
        }
        Some(_) => Ok(()),
        None => Err("the server sent a control message that cannot be read".into()),
    }
}
