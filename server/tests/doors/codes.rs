//! Codes of an authenticator app: set up, owed at each sign-in, good once; recovery codes.

use std::time::Duration;

use convoke::accounts::{KEY_BYTES, code_at};
use convoke::clock::Clock;
use convoke_model::privilege::{Privilege, Privileges};
use convoke_model::site::accounts::{Command, Event, Second};
use serde_json::json;

use super::client::Reply;
use super::world::{EMAIL, PASSWORD, World, world};

const SHORT: &str = "kettle-7";

/// An app that was given a key.
pub(crate) struct App([u8; KEY_BYTES]);

impl App {
    /// Reads base32 as an app does.
    pub(crate) fn reads(text: &str) -> Self {
        let (mut held, mut bits, mut bytes) = (0_u32, 0, Vec::new());
        for letter in text.bytes() {
            let digit = match letter {
                b'A'..=b'Z' => letter - b'A',
                b'2'..=b'7' => letter - b'2' + 26,
                other => panic!("no base32: {other}"),
            };
            held = held << 5 | u32::from(digit);
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                bytes.push(u8::try_from(held >> bits & 0xff).expect("eight bits"));
            }
        }
        Self(bytes.try_into().expect("twenty bytes"))
    }

    pub(crate) fn key(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    pub(crate) fn shows(&self, world: &World) -> String {
        code_at(&self.0, world.clock.now().0 / 1000)
    }
}

/// Sets an app up for an account that is signed in: the app, the cookie from then on, the recovery
/// codes.
pub(crate) fn set_up(world: &World, cookie: &str) -> (App, String, Vec<String>) {
    let begun = world.post_as("/api/v1/me/totp", &json!({ "password": PASSWORD }), cookie);
    assert_eq!(begun.status, 200, "{begun:?}");
    let app = App::reads(begun.json()["key"].as_str().expect("a key"));
    let code = json!({ "code": app.shows(world) });
    let done = world.post_as("/api/v1/me/totp/confirm", &code, cookie);
    assert_eq!(done.status, 200, "{done:?}");
    let codes = done.json()["recovery_codes"].as_array().expect("codes").clone();
    let codes = codes.iter().map(|code| code.as_str().expect("text").to_owned()).collect();
    (app, done.cookie(), codes)
}

fn half(world: &World) -> String {
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let reply = world.post("/api/v1/sign-in", &body);
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("set-cookie"), None, "half is not in");
    reply.json()["half"].as_str().expect("a token").to_owned()
}

fn code(world: &World, half: &str, code: &str) -> Reply {
    world.post("/api/v1/sign-in/code", &json!({ "half": half, "code": code }))
}

fn tick(world: &World) {
    world.clock.advance(Duration::from_secs(30));
}

#[test]
fn an_app_is_set_up_with_the_password_and_its_first_code() {
    let world = world("");
    world.account(EMAIL, false);
    tick(&world);
    let (here, there) = (world.sign_in(EMAIL), world.sign_in(EMAIL));
    let begin =
        |password| world.post_as("/api/v1/me/totp", &json!({ "password": password }), &here);
    assert_eq!(begin("wrong").code(), "password_wrong");
    let confirm =
        |code: &str| world.post_as("/api/v1/me/totp/confirm", &json!({ "code": code }), &here);
    assert_eq!(confirm("123456").code(), "code_wrong", "nothing was begun");
    let begun = begin(PASSWORD).json();
    let link = begun["link"].as_str().expect("an address");
    let key = begun["key"].as_str().expect("a key");
    assert_eq!(
        link,
        format!("otpauth://totp/Convoke:ann%40example%2Eorg?secret={key}&issuer=Convoke")
    );
    assert!(begun["picture"]["size"].as_i64().expect("a size") >= 33);
    assert!(!world.found(EMAIL).codes, "nothing changes until a code was seen");
    assert!(world.sign_in(EMAIL).starts_with("sid="), "and no code is owed");
    let wrong = if App::reads(key).shows(&world) == "000000" { "000001" } else { "000000" };
    assert_eq!(confirm(wrong).code(), "code_wrong");
    let done = confirm(&App::reads(key).shows(&world));
    assert_eq!(done.json()["recovery_codes"].as_array().map(Vec::len), Some(10), "{done:?}");
    assert_ne!(done.cookie(), here);
    assert_eq!(world.get_as("/api/v1/me", &here).status, 401, "a new id");
    assert_eq!(world.get_as("/api/v1/me", &there).status, 401, "others were let in without a code");
    let told = world.get_as("/api/v1/me", &done.cookie()).json();
    assert_eq!((&told["codes"], &told["recovery_codes_left"]), (&json!(true), &json!(10)));
    let again = json!({ "password": PASSWORD });
    assert_eq!(
        world.post_as("/api/v1/me/totp", &again, &done.cookie()).code(),
        "already_done",
        "a second app does not take the first one's place"
    );
}

