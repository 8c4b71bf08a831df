//! API keys and idempotency keys: programs that act for an account, and calls that are sent again.

use std::time::Duration;

use convoke_model::site::Event;
use serde_json::{Value, json};

use super::client::Reply;
use super::world::{EMAIL, World, world};

const ROOT: &str = "root@example.org";

/// A call of a program: no origin, no cookie.
fn by(world: &World, key: &str, method: &str, path: &str, body: &Value, more: &str) -> Reply {
    let kind = if body.is_null() { "" } else { "Content-Type: application/json\r\n" };
    let headers = format!("Authorization: Bearer {key}\r\n{kind}{more}");
    world.call_raw(method, path, &headers, body)
}

fn make(world: &World, cookie: &str, scopes: &[&str]) -> String {
    let wish = json!({ "name": "Import", "scopes": scopes });
    let made = world.post_as("/api/v1/keys", &wish, cookie);
    assert_eq!(made.status, 200, "{made:?}");
    made.json()["key"].as_str().expect("a key").to_owned()
}

fn weekly() -> Value {
    json!({ "type": 0, "topic": "Weekly" })
}

const MEETINGS: &str = "/api/v1/meetings";

#[test]
fn a_program_does_what_its_scopes_say_and_nothing_else() {
    let world = world("");
    world.account(EMAIL, false);
    let cookie = world.sign_in(EMAIL);
    let reads = make(&world, &cookie, &["meetings:read"]);
    let writes = make(&world, &cookie, &["meetings:write"]);
    let hears = make(&world, &cookie, &["events:read"]);
    let code = |key: &str, method: &str, path: &str, body: &Value| {
        let reply = by(&world, key, method, path, body, "");
        if reply.status == 200 { "ok".to_owned() } else { reply.code() }
    };
    assert_eq!(code(&reads, "GET", MEETINGS, &Value::Null), "ok");
    assert_eq!(code(&writes, "GET", MEETINGS, &Value::Null), "ok");
    assert_eq!(code(&hears, "GET", MEETINGS, &Value::Null), "scope_missing");
    assert_eq!(code(&reads, "POST", MEETINGS, &weekly()), "scope_missing");
    assert_eq!(code(&hears, "POST", MEETINGS, &weekly()), "scope_missing");
    let made = by(&world, &writes, "POST", MEETINGS, &weekly(), "");
    let path = format!("{MEETINGS}/{}", made.json()["id"].as_str().expect("an id"));
    assert_eq!(code(&writes, "PATCH", &path, &json!({ "lobby": true })), "ok");
    assert_eq!(code(&reads, "PATCH", &path, &json!({ "lobby": true })), "scope_missing");
    assert_eq!(code(&reads, "DELETE", &path, &Value::Null), "scope_missing");
    assert_eq!(code(&writes, "DELETE", &path, &Value::Null), "ok");
    assert_eq!(code(&writes, "POST", &format!("{path}/restore"), &json!({})), "ok");
    assert_eq!(code(&writes, "POST", &format!("{path}/host"), &json!({})), "ok");
    // Keys open no door of people: neither to more keys, nor to the account.
    for (method, path) in [
        ("GET", "/api/v1/keys"),
        ("POST", "/api/v1/keys"),
        ("DELETE", "/api/v1/keys/1"),
        ("GET", "/api/v1/me"),
        ("POST", "/api/v1/me/password"),
    ] {
        let body = json!({ "name": "More", "scopes": ["meetings:read"], "old": "", "new": "" });
        assert_eq!(code(&writes, method, path, &body), "sign_in_needed", "{method} {path}");
    }
    let list = by(&world, &reads, "GET", MEETINGS, &Value::Null, "").json();
    assert_eq!(list["meetings"][0]["owner"], json!(EMAIL));
}

#[test]
fn what_is_no_key_opens_nothing_and_no_cookie_helps_it() {
    let world = world("");
    world.account(EMAIL, false);
    let cookie = world.sign_in(EMAIL);
    let key = make(&world, &cookie, &["meetings:read"]);
    let mut wrong = key.clone();
    let last = wrong.pop().expect("letters");
    wrong.push(if last == 'A' { 'E' } else { 'A' });
    let secret = key.rsplit('_').next().expect("a secret");
    let other = format!("ck_2_{secret}");
    let bare = format!("ck_1_{}", "");
    for bad in [&wrong, &other, &bare, "ck_1", "ck__", "ck_x_y", "", "x", &"a".repeat(8000)] {
        let more = format!("Cookie: {cookie}\r\n");
        let reply = by(&world, bad, "GET", MEETINGS, &Value::Null, &more);
        assert_eq!((reply.status, reply.code().as_str()), (401, "key_invalid"), "{bad}");
        let more = format!("{more}Origin: {}\r\n", world.origin());
        let reply = by(&world, bad, "POST", MEETINGS, &weekly(), &more);
        assert_eq!((reply.status, reply.code().as_str()), (401, "key_invalid"), "{bad}");
    }
    // Another scheme is none of ours: the origin counts as always.
    let headers = "Authorization: Basic QW5uOng=\r\nContent-Type: application/json\r\n";
    assert_eq!(world.call_raw("POST", MEETINGS, headers, &weekly()).code(), "foreign_origin");
    let text = format!("Authorization: Bearer {key}\r\nContent-Type: text/plain\r\n");
    assert_eq!(world.call_raw("POST", MEETINGS, &text, &weekly()).status, 415);
}

