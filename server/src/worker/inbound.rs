//! What comes in: bytes to frames to messages to wishes. Hostile input ends its own connection
//! only.

use std::io;

use convoke_engine::{Ask, ReplyTo, Wish};
use convoke_model::meeting::track;
use convoke_model::{Refusal, TrackId};
use convoke_wire::close::Close;
use convoke_wire::frame;
use convoke_wire::half::assembler::Piece;
use convoke_wire::half::server::Input;
use convoke_wire::media::{self, MediaHeader};
use convoke_wire::message::{CONTROL_BYTES_MAX, Receipt, ReplyResult, ServerMessage};

use super::connection::{Connection, OWN_BYTES_MAX, Seat, Stage};
use super::core::Core;
use super::door;

/// Bytes read from one connection before the others have their turn.
const READ_BYTES_MAX: usize = 256 * 1024;
/// No message of a client is larger than this, in however many frames.
const MESSAGE_BYTES_MAX: usize = CONTROL_BYTES_MAX;
const _: () = assert!(MESSAGE_BYTES_MAX >= media::MESSAGE_BYTES_MAX);
/// One buffer serves all connections of a core: what was kept of one, and what a read adds to it.
const SCRATCH_BYTES: usize = 2 * READ_BYTES_MAX + MESSAGE_BYTES_MAX + 64;

/// What reading came to.
enum Read {
    /// There is nothing more now.
    Drained,
    /// There may be more; others first.
    More,
    /// The peer is gone.
    Over,
    /// The connection is no longer here, or waits for a seat: it is not read any further.
    Elsewhere,
}

impl Core {
    /// Reads one connection, within bounds, and carries out what it says.
    pub(super) fn read(&mut self, token: usize) {
        let Some(connection) = self.connection(token) else { return };
        let id = connection.id;
        // The buffer is lent to this connection while its messages are carried out: they lie in it.
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.resize(SCRATCH_BYTES, 0);
        let read = self.receive(token, id, &mut scratch);
        self.scratch = scratch;
        if !self.is_here(token, id) {
            return;
        }
        if self.connection(token).is_some_and(|connection| connection.waiting() > 0) {
            self.queue_flush(token);
        }
        match read {
            // Who waits for a seat is read again with the answer.
            Ok(Read::Elsewhere) => {}
            Ok(Read::Drained) => {
                if let Some(connection) = self.connection(token) {
                    connection.readable = false;
                }
            }
            Ok(Read::More) => self.readable.push_back(token),
            Ok(Read::Over) => self.hang_up(token),
            Err(close) => self.violation(token, close),
        }
    }