#[test]
fn a_code_is_owed_at_each_sign_in_and_good_once() {
    let world = world("");
    world.account(EMAIL, false);
    tick(&world);
    let (app, _, _) = set_up(&world, &world.sign_in(EMAIL));
    let first = app.shows(&world);
    let token = half(&world);
    assert_eq!(code(&world, &token, &first).code(), "code_wrong", "used when it was set up");
    tick(&world);
    let second = app.shows(&world);
    let spaced = format!(" {} {} ", &second[..3], &second[3..]);
    let reply = code(&world, &token, &spaced);
    assert_eq!(reply.json()["email"], json!(EMAIL), "{reply:?}");
    assert_eq!(world.get_as("/api/v1/me", &reply.cookie()).status, 200);
    assert_eq!(code(&world, &token, &second).code(), "sign_in_needed", "the half is used up");
    assert_eq!(code(&world, &half(&world), &second).code(), "code_wrong", "a replay");
    assert_eq!(code(&world, "x", &second).code(), "sign_in_needed");
    tick(&world);
    let third = app.shows(&world);
    let tokens = [half(&world), half(&world)];
    let let_in = tokens.iter().filter(|token| code(&world, token, &third).status == 200).count();
    assert_eq!(let_in, 1, "one code, one sign-in");
    let with_code = |event: &Event| {
        matches!(event, Event::SignedIn { second: Some(Second::Code), from: Some(_), .. })
    };
    assert_eq!(world.engine.account_facts(with_code), 2);
}

#[test]
fn codes_are_not_guessed() {
    let world = world("[sign_in]\nfailures_burst = 1000\n");
    world.account(EMAIL, false);
    tick(&world);
    let (app, _, _) = set_up(&world, &world.sign_in(EMAIL));
    tick(&world);
    let right = app.shows(&world);
    let wrong = if right == "000000" { "000001" } else { "000000" };
    let token = half(&world);
    for n in 0..5 {
        assert_eq!(code(&world, &token, wrong).code(), "code_wrong", "{n}");
    }
    assert_eq!(code(&world, &token, &right).code(), "sign_in_needed", "five tries a password");
    let token = half(&world);
    assert_eq!(code(&world, &token, wrong).code(), "code_wrong");
    let slow = code(&world, &token, &right);
    assert_eq!((slow.status, slow.code().as_str()), (429, "too_fast"));
    let late = half(&world);
    world.clock.advance(Duration::from_secs(301));
    assert_eq!(code(&world, &late, &app.shows(&world)).code(), "sign_in_needed", "too late");
    assert_eq!(code(&world, &half(&world), &app.shows(&world)).status, 200);
}

#[test]
fn a_recovery_code_is_good_once_and_counted() {
    let world = world("");
    world.account(EMAIL, false);
    let (_, _, codes) = set_up(&world, &world.sign_in(EMAIL));
    let typed = codes[3].to_uppercase().replace('-', " ");
    let reply = code(&world, &half(&world), &typed);
    assert_eq!(reply.json()["recovery_codes_left"], json!(9), "{reply:?}");
    assert_eq!(code(&world, &half(&world), &codes[3]).code(), "code_wrong");
    let spare =
        |event: &Event| matches!(event, Event::SignedIn { second: Some(Second::RecoveryCode), .. });
    assert_eq!(world.engine.account_facts(spare), 1);
}

