//! Coming, going, being lost and being removed.

use super::super::lifecycle::{Command as Life, EndReason};
use super::super::roster::{Command, Entering, Event, LeaveReason};
use super::super::{hand, track};
use super::given::{
    ANN, BEN, CHI, HAL, SERVER, did, everyone, given, happened, hosts, join, joined, leave, left,
    log_only, name_of, presenter, presents, role_of, waiting,
};
use crate::grant::Grant;
use crate::id::{AccountId, ClientId, Millis, ParticipantId, TrackId};
use crate::refusal::Refusal;

/// The wish by which somebody of these tests comes in; `given::entered` is the fact of it.
pub(super) fn entering(who: ParticipantId) -> Entering {
    Entering {
        client: ClientId(100 + u64::from(who.0)),
        name: name_of(who),
        account: Some(AccountId(200 + who.0)),
        family: 300 + u64::from(who.0),
        ticket: 400 + u64::from(who.0),
        grant: Grant::of(role_of(who)),
        lobby: false,
    }
}

/// The fact that the wish `entering` used a ticket.
pub(super) fn entered(who: ParticipantId, entering: &Entering) -> Event {
    Event::Entered {
        who,
        client: entering.client,
        account: entering.account,
        family: entering.family,
        ticket: entering.ticket,
        grant: entering.grant,
    }
}

#[test]
fn the_first_to_come_is_number_one_and_a_host_who_comes_presents() {
    given([])
        .when(SERVER, Command::Enter(entering(ANN)))
        .then([log_only(entered(ANN, &entering(ANN))), join(ANN), presenter(Some(ANN))])
        .when(SERVER, Command::Enter(entering(BEN)))
        .then([log_only(entered(BEN, &entering(BEN))), join(BEN)]);
}

#[test]
fn a_second_host_does_not_take_the_floor_by_coming() {
    let second = ParticipantId(2);
    let joined_second =
        everyone(Event::Joined { who: second, name: name_of(HAL), role: role_of(HAL) });
    given([joined(ANN), presents(ANN)])
        .when(SERVER, Command::Enter(entering(HAL)))
        .then([log_only(entered(second, &entering(HAL))), joined_second]);
}

#[test]
fn a_number_is_never_given_again() {
    let third = ParticipantId(3);
    let came = everyone(Event::Joined { who: third, name: name_of(HAL), role: role_of(HAL) });
    given([joined(ANN), presents(ANN), joined(BEN), left(BEN, LeaveReason::Left)])
        .when(SERVER, Command::Enter(entering(HAL)))
        .then([log_only(entered(third, &entering(HAL))), came]);
}

#[test]
fn who_goes_takes_everything_along_each_as_a_fact_of_its_own() {
    let opened = track::Event::Opened {
        track: TrackId(1),
        kind: track::Kind::Screen,
        codec: "vp8".into(),
        width: 1,
        height: 1,
        to: None,
    };
    given([
        joined(ANN),
        joined(BEN),
        presents(BEN),
        did(BEN, opened),
        did(BEN, hand::Event::Raised { who: BEN }),
    ])
    .when(BEN, Command::Leave {})
    .then([
        everyone(track::Event::Closed { track: TrackId(1) }),
        everyone(hand::Event::Lowered { who: BEN }),
        presenter(Some(ANN)),
        leave(BEN, LeaveReason::Left),
    ]);
}

#[test]
fn the_floor_is_free_when_the_presenter_goes_and_no_host_is_here() {
    given([joined(BEN), joined(CHI), presents(BEN)])
        .when(BEN, Command::Leave {})
        .then([presenter(None), leave(BEN, LeaveReason::Left)]);
}

#[test]
fn a_host_removes_somebody() {
    given([joined(ANN), joined(BEN)])
        .when(ANN, Command::Remove { who: BEN })
        .then([leave(BEN, LeaveReason::Removed)])
        .when(ANN, Command::Remove { who: BEN })
        .refused(Refusal::NotPresent);
}

#[test]
fn nobody_removes_themselves() {
    given([joined(ANN)]).when(ANN, Command::Remove { who: ANN }).refused(Refusal::NotAllowed);
}

#[test]
fn a_host_may_remove_another_host() {
    given([joined(ANN), joined(HAL)])
        .when(ANN, Command::Remove { who: HAL })
        .then([leave(HAL, LeaveReason::Removed)]);
}

