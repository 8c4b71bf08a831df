//! The program with an operator's script at its doors: people come in, are turned away, wait; and
//! nobody waits for somebody else's script.

use std::time::{Duration, Instant};

use convoke_journal::disk::{Disk, RealDisk};
use convoke_model::grant::Role;
use convoke_model::meeting;
use convoke_model::meeting::roster;
use convoke_model::policy::{Cause, Decided, Question, Verdict};
use convoke_tests::client::Socket;
use convoke_tests::program::Server;
use convoke_wire::close::Close;
use convoke_wire::codec;
use convoke_wire::entry::EntryRef;
use convoke_wire::half::ClientHalf;

use crate::guest::Guest;

const DOOR: &str = "
fn admit(question) {
    switch question.name {
        \"Mallory\" => refuse(\"Not today.\"),
        \"Lurker\" => enter(\"viewer\"),
        \"Slow\" => { let a = []; a.pad(1000, 1); loop { a.sort(); } },
        _ => next(),
    }
}";

/// Decisions about people at the door, and the roles that were given, in the order of the log.
fn told(server: &Server) -> (Vec<Decided>, Vec<Role>) {
    let disk: std::sync::Arc<dyn Disk> = std::sync::Arc::new(RealDisk);
    let (mut decisions, mut roles) = (Vec::new(), Vec::new());
    let visit = |_, entry: EntryRef<'_>| {
        if entry.header.stream.session == 0 {
            return;
        }
        match codec::decode::<meeting::Event>(&entry).expect("a fact").event {
            meeting::Event::Policy(decided) => decisions.push(*decided),
            meeting::Event::Roster(roster::Event::Entered { grant, .. }) => roles.push(grant.role),
            _ => {}
        }
    };
    convoke_journal::verify::verify(&disk, &server.data(), |_| true, visit).expect("readable");
    decisions.retain(|decided| matches!(decided.question, Question::Admit(_)));
    (decisions, roles)
}

#[test]
fn a_script_decides_at_the_door_and_its_decisions_are_in_the_sessions_log() {
    let scripts = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(scripts.path().join("admit")).expect("made");
    std::fs::write(scripts.path().join("admit/door.rhai"), DOOR).expect("written");
    let folder = scripts.path().display();
    let mut server =
        Server::start(&format!("[policies]\nscripts = \"{folder}\"\nadmit = [\"door\"]\n"));
    let (id, _host) = server.meeting("some password");
    let ticket = |name: &str| server.ticket(&id, name, "some password");
    let mut ann = Guest::enter(&server, ticket("Ann")).expect("Ann comes in by the built-in rule");
    let code = Guest::enter(&server, ticket("Mallory")).err().flatten();
    assert_eq!(code, Some(Close::Refused.code()));
    let lurker = Guest::enter(&server, ticket("Lurker")).expect("comes in to watch");
    // Somebody whose script never ends stands at the door; the next one is let in all the same.
    let half = ClientHalf::new(ticket("Slow"), "recovery".to_owned());
    let mut slow = Socket::connect(server.address()).expect("a connection");
    slow.send(&half.hello()).expect("sent");
    let start = Instant::now();
    let bob = Guest::enter(&server, ticket("Bob")).expect("comes in");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    ann.say("hello");
    let mut waits = false;
    while !waits && start.elapsed() < Duration::from_secs(10) {
        let heard = slow.receive().expect("connected");
        waits = heard.is_some_and(|bytes| String::from_utf8_lossy(&bytes).contains("waiting"));
    }
    assert!(waits, "the fallback is the lobby");
    drop((ann, lurker, bob, slow));
    server.stop();
    let (decisions, roles) = told(&server);
    let verdict_of = |name: &str| {
        let of = |decided: &&Decided| match &decided.question {
            Question::Admit(asked) => asked.around.as_ref().is_some_and(|a| a.name == name),
            _ => false,
        };
        let mut found = decisions.iter().filter(of);
        let decided = found.next().unwrap_or_else(|| panic!("{name} was decided about"));
        assert!(found.next().is_none(), "once: {name}");
        decided
    };
    assert_eq!(verdict_of("Ann").verdict, Verdict::Enter(Role::Attendee));
    assert_eq!(verdict_of("Ann").policy, "builtin 1");
    assert_eq!(verdict_of("Lurker").verdict, Verdict::Enter(Role::Viewer));
    let turned_away = verdict_of("Mallory");
    let Verdict::TurnAway { reason } = &turned_away.verdict else { panic!("{turned_away:?}") };
    assert!(
        reason.as_str() == "Not today." && turned_away.policy == "scripts 1",
        "{turned_away:?}"
    );
    let slow = verdict_of("Slow");
    assert_eq!(slow.verdict, Verdict::Lobby);
    let cause = slow.why.as_ref().expect("a fallback says why").cause;
    assert!(matches!(cause, Cause::Killed | Cause::Error), "{cause:?}");
    assert_eq!(roles.iter().filter(|role| **role == Role::Viewer).count(), 1);
}
