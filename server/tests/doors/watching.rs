//! The console's overview as a stream: who may watch, how many at once, and when it ends.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use convoke_model::privilege::{Privilege, Privileges};
use convoke_model::site::accounts::Command;
use serde_json::{Value, json};

use super::client;
use super::world::{EMAIL, World, world};

const ADMIN: &str = "root@example.org";
const PATH: &str = "/api/v1/admin/overview/stream";

/// Somebody who watches.
struct Watcher {
    stream: TcpStream,
    text: String,
    from: usize,
}

fn request(world: &World, cookie: &str) -> String {
    format!("GET {PATH} HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\n\r\n", world.address)
}

fn watch(world: &World, cookie: &str) -> Watcher {
    let mut stream = client::connect(world.address);
    stream.write_all(request(world, cookie).as_bytes()).expect("sent");
    let mut watcher = Watcher { stream, text: String::new(), from: 0 };
    watcher.until("\r\n\r\n");
    let head = watcher.text.to_lowercase();
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    watcher
}

impl Watcher {
    /// Reads until this has come, after what was read before.
    fn until(&mut self, what: &str) {
        let mut piece = [0; 4096];
        loop {
            if let Some(at) = self.text[self.from..].find(what) {
                self.from += at + what.len();
                return;
            }
            let count = self.stream.read(&mut piece).expect("it comes in time");
            assert_ne!(count, 0, "it ended before `{what}` in {}", self.text);
            self.text.push_str(&String::from_utf8_lossy(&piece[..count]));
        }
    }

    /// The next overview.
    fn told(&mut self) -> Value {
        self.until("event: overview\ndata: ");
        let from = self.from;
        self.until("\n\n");
        serde_json::from_str(self.text[from..self.from].trim()).expect("JSON")
    }

    /// Reads to the end of the answer.
    fn ended(mut self, code: &str) {
        self.until(&format!("event: end\ndata: {{\"code\":\"{code}\"}}\n\n"));
        self.until("0\r\n\r\n");
    }
}

#[test]
fn whoever_looks_over_the_server_watches_and_nobody_else() {
    let world = world("");
    world.account(ADMIN, true);
    world.account("eye@example.org", false);
    world.wish(Command::SetPrivileges {
        account: world.found("eye@example.org").id,
        privileges: Privileges::NONE.with(Privilege::Auditor),
    });
    let refused = client::raw(world.address, request(&world, "").as_bytes());
    assert_eq!((refused.status, refused.code().as_str()), (401, "sign_in_needed"));
    let (_, host) = world.open_meeting(None);
    let refused = client::raw(world.address, request(&world, &host).as_bytes());
    assert_eq!((refused.status, refused.code().as_str()), (403, "administrators_only"));
    for email in [ADMIN, "eye@example.org"] {
        let mut watcher = watch(&world, &world.sign_in(email));
        let told = watcher.told();
        let asked = world.get_as("/api/v1/admin/overview", &world.sign_in(email)).json();
        for same in ["sessions", "active", "accounts", "meetings", "alarms", "certificate"] {
            assert_eq!(told[same], asked[same], "{same}");
        }
        let first = told["active"].clone();
        assert_eq!(watcher.told()["active"], first, "nothing else goes on");
        world.meeting(None);
        let begun = Instant::now();
        while watcher.told()["active"] == first {
            assert!(begun.elapsed() < Duration::from_secs(15), "it follows");
        }
    }
}

#[test]
fn watching_keeps_no_sign_in_from_idling_out() {
    let world = world("");
    world.account(ADMIN, true);
    let cookie = world.sign_in(ADMIN);
    let mut watcher = watch(&world, &cookie);
    watcher.told();
    world.clock.advance(Duration::from_secs(14 * 60));
    watcher.told();
    drop(watcher);
    // To connect again is no use of the sign-in either.
    let mut watcher = watch(&world, &cookie);
    watcher.told();
    world.clock.advance(Duration::from_secs(2 * 60));
    watcher.ended("sign_in_needed");
    assert_eq!(world.get_as("/api/v1/me", &cookie).status, 401);
}

#[test]
fn it_ends_with_the_sign_in_and_with_the_privilege() {
    let world = world("");
    world.account("second@example.org", true);
    world.account(ADMIN, true);
    let cookie = world.sign_in(ADMIN);
    let watcher = watch(&world, &cookie);
    assert_eq!(world.post_as("/api/v1/sign-out", &json!({}), &cookie).status, 200);
    watcher.ended("sign_in_needed");
    let watcher = watch(&world, &world.sign_in(ADMIN));
    let account = world.found(ADMIN).id;
    world.wish(Command::SetPrivileges { account, privileges: Privileges::NONE });
    watcher.ended("sign_in_needed");
    // An auditor's sign-in stays good for other things; this is over all the same.
    let eye = Privileges::NONE.with(Privilege::Auditor);
    world.wish(Command::SetPrivileges { account, privileges: eye });
    let cookie = world.sign_in(ADMIN);
    let watcher = watch(&world, &cookie);
    world.wish(Command::SetPrivileges { account, privileges: Privileges::NONE });
    watcher.ended("administrators_only");
    assert_eq!(world.get_as("/api/v1/me", &cookie).status, 200);
}

#[test]
fn one_person_has_so_many_streams_and_gets_another_when_one_is_closed() {
    let world = world("");
    world.account(ADMIN, true);
    world.account(EMAIL, true);
    let cookie = world.sign_in(ADMIN);
    let mut watchers: Vec<Watcher> = (0..4).map(|_| watch(&world, &cookie)).collect();
    let refused = client::raw(world.address, request(&world, &cookie).as_bytes());
    assert_eq!((refused.status, refused.code().as_str()), (503, "busy"));
    watch(&world, &world.sign_in(EMAIL)).told();
    watchers.pop();
    let begun = Instant::now();
    loop {
        let mut stream = client::connect(world.address);
        stream.write_all(request(&world, &cookie).as_bytes()).expect("sent");
        let mut status = [0; 12];
        stream.read_exact(&mut status).expect("an answer");
        if status == *b"HTTP/1.1 200" {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "there is room again");
        std::thread::sleep(Duration::from_millis(50));
    }
    // A server that stops ends them at once.
    world.stop.send(true).expect("it runs");
    for mut watcher in watchers {
        watcher.until("0\r\n\r\n");
    }
}
