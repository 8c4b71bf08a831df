//! `schedule_meeting` and `vmp`, as callers of the legacy interface use and abuse them.

use std::time::Duration;

use convoke::control::{Engine, Meeting};
use convoke::vault::{SecretOf, Vault};
use convoke_model::site::Audit;
use serde_json::json;

use super::client::{Reply, raw};
use super::world::{EMAIL, PASSWORD, World, world};

const SCHEDULE: &str = "/as/wapi/schedule_meeting";
const CHECK: &str = "/as/wapi/vmp";

fn get(world: &World, query: &str) -> Reply {
    let line = format!("GET {SCHEDULE}?{query} HTTP/1.1\r\nHost: {}\r\n\r\n", world.address);
    raw(world.address, line.as_bytes())
}

fn form(world: &World, path: &str, body: &[u8]) -> Reply {
    world.post_raw(path, "Content-Type: application/x-www-form-urlencoded\r\n", body)
}

/// What stands in a field of the answer.
fn field(reply: &Reply, name: &str) -> String {
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("text/xml; charset=utf-8"))
    );
    let (open, close) = (format!("<__{name}__>"), format!("</__{name}__>"));
    let inner = reply.body.split(&open).nth(1).and_then(|rest| rest.split(&close).next());
    inner.unwrap_or_else(|| panic!("no {name}: {reply:?}")).to_owned()
}

fn refused(reply: &Reply, words: &str) {
    assert_eq!(field(reply, "Status"), "FAILED", "{reply:?}");
    assert!(field(reply, "Reason").contains(words), "{words}: {reply:?}");
}

fn made(world: &World, reply: &Reply) -> Meeting {
    assert_eq!((field(reply, "Status"), field(reply, "Reason")), ("SUCCEED".into(), String::new()));
    let id = field(reply, "MeetingId");
    assert!(id.len() == 9 && id.as_bytes()[4] == b'-', "{id}");
    let id = id.parse().expect("a number");
    world.block_on(world.engine.meeting(id)).expect("asked").expect("it is there")
}

fn with_ann() -> World {
    let world = world("");
    world.account(EMAIL, false);
    world
}

fn signed(more: &str) -> String {
    format!("email={EMAIL}&user_password={PASSWORD}&{more}")
}

#[test]
fn the_vendors_own_sample_makes_a_meeting() {
    let world = with_ann();
    // Raw spaces, both times, the end before the start: it is recurring.
    let call = signed(
        "meeting_type=0&password=abc&is_recurring=Y&meeting_topic=Weekly sales meeting\
         &integration_code=&call_number=1-888-123-4567&attendee_access_code=123456\
         &start_time=2008/11/20 10:00&end_time=2008/11/20 09:00",
    );
    let reply = get(&world, &call);
    let meeting = made(&world, &reply);
    assert_eq!((meeting.topic.as_str(), meeting.has_password), ("Weekly sales meeting", true));
    let plan = meeting.plan.expect("planned");
    assert!(plan.recurring && plan.when.is_none() && !plan.public);
    let dial_in = plan.dial_in.expect("given");
    assert_eq!(dial_in.number.as_ref().map(|n| n.as_str()), Some("1-888-123-4567"));
    assert_eq!(dial_in.code.as_ref().map(|c| c.as_str()), Some("123456"));
    let join = field(&reply, "JoinUrl");
    let id = meeting.id.number();
    assert!(join.contains(&format!("/join?id={id}&amp;t=")), "{join}");
    assert!(field(&reply, "HostUrl").ends_with(&format!("/m/{id}")));
    // A password came in an address: that is a fact.
    let exposed = |audit: &Audit| match audit {
        Audit::CredentialExposed { route, in_address } => route == SCHEDULE && *in_address,
        Audit::BackedUp { .. } => false,
    };
    assert!(world.engine.audits().iter().any(exposed));
    // And what it made is a meeting like any other.
    let body = format!("meeting_id={}&password=abc", meeting.id);
    assert_eq!(form(&world, CHECK, body.as_bytes()).body, "<__Status__>SUCCEED</__Status__>");
}

