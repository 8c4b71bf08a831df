//! What each scope of a key opens, over every route there is.

use std::time::Duration;

use convoke::clock::Clock;
use convoke::config::Config;
use convoke::http::{Surface, routes};
use convoke::outside::Outside;
use convoke_model::privilege::{Privilege, Privileges};
use convoke_model::site::accounts::Command;
use convoke_model::site::deed::Act;
use convoke_model::site::{Event, keys::Scope};
use serde_json::{Value, json};

use super::client::Reply;
use super::world::{EMAIL, World, world};

const ROOT: &str = "root@example.org";
const EYE: &str = "eye@example.org";
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Who a call is for.
#[derive(Debug, PartialEq, Eq)]
enum For {
    Anybody,
    People,
    Programs(Scope),
}

/// Calls by which somebody signs in or joins, and the document.
const OPEN: [&str; 9] = [
    "/api/v1/openapi.json",
    "/api/v1/setup",
    "/api/v1/sign-in",
    "/api/v1/sign-in/code",
    "/api/v1/sign-out",
    "/api/v1/reset",
    "/api/v1/reset/use",
    "/api/v1/join",
    "/api/v1/pending-host",
];
/// Calls that are posted and change nothing but that somebody looked.
const LOOKS: [&str; 4] = [
    "/api/v1/admin/meetings/{id}/look",
    "/api/v1/admin/policies/decisions",
    "/api/v1/admin/reports",
    "/api/v1/admin/reports/export",
];

fn is_for(method: &str, route: &str) -> For {
    let reads = method == "GET" || LOOKS.contains(&route);
    let below = |prefix: &str| route.starts_with(prefix);
    let of = |read, write| For::Programs(if reads { read } else { write });
    if OPEN.contains(&route) {
        For::Anybody
    } else if below("/api/v1/meetings") {
        of(Scope::MeetingsRead, Scope::MeetingsWrite)
    } else if below("/api/v1/events") {
        For::Programs(Scope::EventsRead)
    } else if below("/api/v1/webhooks") || below("/api/v1/admin/") {
        of(Scope::AdminRead, Scope::AdminWrite)
    } else {
        // Whatever is not named is not for programs.
        For::People
    }
}

fn by(world: &World, key: &str, method: &str, path: &str, body: &Value) -> Reply {
    let kind = if body.is_null() { "" } else { "Content-Type: application/json\r\n" };
    world.call_raw(method, path, &format!("Authorization: Bearer {key}\r\n{kind}"), body)
}

fn make(world: &World, cookie: &str, wish: &Value) -> Reply {
    world.post_as("/api/v1/keys", wish, cookie)
}

fn key(world: &World, cookie: &str, scopes: &[&str]) -> String {
    let made = make(world, cookie, &json!({ "name": "Program", "scopes": scopes }));
    assert_eq!(made.status, 200, "{made:?}");
    made.json()["key"].as_str().expect("a key").to_owned()
}

/// Every call that there is: method, route, and a path of it.
fn calls(world: &World) -> Vec<(&'static str, &'static str, String)> {
    let mut all = Vec::new();
    for (route, surface) in routes() {
        if surface != Surface::Api {
            continue;
        }
        let path = route
            .replace("{id}", "88137455")
            .replace("{key}", "4000000")
            .replace("{n}", "4000000")
            .replace("{kind}", "ldap")
            .replace("{name}", "corp")
            .replace("{event}", "evt_0_0_1_1");
        for method in METHODS {
            if world.call_as(method, &path, &json!({}), "", "").status != 405 {
                all.push((method, route, path.clone()));
            }
        }
    }
    assert!(all.len() > 60, "{}", all.len());
    all
}

fn stage() -> World {
    let world = world("");
    let outside = Outside::open(&Config::default(), &[]).expect("opens");
    world.site.open_console(std::sync::Arc::new(outside), None);
    world.account(ROOT, true);
    world
}

#[test]
fn every_scope_opens_its_own_calls_and_no_other() {
    let world = stage();
    let cookie = world.sign_in(ROOT);
    let calls = calls(&world);
    let mut opened = 0;
    for scope in Scope::ALL {
        let key = key(&world, &cookie, &[scope.word()]);
        for (method, route, path) in &calls {
            let reply = by(&world, &key, method, path, &json!({}));
            let code = if reply.status < 300 { String::new() } else { reply.code() };
            let what = format!("{method} {route} with {}: {reply:?}", scope.word());
            match is_for(method, route) {
                For::Anybody => {}
                For::People => assert_eq!(code, "sign_in_needed", "{what}"),
                For::Programs(needed) if !scope.covers(needed) => {
                    assert_eq!((reply.status, code.as_str()), (403, "scope_missing"), "{what}");
                }
                For::Programs(_) => {
                    opened += 1;
                    assert!(!matches!(reply.status, 401 | 403), "{what}");
                }
            }
        }
    }
    assert!(opened > 60, "{opened}");
}

