//! What is kept: by those who read lists, by the server between two changes, and by the log.

use convoke_model::meeting::plan::Plan;

use super::stage::{FORMS, Stage};

#[test]
fn who_has_a_list_already_is_told_so_without_a_rendering() {
    let stage = Stage::new();
    stage.meeting("Talk", stage.in_minutes(30, None));
    for form in FORMS {
        let target = format!("/as/public/meetings.{form}");
        let first = stage.get(form);
        assert_eq!(first.status, 200, "{first:?}");
        assert_eq!(first.header("cache-control"), Some("public, max-age=60"));
        assert_eq!(first.header("set-cookie"), None);
        let tag = first.header("etag").expect("a tag").to_owned();
        assert!(tag.starts_with('"'), "strong: {tag}");
        let modified = first.header("last-modified").expect("a date").to_owned();
        let made = stage.lists.current().expect("there").renderings();
        for headers in [
            format!("If-None-Match: {tag}\r\n"),
            format!("If-None-Match: \"x\", W/{tag}\r\n"),
            "If-None-Match: *\r\n".to_owned(),
            format!("If-Modified-Since: {modified}\r\n"),
        ] {
            let reply = stage.fetch(&target, &headers);
            assert_eq!((reply.status, reply.body.as_str()), (304, ""), "{form}: {headers}");
            assert_eq!(reply.header("etag"), Some(tag.as_str()));
        }
        for headers in [
            "If-None-Match: \"x\"\r\n".to_owned(),
            "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n".to_owned(),
            format!("If-None-Match: \"x\"\r\nIf-Modified-Since: {modified}\r\n"),
        ] {
            let reply = stage.fetch(&target, &headers);
            assert_eq!((reply.status, &reply.body), (200, &first.body), "{form}: {headers}");
        }
        let now = stage.lists.current().expect("there").renderings();
        assert_eq!(now, made, "{form} was rendered once");
    }
    let tag = stage.get("json").header("etag").expect("a tag").to_owned();
    stage.meeting("Secret", Plan { public: false, ..stage.in_minutes(60, None) });
    let same = format!("If-None-Match: {tag}\r\n");
    stage.settle();
    assert_eq!(stage.fetch("/as/public/meetings.json", &same).status, 304, "nothing of it changed");
    stage.meeting("Another talk", stage.in_minutes(90, None));
    stage.settle();
    assert_eq!(stage.fetch("/as/public/meetings.json", &same).status, 200);
}

#[test]
fn two_changes_in_one_second_are_not_told_apart_by_a_date() {
    let stage = Stage::new();
    stage.meeting("One", stage.in_minutes(30, None));
    let first = stage.get("xml");
    let since = first.header("last-modified").expect("a date").to_owned();
    stage.meeting("Two", stage.in_minutes(60, None));
    stage.settle();
    let since = format!("If-Modified-Since: {since}\r\n");
    let second = stage.fetch("/as/public/meetings.xml", &since);
    assert_eq!(second.status, 200);
    assert!(second.body.contains("Two"));
}

#[test]
fn the_hook_is_asked_once_for_each_change_and_not_by_those_who_read() {
    let stage = Stage::new();
    stage.script("relabel([\"start\", \"topic\"], \"Event: \" + question.topic)");
    let decisions = || stage.policies.status().decisions;
    for n in 0..3 {
        stage.meeting(&format!("Talk {n}"), stage.in_minutes(30 + n, None));
    }
    assert_eq!(stage.topics(), ["Event: Talk 0", "Event: Talk 1", "Event: Talk 2"]);
    assert_eq!(decisions(), 3);
    for form in FORMS {
        for _ in 0..3 {
            assert_eq!(stage.get(form).status, 200);
        }
    }
    assert_eq!(decisions(), 3, "reading asks nobody");
    let again = stage.lists_again();
    stage.block_on(again.refresh());
    assert_eq!(again.current().expect("there").list().meetings.len(), 3);
    assert_eq!(decisions(), 3, "what was decided is in the log");
    let id = stage.meeting("Talk 3", stage.in_minutes(40, None));
    stage.settle();
    assert_eq!(decisions(), 4);
    stage.replan(id, "Talk three", stage.in_minutes(40, None));
    assert_eq!(stage.topics().last().map(String::as_str), Some("Event: Talk three"));
    assert_eq!(decisions(), 5);
    stage.script("hide()");
    assert_eq!(stage.topics(), Vec::<String>::new());
    assert_eq!(decisions(), 9, "another script is asked about all of them");
}

#[test]
fn feeds_are_for_programs_of_anybody_and_nobody_reads_without_end() {
    let stage = Stage::with("[public]\nper_minute = 6\nburst = 3\n");
    stage.meeting("Talk", stage.in_minutes(30, None));
    let reply = stage.get("json");
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
    assert_eq!(reply.header("access-control-allow-credentials"), None);
    assert_eq!(reply.header("cross-origin-resource-policy"), Some("cross-origin"));
    assert_eq!(stage.get("ics").status, 200);
    let page = stage.get("html");
    assert_eq!(page.header("access-control-allow-origin"), None);
    let slow = stage.get("html");
    assert_eq!((slow.status, slow.code().as_str()), (429, "too_fast"));
    assert_eq!(slow.header("retry-after"), Some("10"));
    stage.advance(std::time::Duration::from_secs(10));
    assert_eq!(stage.get("html").status, 200);
}
