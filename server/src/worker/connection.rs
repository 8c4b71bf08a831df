//! One client's link: a socket, a few positions and flags, and bytes of its own only while it has
//! any.

use convoke_fanout::Lane;
use convoke_model::grant::Role;
use convoke_model::meeting::track::Kind;
use convoke_model::{ClientId, MeetingId, Millis, ParticipantId, SessionNumber, TrackId};
use convoke_wire::close::Close;
use convoke_wire::frame::{Opcode, close_payload, server_header};
use convoke_wire::half::ServerHalf;
use convoke_wire::half::assembler::Assembler;
use convoke_wire::half::server::Limits;
use convoke_wire::message::{self, ServerMessage};

use super::io::Io;
use crate::http::{Slot, UpgradedSocket};
use crate::tickets::Admission;

/// Bytes of its own that a connection may have waiting before it is given up.
pub(super) const OWN_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Pings that are answered within a second.
const PINGS_PER_SECOND_MAX: u32 = 10;

/// A session's key on a core.
pub(super) type SessionKey = (MeetingId, SessionNumber);

/// Who sits at the other end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seat {
    pub(super) session: SessionKey,
    pub(super) who: ParticipantId,
    pub(super) client: ClientId,
    pub(super) role: Role,
}

/// Bytes of media that a connection was given, and those that it was too slow for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Passed {
    pub(super) handed: u64,
    pub(super) skipped: u64,
    pub(super) skips: u32,
}

/// A reader's place in a track's lane.
pub(super) struct TrackReader {
    pub(super) track: TrackId,
    pub(super) lane: Lane,
    pub(super) at: u64,
    pub(super) kind: Kind,
    /// Bytes handed over since the lag was last looked at.
    pub(super) recent: u64,
}

impl TrackReader {
    pub(super) fn new(track: TrackId, lane: Lane, at: u64, kind: Kind) -> Self {
        Self { track, lane, at, kind, recent: 0 }
    }

    /// What lies before `at` was handed over.
    pub(super) fn went_on(&mut self, at: u64, passed: &mut Passed) {
        passed.handed += at - self.at;
        self.recent += at - self.at;
        self.at = at;
    }

    /// Too late for what lies before `at`.
    pub(super) fn skip_to(&mut self, at: u64, passed: &mut Passed) {
        passed.skips += 1;
        passed.skipped += at - self.at;
        self.at = at;
    }
}

/// A reader's places in a session's lanes.
pub(super) struct Readers {
    pub(super) facts: Lane,
    pub(super) facts_at: u64,
    /// Hosts' facts, for a host.
    pub(super) hosts: Option<(Lane, u64)>,
    pub(super) tracks: Vec<TrackReader>,
}

/// Somebody at the door, while a script is asked about them.
pub(super) struct Asking {
    pub(super) session: SessionKey,
    pub(super) version: u32,
    /// A number of the ticket, for the log.
    pub(super) ticket: u64,
    pub(super) admission: Admission,
}

/// How far a connection has come.
pub(super) enum Stage {
    /// Nothing was said yet.
    Fresh,
    /// A script is asked whether the person may come in.
    Asking(Box<Asking>),
    /// The door was asked; the answer is not durable yet.
    Entering { session: SessionKey, client: ClientId, role: Role, version: u32 },
    /// A host has to let the person in.
    Lobby(Seat),
    /// Facts are read from the log until the lane has the next one.
    CatchingUp(Seat),
    /// Follows the lanes.
    Live(Seat, Readers),
    /// Nothing is read any more; what is left is sent, then it is closed.
    Leaving,
}

/// One client's link.
pub(super) struct Connection {
    /// Never the same for two connections of a core.
    pub(super) id: u64,
    pub(super) io: Io,
    pub(super) slot: Slot,
    pub(super) half: ServerHalf,
    pub(super) assembler: Assembler,
    pub(super) stage: Stage,
    /// Bytes that were received and not carried out: of a frame that has not come whole, or behind
    /// a hello whose answer is awaited.
    pub(super) partial: Vec<u8>,
    /// Frames for this client alone, and the rest of a frame that was cut.
    pub(super) own: Vec<u8>,
    pub(super) own_at: usize,
    /// Answers to its requests. They go out behind the facts that they speak of: who asks more than
    /// it can read gets its answers later, and so asks less.
    pub(super) replies: Vec<u8>,
    /// Last fact that was handed over for certain; duplicates after it are dropped by the client.
    pub(super) seq: u64,
    /// What the client said that it holds.
    pub(super) confirmed: u64,
    /// Bytes of media frames that the client said it received.
    pub(super) media_confirmed: u64,
    /// Bytes of media frames that it was given.
    pub(super) passed: Passed,
    /// Times that it read the log because it was too slow for the facts lane.
    pub(super) catch_ups: u32,
    /// Its place in the facts lane when it began to leave.
    pub(super) left_at: Option<u64>,
    /// The seat it had, until its ledger is closed.
    pub(super) parted: Option<Seat>,
    pub(super) heard: Millis,
    pub(super) opened: Millis,
    pub(super) pinged: Option<Millis>,
    /// The second that is being counted, and the pings in it.
    pub(super) pings: (Millis, u32),
    /// Since when the socket takes nothing though there is something to send.
    pub(super) stalled: Option<Millis>,
    pub(super) flush_queued: bool,
    pub(super) readable: bool,
    /// The peer has closed its side, or the socket has failed: reading goes on to the end.
    pub(super) ending: bool,
    /// Once everything in the lanes was sent, say this and go.
    pub(super) farewell: Option<(Close, String, String)>,
}

