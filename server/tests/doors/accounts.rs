//! Signing in and out, the first administrator, and what guessing gets.

use std::time::Duration;

use convoke_model::site::accounts::{Command, Via};
use convoke_model::text::Address;
use convoke_model::{AccountId, site};
use serde_json::json;

use super::world::{EMAIL, PASSWORD, World, world};

fn try_sign_in(world: &World, email: &str, password: &str) -> (u16, String) {
    let reply = world.post("/api/v1/sign-in", &json!({ "email": email, "password": password }));
    (reply.status, if reply.status == 200 { String::new() } else { reply.code() })
}

#[test]
fn a_sign_in_lasts_until_it_is_ended() {
    let world = world("");
    world.account(EMAIL, false);
    assert_eq!(world.get("/api/v1/me").code(), "sign_in_needed");
    let signed =
        world.post("/api/v1/sign-in", &json!({ "email": "Ann@Example.ORG", "password": PASSWORD }));
    let told = signed.json();
    assert_eq!((&told["name"], &told["email"]), (&json!("Ann Smith"), &json!(EMAIL)));
    assert_eq!((&told["administrator"], &told["codes"]), (&json!(false), &json!(false)));
    assert_eq!(told["privileges"].as_array().map(Vec::len), Some(8), "all but to administer");
    let set = signed.header("set-cookie").expect("a cookie");
    assert!(set.starts_with("sid=") && set.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{set}");
    let cookie = signed.cookie();
    let me = |cookie: &str| world.get_with("/api/v1/me", &format!("Cookie: a=b; {cookie}\r\n"));
    assert_eq!(me(&cookie).json()["email"], json!(EMAIL));
    // Signing in again in the same browser gives a new id, and the old one is dead at once.
    let again =
        world.post_as("/api/v1/sign-in", &json!({ "email": EMAIL, "password": PASSWORD }), &cookie);
    assert_ne!(again.cookie(), cookie);
    assert_eq!(me(&cookie).status, 401);
    let cookie = again.cookie();
    let out = world.post_as("/api/v1/sign-out", &json!({}), &cookie);
    assert!(out.header("set-cookie").is_some_and(|set| set.contains("Max-Age=0")));
    assert_eq!(me(&cookie).status, 401);
    let cookie = world.sign_in(EMAIL);
    world.clock.advance(Duration::from_secs(31 * 60));
    assert_eq!(me(&cookie).status, 401, "idled out");
    let recorded = world.engine.recorded.lock().expect("not poisoned");
    let account = AccountId(1);
    let (via, from) = (Via::Page, Address::new("127.0.0.1").ok());
    let signed = Command::SignIn { account, via, from, second: None };
    let signed = site::Command::Accounts(signed);
    assert_eq!(recorded.iter().filter(|fact| **fact == signed).count(), 3);
}

#[test]
fn an_unknown_address_and_a_wrong_password_are_answered_alike_and_then_slowed_down() {
    let world = world("");
    world.account(EMAIL, false);
    let wrong = (401, "sign_in_failed".to_owned());
    for n in 0..5 {
        assert_eq!(try_sign_in(&world, EMAIL, "wrong"), wrong, "{n}");
        assert_eq!(try_sign_in(&world, "bob@example.org", "wrong"), wrong, "{n}");
    }
    let sixth =
        (try_sign_in(&world, EMAIL, "wrong"), try_sign_in(&world, "bob@example.org", "wrong"));
    assert_eq!(sixth.0, sixth.1);
    world.clock.advance(Duration::from_millis(500));
    let slow = world.post("/api/v1/sign-in", &json!({ "email": EMAIL, "password": PASSWORD }));
    assert_eq!((slow.status, slow.code().as_str()), (429, "too_fast"));
    assert_eq!(slow.header("retry-after"), Some("1"));
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(try_sign_in(&world, EMAIL, PASSWORD).0, 200, "never for ever");
}

#[test]
fn an_address_that_guesses_is_held_over_all_accounts() {
    let world = world("");
    let tried =
        (0..40).filter(|n| try_sign_in(&world, &format!("a{n}@example.org"), "x").0 == 401).count();
    assert_eq!(tried, 20);
}

#[test]
fn sign_ins_wait_for_the_log() {
    let world = world("");
    world.account(EMAIL, false);
    world.engine.read_only.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(try_sign_in(&world, EMAIL, PASSWORD), (503, "read_only".to_owned()));
}

#[test]
fn what_is_no_sign_in_is_malformed_and_says_nothing_of_itself() {
    let world = world("");
    for body in ["", "{", "[]", "{\"email\":1}", "{\"email\":\"canary\"}", "null", "\"canary\""] {
        let headers = format!("Origin: {}\r\nContent-Type: application/json\r\n", world.origin());
        let reply = world.post_raw("/api/v1/sign-in", &headers, body.as_bytes());
        assert_eq!((reply.status, reply.code().as_str()), (400, "malformed"), "{body}");
        assert!(!reply.body.contains("canary"));
    }
}

#[test]
fn the_first_administrator_is_set_up_once_by_the_printed_link() {
    let world = world("");
    let link = world.block_on(world.site.set_up_link()).expect("asked").expect("nobody yet");
    let token = link.split_once('#').expect("a fragment").1.to_owned();
    assert!(link.starts_with(&format!("http://localhost:{}/setup#", world.address.port())));
    assert_eq!(world.get("/setup").boot()["page"], json!("setup"));
    let wish = |token: &str, password: &str| {
        let name = "Ann";
        json!({ "token": token, "email": EMAIL, "name": name, "password": password })
    };
    let refused = |token: &str, password: &str| {
        let reply = world.post("/api/v1/setup", &wish(token, password));
        assert_eq!(reply.header("set-cookie"), None);
        reply.code()
    };
    assert_eq!(refused("wrong", PASSWORD), "setup_token_invalid");
    assert_eq!(refused("", PASSWORD), "setup_token_invalid");
    assert_eq!(refused(&token, "short"), "password_too_short");
    assert_eq!(refused(&token, "passwordpassword"), "password_too_common");
    let done = world.post("/api/v1/setup", &wish(&token, PASSWORD));
    assert_eq!(done.json()["administrator"], json!(true), "{done:?}");
    assert!(done.header("set-cookie").is_some_and(|set| set.contains("SameSite=Strict")));
    let again = world.post("/api/v1/setup", &wish(&token, PASSWORD));
    assert_eq!((again.status, again.code().as_str()), (404, "setup_done"));
    let page = world.get("/setup");
    assert_eq!((page.status, &page.boot()["refusal"]["code"]), (404, &json!("setup_done")));
    assert_eq!(world.block_on(world.site.set_up_link()).expect("asked"), None);
}

#[test]
fn a_new_link_replaces_the_old_one() {
    let world = world("");
    let token =
        |link: Option<String>| link.expect("a link").split_once('#').expect("one").1.to_owned();
    let first = token(world.block_on(world.site.set_up_link()).expect("asked"));
    let second = token(world.block_on(world.site.set_up_link()).expect("asked"));
    assert_ne!(first, second);
    let body = json!({ "token": first, "email": EMAIL, "name": "Ann", "password": PASSWORD });
    assert_eq!(world.post("/api/v1/setup", &body).code(), "setup_token_invalid");
}
