//! Delivery: told by the server, to hosts and the log, also of those who are gone.

use super::super::delivery::{Command, Event, Ledger};
use super::super::{lifecycle, roster};
use super::commands::ledger;
use super::given::{ANN, CHI, HAL, SERVER, given, happened, hosts, joined};
use crate::id::ParticipantId;
use crate::refusal::Refusal;

#[test]
fn what_somebody_got_is_told_to_hosts_once_they_are_gone() {
    let left = roster::Event::Left { who: CHI, reason: roster::LeaveReason::Left, at: None };
    given([joined(HAL), joined(CHI), happened(left)])
        .when(SERVER, Command::Close(ledger()))
        .then([hosts(Event::Delivered(ledger()))]);
}

#[test]
fn what_somebody_got_is_told_after_the_end_too() {
    let reason = lifecycle::EndReason::Host;
    given([joined(CHI), happened(lifecycle::Event::Ended { reason })])
        .when(SERVER, Command::Close(ledger()))
        .then([hosts(Event::Delivered(ledger()))]);
}

#[test]
fn nobody_tells_it_of_themselves_or_of_strangers() {
    given([joined(HAL), joined(ANN), joined(CHI)])
        .when(HAL, Command::Close(ledger()))
        .refused(Refusal::NotAllowed)
        .when(CHI, Command::Close(ledger()))
        .refused(Refusal::NotAllowed)
        .when(SERVER, Command::Close(Ledger::of(ParticipantId(77))))
        .refused(Refusal::NotPresent);
}
