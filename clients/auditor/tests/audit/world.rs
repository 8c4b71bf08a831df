//! A small data folder, always the same: a session that ended, an open one, a meeting never held.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use convoke_journal::disk::{Disk, RealDisk};
use convoke_journal::media::MediaWriter;
use convoke_journal::{Journal, Opened, Options, Segments, Tail};
use convoke_model::grant::{Grant, Role};
use convoke_model::meeting::lifecycle::{EndReason, MeetingType, Opening};
use convoke_model::meeting::recording::Seal;
use convoke_model::meeting::roster::LeaveReason;
use convoke_model::meeting::{Event, chat, floor, hand, life, lifecycle, recording, roster, track};
use convoke_model::site::accounts::{self, Email};
use convoke_model::site::{self, Erasure};
use convoke_model::text::{ChatText, Name, Topic};
use convoke_model::{
    AccountId, Actor, Audience, ClientId, MeetingId, Millis, ParticipantId, Position,
    SessionNumber, StreamId, TrackId,
};
use convoke_wire::codec::{self, Fact, Place};
use convoke_wire::media::{FLAG_FIRST, FLAG_KEY, FLAG_LAST, MediaHeader};
use tempfile::TempDir;

/// 2026-03-01T09:00:00Z; each fact comes a second after the one before it.
const BEGIN: u64 = 1_772_355_600_000;
/// The first session, which ended.
pub(crate) const BOARD: StreamId = StreamId { meeting: 88_137_455, session: 1 };
const HOST: ParticipantId = ParticipantId(1);
const ANN: ParticipantId = ParticipantId(2);

pub(crate) struct World {
    /// Removed when this is dropped.
    folder: TempDir,
    log: Option<Segments>,
    now: u64,
    /// Makes its key and its salts others than those of other worlds.
    number: u8,
}

/// What the program answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the auditor.
pub(crate) fn audit(words: &[&str]) -> Answer {
    let mut program = Command::new(env!("CARGO_BIN_EXE_convoke-audit"));
    let done = program.args(words).output().expect("the program was just built");
    Answer {
        code: done.status.code(),
        out: String::from_utf8(done.stdout).expect("it writes UTF-8"),
        err: String::from_utf8(done.stderr).expect("it writes UTF-8"),
    }
}

