//! Behind a proxy: whose a request is, and what a caller cannot say of themselves.

use std::io::Write;
use std::time::{Duration, Instant};

use convoke_model::site::Audit;
use convoke_model::site::accounts::Event;
use serde_json::json;

use super::client::{Reply, connect, raw, read};
use super::sockets::{handed_over, own, request};
use super::world::{EMAIL, PASSWORD, World, tls_world, world};

/// All tests come from loopback: there is the proxy.
const TRUSTED: &str = "[proxy]\ntrusted = [\"127.0.0.1\", \"10.1.2.0/24\"]\n";
const ANN: &str = "X-Forwarded-For: 203.0.113.5\r\n";
const BOB: &str = "X-Forwarded-For: 198.51.100.7\r\n";

/// A call of one of our own pages, with what a proxy says of it.
fn post(world: &World, path: &str, body: &serde_json::Value, said: &str) -> Reply {
    let headers = format!("Origin: {}\r\nContent-Type: application/json\r\n{said}", world.origin());
    world.post_raw(path, &headers, body.to_string().as_bytes())
}

/// A meeting for the own network that goes on.
fn own_network_meeting(world: &World) -> String {
    world.account(EMAIL, false);
    let cookie = world.sign_in(EMAIL);
    let wish = json!({ "type": 0, "topic": "Weekly", "own_network": true });
    let made = world.post_as("/api/v1/meetings", &wish, &cookie);
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    let host = world.post_as(&format!("/api/v1/meetings/{id}/host"), &json!({}), &cookie);
    assert_eq!(host.status, 200, "{host:?}");
    id
}

/// Whether somebody of whom this is said comes into it.
fn comes_in(world: &World, id: &str, said: &str) -> bool {
    let reply = post(world, "/api/v1/join", &json!({ "id": id, "name": "Ann" }), said);
    let refused = reply.status != 200;
    assert!(!refused || reply.code() == "own_network_only", "{said}: {reply:?}");
    !refused
}

#[test]
fn the_own_network_is_where_the_caller_is_and_not_where_the_proxy_is() {
    let world = world(TRUSTED);
    let id = own_network_meeting(&world);
    for (said, expected) in [
        ("X-Forwarded-For: 10.9.9.9\r\n", true),
        ("X-Forwarded-For: 192.168.1.1, 10.1.2.3\r\n", true),
        ("X-Forwarded-For: 203.0.113.5, 192.168.1.1\r\n", true),
        ("X-Forwarded-For: fd00::1\r\n", true),
        ("X-Forwarded-For: 203.0.113.5\r\n", false),
        ("X-Forwarded-For: 203.0.113.5, 10.1.2.3\r\n", false),
        ("X-Forwarded-For: [2001:db8::1]:4711\r\n", false),
        // What the caller wrote stands left of what the proxy saw.
        ("X-Forwarded-For: 10.0.0.1, 203.0.113.5\r\n", false),
        ("X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-For: 203.0.113.5\r\n", false),
        ("X-Forwarded-For: 203.0.113.5\r\nForwarded: for=10.0.0.1\r\n", false),
        ("X-Forwarded-For: 203.0.113.5\r\nX-Real-IP: 10.0.0.1\r\n", false),
        // A proxy that does not say for whom it speaks, or cannot be understood, is no insider.
        ("", false),
        ("X-Forwarded-For: \r\n", false),
        ("X-Forwarded-For: unknown\r\n", false),
        ("X-Forwarded-For: 10.0.0.1, unknown\r\n", false),
        ("X-Forwarded-For: 10.0.0.1, _hidden, 10.1.2.3\r\n", false),
        ("X-Forwarded-For: 10.0.0.1, 10.0.0\r\n", false),
        ("X-Forwarded-For: 10.0.0.1;\r\n", false),
        ("X-Forwarded-For: 127.0.0.1\r\n", false),
        ("Forwarded: for=10.0.0.1\r\n", false),
    ] {
        assert_eq!(comes_in(&world, &id, said), expected, "{said}");
    }
    let long = format!("X-Forwarded-For: {}10.9.9.9\r\n", "10.1.2.3, ".repeat(1_000));
    assert!(comes_in(&world, &id, &long), "what stands left is not looked at");
    let long = format!("X-Forwarded-For: 10.9.9.9{}\r\n", ", 10.1.2.3".repeat(1_000));
    assert!(!comes_in(&world, &id, &long), "nobody has so many proxies");
}

