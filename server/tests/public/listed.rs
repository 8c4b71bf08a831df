//! What is listed, in which order, in which words, and for whom.

use std::time::Duration;

use convoke_model::meeting::life::{Command, Right};
use convoke_model::meeting::plan::Plan;
use convoke_model::site::settings::Publishing;

use super::stage::{FORMS, Stage};

#[test]
fn only_ticked_meetings_that_are_still_to_come_are_listed() {
    let stage = Stage::new();
    assert_eq!(stage.topics(), Vec::<String>::new());
    let later = stage.meeting("Later", stage.in_minutes(300, None));
    stage.meeting("Soon", stage.in_minutes(30, None));
    stage.meeting("Any time", Plan { public: true, ..Plan::default() });
    stage.meeting("Secret", Plan { public: false, ..stage.in_minutes(60, None) });
    assert_eq!(stage.topics(), ["Soon", "Later", "Any time"]);
    for form in FORMS {
        assert!(!stage.get(form).body.contains("Secret"), "{form}");
    }
    stage.change(later, Command::Cancel { reason: None, right: Right::Owner });
    assert_eq!(stage.topics(), ["Soon", "Any time"]);
    stage.change(later, Command::Restore { right: Right::Owner });
    assert_eq!(stage.topics(), ["Soon", "Later", "Any time"]);
    stage.advance(Duration::from_secs(80 * 60));
    assert_eq!(stage.topics(), ["Soon", "Later", "Any time"], "it is still held");
    stage.advance(Duration::from_secs(11 * 60));
    assert_eq!(stage.topics(), ["Later", "Any time"]);
    stage.replan(later, "Later", Plan { public: false, ..stage.in_minutes(300, None) });
    assert_eq!(stage.topics(), ["Any time"]);
}

#[test]
fn a_series_is_listed_by_its_next_date() {
    let stage = Stage::new();
    stage.meeting("Weekly", stage.in_minutes(10, Some("FREQ=WEEKLY;COUNT=3")));
    let dates = |stage: &Stage| stage.get("json").json()["meetings"][0]["dates"].clone();
    let first = dates(&stage);
    assert_eq!(first.as_array().map(Vec::len), Some(3));
    stage.advance(Duration::from_secs(71 * 60));
    let second = dates(&stage);
    assert_eq!(second.as_array().map(Vec::len), Some(2));
    assert_eq!(second[0], first[1]);
    stage.advance(Duration::from_secs(22 * 24 * 3600));
    assert_eq!(stage.topics(), Vec::<String>::new());
}

#[test]
fn the_page_speaks_the_languages_of_its_readers_and_wears_the_servers_colours() {
    let stage = Stage::new();
    stage.branding("Rathaus", "#aa3300");
    stage.meeting("Offene Tür", stage.in_minutes(30, None));
    let page = stage.get("html");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("vary"), Some("accept-language"));
    assert!(page.body.contains("Upcoming meetings") && page.body.contains("Rathaus"));
    assert!(page.body.contains("/embed/theme-aa3300.css"));
    let target = "/as/public/meetings.html";
    let chinese = stage.fetch(target, "Accept-Language: zh-CN,zh;q=0.9\r\n");
    assert!(chinese.body.contains("即将举行的会议"));
    let asked = stage.fetch(&format!("{target}?lang=zh"), "Accept-Language: en\r\n");
    assert_eq!(asked.body, chinese.body);
    for (file, kind) in [
        ("meetings.js", "text/javascript; charset=utf-8"),
        ("list.js", "text/javascript; charset=utf-8"),
        ("list.css", "text/css; charset=utf-8"),
        ("theme-aa3300.css", "text/css; charset=utf-8"),
    ] {
        let reply = stage.fetch(&format!("/embed/{file}"), "");
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(kind)), "{file}");
        assert_eq!(reply.header("cross-origin-resource-policy"), Some("cross-origin"));
    }
    for file in ["theme-xyz.css", "theme-aa3300}.css", "../index.html", "list.css.map"] {
        assert_eq!(stage.fetch(&format!("/embed/{file}"), "").status, 404, "{file}");
    }
}

#[test]
fn the_operator_says_who_frames_the_page_and_whether_there_are_lists() {
    let stage = Stage::new();
    stage.meeting("Talk", stage.in_minutes(30, None));
    let framed = |stage: &Stage| {
        let page = stage.get("html");
        let policy = page.header("content-security-policy").expect("a policy").to_owned();
        let by = policy.split("frame-ancestors ").nth(1).expect("it says").to_owned();
        (by, page.header("x-frame-options").map(str::to_owned))
    };
    assert_eq!(framed(&stage), ("'none'".to_owned(), Some("DENY".to_owned())));
    let ancestors = ["https://www.example.org", "http://intranet:8080"].map(str::to_owned);
    stage.publishing(Publishing { frame_ancestors: ancestors.into(), ..Publishing::default() });
    let all = "'self' https://www.example.org http://intranet:8080".to_owned();
    assert_eq!(framed(&stage), (all, None));
    stage.publishing(Publishing { off: true, ..Publishing::default() });
    for form in FORMS {
        let reply = stage.get(form);
        assert_eq!((reply.status, reply.code().as_str()), (404, "not_found"), "{form}");
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{form}");
    }
}

#[test]
fn markup_in_a_topic_is_text_in_every_rendering() {
    let stage = Stage::new();
    let payload = "\"><img src=x onerror=alert(1)></h2><script>alert(2)</script>";
    stage.meeting(payload, stage.in_minutes(30, None));
    let page = stage.get("html").body;
    assert!(!page.contains("<img") && !page.contains("<script>alert"), "{page}");
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"));
    for form in ["xml", "atom"] {
        assert!(!stage.get(form).body.contains("<img"), "{form}");
    }
    assert_eq!(stage.topics(), [payload]);
}