#[test]
fn beside_a_code_a_password_may_be_short_and_cannot_stay_so_without() {
    let world = world("");
    world.account(EMAIL, false);
    tick(&world);
    let (app, cookie, codes) = set_up(&world, &world.sign_in(EMAIL));
    let change = |old, new, cookie: &str| {
        world.post_as("/api/v1/me/password", &json!({ "old": old, "new": new }), cookie)
    };
    assert_eq!(change(PASSWORD, "kettle7", &cookie).code(), "password_under_eight");
    let cookie = change(PASSWORD, SHORT, &cookie).cookie();
    tick(&world);
    let off = |password: &str, code: &str, cookie: &str| {
        let body = json!({ "password": password, "code": code });
        world.post_as("/api/v1/me/totp/off", &body, cookie)
    };
    assert_eq!(off(SHORT, &app.shows(&world), &cookie).code(), "password_too_short");
    let cookie = change(SHORT, PASSWORD, &cookie).cookie();
    assert_eq!(off("wrong", &app.shows(&world), &cookie).code(), "password_wrong");
    assert_eq!(off(PASSWORD, "000000x", &cookie).code(), "code_wrong");
    assert_eq!(off(PASSWORD, &codes[0], &cookie).status, 200);
    assert!(!world.found(EMAIL).codes);
    assert!(!world.folder.secrets().join("account-1.codes").exists(), "the key is gone");
    assert!(world.sign_in(EMAIL).starts_with("sid="));
}

#[test]
fn a_short_password_is_not_enough_once_an_administrator_turned_codes_off() {
    let world = world("");
    world.account(EMAIL, false);
    let (_, cookie, _) = set_up(&world, &world.sign_in(EMAIL));
    let body = json!({ "old": PASSWORD, "new": SHORT });
    assert_eq!(world.post_as("/api/v1/me/password", &body, &cookie).status, 200);
    let accounts = world.site.accounts();
    let account = world.found(EMAIL);
    world
        .block_on(accounts.drop_codes(&account, convoke_model::Actor::Server))
        .expect("turned off");
    let reply = world.post("/api/v1/sign-in", &json!({ "email": EMAIL, "password": SHORT }));
    assert_eq!((reply.status, reply.code().as_str()), (403, "password_outgrown"));
}

#[test]
fn a_setting_keeps_administrators_without_codes_from_everything_but_setting_them_up() {
    let world = world("[sign_in]\nadministrators_need_codes = true\n");
    world.account(EMAIL, true);
    world.account("bob@example.org", false);
    tick(&world);
    let cookie = world.sign_in(EMAIL);
    let wish = json!({ "type": 0, "topic": "Weekly" });
    let make = |cookie: &str| world.post_as("/api/v1/meetings", &wish, cookie);
    assert_eq!(make(&cookie).code(), "code_required");
    assert_eq!(world.get_as("/api/v1/meetings", &cookie).code(), "code_required");
    assert_eq!(world.get_as("/api/v1/me", &cookie).json()["codes_required"], json!(true));
    let legacy = format!("/as/wapi/goto_downloader?role=host&email={EMAIL}&user_password=");
    let legacy = format!("{legacy}{}", PASSWORD.replace(' ', "+"));
    assert_eq!(world.get(&legacy).boot()["refusal"]["code"], json!("code_required"));
    let (app, cookie, codes) = set_up(&world, &cookie);
    assert_eq!(make(&cookie).status, 200);
    let body = json!({ "password": PASSWORD, "code": codes[0] });
    assert_eq!(world.post_as("/api/v1/me/totp/off", &body, &cookie).code(), "code_required");
    assert_eq!(
        world.get(&legacy).boot()["refusal"]["code"],
        json!("code_needed"),
        "no place for it"
    );
    tick(&world);
    assert_eq!(code(&world, &half(&world), &app.shows(&world)).status, 200);
    assert_eq!(make(&world.sign_in("bob@example.org")).status, 200, "others need none");
    // Made an administrator, somebody is held at once.
    let account = world.found("bob@example.org").id;
    let privileges = Privileges::EVERYDAY.with(Privilege::Administrator);
    world.wish(Command::SetPrivileges { account, privileges });
    assert_eq!(make(&world.sign_in("bob@example.org")).code(), "code_required");
}