    /// Reads what there is and carries out the messages in it, where they lie.
    fn receive(&mut self, token: usize, id: u64, scratch: &mut [u8]) -> Result<Read, Close> {
        let now = self.now;
        let Some(connection) = self.connection(token) else { return Ok(Read::Elsewhere) };
        if connection.is_entering() {
            return Ok(Read::Elsewhere);
        }
        // What came with the upgrade, or was kept, is looked at before the socket.
        let mut kept = connection.partial.len().min(scratch.len());
        scratch[..kept].copy_from_slice(&connection.partial[..kept]);
        connection.partial = Vec::new();
        let (mut fresh, mut drained, mut total) = (kept > 0, false, 0);
        loop {
            if fresh {
                match self.parse(token, id, &mut scratch[..kept])? {
                    Parsed::Rest(at) => {
                        scratch.copy_within(at..kept, 0);
                        kept -= at;
                    }
                    Parsed::Elsewhere => return Ok(Read::Elsewhere),
                    Parsed::Over => return Ok(Read::Over),
                }
            }
            let Some(connection) = self.connection(token) else { return Ok(Read::Elsewhere) };
            if drained || total >= READ_BYTES_MAX {
                connection.keep(&scratch[..kept]);
                return Ok(if drained { Read::Drained } else { Read::More });
            }
            fresh = false;
            match connection.io.read(&mut scratch[kept..kept + READ_BYTES_MAX]) {
                Ok(0) => return Ok(Read::Over),
                Ok(got) => {
                    // A socket that gave less than it could has no more. Something new will be
                    // told, unless it is the end, and that was told already.
                    let short = got < READ_BYTES_MAX && connection.io.is_plain();
                    drained = short && !connection.ending;
                    connection.heard = now;
                    connection.pinged = None;
                    total += got;
                    kept += got;
                    fresh = true;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => drained = true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Ok(Read::Over),
            }
        }
    }

    /// Takes whole frames off the front of `bytes` and carries out their messages.
    fn parse(&mut self, token: usize, id: u64, bytes: &mut [u8]) -> Result<Parsed, Close> {
        let now = self.now;
        let mut at = 0;
        loop {
            let Some(connection) = self.connection(token) else { return Ok(Parsed::Elsewhere) };
            let Some(found) = frame::read(&mut bytes[at..], MESSAGE_BYTES_MAX)? else {
                return Ok(Parsed::Rest(at));
            };
            let payload = at + found.payload..at + found.end;
            at += found.end;
            // A hello may send the connection to another core, or make it wait for a seat: what
            // follows it goes along.
            let is_fresh = connection.is_fresh();
            let piece =
                connection.assembler.push(found, &bytes[payload.clone()], MESSAGE_BYTES_MAX)?;
            let mut whole = match piece {
                Piece::Whole => None,
                Piece::Complete => Some(connection.assembler.take()),
                Piece::More | Piece::Pong => continue,
                Piece::Ping => {
                    connection.ping(&bytes[payload], now)?;
                    continue;
                }
                Piece::Close => return Ok(Parsed::Over),
            };
            if is_fresh {
                connection.keep(&bytes[at..]);
            }
            match &mut whole {
                None => self.message(token, &mut bytes[payload]),
                Some(message) => self.message(token, message),
            }
            if !self.is_here(token, id) {
                return Ok(Parsed::Elsewhere);
            }
            if is_fresh {
                let Some(connection) = self.connection(token) else {
                    return Ok(Parsed::Elsewhere);
                };
                if connection.is_entering() {
                    return Ok(Parsed::Elsewhere);
                }
                connection.partial = Vec::new();
            }
        }
    }

    /// The peer broke the protocol.
    pub(super) fn violation(&mut self, token: usize, close: Close) {
        tracing::debug!(close = close.word(), "a connection broke the protocol");
        self.shared.metrics.closed(close);
        self.detach(token);
        if let Some(connection) = self.connection(token) {
            connection.bye_close(close);
            self.queue_flush(token);
        }
    }

    fn message(&mut self, token: usize, bytes: &mut [u8]) {
        let (now, limits) = (self.now, self.shared.half_limits);
        let full = self.shared.space.is_full();
        let Some(connection) = self.connection(token) else { return };
        // Who is on the way out is not listened to: what it asks again, it asks the next
        // connection.
        if matches!(connection.stage, Stage::Leaving) || connection.farewell.is_some() {
            return;
        }
        let input = match connection.half.handle(bytes, now, &limits) {
            Ok(input) => input,
            Err(close) => return self.violation(token, close),
        };
        match input {
            Input::Hello(version, hello) => self.greet(token, door::Greeting { version, hello }),
            Input::Request { n, .. } if full => {
                self.reply(token, n, Err(Refusal::ReadOnly));
            }
            Input::Request { n, command } => match seat_of(connection) {
                Some(seat) => {
                    let (meeting, session) = seat.session;
                    let ask = Ask {
                        reply: ReplyTo::Connection(connection.id, n),
                        by: seat.who.into(),
                        request: Some((seat.client, n)),
                        wish: Wish::Session(meeting, session, command),
                    };
                    self.shard.submit(ask);
                }
                None => self.reply(token, n, Err(Refusal::NotAllowed)),
            },
            Input::TooFast { n } => self.reply(token, n, Err(Refusal::TooFast)),
            Input::NotAllowed { n } => self.reply(token, n, Err(Refusal::NotAllowed)),
            Input::Refused { n, refusal } => self.reply(token, n, Err(refusal)),
            Input::Confirm { seq, media } => {
                connection.confirmed = connection.confirmed.max(seq);
                connection.media_confirmed = connection.media_confirmed.max(media);
            }
            Input::KeyFrame(track) => {
                if let Some(seat) = self.sees(token, track) {
                    self.want_key_frame(seat.session, track);
                }
            }
            Input::Undecodable(track, decodes) => {
                if let Some(seat) = self.sees(token, track) {
                    self.want_codec(seat.session, track, decodes);
                }
            }
            Input::Media(header, message) => {
                if let Some(seat) = seat_of(connection) {
                    self.media(seat, header, message);
                }
            }
        }
    }

    /// The seat of a connection that is sent this track.
    fn sees(&mut self, token: usize, track: TrackId) -> Option<Seat> {
        let seat = seat_of(self.connection(token)?)?;
        let live = self.shard.session(seat.session.0, seat.session.1)?;
        live.lanes.tracks().get(&track)?.is_for(seat.who).then_some(seat)
    }

    /// Lets a media message into its track's lane, and to the recorder.
    fn media(&mut self, seat: Seat, mut header: MediaHeader, message: &mut [u8]) {
        let (meeting, session) = seat.session;
        let limits = *self.shard.limits();
        let Some(live) = self.shard.session_mut(meeting, session) else { return };
        header.arrived = self.now;
        header.fact_seq = live.durable().0.seq;
        media::stamp(message, header.arrived, header.fact_seq);
        let relayed = live.lanes.media(seat.who, &header, message, &limits);
        let counters = self.shared.metrics.core(self.index);
        let Ok(kind) = relayed else { return counters.media_dropped.add(1) };
        let is_input = kind == track::Kind::RemoteInput;
        let recorded = live.view.recording && (!is_input || live.records_input());
        counters.media_messages.add(1);
        counters.media_bytes.add(message.len() as u64);
        if is_input {
            self.inputs.add(seat, header.track, message.len(), self.now);
        }
        if recorded {
            let waiting = self.media.entry(seat.session).or_default();
            super::recorder::put(waiting, message);
            self.media_since.get_or_insert(self.now);
        }
        self.mark_dirty(seat.session);
    }

    /// Answers a request.
    pub(super) fn reply(&mut self, token: usize, n: u64, result: Result<Receipt, Refusal>) {
        let result = match result {
            Ok(receipt) => ReplyResult::Accepted(receipt),
            Err(refusal) => {
                self.shared.metrics.refused(refusal);
                refusal.into()
            }
        };
        if let Some(connection) = self.connection(token) {
            connection.half.answered();
            connection.answer(&ServerMessage::Reply { n, result });
            if connection.waiting() > OWN_BYTES_MAX {
                self.hang_up(token);
            } else {
                self.queue_flush(token);
            }
        }
    }
}

fn seat_of(connection: &Connection) -> Option<Seat> {
    connection.seat()
}

/// What parsing came to.
enum Parsed {
    /// From here on there is no whole frame.
    Rest(usize),
    /// The connection is no longer here, or waits for a seat.
    Elsewhere,
    /// The peer said goodbye.
    Over,
}
