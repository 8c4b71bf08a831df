//! Hostile bytes: valid messages and frames, changed at random from a seed, never make anything
//! panic.

use convoke_model::meeting;
use convoke_model::meeting::life;
use convoke_model::site;
use convoke_model::{Millis, StreamId, TrackId};
use convoke_wire::codec;
use convoke_wire::entry::{EntryRef, Header};
use convoke_wire::frame::{self, FRAME_BYTES_MAX, Opcode};
use convoke_wire::half::assembler::{Assembler, Piece};
use convoke_wire::half::server::Limits;
use convoke_wire::half::{ClientHalf, ServerHalf};
use convoke_wire::media::{FLAG_KEY, MediaHeader};
use convoke_wire::message::{self, ClientMessage, ServerMessage};
use convoke_wire::short;

use super::{messages, scene, stories};

const MUTATIONS: u64 = 200_000;
const LIMITS: Limits = Limits { requests_per_second: 1_000_000, requests_burst: 1_000_000 };

/// Numbers from a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound.max(1) as u64) as usize
    }

    /// One to four changes: a flipped bit, another byte, a cut, bytes twice, bytes gone, a splice.
    fn change(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            match self.below(7) {
                0 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
                1 if !bytes.is_empty() => bytes[at] = self.below(256) as u8,
                // The bytes that MessagePack and frame lengths are made of.
                2 if !bytes.is_empty() => {
                    let nasty = [0x00, 0x7f, 0x80, 0xc1, 0xc6, 0xdb, 0xdd, 0xdf, 0xff];
                    bytes[at] = nasty[self.below(nasty.len())];
                }
                3 => bytes.truncate(at),
                4 => {
                    let end = (at + self.below(16)).min(bytes.len());
                    let again = bytes[at..end].to_vec();
                    bytes.splice(at..at, again);
                }
                5 => {
                    let end = (at + self.below(16)).min(bytes.len());
                    bytes.drain(at..end);
                }
                _ => {
                    let from = self.below(other.len());
                    let end = (at + self.below(32)).min(bytes.len());
                    let until = (from + self.below(32)).min(other.len());
                    bytes.splice(at..end, other[from..until].iter().copied());
                }
            }
        }
    }
}

fn corpus() -> Vec<Vec<u8>> {
    let mut corpus: Vec<Vec<u8>> = Vec::new();
    corpus.extend(messages::from_client().iter().map(message::to_bytes));
    corpus.extend(messages::from_server().iter().map(message::to_bytes));
    for story in stories::all() {
        corpus.extend(story.snapshot);
        corpus.extend(story.messages);
    }
    let media = MediaHeader {
        flags: FLAG_KEY,
        part: 1,
        track: TrackId(2),
        generation: 3,
        frame: 4,
        captured_us: 5,
        arrived: Millis(6),
        fact_seq: 7,
    };
    corpus.push([&media.to_bytes()[..], &[9; 100]].concat());
    corpus
}

/// Everything that reads bytes from outside reads these; how many of them understood something.
fn read_by_everybody(bytes: &[u8]) -> u32 {
    let mut understood = 0;
    let mut half = ServerHalf::new(Millis(0), &LIMITS);
    understood += u32::from(half.handle(&mut bytes.to_vec(), Millis(1), &LIMITS).is_ok());
    let mut hello = message::to_bytes(&messages::from_client()[0]);
    assert!(half.handle(&mut hello, Millis(1), &LIMITS).is_ok() || understood > 0);
    understood += u32::from(half.handle(&mut bytes.to_vec(), Millis(2), &LIMITS).is_ok());
    let mut client = ClientHalf::new("ticket".into(), "test".into());
    // A short form is of the stream that a welcome names.
    client.handle(&scene::welcome(0)).expect("a welcome");
    understood += u32::from(client.handle(bytes).is_ok());
    // Again, now as something that was seen before.
    understood += u32::from(client.handle(bytes).is_ok());
    let whole = short::whole(StreamId { meeting: scene::MEETING, session: 2 }, bytes);
    let bytes_of_entry = whole.as_deref().unwrap_or(bytes);
    if let Ok(entry) = EntryRef::read(bytes_of_entry) {
        let header =
            Header::read(&entry.header.to_bytes()).expect("what was read is written alike");
        assert_eq!(header, entry.header);
        assert!(entry.payload().len() >= 16 && entry.bytes.len() <= bytes_of_entry.len());
        understood += u32::from(codec::decode::<meeting::Event>(&entry).is_ok());
        understood += u32::from(codec::decode::<life::Event>(&entry).is_ok());
        understood += u32::from(codec::decode::<site::Event>(&entry).is_ok());
    }
    understood += u32::from(MediaHeader::read(bytes).is_some());
    understood += u32::from(message::read_withheld(bytes).is_some());
    understood += u32::from(message::from_bytes::<ServerMessage>(bytes).is_some());
    understood
}

