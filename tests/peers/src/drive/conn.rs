//! One connection: opening, then what comes in and goes out.

use std::io::ErrorKind;

use convoke_model::meeting::{self, Command, chat, lifecycle, recording, roster, track};
use convoke_model::text::ChatText;
use convoke_model::{ClientId, StreamId, TrackId};
use convoke_peers::{frame, upgrade};
use convoke_wire::message::{self, ClientMessage, ReplyResult, ServerMessage};
use convoke_wire::{codec, entry, media, short};

use crate::clock::Micros;
use crate::dialect::{Dialect, Seen, Shape, Template};
use crate::entrance::{self, Part, Place, Waits};
use crate::link::Link;
use crate::measure::Measure;
use crate::stamp;

/// Requests of one client that may be on their way.
pub(crate) const UNANSWERED_MAX: u32 = 64;
/// Between two key frames that nobody asked for.
const KEY_EVERY: Micros = 2_000_000;
/// Messages of one read that are looked at for their latency.
const SAMPLES: usize = 16;

pub(crate) struct Conn {
    pub(crate) link: Link,
    pub(crate) part: Part,
    /// Said that it leaves.
    pub(crate) leaving: bool,
    /// What is waited for; `None` when live.
    pub(crate) waits: Option<Waits>,
    pub(crate) began: Micros,
    pub(crate) live_at: Option<Micros>,
    /// When the first key frame was there.
    pub(crate) key_at: Option<Micros>,
    pub(crate) queued: bool,
    /// Number of the last message seen, from 1.
    pub(crate) last: u64,
    pub(crate) unanswered: u32,
    partial: Vec<u8>,
    pub(crate) out: Vec<u8>,
    out_at: usize,
    template: Option<Template>,
    client: ClientId,
    stream: StreamId,
    next_n: u64,
    opening: Option<u64>,
    key_due: Micros,
}

/// What every connection is told while it reads.
pub(crate) struct Desk<'a> {
    pub(crate) shape: &'a Shape,
    pub(crate) place: Place,
    pub(crate) now: Micros,
    pub(crate) measure: &'a mut Measure,
}

impl Conn {
    pub(crate) fn new(link: Link, part: Part, first: (Vec<u8>, Waits)) -> Self {
        Self {
            link,
            part,
            leaving: false,
            waits: Some(first.1),
            began: 0,
            live_at: None,
            key_at: None,
            queued: false,
            last: 0,
            unanswered: 0,
            partial: Vec::new(),
            out: first.0,
            out_at: 0,
            template: None,
            client: ClientId(0),
            stream: StreamId { meeting: 0, session: 0 },
            next_n: 1,
            opening: None,
            key_due: 0,
        }
    }

    /// Whether it can publish.
    pub(crate) fn is_ready(&self) -> bool {
        self.template.is_some()
    }

    /// Bytes that were not sent yet.
    pub(crate) fn backlog(&self) -> usize {
        self.out.len() - self.out_at
    }

