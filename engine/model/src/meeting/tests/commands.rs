//! One of every command there is. The match below does not compile when one is missing.

use std::collections::BTreeSet;

use super::super::{
    Command, chat, control, delivery, dial_in, floor, hand, lifecycle, lock, recording, roster,
    track,
};
use super::given::{CHI, HAL, opening, say};
use super::roster::entering;
use crate::id::{MeetingId, Millis, TrackId};
use crate::policy::{Decided, Question, Verdict, record};
use crate::text::ChatText;

/// One of every command, about Chi where it is about somebody, with its name.
pub(super) fn all() -> Vec<(&'static str, Command)> {
    let (who, track) = (CHI, TrackId(1));
    let commands: Vec<Command> = vec![
        lifecycle::Command::Open(opening()).into(),
        lifecycle::Command::End {}.into(),
        lifecycle::Command::Close { reason: lifecycle::EndReason::Empty }.into(),
        roster::Command::Enter(entering(HAL)).into(),
        roster::Command::Leave {}.into(),
        roster::Command::Admit { who }.into(),
        roster::Command::Deny { who }.into(),
        roster::Command::Remove { who }.into(),
        roster::Command::Drop { who, reason: roster::LeaveReason::Lost, at: None }.into(),
        roster::Command::Interrupt { who, at: Millis(900) }.into(),
        roster::Command::Disconnect { who }.into(),
        roster::Command::Reconnect { who }.into(),
        floor::Command::Give { to: who }.into(),
        floor::Command::Take {}.into(),
        floor::Command::Release {}.into(),
        control::Command::Ask {}.into(),
        control::Command::Give { to: who }.into(),
        control::Command::Take {}.into(),
        control::Command::Release {}.into(),
        control::Command::Count(input_count()).into(),
        say(chat::To::Everyone, "hello"),
        chat::Command::Announce { text: ChatText::new("hear this").expect("a text") }.into(),
        chat::Command::Silence { who }.into(),
        chat::Command::Unsilence { who }.into(),
        track::Command::Open {
            kind: track::Kind::Camera,
            codec: "vp8".into(),
            width: 640,
            height: 480,
        }
        .into(),
        track::Command::Close { track }.into(),
        track::Command::Pause { track }.into(),
        track::Command::Resume { track }.into(),
        track::Command::Mute { who }.into(),
        track::Command::Unmute { who }.into(),
        hand::Command::Raise {}.into(),
        hand::Command::Lower {}.into(),
        hand::Command::LowerOf { who }.into(),
        lock::Command::Lock {}.into(),
        lock::Command::Unlock {}.into(),
        recording::Command::Start {}.into(),
        recording::Command::Stop {}.into(),
        recording::Command::Seal(seal()).into(),
        recording::Command::Gap(gap()).into(),
        delivery::Command::Close(ledger()).into(),
        Command::Policy(Box::new(decided())),
        dial_in::Command::Arrive(Box::new(super::dial_in::arriving(HAL))).into(),
        dial_in::Command::Report { who, quiet: true }.into(),
    ];
    commands.into_iter().map(|command| (name(&command), command)).collect()
}

