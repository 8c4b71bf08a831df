//! The legacy doors, byte for byte as callers use them.

use std::io::{Read, Write};

use convoke_model::MeetingId;
use convoke_model::grant::Role;
use convoke_model::site::Audit;
use serde_json::{Value, json};

use super::client::{Reply, connect, raw, read};
use super::world::{EMAIL, PASSWORD, World, world};

const DOOR: &str = "/as/wapi/goto_downloader";

/// Sends a request line that no library would let through.
fn get(world: &World, target: &[u8]) -> Reply {
    let mut request = b"GET ".to_vec();
    request.extend_from_slice(target);
    request.extend_from_slice(format!(" HTTP/1.1\r\nHost: {}\r\n\r\n", world.address).as_bytes());
    raw(world.address, &request)
}

fn attendee(name: &[u8], id: &str) -> Vec<u8> {
    let mut target = format!("{DOOR}?role=attendee&name=").into_bytes();
    target.extend_from_slice(name);
    target
        .extend_from_slice(format!("&meeting_id={id}&password=blue moon&sumbit=submit").as_bytes());
    target
}

#[test]
fn attendees_come_in_however_their_name_is_written() {
    let world = world("");
    let (id, _) = world.open_meeting(Some("blue moon"));
    let table: &[(&[u8], &str)] = &[
        (b"Brian Smith", "Brian Smith"),
        (b"Brian+Smith", "Brian Smith"),
        (b"Brian%20Smith", "Brian Smith"),
        ("张伟 Müller".as_bytes(), "张伟 Müller"),
        (b"\xD5\xC5\xCE\xB0", "张伟"),
        (b"%D5%C5%CE%B0", "张伟"),
        (b"<script>\"{}|^`\\", "<script>\"{}|^`\\"),
    ];
    for (written, name) in table {
        let reply = get(&world, &attendee(written, &id.to_string()));
        let boot = reply.boot();
        assert_eq!((reply.status, &boot["name"]), (200, &json!(name)));
        assert_eq!(boot["page"], json!("meeting"));
        let admission = world.redeem(&boot["ticket"]).expect("good");
        assert_eq!((admission.role, admission.name.as_str()), (Role::Attendee, *name));
        assert_eq!((admission.meeting, admission.lobby), (id, false));
        let was_raw = !written.iter().all(|b| b.is_ascii_alphanumeric() || b"+%".contains(b));
        // The sample's password has a raw space, so every one of these lines was rewritten.
        assert_eq!(reply.header("connection"), Some("close"), "{was_raw}");
    }
}

#[test]
fn a_kept_connection_may_ask_the_same_way_again() {
    let world = world("");
    let (id, _) = world.open_meeting(Some("blue moon"));
    let mut stream = connect(world.address);
    let mut ask = |target: &[u8]| {
        let mut request = b"GET ".to_vec();
        request.extend_from_slice(target);
        let rest = format!(" HTTP/1.1\r\nHost: {}\r\n\r\n", world.address);
        request.extend_from_slice(rest.as_bytes());
        // In two pieces, so that the line is not whole at once.
        let (first, second) = request.split_at(request.len() / 3);
        stream.write_all(first).expect("sent");
        std::thread::sleep(std::time::Duration::from_millis(50));
        stream.write_all(second).expect("sent");
        read(&mut stream)
    };
    for _ in 0..2 {
        assert_eq!(ask(b"/healthz").status, 200);
    }
    let reply = ask(&attendee(b"\xD5\xC5 \xCE\xB0", &id.to_string()));
    assert_eq!((reply.status, &reply.boot()["name"]), (200, &json!("张 伟")));
    assert_eq!(reply.header("connection"), Some("close"));
    let mut rest = Vec::new();
    assert_eq!(stream.read_to_end(&mut rest).expect("closed"), 0);
}

#[test]
fn a_form_post_does_the_same() {
    let world = world("");
    let (id, _) = world.open_meeting(Some("blue moon"));
    let form =
        format!("role=attendee&name=Brian+Smith&meeting_id={id}&password=blue+moon&submit=submit");
    let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
    let boot = world.post_raw(DOOR, kind, form.as_bytes()).boot();
    assert!(world.redeem(&boot["ticket"]).is_some());
    assert!(world.engine.audits().is_empty(), "nothing was exposed: it is loopback, and a POST");
    let mixed = format!("{DOOR}?role=attendee&meeting_id={id}");
    let boot = world.post_raw(&mixed, kind, b"name=Ann&password=blue+moon").boot();
    assert!(world.redeem(&boot["ticket"]).is_some());
}

