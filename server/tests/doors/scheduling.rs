//! Meetings as a resource: planned, read, changed, called off, given away, over JSON.

use std::time::Duration;

use serde_json::{Value, json};

use super::client::Reply;
use super::world::{EMAIL, World, world};

const BOB: &str = "bob@example.org";
const ROOT: &str = "root@example.org";

fn weekly() -> Value {
    json!({
        "type": 0,
        "topic": "Weekly",
        "password": "blue moon",
        "when": {
            "start": "2030-03-25T10:00",
            "minutes": 45,
            "zone": "Europe/Berlin",
            "rule": "FREQ=WEEKLY;COUNT=3",
        },
        "public": true,
        "lobby": true,
        "participants_max": 12,
        "dial_in": { "number": "+49 30 12345", "code": "123456" },
    })
}

/// A server with Ann, Bob and an administrator: their cookies.
fn people() -> (World, String, String, String) {
    let world = world("");
    let mut cookies = [(EMAIL, false), (BOB, false), (ROOT, true)].map(|(email, administrator)| {
        world.account(email, administrator);
        world.sign_in(email)
    });
    let [ann, bob, root] = &mut cookies;
    let (ann, bob, root) = (std::mem::take(ann), std::mem::take(bob), std::mem::take(root));
    (world, ann, bob, root)
}

fn made(world: &World, cookie: &str, wish: &Value) -> (String, Reply) {
    let reply = world.post_as("/api/v1/meetings", wish, cookie);
    assert_eq!(reply.status, 200, "{reply:?}");
    let id = reply.json()["id"].as_str().expect("an id").to_owned();
    (format!("/api/v1/meetings/{id}"), reply)
}

fn patch(world: &World, path: &str, body: &Value, cookie: &str, more: &str) -> Reply {
    world.call_as("PATCH", path, body, cookie, more)
}

#[test]
fn a_planned_meeting_is_read_as_it_was_planned() {
    let (world, ann, ..) = people();
    let (path, reply) = made(&world, &ann, &weekly());
    let read = world.get_as(&path, &ann);
    assert_eq!(read.json(), reply.json());
    let seen = read.json();
    assert_eq!(seen["when"]["start"], json!("2030-03-25T10:00"));
    // The clocks are changed on the last day of March; the third one ends 45 minutes on.
    let length = seen["when"]["ends_ms"].as_u64().expect("an end")
        - seen["when"]["begins_ms"].as_u64().expect("a beginning");
    assert_eq!(length, (2 * 7 * 24 * 60 - 60 + 45) * 60_000);
    assert_eq!(seen["when"]["next_ms"], seen["when"]["begins_ms"]);
    for (name, value) in [
        ("owner", json!(EMAIL)),
        ("state", json!("scheduled")),
        ("recurring", json!(true)),
        ("public", json!(true)),
        ("own_network", json!(false)),
        ("lobby", json!(true)),
        ("has_password", json!(true)),
        ("participants_max", json!(12)),
        ("dial_in", json!({ "number": "+49 30 12345", "code": "123456" })),
        ("cancelled_ms", Value::Null),
    ] {
        assert_eq!(seen[name], value, "{name}");
    }
    assert!(seen["invitation"].as_str().expect("words").contains("Password: blue moon"));
    assert!(!seen.to_string().contains("\"password\""));
}

#[test]
fn an_answer_names_the_fact_it_caused_and_a_read_waits_for_one() {
    let (world, ann, ..) = people();
    let (path, reply) = made(&world, &ann, &weekly());
    let id = reply.json()["id"].as_str().expect("an id").to_owned();
    assert_eq!(reply.json()["position"], json!({ "stream": id, "epoch": 1, "seq": 1 }));
    assert_eq!(reply.header("convoke-position"), Some(format!("{id}@1.1").as_str()));
    assert_eq!(reply.header("etag"), Some("\"1.1\""));
    let changed = patch(&world, &path, &json!({ "topic": "Monthly" }), &ann, "");
    assert_eq!(changed.header("convoke-position"), Some(format!("{id}@1.2").as_str()));
    let read = world.get_as(&format!("{path}?at=1.2"), &ann);
    assert_eq!((read.header("etag"), &read.json()["topic"]), (Some("\"1.2\""), &json!("Monthly")));
    assert_eq!(read.header("convoke-position"), None, "a read causes nothing");
    assert_eq!(world.get_as(&format!("{path}?at=soon"), &ann).code(), "malformed");
    // A fact that comes while somebody waits for it is in what they read.
    let reads = std::thread::scope(|scope| {
        let waits = scope.spawn(|| world.get_as(&format!("{path}?at=1.3"), &ann));
        std::thread::sleep(Duration::from_millis(200));
        assert!(!waits.is_finished(), "it is not there yet");
        patch(&world, &path, &json!({ "topic": "Yearly" }), &ann, "");
        waits.join().expect("read")
    });
    assert_eq!(reads.json()["topic"], json!("Yearly"));
    assert_eq!(world.get_as(&format!("{path}?at=1.9"), &ann).code(), "busy", "after five seconds");
}

