//! Remote control: the presenter alone gives it, and it ends with the screen, with whoever gave it
//! and with whoever has it.

use super::super::control::{Command, Count, Event};
use super::super::{Event as SessionEvent, floor, roster, track};
use super::given::{
    ANN, BEN, CHI, Past, SERVER, VIC, did, everyone, given, joined, leave, presenter, presents,
};
use crate::id::{Millis, ParticipantId, TrackId};
use crate::record::Audience;
use crate::refusal::Refusal;

fn opened(id: u32, kind: track::Kind, to: Option<ParticipantId>) -> track::Event {
    let codec = if to.is_some() { "keys-1" } else { "vp8" };
    track::Event::Opened { track: TrackId(id), kind, codec: codec.into(), width: 0, height: 0, to }
}

fn shows(who: ParticipantId) -> Past {
    did(who, opened(1, track::Kind::Screen, None))
}

fn input() -> track::Command {
    let kind = track::Kind::RemoteInput;
    track::Command::Open { kind, codec: "keys-1".into(), width: 0, height: 0 }
}

fn given_to(to: ParticipantId) -> (Audience, SessionEvent) {
    everyone(Event::Given { to })
}

fn ended() -> (Audience, SessionEvent) {
    everyone(Event::Ended {})
}

fn closed(id: u32) -> (Audience, SessionEvent) {
    everyone(track::Event::Closed { track: TrackId(id) })
}

/// Ben presents and shows his screen, Chi controls it and sends input.
fn controlled() -> [Past; 7] {
    [
        joined(ANN),
        joined(BEN),
        joined(CHI),
        presents(BEN),
        shows(BEN),
        did(BEN, Event::Given { to: CHI }),
        did(CHI, opened(2, track::Kind::RemoteInput, Some(BEN))),
    ]
}

#[test]
fn the_presenter_gives_control_and_the_input_goes_to_the_presenter_alone() {
    given([joined(ANN), joined(BEN), presents(ANN), shows(ANN)])
        .when(BEN, input())
        .refused(Refusal::NoControl)
        .when(ANN, Command::Give { to: BEN })
        .then([given_to(BEN)])
        .when(ANN, Command::Give { to: BEN })
        .refused(Refusal::AlreadyDone)
        .when(BEN, input())
        .then([everyone(opened(2, track::Kind::RemoteInput, Some(ANN)))])
        .when(BEN, input())
        .refused(Refusal::TrackOpen)
        .when(ANN, input())
        .refused(Refusal::NoControl);
}

#[test]
fn nobody_else_gives_it_not_even_a_host() {
    given([joined(ANN), joined(BEN), joined(CHI), presents(BEN), shows(BEN)])
        .when(ANN, Command::Give { to: CHI })
        .refused(Refusal::NotPresenter)
        .when(CHI, Command::Give { to: CHI })
        .refused(Refusal::NotPresenter);
}

#[test]
fn it_is_not_given_without_a_screen_nor_to_those_who_cannot_have_it() {
    given([joined(ANN), joined(BEN), joined(VIC), presents(ANN)])
        .when(ANN, Command::Give { to: BEN })
        .refused(Refusal::NoScreen);
    given([joined(ANN), joined(VIC), presents(ANN), shows(ANN)])
        .when(ANN, Command::Give { to: VIC })
        .refused(Refusal::NotAllowed)
        .when(ANN, Command::Give { to: ANN })
        .refused(Refusal::NotAllowed)
        .when(ANN, Command::Give { to: CHI })
        .refused(Refusal::NotPresent);
}

#[test]
fn who_asks_is_told_to_the_presenter_alone() {
    let asked = (Audience::One(ANN), SessionEvent::Control(Event::Asked {}));
    given([joined(ANN), joined(BEN), presents(ANN)])
        .when(BEN, Command::Ask {})
        .refused(Refusal::NoScreen);
    given([joined(ANN), joined(BEN), presents(ANN), shows(ANN)])
        .when(ANN, Command::Ask {})
        .refused(Refusal::AlreadyDone)
        .when(BEN, Command::Ask {})
        .then([asked])
        .when(ANN, Command::Give { to: BEN })
        .then([given_to(BEN)])
        .when(BEN, Command::Ask {})
        .refused(Refusal::AlreadyDone);
}

#[test]
fn the_presenter_or_a_host_takes_it_back_and_the_track_goes_first() {
    for by in [BEN, ANN] {
        given(controlled())
            .when(by, Command::Take {})
            .then([closed(2), ended()])
            .when(by, Command::Take {})
            .refused(Refusal::AlreadyDone)
            .when(CHI, input())
            .refused(Refusal::NoControl);
    }
}

#[test]
fn whoever_has_it_gives_it_back() {
    given(controlled())
        .when(ANN, Command::Release {})
        .refused(Refusal::NoControl)
        .when(CHI, Command::Release {})
        .then([closed(2), ended()])
        .when(CHI, Command::Release {})
        .refused(Refusal::NoControl);
}

#[test]
fn somebody_else_has_it_only_after_the_one_before() {
    given(controlled()).when(BEN, Command::Give { to: ANN }).then([
        closed(2),
        ended(),
        given_to(ANN),
    ]);
}

#[test]
fn it_ends_with_the_screen_and_with_the_presenter() {
    given(controlled()).when(BEN, track::Command::Close { track: TrackId(1) }).then([
        closed(2),
        ended(),
        closed(1),
    ]);
    given(controlled()).when(ANN, floor::Command::Take {}).then([
        closed(2),
        ended(),
        closed(1),
        presenter(Some(ANN)),
    ]);
    given(controlled()).when(BEN, roster::Command::Leave {}).then([
        closed(2),
        ended(),
        closed(1),
        presenter(Some(ANN)),
        leave(BEN, roster::LeaveReason::Left),
    ]);
}

#[test]
fn nobody_controls_a_screen_that_is_paused() {
    let paused = track::Event::Paused { track: TrackId(1), generation: 2 };
    given(controlled())
        .when(BEN, track::Command::Pause { track: TrackId(1) })
        .then([closed(2), ended(), everyone(paused)])
        .when(BEN, Command::Give { to: CHI })
        .refused(Refusal::NoScreen)
        .when(CHI, Command::Ask {})
        .refused(Refusal::NoScreen);
}

#[test]
fn it_ends_with_whoever_has_it() {
    given(controlled()).when(CHI, roster::Command::Leave {}).then([
        closed(2),
        ended(),
        leave(CHI, roster::LeaveReason::Left),
    ]);
    given(controlled())
        .when(CHI, track::Command::Close { track: TrackId(2) })
        .then([closed(2)])
        .when(CHI, input())
        .then([everyone(opened(3, track::Kind::RemoteInput, Some(BEN)))]);
}

#[test]
fn how_much_was_sent_is_told_after_the_end_too() {
    let (first, last) = (Millis(1), Millis(2));
    let count = Count { track: TrackId(2), who: CHI, messages: 9, bytes: 700, first, last };
    let counted = (Audience::Hosts, SessionEvent::Control(Event::Counted(count.clone())));
    let over =
        super::super::lifecycle::Event::Ended { reason: super::super::lifecycle::EndReason::Host };
    given([joined(ANN), joined(CHI), super::given::happened(over)])
        .when(SERVER, Command::Count(count))
        .then([counted])
        .when(ANN, Command::Take {})
        .refused(Refusal::Ended);
}