#[test]
fn a_key_ends_with_its_time_its_revocation_and_its_account() {
    let world = world("");
    world.account(EMAIL, false);
    world.account("bob@example.org", false);
    let cookie = world.sign_in(EMAIL);
    let works = |key: &str| by(&world, key, "GET", MEETINGS, &Value::Null, "").status == 200;
    let (first, second) =
        (make(&world, &cookie, &["meetings:read"]), make(&world, &cookie, &["events:read"]));
    assert!(works(&first));
    let bob = world.sign_in("bob@example.org");
    let revoke = |path: &str, cookie: &str| world.call_as("DELETE", path, &Value::Null, cookie, "");
    assert_eq!(revoke("/api/v1/keys/1", &bob).code(), "not_found");
    assert_eq!(revoke("/api/v1/keys/99", &cookie).code(), "not_found");
    assert_eq!(revoke("/api/v1/keys/x", &cookie).code(), "not_found");
    let gone = revoke("/api/v1/keys/1", &cookie);
    assert_eq!((gone.status, &gone.json()["good"]), (200, &json!(false)));
    assert!(gone.header("convoke-position").is_some_and(|at| at.starts_with("site@1.")));
    assert_eq!(revoke("/api/v1/keys/1", &cookie).code(), "already_done");
    assert!(!works(&first));
    let list = world.get_as("/api/v1/keys", &cookie);
    assert_eq!(list.json()["keys"].as_array().map(Vec::len), Some(2));
    assert_eq!(world.get_as("/api/v1/keys", &bob).json()["keys"], json!([]));
    for key in [&first, &second] {
        assert!(!list.body.contains(key.rsplit('_').next().expect("a secret")), "shown once");
    }
    // The secret is in no fact either.
    let facts = format!("{:?}", world.engine.facts.lock().expect("not poisoned"));
    assert!(!facts.contains(first.rsplit('_').next().expect("a secret")));
    let keys = world.engine.facts.lock().expect("not poisoned");
    assert_eq!(keys.iter().filter(|(_, fact)| matches!(fact, Event::Keys(_))).count(), 3);
    drop(keys);

    let third = make(&world, &cookie, &["meetings:read"]);
    assert!(works(&third));
    let account = world.found(EMAIL).id;
    world.wish(convoke_model::site::accounts::Command::Disable { account });
    let refused = by(&world, &third, "GET", MEETINGS, &Value::Null, "");
    assert_eq!(refused.code(), "key_invalid");
}

#[test]
fn bad_keys_are_refused_by_name() {
    let world = world("");
    world.account(EMAIL, false);
    let cookie = world.sign_in(EMAIL);
    for (wish, code) in [
        (json!({ "name": "", "scopes": ["meetings:read"] }), "name_invalid"),
        (json!({ "name": "x", "scopes": [] }), "empty"),
        (json!({ "name": "x", "scopes": ["all"] }), "malformed"),
        (json!({ "name": "x", "scopes": ["admin:read"] }), "privilege_missing"),
        (json!({ "name": "x", "scopes": ["events:read"], "expires_ms": 1 }), "times_invalid"),
        (json!({ "name": "x", "scopes": ["events:read"], "more": 1 }), "malformed"),
        (json!({ "name": "x" }), "malformed"),
    ] {
        assert_eq!(world.post_as("/api/v1/keys", &wish, &cookie).code(), code, "{wish}");
    }
    assert_eq!(world.get_as("/api/v1/keys?all=true", &cookie).code(), "privilege_missing");
    assert_eq!(world.post("/api/v1/keys", &json!({})).code(), "sign_in_needed");
}

#[test]
fn an_administrators_key_administers_only_with_that_scope() {
    let world = world("");
    world.account(EMAIL, false);
    world.account(ROOT, true);
    let ann = world.sign_in(EMAIL);
    let root = world.sign_in(ROOT);
    let made = world.post_as(MEETINGS, &weekly(), &ann);
    let path = format!("{MEETINGS}/{}", made.json()["id"].as_str().expect("an id"));
    let code = |key: &str, method: &str, path: &str, body: &Value| {
        let reply = by(&world, key, method, path, body, "");
        if reply.status == 200 { "ok".to_owned() } else { reply.code() }
    };
    let change = json!({ "lobby": true });
    let plain = make(&world, &root, &["meetings:write"]);
    assert_eq!(code(&plain, "GET", &path, &Value::Null), "not_found");
    assert_eq!(code(&plain, "PATCH", &path, &change), "not_found");
    assert_eq!(
        code(&plain, "GET", &format!("{MEETINGS}?owner=*"), &Value::Null),
        "privilege_missing"
    );
    let looks = make(&world, &root, &["meetings:write", "admin:read"]);
    assert_eq!(code(&looks, "GET", &path, &Value::Null), "ok");
    assert_eq!(code(&looks, "GET", &format!("{MEETINGS}?owner=*"), &Value::Null), "ok");
    assert_eq!(code(&looks, "PATCH", &path, &change), "not_found");
    let rules = make(&world, &root, &["meetings:write", "admin:write"]);
    assert_eq!(code(&rules, "PATCH", &path, &change), "ok");
    let all = world.get_as("/api/v1/keys?all=true", &root).json();
    assert_eq!(all["keys"].as_array().map(Vec::len), Some(3));
}