/// An answer as JSON.
pub(crate) fn json(answer: &Answer) -> serde_json::Value {
    serde_json::from_str(&answer.out).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

impl World {
    /// A folder whose writer is still there.
    pub(crate) fn open() -> Self {
        Self::numbered(0)
    }

    /// The same by another node.
    pub(crate) fn numbered(number: u8) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut options = Options::quiet(&folder.path().join("data"), disk(), 1 << 20);
        options.node_seed = options.node_seed.map(|seed| seed.map(|byte| byte ^ number));
        let Opened::Ready(log) = convoke_journal::open(&options).expect("a new log") else {
            panic!("a new log is whole")
        };
        let mut world = Self { folder, log: Some(log), now: BEGIN, number };
        world.fill();
        world
    }

    /// A folder whose writer has gone in good order.
    pub(crate) fn closed() -> Self {
        let mut world = Self::open();
        world.close();
        world
    }

    pub(crate) fn close(&mut self) {
        let log = self.log.take().expect("it is open");
        Box::new(log).close().expect("the disk takes it");
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A name for a file beside the data folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the auditor on the folder.
    pub(crate) fn audit(&self, words: &[&str]) -> Answer {
        let data = self.data();
        let mut all = vec!["--data", data.to_str().expect("a plain name")];
        all.extend(words);
        audit(&all)
    }

    /// The end of a stream, as its writer knows it.
    pub(crate) fn tail(&self, stream: StreamId) -> Tail {
        self.log.as_ref().expect("it is open").reader().tail(stream)
    }

    /// Writes a fact.
    pub(crate) fn fact(
        &mut self,
        stream: StreamId,
        actor: Actor,
        audience: Audience,
        event: &impl Fact,
    ) -> Position {
        let log = self.log.as_mut().expect("it is open");
        let seq = log.reader().tail(stream).seq + 1;
        let position = Position { epoch: log.epoch(), seq };
        let time = Millis(self.now);
        let place = Place { stream, position, time, actor, audience, request: None };
        let mut salt = [(seq % 250) as u8 + 1; 16];
        salt[15] ^= self.number;
        let entry = codec::encode(&place, &salt, event).expect("small");
        log.append(&[&entry]).expect("it is the next");
        self.now += 1000;
        position
    }

    /// Overwrites the payload of a fact; `told` says whether a fact of the site covers it.
    pub(crate) fn erase(&mut self, stream: StreamId, seq: u64, told: bool) {
        self.log.as_mut().expect("it is open").erase(stream, seq).expect("it is there");
        if told {
            let reason = String::from("asked for by Ann");
            let entries = vec![(stream, seq, seq)];
            let erased = site::Event::Erased(Erasure { entries, reason, asked: Millis(BEGIN) });
            self.fact(StreamId::SITE, Actor::Server, Audience::Nobody, &erased);
        }
    }

    fn fill(&mut self) {
        let email = Email::new("host@example.com").expect("an address");
        let added = accounts::Event::Added {
            account: AccountId(1),
            email,
            name: name("Hana"),
            administrator: true,
        };
        let added = site::Event::Accounts(added);
        self.fact(StreamId::SITE, Actor::Server, Audience::Nobody, &added);
        self.made(10_000_001, "Never held");
        self.made(BOARD.meeting, "Board meeting");
        self.board();
        self.log.as_mut().expect("it is open").checkpoint().expect("the disk takes it");
        let second = self.opened(2, "Board meeting, again");
        self.joined(second, HOST, "Hana", Role::Host);
        self.said(second, HOST, "are you there");
    }

    fn made(&mut self, meeting: u32, topic: &str) {
        let id = MeetingId::new(meeting).expect("eight digits");
        let created = life::Event::Created(life::Creation {
            meeting: id,
            owner: AccountId(1),
            kind: MeetingType::Interactive,
            topic: Topic::new(topic).expect("a topic"),
            has_password: true,
            plan: None,
        });
        self.fact(StreamId::meeting(id), Actor::Number(1), Audience::Nobody, &created);
    }

    fn opened(&mut self, number: u32, topic: &str) -> StreamId {
        let meeting = MeetingId::new(BOARD.meeting).expect("eight digits");
        let of_meeting = StreamId::meeting(meeting);
        let session = SessionNumber(number);
        let opened = life::Event::SessionOpened { session };
        self.fact(of_meeting, Actor::Number(1), Audience::Nobody, &opened);
        let tail = self.tail(of_meeting);
        let opening = Opening {
            meeting,
            session,
            kind: MeetingType::Interactive,
            topic: Topic::new(topic).expect("a topic"),
            host: AccountId(1),
            participants_max: 100,
            recording: true,
            may_record: true,
            records_input: false,
            meeting_seq: tail.seq,
            meeting_hash: tail.hash,
        };
        let stream = StreamId::session(meeting, session);
        self.in_session(stream, Actor::Server, Event::Lifecycle(lifecycle::Event::Opened(opening)));
        stream
    }

    pub(crate) fn in_session(&mut self, stream: StreamId, actor: impl Into<Actor>, event: Event) {
        let audience = match event {
            Event::Roster(roster::Event::Entered { .. })
            | Event::Recording(recording::Event::MediaSealed(_)) => Audience::Nobody,
            _ => Audience::Everyone,
        };
        self.fact(stream, actor.into(), audience, &event);
    }

    fn joined(&mut self, stream: StreamId, who: ParticipantId, called: &str, role: Role) {
        let entered = roster::Event::Entered {
            who,
            client: ClientId(u64::from(who.0) + 900),
            account: (role == Role::Host).then_some(AccountId(1)),
            family: 0,
            ticket: u64::from(who.0),
            grant: Grant::of(role),
        };
        self.in_session(stream, Actor::Server, Event::Roster(entered));
        let joined = roster::Event::Joined { who, name: name(called), role };
        self.in_session(stream, Actor::Server, Event::Roster(joined));
    }

    pub(crate) fn said(&mut self, stream: StreamId, who: ParticipantId, text: &str) {
        let text = ChatText::new(text).expect("a text");
        let said = chat::Event::Said { to: chat::To::Everyone, text };
        self.in_session(stream, who, Event::Chat(said));
    }

    fn board(&mut self) {
        self.opened(1, "Board meeting");
        self.joined(BOARD, HOST, "Hana", Role::Host);
        let presents = floor::Event::PresenterChanged { who: Some(HOST) };
        self.in_session(BOARD, Actor::Server, Event::Floor(presents));
        self.joined(BOARD, ANN, "Ann", Role::Attendee);
        self.said(BOARD, HOST, "shall we begin");
        self.said(BOARD, ANN, "yes please\n<b>now</b>");
        let shared = track::Event::Opened {
            track: TrackId(1),
            kind: track::Kind::Screen,
            codec: String::from("vp8\u{1b}[31m"),
            width: 1280,
            height: 720,
            to: None,
        };
        self.in_session(BOARD, HOST, Event::Track(shared));
        self.media();
        self.in_session(BOARD, ANN, Event::Hand(hand::Event::Raised { who: ANN }));
        let closed = track::Event::Closed { track: TrackId(1) };
        self.in_session(BOARD, HOST, Event::Track(closed));
        for who in [ANN, HOST] {
            let left = roster::Event::Left { who, reason: LeaveReason::Ended, at: None };
            self.in_session(BOARD, HOST, Event::Roster(left));
        }
        let reason = EndReason::Host;
        self.in_session(BOARD, HOST, Event::Lifecycle(lifecycle::Event::Ended { reason }));
        let Tail { seq, hash } = self.tail(BOARD);
        let tail = Position { epoch: self.log.as_ref().expect("it is open").epoch(), seq };
        let ended = life::Event::SessionEnded { session: SessionNumber(1), reason, tail, hash };
        let of_meeting = StreamId { session: 0, ..BOARD };
        self.fact(of_meeting, Actor::Server, Audience::Nobody, &ended);
    }

    /// Three frames within a second, sealed.
    fn media(&mut self) {
        let (mut writer, gap) =
            MediaWriter::open(&disk(), &self.data(), BOARD, 0).expect("a new file");
        assert_eq!(gap, None, "nothing was cut");
        for frame in 0..3 {
            let message = message(frame, self.now);
            writer.write(&[(self.now, &message)], self.now).expect("the disk takes it");
        }
        let stretch = writer.close(self.now).expect("the disk takes it").expect("three frames");
        let seal = Seal {
            file: stretch.file,
            from: stretch.from,
            to: stretch.to,
            sha256: stretch.sha256,
            first: Millis(stretch.times.0),
            last: Millis(stretch.times.1),
        };
        let sealed = Event::Recording(recording::Event::MediaSealed(seal));
        self.in_session(BOARD, Actor::Server, sealed);
    }

    /// One more frame behind the last seal of a session.
    pub(crate) fn unsealed(&mut self, stream: StreamId, sealed: u64) {
        let (mut writer, _) =
            MediaWriter::open(&disk(), &self.data(), stream, sealed).expect("it can be written");
        writer.write(&[(self.now, &message(9, self.now))], self.now).expect("the disk takes it");
        writer.close(self.now).expect("the disk takes it");
    }
}

fn disk() -> Arc<dyn Disk> {
    Arc::new(RealDisk)
}

fn name(called: &str) -> Name {
    Name::new(called).expect("a name")
}

fn message(frame: u32, arrived: u64) -> Vec<u8> {
    let header = MediaHeader {
        flags: FLAG_KEY | FLAG_FIRST | FLAG_LAST,
        part: 0,
        track: TrackId(1),
        generation: 1,
        frame,
        captured_us: 0,
        arrived: Millis(arrived),
        fact_seq: 9,
    };
    let mut message = header.to_bytes().to_vec();
    message.extend([frame as u8; 100]);
    message
}

/// Flips one bit `before` bytes in front of the first place where `text` stands in a file.
pub(crate) fn flip(file: &Path, text: &str, before: usize) {
    let mut bytes = std::fs::read(file).expect("it is there");
    let at = bytes.windows(text.len()).position(|window| window == text.as_bytes());
    bytes[at.expect("the text is in it") - before] ^= 1;
    std::fs::write(file, bytes).expect("it can be written");
}
