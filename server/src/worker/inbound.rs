//! What comes in: bytes to frames to messages to wishes. Hostile input ends its own connection
//! only.

use std::io;

use convoke_engine::{Ask, ReplyTo, Wish};
use convoke_model::Refusal;
use convoke_wire::close::Close;
use convoke_wire::frame;
use convoke_wire::half::assembler::Piece;
use convoke_wire::half::server::Input;
use convoke_wire::media::{self, MediaHeader};
use convoke_wire::message::{CONTROL_BYTES_MAX, ReplyResult, ServerMessage};

use super::connection::{Connection, OWN_BYTES_MAX, Seat, Stage};
use super::core::Core;
use super::door;

/// Bytes read from one connection before the others have their turn.
const READ_BYTES_MAX: usize = 256 * 1024;
/// Bytes read by one call.
const SCRATCH_BYTES: usize = 64 * 1024;
/// No message of a client is larger than this, in however many frames.
const MESSAGE_BYTES_MAX: usize = CONTROL_BYTES_MAX;
const _: () = assert!(MESSAGE_BYTES_MAX >= media::MESSAGE_BYTES_MAX);

/// What reading came to.
enum Read {
    /// There is nothing more now.
    Drained,
    /// There may be more; others first.
    More,
    /// The peer is gone.
    Over,
}

impl Core {
    /// Reads one connection, within bounds, and carries out what it says.
    pub(super) fn read(&mut self, token: usize) {
        // The connection is taken out while its messages are carried out: they may concern others.
        let Some(mut connection) = self.connections.get_mut(token).and_then(Option::take) else {
            return;
        };
        let id = connection.id;
        // Who waits for a seat with something to say is not read any further.
        let full = connection.is_entering() && !connection.pending.is_empty();
        let read = if full { Ok(Read::Drained) } else { receive(&mut connection, self.now) };
        self.connections[token] = Some(connection);
        // A message may move the connection to another core, with what is pending, or end it.
        while self.by_id.get(&id) == Some(&token) {
            let Some(connection) = self.connection(token) else { return };
            if connection.is_entering() {
                break;
            }
            let Some(message) = connection.pending.pop_front() else { break };
            self.message(token, message);
        }
        if self.by_id.get(&id) != Some(&token) {
            return;
        }
        if self.connection(token).is_some_and(|connection| connection.waiting() > 0) {
            self.queue_flush(token);
        }
        match read {
            Ok(Read::Drained) if full => {}
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

    /// The peer broke the protocol.
    pub(super) fn violation(&mut self, token: usize, close: Close) {
        tracing::debug!(close = close.word(), "a connection broke the protocol");
        self.detach(token);
        if let Some(connection) = self.connection(token) {
            connection.bye_close(close);
            self.queue_flush(token);
        }
    }

    fn message(&mut self, token: usize, mut bytes: Vec<u8>) {
        let (now, limits) = (self.now, self.shared.half_limits);
        let full = self.shared.space.is_full();
        let Some(connection) = self.connection(token) else { return };
        // Who is on the way out is not listened to: what it asks again, it asks the next
        // connection.
        if matches!(connection.stage, Stage::Leaving) || connection.farewell.is_some() {
            return;
        }
        let input = match connection.half.handle(&mut bytes, now, &limits) {
            Ok(input) => input,
            Err(close) => return self.violation(token, close),
        };
        match input {
            Input::Hello(version, hello) => self.greet(token, door::Greeting { version, hello }),
            Input::Request { n, .. } if full => {
                self.reply(token, n, Refusal::ReadOnly.into());
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
                None => self.reply(token, n, Refusal::NotAllowed.into()),
            },
            Input::TooFast { n } => self.reply(token, n, Refusal::TooFast.into()),
            Input::NotAllowed { n } => self.reply(token, n, Refusal::NotAllowed.into()),
            Input::Refused { n, refusal } => self.reply(token, n, refusal.into()),
            Input::Confirm(seq) => connection.confirmed = connection.confirmed.max(seq),
            Input::KeyFrame(track) => {
                if let Some(seat) = seat_of(connection) {
                    self.want_key_frame(seat.session, track);
                }
            }
            Input::Media(header, message) => {
                if let Some(seat) = seat_of(connection) {
                    self.media(seat, header, message);
                }
            }
        }
    }

    /// Lets a media message into its track's lane, and to the recorder.
    fn media(&mut self, seat: Seat, mut header: MediaHeader, message: &mut [u8]) {
        let (meeting, session) = seat.session;
        let limits = *self.shard.limits();
        let Some(live) = self.shard.session_mut(meeting, session) else { return };
        header.arrived = self.now;
        header.fact_seq = live.durable().0.seq;
        media::stamp(message, header.arrived, header.fact_seq);
        if live.lanes.media(seat.who, &header, message, &limits).is_err() {
            return;
        }
        if live.view.recording {
            let waiting = self.media.entry(seat.session).or_default();
            super::recorder::put(waiting, message);
            self.media_since.get_or_insert(self.now);
        }
        self.mark_dirty(seat.session);
    }

    /// Answers a request.
    pub(super) fn reply(&mut self, token: usize, n: u64, result: ReplyResult) {
        if let Some(connection) = self.connection(token) {
            connection.half.answered();
            connection.say(&ServerMessage::Reply { n, result });
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

/// Reads what there is and takes whole messages out of it.
fn receive(connection: &mut Connection, now: convoke_model::Millis) -> Result<Read, Close> {
    let mut scratch = std::mem::take(&mut connection.partial);
    let mut read = Read::More;
    // What came with the upgrade is looked at before the socket.
    parse(connection, &mut scratch, now)?;
    let mut total = 0;
    while total < READ_BYTES_MAX {
        let kept = scratch.len();
        scratch.resize(kept + SCRATCH_BYTES, 0);
        let got = connection.io.read(&mut scratch[kept..]);
        scratch.truncate(kept + *got.as_ref().unwrap_or(&0));
        match got {
            Ok(0) => {
                read = Read::Over;
                break;
            }
            Ok(got) => {
                total += got;
                connection.heard = now;
                connection.pinged = None;
                parse(connection, &mut scratch, now)?;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                read = Read::Drained;
                break;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => {
                read = Read::Over;
                break;
            }
        }
    }
    scratch.shrink_to_fit();
    connection.partial = scratch;
    if connection.gone { Ok(Read::Over) } else { Ok(read) }
}

/// Takes whole frames off the front of `bytes`.
fn parse(
    connection: &mut Connection,
    bytes: &mut Vec<u8>,
    now: convoke_model::Millis,
) -> Result<(), Close> {
    let mut at = 0;
    while !connection.gone {
        let Some(found) = frame::read(&mut bytes[at..], MESSAGE_BYTES_MAX)? else { break };
        let payload = &bytes[at + found.payload..at + found.end];
        match connection.assembler.push(found, payload, MESSAGE_BYTES_MAX)? {
            Piece::Whole => connection.pending.push_back(payload.to_vec()),
            Piece::Complete => {
                let message = connection.assembler.take();
                connection.pending.push_back(message);
            }
            Piece::More | Piece::Pong => {}
            Piece::Ping => {
                let payload = payload.to_vec();
                connection.ping(&payload, now)?;
            }
            Piece::Close => connection.gone = true,
        }
        at += found.end;
    }
    bytes.drain(..at);
    Ok(())
}
