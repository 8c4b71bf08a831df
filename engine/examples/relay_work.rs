//! What the relay does for a published message outside socket calls, one part at a time, so that it
//! can be timed, or its instructions counted.
//!
//! ```text
//! relay_work media|facts|turn|codec|lane BYTES COUNT
//! valgrind --tool=callgrind target/release/examples/relay_work lane 100 10000
//! ```
//! `media`: frame, header, stamp, lane, recorder's batch. `facts`: frame, request, turn, settling
//! and the answer. `turn`, `codec` and `lane` are parts of them. Two runs of different counts have
//! the same beginning, so that their difference is the messages alone.

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use convoke_engine::policies::{Builtin, Recorded};
use convoke_engine::{Answer, Ask, Directory, Effect, Limits, ReplyTo, Shard, Wish};
use convoke_fanout::{LaneLimits, Pool, PoolLimits};
use convoke_model::grant::{Grant, Role};
use convoke_model::meeting::life::Creation;
use convoke_model::meeting::lifecycle::MeetingType;
use convoke_model::meeting::roster::{self, Entering};
use convoke_model::meeting::{Command, chat, track};
use convoke_model::policy::{Question, record};
use convoke_model::text::{ChatText, Name, TextError, Topic};
use convoke_model::{
    AccountId, ClientId, MeetingId, Millis, ParticipantId, Refusal, SessionNumber, TrackId,
};
use convoke_wire::frame::{self, Opcode};
use convoke_wire::half::ServerHalf;
use convoke_wire::half::server::{Input, Limits as HalfLimits};
use convoke_wire::media::{self, MediaHeader};
use convoke_wire::message::{
    self, ClientMessage, Hello, Receipt, ReplyResult, ServerMessage, VERSIONS,
};

type Failure = Box<dyn std::error::Error>;

const NOW: Millis = Millis(1_785_000_000_000);
const SESSION: SessionNumber = SessionNumber(1);
const SPEAKER: ParticipantId = ParticipantId(2);
const CLIENT: ClientId = ClientId(2);
/// Messages of one poll round.
const ROUND: u64 = 64;

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [what, bytes, count] = words.as_slice() else {
        return Err("relay_work media|facts|turn|codec|lane BYTES COUNT".into());
    };
    let (bytes, count) = (bytes.parse()?, count.parse()?);
    let took = match what.as_str() {
        "media" => with_media(bytes, count)?,
        "facts" => with_facts(bytes, count, Part::All)?,
        "turn" => with_facts(bytes, count, Part::Turn)?,
        "codec" => with_facts(bytes, count, Part::Codec)?,
        "lane" => with_lane(bytes, count)?,
        other => return Err(format!("there is no {other}").into()),
    };
    let each = took.as_nanos() as f64 / count as f64;
    writeln!(std::io::stdout(), "ns_per_message={each:.1}")?;
    Ok(())
}

/// How much of a fact's way is gone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    All,
    /// From the wish to the lane.
    Turn,
    /// From the frame to the request.
    Codec,
}

fn meeting() -> Result<MeetingId, Failure> {
    MeetingId::new(88_137_455).ok_or_else(|| "no meeting number".into())
}

fn sound<T>(text: Result<T, TextError>) -> Result<T, Failure> {
    text.map_err(|why| format!("{why:?}").into())
}

/// A shard with an open session, a host and a speaker who has a camera.
fn stage() -> Result<Shard, Failure> {
    let pool = Pool::new(PoolLimits::default());
    let directory = Arc::new(Directory::default());
    let mut shard = Shard::new(1, [7; 32], true, pool, Limits::DEFAULT, directory);
    let (meeting, by) = (meeting()?, AccountId(1).into());
    let ask = |wish| Ask { reply: ReplyTo::Nobody, by, request: None, wish };
    shard.submit(ask(Wish::Create(Box::new(Creation {
        meeting,
        owner: AccountId(1),
        kind: MeetingType::Interactive,
        topic: sound(Topic::new("Work"))?,
        has_password: false,
        plan: None,
    }))));
    let policies = Recorded::new(Builtin, || Duration::ZERO);
    shard.submit(ask(Wish::Open {
        meeting,
        host: AccountId(1),
        participants_max: 10,
        record: Box::new(
            policies.decide(Question::Record(record::Question { meeting, around: None })),
        ),
    }));
    settle(&mut shard, &mut Vec::new());
    for (number, role) in [(1, Role::Host), (2, Role::Attendee)] {
        let entering = Entering {
            client: ClientId(number),
            name: sound(Name::new("Somebody"))?,
            account: None,
            family: number,
            ticket: number,
            grant: Grant::of(role),
            lobby: false,
        };
        let command = Command::Roster(roster::Command::Enter(entering));
        shard.submit(Ask::server(Wish::Session(meeting, SESSION, command)));
    }
    let (codec, kind) = ("vp8".to_owned(), track::Kind::Camera);
    let open = track::Command::Open { kind, codec, width: 320, height: 180 };
    shard.submit(Ask {
        reply: ReplyTo::Nobody,
        by: SPEAKER.into(),
        request: Some((CLIENT, 1)),
        wish: Wish::Session(meeting, SESSION, Command::Track(open)),
    });
    settle(&mut shard, &mut Vec::new());
    Ok(shard)
}

/// Turns until nothing is left; every batch is taken to be durable at once.
fn settle(shard: &mut Shard, effects: &mut Vec<Effect>) {
    while !shard.is_idle() {
        if let Some(batch) = shard.turn(NOW) {
            std::hint::black_box(&batch.bytes);
            shard.durable(batch.turn);
        }
        shard.settle(effects);
    }
}

