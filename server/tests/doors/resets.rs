//! The link to set a new password: who gets one, what it does, and that nothing happens before.

use std::time::{Duration, Instant};

use convoke_model::site::accounts::{Command, Event};
use serde_json::{Value, json};

use super::codes;
use super::world::{EMAIL, PASSWORD, World, world};
use std::sync::atomic::Ordering;

const NEXT: &str = "silver lantern harbour";

fn with_mail(settings: &str) -> World {
    let world = world(settings);
    world.letters.set_up.store(true, Ordering::Relaxed);
    world.account(EMAIL, false);
    world
}

fn ask(world: &World, email: &str) -> (u16, Value) {
    let reply = world.post("/api/v1/reset", &json!({ "email": email }));
    (reply.status, reply.json())
}

/// Waits until this many letters went out.
fn letters(world: &World, count: usize) -> Vec<(String, String)> {
    let start = Instant::now();
    loop {
        let sent = world.letters.sent.lock().expect("not poisoned").clone();
        if sent.len() >= count || start.elapsed() > Duration::from_secs(10) {
            assert_eq!(sent.len(), count);
            return sent;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn token(link: &str) -> String {
    link.split_once("/reset#").expect("a link to the page").1.to_owned()
}

fn spend(world: &World, token: &str, password: &str) -> (u16, String) {
    let body = json!({ "token": token, "password": password });
    let reply = world.post("/api/v1/reset/use", &body);
    (reply.status, if reply.status == 200 { String::new() } else { reply.code() })
}

fn sign_in(world: &World, password: &str) -> u16 {
    world.post("/api/v1/sign-in", &json!({ "email": EMAIL, "password": password })).status
}

#[test]
fn a_link_sets_a_new_password_once_and_ends_every_sign_in() {
    let world = with_mail("");
    let cookie = world.sign_in(EMAIL);
    assert_eq!(world.get("/reset").boot()["mail"], json!(true));
    assert_eq!(ask(&world, "Ann@Example.org"), (200, json!({ "mail": true })));
    let sent = letters(&world, 1);
    assert_eq!(sent[0].0, EMAIL);
    let token = token(&sent[0].1);
    let secret = token.split_once('.').expect("account and secret").1;
    assert_eq!(secret.len(), 43, "256 bits");
    for entry in std::fs::read_dir(world.folder.secrets()).expect("there") {
        let bytes = std::fs::read(entry.expect("there").path()).expect("read");
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "only its hash is kept, and that encrypted");
    }
    assert_eq!(world.get_as("/api/v1/me", &cookie).status, 200, "nothing happened yet");
    assert_eq!(spend(&world, &token, "short"), (400, "password_too_short".into()));
    assert_eq!(spend(&world, &token, NEXT), (200, String::new()), "a weak one used nothing up");
    assert_eq!(spend(&world, &token, PASSWORD), (403, "link_invalid".into()));
    assert_eq!(world.get_as("/api/v1/me", &cookie).status, 401);
    assert_eq!((sign_in(&world, PASSWORD), sign_in(&world, NEXT)), (401, 200));
    let issued = |event: &Event| matches!(event, Event::ResetIssued { .. });
    assert_eq!(world.engine.account_facts(issued), 1);
}

#[test]
fn an_old_link_and_a_replaced_one_are_dead() {
    let world = with_mail("");
    ask(&world, EMAIL);
    letters(&world, 1);
    ask(&world, EMAIL);
    let sent = letters(&world, 2);
    let (first, second) = (token(&sent[0].1), token(&sent[1].1));
    assert_ne!(first, second);
    assert_eq!(spend(&world, &first, NEXT).1, "link_invalid");
    world.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(spend(&world, &second, NEXT).1, "link_invalid");
    assert_eq!(sign_in(&world, PASSWORD), 200);
}

/// A row of the abuse table: whoever asks, however often, the old password stays good.
#[test]
fn a_thousand_requests_change_nothing_and_three_an_hour_are_answered() {
    let world = with_mail("");
    for n in 0..1000 {
        // Each from an hour's share of the address limit; the limit of the account is not theirs.
        world.clock.advance(Duration::from_secs(6));
        assert_eq!(ask(&world, EMAIL), (200, json!({ "mail": true })), "{n}");
    }
    // 6000 s: three at once and three an hour after that, five in that time.
    std::thread::sleep(Duration::from_millis(200));
    let sent = world.letters.sent.lock().expect("not poisoned").len();
    assert!((3..=8).contains(&sent), "{sent} letters");
    assert_eq!(sign_in(&world, PASSWORD), 200);
    let changed = |event: &Event| matches!(event, Event::PasswordChanged { .. });
    assert_eq!(world.engine.account_facts(changed), 1, "when it was made");
}

#[test]
fn an_unknown_address_gets_the_same_answer_and_no_letter() {
    let world = with_mail("");
    world.account("off@example.org", false);
    world.wish(Command::Disable { account: world.found("off@example.org").id });
    let known = world.post("/api/v1/reset", &json!({ "email": EMAIL }));
    letters(&world, 1);
    for email in ["nobody@example.org", "off@example.org", "no address", ""] {
        let reply = world.post("/api/v1/reset", &json!({ "email": email }));
        assert_eq!((reply.status, &reply.body), (known.status, &known.body), "{email}");
        let names = |reply: &super::client::Reply| {
            reply.headers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(&reply), names(&known), "{email}");
    }
    std::thread::sleep(Duration::from_millis(100));
    letters(&world, 1);
}

#[test]
fn asking_is_limited_by_address_and_so_is_guessing_links() {
    let world = with_mail("");
    let asked = (0..30).filter(|n| ask(&world, &format!("a{n}@example.org")).0 == 200).count();
    assert_eq!(asked, 20);
    let guess = format!("1.{}", "A".repeat(43));
    let tried = (0..30).filter(|_| spend(&world, &guess, NEXT).1 == "link_invalid").count();
    assert_eq!(tried, 20);
}

#[test]
fn without_mail_the_page_says_so_and_nothing_is_made() {
    let world = world("");
    world.account(EMAIL, false);
    assert_eq!(world.get("/reset").boot()["mail"], json!(false));
    assert_eq!(ask(&world, EMAIL), (200, json!({ "mail": false })));
    std::thread::sleep(Duration::from_millis(50));
    let issued = |event: &Event| matches!(event, Event::ResetIssued { .. });
    assert_eq!(world.engine.account_facts(issued), 0);
}

#[test]
fn a_link_does_not_replace_codes() {
    let world = with_mail("");
    codes::set_up(&world, &world.sign_in(EMAIL));
    ask(&world, EMAIL);
    let link = token(&letters(&world, 1)[0].1);
    assert_eq!(spend(&world, &link, "kettle-7").0, 200, "eight characters do beside a code");
    let reply = world.post("/api/v1/sign-in", &json!({ "email": EMAIL, "password": "kettle-7" }));
    assert!(reply.json()["half"].is_string(), "{reply:?}");
    assert_eq!(reply.header("set-cookie"), None);
}

#[test]
fn a_changed_password_kills_a_link_that_is_under_way() {
    let world = with_mail("");
    let cookie = world.sign_in(EMAIL);
    ask(&world, EMAIL);
    let link = token(&letters(&world, 1)[0].1);
    let body = json!({ "old": PASSWORD, "new": NEXT });
    assert_eq!(world.post_as("/api/v1/me/password", &body, &cookie).status, 200);
    assert_eq!(spend(&world, &link, PASSWORD).1, "link_invalid");
}
