//! Remote control on the real server: input reaches the presenter and nobody else, stops when the
//! control is taken back, and is neither in the log nor in the recording unless the operator's
//! policy says so.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use convoke_model::meeting::{Command, Event, control, recording, track};
use convoke_model::{ParticipantId, TrackId};
use convoke_tests::program::Server;
use convoke_tests::seat::Seat;
use convoke_wire::message::ClientMessage;

const PASSWORD: &str = "steady-hand";
/// What is typed by remote control. It must turn up nowhere.
const CANARY: &[u8] = b"hunter2-typed-by-remote-control";
/// Times that control is given and taken back.
const CYCLES: u32 = 20;

/// How often control was given, and how often it ended.
fn controls(seat: &Seat) -> (usize, usize) {
    let count = |is: fn(&control::Event) -> bool| {
        let events = seat.facts.iter().filter_map(|(_, event)| match event {
            Event::Control(event) => Some(event),
            _ => None,
        });
        events.filter(|event| is(event)).count()
    };
    let given = count(|event| matches!(event, control::Event::Given { .. }));
    (given, count(|event| matches!(event, control::Event::Ended {})))
}

fn type_in(seat: &mut Seat, track: TrackId, number: u32) {
    seat.show(track, number, true, CANARY);
}

/// Sends input on whatever track it was given, about a thousand a second, until it is told to stop,
/// also after control was taken back: a client that does not keep to the rules.
fn flood(mut seat: Seat, stop: Arc<AtomicBool>) -> JoinHandle<Seat> {
    std::thread::spawn(move || {
        let mut sent = 0;
        let mut asked = None;
        while !stop.load(Ordering::Relaxed) {
            // Whenever control is given, a track is opened.
            let (given, _) = controls(&seat);
            if given > 0 && asked != Some(given) {
                seat.wish_track(track::Kind::RemoteInput, "keys-1");
                asked = Some(given);
            }
            if let Some(track) = seat.track(track::Kind::RemoteInput) {
                for _ in 0..20 {
                    sent += 1;
                    type_in(&mut seat, track, sent);
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
        presenter.until("the end of it", |seat| controls(seat).1 == cycle);
        taken.push(asked.elapsed());
        let until_now = presenter.media.len();
        presenter.look_for(Duration::from_millis(60));
        assert_eq!(presenter.media.len(), until_now, "input after the end, cycle {cycle}");
    }
    stop.store(true, Ordering::Relaxed);
    let mut supporter = flooding.join().expect("no panic");
    assert!(supporter.refused.is_empty() && presenter.refused.is_empty());
    taken.sort_unstable();
    println!("taken back within {:?} (median), {:?} (longest)", taken[10], taken[19]);
    let inputs = presenter.media.len();
    assert!(presenter.media.iter().all(|input| input.payload == CANARY), "as it was sent");

    viewer.until("as many facts", |seat| controls(seat).1 == CYCLES as usize);
    assert!(viewer.media.is_empty() && supporter.media.is_empty(), "it is for one alone");
    presenter.end();
    for seat in [&mut presenter, &mut viewer, &mut supporter] {
        seat.until("the end", |seat| seat.over);
    }
    let (code, told) = server.command("convoke-audit", &["show", &id], "");
    assert_eq!(code, Some(0), "{told}");
    let counted = counted(&told);
    assert_eq!(counted.len(), CYCLES as usize, "{told}");
    // What was taken in just before the end is counted and not sent any more.
    let all = counted.iter().sum::<usize>();
    assert!((inputs..=inputs + CYCLES as usize * 40).contains(&all), "{all}, {inputs}:\n{told}");
}

#[test]
fn whoever_has_control_resumes_with_it_and_what_came_is_counted_when_the_server_stops() {
    let mut stage = stage("");
    let to = stage.asked();
    let Stage { mut server, id, mut presenter, mut supporter, mut viewer } = stage;
    presenter.wish(Command::Control(control::Command::Give { to }));
    supporter.until("the control", |seat| controls(seat).0 == 1);
    let track = supporter.open(track::Kind::RemoteInput, "keys-1");
    type_in(&mut supporter, track, 0);
    presenter.until("the first input", |seat| seat.media.len() == 1);

    // Whoever is not sent the input has nothing to ask of it, unlike the presenter.
    let undecodable = ClientMessage::Undecodable { track, decodes: vec!["keys-2".to_owned()] };
    viewer.say(&undecodable);
    viewer.say(&ClientMessage::KeyFrame { track });
    supporter.look_for(Duration::from_millis(200));
    assert_eq!(supporter.wanted, []);
    presenter.say(&undecodable);
    supporter.until("the wish of the presenter", |seat| seat.wanted == [track]);

    supporter.resume(server.address());
    for number in 1..=10 {
        type_in(&mut supporter, track, number);
    }
    presenter.until("what came by the new link", |seat| seat.media.len() == 11);
    let numbers = presenter.media.iter().map(|input| input.header.frame);
    assert!(numbers.eq(0..=10), "each once, in order");
    assert_eq!(controls(&presenter), (1, 0), "control stays where it was");

    server.stop();
    let (code, told) = server.command("convoke-audit", &["show", &id], "");
    assert_eq!((code, counted(&told)), (Some(0), vec![11]), "{told}");
}

/// How many inputs were counted, each time that somebody had control.
fn counted(told: &str) -> Vec<usize> {
    let counted = told.lines().filter_map(|line| {
        let (_, rest) = line.split_once(" sent ")?;
        rest.split_once(" messages of input")?.0.parse().ok()
    });
    counted.collect()
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
    stage.supporter.until("the control", |seat| controls(seat).0 > 0);
    let Stage { server, presenter, supporter, .. } = &mut stage;
    let track = supporter.open(track::Kind::RemoteInput, "keys-1");
    for number in 0..100 {
        type_in(supporter, track, number);
    }
    // A picture is recorded whatever the policy says of input.
    let screen = presenter.track(track::Kind::Screen).expect("it is shared");
    presenter.show(screen, 0, true, b"a picture that is recorded");
    presenter.until("the input", |seat| seat.media.len() == 100);
    presenter.end();
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
