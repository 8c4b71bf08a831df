//! Creating, opening and joining meetings over JSON.

use std::time::Duration;

use convoke::control::MeetingState;
use convoke_model::grant::Role;
use convoke_model::policy::Credential;
use serde_json::{Value, json};

use super::client::Reply;
use super::world::{EMAIL, World, world};

fn join(world: &World, wish: Value) -> Reply {
    world.post("/api/v1/join", &wish)
}

#[test]
fn a_host_creates_lists_and_opens_meetings_of_its_own() {
    let world = world("");
    let (id, cookie) = world.open_meeting(Some("blue moon"));
    let list = world.get_with("/api/v1/meetings", &format!("Cookie: {cookie}\r\n")).json();
    let meeting = &list["meetings"][0];
    assert_eq!(meeting["id"], json!(id.number().to_string()));
    assert_eq!(meeting["running"], json!(true));
    let words = meeting["invitation"].as_str().expect("words");
    let url = meeting["join_url"].as_str().expect("a link");
    assert!(words.contains(url) && words.contains("blue moon") && words.contains(&id.to_string()));
    assert!(url.starts_with(&format!("{}/join?id={}&t=", world.origin(), id.number())), "{url}");

    world.account("bob@example.org", false);
    let bob = world.sign_in("bob@example.org");
    let path = format!("/api/v1/meetings/{}/host", id.number());
    assert_eq!(world.post_as(&path, &json!({}), &bob).code(), "not_found");
    assert_eq!(world.post(&path, &json!({})).code(), "sign_in_needed");
    let opened = world.post_as(&path, &json!({}), &cookie);
    let admission = world.redeem(&opened.json()["ticket"]).expect("good");
    assert_eq!((admission.role, admission.credential), (Role::Host, Credential::Owner));
    assert_eq!(admission.meeting, id);
    assert_eq!(world.redeem(&opened.json()["ticket"]), None, "once");
}

#[test]
fn types_that_do_not_work_yet_are_refused_by_name() {
    let world = world("");
    world.account(EMAIL, false);
    let cookie = world.sign_in(EMAIL);
    for kind in [1, 2, 3, 5, 255] {
        let wish = json!({ "type": kind, "topic": "x" });
        assert_eq!(world.post_as("/api/v1/meetings", &wish, &cookie).code(), "type_not_available");
    }
    let wish = json!({ "type": 4, "topic": "x" });
    assert_eq!(world.post_as("/api/v1/meetings", &wish, &cookie).status, 200);
    let wish = json!({ "type": 0, "topic": " \u{0} " });
    assert_eq!(world.post_as("/api/v1/meetings", &wish, &cookie).code(), "topic_invalid");
}

#[test]
fn the_right_password_or_invitation_opens_the_door() {
    let world = world("");
    let (id, cookie) = world.open_meeting(Some("blue moon"));
    let list = world.get_with("/api/v1/meetings", &format!("Cookie: {cookie}\r\n")).json();
    let url = list["meetings"][0]["join_url"].as_str().expect("a link");
    let token = url.split_once("&t=").expect("a token").1;
    let table = [
        (
            json!({ "id": id.to_string(), "name": "Bob", "password": "blue moon" }),
            Role::Attendee,
            Credential::Password,
        ),
        (
            json!({ "id": id.number(), "name": "Bob", "password": "blue moon", "viewer": true }),
            Role::Viewer,
            Credential::Password,
        ),
        (
            json!({ "id": id.number().to_string(), "name": "Bob", "invitation": token }),
            Role::Attendee,
            Credential::Invitation,
        ),
    ];
    for (wish, role, credential) in table {
        let reply = join(&world, wish);
        assert_eq!(reply.json()["meeting"]["topic"], json!("Weekly"), "{reply:?}");
        let admission = world.redeem(&reply.json()["ticket"]).expect("good");
        assert_eq!(
            (admission.role, admission.credential, admission.lobby),
            (role, credential, false)
        );
    }
    let page = world.get(url.strip_prefix(&world.origin()).expect("ours")).boot();
    assert_eq!(page["invitation"], json!(token), "the page hands it to its form");
}