#[test]
fn a_change_that_expects_something_else_is_stale() {
    let (world, ann, ..) = people();
    let (path, _) = made(&world, &ann, &weekly());
    let first = patch(&world, &path, &json!({ "lobby": false }), &ann, "If-Match: \"1.1\"\r\n");
    assert_eq!((first.status, first.header("etag")), (200, Some("\"1.2\"")));
    for tag in ["\"1.1\"", "W/\"1.2\"", "nonsense"] {
        let header = format!("If-Match: {tag}\r\n");
        let stale = patch(&world, &path, &json!({ "lobby": true }), &ann, &header);
        assert_eq!((stale.status, stale.code().as_str()), (412, "stale"), "{tag}");
        let cancel = format!("{path}/cancel");
        let stale = world.call_as("POST", &cancel, &json!({}), &ann, &header);
        assert_eq!((stale.status, stale.code().as_str()), (412, "stale"), "{tag}");
    }
    assert_eq!(world.get_as(&path, &ann).json()["lobby"], json!(false));
    // Of many that expect the same, one is done.
    let done = std::thread::scope(|scope| {
        let change = || {
            let header = "If-Match: \"1.2\"\r\n";
            patch(&world, &path, &json!({ "topic": "Mine" }), &ann, header).status
        };
        let all: Vec<_> = (0..8).map(|_| scope.spawn(change)).collect();
        all.into_iter().map(|one| one.join().expect("answered")).collect::<Vec<_>>()
    });
    assert_eq!(done.iter().filter(|&&status| status == 200).count(), 1, "{done:?}");
    assert_eq!(done.iter().filter(|&&status| status == 412).count(), 7, "{done:?}");
}

#[test]
fn what_a_change_does_not_name_stays_and_null_takes_away() {
    let (world, ann, ..) = people();
    let (path, reply) = made(&world, &ann, &weekly());
    let before = reply.json();
    let after = patch(&world, &path, &json!({ "topic": "Other" }), &ann, "").json();
    for (name, value) in before.as_object().expect("an object") {
        let moved = ["topic", "changes", "changed_ms", "position", "invitation"];
        if !moved.contains(&name.as_str()) {
            assert_eq!(&after[name], value, "{name}");
        }
    }
    let nothing = json!({
        "when": null, "recurring": false, "participants_max": null, "dial_in": null,
        "password": null,
    });
    let after = patch(&world, &path, &nothing, &ann, "").json();
    for name in ["when", "participants_max", "dial_in"] {
        assert_eq!(after[name], Value::Null, "{name}");
    }
    assert_eq!(after["has_password"], json!(false));
    assert!(!after["invitation"].as_str().expect("words").contains("Password"));
    let again = patch(&world, &path, &json!({ "password": "red sun" }), &ann, "").json();
    assert!(again["invitation"].as_str().expect("words").contains("Password: red sun"));
}

