//! The floor: one presents at a time, and hosts decide who.

use super::super::floor::Command;
use super::super::{roster, track};
use super::given::{
    ANN, BEN, CHI, HAL, PAM, Past, VIC, did, everyone, given, happened, joined, presenter,
    presents, waiting,
};
use crate::id::{ParticipantId, TrackId};
use crate::refusal::Refusal;

fn shares_screen(who: ParticipantId) -> Past {
    did(
        who,
        track::Event::Opened {
            track: TrackId(9),
            kind: track::Kind::Screen,
            codec: "vp8".into(),
            width: 1,
            height: 1,
            to: None,
        },
    )
}

#[test]
fn a_host_makes_somebody_presenter() {
    given([joined(ANN), joined(BEN), presents(ANN)])
        .when(ANN, Command::Give { to: BEN })
        .then([presenter(Some(BEN))])
        .when(ANN, Command::Give { to: BEN })
        .refused(Refusal::AlreadyDone);
}

#[test]
fn a_host_gives_the_floor_even_when_nobody_has_it() {
    given([joined(ANN), joined(BEN)])
        .when(ANN, Command::Give { to: BEN })
        .then([presenter(Some(BEN))]);
}

#[test]
fn the_presenter_passes_it_on_and_has_it_no_longer() {
    given([joined(BEN), joined(CHI), presents(BEN)])
        .when(BEN, Command::Give { to: CHI })
        .then([presenter(Some(CHI))])
        .when(BEN, Command::Give { to: BEN })
        .refused(Refusal::NotAllowed);
}

#[test]
fn the_floor_goes_to_nobody_who_is_not_here() {
    given([joined(ANN), waiting(BEN)])
        .when(ANN, Command::Give { to: BEN })
        .refused(Refusal::NotPresent)
        .when(ANN, Command::Give { to: CHI })
        .refused(Refusal::NotPresent);
}

#[test]
fn the_floor_goes_to_nobody_who_may_not_share_a_screen() {
    given([joined(ANN), joined(VIC), joined(PAM)])
        .when(ANN, Command::Give { to: VIC })
        .refused(Refusal::NotAllowed)
        .when(ANN, Command::Give { to: PAM })
        .then([presenter(Some(PAM))]);
}

#[test]
fn a_host_takes_the_floor_and_the_screen_before_is_closed() {
    given([joined(ANN), joined(BEN), presents(BEN), shares_screen(BEN)])
        .when(ANN, Command::Take {})
        .then([everyone(track::Event::Closed { track: TrackId(9) }), presenter(Some(ANN))])
        .when(ANN, Command::Take {})
        .refused(Refusal::AlreadyDone);
}

#[test]
fn passing_the_floor_closes_the_screen_and_leaves_the_camera() {
    let camera = track::Event::Opened {
        track: TrackId(4),
        kind: track::Kind::Camera,
        codec: "vp8".into(),
        width: 1,
        height: 1,
        to: None,
    };
    given([joined(ANN), joined(BEN), presents(ANN), did(ANN, camera), shares_screen(ANN)])
        .when(ANN, Command::Give { to: BEN })
        .then([everyone(track::Event::Closed { track: TrackId(9) }), presenter(Some(BEN))]);
}

#[test]
fn the_presenter_gives_the_floor_back() {
    given([joined(ANN), joined(BEN), presents(BEN)])
        .when(BEN, Command::Release {})
        .then([presenter(None)])
        .when(BEN, Command::Release {})
        .refused(Refusal::NotPresenter);
}

#[test]
fn only_the_presenter_gives_the_floor_back() {
    given([joined(ANN), joined(BEN), presents(BEN)])
        .when(ANN, Command::Release {})
        .refused(Refusal::NotPresenter);
}

#[test]
fn another_host_inherits_the_floor_from_a_host_who_is_removed() {
    given([joined(ANN), joined(HAL), presents(ANN)])
        .when(HAL, roster::Command::Remove { who: ANN })
        .then([presenter(Some(HAL)), super::given::leave(ANN, roster::LeaveReason::Removed)]);
}

#[test]
fn who_is_away_keeps_the_floor_until_a_host_takes_it() {
    given([joined(ANN), joined(BEN), presents(BEN), happened(away(BEN))])
        .when(ANN, Command::Take {})
        .then([presenter(Some(ANN))]);
}

fn away(who: ParticipantId) -> roster::Event {
    roster::Event::Disconnected { who, at: None }
}
