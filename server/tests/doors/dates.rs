//! Single dates of a series: moved, called off, taken back; and the file for the host's calendar,
//! worked out by another implementation.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::world::{EMAIL, World, world};

const RULE: &str = "FREQ=WEEKLY;COUNT=4";

fn when(exceptions: &Value) -> Value {
    json!({
        "start": "2031-03-25T10:00",
        "minutes": 45,
        "zone": "Europe/Berlin",
        "rule": RULE,
        "exceptions": exceptions,
    })
}

/// A server with a host, a series of theirs, and somebody else.
fn series() -> (World, String, String, String) {
    let world = world("");
    world.account(EMAIL, false);
    world.account("bob@example.org", false);
    let (ann, bob) = (world.sign_in(EMAIL), world.sign_in("bob@example.org"));
    let wish = json!({ "type": 0, "topic": "Weekly; all", "when": when(&json!([])) });
    let reply = world.post_as("/api/v1/meetings", &wish, &ann);
    assert_eq!(reply.status, 200, "{reply:?}");
    let path = format!("/api/v1/meetings/{}", reply.json()["id"].as_str().expect("an id"));
    (world, path, ann, bob)
}

fn change(world: &World, path: &str, exceptions: &Value, cookie: &str) -> (u16, Value) {
    let body = json!({ "when": when(exceptions) });
    let reply = world.call_as("PATCH", path, &body, cookie, "");
    (reply.status, reply.json())
}

/// The beginnings that a calendar file means, as others read it.
fn read(file: &str) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doors/dates.py");
    let mut child = Command::new("/usr/bin/python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 with python3-icalendar (Debian) is needed");
    child.stdin.take().expect("piped").write_all(file.as_bytes()).expect("read");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{file}");
    let text = String::from_utf8(output.stdout).expect("dates");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_date_is_moved_or_called_off_and_the_others_stay() {
    let (world, path, ann, _) = series();
    let exceptions = json!([
        { "date": "2031-04-08T10:00" },
        { "date": "2031-04-01T10:00", "moved": "2031-04-02T16:30" },
    ]);
    let (status, meeting) = change(&world, &path, &exceptions, &ann);
    assert_eq!(status, 200, "{meeting}");
    let kept = json!([
        { "date": "2031-04-01T10:00", "moved": "2031-04-02T16:30" },
        { "date": "2031-04-08T10:00", "moved": null },
    ]);
    assert_eq!(meeting["when"]["exceptions"], kept);
    let listed = world.get_as(&format!("{path}/dates"), &ann).json();
    let row = |date: &Value| {
        let words = [&date["date"], &date["moved"], &date["cancelled"]];
        words.map(Value::to_string).join(" ")
    };
    let rows: Vec<String> = listed["dates"].as_array().expect("dates").iter().map(row).collect();
    assert_eq!(
        rows,
        [
            r#""2031-03-25T10:00" null false"#,
            r#""2031-04-01T10:00" "2031-04-02T16:30" false"#,
            r#""2031-04-08T10:00" null true"#,
            r#""2031-04-15T10:00" null false"#,
        ]
    );
    assert_eq!(listed["more"], json!(false));
    let first = world.get_as(&format!("{path}/dates?limit=1"), &ann).json();
    assert_eq!((first["dates"].as_array().map(Vec::len), &first["more"]), (Some(1), &json!(true)));

    let file = world.get_as(&format!("{path}/calendar"), &ann);
    assert_eq!(file.status, 200, "{file:?}");
    assert!(file.header("content-type").is_some_and(|kind| kind.starts_with("text/calendar")));
    let held = ["2031-03-25T10:00", "2031-04-02T16:30", "2031-04-15T10:00"];
    assert_eq!(read(&file.body), held);

    // The last one called off: the series ends earlier; taken back, all is as it was.
    let (_, shorter) = change(&world, &path, &json!([{ "date": "2031-04-15T10:00" }]), &ann);
    assert_eq!(shorter["when"]["ends_ms"], json!(1_933_404_300_000_u64), "8 April 2031, 10:45");
    let (_, whole) = change(&world, &path, &json!([]), &ann);
    assert_eq!(whole["when"]["exceptions"], json!([]));
    assert_eq!(read(&world.get_as(&format!("{path}/calendar"), &ann).body).len(), 4);
}

#[test]
fn what_is_no_date_of_it_is_refused_and_nothing_changes() {
    let (world, path, ann, bob) = series();
    let before = world.get_as(&path, &ann).json();
    let bad = [
        json!([{ "date": "2031-03-26T10:00" }]),
        json!([
            { "date": "2031-03-25T10:00" },
            { "date": "2031-03-25T10:00", "moved": "2031-03-26T10:00" },
        ]),
        json!([{ "date": "2031-03-25T10:00", "moved": "2031-02-30T10:00" }]),
        json!([{ "date": "tomorrow" }]),
    ];
    for bad in bad {
        let (status, refused) = change(&world, &path, &bad, &ann);
        assert_eq!((status, &refused["code"]), (400, &json!("times_invalid")), "{bad}");
    }
    let many: Vec<Value> = (0..201).map(|_| json!({ "date": "2031-03-25T10:00" })).collect();
    assert_eq!(change(&world, &path, &json!(many), &ann).1["code"], json!("too_long"));
    assert_eq!(world.get_as(&path, &ann).json(), before);
    for (path, cookie, status) in [
        (format!("{path}/dates"), &bob, 404),
        (format!("{path}/calendar"), &bob, 404),
        (format!("{path}/dates?limit=0"), &ann, 400),
        (format!("{path}/dates?limit=101"), &ann, 400),
    ] {
        assert_eq!(world.get_as(&path, cookie).status, status, "{path}");
    }
    let any_time = world.post_as("/api/v1/meetings", &json!({ "type": 0, "topic": "Any" }), &ann);
    let path = format!("/api/v1/meetings/{}", any_time.json()["id"].as_str().expect("an id"));
    assert_eq!(world.get_as(&format!("{path}/dates"), &ann).json()["dates"], json!([]));
    assert_eq!(world.get_as(&format!("{path}/calendar"), &ann).code(), "times_invalid");
}