#[test]
fn before_the_door_opens_every_no_is_the_same_and_after_it_they_are_told_apart() {
    let world = world("");
    let (id, _) = world.open_meeting(Some("blue moon"));
    let unknown = "9999-9999";
    // Of a meeting without a password that is not open the number alone shows nothing either.
    let (closed, over) = (world.meeting(None), world.meeting(None));
    world.engine.set_state(over, MeetingState::Ended);
    let wishes = [
        json!({ "id": id.to_string(), "name": "Eve", "password": "wrong" }),
        json!({ "id": id.to_string(), "name": "Eve" }),
        json!({ "id": id.to_string(), "name": "Eve", "password": "" }),
        json!({ "id": id.to_string(), "name": "Eve", "invitation": "AAAAAAAAAAAAAAAAAAAAAA" }),
        json!({ "id": unknown, "name": "Eve", "password": "blue moon" }),
        json!({ "id": unknown, "name": "Eve" }),
        json!({ "id": closed.to_string(), "name": "Eve" }),
        json!({ "id": closed.to_string(), "name": "Eve", "password": "any" }),
        json!({ "id": over.to_string(), "name": "Eve" }),
        json!({ "id": "12", "name": "Eve" }),
        json!({ "id": "x' OR 1=1 --", "name": "Eve", "password": "\u{0}" }),
    ];
    let strip = |reply: &Reply| (reply.status, reply.body.clone(), reply.headers.len());
    let mut answers: Vec<_> = Vec::new();
    for wish in wishes {
        answers.push(strip(&join(&world, wish)));
        world.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(answers[0].0, 403);
    assert!(answers[0].1.contains("cannot_join"));
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    world.engine.set_state(id, MeetingState::Ended);
    let right = json!({ "id": id.to_string(), "name": "Bob", "password": "blue moon" });
    assert_eq!(join(&world, right.clone()).code(), "ended");
    world.engine.set_state(id, MeetingState::NotStarted);
    assert_eq!(join(&world, right).code(), "not_started");
    let wrong = json!({ "id": id.to_string(), "name": "Eve", "password": "wrong" });
    assert_eq!(join(&world, wrong).code(), "cannot_join");
}

#[test]
fn probing_for_meetings_that_are_not_open_counts_as_failing() {
    let world = world("[join]\nfailures_per_second_total = 1000\n");
    world.account(EMAIL, false);
    let id = world.meeting(None);
    let wish = json!({ "id": id.to_string(), "name": "Eve" });
    let codes: Vec<String> = (0..30).map(|_| join(&world, wish.clone()).code()).collect();
    assert_eq!(codes.iter().filter(|code| *code == "cannot_join").count(), 20, "{codes:?}");
    assert!(codes[20..].iter().all(|code| code == "too_fast"), "{codes:?}");
}

#[test]
fn who_has_the_invitation_may_wait_for_a_host_who_is_late() {
    let world = world("");
    world.account(EMAIL, false);
    let id = world.meeting(None);
    let cookie = world.sign_in(EMAIL);
    let listed = world.get_with("/api/v1/meetings", &format!("Cookie: {cookie}\r\n")).json();
    let token = &listed["meetings"][0]["invitation_token"];
    let wish = json!({ "id": id.to_string(), "name": "Bob", "invitation": token });
    assert_eq!(join(&world, wish.clone()).code(), "not_started");
    world.engine.set_state(id, MeetingState::Open(convoke_model::SessionNumber(1)));
    assert_eq!(join(&world, wish).status, 200);
}

#[test]
fn without_password_and_invitation_people_wait_in_the_lobby() {
    let world = world("");
    let (id, _) = world.open_meeting(None);
    let reply = join(&world, json!({ "id": id.to_string(), "name": "Bob" }));
    let admission = world.redeem(&reply.json()["ticket"]).expect("good");
    assert_eq!((admission.lobby, admission.credential), (true, Credential::Nothing));
}

#[test]
fn five_wrong_passwords_and_no_more_are_looked_at_whether_the_meeting_exists_or_not() {
    let world = world("[join]\nfailures_burst = 1000\nfailures_per_second_total = 1000\n");
    let (id, _) = world.open_meeting(Some("blue moon"));
    for number in [id.to_string(), "9999-9999".to_owned()] {
        let guess = |password: &str| {
            join(&world, json!({ "id": number, "name": "Eve", "password": password })).code()
        };
        let codes: Vec<String> = (0..7).map(|n| guess(&n.to_string())).collect();
        assert!(codes[..5].iter().all(|code| code == "cannot_join"), "{codes:?}");
        assert!(codes[5..].iter().all(|code| code == "too_fast"), "{codes:?}");
        assert_eq!(guess("blue moon"), "too_fast", "not even the right one");
    }
    world.clock.advance(Duration::from_secs(901));
    let right =
        join(&world, json!({ "id": id.to_string(), "name": "Bob", "password": "blue moon" }));
    assert_eq!(right.status, 200);
}

#[test]
fn an_address_that_tries_numbers_is_held() {
    let world = world("");
    let (id, _) = world.open_meeting(Some("blue moon"));
    let mut answered = 0;
    for n in 0..40 {
        let reply = join(&world, json!({ "id": 20_000_000 + n, "name": "Eve" }));
        answered += i32::from(reply.code() == "cannot_join");
    }
    assert!(answered <= 20, "{answered}");
    let right = json!({ "id": id.to_string(), "name": "Bob", "password": "blue moon" });
    assert_eq!(join(&world, right).code(), "too_fast", "its own joins wait as well");
}

#[test]
fn names_are_names() {
    let world = world("");
    let (id, _) = world.open_meeting(None);
    for name in ["", "  ", "\u{0}\u{1b}", &"x".repeat(81)] {
        let reply = join(&world, json!({ "id": id.to_string(), "name": name }));
        assert_eq!(reply.code(), "name_invalid");
    }
    let reply = join(&world, json!({ "id": id.to_string(), "name": "<b>Ann\u{202e}\u{0}</b>" }));
    let admission = world.redeem(&reply.json()["ticket"]).expect("good");
    assert_eq!(admission.name.as_str(), "<b>Ann</b>");
}