#[test]
fn a_lost_connection_keeps_the_place_and_coming_back_takes_it_again() {
    let lost = everyone(Event::Disconnected { who: BEN, at: None });
    let back = everyone(Event::Reconnected { who: BEN });
    given([joined(ANN), joined(BEN)])
        .when(SERVER, Command::Disconnect { who: BEN })
        .then([lost])
        .when(SERVER, Command::Disconnect { who: BEN })
        .refused(Refusal::NotPresent)
        .when(SERVER, Command::Reconnect { who: BEN })
        .then([back])
        .when(SERVER, Command::Reconnect { who: BEN })
        .refused(Refusal::AlreadyDone);
}

#[test]
fn who_does_not_come_back_is_let_go() {
    given([joined(ANN), joined(BEN), happened(Event::Disconnected { who: BEN, at: None })])
        .when(SERVER, Command::Drop { who: BEN, reason: LeaveReason::Lost, at: None })
        .then([leave(BEN, LeaveReason::Lost)])
        .when(SERVER, Command::Drop { who: BEN, reason: LeaveReason::Lost, at: None })
        .refused(Refusal::NotPresent)
        .when(SERVER, Command::Reconnect { who: BEN })
        .refused(Refusal::NotPresent);
}

/// Five hours of outage between the last sign of life and the facts about it.
const STOPPED: Millis = Millis(1000);

#[test]
fn who_was_here_when_the_server_stopped_left_then_and_not_when_it_was_noted() {
    let lost = everyone(Event::Disconnected { who: BEN, at: Some(STOPPED) });
    let gone = |reason| everyone(Event::Left { who: BEN, reason, at: Some(STOPPED) });
    let stopped = || {
        given([joined(ANN), joined(BEN)])
            .when(SERVER, Command::Interrupt { who: BEN, at: STOPPED })
            .then([lost.clone()])
    };
    let restart = LeaveReason::ServerRestart;
    stopped()
        .when(SERVER, Command::Interrupt { who: BEN, at: STOPPED })
        .refused(Refusal::NotPresent)
        .when(SERVER, Command::Drop { who: BEN, reason: restart, at: None })
        .then([gone(restart)]);
    // However the place is given up: the host removes them, or the session ends.
    stopped().when(ANN, Command::Remove { who: BEN }).then([gone(LeaveReason::Removed)]);
    let end = Life::Close { reason: EndReason::Empty };
    let ended = stopped().when(SERVER, end).answer.expect("it ends");
    assert!(ended.contains(&gone(LeaveReason::Ended)), "{ended:?}");
    assert!(ended.contains(&leave(ANN, LeaveReason::Ended)), "{ended:?}");
    // Who came back was here, and a later loss has its own time.
    stopped()
        .when(SERVER, Command::Reconnect { who: BEN })
        .then([everyone(Event::Reconnected { who: BEN })])
        .when(BEN, Command::Leave {})
        .then([leave(BEN, LeaveReason::Left)]);
}

#[test]
fn who_waited_in_the_lobby_when_the_server_stopped_waited_until_then() {
    let reason = LeaveReason::ServerRestart;
    let gone = Event::Left { who: BEN, reason, at: Some(STOPPED) };
    given([joined(ANN), waiting(BEN)])
        .when(SERVER, Command::Drop { who: BEN, reason, at: Some(STOPPED) })
        .then([hosts(gone)]);
}

#[test]
fn nothing_happens_to_somebody_who_was_never_here() {
    for command in [
        Command::Remove { who: CHI },
        Command::Admit { who: CHI },
        Command::Deny { who: CHI },
        Command::Drop { who: CHI, reason: LeaveReason::Lost, at: None },
        Command::Interrupt { who: CHI, at: Millis(1) },
        Command::Disconnect { who: CHI },
        Command::Reconnect { who: CHI },
    ] {
        given([joined(ANN)]).when(SERVER, command).refused(Refusal::NotPresent);
    }
}

#[test]
fn a_client_speaks_for_the_participant_it_entered_as() {
    let session = given([joined(ANN), joined(BEN)]).session;
    assert_eq!(session.roster.by_client(ClientId(102)), Some(BEN));
    assert_eq!(session.roster.by_client(ClientId(103)), None);
    assert_eq!(session.roster.count(), 2);
}