#[test]
fn a_call_that_is_sent_again_is_done_once() {
    let world = world("");
    world.account(EMAIL, false);
    world.account("bob@example.org", false);
    let cookie = world.sign_in(EMAIL);
    let key = make(&world, &cookie, &["meetings:write"]);
    let send = |once: &str, body: &Value| {
        by(&world, &key, "POST", MEETINGS, body, &format!("Idempotency-Key: {once}\r\n"))
    };
    let count = |cookie: &str| {
        world.get_as(MEETINGS, cookie).json()["meetings"].as_array().map_or(0, Vec::len)
    };
    let (first, again) = (send("a", &weekly()), send("a", &weekly()));
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    for name in ["etag", "convoke-position", "content-type"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    assert_eq!(first.header("idempotency-replayed"), None);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(count(&cookie), 1);
    let other = send("a", &json!({ "type": 0, "topic": "Other" }));
    assert_eq!((other.status, other.code().as_str()), (422, "key_reused"));
    send("b", &weekly());
    assert_eq!(count(&cookie), 2);
    // A refusal is an answer too.
    let (no, again) = (
        send("c", &json!({ "type": 3, "topic": "x" })),
        send("c", &json!({ "type": 3, "topic": "x" })),
    );
    assert_eq!(
        (no.code().as_str(), again.header("idempotency-replayed")),
        ("type_not_available", Some("true"))
    );

    // Somebody else's call under the same key is another one.
    let more = "Idempotency-Key: a\r\n";
    let bob = world.sign_in("bob@example.org");
    let his = world.call_as("POST", MEETINGS, &weekly(), &bob, more);
    assert_ne!(his.json()["id"], first.json()["id"]);
    assert_eq!(count(&bob), 1);
    // The same account by its page is not its program.
    world.call_as("POST", MEETINGS, &weekly(), &cookie, more);
    assert_eq!(count(&cookie), 3);

    // What is sent many times at once is done once.
    let done: Vec<Reply> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| send("d", &weekly()))).collect();
        all.into_iter().map(|one| one.join().expect("answered")).collect()
    });
    for reply in &done {
        assert!(matches!(reply.status, 200 | 409), "{reply:?}");
    }
    assert_eq!(count(&cookie), 4);

    // A change under a key is done once as well, and so is taking away.
    let path = format!("{MEETINGS}/{}", first.json()["id"].as_str().expect("an id"));
    let change = json!({ "topic": "Later" });
    let patch = || by(&world, &key, "PATCH", &path, &change, "Idempotency-Key: e\r\n");
    assert_eq!(patch().body, patch().body);
    let remove = || by(&world, &key, "DELETE", &path, &Value::Null, "Idempotency-Key: f\r\n");
    assert_eq!((remove().status, remove().status), (200, 200));

    world.clock.advance(Duration::from_secs(24 * 3600 + 1));
    let cookie = world.sign_in(EMAIL);
    send("a", &weekly());
    assert_eq!(count(&cookie), 5, "after a day it is a new call");
    for bad in ["", " ", "é", &"x".repeat(129)] {
        assert_eq!(send(bad, &weekly()).code(), "malformed", "{bad}");
    }
    let cookieless = world.call_as("POST", MEETINGS, &weekly(), "", more);
    assert_eq!(cookieless.code(), "sign_in_needed");
}

#[test]
fn a_call_goes_on_when_its_caller_hangs_up() {
    use std::io::Write;
    let world = world("");
    world.account(EMAIL, false);
    let cookie = world.sign_in(EMAIL);
    let key = make(&world, &cookie, &["meetings:write"]);
    let body = weekly().to_string();
    for n in 0..20 {
        let request = format!(
            "POST {MEETINGS} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\nIdempotency-Key: {n}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            world.address,
            body.len()
        );
        let mut stream = super::client::connect(world.address);
        stream.write_all(request.as_bytes()).expect("sent");
        drop(stream);
        let more = format!("Idempotency-Key: {n}\r\n");
        loop {
            let again = by(&world, &key, "POST", MEETINGS, &weekly(), &more);
            if again.status == 200 {
                break;
            }
            assert_eq!(again.status, 409, "{again:?}");
        }
    }
    let list = world.get_as(MEETINGS, &cookie).json();
    assert_eq!(list["meetings"].as_array().map(Vec::len), Some(20));
}
