//! Who may wish what: every command for everybody, as one table. What has no `+` is refused.

use super::super::Command;
use super::commands;
use super::given::{
    ANN, BEN, CHI, Given, PAM, SERVER, VIC, given, joined, left, presents, waiting,
};
use crate::id::ParticipantId;
use crate::meeting::access::{Needs, needs};
use crate::meeting::roster::LeaveReason;
use crate::record::Actor;
use crate::refusal::Refusal;

const DOT: ParticipantId = ParticipantId(7);
const EVE: ParticipantId = ParticipantId(8);
const NOBODY: ParticipantId = ParticipantId(99);

/// A server, h host, p panelist, P presenter who is an attendee, a attendee, v viewer, w somebody
/// who waits in the lobby, g somebody who is gone, ? a number that nobody has.
const MATRIX: &str = "
                      A h p P a v w g ?
    lifecycle.open    + . . . . . . . .
    lifecycle.end     + + . . . . . . .
    lifecycle.close   + . . . . . . . .
    roster.enter      + . . . . . . . .
    roster.leave      . + + + + + + . .
    roster.admit      + + . . . . . . .
    roster.deny       + + . . . . . . .
    roster.remove     + + . . . . . . .
    roster.drop       + . . . . . . . .
    roster.interrupt  + . . . . . . . .
    roster.disconnect + . . . . . . . .
    roster.reconnect  + . . . . . . . .
    floor.give        . + . + . . . . .
    floor.take        . + . . . . . . .
    floor.release     . + + + + . . . .
    control.ask       . + + + + . . . .
    control.give      . + + + + . . . .
    control.take      . + . + . . . . .
    control.release   . + + + + . . . .
    control.count     + . . . . . . . .
    chat.say          . + + + + . . . .
    chat.announce     + . . . . . . . .
    chat.silence      + + . . . . . . .
    chat.unsilence    + + . . . . . . .
    track.open        . + + + + . . . .
    track.close       . + + + + . . . .
    track.pause       . + + + + . . . .
    track.resume      . + + + + . . . .
    track.mute        + + . . . . . . .
    track.unmute      + + . . . . . . .
    hand.raise        . + + + + . . . .
    hand.lower        . + + + + . . . .
    hand.lower_of     + + . . . . . . .
    lock.lock         + + . . . . . . .
    lock.unlock       + + . . . . . . .
    recording.start   + + . . . . . . .
    recording.stop    + + . . . . . . .
    recording.seal    + . . . . . . . .
    recording.gap     + . . . . . . . .
    delivery.close    + . . . . . . . .
    policy            + . . . . . . . .
    dial_in.arrive    + . . . . . . . .
    dial_in.report    + . . . . . . . .
";

fn world() -> Given {
    given([
        joined(ANN),
        joined(BEN),
        joined(CHI),
        joined(VIC),
        joined(PAM),
        waiting(DOT),
        joined(EVE),
        left(EVE, LeaveReason::Left),
        presents(BEN),
    ])
}

fn column(letter: &str) -> Actor {
    match letter {
        "A" => SERVER,
        "h" => ANN.into(),
        "p" => PAM.into(),
        "P" => BEN.into(),
        "a" => CHI.into(),
        "v" => VIC.into(),
        "w" => DOT.into(),
        "g" => EVE.into(),
        "?" => NOBODY.into(),
        other => panic!("no such column: {other}"),
    }
}

#[test]
fn everybody_may_wish_what_the_table_says_and_nothing_else() {
    let mut lines = MATRIX.lines().filter(|line| !line.trim().is_empty());
    let columns: Vec<Actor> =
        lines.next().expect("a head").split_whitespace().map(column).collect();
    let mut rows: std::collections::BTreeMap<&str, Vec<&str>> = lines
        .map(|line| {
            let mut cells = line.split_whitespace();
            (cells.next().expect("a name"), cells.collect())
        })
        .collect();
    for (name, command) in commands::all() {
        let row = rows.remove(name).unwrap_or_else(|| panic!("{name} is not in the table"));
        assert_eq!(row.len(), columns.len(), "{name}");
        for (&by, cell) in columns.iter().zip(row) {
            assert_eq!(may(by, command.clone()), cell == "+", "{name} by {by:?}");
        }
    }
    assert!(rows.is_empty(), "no such commands: {rows:?}");
}

fn may(by: Actor, command: Command) -> bool {
    let at = crate::id::Millis(1);
    let proposal = crate::record::Proposal { by, at, request: None, command };
    // Any other refusal tells that the door was passed and a rule of the topic said no.
    world().session.decide(&proposal) != Err(Refusal::NotAllowed)
}

#[test]
fn what_only_the_server_may_wish_is_known_before_a_session_is_asked() {
    for (name, command) in commands::all() {
        let life = ["lifecycle.open", "lifecycle.close", "roster.enter", "roster.drop"];
        let roster = ["roster.interrupt", "roster.disconnect", "roster.reconnect"];
        let more = ["recording.seal", "recording.gap", "delivery.close", "policy", "chat.announce"];
        let callers = ["dial_in.arrive", "dial_in.report", "control.count"];
        let is_servers = life.iter().chain(&roster).chain(&more).chain(&callers);
        let is_servers = { is_servers }.any(|&one| one == name);
        assert_eq!(needs(&command) == Needs::Server, is_servers, "{name}");
    }
}

#[test]
fn somebody_who_is_away_keeps_their_part() {
    let away = super::super::roster::Event::Disconnected { who: ANN, at: None };
    given([joined(ANN), joined(BEN), super::given::happened(away)])
        .when(ANN, super::super::lock::Command::Lock {})
        .then([super::given::everyone(super::super::lock::Event::Locked {})]);
}