impl Connection {
    pub(super) fn new(id: u64, socket: UpgradedSocket, now: Millis, limits: &Limits) -> Self {
        let UpgradedSocket { socket, tls, read_ahead, slot, .. } = socket;
        bound_buffers(&socket);
        Self {
            id,
            io: Io::new(socket, tls),
            slot,
            half: ServerHalf::new(now, limits),
            assembler: Assembler::default(),
            stage: Stage::Fresh,
            partial: read_ahead,
            own: Vec::new(),
            own_at: 0,
            replies: Vec::new(),
            seq: 0,
            confirmed: 0,
            media_confirmed: 0,
            passed: Passed::default(),
            catch_ups: 0,
            left_at: None,
            parted: None,
            heard: now,
            opened: now,
            pinged: None,
            pings: (now, 0),
            stalled: None,
            flush_queued: false,
            readable: true,
            ending: false,
            farewell: None,
        }
    }

    pub(super) fn seat(&self) -> Option<Seat> {
        match &self.stage {
            Stage::Lobby(seat) | Stage::CatchingUp(seat) | Stage::Live(seat, _) => Some(*seat),
            Stage::Fresh | Stage::Asking(_) | Stage::Entering { .. } | Stage::Leaving => None,
        }
    }

    /// Whether nothing was said yet.
    pub(super) fn is_fresh(&self) -> bool {
        matches!(self.stage, Stage::Fresh)
    }

    /// Keeps bytes that cannot be carried out yet.
    pub(super) fn keep(&mut self, bytes: &[u8]) {
        debug_assert!(self.partial.is_empty(), "what was kept is looked at first");
        if !bytes.is_empty() {
            self.partial = bytes.to_vec();
        }
    }

    /// Whether the door is being asked: what the client says meanwhile waits for the answer.
    pub(super) fn is_entering(&self) -> bool {
        matches!(self.stage, Stage::Asking(_) | Stage::Entering { .. })
    }

    /// Queues a frame for this client alone.
    pub(super) fn push(&mut self, opcode: Opcode, payload: &[u8]) {
        let (header, len) = server_header(opcode, payload.len());
        self.own.extend_from_slice(&header[..len]);
        self.own.extend_from_slice(payload);
    }

    /// Queues a control message for this client alone.
    pub(super) fn say(&mut self, said: &ServerMessage) {
        write_message(said, &mut self.own);
    }

    /// Queues the answer to a request.
    pub(super) fn answer(&mut self, said: &ServerMessage) {
        write_message(said, &mut self.replies);
    }

    /// Says why and closes; what is queued before it is still sent.
    pub(super) fn bye(&mut self, close: Close, reason: &str, sentence: &str) {
        if matches!(self.stage, Stage::Leaving) {
            return;
        }
        // What was answered is told before the goodbye.
        self.own.append(&mut self.replies);
        self.say(&ServerMessage::Bye {
            code: close.code(),
            reason: reason.to_owned(),
            sentence: sentence.to_owned(),
        });
        self.push(Opcode::Close, &close_payload(close));
        if let Stage::Live(_, readers) = &self.stage {
            self.left_at = Some(readers.facts_at);
        }
        self.stage = Stage::Leaving;
    }

    pub(super) fn bye_close(&mut self, close: Close) {
        self.bye(close, close.word(), close.sentence());
    }

    /// The client asks whether we are there. Nobody has to ask often.
    pub(super) fn ping(&mut self, payload: &[u8], now: Millis) -> Result<(), Close> {
        if now.since(self.pings.0) >= 1000 {
            self.pings = (now, 0);
        }
        self.pings.1 += 1;
        if self.pings.1 > PINGS_PER_SECOND_MAX || self.waiting() > OWN_BYTES_MAX {
            return Err(Close::TooFast);
        }
        self.push(Opcode::Pong, payload);
        Ok(())
    }

    /// Gives back what it kept for frames of its own: most connections only listen.
    pub(super) fn rest(&mut self) {
        for bytes in [&mut self.own, &mut self.replies, &mut self.partial] {
            if bytes.is_empty() {
                *bytes = Vec::new();
            }
        }
        if let Stage::Live(_, readers) = &mut self.stage {
            readers.tracks.shrink_to_fit();
        }
    }

    /// Bytes of its own that wait.
    pub(super) fn waiting(&self) -> usize {
        self.own.len() - self.own_at + self.replies.len()
    }
}

/// Adds a control message as one frame.
fn write_message(said: &ServerMessage, to: &mut Vec<u8>) {
    // Nearly all have the shortest header; it is put right once the length is known.
    let (header, payload) = (to.len(), to.len() + 2);
    to.extend_from_slice(&[0; 2]);
    message::write(said, to);
    let (bytes, len) = server_header(Opcode::Binary, to.len() - payload);
    to.splice(header..payload, bytes[..len].iter().copied());
}

/// What the operating system may hold for a connection that was not sent yet. How stale a picture
/// gets is decided in its lane, where a late reader jumps, and not in a queue that nobody can look
/// into.
const SEND_BYTES_MAX: usize = 512 * 1024;
/// The part of it that is not under way yet.
const UNSENT_BYTES_MAX: u32 = 256 * 1024;

fn bound_buffers(socket: &std::net::TcpStream) {
    let socket = socket2::SockRef::from(socket);
    let bounded = socket
        .set_send_buffer_size(SEND_BYTES_MAX)
        .and_then(|()| socket.set_tcp_notsent_lowat(UNSENT_BYTES_MAX));
    if let Err(error) = bounded {
        tracing::debug!(%error, "the buffers of a connection are not bounded");
    }
}
