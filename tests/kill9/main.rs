//! Kill -9 under load: the server dies and comes back while people talk. What was accepted is in
//! the log once, in one order for everybody, and clients come back by themselves.

mod control;
mod forged;
mod hostile;
mod people;
mod plane;
mod retries;

use std::time::Duration;

use convoke_tests::history::{self, History};
use convoke_tests::program::{Server, run};

use people::{Person, Story};

/// Cycles when nobody asks for more: `cargo xtask torture server --n N`.
const CYCLES: u64 = 20;
const TALKERS: usize = 6;

/// The limits that protect people would be what is measured here.
const SETTINGS: &str = "
[chat]
per_second = 100000
burst = 100000
[join]
per_minute = 100000
burst = 100000
";

fn cycles() -> u64 {
    let asked = std::env::var("CONVOKE_TORTURE_N").ok().and_then(|n| n.parse().ok());
    asked.unwrap_or(CYCLES)
}

#[test]
fn kill9_loses_and_doubles_nothing_that_was_accepted() {
    let mut server = Server::start(SETTINGS);
    let (id, host) = server.meeting("kill-nine");
    let mut people = vec![Person::enter(server.address(), "host", host)];
    for n in 1..TALKERS {
        let name = format!("talker{n}");
        let ticket = server.ticket(&id, &name, "kill-nine");
        people.push(Person::enter(server.address(), &name, ticket));
    }
    let ticket = server.ticket(&id, "listener", "kill-nine");
    let listener = Person::enter(server.address(), "listener", ticket);
    people.iter().for_each(Person::talk);

    let mut slowest = Duration::ZERO;
    for cycle in 0..cycles() {
        // Uneven, so that the kill falls on every part of a commit sooner or later.
        std::thread::sleep(Duration::from_millis(150 + (cycle * 37) % 200));
        server.kill9();
        slowest = slowest.max(server.up());
    }
    std::thread::sleep(Duration::from_millis(500));

    let stories: Vec<Story> = people.into_iter().map(Person::finish).collect();
    let last = stories.iter().map(Story::last).max().expect("people talked");
    let heard = listener.finish_at(last);
    check(&stories, &heard);
    server.stop();
    let data = server.data();
    let data = data.to_str().expect("temporary folders have plain names");
    let verified = run("convoke-audit", &["--data", data, "verify"], "");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    let said: usize = stories.iter().map(|story| story.accepted.len()).sum();
    assert!(said as u64 > cycles(), "only {said} messages: that was no load");
    println!("{} kills, {said} accepted, slowest start {slowest:?}", cycles());
}

/// Holds what everybody sent, was promised and heard, and when, against what the listener heard,
/// who missed nothing.
fn check(stories: &[Story], heard: &Story) {
    let history = History {
        log: heard.heard.clone(),
        requests: stories.iter().flat_map(|story| story.requests.clone()).collect(),
        observers: stories.iter().chain([heard]).map(|story| story.came.clone()).collect(),
    };
    assert_eq!(history::faults(&history), Vec::<String>::new());
    for story in stories {
        let own: Vec<u64> = heard
            .heard
            .values()
            .filter_map(|text| text.strip_prefix(&format!("{}-", story.name))?.parse().ok())
            .collect();
        assert!(own.is_sorted(), "{} was reordered: {own:?}", story.name);
        if story.place == heard.place {
            assert_eq!(story.chain, heard.chain, "one chain at one place");
        }
    }
}