#[test]
fn keys_that_are_revoked_or_expired_open_nothing() {
    let world = stage();
    let cookie = world.sign_in(ROOT);
    let calls = calls(&world);
    let all: Vec<&str> = Scope::ALL.iter().map(|scope| scope.word()).collect();
    let revoked = key(&world, &cookie, &all);
    assert_eq!(by(&world, &revoked, "GET", "/api/v1/admin/overview", &Value::Null).status, 200);
    let gone = world.call_as("DELETE", "/api/v1/keys/1", &Value::Null, &cookie, "");
    assert_eq!(gone.status, 200);
    let until = world.clock.now().0 + 60_000;
    let wish = json!({ "name": "Short", "scopes": all, "expires_ms": until });
    let expired = make(&world, &cookie, &wish).json()["key"].as_str().expect("a key").to_owned();
    assert_eq!(by(&world, &expired, "GET", "/api/v1/admin/overview", &Value::Null).status, 200);
    world.clock.advance(Duration::from_secs(61));
    let facts = world.engine.facts.lock().expect("not poisoned").len();
    for key in [&revoked, &expired] {
        for (method, route, path) in &calls {
            let reply = by(&world, key, method, path, &json!({}));
            let code = match is_for(method, route) {
                For::Anybody => continue,
                For::People => "sign_in_needed",
                For::Programs(_) => "key_invalid",
            };
            assert_eq!((reply.status, reply.code().as_str()), (401, code), "{method} {route}");
        }
    }
    assert_eq!(world.engine.facts.lock().expect("not poisoned").len(), facts);
}

#[test]
fn a_key_is_worth_what_its_account_may_now() {
    let world = stage();
    let root = world.sign_in(ROOT);
    world.account(EMAIL, false);
    let ann = world.sign_in(EMAIL);
    // Anybody may have a key for events, and it opens them for those who look over the server.
    let hears = key(&world, &ann, &["events:read"]);
    for path in ["/api/v1/events", "/api/v1/events/stream"] {
        assert_eq!(by(&world, &hears, "GET", path, &Value::Null).code(), "privilege_missing");
    }
    world.account(EYE, false);
    let eye = world.found(EYE).id;
    let privileges = Privileges::NONE.with(Privilege::Auditor);
    world.wish(Command::SetPrivileges { account: eye, privileges });
    let cookie = world.sign_in(EYE);
    let wish = json!({ "name": "x", "scopes": ["admin:write"] });
    assert_eq!(make(&world, &cookie, &wish).code(), "privilege_missing");
    let reads = key(&world, &cookie, &["admin:read", "events:read"]);
    for (method, route, path) in calls(&world) {
        let reply = by(&world, &reads, method, &path, &json!({}));
        match is_for(method, route) {
            For::Anybody | For::People => {}
            For::Programs(Scope::AdminRead | Scope::EventsRead) => {
                assert!(!matches!(reply.status, 401 | 403), "{method} {route}: {reply:?}");
            }
            For::Programs(_) => assert_eq!(reply.code(), "scope_missing", "{method} {route}"),
        }
    }
    let privileges = Privileges::NONE;
    world.wish(Command::SetPrivileges { account: eye, privileges });
    let code = |path: &str| by(&world, &reads, "GET", path, &Value::Null).code();
    assert_eq!(code("/api/v1/admin/overview"), "administrators_only");
    assert_eq!(code("/api/v1/webhooks"), "privilege_missing");
    assert_eq!(code("/api/v1/events"), "privilege_missing");
    // Administering by a key takes an administrator's account as well as the scope.
    let rules = key(&world, &root, &["admin:write"]);
    world.account("second@example.org", true);
    let (root, privileges) = (world.found(ROOT).id, Privileges::NONE.with(Privilege::Auditor));
    world.wish(Command::SetPrivileges { account: root, privileges });
    let add = json!({ "name": "Staff" });
    let refused = by(&world, &rules, "POST", "/api/v1/admin/groups", &add);
    assert_eq!(refused.code(), "administrators_only");
    assert_eq!(by(&world, &rules, "GET", "/api/v1/admin/groups", &Value::Null).status, 200);
}

#[test]
fn a_deed_by_a_key_names_the_key() {
    let world = stage();
    let cookie = world.sign_in(ROOT);
    let rules = key(&world, &cookie, &["admin:write"]);
    let added = by(&world, &rules, "POST", "/api/v1/admin/groups", &json!({ "name": "Staff" }));
    assert_eq!(added.status, 200, "{added:?}");
    let root = world.found(ROOT).id;
    let facts = world.engine.facts.lock().expect("not poisoned");
    let deeds = facts.iter().filter_map(|(by, fact)| match fact {
        Event::Deed(deed) => Some((*by, deed.act, deed.sign_in.clone())),
        _ => None,
    });
    let expected = (root.into(), Act::AddGroup, Some("key 1".to_owned()));
    assert_eq!(deeds.collect::<Vec<_>>(), [expected]);
}
