//! Callers: in the session without a connection, told apart from the others, and never twice.

use super::super::dial_in::{Arriving, Call, Command, Event};
use super::super::roster::{self, Entering, LeaveReason};
use super::given::{
    ANN, BEN, Past, SERVER, everyone, given, hosts, join, joined, leave, log_only, name_of,
    presents,
};
use super::roster::{entered, entering};
use crate::id::ParticipantId;
use crate::refusal::Refusal;
use crate::text::{DialNumber, ForeignId, Source};
use crate::view::session::SessionView;

/// The wish by which somebody of these tests comes by telephone.
pub(super) fn arriving(who: ParticipantId) -> Arriving {
    let entering = Entering { account: None, ..entering(who) };
    Arriving { entering, call: call(), number: DialNumber::new("+49 30 1234567").ok() }
}

fn call() -> Call {
    let bridge = Source::new("pbx").expect("a name");
    Call { bridge, id: ForeignId::new("call-1").expect("an id") }
}

fn called(who: ParticipantId) -> Event {
    Event::Called { who, call: call(), number: DialNumber::new("+49 30 1234567").ok() }
}

fn caller(who: ParticipantId) -> Past {
    let entering = arriving(who).entering;
    vec![
        (SERVER, entered(who, &entering).into()),
        (SERVER, called(who).into()),
        (SERVER, join(who).1),
        (SERVER, Event::OnTelephone { who }.into()),
    ]
}

fn arrive(arriving: Arriving) -> Command {
    Command::Arrive(Box::new(arriving))
}

#[test]
fn a_caller_joins_like_everybody_and_is_marked() {
    given([joined(ANN), presents(ANN)]).when(SERVER, arrive(arriving(BEN))).then([
        log_only(entered(BEN, &arriving(BEN).entering)),
        log_only(called(BEN)),
        join(BEN),
        everyone(Event::OnTelephone { who: BEN }),
    ]);
}

#[test]
fn a_call_that_is_reported_twice_is_one_participant() {
    let again = Entering { client: crate::ClientId(900), ticket: 901, ..arriving(BEN).entering };
    let again = Arriving { entering: again, ..arriving(BEN) };
    given([joined(ANN), presents(ANN), caller(BEN)])
        .when(SERVER, arrive(again))
        .refused(Refusal::AlreadyDone);
}

#[test]
fn a_caller_in_the_lobby_is_marked_once_a_host_lets_them_in() {
    let mut waits = arriving(BEN);
    waits.entering.lobby = true;
    given([joined(ANN), presents(ANN)])
        .when(SERVER, arrive(waits.clone()))
        .then([
            log_only(entered(BEN, &waits.entering)),
            log_only(called(BEN)),
            hosts(roster::Event::Waiting { who: BEN, name: name_of(BEN) }),
        ])
        .when(ANN, roster::Command::Admit { who: BEN })
        .then([join(BEN), everyone(Event::OnTelephone { who: BEN })]);
}

#[test]
fn a_bridge_says_whether_a_caller_can_be_heard() {
    let report = |quiet| Command::Report { who: BEN, quiet };
    given([joined(ANN), presents(ANN), caller(BEN)])
        .when(SERVER, report(true))
        .then([everyone(Event::MicrophoneOff { who: BEN })])
        .when(SERVER, report(true))
        .refused(Refusal::AlreadyDone)
        .when(SERVER, report(false))
        .then([everyone(Event::MicrophoneOn { who: BEN })])
        .when(SERVER, Command::Report { who: ANN, quiet: true })
        .refused(Refusal::NotPresent);
}

#[test]
fn a_caller_who_was_removed_does_not_call_again() {
    let again = Entering { client: crate::ClientId(900), ticket: 901, ..arriving(BEN).entering };
    let again = Arriving { entering: again, ..arriving(BEN) };
    given([joined(ANN), presents(ANN), caller(BEN)])
        .when(ANN, roster::Command::Remove { who: BEN })
        .then([leave(BEN, LeaveReason::Removed)])
        .when(SERVER, arrive(again))
        .refused(Refusal::CannotJoin);
}

#[test]
fn the_canonical_state_says_who_is_on_the_telephone() {
    let mut view = SessionView::default();
    let past = [joined(ANN), caller(BEN), vec![(SERVER, Event::MicrophoneOff { who: BEN }.into())]];
    for (seq, (actor, event)) in (1..).zip(past.into_iter().flatten()) {
        let position = crate::Position { epoch: 1, seq };
        let time = crate::Millis(seq);
        view.apply(&crate::Record { position, time, actor, request: None, event });
    }
    let lines = view.canonical();
    let of = |who| {
        let start = format!("person {who} ");
        lines.lines().find(|line| line.starts_with(&start)).expect("is here")
    };
    assert!(of(ANN).ends_with("silenced=0"), "{lines}");
    assert!(of(BEN).ends_with("silenced=0 telephone=1 quiet=1"), "{lines}");
}
