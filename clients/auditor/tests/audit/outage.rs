//! What a stop of the server leaves in the log: who was last seen when, and what was lost.

use convoke_model::meeting::Event;
use convoke_model::meeting::roster::{self, LeaveReason};
use convoke_model::site::{self, Loss, LossReason, LostStretch};
use convoke_model::{Actor, Audience, Millis, ParticipantId, StreamId};

use super::world::{BOARD, World, json};

const SEEN: &str = "2026-03-01T09:00:05.000Z";

#[test]
fn who_was_here_when_the_server_stopped_was_last_seen_then() {
    let mut world = World::open();
    let (second, who) = (StreamId { session: 2, ..BOARD }, ParticipantId(1));
    let at = Some(Millis(1_772_355_605_000));
    let lost = roster::Event::Disconnected { who, at };
    world.in_session(second, Actor::Server, Event::Roster(lost));
    let shown = world.audit(&["show", "8813-7455/2"]);
    let words = format!("Hana (1) lost the connection when the server stopped, last seen {SEEN}");
    assert!(shown.out.contains(&words), "{shown:?}");
    let state = world.audit(&["state", "8813-7455/2"]);
    assert!(state.out.contains(&format!("connection lost, last seen {SEEN}")), "{state:?}");
    let state = json(&world.audit(&["state", "8813-7455/2", "--json"]));
    assert!(state["last_seen"]["1"].to_string().contains(SEEN), "{state}");

    let reason = LeaveReason::ServerRestart;
    world.in_session(second, Actor::Server, Event::Roster(roster::Event::Left { who, reason, at }));
    let shown = world.audit(&["show", "8813-7455/2"]);
    let words = format!("Hana (1) left (did not come back after a restart), last seen {SEEN}");
    assert!(shown.out.contains(&words), "{shown:?}");
    let state = json(&world.audit(&["state", "8813-7455/2", "--json"]));
    assert_eq!(state["last_seen"], serde_json::json!({}));
}

#[test]
fn an_accepted_loss_is_told_with_its_place_and_what_is_gone_of_which_stream() {
    let mut world = World::open();
    let told = |world: &mut World, loss: Loss| {
        let fact = site::Event::Lost(loss);
        world.fact(StreamId::SITE, Actor::Server, Audience::Nobody, &fact);
        world.audit(&["show", "site"]).out
    };
    let damaged = LossReason::Damaged {
        file: "log/0000000000000002.seg".into(),
        offset: 4711,
        what: "no block".into(),
    };
    let stretch = LostStretch { stream: BOARD, from: 4, to: 9 };
    let loss = Loss { expected: 9, found: 3, why: Some(damaged), streams: vec![stretch], more: 12 };
    let words = "a loss was accepted: 3 of 9 facts were there; log/0000000000000002.seg at byte \
                 4711: no block; 8813-7455/1 seq 4 to 9; and 12 more streams";
    let shown = told(&mut world, loss);
    assert!(shown.contains(words), "{shown}");
    // As the first logs say it.
    let bare = Loss { expected: 9, found: 8, why: None, streams: Vec::new(), more: 0 };
    let shown = told(&mut world, bare);
    assert!(shown.contains("a loss was accepted: 8 of 9 facts were there\n"), "{shown}");
}