#[test]
fn a_proxy_may_write_the_other_header_and_then_that_one_alone_is_read() {
    let world = world(&format!("{TRUSTED}header = \"forwarded\"\n"));
    let id = own_network_meeting(&world);
    for (said, expected) in [
        ("Forwarded: for=10.9.9.9\r\n", true),
        ("Forwarded: for=\"[fd00::1]:4711\";proto=http\r\n", true),
        ("Forwarded: for=\"[2001:db8::1]:4711\"\r\n", false),
        ("Forwarded: for=10.0.0.1, for=203.0.113.5\r\n", false),
        ("Forwarded: for=\"10.0.0.1, for=203.0.113.5\r\n", false),
        ("Forwarded: for=10.0.0.1\r\nForwarded: for=203.0.113.5\r\n", false),
        ("Forwarded: for=203.0.113.5\r\nX-Forwarded-For: 10.0.0.1\r\n", false),
        ("Forwarded: for=unknown\r\n", false),
        ("Forwarded: for=10.0.0.1;for=10.0.0.2\r\n", false),
        ("X-Forwarded-For: 10.0.0.1\r\n", false),
    ] {
        assert_eq!(comes_in(&world, &id, said), expected, "{said}");
    }
}

#[test]
fn what_anybody_else_says_is_not_read() {
    // By default nobody is trusted; and a proxy elsewhere does not make one of this caller.
    for proxy in ["", "[proxy]\ntrusted = [\"10.1.2.3\", \"127.0.0.2\", \"::1\"]\n"] {
        let outside = world(&format!("[networks]\nown = [\"10.0.0.0/8\"]\n{proxy}"));
        let id = own_network_meeting(&outside);
        for said in ["X-Forwarded-For: 10.0.0.1\r\n", "Forwarded: for=10.0.0.1\r\n", ""] {
            assert!(!comes_in(&outside, &id, said), "{said}");
        }
        let inside = world(proxy);
        let id = own_network_meeting(&inside);
        assert!(comes_in(&inside, &id, ANN), "nor against them");
    }
}

fn wrong(world: &World, said: &str) -> u16 {
    let body = json!({ "email": EMAIL, "password": "wrong" });
    post(world, "/api/v1/sign-in", &body, said).status
}

/// From where sign-ins failed, as the log has it.
fn failures(world: &World, from: &str) -> usize {
    let is = |event: &Event| match event {
        Event::SignInFailed { from: Some(said), .. } => said.as_str() == from,
        _ => false,
    };
    world.engine.account_facts(is)
}

#[test]
fn who_guesses_behind_a_proxy_keeps_nobody_else_out_and_is_named() {
    let limits = "[sign_in]\nfailures_per_minute = 1\nfailures_burst = 3\n";
    let behind = world(&format!("{limits}{TRUSTED}"));
    behind.account(EMAIL, false);
    assert_eq!([ANN; 4].map(|said| wrong(&behind, said)), [401, 401, 401, 429]);
    let made_up = "X-Forwarded-For: 192.0.2.1, 203.0.113.5\r\n";
    assert_eq!(wrong(&behind, made_up), 429, "no other name helps");
    let right = json!({ "email": EMAIL, "password": PASSWORD });
    assert_eq!(post(&behind, "/api/v1/sign-in", &right, BOB).status, 200);
    assert_eq!((failures(&behind, "203.0.113.5"), failures(&behind, "127.0.0.1")), (3, 0));

    let bare = world(limits);
    bare.account(EMAIL, false);
    let statuses = (1..5).map(|n| wrong(&bare, &format!("X-Forwarded-For: 192.0.2.{n}\r\n")));
    assert_eq!(statuses.collect::<Vec<_>>(), [401, 401, 401, 429], "a made-up name does not");
    assert_eq!(failures(&bare, "127.0.0.1"), 3);
}

