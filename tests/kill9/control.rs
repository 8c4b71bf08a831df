//! Remote control on the real server: input reaches the presenter and nobody else, stops when the
//! control is taken back, and is neither in the log nor in the recording unless the operator's
//! policy says so.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use convoke_model::meeting::{Command, Event, control, lifecycle, recording, track};
use convoke_model::{Millis, ParticipantId, TrackId};
use convoke_tests::client::Socket;
use convoke_tests::program::Server;
use convoke_wire::half::ClientHalf;
use convoke_wire::half::client::Output;
use convoke_wire::media::{self, MediaHeader};
use convoke_wire::{codec, entry};

const PASSWORD: &str = "steady-hand";
const PATIENCE: Duration = Duration::from_secs(30);
/// What is typed by remote control. It must turn up nowhere.
const CANARY: &[u8] = b"hunter2-typed-by-remote-control";
/// Times that control is given and taken back.
const CYCLES: u32 = 20;

/// Somebody with a link, and what they have seen.
struct Seat {
    socket: Socket,
    half: ClientHalf,
    facts: Vec<(Option<ParticipantId>, Event)>,
    media: Vec<(TrackId, Vec<u8>)>,
    over: bool,
}

impl Seat {
    fn enter(address: SocketAddr, ticket: String) -> Self {
        let mut socket = Socket::connect(address).expect("a link");
        let half = ClientHalf::new(ticket, "control".to_owned());
        socket.send(&half.hello()).expect("a link");
        let (facts, media) = (Vec::new(), Vec::new());
        let mut seat = Self { socket, half, facts, media, over: false };
        seat.until("the session", |seat| seat.half.position().seq > 0);
        seat
    }

    fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            assert!(began.elapsed() < PATIENCE, "{what} did not come: {:?}", self.facts);
            self.look();
        }
    }

    /// Takes in one message, if one comes.
    fn look(&mut self) {
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
                self.media.push((header.track, payload.to_vec()));
            }
            Some(Output::Fact(bytes)) => {
                let entry = entry::EntryRef::read(&bytes).expect("an entry");
                let record = codec::decode::<Event>(&entry).expect("a fact");
                self.facts.push((record.actor.participant(), record.event));
            }
            Some(Output::Reply(n, result)) => {
                let refused = matches!(result, convoke_wire::message::ReplyResult::Refused { .. });
                assert!(!refused, "request {n}: {result:?}");
            }
            _ => {}
        }
    }

    fn wish(&mut self, command: Command) {
        let (_, message) = self.half.request(command);
        self.socket.send(&message).expect("a link");
    }

    fn open(&mut self, kind: track::Kind, codec: &str) {
        let open = track::Command::Open { kind, codec: codec.into(), width: 0, height: 0 };
        self.wish(Command::Track(open));
    }

    /// The newest track of this kind that was opened.
    fn track(&self, wanted: track::Kind) -> Option<TrackId> {
        self.facts.iter().rev().find_map(|(_, event)| match event {
            Event::Track(track::Event::Opened { track, kind, .. }) if *kind == wanted => {
                Some(*track)
            }
            _ => None,
        })
    }

    /// How often control was given, and how often it ended.
    fn controls(&self) -> (usize, usize) {
        let count = |is: fn(&control::Event) -> bool| {
            let events = self.facts.iter().filter_map(|(_, event)| match event {
                Event::Control(event) => Some(event),
                _ => None,
            });
            events.filter(|event| is(event)).count()
        };
        let given = count(|event| matches!(event, control::Event::Given { .. }));
        (given, count(|event| matches!(event, control::Event::Ended {})))
    }
}

fn frame(track: TrackId, frame: u32, payload: &[u8]) -> Vec<u8> {
    let header = MediaHeader {
        flags: media::FLAG_KEY | media::FLAG_FIRST | media::FLAG_LAST,
        part: 0,
        track,
        generation: 1,
        frame,
        captured_us: 0,
        arrived: Millis(0),
        fact_seq: 0,
    };
    [header.to_bytes().as_slice(), payload].concat()
}

/// Sends input on whatever track it was given, about a thousand a second, until it is told to stop,
/// also after control was taken back: a client that does not keep to the rules.
fn flood(mut seat: Seat, stop: Arc<AtomicBool>) -> JoinHandle<Seat> {
    std::thread::spawn(move || {
        let mut sent = 0;
        let mut asked = None;
        while !stop.load(Ordering::Relaxed) {
            // Whenever control is given, a track is opened.
            let (given, _) = seat.controls();
            if given > 0 && asked != Some(given) {
                seat.open(track::Kind::RemoteInput, "keys-1");
                asked = Some(given);
            }
            if let Some(track) = seat.track(track::Kind::RemoteInput) {
                for _ in 0..20 {
                    sent += 1;
                    seat.socket.send(&frame(track, sent, CANARY)).expect("a link");
                }
            }
            // A look waits for 20 ms when nothing comes.
            seat.look();
        }
        seat
    })
}

struct Stage {
    server: Server,
    id: String,
    presenter: Seat,
    supporter: Seat,
    viewer: Seat,
}

/// A host shares a screen, and two more are there.
fn stage(settings: &str) -> Stage {
    let server = Server::start(settings);
    let (id, ticket) = server.meeting(PASSWORD);
    let mut presenter = Seat::enter(server.address(), ticket);
    presenter.open(track::Kind::Screen, "vp8");
    presenter.until("the screen", |seat| seat.track(track::Kind::Screen).is_some());
    let enter = |name| Seat::enter(server.address(), server.ticket(&id, name, PASSWORD));
    let (supporter, viewer) = (enter("Supporter"), enter("Viewer"));
    Stage { id, presenter, supporter, viewer, server }
}

