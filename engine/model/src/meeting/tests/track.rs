//! Tracks: what is shared, paused and muted.

use super::super::track::{CODEC_BYTES_MAX, Command, Event, Kind, TRACKS_MAX};
use super::given::{ANN, BEN, CHI, Past, VIC, did, everyone, given, happened, joined, presents};
use crate::grant::Grant;
use crate::id::{ParticipantId, TrackId};
use crate::refusal::Refusal;

fn open(kind: Kind) -> Command {
    Command::Open { kind, codec: "vp8".into(), width: 640, height: 480 }
}

fn opened(track: u32, kind: Kind) -> Event {
    Event::Opened {
        track: TrackId(track),
        kind,
        codec: "vp8".into(),
        width: 640,
        height: 480,
        to: None,
    }
}

fn shares(who: ParticipantId, track: u32, kind: Kind) -> Past {
    did(who, opened(track, kind))
}

#[test]
fn a_camera_and_a_microphone_are_shared_by_whoever_takes_part() {
    given([joined(BEN)])
        .when(BEN, open(Kind::Camera))
        .then([everyone(opened(1, Kind::Camera))])
        .when(BEN, open(Kind::Microphone))
        .then([everyone(opened(2, Kind::Microphone))]);
}

#[test]
fn one_thing_of_a_kind_is_shared_at_a_time() {
    given([joined(BEN), shares(BEN, 1, Kind::Camera)])
        .when(BEN, open(Kind::Camera))
        .refused(Refusal::TrackOpen);
}

#[test]
fn a_track_number_is_never_given_again() {
    let closed = did(BEN, Event::Closed { track: TrackId(1) });
    given([joined(BEN), shares(BEN, 1, Kind::Camera), closed])
        .when(BEN, open(Kind::Camera))
        .then([everyone(opened(2, Kind::Camera))]);
}

#[test]
fn only_the_presenter_shares_a_screen() {
    given([joined(ANN), joined(BEN), presents(BEN)])
        .when(ANN, open(Kind::Screen))
        .refused(Refusal::NotPresenter)
        .when(BEN, open(Kind::Screen))
        .then([everyone(opened(1, Kind::Screen))]);
}

#[test]
fn nothing_is_shared_without_a_grant_for_it() {
    let all = Grant::of(super::given::role_of(BEN));
    for (kind, less) in [
        (Kind::Screen, Grant { screen: false, ..all }),
        (Kind::Camera, Grant { camera: false, ..all }),
        (Kind::Microphone, Grant { microphone: false, ..all }),
    ] {
        let mut entered = super::given::entered(BEN);
        let super::super::Event::Roster(super::super::roster::Event::Entered { grant, .. }) =
            &mut entered[0].1
        else {
            panic!("entered is the first fact");
        };
        *grant = less;
        given([entered, happened(super::given::join(BEN).1), presents(BEN)])
            .when(BEN, open(kind))
            .refused(Refusal::NotAllowed);
    }
}

#[test]
fn a_viewer_shares_nothing() {
    given([joined(VIC)]).when(VIC, open(Kind::Camera)).refused(Refusal::NotAllowed);
}

#[test]
fn a_codec_is_a_short_plain_word() {
    let long = "v".repeat(CODEC_BYTES_MAX + 1);
    for codec in ["", "vp8;<b>", "vp 8", "vp8\n", "vp\u{e9}8", long.as_str()] {
        let command =
            Command::Open { kind: Kind::Camera, codec: codec.into(), width: 1, height: 1 };
        given([joined(BEN)]).when(BEN, command).refused(Refusal::Malformed);
    }
    let longest = "v".repeat(CODEC_BYTES_MAX);
    for codec in ["opus", "vp09.00.10.08", "mp4a_40-2", longest.as_str()] {
        let command =
            Command::Open { kind: Kind::Camera, codec: codec.into(), width: 1, height: 1 };
        let fact = Event::Opened {
            track: TrackId(1),
            kind: Kind::Camera,
            codec: codec.into(),
            width: 1,
            height: 1,
            to: None,
        };
        given([joined(BEN)]).when(BEN, command).then([everyone(fact)]);
    }
}