/// What a command is called in the tables of these tests.
pub(super) fn name(command: &Command) -> &'static str {
    match command {
        Command::Lifecycle(lifecycle::Command::Open(_)) => "lifecycle.open",
        Command::Lifecycle(lifecycle::Command::End {}) => "lifecycle.end",
        Command::Lifecycle(lifecycle::Command::Close { .. }) => "lifecycle.close",
        Command::Roster(roster::Command::Enter(_)) => "roster.enter",
        Command::Roster(roster::Command::Leave {}) => "roster.leave",
        Command::Roster(roster::Command::Admit { .. }) => "roster.admit",
        Command::Roster(roster::Command::Deny { .. }) => "roster.deny",
        Command::Roster(roster::Command::Remove { .. }) => "roster.remove",
        Command::Roster(roster::Command::Drop { .. }) => "roster.drop",
        Command::Roster(roster::Command::Interrupt { .. }) => "roster.interrupt",
        Command::Roster(roster::Command::Disconnect { .. }) => "roster.disconnect",
        Command::Roster(roster::Command::Reconnect { .. }) => "roster.reconnect",
        Command::Floor(floor::Command::Give { .. }) => "floor.give",
        Command::Floor(floor::Command::Take {}) => "floor.take",
        Command::Floor(floor::Command::Release {}) => "floor.release",
        Command::Control(control::Command::Ask {}) => "control.ask",
        Command::Control(control::Command::Give { .. }) => "control.give",
        Command::Control(control::Command::Take {}) => "control.take",
        Command::Control(control::Command::Release {}) => "control.release",
        Command::Control(control::Command::Count(_)) => "control.count",
        Command::Chat(chat::Command::Say { .. }) => "chat.say",
        Command::Chat(chat::Command::Announce { .. }) => "chat.announce",
        Command::Chat(chat::Command::Silence { .. }) => "chat.silence",
        Command::Chat(chat::Command::Unsilence { .. }) => "chat.unsilence",
        Command::Track(track::Command::Open { .. }) => "track.open",
        Command::Track(track::Command::Close { .. }) => "track.close",
        Command::Track(track::Command::Pause { .. }) => "track.pause",
        Command::Track(track::Command::Resume { .. }) => "track.resume",
        Command::Track(track::Command::Mute { .. }) => "track.mute",
        Command::Track(track::Command::Unmute { .. }) => "track.unmute",
        Command::Hand(hand::Command::Raise {}) => "hand.raise",
        Command::Hand(hand::Command::Lower {}) => "hand.lower",
        Command::Hand(hand::Command::LowerOf { .. }) => "hand.lower_of",
        Command::Lock(lock::Command::Lock {}) => "lock.lock",
        Command::Lock(lock::Command::Unlock {}) => "lock.unlock",
        Command::Recording(recording::Command::Start {}) => "recording.start",
        Command::Recording(recording::Command::Stop {}) => "recording.stop",
        Command::Recording(recording::Command::Seal(_)) => "recording.seal",
        Command::Recording(recording::Command::Gap(_)) => "recording.gap",
        Command::Delivery(delivery::Command::Close(_)) => "delivery.close",
        Command::Policy(_) => "policy",
        Command::DialIn(dial_in::Command::Arrive(_)) => "dial_in.arrive",
        Command::DialIn(dial_in::Command::Report { .. }) => "dial_in.report",
    }
}

/// How many names the match above has.
pub(super) const COMMANDS: usize = 43;

#[test]
fn the_list_holds_every_command_once() {
    let names: BTreeSet<_> = all().iter().map(|(name, _)| *name).collect();
    assert_eq!((names.len(), all().len()), (COMMANDS, COMMANDS));
}

/// What somebody got.
pub(super) fn ledger() -> delivery::Ledger {
    let media = delivery::Media { handed: 900, confirmed: 800, skipped: 70, skips: 1 };
    let ledger = delivery::Ledger::of(CHI);
    delivery::Ledger { handed: 5, confirmed: 4, media, connections: 2, catch_ups: 1, ..ledger }
}

/// A stretch of media that was bound.
pub(super) fn seal() -> recording::Seal {
    let (first, last) = (Millis(1), Millis(2));
    recording::Seal { file: "1.media".into(), from: 0, to: 9, sha256: [1; 32], first, last }
}

/// Media that is missing.
pub(super) fn gap() -> recording::Gap {
    recording::Gap { from: Millis(1), to: Millis(2), reason: recording::GapReason::Crash }
}

/// A policy's decision.
pub(super) fn decided() -> Decided {
    let meeting = MeetingId::new(88_137_455).expect("eight digits");
    let asked = record::Question { meeting, around: None };
    Decided {
        policy: "builtin".into(),
        micros: 3,
        ..Decided::builtin(Question::Record(asked), Verdict::record(true))
    }
}

fn input_count() -> control::Count {
    let (first, last) = (Millis(5), Millis(6));
    control::Count { track: TrackId(1), who: HAL, messages: 3, bytes: 180, first, last }
}