/// Asks until this is the answer: the server takes a moment to see what was sent before.
fn until(expected: u16, ask: impl Fn() -> u16) {
    let start = Instant::now();
    while ask() != expected {
        assert!(start.elapsed() < Duration::from_secs(5), "not {expected}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

const TWO: &str = "[connections]\nunadmitted_per_address_max = 2\n";

#[test]
fn connections_of_a_proxy_count_for_whoever_is_being_answered() {
    let world = world(&format!("{TWO}{TRUSTED}"));
    let alive = |said: &str| world.get_with("/healthz", said).status;
    // The proxy keeps connections ready, by which anybody's requests may come.
    let get = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n", world.address);
    let mut ready: Vec<_> = (0..6).map(|_| connect(world.address)).collect();
    for (n, stream) in ready.iter_mut().enumerate() {
        let said = if n % 2 == 0 { ANN } else { BOB };
        stream.write_all(format!("{get}{said}\r\n").as_bytes()).expect("sent");
        assert_eq!(read(stream).status, 200);
    }
    // Two requests of one address that do not get on are all it may have.
    let slow = format!(
        "POST /api/v1/join HTTP/1.1\r\nHost: {}\r\nOrigin: {}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n{ANN}\r\n{{",
        world.address,
        world.origin()
    );
    let (first, rest) = ready.split_at_mut(1);
    first[0].write_all(slow.as_bytes()).expect("sent");
    rest[0].write_all(slow.as_bytes()).expect("sent");
    until(429, || alive(ANN));
    let refused = world.get_with("/healthz", ANN);
    assert_eq!((refused.code().as_str(), refused.header("retry-after")), ("too_fast", Some("1")));
    assert_eq!(alive(BOB), 200, "others are not held up");
    drop(ready);
    until(200, || alive(ANN));
}

#[test]
fn a_socket_behind_a_proxy_counts_for_whoever_opened_it() {
    let world = world(&format!("{TWO}admitted_per_address_max = 1\n{TRUSTED}"));
    let open = |said: &str| {
        let more = format!("{}{said}", own(&world));
        raw(world.address, request(&world, &more).as_bytes()).status
    };
    assert_eq!([ANN, ANN, ANN, BOB].map(open), [101, 101, 429, 101]);
    let mut held: Vec<_> = (0..3).map(|_| handed_over(&world)).collect();
    // Three were handed over, two of one address: one of those is admitted, and the other's.
    let admitted = held.iter_mut().filter_map(|socket| socket.slot.admit().then_some(()));
    assert_eq!(admitted.count(), 2);
    assert_eq!([ANN, ANN].map(open), [101, 429], "who is admitted makes room");
    drop(held);
    until(101, || open(ANN));
}

#[test]
fn a_proxy_says_whether_its_caller_came_by_https() {
    let sign_in = |world: &World, scheme: &str, said: &str| {
        let headers = format!(
            "Origin: {scheme}://{}\r\nContent-Type: application/json\r\n{said}",
            world.address
        );
        let body = json!({ "email": EMAIL, "password": PASSWORD }).to_string();
        world.post_raw("/api/v1/sign-in", &headers, body.as_bytes())
    };
    let secured = format!("{ANN}X-Forwarded-Proto: https\r\n");
    let behind = world(TRUSTED);
    behind.account(EMAIL, false);
    let reply = sign_in(&behind, "https", &secured);
    assert_eq!(reply.status, 200, "{reply:?}");
    let cookie = reply.header("set-cookie").unwrap_or_default();
    assert!(cookie.starts_with("__Host-sid=") && cookie.contains("; Secure"), "{cookie}");
    assert_eq!(reply.header("strict-transport-security"), Some("max-age=63072000"));
    assert_eq!(sign_in(&behind, "http", &secured).code(), "foreign_origin");
    assert_eq!(sign_in(&behind, "https", ANN).code(), "foreign_origin");
    assert!(behind.engine.audits().is_empty(), "nothing was exposed");
    let plain = format!("{ANN}X-Forwarded-Proto: http\r\n");
    let reply = sign_in(&behind, "http", &plain);
    assert_eq!((reply.status, reply.header("strict-transport-security")), (200, None));
    let exposed =
        Audit::CredentialExposed { route: "/api/v1/sign-in".to_owned(), in_address: false };
    assert_eq!(behind.engine.audits(), [exposed], "but this was");

    let bare = world("");
    bare.account(EMAIL, false);
    assert_eq!(sign_in(&bare, "https", &secured).code(), "foreign_origin", "nobody is trusted");
}

#[test]
fn who_came_to_the_proxy_by_https_is_not_sent_there_again() {
    let status = |settings: &str, said: &str| tls_world(settings).get_with("/account", said).status;
    assert_eq!(status(TRUSTED, "X-Forwarded-Proto: https\r\n"), 200);
    assert_eq!(status(TRUSTED, "X-Forwarded-Proto: http\r\n"), 308);
    assert_eq!(status(TRUSTED, ""), 308);
    assert_eq!(status("", "X-Forwarded-Proto: https\r\n"), 308, "nobody is trusted");
}