#[test]
fn tracks_are_bounded() {
    let past: Past = (0..TRACKS_MAX as u32)
        .flat_map(|at| {
            let who = ParticipantId(10 + at / 2);
            let kind = if at % 2 == 0 { Kind::Camera } else { Kind::Microphone };
            let came = if at % 2 == 0 { joined(who) } else { Past::new() };
            came.into_iter().chain(shares(who, at + 1, kind))
        })
        .collect();
    given([joined(BEN), past]).when(BEN, open(Kind::Camera)).refused(Refusal::TooManyTracks);
}

#[test]
fn a_track_is_closed_by_its_owner_once() {
    let closed = everyone(Event::Closed { track: TrackId(1) });
    given([joined(ANN), joined(BEN), shares(BEN, 1, Kind::Camera)])
        .when(ANN, Command::Close { track: TrackId(1) })
        .refused(Refusal::NoSuchTrack)
        .when(BEN, Command::Close { track: TrackId(1) })
        .then([closed])
        .when(BEN, Command::Close { track: TrackId(1) })
        .refused(Refusal::NoSuchTrack);
}

#[test]
fn each_pause_and_resumption_begins_a_generation() {
    let track = TrackId(1);
    given([joined(BEN), shares(BEN, 1, Kind::Camera)])
        .when(BEN, Command::Resume { track })
        .refused(Refusal::AlreadyDone)
        .when(BEN, Command::Pause { track })
        .then([everyone(Event::Paused { track, generation: 2 })])
        .when(BEN, Command::Pause { track })
        .refused(Refusal::AlreadyDone)
        .when(BEN, Command::Resume { track })
        .then([everyone(Event::Resumed { track, generation: 3 })]);
}

#[test]
fn somebody_elses_track_is_not_paused_or_resumed() {
    given([joined(ANN), joined(BEN), shares(BEN, 1, Kind::Camera)])
        .when(ANN, Command::Pause { track: TrackId(1) })
        .refused(Refusal::NoSuchTrack)
        .when(ANN, Command::Resume { track: TrackId(1) })
        .refused(Refusal::NoSuchTrack);
}

#[test]
fn muting_pauses_the_microphone_and_nothing_else() {
    given([
        joined(ANN),
        joined(BEN),
        shares(BEN, 1, Kind::Camera),
        shares(BEN, 2, Kind::Microphone),
    ])
    .when(ANN, Command::Mute { who: BEN })
    .then([
        everyone(Event::Muted { who: BEN }),
        everyone(Event::Paused { track: TrackId(2), generation: 2 }),
    ])
    .when(ANN, Command::Mute { who: BEN })
    .refused(Refusal::AlreadyDone);
}

#[test]
fn muting_somebody_who_paused_already_begins_no_generation() {
    let paused = did(BEN, Event::Paused { track: TrackId(1), generation: 2 });
    given([joined(ANN), joined(BEN), shares(BEN, 1, Kind::Microphone), paused])
        .when(ANN, Command::Mute { who: BEN })
        .then([everyone(Event::Muted { who: BEN })]);
}

#[test]
fn who_is_muted_neither_opens_nor_resumes_a_microphone() {
    let muted = happened(Event::Muted { who: BEN });
    given([joined(ANN), joined(BEN), muted])
        .when(BEN, open(Kind::Microphone))
        .refused(Refusal::Muted)
        .when(BEN, open(Kind::Camera))
        .then([everyone(opened(1, Kind::Camera))]);
    let muted = happened(Event::Muted { who: BEN });
    let paused = did(ANN, Event::Paused { track: TrackId(1), generation: 2 });
    given([joined(ANN), joined(BEN), shares(BEN, 1, Kind::Microphone), muted, paused])
        .when(BEN, Command::Resume { track: TrackId(1) })
        .refused(Refusal::Muted);
}

#[test]
fn allowing_somebody_to_speak_does_not_switch_the_microphone_on() {
    given([joined(ANN), joined(BEN), happened(Event::Muted { who: BEN })])
        .when(ANN, Command::Unmute { who: BEN })
        .then([everyone(Event::Unmuted { who: BEN })])
        .when(ANN, Command::Unmute { who: BEN })
        .refused(Refusal::AlreadyDone)
        .when(BEN, open(Kind::Microphone))
        .then([everyone(opened(1, Kind::Microphone))]);
}

#[test]
fn nobody_mutes_somebody_who_is_not_here() {
    given([joined(ANN)]).when(ANN, Command::Mute { who: CHI }).refused(Refusal::NotPresent);
}
