//! A recorded session is played: who spoke, when, how much, before as many as asked for.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use convoke_journal::disk::{Disk, RealDisk};
use convoke_journal::media::MediaWriter;
use convoke_journal::{Journal as _, Opened, Options, archive};
use convoke_model::meeting::{Event, chat, track};
use convoke_model::text::ChatText;
use convoke_model::{Actor, Audience, Millis, ParticipantId, Position, StreamId, TrackId};
use convoke_wire::codec::{self, Place};
use convoke_wire::media::{FLAG_FIRST, FLAG_KEY, FLAG_LAST, MediaHeader};

use crate::relay::{Fault, Relay};
use crate::{faults, with_password};

const SESSION: StreamId = StreamId { meeting: 88_137_455, session: 1 };
const BEGIN: u64 = 1_772_355_600_000;
const ANN: ParticipantId = ParticipantId(2);
const BOB: ParticipantId = ParticipantId(3);

/// A session in which Ann and Bob say something, and Ann shows three frames, one in two parts.
fn record(folder: &Path) -> std::path::PathBuf {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let data = folder.join("data");
    let options = Options::quiet(&data, disk.clone(), 1 << 20);
    let Opened::Ready(mut log) = convoke_journal::open(&options).expect("a new log") else {
        panic!("a new log is whole")
    };
    let said = |text: &str| {
        let text = ChatText::new(text).expect("a text");
        Event::Chat(chat::Event::Said { to: chat::To::Everyone, text })
    };
    let opened = track::Event::Opened {
        track: TrackId(1),
        kind: track::Kind::Screen,
        codec: "vp8".into(),
        width: 8,
        height: 8,
        to: None,
    };
    let facts = [
        (ANN, 10_000, Event::Track(opened)),
        (BOB, 12_000, said(&"b".repeat(300))),
        (ANN, 13_000, said("short")),
        (BOB, 20_000, said(&"b".repeat(40))),
    ];
    for (seq, (who, time, event)) in (1u64..).zip(facts) {
        let place = Place {
            stream: SESSION,
            position: Position { epoch: log.epoch(), seq },
            time: Millis(BEGIN + time),
            actor: Actor::from_number(who.0),
            audience: Audience::Everyone,
            request: None,
        };
        let entry = codec::encode(&place, &[9; 16], &event).expect("small");
        log.append(&[&entry]).expect("it is the next");
    }
    let (mut media, _) = MediaWriter::open(&disk, &data, SESSION, 0).expect("a new file");
    let message = |frame, part, flags, bytes| {
        let header = MediaHeader {
            flags,
            part,
            track: TrackId(1),
            generation: 1,
            frame,
            captured_us: 0,
            arrived: Millis(BEGIN),
            fact_seq: 1,
        };
        [&header.to_bytes()[..], &vec![7; bytes]].concat()
    };
    for (time, message) in [
        (11_000, message(0, 0, FLAG_KEY | FLAG_FIRST, 16_344)),
        (11_001, message(0, 1, FLAG_KEY | FLAG_LAST, 5_000)),
        (11_500, message(1, 0, FLAG_FIRST | FLAG_LAST, 900)),
        (15_000, message(2, 0, FLAG_FIRST | FLAG_LAST, 10)),
    ] {
        media.write(&[(BEGIN + time, &message)], BEGIN + time).expect("room");
    }
    media.close(BEGIN + 21_000).expect("written");
    Box::new(log).close().expect("written");
    let file = folder.join("board.archive");
    archive::write(&disk, &data, SESSION, &file).expect("an archive");
    file
}

fn replay(archive: &Path, server: &str, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    command.arg("replay").arg(archive).args(["--server", server, "--account", "a@b.c"]);
    command.arg("--password-stdin").args(more).stdin(Stdio::null());
    command
}

#[test]
fn a_recorded_session_becomes_load() {
    let folder = tempfile::tempdir().expect("a folder");
    let archive = record(folder.path());
    let relay = Relay::start(Fault::None);
    let json = folder.path().join("json");
    let server = format!("http://{}", relay.address);
    let mut command = replay(&archive, &server, &["--speed", "20x", "--fan", "6"]);
    command.arg("--json").arg(&json);
    let told = with_password(command, &json);
    assert_eq!((told.code, faults(&told)), (0, vec![]), "{}", told.text);
    // Three lines, and three frames of which one has two parts.
    assert_eq!(told.json["sent"], 7, "{}", told.text);
    // The host, Ann, Bob and six more hear a line; all but Ann see a part.
    assert_eq!(told.json["delivered"], 3 * 9 + 4 * 8, "{}", told.text);
    let seconds = told.json["seconds"].as_f64().expect("a time");
    // From 11 s to 20 s, at twenty times the speed.
    assert!((0.44..0.47).contains(&seconds), "{seconds}");
    let names: Vec<_> = told.json["roles"].as_array().expect("roles").iter().collect();
    let people = |name: &str| names.iter().find(|role| role["name"] == name).expect("there");
    assert_eq!(people("person 2")["sent"], 5);
    assert_eq!(people("person 3")["sent"], 2);
    assert_eq!(people("viewer")["people"], 6);
    // What was sent has the sizes of the recording.
    assert_eq!(relay.sizes(), [24, 24, 40, 300, 900, 5_000, 16_344]);
}

#[test]
fn what_is_not_an_archive_is_one_clear_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("x");
    std::fs::write(&file, "nothing of the kind").expect("written");
    let output = replay(&file, "http://127.0.0.1:1", &[]).output().expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).expect("text");
    assert!(told.contains("this is not an archive"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}