#[test]
fn two_hundred_thousand_changed_messages_make_nothing_panic() {
    let corpus = corpus();
    let mut dice = Dice(20_260_101);
    let (mut understood, mut refused) = (0, 0);
    for _ in 0..MUTATIONS {
        let mut bytes = corpus[dice.below(corpus.len())].clone();
        let other = &corpus[dice.below(corpus.len())];
        dice.change(&mut bytes, other);
        match read_by_everybody(&bytes) {
            0 => refused += 1,
            _ => understood += 1,
        }
    }
    // Changes that only ever broke everything, or nothing, would test nothing.
    assert!(understood > 10_000 && refused > 10_000, "{understood} understood, {refused} refused");
}

#[test]
fn every_message_of_the_corpus_is_understood_before_it_is_changed() {
    for bytes in corpus() {
        assert!(read_by_everybody(&bytes) > 0, "{bytes:02x?}");
    }
}

#[test]
fn every_message_cut_at_every_byte_makes_nothing_panic() {
    for bytes in corpus() {
        for cut in 0..bytes.len() {
            read_by_everybody(&bytes[..cut]);
        }
    }
}

#[test]
fn changed_frames_make_nothing_panic_and_end_within_their_buffer() {
    let corpus = corpus();
    let opcodes = [Opcode::Binary, Opcode::Continuation, Opcode::Ping, Opcode::Close];
    let mut dice = Dice(77);
    for _ in 0..MUTATIONS / 4 {
        let mut stream = Vec::new();
        for _ in 0..=dice.below(3) {
            let payload = &corpus[dice.below(corpus.len())];
            let payload = &payload[..payload.len().min(dice.below(300))];
            let opcode = opcodes[dice.below(opcodes.len())];
            let first = stream.len();
            stream.extend(frame::client_frame(opcode, payload, [1, 2, 3, dice.below(256) as u8]));
            if dice.below(2) == 0 {
                // Not the last fragment.
                stream[first] &= 0x7f;
            }
        }
        let other = corpus[dice.below(corpus.len())].clone();
        dice.change(&mut stream, &other);
        read_frames(&mut stream);
    }
}

fn read_frames(mut stream: &mut [u8]) {
    let mut assembler = Assembler::default();
    while let Ok(Some(found)) = frame::read(stream, FRAME_BYTES_MAX) {
        assert!(found.payload <= found.end && found.end <= stream.len() && found.end >= 6);
        match assembler.push(found, &stream[found.payload..found.end], 1_000) {
            Ok(Piece::Complete) => assert!(assembler.take().len() <= 1_000),
            Ok(_) => {}
            Err(_) => return,
        }
        stream = &mut stream[found.end..];
    }
}

#[test]
fn a_server_that_says_anything_does_not_harm_a_client_that_was_welcomed() {
    let corpus = corpus();
    let mut dice = Dice(3);
    for _ in 0..500 {
        let mut client = ClientHalf::new("ticket".into(), "test".into());
        for said in messages::from_server().iter().take(3) {
            client.handle(&message::to_bytes(said)).expect("a server's own messages");
        }
        let mut seq = client.position().seq;
        for _ in 0..40 {
            let mut bytes = corpus[dice.below(corpus.len())].clone();
            if dice.below(2) == 0 {
                let other = corpus[dice.below(corpus.len())].clone();
                dice.change(&mut bytes, &other);
            }
            let is_snapshot = message::from_bytes::<ServerMessage>(&bytes)
                .is_some_and(|said| matches!(said, ServerMessage::Snapshot(_)));
            let _ = client.handle(&bytes);
            let now = client.position().seq;
            assert!(is_snapshot || now == seq || now == seq + 1, "from {seq} to {now}");
            seq = now;
        }
        let hello = client.hello();
        assert!(message::from_bytes::<ClientMessage>(&hello).is_some());
    }
}