#[test]
fn a_meeting_has_times_on_the_clocks_of_its_hosts_zone() {
    let world = with_ann();
    let cookie = world.sign_in(EMAIL);
    let zone = json!({ "time_zone": "America/Los_Angeles" });
    assert_eq!(world.post_as("/api/v1/me", &zone, &cookie).status, 200);
    let times =
        "meeting_topic=Plan&is_recurring=N&start_time=2031/07/05 9:30&end_time=2031/07/05 10:15";
    let meeting = made(&world, &form(&world, SCHEDULE, signed(times).as_bytes()));
    let when = meeting.plan.and_then(|plan| plan.when).expect("a time");
    assert_eq!((when.start.as_str(), when.minutes), ("2031-07-05T09:30", 45));
    assert_eq!(when.zone.as_str(), "America/Los_Angeles");
    // Half past nine in summer there is half past four in the afternoon in UTC.
    assert_eq!(when.begins.0, 1_941_035_400_000);
}

#[test]
fn what_cannot_be_planned_is_refused_with_a_reason() {
    let world = with_ann();
    let table = [
        ("meeting_topic=", "Give a topic"),
        ("meeting_topic=x&meeting_type=9", "type of meeting"),
        ("meeting_topic=x&meeting_type=one", "type of meeting"),
        (
            "meeting_topic=x&start_time=2031/07/05 10:00&end_time=2031/07/05 09:00",
            "end comes before",
        ),
        ("meeting_topic=x&start_time=2031/07/05 10:00", "end comes before"),
        ("meeting_topic=x&start_time=soon&end_time=later", "end comes before"),
        (
            "meeting_topic=x&start_time=2031/02/30 10:00&end_time=2031/02/30 11:00",
            "end comes before",
        ),
        ("meeting_topic=x&attendee_access_code=12", "4 to 20 digits"),
        ("meeting_topic=x&call_number=<b>", "telephone number"),
        ("meeting_topic=x&meeting_topic=y", "could not be understood"),
    ];
    for (more, reason) in table {
        refused(&form(&world, SCHEDULE, signed(more).as_bytes()), reason);
    }
    let none = world.block_on(world.engine.all_meetings()).expect("asked");
    assert!(none.is_empty(), "{none:?}");
    for call in [
        "meeting_topic=x",
        "email=ann@example.org&meeting_topic=x",
        "email=nobody@example.org&user_password=x&meeting_topic=x",
    ] {
        refused(&form(&world, SCHEDULE, call.as_bytes()), "do not fit together");
    }
    let closed = super::world::world("legacy_doors = \"refuse\"");
    refused(&get(&closed, "email=x"), "does not take passwords in addresses");
}

#[test]
fn the_integration_code_stands_for_the_callers_own_sign_in_and_for_nothing_else() {
    let world = with_ann();
    let plain = format!("email={EMAIL}&meeting_topic=x&integration_code=");
    // So that the limits on guessing are not what is measured.
    let form = |world: &World, path: &str, body: &[u8]| {
        world.clock.advance(Duration::from_secs(3600));
        form(world, path, body)
    };
    // Without one set, none fits; the empty one least of all.
    for code in ["", "x"] {
        refused(&form(&world, SCHEDULE, (plain.clone() + code).as_bytes()), "do not fit together");
    }
    let vault = Vault::open(&world.folder).expect("opens");
    vault.put(SecretOf::IntegrationCode, b"crm-42").expect("kept");
    made(&world, &form(&world, SCHEDULE, (plain.clone() + "crm-42").as_bytes()));
    for code in ["", "crm-4", "crm-421", "CRM-42"] {
        refused(&form(&world, SCHEDULE, (plain.clone() + code).as_bytes()), "do not fit together");
    }
    // A wrong code is not made good by a right password.
    let both = signed("meeting_topic=x&integration_code=wrong");
    refused(&form(&world, SCHEDULE, both.as_bytes()), "do not fit together");
    // Whom nobody knows, and who is switched off, plan nothing.
    let nobody = "email=nobody@example.org&meeting_topic=x&integration_code=crm-42";
    refused(&form(&world, SCHEDULE, nobody.as_bytes()), "do not fit together");
    // It opens no other door: it signs nobody in.
    let page = format!("role=host&email={EMAIL}&user_password=crm-42&integration_code=crm-42");
    let reply = form(&world, "/as/wapi/goto_downloader", page.as_bytes());
    assert!(reply.boot()["pending"].is_null(), "{reply:?}");
}

