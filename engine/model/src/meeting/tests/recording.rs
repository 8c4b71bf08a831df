//! Recording: on and off, and what the recorder tells.

use super::super::recording::{Command, Event};
use super::super::{Event as SessionEvent, Session, lifecycle};
use super::commands::{gap, seal};
use super::given::{ANN, SERVER, everyone, given, happened, hosts, joined, log_only, opening};
use crate::id::{Millis, Position};
use crate::record::{Actor, Record};
use crate::refusal::Refusal;

#[test]
fn everybody_hears_that_recording_starts_and_stops() {
    given([joined(ANN)])
        .when(ANN, Command::Start {})
        .then([everyone(Event::Started {})])
        .when(ANN, Command::Stop {})
        .then([everyone(Event::Stopped {})]);
}

#[test]
fn the_opening_says_whether_media_is_recorded_until_a_host_does() {
    for recording in [false, true] {
        let mut session = Session::default();
        let opened = lifecycle::Event::Opened(lifecycle::Opening { recording, ..opening() });
        let event = SessionEvent::Lifecycle(opened);
        let position = Position { epoch: 1, seq: 1 };
        let (time, actor) = (Millis(1), Actor::Server);
        session.apply(&Record { position, time, actor, request: None, event });
        assert_eq!(session.recording.is_on(&session.lifecycle), recording);
    }
    let started = given([happened(Event::Started {})]).session;
    assert!(started.recording.is_on(&started.lifecycle));
    let stopped = given([happened(Event::Started {}), happened(Event::Stopped {})]).session;
    assert!(!stopped.recording.is_on(&stopped.lifecycle));
}

#[test]
fn what_the_hosts_account_does_not_cover_is_not_recorded() {
    let mut given = given([joined(ANN)]);
    let event = lifecycle::Event::Opened(lifecycle::Opening {
        recording: false,
        may_record: false,
        ..opening()
    });
    let position = Position { epoch: 1, seq: 1 };
    let (time, actor, event) = (Millis(1), Actor::Server, SessionEvent::Lifecycle(event));
    given.session.apply(&Record { position, time, actor, request: None, event });
    given
        .when(ANN, Command::Start {})
        .refused(Refusal::PrivilegeMissing)
        .when(ANN, Command::Stop {})
        .then([everyone(Event::Stopped {})]);
}

#[test]
fn a_seal_is_for_the_log_and_a_gap_is_for_hosts() {
    given([joined(ANN)])
        .when(SERVER, Command::Seal(seal()))
        .then([log_only(Event::MediaSealed(seal()))])
        .when(SERVER, Command::Gap(gap()))
        .then([hosts(Event::Missing(gap()))]);
}