    /// Reads once; true when there may be more.
    pub(crate) fn read(&mut self, scratch: &mut [u8], desk: &mut Desk<'_>) -> Result<bool, String> {
        let kept = self.partial.len();
        scratch[..kept].copy_from_slice(&self.partial);
        self.partial.clear();
        let room = scratch.len() - kept;
        let read = match self.link.read(&mut scratch[kept..]) {
            Ok(0) => return Err("the server closed the connection".into()),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) if error.kind() == ErrorKind::NotConnected => 0,
            Err(error) => return Err(format!("the connection broke: {error}")),
        };
        let bytes = &scratch[..kept + read];
        let mut used = 0;
        while self.waits.is_some() {
            match self.open(&bytes[used..], desk)? {
                Some(taken) => used += taken,
                None => break,
            }
        }
        if self.waits.is_none() {
            used += self.live(&bytes[used..], desk)?;
        }
        if used < bytes.len() {
            self.partial.extend_from_slice(&bytes[used..]);
        } else if self.partial.capacity() > 4096 {
            self.partial = Vec::new();
        }
        // Sealed bytes may wait in the TLS state though the socket has no more.
        Ok(read == room || matches!(&self.link, Link::Tls(..) if read > 0))
    }

    /// One step of opening: bytes used, or `None` when more are needed.
    fn open(&mut self, bytes: &[u8], desk: &mut Desk<'_>) -> Result<Option<usize>, String> {
        match self.waits.take() {
            Some(Waits::Ticket) => match entrance::ticket(bytes)? {
                Some((ticket, used)) => {
                    self.waits = Some(Waits::Upgrade(Some(ticket)));
                    self.out.extend_from_slice(&desk.place.upgrade());
                    Ok(Some(used))
                }
                None => self.still(Waits::Ticket),
            },
            Some(Waits::Upgrade(ticket)) => {
                let Some(end) = upgrade::head(bytes)? else {
                    return self.still(Waits::Upgrade(ticket));
                };
                if !bytes.starts_with(b"HTTP/1.1 101") {
                    return Err(String::from_utf8_lossy(&bytes[..end]).into_owned());
                }
                match ticket {
                    Some(ticket) => {
                        entrance::hello(ticket, &mut self.out);
                        self.waits = Some(Waits::Snapshot);
                    }
                    None => self.enter(desk),
                }
                Ok(Some(end))
            }
            Some(Waits::Snapshot) => {
                let Some(found) = frame::find(bytes, 0)? else {
                    return self.still(Waits::Snapshot);
                };
                self.waits = Some(Waits::Snapshot);
                let payload = &bytes[found.payload..found.end];
                match message::from_bytes(payload) {
                    Some(ServerMessage::Welcome(w)) => {
                        self.client = w.client;
                        self.stream = StreamId { meeting: w.meeting, session: w.session };
                    }
                    Some(ServerMessage::Snapshot(_)) => self.enter(desk),
                    Some(ServerMessage::Bye { code, reason, .. }) => {
                        return Err(format!("the server hung up: {code} {reason}"));
                    }
                    Some(ServerMessage::Waiting {}) => return Err("it waits in the lobby".into()),
                    Some(_) | None => {}
                }
                Ok(Some(found.end))
            }
            Some(Waits::Word) if bytes.is_empty() => self.still(Waits::Word),
            Some(Waits::Word) => {
                self.enter(desk);
                Ok(Some(0))
            }
            None => Ok(None),
        }
    }

    fn still(&mut self, waits: Waits) -> Result<Option<usize>, String> {
        self.waits = Some(waits);
        Ok(None)
    }

    fn enter(&mut self, desk: &Desk<'_>) {
        self.waits = None;
        self.live_at = Some(desk.now);
        if self.part != Part::Publisher {
            return;
        }
        if desk.place.dialect != Dialect::Convoke || desk.shape.facts {
            self.template = Some(desk.shape.template(TrackId(0)));
        } else {
            let open = track::Command::Open {
                kind: track::Kind::Camera,
                codec: "vp8".to_owned(),
                width: 320,
                height: 180,
            };
            self.opening = Some(self.request(Command::Track(open)));
        }
    }

    /// What a live connection gets: bytes used.
    fn live(&mut self, bytes: &[u8], desk: &mut Desk<'_>) -> Result<usize, String> {
        let (shape, now, measure) = (desk.shape, desk.now, &mut *desk.measure);
        let (mut count, mut newest) = (0, None);
        // Of many messages that came at once some stand for all.
        let every = match measure.from {
            Some(_) => (bytes.len() / (shape.size + 4) / SAMPLES).max(1),
            None => usize::MAX,
        };
        let mut left = 1;
        let stalled = self.part == Part::Stalled;
        let used = shape.walk(bytes, |seen| {
            let Seen::Delivery(message, at) = seen else { return self.other(seen, shape, measure) };
            count += 1;
            measure.message_bytes = message.len();
            newest = Some(message.as_ptr() as usize - bytes.as_ptr() as usize + at);
            left -= 1;
            if left == 0 {
                left = every;
                if every != usize::MAX && !stalled {
                    let (_, due) = stamp::read(&message[at..], shape.facts);
                    measure.sample(due, now, every as u64);
                }
            }
            if self.key_at.is_none() && at == media::HEADER_BYTES && message[1] & 3 == 3 {
                self.key_at = Some(now);
            }
            Ok(())
        })?;
        if let Some(at) = newest {
            let number = stamp::read(&bytes[at..], shape.facts).0 + 1;
            if self.part == Part::Reader && number > self.last {
                measure.seen += number - self.last;
                self.last = number;
            }
        }
        if !stalled {
            measure.delivered += count;
        }
        Ok(used)
    }

    fn other(
        &mut self,
        seen: Seen<'_>,
        shape: &Shape,
        measure: &mut Measure,
    ) -> Result<(), String> {
        match seen {
            Seen::Ping(payload) => shape.pong(payload, &mut self.out),
            Seen::Closed(why) => {
                return Err(format!("the server hung up: {}", String::from_utf8_lossy(why)));
            }
            Seen::Control(bytes) => self.control(bytes, measure)?,
            Seen::Entry(bytes) if self.opening.is_some() => self.opened(bytes, shape),
            Seen::Entry(_) | Seen::Line | Seen::Delivery(..) => {}
        }
        Ok(())
    }

    fn control(&mut self, bytes: &[u8], measure: &mut Measure) -> Result<(), String> {
        match message::from_bytes(bytes) {
            Some(ServerMessage::Reply { n, result }) => {
                self.unanswered = self.unanswered.saturating_sub(1);
                match result {
                    ReplyResult::Accepted(_) => measure.granted += 1,
                    ReplyResult::Refused { code, .. } if self.opening == Some(n) => {
                        return Err(format!("a track was refused: {code}"));
                    }
                    ReplyResult::Refused { .. } => measure.refused += 1,
                }
                Ok(())
            }
            Some(ServerMessage::KeyFrameWanted { .. }) => {
                self.key_due = 0;
                Ok(())
            }
            Some(ServerMessage::Bye { code, reason, .. }) => {
                Err(format!("the server hung up: {code} {reason}"))
            }
            _ => Ok(()),
        }
    }

    /// Looks for the fact that our track is open.
    fn opened(&mut self, bytes: &[u8], shape: &Shape) {
        let Ok(whole) = short::whole(self.stream, bytes) else { return };
        let Ok(found) = entry::EntryRef::read(&whole) else { return };
        if found.header.client != self.client || Some(found.header.client_seq) != self.opening {
            return;
        }
        if let Ok(record) = codec::decode::<meeting::Event>(&found)
            && let meeting::Event::Track(track::Event::Opened { track, .. }) = record.event
        {
            self.template = Some(shape.template(track));
            self.opening = None;
        }
    }

    /// Asks for something; the number of the request.
    fn request(&mut self, command: Command) -> u64 {
        let n = self.next_n;
        self.next_n += 1;
        self.unanswered += 1;
        let request = ClientMessage::Request { n, command };
        frame::write_masked(2, &message::to_bytes(&request), &mut self.out);
        n
    }

    pub(crate) fn leave(&mut self) {
        self.leaving = true;
        self.request(Command::Roster(roster::Command::Leave {}));
    }

    /// Ends the session for everybody.
    pub(crate) fn end(&mut self) {
        self.request(Command::Lifecycle(lifecycle::Command::End {}));
    }

    pub(crate) fn stop_recording(&mut self) {
        self.request(Command::Recording(recording::Command::Stop {}));
    }

    /// Puts message `number` into what is to be sent.
    pub(crate) fn publish(&mut self, shape: &Shape, number: u64, due: Micros) {
        if shape.facts {
            let mut text = vec![b'x'; shape.size];
            stamp::write(&mut text, true, number, due);
            let text = String::from_utf8_lossy(&text);
            let text = ChatText::new(&text).expect("printable and of a size that is taken");
            self.request(Command::Chat(chat::Command::Say { to: chat::To::Everyone, text }));
            return;
        }
        let key = due >= self.key_due;
        if key {
            self.key_due = due + KEY_EVERY;
        }
        if let Some(template) = &self.template {
            template.write(number, due, key, &mut self.out);
        }
    }

    /// Sends what waits, as far as it is taken.
    pub(crate) fn flush(&mut self) -> Result<(), String> {
        while self.out_at < self.out.len() {
            match self.link.write(&self.out[self.out_at..]) {
                Ok(0) => break,
                Ok(taken) => self.out_at += taken,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::NotConnected => break,
                Err(error) => return Err(format!("the connection broke: {error}")),
            }
        }
        if self.out_at == self.out.len() {
            self.out.clear();
            self.out_at = 0;
        }
        Ok(())
    }
}