fn greeted() -> Result<(ServerHalf, HalfLimits), Failure> {
    let limits = HalfLimits { requests_per_second: 1_000_000, requests_burst: 4_000_000 };
    let mut half = ServerHalf::new(NOW, &limits);
    let (versions, ticket) = (VERSIONS.to_vec(), Some("ticket".to_owned()));
    let hello = Hello { versions, ticket, resume: None, agent: String::new() };
    let mut hello = message::to_bytes(&ClientMessage::Hello(hello));
    half.handle(&mut hello, NOW, &limits).map_err(|close| format!("{close:?}"))?;
    Ok((half, limits))
}

/// Reads one masked frame and gives its payload, as a core does.
fn payload(bytes: &mut [u8]) -> Result<Vec<u8>, Failure> {
    let found = frame::read(bytes, 64 * 1024).map_err(|close| format!("{close:?}"))?;
    let found = found.ok_or("a frame in part")?;
    Ok(bytes[found.payload..found.end].to_vec())
}

fn with_media(bytes: usize, count: u64) -> Result<Duration, Failure> {
    let mut shard = stage()?;
    let (mut half, limits) = greeted()?;
    let meeting = meeting()?;
    let header = MediaHeader {
        flags: media::FLAG_FIRST | media::FLAG_LAST,
        part: 0,
        track: TrackId(1),
        generation: 1,
        frame: 0,
        captured_us: 0,
        arrived: Millis(0),
        fact_seq: 0,
    };
    let mut message = header.to_bytes().to_vec();
    message.resize(bytes.max(media::HEADER_BYTES), 7);
    let frame = frame::client_frame(Opcode::Binary, &message, [1, 2, 3, 4]);
    let (mut scratch, mut recorded) = (frame.clone(), Vec::new());
    let begun = Instant::now();
    for n in 0..count {
        scratch.copy_from_slice(&frame);
        let mut message = payload(&mut scratch)?;
        let Ok(Input::Media(mut header, message)) = half.handle(&mut message, NOW, &limits) else {
            return Err("media was not understood".into());
        };
        let engine = *shard.limits();
        let live = shard.session_mut(meeting, SESSION).ok_or("no session")?;
        (header.arrived, header.fact_seq) = (NOW, live.durable().0.seq);
        media::stamp(message, header.arrived, header.fact_seq);
        live.lanes.media(SPEAKER, &header, message, &engine).map_err(|why| format!("{why:?}"))?;
        recorded.extend_from_slice(&(message.len() as u32).to_le_bytes());
        recorded.extend_from_slice(message);
        if n % ROUND == ROUND - 1 {
            recorded.clear();
        }
    }
    Ok(begun.elapsed())
}

fn with_facts(bytes: usize, count: u64, part: Part) -> Result<Duration, Failure> {
    let mut shard = stage()?;
    let (mut half, limits) = greeted()?;
    let (meeting, text) = (meeting()?, sound(ChatText::new(&"x".repeat(bytes)))?);
    let say = Command::Chat(chat::Command::Say { to: chat::To::Everyone, text });
    let mut effects = Vec::new();
    let mut spent = Duration::ZERO;
    for first in (2..count + 2).step_by(ROUND as usize) {
        let numbers = first..(first + ROUND).min(count + 2);
        // What a client does is not the relay's work.
        let frames: Vec<Vec<u8>> = numbers
            .clone()
            .map(|n| ClientMessage::Request { n, command: say.clone() })
            .map(|request| message::to_bytes(&request))
            .map(|bytes| frame::client_frame(Opcode::Binary, &bytes, [1, 2, 3, 4]))
            .collect();
        let begun = Instant::now();
        for (n, mut bytes) in numbers.zip(frames) {
            let command = match part {
                Part::Turn => say.clone(),
                Part::All | Part::Codec => {
                    let mut message = payload(&mut bytes)?;
                    match half.handle(&mut message, NOW, &limits) {
                        Ok(Input::Request { command, .. }) => command,
                        other => return Err(format!("no request, but {other:?}").into()),
                    }
                }
            };
            half.answered();
            if part == Part::Codec {
                std::hint::black_box(&command);
                continue;
            }
            shard.submit(Ask {
                reply: ReplyTo::Connection(1, n),
                by: SPEAKER.into(),
                request: Some((CLIENT, n)),
                wish: Wish::Session(meeting, SESSION, command),
            });
        }
        settle(&mut shard, &mut effects);
        for effect in effects.drain(..) {
            if let (Effect::Answer(ReplyTo::Connection(_, n), answer), Part::All) = (effect, part) {
                std::hint::black_box(reply(n, &answer));
            }
        }
        spent += begun.elapsed();
    }
    Ok(spent)
}

/// The answer to a request as a frame.
fn reply(n: u64, answer: &Result<Answer, Refusal>) -> Vec<u8> {
    let result = match answer {
        Ok(Answer { position, hash, .. }) => ReplyResult::Accepted(Receipt {
            epoch: position.epoch,
            seq: position.seq,
            hash: *hash,
            durable: true,
        }),
        Err(refusal) => (*refusal).into(),
    };
    let bytes = message::to_bytes(&ServerMessage::Reply { n, result });
    frame::server_frame(Opcode::Binary, &bytes)
}

fn with_lane(bytes: usize, count: u64) -> Result<Duration, Failure> {
    let pool = Pool::new(PoolLimits::default());
    let (mut writer, _lane) = pool.lane(LaneLimits { bytes_max: 1 << 20 });
    let payload = vec![7; bytes];
    let begun = Instant::now();
    for _ in 0..count {
        let (header, len) = frame::server_header(Opcode::Binary, payload.len());
        writer.append(&[&header[..len], &payload]).map_err(|why| format!("{why:?}"))?;
    }
    Ok(begun.elapsed())
}
