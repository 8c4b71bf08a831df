//! A small relay that speaks the protocol over real sockets, to try `loadgen` against: it can be
//! told to lose, double, swap or delay messages, or to refuse people.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use convoke_model::meeting::{self, Command, chat, control, floor, track};
use convoke_model::view::session::SessionView;
use convoke_model::{
    Actor, Audience, ClientId, Millis, ParticipantId, Position, StreamId, TrackId,
};
use convoke_wire::codec::{self, Place};
use convoke_wire::frame::{FRAME_BYTES_MAX, Opcode, read, server_frame};
use convoke_wire::message::{
    ClientMessage, Receipt, ReplyResult, ServerMessage, Snapshot, Welcome, from_bytes, to_bytes,
};
use convoke_wire::{Hash, entry, media};

use crate::door;

/// What goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    #[default]
    None,
    /// One receiver misses one message.
    Lose,
    /// One receiver gets one message twice.
    Double,
    /// One receiver gets two messages in the wrong order.
    Swap,
    /// One message waits for 300 ms.
    Delay,
    /// One receiver is cut off.
    Cut,
    /// One chat message is refused.
    Refuse,
    /// A receipt does not fit the facts.
    Forge,
    /// Nobody is let in.
    Shut,
    /// Everything stands still for 200 ms, once.
    Stall,
    /// Whoever comes back misses one of the facts of meanwhile.
    Forget,
    /// Whoever comes back gets the first of the new facts twice.
    Repeat,
    /// Nobody gets a ticket.
    Locked,
    /// Remote input goes to everybody.
    Leak,
}