#[test]
fn unknown_meetings_and_wrong_passwords_show_the_same_page() {
    let world = world("");
    let (id, _) = world.open_meeting(Some("blue moon"));
    let page = |id: &str, password: &str| {
        let target = format!("{DOOR}?role=attendee&name=Eve&meeting_id={id}&password={password}");
        let reply = get(&world, target.as_bytes());
        let mut boot = reply.boot();
        if let Some(boot) = boot.as_object_mut() {
            boot.remove("meeting");
        }
        (reply.status, boot)
    };
    let wrong = page(&id.to_string(), "wrong");
    assert_eq!(wrong.1["refusal"]["code"], json!("cannot_join"));
    assert_eq!(wrong.1.get("ticket"), None);
    assert_eq!(wrong, page("9999-9999", "wrong"));
    assert_eq!(wrong, page("12345", "wrong"));
    // Nor does a meeting without a password that nobody has opened show itself.
    let closed = world.meeting(None).to_string();
    assert_eq!(wrong, page(&closed, "wrong"));
    assert_eq!(wrong, page(&closed, ""));
    let target = format!("{DOOR}?role=attendee&name=&meeting_id={closed}&password=");
    let shown = get(&world, target.as_bytes()).boot();
    assert_eq!(shown["meeting"].get("topic"), None, "{shown}");
}

#[test]
fn somebody_without_a_name_is_asked_for_it_and_not_for_the_password_again() {
    let world = world("");
    let (id, _) = world.open_meeting(Some("blue moon"));
    let target = format!("{DOOR}?role=attendee&meeting_id={id}&password=blue+moon&name=");
    let boot = get(&world, target.as_bytes()).boot();
    assert_eq!((&boot["page"], boot.get("ticket")), (&json!("join"), None));
    let body = json!({ "id": id.to_string(), "name": "Ann", "invitation": boot["invitation"] });
    assert_eq!(world.post("/api/v1/join", &body).status, 200);
}

#[test]
fn hosts_open_a_new_meeting_or_one_of_their_own() {
    let world = world("");
    let (id, _) = world.open_meeting(None);
    let call = |more: &str| {
        let target = format!("{DOOR}?role=host&email={EMAIL}&user_password={PASSWORD}{more}");
        get(&world, target.as_bytes()).boot()
    };
    let used = |boot: &Value| {
        let reply = world.post("/api/v1/pending-host", &json!({ "pending": boot["pending"] }));
        assert_eq!(reply.status, 200, "{reply:?}");
        let admission = world.redeem(&reply.json()["ticket"]).expect("good");
        assert_eq!(reply.json()["meeting"]["id"], json!(admission.meeting.number().to_string()));
        admission
    };
    let boot = call("");
    let admission = used(&boot);
    assert_eq!((admission.role, &boot["role"]), (Role::Host, &json!("host")));
    assert_ne!(admission.meeting, id);
    let boot = call(&format!("&meeting_id={id}&password="));
    assert_eq!(used(&boot).meeting, id);
    assert_eq!(call("&meeting_id=9999-9999")["refusal"]["code"], json!("not_found"));
    assert_eq!(call("x")["refusal"]["code"], json!("sign_in_failed"));
    let asked = get(&world, format!("{DOOR}?role=host&email={EMAIL}&user_password=").as_bytes());
    let asked = asked.boot();
    assert_eq!((&asked["email"], &asked["ask_password"]), (&json!(EMAIL), &json!(true)));
    assert_eq!((asked.get("ticket"), asked.get("refusal")), (None, None));
}

#[test]
fn who_merely_opens_a_hosts_address_makes_no_meeting_and_opens_none() {
    let world = world("");
    world.account(EMAIL, false);
    let id = world.meeting(None);
    let cookie = world.sign_in(EMAIL);
    let meetings = || {
        let listed = world.get_with("/api/v1/meetings", &format!("Cookie: {cookie}\r\n")).json();
        let all = listed["meetings"].as_array().expect("a list").clone();
        let running = all.iter().filter(|meeting| meeting["running"] == json!(true)).count();
        (all.len(), running)
    };
    let host = format!("{DOOR}?role=host&email={EMAIL}&user_password={PASSWORD}");
    let scheduled = format!("{host}&meeting_id={id}");
    for target in [&host, &host, &scheduled, &scheduled] {
        let boot = get(&world, target.as_bytes()).boot();
        assert!(boot["pending"].is_string() && boot.get("ticket").is_none(), "{boot}");
    }
    let form = format!("role=host&email={EMAIL}&user_password={PASSWORD}");
    let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
    assert!(world.post_raw(DOOR, kind, form.as_bytes()).boot()["pending"].is_string());
    assert_eq!(meetings(), (1, 0));
    let use_up =
        |boot: &Value| world.post("/api/v1/pending-host", &json!({ "pending": boot["pending"] }));
    let boot = get(&world, scheduled.as_bytes()).boot();
    assert_eq!(use_up(&boot).status, 200);
    assert_eq!(meetings(), (1, 1));
    assert_eq!(use_up(&boot).code(), "ticket_invalid", "it works once");
    let boot = get(&world, host.as_bytes()).boot();
    world.clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(use_up(&boot).code(), "ticket_invalid", "and for a minute");
    assert_eq!(use_up(&json!({ "pending": "x" })).code(), "ticket_invalid");
    let token = get(&world, host.as_bytes()).boot()["pending"].clone();
    let foreign = "Origin: http://evil.example\r\nContent-Type: application/json\r\n";
    let body = json!({ "pending": token }).to_string();
    let reply = world.post_raw("/api/v1/pending-host", foreign, body.as_bytes());
    assert_eq!(reply.code(), "foreign_origin");
    assert_eq!(meetings().0, 1);
}

