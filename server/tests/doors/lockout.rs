//! Guessing is slowed down, and nobody is kept out of their own account by strangers who guess.

use std::time::Duration;

use convoke_model::site::Event;
use convoke_model::site::alarm::Alarm;
use serde_json::json;

use super::client::Reply;
use super::world::{EMAIL, PASSWORD, World, world};

fn try_as(world: &World, browser: &str, password: &str) -> Reply {
    let cookie = format!("browser={browser}");
    world.post_as("/api/v1/sign-in", &json!({ "email": EMAIL, "password": password }), &cookie)
}

fn alarms(world: &World) -> Vec<Alarm> {
    let facts = world.engine.facts.lock().expect("not poisoned");
    let alarm = |event: &Event| match event {
        Event::Alarm(alarm) => Some(alarm.clone()),
        _ => None,
    };
    facts.iter().filter_map(|(_, event)| alarm(event)).collect()
}

const OWN: &str = "aaaaaaaaaaaaaaaaaaaaaa";
const NEW: &str = "bbbbbbbbbbbbbbbbbbbbbb";
const STRANGER: &str = "cccccccccccccccccccccc";

#[test]
fn a_browser_that_was_let_in_before_is_not_kept_out_by_strangers() {
    let world = world("[sign_in]\nfailures_burst = 10000\n");
    world.account(EMAIL, false);
    assert_eq!(try_as(&world, OWN, PASSWORD).status, 200);
    // A stranger who guesses whenever a guess is taken keeps the wait at its longest.
    for _ in 0..25 {
        try_as(&world, STRANGER, "wrong");
        world.clock.advance(Duration::from_secs(900));
    }
    try_as(&world, STRANGER, "wrong");
    let slow = try_as(&world, NEW, PASSWORD);
    assert_eq!((slow.status, slow.code().as_str()), (429, "too_fast"), "an unknown browser waits");
    assert_eq!(try_as(&world, OWN, PASSWORD).status, 200, "the owner's own does not");
    // The owner's browser is not a way to guess without end.
    for _ in 0..6 {
        assert_eq!(try_as(&world, OWN, "wrong").code(), "sign_in_failed");
    }
    assert_eq!(try_as(&world, OWN, PASSWORD).code(), "too_fast");
    world.clock.advance(Duration::from_secs(901));
    assert_eq!(try_as(&world, NEW, PASSWORD).status, 200, "never for ever");
}

#[test]
fn failures_raise_alarms_of_the_account_and_of_the_address() {
    let world = world("[sign_in]\nfailures_burst = 10000\nbackoff_after = 10000\n");
    world.account(EMAIL, false);
    for _ in 0..30 {
        assert_eq!(try_as(&world, STRANGER, "wrong").status, 401);
    }
    assert_eq!(alarms(&world), []);
    try_as(&world, STRANGER, "wrong");
    let found = alarms(&world);
    assert!(matches!(found[0], Alarm::ManyFailures { failures: 31, .. }), "{found:?}");
    assert!(matches!(found[1], Alarm::ManyFailuresFrom { failures: 31, .. }), "{found:?}");
    assert_eq!(found.len(), 2);
    let text = format!("{found:?}");
    assert!(text.contains("127.0.0.1"), "{text}");
}

/// Structure, not milliseconds: a name that nobody has takes the same steps and leaves the same
/// traces as one that somebody has.
#[test]
fn an_unknown_name_costs_the_same_work_and_is_held_in_the_same_way() {
    let mut seen = Vec::new();
    for email in [EMAIL, "nobody@example.org"] {
        let world = world("[sign_in]\nqueue_max = 1\n");
        world.account(EMAIL, false);
        let before = world.engine.recorded.lock().expect("not poisoned").len();
        let tried: Vec<(u16, String, Option<String>)> = (0..7)
            .map(|_| {
                let body = json!({ "email": email, "password": "wrong" });
                let reply = world.post("/api/v1/sign-in", &body);
                let after = reply.header("retry-after").map(str::to_owned);
                (reply.status, reply.body, after)
            })
            .collect();
        let recorded = world.engine.recorded.lock().expect("not poisoned").len() - before;
        seen.push((tried, recorded));
    }
    assert_eq!(seen[0], seen[1]);
}
