//! `?at=`: what the public knew at an instant.

use std::time::Duration;

use convoke::clock::Clock;
use convoke_model::meeting::life::{Command, Right};
use convoke_model::site::settings::Publishing;
use serde_json::Value;

use super::stage::{EMAIL, Stage};

fn topics(stage: &Stage, at: &str, cookie: &str) -> Vec<String> {
    let target = format!("/as/public/meetings.json?at={at}");
    let reply = stage.fetch(&target, &format!("Cookie: {cookie}\r\n"));
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("etag"), None);
    let meetings = reply.json()["meetings"].as_array().expect("a list").clone();
    let topic = |meeting: &Value| meeting["topic"].as_str().unwrap_or_default().to_owned();
    meetings.iter().map(topic).collect()
}

#[test]
fn an_administrator_sees_what_the_public_saw_then() {
    let stage = Stage::new();
    stage.account("root@example.org", "Root", true);
    let cookie = stage.sign_in("root@example.org");
    let minute = || {
        let now = stage.clock.now().0.to_string();
        stage.advance(Duration::from_secs(60));
        now
    };
    let empty = minute();
    let id = stage.meeting("Talk", stage.in_minutes(300, None));
    let weekly = stage.meeting("Weekly", stage.in_minutes(10, Some("FREQ=WEEKLY")));
    assert_eq!(stage.topics(), ["Weekly", "Talk"]);
    let both = minute();
    stage.script("relabel([\"topic\", \"start\"], \"Event\")");
    assert_eq!(stage.topics(), ["Event", "Event"]);
    let relabelled = minute();
    stage.change(id, Command::Cancel { reason: None, right: Right::Owner });
    stage.script("list([\"topic\", \"start\"])");
    assert_eq!(stage.topics(), ["Weekly"]);
    let cancelled = minute();
    stage.publishing(Publishing { off: true, ..Publishing::default() });
    let off = minute();
    stage.replan(weekly, "Another name", stage.in_minutes(20, None));

    assert_eq!(topics(&stage, &empty, &cookie), Vec::<String>::new());
    assert_eq!(topics(&stage, &both, &cookie), ["Weekly", "Talk"]);
    assert_eq!(topics(&stage, &relabelled, &cookie), ["Event", "Event"]);
    assert_eq!(topics(&stage, &cancelled, &cookie), ["Weekly"]);
    let target = format!("/as/public/meetings.html?at={off}");
    assert_eq!(stage.fetch(&target, &format!("Cookie: {cookie}\r\n")).status, 404);
    let page = format!("/as/public/meetings.html?at={both}");
    let page = stage.fetch(&page, &format!("Cookie: {cookie}\r\n"));
    assert!(page.body.contains("Talk") && !page.body.contains("Another name"));
}

#[test]
fn the_past_is_for_those_who_administer() {
    let stage = Stage::new();
    let target = "/as/public/meetings.xml?at=2023-11-14T00:00:00Z";
    let nobody = stage.fetch(target, "");
    assert_eq!((nobody.status, nobody.code().as_str()), (401, "sign_in_needed"));
    let cookie = stage.sign_in(EMAIL);
    let host = stage.fetch(target, &format!("Cookie: {cookie}\r\n"));
    assert_eq!((host.status, host.code().as_str()), (403, "not_allowed"));
    stage.account("root@example.org", "Root", true);
    let cookie = format!("Cookie: {}\r\n", stage.sign_in("root@example.org"));
    assert_eq!(stage.fetch(target, &cookie).status, 200);
    for at in ["tomorrow", "", "2099-01-01T00:00:00Z", "99999999999999999999"] {
        let reply = stage.fetch(&format!("/as/public/meetings.xml?at={at}"), &cookie);
        assert_eq!((reply.status, reply.code().as_str()), (400, "times_invalid"), "{at}");
    }
}
