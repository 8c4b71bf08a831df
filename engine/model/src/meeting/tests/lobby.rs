//! The lobby: who waits is seen by hosts only, and let in or turned away by them.

use super::super::roster::{Command, Entering, Event, LeaveReason};
use super::super::{chat, lock};
use super::given::{
    ANN, BEN, CHI, SERVER, VIC, given, happened, hosts, join, joined, log_only, name_of, presenter,
    presents, role_of, say, waiting,
};
use super::roster::{entered, entering};
use crate::id::ParticipantId;
use crate::refusal::Refusal;

fn gone(who: ParticipantId, reason: LeaveReason) -> (crate::Audience, super::super::Event) {
    hosts(Event::Left { who, reason, at: None })
}

#[test]
fn who_has_to_wait_is_announced_to_hosts_only() {
    let waits = Entering { lobby: true, ..entering(BEN) };
    given([joined(ANN)]).when(SERVER, Command::Enter(waits.clone())).then([
        log_only(entered(BEN, &waits)),
        hosts(Event::Waiting { who: BEN, name: name_of(BEN) }),
    ]);
}

#[test]
fn a_host_never_waits() {
    let host = Entering { lobby: true, ..entering(ANN) };
    given([]).when(SERVER, Command::Enter(host.clone())).then([
        log_only(entered(ANN, &host)),
        join(ANN),
        presenter(Some(ANN)),
    ]);
}

#[test]
fn a_host_lets_somebody_in_once() {
    given([joined(ANN), presents(ANN), waiting(BEN)])
        .when(ANN, Command::Admit { who: BEN })
        .then([join(BEN)])
        .when(ANN, Command::Admit { who: BEN })
        .refused(Refusal::NotPresent);
}

#[test]
fn a_host_turns_somebody_away_and_only_hosts_hear_of_it() {
    given([joined(ANN), waiting(BEN)])
        .when(ANN, Command::Deny { who: BEN })
        .then([gone(BEN, LeaveReason::Denied)])
        .when(ANN, Command::Admit { who: BEN })
        .refused(Refusal::NotPresent);
}

#[test]
fn who_is_in_the_session_cannot_be_turned_away_at_the_door() {
    given([joined(ANN), joined(BEN)])
        .when(ANN, Command::Deny { who: BEN })
        .refused(Refusal::NotPresent);
}

#[test]
fn who_waits_cannot_be_removed_but_turned_away() {
    given([joined(ANN), waiting(BEN)])
        .when(ANN, Command::Remove { who: BEN })
        .refused(Refusal::NotPresent);
}

#[test]
fn nobody_is_let_into_a_full_session() {
    given([joined(ANN), joined(CHI), joined(VIC), joined(ParticipantId(8)), waiting(BEN)])
        .when(ANN, Command::Admit { who: BEN })
        .refused(Refusal::Full);
}

#[test]
fn the_lock_does_not_bind_a_host_who_lets_somebody_in() {
    given([joined(ANN), presents(ANN), waiting(BEN), happened(lock::Event::Locked {})])
        .when(ANN, Command::Admit { who: BEN })
        .then([join(BEN)]);
}

#[test]
fn who_waits_may_give_up() {
    given([joined(ANN), waiting(BEN)])
        .when(BEN, Command::Leave {})
        .then([gone(BEN, LeaveReason::Left)])
        .when(BEN, Command::Leave {})
        .refused(Refusal::NotAllowed);
}

#[test]
fn who_loses_the_connection_in_the_lobby_is_gone() {
    given([joined(ANN), waiting(BEN)])
        .when(SERVER, Command::Disconnect { who: BEN })
        .then([gone(BEN, LeaveReason::Lost)]);
}

#[test]
fn who_waits_is_not_reconnected() {
    given([waiting(BEN)])
        .when(SERVER, Command::Reconnect { who: BEN })
        .refused(Refusal::AlreadyDone);
}

#[test]
fn nobody_writes_to_who_waits() {
    given([joined(ANN), waiting(BEN)])
        .when(ANN, say(chat::To::One(BEN), "psst"))
        .refused(Refusal::NotPresent);
}

#[test]
fn who_was_let_in_has_the_part_that_the_door_gave() {
    let session = given([joined(ANN), waiting(VIC)])
        .when(ANN, Command::Admit { who: VIC })
        .then([join(VIC)])
        .session;
    let role = session.roster.present(VIC).map(|person| person.grant.role);
    assert_eq!(role, Some(role_of(VIC)));
}
