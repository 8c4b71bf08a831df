//! What clients wish: every kind of command, sensible or not.

use convoke_model::meeting::recording::{Gap, GapReason};
use convoke_model::meeting::roster::LeaveReason;
use convoke_model::meeting::{
    Command, chat, control, floor, hand, lifecycle, lock, recording, roster, track,
};
use convoke_model::text::ChatText;
use convoke_model::{Millis, ParticipantId, TrackId};

use super::client::Client;
use super::rng::Rng;

/// What a client wishes next. `long` texts overrun slow readers; `gentle` wishes end nothing.
pub(crate) fn draw(client: &mut Client, rng: &mut Rng, long: bool, gentle: bool) -> Command {
    let people: Vec<ParticipantId> = client
        .view
        .iter()
        .flat_map(|view| view.people.keys().chain(view.lobby.keys()).copied())
        .collect();
    let known = rng.pick(&people);
    let anybody = ParticipantId(u32::try_from(rng.between(1, 12)).unwrap_or(1));
    let who = if rng.chance(90) { known.unwrap_or(anybody) } else { anybody };
    let me = client.id.map(|(_, _, me)| me);
    let tracks: Vec<TrackId> = client
        .view
        .iter()
        .flat_map(|view| view.tracks.iter())
        .filter(|(_, track)| Some(track.owner) == me)
        .map(|(&id, _)| id)
        .collect();
    let some_track = TrackId(u32::try_from(rng.between(1, 9)).unwrap_or(1));
    let id = if rng.chance(90) { rng.pick(&tracks).unwrap_or(some_track) } else { some_track };
    client.counted += 1;
    match rng.below(100) {
        0..=29 => Command::Chat(chat::Command::Say {
            to: match rng.below(4) {
                0 => chat::To::Hosts,
                1 => chat::To::One(who),
                _ => chat::To::Everyone,
            },
            text: text(client, rng, long),
        }),
        30..=32 => Command::Chat(chat::Command::Silence { who }),
        33..=35 => Command::Chat(chat::Command::Unsilence { who }),
        36..=41 => Command::Hand(hand::Command::Raise {}),
        42..=44 => Command::Hand(hand::Command::Lower {}),
        45 | 46 => Command::Hand(hand::Command::LowerOf { who }),
        47..=54 => Command::Track(open(rng)),
        55..=58 => Command::Track(track::Command::Pause { track: id }),
        59..=62 => Command::Track(track::Command::Resume { track: id }),
        63 | 64 => Command::Track(track::Command::Close { track: id }),
        65..=67 => Command::Track(track::Command::Mute { who }),
        68 | 69 => Command::Track(track::Command::Unmute { who }),
        70..=72 => Command::Floor(floor::Command::Give { to: who }),
        73 | 74 => Command::Floor(floor::Command::Take {}),
        75 => Command::Floor(floor::Command::Release {}),
        76 | 77 => Command::Lock(lock::Command::Lock {}),
        78..=80 => Command::Lock(lock::Command::Unlock {}),
        81 | 82 => Command::Recording(recording::Command::Start {}),
        83 | 84 => Command::Recording(recording::Command::Stop {}),
        85..=90 => Command::Roster(roster::Command::Admit { who }),
        91 => Command::Roster(roster::Command::Deny { who }),
        92 if !gentle => Command::Roster(roster::Command::Remove { who }),
        93 if !gentle => Command::Roster(roster::Command::Leave {}),
        94 if !gentle && rng.chance(30) => Command::Lifecycle(lifecycle::Command::End {}),
        95 => Command::Roster(roster::Command::Drop { who, reason: LeaveReason::Lost, at: None }),
        96 => Command::Lifecycle(lifecycle::Command::Close {
            reason: lifecycle::EndReason::Administrator,
        }),
        97 => Command::Recording(recording::Command::Gap(Gap {
            from: Millis(1),
            to: Millis(2),
            reason: GapReason::Behind,
        })),
        98 => Command::Control(control::Command::Give { to: who }),
        _ if rng.chance(50) => Command::Control(control::Command::Take {}),
        _ => Command::Control(control::Command::Ask {}),
    }
}

/// A text that nobody else says, so that it can be counted in the log.
pub(crate) fn text(client: &Client, rng: &mut Rng, long: bool) -> ChatText {
    let mut text = format!("{}/{} ", client.index, client.counted);
    let letters = if long { rng.between(3000, 3900) } else { rng.between(1, 40) };
    let letter = if long && rng.chance(50) { '\u{1f600}' } else { 'x' };
    text.extend(std::iter::repeat_n(letter, letters));
    ChatText::new(&text).expect("short enough and not empty")
}

fn open(rng: &mut Rng) -> track::Command {
    use track::Kind;
    let kinds = [Kind::Screen, Kind::Camera, Kind::Microphone, Kind::RemoteInput];
    let kind = rng.pick(&kinds).unwrap_or(track::Kind::Camera);
    let codec = if rng.chance(95) { "vp09.00.10.08" } else { "no codec" };
    track::Command::Open { kind, codec: codec.into(), width: 640, height: 360 }
}