#[test]
fn who_guesses_the_integration_code_has_to_wait_also_with_the_right_one() {
    let world = with_ann();
    let vault = Vault::open(&world.folder).expect("opens");
    vault.put(SecretOf::IntegrationCode, b"crm-42-crm-42").expect("kept");
    let call = |code: &str| {
        let body = format!("email={EMAIL}&meeting_topic=x&integration_code={code}");
        form(&world, SCHEDULE, body.as_bytes())
    };
    let mut looked_at = 0;
    for n in 0..60 {
        world.clock.advance(Duration::from_secs(1));
        let reason = field(&call(&format!("guess-{n}")), "Reason");
        looked_at += u32::from(reason.contains("do not fit together"));
    }
    // Twenty at once and ten in a minute.
    assert!((20..=31).contains(&looked_at), "{looked_at}");
    refused(&call("crm-42-crm-42"), "too fast");
    world.clock.advance(Duration::from_secs(600));
    made(&world, &call("crm-42-crm-42"));
}

#[test]
fn vmp_tells_a_right_password_and_nothing_else() {
    let world = with_ann();
    let guarded = world.meeting(Some("blue moon"));
    let open = world.meeting(None);
    let check = |body: &str| {
        world.clock.advance(Duration::from_secs(3600));
        let reply = form(&world, CHECK, body.as_bytes());
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (200, Some("text/xml; charset=utf-8"))
        );
        reply.body
    };
    let (yes, no) = ("<__Status__>SUCCEED</__Status__>", "<__Status__>FAILED</__Status__>");
    assert_eq!(check(&format!("meeting_id={guarded}&password=blue moon")), yes);
    for body in [
        format!("meeting_id={guarded}&password=red moon"),
        format!("meeting_id={guarded}"),
        format!("meeting_id={open}"),
        format!("meeting_id={open}&password=x"),
        "meeting_id=1234-5678&password=blue moon".to_owned(),
        "meeting_id=abc".to_owned(),
        String::new(),
    ] {
        assert_eq!(check(&body), no, "{body}");
    }
    let asked = world.get(&format!("{CHECK}?meeting_id={guarded}&password=blue%20moon"));
    assert_eq!(asked.status, 405, "not by GET: {asked:?}");
}

/// The abuse that made the call famous (CVE-2024-38289): whatever is put into its parameters, the
/// answer is that of a number nobody has.
#[test]
fn no_injection_is_answered_otherwise_than_an_unknown_number() {
    let world = with_ann();
    let id = world.meeting(Some("blue moon")).number();
    let bare = [
        "' OR '1'='1",
        "1' AND SLEEP(5)-- -",
        "1 UNION SELECT password FROM users",
        "\u{0}",
        "${jndi:ldap://x}",
        "../../etc/passwd",
        "%00",
        "%ff%fe",
        "<!DOCTYPE x>",
        "{{7*7}}",
        "1;SELECT pg_sleep(5)",
        "' || (SELECT 1) || '",
        "\\",
        "\"",
        "`id`",
        "$(id)",
        "*",
        "\r\n\r\n",
        "0x53",
        "1e9",
        "-1",
        "99999999999999999999",
        "NaN",
        "[]",
        "{}",
        "null",
        "true",
        "%27%20OR%201",
    ];
    let mut payloads: Vec<String> = bare.iter().map(|&payload| payload.to_owned()).collect();
    for payload in bare {
        for n in 0..70 {
            let lead = &"' \"`;)(--#/*"[..n % 11];
            payloads.push(format!("{id}{lead}{payload}{n}"));
        }
    }
    payloads.push("9".repeat(60_000));
    assert!(payloads.len() > 1900);
    let expected = form(&world, CHECK, b"meeting_id=1234-5678&password=x");
    let class = |reply: &Reply| (reply.status, reply.body.clone(), reply.headers.len());
    for (n, payload) in payloads.iter().enumerate() {
        // So that the limits on guessing, which answer the same, are not what is measured.
        world.clock.advance(Duration::from_secs(3600));
        let encoded = payload.replace('%', "%25").replace('&', "%26").replace('+', "%2B");
        let body = match n % 2 {
            0 => format!("meeting_id={encoded}&password=blue moon"),
            _ => format!("meeting_id={id}&password={encoded}"),
        };
        let reply = form(&world, CHECK, body.as_bytes());
        assert_eq!(class(&reply), class(&expected), "{payload:?}");
    }
    let query = format!("meeting_id={id}&password=blue moon");
    world.clock.advance(Duration::from_secs(3600));
    assert!(form(&world, CHECK, query.as_bytes()).body.contains("SUCCEED"), "it still works");
}
