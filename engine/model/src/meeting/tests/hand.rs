//! Raised hands.

use super::super::hand::{Command, Event};
use super::given::{ANN, BEN, everyone, given, happened, joined};
use crate::refusal::Refusal;

#[test]
fn a_hand_is_raised_once_and_lowered_once() {
    given([joined(BEN)])
        .when(BEN, Command::Lower {})
        .refused(Refusal::AlreadyDone)
        .when(BEN, Command::Raise {})
        .then([everyone(Event::Raised { who: BEN })])
        .when(BEN, Command::Raise {})
        .refused(Refusal::AlreadyDone)
        .when(BEN, Command::Lower {})
        .then([everyone(Event::Lowered { who: BEN })]);
}

#[test]
fn a_host_lowers_somebodys_hand() {
    given([joined(ANN), joined(BEN), happened(Event::Raised { who: BEN })])
        .when(ANN, Command::LowerOf { who: BEN })
        .then([everyone(Event::Lowered { who: BEN })])
        .when(ANN, Command::LowerOf { who: BEN })
        .refused(Refusal::AlreadyDone);
}

#[test]
fn nobody_else_lowers_somebodys_hand() {
    given([joined(ANN), joined(BEN), happened(Event::Raised { who: ANN })])
        .when(BEN, Command::LowerOf { who: ANN })
        .refused(Refusal::NotAllowed);
}
