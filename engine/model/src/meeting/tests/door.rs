//! Who is turned away at the door: tickets, the full session, the lock, and those who were removed.

use super::super::lock;
use super::super::roster::{Command, Entering, LeaveReason};
use super::given::{
    ANN, BEN, CHI, Given, HAL, PAM, Past, SERVER, VIC, everyone, given, happened, joined, left,
    log_only, name_of, presents, role_of, waiting,
};
use super::roster::{entered, entering};
use crate::id::ParticipantId;
use crate::refusal::Refusal;

/// Comes in as the person with the next number, who is called and counts as `like`.
fn comes(given: Given, like: &Entering, number: u32) -> Given {
    let who = ParticipantId(number);
    let role = like.grant.role;
    let came = super::super::roster::Event::Joined { who, name: like.name.clone(), role };
    given
        .when(SERVER, Command::Enter(like.clone()))
        .then([log_only(entered(who, like)), everyone(came)])
}

fn full() -> Given {
    given([joined(ANN), presents(ANN), joined(BEN), joined(CHI), joined(VIC)])
}

#[test]
fn a_ticket_opens_the_door_once() {
    let again = Entering { ticket: entering(BEN).ticket, ..entering(CHI) };
    given([joined(BEN)]).when(SERVER, Command::Enter(again)).refused(Refusal::TicketInvalid);
}

#[test]
fn a_client_enters_once() {
    let again = Entering { client: entering(BEN).client, ..entering(CHI) };
    given([joined(BEN)]).when(SERVER, Command::Enter(again)).refused(Refusal::TicketInvalid);
}

#[test]
fn a_used_ticket_stays_used_when_its_person_is_gone() {
    given([joined(BEN), left(BEN, LeaveReason::Left)])
        .when(SERVER, Command::Enter(entering(BEN)))
        .refused(Refusal::TicketInvalid);
}

#[test]
fn a_full_session_lets_nobody_in_but_hosts() {
    let session = full().when(SERVER, Command::Enter(entering(PAM))).refused(Refusal::Full);
    comes(session, &entering(HAL), 5);
}

#[test]
fn a_full_session_lets_nobody_into_its_lobby() {
    let waits = Entering { lobby: true, ..entering(PAM) };
    full().when(SERVER, Command::Enter(waits)).refused(Refusal::Full);
}

#[test]
fn who_goes_makes_room() {
    let mut session = full();
    session.happens(SERVER, left(CHI, LeaveReason::Left)[0].1.clone());
    comes(session, &entering(PAM), 5);
}

#[test]
fn who_is_away_takes_up_room() {
    let mut session = full();
    session
        .happens(SERVER, super::super::roster::Event::Disconnected { who: CHI, at: None }.into());
    session.when(SERVER, Command::Enter(entering(PAM))).refused(Refusal::Full);
}

#[test]
fn who_waits_takes_up_no_room() {
    let session =
        given([joined(ANN), presents(ANN), joined(BEN), joined(CHI), waiting(ParticipantId(4))]);
    comes(session, &entering(PAM), 5);
}

#[test]
fn a_locked_session_lets_nobody_in_but_hosts() {
    let locked = happened(lock::Event::Locked {});
    let session = given([joined(ANN), presents(ANN), locked])
        .when(SERVER, Command::Enter(entering(BEN)))
        .refused(Refusal::Locked);
    comes(session, &entering(HAL), 2);
}

#[test]
fn an_unlocked_session_lets_people_in_again() {
    let past = [happened(lock::Event::Locked {}), happened(lock::Event::Unlocked {})];
    let [locked, unlocked] = past;
    comes(given([locked, unlocked]), &entering(BEN), 1);
}

#[test]
fn locking_is_a_fact_once() {
    given([joined(ANN)])
        .when(ANN, lock::Command::Unlock {})
        .then([])
        .when(ANN, lock::Command::Lock {})
        .then([everyone(lock::Event::Locked {})])
        .when(ANN, lock::Command::Lock {})
        .then([])
        .when(ANN, lock::Command::Unlock {})
        .then([everyone(lock::Event::Unlocked {})]);
}

/// Ben was sent away; now somebody with a fresh client and ticket comes.
fn sent_away(reason: LeaveReason) -> [Past; 3] {
    [joined(ANN), joined(BEN), left(BEN, reason)]
}

fn fresh() -> Entering {
    Entering { account: None, family: 0, ..entering(CHI) }
}

#[test]
fn who_was_removed_does_not_come_back_under_the_same_account() {
    let back = Entering { account: entering(BEN).account, ..fresh() };
    for reason in [LeaveReason::Removed, LeaveReason::Denied] {
        given(sent_away(reason))
            .when(SERVER, Command::Enter(back.clone()))
            .refused(Refusal::CannotJoin);
    }
}

#[test]
fn who_was_removed_does_not_come_back_with_the_same_browser() {
    let back = Entering { family: entering(BEN).family, ..fresh() };
    for reason in [LeaveReason::Removed, LeaveReason::Denied] {
        given(sent_away(reason))
            .when(SERVER, Command::Enter(back.clone()))
            .refused(Refusal::CannotJoin);
    }
}

#[test]
fn who_left_or_was_lost_may_come_back() {
    let back = Entering { account: entering(BEN).account, family: entering(BEN).family, ..fresh() };
    for reason in [LeaveReason::Left, LeaveReason::Lost, LeaveReason::ServerRestart] {
        let [ann, ben, gone] = sent_away(reason);
        comes(given([ann, presents(ANN), ben, gone]), &back, 3);
    }
}

#[test]
fn an_unknown_browser_is_not_taken_for_the_one_that_was_removed() {
    let mut unknown = super::given::entered(BEN);
    if let super::super::Event::Roster(super::super::roster::Event::Entered {
        family,
        account,
        ..
    }) = &mut unknown[0].1
    {
        (*family, *account) = (0, None);
    }
    let joins = happened(super::given::join(BEN).1);
    let session =
        given([joined(ANN), presents(ANN), unknown, joins, left(BEN, LeaveReason::Removed)]);
    comes(session, &fresh(), 3);
}

#[test]
fn a_host_who_was_removed_may_come_back() {
    let back = Entering {
        account: entering(BEN).account,
        name: name_of(HAL),
        grant: crate::grant::Grant::of(role_of(HAL)),
        ..fresh()
    };
    let [ann, ben, gone] = sent_away(LeaveReason::Removed);
    comes(given([ann, presents(ANN), ben, gone]), &back, 3);
}