impl Stage {
    /// The supporter asks the presenter for control; who that is.
    fn asked(&mut self) -> ParticipantId {
        let asked = |seat: &Seat| {
            seat.facts.iter().rev().find_map(|(actor, event)| match event {
                Event::Control(control::Event::Asked {}) => *actor,
                _ => None,
            })
        };
        self.supporter.wish(Command::Control(control::Command::Ask {}));
        self.presenter.until("the question", |seat| asked(seat).is_some());
        asked(&self.presenter).expect("it was waited for")
    }
}

#[test]
fn input_comes_to_the_presenter_alone_and_none_after_the_control_was_taken_back() {
    let mut stage = stage("");
    let who = stage.asked();
    let Stage { server, id, mut presenter, supporter, mut viewer } = stage;
    viewer.facts.clear();
    let stop = Arc::new(AtomicBool::new(false));
    let flooding = flood(supporter, stop.clone());
    let mut taken = Vec::new();
    for cycle in 1..=CYCLES as usize {
        presenter.wish(Command::Control(control::Command::Give { to: who }));
        let so_far = presenter.media.len();
        presenter.until("input", |seat| seat.media.len() > so_far + 20);
        let asked = Instant::now();
        presenter.wish(Command::Control(control::Command::Take {}));
        presenter.until("the end of it", |seat| seat.controls().1 == cycle);
        taken.push(asked.elapsed());
        let until_now = presenter.media.len();
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(60) {
            presenter.look();
        }
        assert_eq!(presenter.media.len(), until_now, "input after the end, cycle {cycle}");
    }
    stop.store(true, Ordering::Relaxed);
    let mut supporter = flooding.join().expect("no panic");
    taken.sort_unstable();
    println!("taken back within {:?} (median), {:?} (longest)", taken[10], taken[19]);
    let inputs = presenter.media.len();
    assert!(presenter.media.iter().all(|(_, payload)| payload == CANARY), "as it was sent");

    viewer.until("as many facts", |seat| seat.controls().1 == CYCLES as usize);
    assert!(viewer.media.is_empty() && supporter.media.is_empty(), "it is for one alone");
    presenter.wish(Command::Lifecycle(lifecycle::Command::End {}));
    for seat in [&mut presenter, &mut viewer, &mut supporter] {
        seat.until("the end", |seat| seat.over);
    }
    let (code, told) = server.command("convoke-audit", &["show", &id], "");
    assert_eq!(code, Some(0), "{told}");
    let counted = told.lines().filter_map(|line| {
        let (_, rest) = line.split_once(" sent ")?;
        rest.split_once(" messages of input")?.0.parse::<usize>().ok()
    });
    let counted: Vec<usize> = counted.collect();
    assert_eq!(counted.len(), CYCLES as usize, "{told}");
    // What was taken in just before the end is counted and not sent any more.
    let all = counted.iter().sum::<usize>();
    assert!((inputs..=inputs + CYCLES as usize * 40).contains(&all), "{all}, {inputs}:\n{told}");
}

fn in_file(path: &Path) -> usize {
    let bytes = std::fs::read(path).unwrap_or_default();
    bytes.windows(CANARY.len()).filter(|window| *window == CANARY).count()
}

/// How often the canary is in the files of a folder.
fn hits(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let paths: Vec<_> = entries.map(|entry| entry.expect("listed").path()).collect();
    paths.iter().map(|path| if path.is_dir() { hits(path) } else { in_file(path) }).sum()
}

/// Types by remote control while the session is recorded; how often that is in the data folder and
/// in what the server logs.
fn typed(settings: &str) -> usize {
    let mut stage = stage(settings);
    stage.presenter.wish(Command::Recording(recording::Command::Start {}));
    let to = stage.asked();
    stage.presenter.wish(Command::Control(control::Command::Give { to }));
    stage.supporter.until("the control", |seat| seat.controls().0 > 0);
    let Stage { server, presenter, supporter, .. } = &mut stage;
    supporter.open(track::Kind::RemoteInput, "keys-1");
    supporter.until("the track", |seat| seat.track(track::Kind::RemoteInput).is_some());
    let track = supporter.track(track::Kind::RemoteInput).expect("it was waited for");
    for number in 0..100 {
        supporter.socket.send(&frame(track, number, CANARY)).expect("a link");
    }
    // A picture is recorded whatever the policy says of input.
    let screen = presenter.track(track::Kind::Screen).expect("it is shared");
    presenter.socket.send(&frame(screen, 0, b"a picture that is recorded")).expect("a link");
    presenter.until("the input", |seat| seat.media.len() == 100);
    presenter.wish(Command::Lifecycle(lifecycle::Command::End {}));
    presenter.until("the end", |seat| seat.over);
    // Stopped, so that all there is is in its files.
    server.stop();
    in_file(&server.log()) + hits(&server.data())
}

#[test]
fn what_is_typed_by_remote_control_is_in_no_file() {
    assert_eq!(typed("[log]\nlevel = \"trace\"\n"), 0);
}

#[test]
fn it_is_recorded_where_the_policy_says_so() {
    let scripts = tempfile::tempdir().expect("a folder");
    let folder = scripts.path().join("record");
    std::fs::create_dir(&folder).expect("made");
    let script = "fn record(question) { recorded(#{ media: true, input: true }) }";
    std::fs::write(folder.join("inputs.rhai"), script).expect("written");
    let path = scripts.path().to_str().expect("plain names");
    let settings = format!("[policies]\nscripts = \"{path}\"\nrecord = [\"inputs\"]\n");
    assert_eq!(typed(&settings), 100);
}
