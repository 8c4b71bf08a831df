//! One's own account: profile, password, sign-ins; and what ends a sign-in from elsewhere.

use convoke_model::privilege::{Privilege, Privileges};
use convoke_model::site::accounts::{Command, Event, External, Profile};
use convoke_model::text::{ForeignId, Name, Source};
use convoke_model::{Actor, site};
use serde_json::json;

use super::client::Reply;
use super::world::{EMAIL, PASSWORD, World, world};

const NEXT: &str = "silver lantern harbour";

fn said(reply: &Reply) -> (u16, String) {
    (reply.status, if reply.status == 200 { String::new() } else { reply.code() })
}

fn change_password(world: &World, cookie: &str, old: &str, new: &str) -> Reply {
    world.post_as("/api/v1/me/password", &json!({ "old": old, "new": new }), cookie)
}

#[test]
fn nothing_of_an_account_is_told_or_changed_without_a_sign_in() {
    let world = world("");
    world.account(EMAIL, false);
    let needed = (401, "sign_in_needed".to_owned());
    for path in ["/api/v1/me", "/api/v1/me/sessions"] {
        assert_eq!(said(&world.get(path)), needed, "{path}");
    }
    let table = [
        ("/api/v1/me", json!({ "name": "Eve" })),
        ("/api/v1/me/password", json!({ "old": PASSWORD, "new": NEXT })),
        ("/api/v1/me/totp", json!({ "password": PASSWORD })),
        ("/api/v1/me/totp/confirm", json!({ "code": "123456" })),
        ("/api/v1/me/totp/off", json!({ "password": PASSWORD, "code": "123456" })),
        ("/api/v1/me/sessions/end", json!({})),
    ];
    for (path, body) in table {
        assert_eq!(said(&world.post(path, &body)), needed, "{path}");
        let foreign = "Origin: https://evil.example\r\nContent-Type: application/json\r\n";
        let reply = world.post_raw(path, foreign, body.to_string().as_bytes());
        assert_eq!(reply.code(), "foreign_origin", "{path}");
    }
}

#[test]
fn a_person_changes_name_and_time_zone_and_the_facts_name_them() {
    let world = world("");
    world.account(EMAIL, false);
    let cookie = world.sign_in(EMAIL);
    let change = |body| world.post_as("/api/v1/me", &body, &cookie);
    let told = change(json!({ "name": " Ann Maria ", "time_zone": "Europe/Berlin" })).json();
    assert_eq!((&told["name"], &told["time_zone"]), (&json!("Ann Maria"), &json!("Europe/Berlin")));
    assert_eq!(
        change(json!({ "name": "Bob", "time_zone": "Mars/Olympus" })).code(),
        "zone_invalid"
    );
    assert_eq!(change(json!({ "name": "" })).code(), "name_invalid");
    let told = world.get_as("/api/v1/me", &cookie).json();
    assert_eq!(told["name"], json!("Ann Maria"), "what was refused changed nothing");
    assert_eq!(change(json!({ "time_zone": "" })).json()["time_zone"], json!(null));
    let facts = world.engine.facts.lock().expect("not poisoned");
    let changed = facts.iter().filter(|(_, fact)| {
        matches!(fact, site::Event::Accounts(Event::Renamed { .. } | Event::ZoneSet { .. }))
    });
    let actors: Vec<_> = changed.map(|(by, _)| *by).collect();
    assert_eq!(actors, [Actor::Number(1); 3]);
}

#[test]
fn a_password_is_changed_with_the_old_one_and_ends_the_other_sign_ins() {
    let world = world("");
    world.account(EMAIL, false);
    let (here, there) = (world.sign_in(EMAIL), world.sign_in(EMAIL));
    assert_eq!(
        said(&change_password(&world, &here, "wrong", NEXT)),
        (403, "password_wrong".into())
    );
    let short = change_password(&world, &here, PASSWORD, "short");
    assert_eq!(short.code(), "password_too_short");
    let named = change_password(&world, &here, PASSWORD, "smith.example.2024");
    assert_eq!(named.code(), "password_too_common");
    assert_eq!(world.get_as("/api/v1/me", &there).status, 200, "nothing happened yet");
    let done = change_password(&world, &here, PASSWORD, NEXT);
    assert_eq!(done.status, 200, "{done:?}");
    let renewed = done.cookie();
    assert_ne!(renewed, here);
    assert_eq!(world.get_as("/api/v1/me", &here).status, 401, "the old id is dead");
    assert_eq!(world.get_as("/api/v1/me", &there).status, 401, "and so is the other browser");
    assert_eq!(world.get_as("/api/v1/me", &renewed).status, 200);
    let sign_in = |password| {
        world.post("/api/v1/sign-in", &json!({ "email": EMAIL, "password": password })).status
    };
    assert_eq!((sign_in(PASSWORD), sign_in(NEXT)), (401, 200));
    let changed = |event: &Event| matches!(event, Event::PasswordChanged { .. });
    assert_eq!(world.engine.account_facts(changed), 2, "made and changed");
    let ended = |event: &Event| matches!(event, Event::SignInsEnded { count: 1, .. });
    assert_eq!(world.engine.account_facts(ended), 1);
}

#[test]
fn guessing_the_old_password_in_an_open_browser_is_slowed_down() {
    let world = world("");
    world.account(EMAIL, false);
    let cookie = world.sign_in(EMAIL);
    let codes: Vec<_> =
        (0..8).map(|_| change_password(&world, &cookie, "wrong", NEXT).code()).collect();
    assert!(codes[..5].iter().all(|code| code == "password_wrong"), "{codes:?}");
    assert_eq!(codes[7], "too_fast");
}

