//! Letters, through the real program and a real mail server: who is asked to come, what their
//! calendar is told, and what becomes of it while the mail server or we are away.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::elsewhere::{LOCAL_PASSWORD, Server};

const LOCAL: &str = "[\"local\"]";

/// The mail server; ended with the test.
pub(crate) struct Sink {
    child: Child,
    folder: tempfile::TempDir,
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Sink {
    pub(crate) fn start(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doors/sink.py");
        let child = Command::new("/usr/bin/python3")
            .arg(script)
            .arg(folder.path())
            .args(more)
            .stdin(Stdio::null())
            .spawn()
            .expect("python3 with python3-aiosmtpd and python3-icalendar (Debian) is needed");
        let sink = Self { child, folder };
        until("the mail server listens", || sink.path("port").exists().then_some(()));
        sink
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn port(&self) -> String {
        std::fs::read_to_string(self.path("port")).expect("it listens")
    }

    /// The settings of a server that sends by it.
    fn settings(&self, more: &str) -> String {
        format!(
            "[mail]\nserver = \"localhost\"\nport = {}\nfrom = \"Meetings <m@example.org>\"\n{more}",
            self.port()
        )
    }

    fn letters(&self) -> Vec<Value> {
        let files = std::fs::read_dir(self.folder.path()).expect("there");
        let mut names: Vec<_> = files.flatten().map(|file| file.path()).collect();
        names.sort();
        names.retain(|name| name.extension().is_some_and(|end| end == "json"));
        let read = |name: &PathBuf| std::fs::read(name).expect("there");
        names.iter().map(|name| serde_json::from_slice(&read(name)).expect("JSON")).collect()
    }

    /// Waits for so many letters, and that no more come.
    pub(crate) fn wait(&self, count: usize) -> Vec<Value> {
        until(&format!("{count} letters came: {:?}", self.letters()), || {
            (self.letters().len() >= count).then_some(())
        });
        std::thread::sleep(Duration::from_secs(2));
        let letters = self.letters();
        assert_eq!(letters.len(), count, "{letters:#?}");
        letters
    }
}

fn until<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(done) = done() {
            return done;
        }
        assert!(Instant::now() < deadline, "not within 30 s: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A meeting of Ann's, by the API.
pub(crate) fn planned(server: &Server, cookie: &str, start: &str) -> String {
    let body = json!({
        "type": 0,
        "topic": "Budget, <2027>",
        "password": "apple-39",
        "when": {
            "start": start, "minutes": 45, "zone": "Europe/Berlin",
            "rule": "FREQ=WEEKLY;COUNT=3",
        },
    });
    let made = server.post("/api/v1/meetings", &body, cookie);
    assert!(made.status < 300, "{made:?}");
    made.json()["id"].as_str().expect("a number").to_owned()
}

pub(crate) fn invite(server: &Server, cookie: &str, id: &str, people: &[&str]) {
    let path = format!("/api/v1/meetings/{id}/invitations");
    let done = server.post(&path, &json!({ "people": people }), cookie);
    assert_eq!(done.status, 200, "{done:?}");
}

/// A start in so many minutes, on Berlin's clocks.
fn soon(minutes: i64) -> String {
    let at = jiff::Timestamp::now().as_millisecond() + minutes * 60_000;
    let at = jiff::Timestamp::from_millisecond(at).expect("an instant");
    let berlin = jiff::tz::TimeZone::get("Europe/Berlin").expect("a zone");
    berlin.to_datetime(at).strftime("%Y-%m-%dT%H:%M").to_string()
}

#[test]
fn who_is_asked_to_come_hears_of_every_change_once() {
    let sink = Sink::start(&[]);
    let server = Server::start(LOCAL, &sink.settings("tls = \"none\"\n"), &[]);
    let cookie = server.sign_in("ann@example.org", LOCAL_PASSWORD).cookie();
    let id = planned(&server, &cookie, "2031-03-25T10:00");
    invite(&server, &cookie, &id, &["bob@example.net", "eva@example.net", "Bob@example.net"]);
    let letters = sink.wait(2);
    let mut to: Vec<_> = letters.iter().map(|letter| letter["to"].to_string()).collect();
    to.sort();
    assert_eq!(to, ["[\"bob@example.net\"]", "[\"eva@example.net\"]"]);
    let first = &letters[0];
    assert_eq!(first["subject"], "Invitation: Budget, <2027>");
    assert_eq!(first["from"], "m@example.org");
    assert_eq!(first["types"], json!(["text/plain", "text/calendar", "application/ics"]));
    let text = first["text"].as_str().expect("text");
    for part in ["Tuesday, 25 March 2031, 10:00–10:45 (Europe/Berlin)", "apple-39", "/join?id="] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let event = &first["event"];
    assert_eq!((&event["method"], &event["status"]), (&json!("REQUEST"), &json!("CONFIRMED")));
    assert_eq!(event["zone"], "Europe/Berlin");
    assert_eq!(event["zones"], json!(["Europe/Berlin"]));
    // By the zone that came along: winter time, and summer time is to come within the series.
    assert_eq!(event["start"], "2031-03-25T10:00:00+01:00");
    assert_eq!((&event["duration"], &event["sequence"]), (&json!(2700), &json!(0)));
    assert_eq!(event["rule"], "FREQ=WEEKLY;COUNT=3");
    assert_eq!(event["organizer"], "mailto:ann@example.org");

    // Changed twice in a row: one letter each, about what holds.
    for topic in ["Budget", "Budget of all"] {
        let body = json!({ "topic": topic }).to_string();
        let head = format!("Cookie: {cookie}\r\n");
        let changed = server.send("PATCH", &format!("/api/v1/meetings/{id}"), &head, &body);
        assert_eq!(changed.status, 200, "{changed:?}");
    }
    let letters = sink.wait(4);
    assert_eq!(letters[3]["subject"], "Changed: Budget of all");
    assert_eq!(letters[3]["event"]["sequence"], 2);
    assert_eq!(letters[3]["event"]["uid"], letters[0]["event"]["uid"]);

    let cancel = json!({ "reason": "Ann is ill." });
    let done = server.post(&format!("/api/v1/meetings/{id}/cancel"), &cancel, &cookie);
    assert_eq!(done.status, 200, "{done:?}");
    let letters = sink.wait(6);
    let off = &letters[5];
    assert_eq!(off["subject"], "Cancelled: Budget of all");
    assert!(off["text"].as_str().is_some_and(|text| text.contains("Ann is ill.")), "{off}");
    assert_eq!(
        (&off["event"]["method"], &off["event"]["status"]),
        (&json!("CANCEL"), &json!("CANCELLED"))
    );
    let done = server.post(&format!("/api/v1/meetings/{id}/restore"), &json!({}), &cookie);
    assert_eq!(done.status, 200, "{done:?}");
    let letters = sink.wait(8);
    assert_eq!(letters[7]["subject"], "Held after all: Budget of all");
    assert_eq!(letters[7]["event"]["method"], "REQUEST");
}

#[test]
fn a_mail_server_that_is_away_and_a_restart_of_ours_lose_no_letter() {
    let folder = tempfile::tempdir().expect("a folder");
    let (certificate, key, password) =
        (folder.path().join("c.pem"), folder.path().join("k.pem"), folder.path().join("p"));
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    std::fs::write(&certificate, made.cert.pem()).expect("written");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    std::fs::write(&password, "canary5e81c2 sesame\n").expect("written");
    let text = |path: &Path| path.to_str().expect("letters").to_owned();
    let sink = Sink::start(&[&text(&certificate), &text(&key), "us", "canary5e81c2 sesame"]);
    let more = format!(
        "username = \"us\"\npassword_file = \"{}\"\nca_file = \"{}\"\n",
        text(&password),
        text(&certificate)
    );
    std::fs::write(sink.path("away"), "").expect("written");
    let mut server = Server::start(LOCAL, &sink.settings(&more), &[]);
    let cookie = server.sign_in("ann@example.org", LOCAL_PASSWORD).cookie();
    // Soon enough that people are reminded too.
    let id = planned(&server, &cookie, &soon(10));
    invite(&server, &cookie, &id, &["bob@example.net"]);
    until("the letter is tried in vain", || server.log().contains("letters wait").then_some(()));
    server.end();
    std::fs::remove_file(sink.path("away")).expect("removed");
    server.begin();
    let letters = sink.wait(2);
    assert_eq!(letters[0]["subject"], "Invitation: Budget, <2027>");
    assert_eq!((&letters[0]["tls"], &letters[1]["tls"]), (&json!(true), &json!(true)));
    assert_eq!(letters[1]["subject"], "Soon: Budget, <2027>");
    assert!(letters[1]["event"].is_null());
    let text = letters[1]["text"].as_str().expect("text");
    assert!(
        text.contains("begins in 9 minutes") || text.contains("begins in 10 minutes"),
        "{text}"
    );
    assert!(!server.log().contains("canary5e81c2"), "the password of the mail server is in no log");
    // Told is told: another restart sends nothing.
    server.end();
    server.begin();
    sink.wait(2);
}

#[test]
fn a_link_to_set_a_new_password_comes_by_letter() {
    let sink = Sink::start(&[]);
    let more = sink.settings("tls = \"none\"\nlanguage = \"zh\"\n");
    let server = Server::start(LOCAL, &more, &[]);
    for email in ["nobody@example.org", "ann@example.org"] {
        let asked = server.post("/api/v1/reset", &json!({ "email": email }), "");
        assert_eq!((asked.status, asked.json()), (200, json!({ "mail": true })));
    }
    let letters = sink.wait(1);
    assert_eq!(letters[0]["subject"], "设置新密码");
    let text = letters[0]["text"].as_str().expect("text");
    let token = text.split("/reset#").nth(1).and_then(|rest| rest.split_whitespace().next());
    let body = json!({ "token": token.expect("a link"), "password": "another purple kettle" });
    let used = server.post("/api/v1/reset/use", &body, "");
    assert_eq!(used.status, 200, "{used:?}");
    assert_eq!(server.sign_in("ann@example.org", "another purple kettle").status, 200);
    assert_eq!(server.sign_in("ann@example.org", LOCAL_PASSWORD).status, 401);
}