#[test]
fn cookies_mean_nothing_at_the_legacy_doors() {
    let world = world("");
    let (id, cookie) = world.open_meeting(Some("blue moon"));
    let target = format!("{DOOR}?role=host&email={EMAIL}&user_password=&meeting_id={id}");
    let reply = world.get_with(&target, &format!("Cookie: {cookie}\r\n"));
    let boot = reply.boot();
    assert_eq!((boot.get("ticket"), boot.get("pending")), (None, None));
}

#[test]
fn the_viewer_comes_by_its_path() {
    let world = world("");
    let (id, _) = world.open_meeting(Some("blue moon"));
    let call = |target: String| get(&world, target.as_bytes()).boot();
    let boot = call(format!("/id={id}&name=Vera Wu&password=blue moon"));
    assert_eq!((&boot["page"], &boot["role"]), (&json!("viewer"), &json!("viewer")));
    let admission = world.redeem(&boot["ticket"]).expect("good");
    assert_eq!((admission.role, admission.name.as_str()), (Role::Viewer, "Vera Wu"));
    let boot = call(format!("/id={id}&name=Vera&password=wrong"));
    assert_eq!((&boot["page"], boot.get("ticket")), (&json!("join"), None));
    assert_eq!(boot["refusal"]["code"], json!("cannot_join"));
}

#[test]
fn calls_that_can_be_read_two_ways_are_refused() {
    let world = world("");
    for query in ["role=attendee&role=host", "role=moderator", "", "role=attendee&name=a&name=b"] {
        let reply = world.get(&format!("{DOOR}?{query}"));
        assert_eq!(reply.status, 400, "{query}");
        assert_eq!(reply.boot()["refusal"]["code"], json!("malformed"));
    }
}

#[test]
fn a_password_in_an_address_is_an_audit_fact_unless_that_is_allowed() {
    let target = |id: MeetingId| attendee(b"Ann", &id.to_string());
    let world = world("");
    let (id, _) = world.open_meeting(Some("blue moon"));
    get(&world, &target(id));
    let exposed = Audit::CredentialExposed { route: DOOR.to_owned(), in_address: true };
    assert_eq!(world.engine.audits(), [exposed]);
    let allowing = super::world::world("legacy_doors = \"allow\"");
    let (id, _) = allowing.open_meeting(Some("blue moon"));
    assert!(get(&allowing, &target(id)).boot()["ticket"].is_string());
    assert!(allowing.engine.audits().is_empty());
}

#[test]
fn a_thousand_calls_with_passwords_are_few_facts() {
    let world = world("");
    let (id, _) = world.open_meeting(Some("blue moon"));
    let viewer = format!("/id={id}&name=Eve&password=x");
    let host = format!("{DOOR}?role=host&email=eve@example.org&user_password=x");
    let target = attendee(b"Eve", &id.to_string());
    for target in [target.as_slice(), viewer.as_bytes(), host.as_bytes()] {
        for _ in 0..334 {
            get(&world, target);
        }
    }
    let audits = world.engine.audits();
    assert_eq!(audits.len(), 2, "one for each route: {audits:?}");
    let facts = world.engine.recorded.lock().expect("not poisoned").len();
    assert!(facts < 40, "{facts} facts, failed sign-ins among them");
    world.clock.advance(std::time::Duration::from_secs(61));
    get(&world, &target);
    assert_eq!(world.engine.audits().len(), 3, "and again a minute later");
}

#[test]
fn doors_that_are_shut_say_so() {
    let world = world("legacy_doors = \"refuse\"");
    let (id, _) = world.open_meeting(Some("blue moon"));
    for target in [
        attendee(b"Ann", &id.to_string()),
        format!("/id={id}&name=a&password=blue moon").into_bytes(),
    ] {
        let reply = get(&world, &target);
        assert_eq!(
            (reply.status, &reply.boot()["refusal"]["code"]),
            (403, &json!("legacy_refused"))
        );
        assert_eq!(reply.boot().get("ticket"), None);
    }
}