#[test]
fn sign_ins_are_listed_and_ended_one_or_all_others() {
    let world = world("");
    world.account(EMAIL, false);
    world.account("bob@example.org", false);
    let agent = "User-Agent: Test Browser 1.0\r\n";
    let body = json!({ "email": EMAIL, "password": PASSWORD }).to_string();
    let headers =
        format!("Origin: {}\r\nContent-Type: application/json\r\n{agent}", world.origin());
    let here = world.post_raw("/api/v1/sign-in", &headers, body.as_bytes()).cookie();
    let (there, third, bobs) =
        (world.sign_in(EMAIL), world.sign_in(EMAIL), world.sign_in("bob@example.org"));
    let list = |cookie: &str| {
        let told = world.get_as("/api/v1/me/sessions", cookie).json();
        told["sessions"].as_array().expect("a list").clone()
    };
    let shown = list(&here);
    assert_eq!(shown.len(), 3);
    let current: Vec<_> =
        shown.iter().filter(|session| session["current"] == json!(true)).collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0]["browser"], json!("Test Browser 1.0"));
    assert_eq!(current[0]["address"], json!("127.0.0.1"));
    let text = json!(shown).to_string();
    for cookie in [&here, &there, &third] {
        let value = cookie.split_once('=').expect("name and value").1;
        assert!(!text.contains(value), "the list shows no cookie");
    }
    let end = |body, cookie: &str| world.post_as("/api/v1/me/sessions/end", &body, cookie);
    let bobs_name = &list(&bobs)[0]["name"];
    assert_eq!(end(json!({ "name": bobs_name }), &here).code(), "not_found", "another account's");
    let name = &list(&there).into_iter().find(|s| s["current"] == json!(true)).expect("it")["name"];
    assert_eq!(end(json!({ "name": name }), &here).json()["ended"], json!(1));
    assert_eq!(world.get_as("/api/v1/me", &there).status, 401);
    assert_eq!(end(json!({}), &here).json()["ended"], json!(1));
    assert_eq!(world.get_as("/api/v1/me", &third).status, 401);
    assert_eq!(world.get_as("/api/v1/me", &here).status, 200);
    assert_eq!(world.get_as("/api/v1/me", &bobs).status, 200);
}

#[test]
fn a_sign_in_ends_with_a_change_of_who_administers_and_when_the_account_is_switched_off() {
    let world = world("");
    world.account("root@example.org", true);
    world.account(EMAIL, false);
    let account = world.found(EMAIL).id;
    let all = Privileges::EVERYDAY.with(Privilege::Administrator);
    let alive = |cookie: &str| world.get_as("/api/v1/me", cookie).status == 200;
    let plain = world.sign_in(EMAIL);
    world.wish(Command::SetPrivileges { account, privileges: all });
    assert!(!alive(&plain), "the old id does not become an administrator's");
    assert!(!alive(&plain), "dead for good");
    let high = world.sign_in(EMAIL);
    assert_ne!(high, plain);
    assert!(alive(&high));
    world.wish(Command::SetPrivileges { account, privileges: Privileges::EVERYDAY });
    assert!(!alive(&high));
    let plain = world.sign_in(EMAIL);
    let chat = Privileges::NONE.with(Privilege::Chat);
    world.wish(Command::SetPrivileges { account, privileges: chat });
    assert!(alive(&plain), "other privileges are looked up each time");
    assert_eq!(world.get_as("/api/v1/me", &plain).json()["privileges"], json!(["chat"]));
    world.wish(Command::Disable { account });
    assert!(!alive(&plain));
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let off = world.post("/api/v1/sign-in", &body);
    assert_eq!(said(&off), (403, "account_disabled".to_owned()));
    let wrong = world.post("/api/v1/sign-in", &json!({ "email": EMAIL, "password": "wrong" }));
    assert_eq!(wrong.code(), "sign_in_failed", "who does not know the password is not told");
}

#[test]
fn who_is_known_elsewhere_has_no_password_here() {
    let world = world("");
    let accounts = world.site.accounts();
    let source = Source::new("ldap").expect("a name");
    let external = External { source, id: ForeignId::new("uid=eva").expect("an id") };
    let profile = |name: &str, privileges| Profile {
        external: external.clone(),
        email: "eva@example.org".parse_email(),
        name: Name::new(name).expect("a name"),
        privileges,
        zone: None,
    };
    let known = |profile| world.block_on(accounts.know(profile));
    let eva = known(profile("Eva", Privileges::EVERYDAY)).expect("known");
    let again = known(profile("Eva Maria", Privileges::NONE)).expect("refreshed");
    assert_eq!((again.id, again.name.as_str()), (eva.id, "Eva Maria"));
    for password in ["", " ", PASSWORD] {
        let body = json!({ "email": "eva@example.org", "password": password });
        assert_eq!(world.post("/api/v1/sign-in", &body).code(), "sign_in_failed");
    }
    world.account(EMAIL, false);
    let mut claim = profile("Ann", Privileges::EVERYDAY);
    claim.email = EMAIL.parse_email();
    assert!(known(claim).is_err(), "nobody's account is taken over");
    world.wish(Command::Disable { account: eva.id });
    assert!(known(profile("Eva Maria", Privileges::NONE)).is_err(), "switched off here");
}

trait ParseEmail {
    fn parse_email(&self) -> convoke_model::site::accounts::Email;
}

impl ParseEmail for str {
    fn parse_email(&self) -> convoke_model::site::accounts::Email {
        convoke_model::site::accounts::Email::new(self).expect("an address")
    }
}