#[test]
fn bad_plans_are_refused_by_name_and_change_nothing() {
    let (world, ann, ..) = people();
    let (path, reply) = made(&world, &ann, &weekly());
    let when = |start: &str, minutes: u32, zone: &str, rule: &str| {
        let when = json!({ "start": start, "minutes": minutes, "zone": zone, "rule": rule });
        json!({ "when": when })
    };
    let start = "2030-03-25T10:00";
    for (change, code) in [
        (when("2030-02-30T10:00", 30, "UTC", ""), "times_invalid"),
        (when("tomorrow", 30, "UTC", ""), "times_invalid"),
        (when(start, 0, "UTC", ""), "times_invalid"),
        (when(start, 10_081, "UTC", ""), "times_invalid"),
        (when(start, 30, "Mars/Olympus", ""), "zone_invalid"),
        (when(start, 30, "", ""), "zone_invalid"),
        (when(start, 30, "UTC", "FREQ=SECONDLY"), "rule_invalid"),
        (when(start, 30, "UTC", "FREQ=DAILY\r\nX: y"), "rule_invalid"),
        (json!({ "participants_max": 0 }), "number_invalid"),
        (json!({ "participants_max": 5001 }), "number_invalid"),
        (json!({ "dial_in": { "code": "12" } }), "dial_in_invalid"),
        (json!({ "topic": " " }), "topic_invalid"),
        (json!({ "type": 3 }), "type_not_available"),
        (json!({ "type": 9 }), "type_not_available"),
        (json!({ "password": "x".repeat(65) }), "too_long"),
        (json!({ "topics": "x" }), "malformed"),
        (json!({ "lobby": "yes" }), "malformed"),
        (json!([]), "malformed"),
        (json!({ "when": [start, 30, "UTC"] }), "malformed"),
        (json!({ "dial_in": [] }), "malformed"),
    ] {
        assert_eq!(patch(&world, &path, &change, &ann, "").code(), code, "{change}");
        let mut wish = weekly();
        if let Some(change) = change.as_object() {
            wish.as_object_mut().expect("an object").extend(change.clone());
            assert_eq!(world.post_as("/api/v1/meetings", &wish, &ann).code(), code, "{wish}");
        }
    }
    assert_eq!(world.get_as(&path, &ann).json(), reply.json());
}

#[test]
fn a_meeting_is_called_off_restored_and_given_away() {
    let (world, ann, bob, _) = people();
    let (path, _) = made(&world, &ann, &weekly());
    let post = |word: &str, body: Value, cookie: &str| {
        world.post_as(&format!("{path}/{word}"), &body, cookie)
    };
    assert_eq!(post("restore", json!({}), &ann).code(), "already_done");
    let off = post("cancel", json!({ "reason": "Snow" }), &ann);
    assert_eq!((off.status, &off.json()["state"]), (200, &json!("cancelled")));
    assert_eq!(post("cancel", json!({}), &ann).code(), "cancelled");
    assert_eq!(post("cancel", json!({ "reason": "x".repeat(301) }), &ann).code(), "too_long");
    assert_eq!(post("restore", json!({}), &ann).json()["state"], json!("scheduled"));
    let gone = world.call_as("DELETE", &path, &Value::Null, &ann, "");
    assert_eq!((gone.status, &gone.json()["state"]), (200, &json!("cancelled")));
    assert_eq!(post("restore", json!({}), &ann).status, 200);

    for word in ["cancel", "restore", "host"] {
        assert_eq!(post(word, json!({}), &bob).code(), "not_found", "{word}");
    }
    assert_eq!(post("transfer", json!({ "to": BOB }), &bob).code(), "not_found");
    assert_eq!(patch(&world, &path, &json!({ "topic": "x" }), &bob, "").code(), "not_found");
    assert_eq!(world.call_as("DELETE", &path, &Value::Null, &bob, "").code(), "not_found");
    assert_eq!(world.get_as(&path, &bob).code(), "not_found");
    assert_eq!(world.get_as(&format!("{path}?at=9.9"), &bob).code(), "not_found", "at once");

    assert_eq!(post("transfer", json!({ "to": "eve@example.org" }), &ann).code(), "not_found");
    assert_eq!(post("transfer", json!({ "to": EMAIL }), &ann).code(), "already_done");
    let given = post("transfer", json!({ "to": BOB }), &ann);
    assert_eq!((given.status, &given.json()["owner"]), (200, &json!(BOB)));
    assert_eq!(given.json()["join_url"], Value::Null, "the way in is the new host's to give");
    assert_eq!(world.get_as(&path, &ann).code(), "not_found");
    assert_eq!(world.get_as(&path, &bob).json()["topic"], json!("Weekly"));
    assert_eq!(post("host", json!({}), &bob).status, 200);
}

