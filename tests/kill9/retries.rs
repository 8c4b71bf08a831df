//! Kill -9 while programs make meetings: a call that is sent again under its key is done once,
//! wherever in it the server died.

use std::collections::BTreeSet;
use std::time::Duration;

use convoke_tests::program::{Keyed, Server, run};
use serde_json::{Value, json};

const MEETINGS: &str = "/api/v1/meetings";
const SETTINGS: &str = "[disk]\nlow_percent = 0\nvery_low_percent = 0\nvery_low_mib = 0\n\
    full_mib = 0\n[join]\nper_minute = 100000\nburst = 100000\n";
/// Rounds of calls, a kill, and the same calls again.
const ROUNDS: u64 = 12;
/// Rounds until kills have fallen on both sides of the fact.
const ROUNDS_MAX: u64 = 60;
/// Calls at once in a round.
const CALLS: u64 = 6;

fn wish(name: &str) -> Value {
    json!({ "type": 0, "topic": name, "password": format!("password of {name}") })
}

fn meetings(server: &Server, key: &str) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("{MEETINGS}?limit=500{after}");
        let page = server.keyed(key, "GET", &path, None, &Value::Null).expect("it is up");
        assert_eq!(page.status, 200, "{page:?}");
        all.extend(page.body["meetings"].as_array().expect("meetings").iter().cloned());
        let Some(next) = page.body["next"].as_str() else { return all };
        after = format!("&after={next}");
    }
}

/// A key has no blanks.
fn once(name: &str) -> String {
    name.replace(' ', "_")
}

fn again(server: &Server, key: &str, name: &str) -> Keyed {
    let reply = server.keyed(key, "POST", MEETINGS, Some(&once(name)), &wish(name));
    reply.expect("it is up")
}

#[test]
fn a_call_that_was_answered_is_not_done_again_by_the_next_process() {
    let mut server = Server::start(SETTINGS);
    let may = ["account", "set", server.email(), "--privileges", "everyday,administrator"];
    assert_eq!(server.command("convoke", &may, "").0, Some(0));
    let key = server.key(&["meetings:write", "admin:write"]);
    let first = again(&server, &key, "a");
    assert_eq!((first.status, first.again), (200, false), "{first:?}");
    let path = format!("{MEETINGS}/{}", first.body["id"].as_str().expect("an id"));
    let change = json!({ "topic": "Changed" });
    let changed = server.keyed(&key, "PATCH", &path, Some("b"), &change).expect("up");
    assert_eq!(changed.status, 200, "{changed:?}");
    let group = json!({ "name": "Staff" });
    let groups = "/api/v1/admin/groups";
    let made = server.keyed(&key, "POST", groups, Some("c"), &group).expect("up");
    assert_eq!(made.status, 200, "{made:?}");
    // Somebody else's change, so that what is there now is another meeting than that of the call.
    let later = json!({ "topic": "Later" });
    assert_eq!(server.keyed(&key, "PATCH", &path, None, &later).expect("up").status, 200);

    server.kill9();
    server.up();

    let told = again(&server, &key, "a");
    assert_eq!((told.status, told.again), (200, true), "{told:?}");
    assert_eq!((&told.body["id"], &told.body["topic"]), (&first.body["id"], &json!("Later")));
    assert_eq!(told.position, first.position, "the fact that the call caused");
    let told = server.keyed(&key, "PATCH", &path, Some("b"), &change).expect("up");
    assert_eq!((told.status, told.again, told.position), (200, true, changed.position));
    assert_eq!(told.body["topic"], json!("Later"), "and it is not changed back");
    let told = server.keyed(&key, "POST", groups, Some("c"), &group).expect("up");
    assert_eq!((told.status, &told.body["code"]), (409, &json!("already_done")), "{told:?}");
    assert!(told.position.is_some_and(|at| at.starts_with("site@")), "where it is in the log");
    let other = server.keyed(&key, "POST", MEETINGS, Some("a"), &wish("other")).expect("up");
    assert_eq!((other.status, &other.body["code"]), (422, &json!("key_reused")));
    assert_eq!(meetings(&server, &key).len(), 1);
    assert_eq!(again(&server, &key, "d").status, 200);
    assert_eq!(meetings(&server, &key).len(), 2, "another key is another call");
}

#[test]
fn a_call_is_done_once_wherever_in_it_the_server_died() {
    let mut server = Server::start(SETTINGS);
    let key = server.key(&["meetings:write"]);
    let mut names = BTreeSet::new();
    // Calls that were cut off: before they became facts, and after.
    let (mut before, mut after) = (0, 0);
    for round in 0..ROUNDS_MAX {
        if round >= ROUNDS && before > 0 && after > 0 {
            break;
        }
        let of_round: Vec<String> = (0..CALLS).map(|n| format!("round {round} call {n}")).collect();
        let calls: Vec<_> = of_round
            .iter()
            .map(|name| {
                let send = server.sender(&key, "POST", MEETINGS, Some(&once(name)), &wish(name));
                std::thread::spawn(move || send().is_some())
            })
            .collect();
        // Uneven, so that the kill falls on every part of a call sooner or later.
        std::thread::sleep(Duration::from_micros(500 + (round % 12) * 3700));
        server.kill9();
        let answered: Vec<bool> =
            calls.into_iter().map(|call| call.join().expect("no panic")).collect();
        server.up();
        for (name, answered) in of_round.into_iter().zip(answered) {
            let reply = again(&server, &key, &name);
            assert_eq!(reply.status, 200, "{name}: {reply:?}");
            assert!(reply.again || !answered, "{name}: it was answered and is not known");
            match (answered, reply.again) {
                (true, _) => {}
                (false, true) => after += 1,
                (false, false) => before += 1,
            }
            names.insert(name);
        }
    }
    let all = meetings(&server, &key);
    let topics: BTreeSet<&str> = all.iter().filter_map(|one| one["topic"].as_str()).collect();
    assert_eq!(all.len(), names.len(), "none is there twice");
    assert_eq!(topics.len(), names.len(), "and none is missing");
    assert!(before > 0 && after > 0, "the kills missed: {before} before, {after} after the fact");
    // What lay between the fact and the vault was made up for.
    for meeting in &all {
        let (id, topic) = (meeting["id"].as_str().expect("id"), meeting["topic"].as_str());
        let path = format!("{MEETINGS}/{id}/host");
        let opened = server.keyed(&key, "POST", &path, None, &json!({})).expect("it is up");
        assert_eq!(opened.status, 200, "{opened:?}");
        let _ = server.ticket(id, "guest", &format!("password of {}", topic.expect("a topic")));
    }
    server.stop();
    let data = server.data();
    let data = data.to_str().expect("temporary folders have plain names");
    let verified = run("convoke-audit", &["--data", data, "verify"], "");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    println!("{} calls, cut off {before} before and {after} after the fact", names.len());
}
