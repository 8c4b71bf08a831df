//! Somebody with a link to a session, who takes in what comes when they are told to look.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use convoke_model::meeting::{Command, Event, lifecycle, track};
use convoke_model::{Millis, ParticipantId, TrackId};
use convoke_wire::codec;
use convoke_wire::entry::EntryRef;
use convoke_wire::half::ClientHalf;
use convoke_wire::half::client::Output;
use convoke_wire::media::{self, MediaHeader};
use convoke_wire::message::{ClientMessage, ReplyResult, to_bytes};

use crate::client::Socket;

/// How long something that has to come is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A message of media as it came.
pub struct Shown {
    /// What is said of it.
    pub header: MediaHeader,
    /// What it carries.
    pub payload: Vec<u8>,
}

impl Shown {
    /// Whether a reader can begin with it.
    #[must_use]
    pub fn is_key(&self) -> bool {
        self.header.flags & media::FLAG_KEY != 0
    }

    /// Its bytes on the wire, the head of its WebSocket frame included.
    #[must_use]
    pub fn wire_bytes(&self) -> u64 {
        (media::HEADER_BYTES + self.payload.len()) as u64 + 4
    }
}

/// Somebody with a link, and what they have seen.
pub struct Seat {
    /// Their link.
    pub socket: Socket,
    /// What they know of the session.
    pub half: ClientHalf,
    /// Facts that came, and who brought them about.
    pub facts: Vec<(Option<ParticipantId>, Event)>,
    /// Media that came.
    pub media: Vec<Shown>,
    /// The rate in bits a second that they were told to keep below, if they were.
    pub slower: Option<u64>,
    /// Tracks of theirs of which somebody wants a key frame or another codec.
    pub wanted: Vec<TrackId>,
    /// Codes of requests of theirs that were refused.
    pub refused: Vec<String>,
    /// Whether the server closed the link.
    pub over: bool,
    resumed: bool,
}

impl Seat {
    /// Enters with a ticket; the session has been told when this returns.
    ///
    /// # Panics
    /// When it is not let in.
    #[must_use]
    pub fn enter(address: SocketAddr, ticket: String) -> Self {
        let mut seat = Self {
            socket: Socket::connect(address).expect("a link"),
            half: ClientHalf::new(ticket, "seat".to_owned()),
            facts: Vec::new(),
            media: Vec::new(),
            slower: None,
            wanted: Vec::new(),
            refused: Vec::new(),
            over: false,
            resumed: false,
        };
        seat.socket.send(&seat.half.hello()).expect("a link");
        seat.until("the session", |seat| seat.half.position().seq > 0);
        seat
    }

    /// Loses the link and comes back by a new one; says again what was not answered.
    ///
    /// # Panics
    /// When it is not let in.
    pub fn resume(&mut self, address: SocketAddr) {
        self.socket = Socket::connect(address).expect("a link");
        self.resumed = false;
        self.socket.send(&self.half.hello()).expect("a link");
        self.until("the way back", |seat| seat.resumed);
        for message in self.half.repeat() {
            self.socket.send(&message).expect("a link");
        }
    }

    /// Takes in what comes until something is so.
    ///
    /// # Panics
    /// When it does not come to be.
    pub fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            assert!(began.elapsed() < PATIENCE, "{what} did not come: {:?}", self.facts);
            self.look();
        }
    }

    /// Takes in whatever comes for so long.
    pub fn look_for(&mut self, time: Duration) {
        let began = Instant::now();
        while began.elapsed() < time {
            self.look();
        }
    }

    /// Takes in one message, if one comes.
    ///
    /// # Panics
    /// When the link breaks in another way than by being closed, or the protocol is not kept.
    pub fn look(&mut self) {
        let message = match self.socket.receive() {
            Ok(Some(message)) => message,
            Ok(None) => return,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.over = true;
                return;
            }
            Err(error) => panic!("the link broke: {error}"),
        };
        match self.half.handle(&message).expect("the protocol is kept") {
            Some(Output::Media(header, payload)) => {
                self.media.push(Shown { header, payload: payload.to_vec() });
            }
            Some(Output::Fact(bytes)) => {
                let entry = EntryRef::read(&bytes).expect("an entry");
                let record = codec::decode::<Event>(&entry).expect("a fact");
                self.facts.push((record.actor.participant(), record.event));
            }
            Some(Output::Reply(_, ReplyResult::Refused { code, .. })) => self.refused.push(code),
            Some(Output::Slower(_, bits)) => self.slower = Some(bits),
            Some(Output::Resumed) => self.resumed = true,
            Some(Output::KeyFrameWanted(track) | Output::CodecWanted(track, _)) => {
                self.wanted.push(track);
            }
            _ => {}
        }
    }

    /// Says something that is no request.
    ///
    /// # Panics
    /// When the link is broken.
    pub fn say(&mut self, message: &ClientMessage) {
        self.socket.send(&to_bytes(message)).expect("a link");
    }

    /// Asks for something.
    ///
    /// # Panics
    /// When the link is broken.
    pub fn wish(&mut self, command: Command) {
        let (_, message) = self.half.request(command);
        self.socket.send(&message).expect("a link");
    }

    /// Ends the session for everybody.
    pub fn end(&mut self) {
        self.wish(Command::Lifecycle(lifecycle::Command::End {}));
    }

    /// Opens a track and waits for it.
    pub fn open(&mut self, kind: track::Kind, codec: &str) -> TrackId {
        let so_far = self.track(kind);
        self.wish_track(kind, codec);
        self.until("the track", |seat| seat.track(kind) != so_far);
        self.track(kind).expect("it was waited for")
    }

    /// Asks for a track to be opened.
    pub fn wish_track(&mut self, kind: track::Kind, codec: &str) {
        let codec = codec.to_owned();
        let open = track::Command::Open { kind, codec, width: 640, height: 360 };
        self.wish(Command::Track(open));
    }

    /// The newest track of this kind that was opened.
    #[must_use]
    pub fn track(&self, wanted: track::Kind) -> Option<TrackId> {
        self.facts.iter().rev().find_map(|(_, event)| match event {
            Event::Track(track::Event::Opened { track, kind, .. }) if *kind == wanted => {
                Some(*track)
            }
            _ => None,
        })
    }

    /// Sends one message of media; a reader can begin with it if it is a key.
    ///
    /// # Panics
    /// When the link is broken.
    pub fn show(&mut self, track: TrackId, frame: u32, key: bool, payload: &[u8]) {
        let key = if key { media::FLAG_KEY } else { 0 };
        let header = MediaHeader {
            flags: key | media::FLAG_FIRST | media::FLAG_LAST,
            part: 0,
            track,
            generation: 1,
            frame,
            captured_us: 0,
            arrived: Millis(0),
            fact_seq: 0,
        };
        let message = [header.to_bytes().as_slice(), payload].concat();
        self.socket.send(&message).expect("a link");
    }
}