#[test]
fn an_administrator_sees_and_changes_all_and_is_not_shown_the_way_in() {
    let (world, ann, bob, root) = people();
    let (path, _) = made(&world, &ann, &weekly());
    made(&world, &bob, &json!({ "type": 4, "topic": "Bob's" }));
    let topics = |query: &str, cookie: &str| {
        let reply = world.get_as(&format!("/api/v1/meetings{query}"), cookie);
        let list = reply.json()["meetings"].clone();
        let mut topics: Vec<String> = list
            .as_array()
            .unwrap_or_else(|| panic!("{query}: {reply:?}"))
            .iter()
            .map(|meeting| meeting["topic"].as_str().unwrap_or_default().to_owned())
            .collect();
        topics.sort();
        topics
    };
    assert_eq!(topics("", &root), Vec::<String>::new());
    assert_eq!(topics("?owner=*", &root), ["Bob's", "Weekly"]);
    assert_eq!(topics("?owner=bob%40example.org", &root), ["Bob's"]);
    assert_eq!(topics("?owner=bob@example.org", &bob), ["Bob's"]);
    for owner in ["*", EMAIL, "eve@example.org"] {
        let query = format!("/api/v1/meetings?owner={owner}");
        assert_eq!(world.get_as(&query, &bob).code(), "privilege_missing", "{owner}");
    }
    let seen = world.get_as(&path, &root);
    for name in ["join_url", "invitation", "invitation_token"] {
        assert_eq!(seen.json()[name], Value::Null, "{name}");
    }
    assert!(!seen.body.contains("blue moon"));
    let changed = patch(&world, &path, &json!({ "topic": "Seen to" }), &root, "");
    assert_eq!(changed.json()["topic"], json!("Seen to"));
    let given = world.post_as(&format!("{path}/transfer"), &json!({ "to": BOB }), &root);
    assert_eq!(given.json()["owner"], json!(BOB));
}

#[test]
fn lists_are_told_by_state_and_in_pages() {
    let (world, mut ann, ..) = people();
    for n in 0..7 {
        made(&world, &ann, &json!({ "type": 0, "topic": format!("{n}") }));
    }
    let (off, _) = made(&world, &ann, &weekly());
    world.post_as(&format!("{off}/cancel"), &json!({}), &ann);
    let (running, _) = made(&world, &ann, &weekly());
    world.post_as(&format!("{running}/host"), &json!({}), &ann);
    let mut past = weekly();
    past["when"]["start"] = json!("1971-03-25T10:00");
    made(&world, &ann, &past);
    world.clock.advance(Duration::from_secs(2 * 366 * 24 * 3600));
    ann = world.sign_in(EMAIL);
    let count = |query: &str| {
        let list = world.get_as(&format!("/api/v1/meetings?{query}"), &ann).json();
        list["meetings"].as_array().map_or(0, Vec::len)
    };
    for (state, expected) in [("scheduled", 7), ("cancelled", 1), ("running", 1), ("past", 1)] {
        assert_eq!(count(&format!("state={state}")), expected, "{state}");
    }
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let list = world.get_as(&format!("/api/v1/meetings?limit=3{after}"), &ann).json();
        let page = list["meetings"].as_array().expect("a list");
        assert!(page.len() <= 3);
        seen.extend(page.iter().map(|meeting| meeting["id"].as_str().expect("an id").to_owned()));
        let Some(next) = list["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen.len(), 10);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 10, "each once");
    for (query, code) in [
        ("limit=0", "number_invalid"),
        ("limit=501", "number_invalid"),
        ("limit=x", "number_invalid"),
        ("state=gone", "malformed"),
        ("after=12", "not_found"),
        ("after=99999999", "not_found"),
    ] {
        let reply = world.get_as(&format!("/api/v1/meetings?{query}"), &ann);
        assert_eq!(reply.code(), code, "{query}");
    }
    let bob = world.sign_in(BOB);
    let foreign = world.get_as(&format!("/api/v1/meetings?after={}", seen[0]), &bob);
    assert_eq!(
        foreign.code(),
        "not_found",
        "somebody else's meeting is no place in one's own list"
    );
}