/// One session, for everybody who connects.
pub(crate) struct Relay {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Session {
    seq: u64,
    hash: Hash,
    tracks: u32,
    /// Whose screen is shared, and the tracks of input to it.
    screen: Option<u32>,
    inputs: Vec<TrackId>,
    said: u64,
    people: BTreeMap<u32, TcpStream>,
    kept: Option<Vec<u8>>,
    /// All facts, in frames.
    facts: Vec<Vec<u8>>,
    /// Bytes of each text and each part of media.
    sizes: Vec<usize>,
    /// Requests that were carried out, by person and number.
    done: BTreeMap<(u32, u64), Receipt>,
    /// Whom faults strike: whoever has the ticket `hit`, or else the last who came.
    victim: Option<u32>,
    /// Who came back, and is to get the next fact twice.
    twice: Option<u32>,
}

struct Shared {
    fault: Fault,
    session: Mutex<Session>,
    joined: AtomicU64,
}

impl Relay {
    /// Listens on a free port until the test's process ends.
    pub(crate) fn start(fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let shared =
            Arc::new(Shared { fault, session: Mutex::default(), joined: AtomicU64::new(0) });
        let serving = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = serving.clone();
                std::thread::spawn(move || serve(&stream, &shared));
            }
        });
        Self { address, shared }
    }

    /// Ends everybody's connection, as a server does that is killed.
    pub(crate) fn vanish(&self) {
        for stream in self.shared.session.lock().expect("no panic").people.values() {
            // Who is gone already does not mind.
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }

    /// Bytes of each text and each part of media that came, the smallest first.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        let mut sizes = self.shared.session.lock().expect("no panic").sizes.clone();
        sizes.sort_unstable();
        sizes
    }

    /// Waits until so many messages were said.
    pub(crate) fn wait_until_said(&self, count: u64) {
        let end = Instant::now() + Duration::from_secs(20);
        while self.shared.session.lock().expect("no panic").said < count {
            assert!(Instant::now() < end, "nobody says anything");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn serve(mut stream: &TcpStream, shared: &Shared) -> Option<()> {
    let mut bytes = door::answer(stream, shared.fault == Fault::Locked)?;
    let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
         Sec-WebSocket-Protocol: convoke.1\r\n\r\n";
    stream.write_all(answer.as_bytes()).ok()?;
    let mut part = [0; 64 * 1024];
    let mut who = None;
    loop {
        let count = stream.read(&mut part).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&part[..count]);
        while let Some(frame) = read(&mut bytes, FRAME_BYTES_MAX).ok()? {
            let mut message = bytes[frame.payload..frame.end].to_vec();
            bytes.drain(..frame.end);
            match frame.opcode {
                Opcode::Binary => {}
                Opcode::Close => return leave(who?, shared),
                _ => continue,
            }
            match who {
                None => who = Some(enter(stream, &message, shared)?),
                Some(who) => said(who, &mut message, shared)?,
            }
        }
    }
}

fn enter(mut stream: &TcpStream, hello: &[u8], shared: &Shared) -> Option<u32> {
    let Some(ClientMessage::Hello(hello)) = from_bytes(hello) else { return None };
    let say = |mut stream: &TcpStream, message: &ServerMessage| {
        stream.write_all(&server_frame(Opcode::Binary, &to_bytes(message)))
    };
    if shared.fault == Fault::Shut {
        let bye = ServerMessage::Bye {
            code: 4401,
            reason: "ticket_invalid".into(),
            sentence: "This ticket was used.".into(),
        };
        say(stream, &bye).ok()?;
        return None;
    }
    assert!(hello.ticket.is_some() != hello.resume.is_some(), "with one of them");
    let mut session = shared.session.lock().ok()?;
    let who = match &hello.resume {
        Some(resume) => u32::try_from(resume.client.0 - 1000).ok()?,
        None => u32::try_from(shared.joined.fetch_add(1, Ordering::Relaxed)).ok()? + 1,
    };
    if hello.ticket.as_deref() == Some("hit") {
        session.victim = Some(who);
    }
    let welcome = ServerMessage::Welcome(Welcome {
        version: 1,
        client: ClientId(u64::from(who) + 1000),
        secret: vec![1; 16],
        who: ParticipantId(who),
        meeting: 88_137_455,
        session: 1,
        now: Millis(1),
        resume_ms: 1,
        requests: 0,
    });
    say(stream, &welcome).ok()?;
    if let Some(at) = hello.resume.and_then(|resume| resume.position) {
        say(stream, &ServerMessage::Resumed { from: at.seq + 1 }).ok()?;
        let mut missed: Vec<_> = session.facts[usize::try_from(at.seq).ok()?..].to_vec();
        if shared.fault == Fault::Forget && missed.len() > 1 {
            missed.remove(0);
        }
        stream.write_all(&missed.concat()).ok()?;
        session.people.insert(who, stream.try_clone().ok()?);
        session.twice = (shared.fault == Fault::Repeat).then_some(who);
        return Some(who);
    }
    let snapshot = ServerMessage::Snapshot(Snapshot {
        position: Position { epoch: 1, seq: session.seq },
        hash: session.hash.to_vec(),
        view: SessionView::default(),
    });
    say(stream, &snapshot).ok()?;
    stream.flush().ok()?;
    session.people.insert(who, stream.try_clone().ok()?);
    Some(who)
}

fn leave(who: u32, shared: &Shared) -> Option<()> {
    shared.session.lock().ok()?.people.remove(&who);
    None
}

fn said(who: u32, message: &mut [u8], shared: &Shared) -> Option<()> {
    let mut session = shared.session.lock().ok()?;
    if message.first() == Some(&media::KIND) {
        session.sizes.push(message.len() - media::HEADER_BYTES);
        media::stamp(message, Millis(2), session.seq);
        let header = media::MediaHeader::read(message)?;
        let input = session.inputs.contains(&header.track) && shared.fault != Fault::Leak;
        let only = session.screen.filter(|_| input);
        session.publish(message, (Some(who), only), shared.fault);
        return Some(());
    }
    let Some(ClientMessage::Request { n, command }) = from_bytes(message) else {
        return Some(());
    };
    // Asked again after the connection was lost: carried out already.
    if let Some(receipt) = session.done.get(&(who, n)).cloned() {
        let result = ReplyResult::Accepted(receipt);
        return session.reply(who, &ServerMessage::Reply { n, result });
    }
    let event = match command {
        Command::Chat(chat::Command::Say { to, text }) => {
            session.said += 1;
            session.sizes.push(text.as_str().len());
            if shared.fault == Fault::Refuse && session.said == 5 {
                let result = convoke_model::Refusal::TooFast.into();
                return session.reply(who, &ServerMessage::Reply { n, result });
            }
            meeting::Event::Chat(chat::Event::Said { to, text })
        }
        Command::Track(track::Command::Open { kind, codec, width, height }) => {
            session.tracks += 1;
            let track = TrackId(session.tracks);
            match kind {
                track::Kind::Screen => session.screen = Some(who),
                track::Kind::RemoteInput => session.inputs.push(track),
                track::Kind::Camera | track::Kind::Microphone => {}
            }
            meeting::Event::Track(track::Event::Opened {
                track,
                kind,
                codec,
                width,
                height,
                to: None,
            })
        }
        Command::Floor(floor::Command::Give { to }) => {
            meeting::Event::Floor(floor::Event::PresenterChanged { who: Some(to) })
        }
        Command::Control(control::Command::Ask {}) => {
            meeting::Event::Control(control::Event::Asked {})
        }
        Command::Control(control::Command::Give { to }) => {
            meeting::Event::Control(control::Event::Given { to })
        }
        _ => return Some(()),
    };
    session.seq += 1;
    let place = Place {
        stream: StreamId { meeting: 88_137_455, session: 1 },
        position: Position { epoch: 1, seq: session.seq },
        time: Millis(1),
        actor: Actor::from_number(who),
        audience: Audience::Everyone,
        request: Some((ClientId(u64::from(who) + 1000), n)),
    };
    let bytes = codec::encode(&place, &[3; 16], &event).expect("encodes");
    let leaf = entry::EntryRef::read(&bytes).expect("sound").leaf();
    session.hash = entry::chain(&session.hash, &leaf);
    let fault = if session.said > 0 { shared.fault } else { Fault::None };
    session.publish(&bytes, (None, None), fault);
    let mut hash = session.hash;
    if fault == Fault::Forge {
        hash[0] ^= 1;
    }
    let receipt = Receipt { epoch: 1, seq: session.seq, hash, durable: true };
    session.done.insert((who, n), receipt.clone());
    session.reply(who, &ServerMessage::Reply { n, result: ReplyResult::Accepted(receipt) })
}

impl Session {
    fn reply(&mut self, who: u32, message: &ServerMessage) -> Option<()> {
        let bytes = server_frame(Opcode::Binary, &to_bytes(message));
        self.people.get_mut(&who)?.write_all(&bytes).ok()
    }

    /// Sends to everybody but the author of media, or to one alone; the fault strikes the last
    /// person once.
    fn publish(
        &mut self,
        message: &[u8],
        (author, only): (Option<u32>, Option<u32>),
        fault: Fault,
    ) {
        self.said += u64::from(author.is_some());
        let strikes = self.said == 5;
        let bytes = server_frame(Opcode::Binary, message);
        if author.is_none() {
            self.facts.push(bytes.clone());
        }
        if fault == Fault::Stall && self.said == 20 {
            std::thread::sleep(Duration::from_millis(200));
        }
        if author.is_none()
            && let Some(stream) = self.twice.take().and_then(|who| self.people.get_mut(&who))
        {
            let _ = stream.write_all(&bytes);
        }
        let last = self.people.keys().copied().filter(|who| Some(*who) != author).max();
        let last = self.victim.or(last);
        if strikes && fault == Fault::Delay {
            std::thread::sleep(Duration::from_millis(300));
        }
        let kept = self.kept.take();
        for (who, stream) in &mut self.people {
            if Some(*who) == author || only.is_some_and(|only| only != *who) {
                continue;
            }
            let hit = strikes && Some(*who) == last;
            let parts: Vec<&[u8]> = match (fault, hit, &kept) {
                (Fault::Lose, true, _) => vec![],
                (Fault::Double, true, _) => vec![&bytes, &bytes],
                (Fault::Swap, true, _) => {
                    self.kept = Some(bytes.clone());
                    vec![]
                }
                (Fault::Swap, false, Some(kept)) if Some(*who) == last => vec![&bytes, kept],
                (Fault::Cut, true, _) => {
                    // They notice by themselves.
                    let _ = stream.shutdown(std::net::Shutdown::Both);
                    vec![]
                }
                _ => vec![&bytes],
            };
            for part in parts {
                let _ = stream.write_all(part);
            }
        }
    }
}
