//! The end: everybody leaves first, and afterwards nothing is granted.

use super::super::lifecycle::{Command, EndReason, Event, Opening};
use super::super::{Session, hand, roster, track};
use super::commands;
use super::given::{
    ANN, BEN, CHI, Given, SERVER, did, everyone, given, happened, hosts, joined, leave, opening,
    presenter, presents, waiting,
};
use crate::id::{Millis, TrackId};
use crate::meeting::lifecycle::MeetingType;
use crate::record::{Actor, Proposal};
use crate::refusal::Refusal;

fn unopened() -> Session {
    Session::default()
}

fn asked(session: &Session, by: Actor, command: super::super::Command) -> Option<Refusal> {
    session.decide(&Proposal { by, at: Millis(1), request: None, command }).err()
}

#[test]
fn a_session_is_opened_by_the_server_once() {
    let open = || super::super::Command::from(Command::Open(opening()));
    assert_eq!(asked(&unopened(), SERVER, open()), None);
    assert_eq!(asked(&unopened(), ANN.into(), open()), Some(Refusal::NotAllowed));
    assert_eq!(asked(&given([]).session, SERVER, open()), Some(Refusal::AlreadyDone));
}

#[test]
fn a_session_opens_only_as_a_type_that_works() {
    for kind in (0..=4).filter_map(MeetingType::from_number) {
        let command = Command::Open(Opening { kind, ..opening() }).into();
        let works = matches!(kind, MeetingType::Interactive | MeetingType::VideoConference);
        let refusal = (!works).then_some(Refusal::TypeNotAvailable);
        assert_eq!(asked(&unopened(), SERVER, command), refusal, "{kind:?}");
    }
    assert_eq!(MeetingType::from_number(5), None);
}

#[test]
fn before_the_session_begins_nothing_is_granted() {
    for (name, command) in commands::all() {
        if name != "lifecycle.open" {
            assert_eq!(asked(&unopened(), SERVER, command), Some(Refusal::NotStarted), "{name}");
        }
    }
}

fn ended() -> Given {
    let camera = track::Event::Opened {
        track: TrackId(1),
        kind: track::Kind::Camera,
        codec: "vp8".into(),
        width: 1,
        height: 1,
        to: None,
    };
    given([
        joined(ANN),
        joined(BEN),
        waiting(CHI),
        presents(ANN),
        did(BEN, camera),
        happened(hand::Event::Raised { who: BEN }),
    ])
    .when(ANN, Command::End {})
    .then([
        presenter(None),
        leave(ANN, roster::LeaveReason::Ended),
        everyone(track::Event::Closed { track: TrackId(1) }),
        everyone(hand::Event::Lowered { who: BEN }),
        leave(BEN, roster::LeaveReason::Ended),
        hosts(roster::Event::Left { who: CHI, reason: roster::LeaveReason::Ended, at: None }),
        everyone(Event::Ended { reason: EndReason::Host }),
    ])
}

#[test]
fn a_host_ends_the_session_and_everybody_leaves_first() {
    let session = ended().session;
    assert_eq!((session.roster.count(), session.roster.not_gone().count()), (0, 0));
    assert!(session.tracks.open().is_empty() && !session.lifecycle.is_open());
}

#[test]
fn the_server_ends_an_empty_session() {
    given([])
        .when(SERVER, Command::Close { reason: EndReason::Empty })
        .then([everyone(Event::Ended { reason: EndReason::Empty })]);
}

#[test]
fn an_ended_session_refuses_everything_but_what_is_only_known_then() {
    let session = ended().session;
    for (name, command) in commands::all() {
        for by in [SERVER, ANN.into(), BEN.into(), CHI.into()] {
            let expected = match (name, by) {
                (
                    "recording.seal" | "recording.gap" | "delivery.close" | "control.count",
                    Actor::Server,
                ) => None,
                ("lifecycle.open", Actor::Server) => Some(Refusal::AlreadyDone),
                ("lifecycle.open", _) => Some(Refusal::NotAllowed),
                _ => Some(Refusal::Ended),
            };
            assert_eq!(asked(&session, by, command.clone()), expected, "{name} by {by:?}");
        }
    }
}
