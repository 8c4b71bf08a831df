//! One person's connection: from the first byte of the upgrade to the last message.

use std::io::ErrorKind;

use convoke_model::meeting::{Command, lifecycle};
use convoke_wire::frame::Opcode;
use convoke_wire::half::ClientHalf;
use convoke_wire::half::client::Output;
use convoke_wire::message::{self, ClientMessage, ServerMessage};

use crate::clock::{Clock, Micros};
use crate::control::Control;
use crate::follower::Follower;
use crate::measure::Totals;
use crate::publisher::{Desk, Publisher, Window};
use crate::socket::Socket;
use crate::tickets::{Cast, Part};
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
}

/// Whether more may be read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    Nothing,
    Perhaps,
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) socket: Socket,
    pub(crate) state: State,
    pub(crate) part: Part,
    cast: Cast,
    /// Speaks for those who act; the others drop it once they follow.
    half: Option<Box<ClientHalf>>,
    follower: Option<Follower>,
    publisher: Option<Box<Publisher>>,
    /// A frame that has come only in part.
    partial: Vec<u8>,
    out: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(
        socket: Socket,
        upgrade: Vec<u8>,
        half: ClientHalf,
        who: (Part, Cast, u64),
    ) -> Self {
        let (part, cast, receivers) = who;
        let publisher = match part {
            Part::Publisher(number) => Some(Box::new(Publisher::new(number, receivers))),
            Part::Host | Part::Attendee => None,
        };
        Self {
            socket,
            state: State::Upgrading,
            part,
            cast,
            half: Some(Box::new(half)),
            follower: None,
            publisher,
            partial: Vec::new(),
            out: upgrade,
        }
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
            match self.socket.read(scratch) {
                Ok(0) => return Err("the server closed the connection".into()),
                Ok(read) => {
                    self.take(&scratch[..read], clock.now(), desk)?;
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
        let mut sent = 0;
        let result = loop {
            let written = match &self.out[sent..] {
                [] => self.socket.flush().map(|()| 0),
                waiting => self.socket.write(waiting),
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
                Opcode::Binary => self.message(payload, now, desk)?,
                Opcode::Ping => {
                    write_frame(Opcode::Pong, &[payload], desk.masks.next(), &mut self.out)
                }
                Opcode::Close => return Err(closed(payload)),
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
        if let (true, Some(publisher)) = (control, &mut self.publisher)
            && let Some(ServerMessage::Welcome(welcome)) = message::from_bytes(bytes)
        {
            publisher.welcome(welcome.client);
        }
        let output = half
            .handle(bytes)
            .map_err(|broken| format!("the server broke the protocol ({broken:?})"))?;
        match (output, &mut self.publisher) {
            (Some(Output::Snapshot(_)), _) => self.follow(),
            (Some(Output::Waiting), _) => {
                return Err("somebody was sent to the lobby: tickets must let people in".into());
            }
            (Some(Output::Bye(code, reason, sentence)), _) => {
                return Err(format!("the server hung up: {sentence} ({code} {reason})"));
            }
            (Some(Output::Fact(fact)), Some(publisher)) => publisher.fact(&fact, half, desk.totals),
            (Some(Output::Withheld(_)), Some(publisher)) => publisher.remember(half, desk.totals),
            (Some(Output::Reply(n, result)), Some(publisher)) => {
                publisher.reply(n, result, half, desk)?;
            }
            (Some(Output::KeyFrameWanted(_)), Some(publisher)) => publisher.key_frame_wanted(),
            // A fixed rate is the point of the test, so a wish for less is not granted.
            (_, _) => {}
        }
        Ok(())
    }

    /// The session is here: from now on every fact and message counts.
    fn follow(&mut self) {
        let seq = self.half.as_ref().map_or(0, |half| half.position().seq);
        let own = match self.part {
            Part::Publisher(number) => Some(number),
            Part::Host | Part::Attendee => None,
        };
        match &mut self.follower {
            // A second snapshot replaces facts, not what was received.
            Some(follower) => follower.seq = seq,
            None => self.follower = Some(Follower::new(seq, self.cast, own)),
        }
        self.state = State::Live;
        if self.part == Part::Attendee {
            self.half = None;
        }
    }

    fn say(&mut self, bytes: &[u8], desk: &mut Desk<'_>) {
        write_frame(Opcode::Binary, &[bytes], desk.masks.next(), &mut self.out);
    }

    /// Tells the server what arrived.
    pub(crate) fn confirm(&mut self, desk: &mut Desk<'_>) {
        if let Some(follower) = &self.follower {
            let seq = follower.seq;
            self.say(&message::to_bytes(&ClientMessage::Confirm { seq, media: 0 }), desk);
        }
    }

    /// A publisher of media opens its track.
    pub(crate) fn open(&mut self, desk: &mut Desk<'_>) {
        let (Some(half), Some(publisher)) = (&mut self.half, &mut self.publisher) else { return };
        if let Some(bytes) = publisher.open(half) {
            self.say(&bytes, desk);
        }
    }

    /// A publisher sends what is due; true when it waits for nothing but time.
    pub(crate) fn pump(&mut self, now: Micros, window: Window, desk: &mut Desk<'_>) -> bool {
        let (Some(half), Some(publisher)) = (&mut self.half, &mut self.publisher) else {
            return true;
        };
        publisher.pump(now, window, desk, half, &mut self.out)
    }

    pub(crate) fn publisher(&self) -> Option<&Publisher> {
        self.publisher.as_deref()
    }

    /// Counts what this person missed for good.
    pub(crate) fn settle(&self, control: &Control, totals: &mut Totals) {
        if let Some(follower) = &self.follower {
            totals.gaps += follower.gaps(&control.refused());
        }
    }

    /// Says goodbye; a host ends the session first.
    pub(crate) fn leave(&mut self, desk: &mut Desk<'_>) {
        if self.part == Part::Host
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
