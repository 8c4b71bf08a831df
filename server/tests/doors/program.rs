//! The program itself: what it says when it cannot start, and how it stops.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::client;

const PASSWORD: &str = "purple kettle moonwalk";

fn convoke(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_convoke"));
    command
        .args(words)
        .env_remove("SYSTEMD_EXEC_PID")
        .env("INVOCATION_ID", "a shell under systemd has one");
    command
}

fn run(words: &[&str]) -> (Option<i32>, String) {
    said(&convoke(words).stdin(Stdio::null()).output().expect("started"))
}

fn said(output: &Output) -> (Option<i32>, String) {
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of letters")
}

/// A started server; killed when the test is done with it.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(data: &Path, more: &[&str]) -> Self {
        let address = convoke_ports::free();
        let listen = address.to_string();
        let mut words = vec!["serve", "--data", text(data), "--listen", &listen];
        words.extend_from_slice(more);
        let mut child = convoke(&words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        let mut lines = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        assert!(line.starts_with("Convoke listens at http://localhost:"), "{line}");
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Self { child, address }
    }

    fn is_ready(&self) -> bool {
        let get = format!("GET /readyz HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        std::net::TcpStream::connect(self.address)
            .is_ok_and(|_| client::raw(self.address, get.as_bytes()).status == 200)
    }

    fn end(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("it is ours");
    }

    fn code(&mut self) -> Option<i32> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("waited for") {
                return status.code();
            }
            assert!(start.elapsed() < Duration::from_secs(30), "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_keeps_it_from_starting_is_named() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let data = dir.path().join("data");
    let holder = TcpListener::bind("127.0.0.1:0").expect("bound");
    let taken = holder.local_addr().expect("bound").to_string();
    let (code, words) = run(&["serve", "--data", text(&data), "--listen", &taken]);
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains(&format!("{taken} is in use")), "{words}");

    let config = dir.path().join("wrong.toml");
    std::fs::write(&config, "\n[chat]\nbrust = 3\n").expect("written");
    let words = ["serve", "--data", text(&data), "--listen", &taken, "--config", text(&config)];
    let (code, words) = run(&words);
    assert_eq!(code, Some(2), "{words}");
    let expected = "wrong.toml: line 3: unknown setting `chat.brust`; did you mean `chat.burst`?";
    assert!(words.contains(expected), "{words}");
    assert!(!words.contains("started again"), "the supervisor does not try again: {words}");

    let (code, words) = run(&["backup", "x", "--data", text(&dir.path().join("nowhere"))]);
    assert_eq!(code, Some(1));
    assert!(words.contains("There is no data folder at"), "{words}");
    assert!(!dir.path().join("nowhere").exists(), "a mistyped name makes no folder");
}

fn add(data: &Path, email: &str, password: &str) -> (Option<i32>, String) {
    let mut child = convoke(&["account", "add", email, "--password-stdin", "--data", text(data)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(format!("{password}\n").as_bytes()).expect("sent");
    drop(stdin);
    said(&child.wait_with_output().expect("ended"))
}

#[test]
fn accounts_are_added_with_and_without_a_server_and_a_folder_serves_once() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let data = dir.path().join("data");
    assert_eq!(add(&data, "ann@example.org", PASSWORD).0, Some(0));
    let again = add(&data, "ann@example.org", PASSWORD);
    assert!(again.0 == Some(1) && again.1.contains("already"), "{again:?}");
    let mut server = Server::start(&data, &["--no-supervisor"]);
    assert!(server.is_ready());
    assert_eq!(add(&data, "bob@example.org", PASSWORD).0, Some(0));
    let (code, words) = run(&["serve", "--data", text(&data), "--listen", "127.0.0.1:0"]);
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("another") || words.contains("in use"), "{words}");
    let origin = format!("http://{}", server.address);
    for email in ["ann@example.org", "bob@example.org"] {
        let body = format!("{{\"email\":\"{email}\",\"password\":\"{PASSWORD}\"}}");
        let request = format!(
            "POST /api/v1/sign-in HTTP/1.1\r\nHost: {}\r\nOrigin: {origin}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            server.address,
            body.len()
        );
        let reply = client::raw(server.address, request.as_bytes());
        assert_eq!(reply.status, 200, "{email}: {reply:?}");
    }
    server.end(rustix::process::Signal::TERM);
    assert_eq!(server.code(), Some(0));
    assert!(!data.join("control.sock").exists(), "the control socket goes with it");
}

#[test]
fn keys_are_made_and_revoked_with_and_without_a_server() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let data = dir.path().join("data");
    let key = |words: &[&str]| run(&[&["key"], words, &["--data", text(&data)]].concat());
    let (code, words) = key(&["list"]);
    assert!(code == Some(1) && words.contains("There is no data folder at"), "{words}");
    assert_eq!(add(&data, "ann@example.org", PASSWORD).0, Some(0));
    let make = ["make", "ann@example.org", "--name", "Import", "--scopes", "meetings:read"];
    let made = |more: &[&str]| {
        let words = [&["key"], &make[..], more, &["--data", text(&data)]].concat();
        let output = convoke(&words).stdin(Stdio::null()).output().expect("started");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        // What is said about the disk, say, goes to standard error.
        let said = String::from_utf8(output.stdout).expect("text");
        let key = said.strip_suffix('\n').expect("a line");
        assert!(key.starts_with("ck_") && !key.contains(char::is_whitespace), "nothing else");
        key.to_owned()
    };
    let offline = made(&[]);
    let mut server = Server::start(&data, &["--no-supervisor"]);
    let opens = |key: &str| {
        let get = format!(
            "GET /api/v1/meetings HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {key}\r\n\r\n",
            server.address
        );
        client::raw(server.address, get.as_bytes()).status == 200
    };
    let online = made(&["--expires-in", "7d"]);
    assert!(offline != online && opens(&offline) && opens(&online));
    let (code, list) = key(&["list", "ann@example.org"]);
    assert_eq!((code, list.matches("meetings:read  good").count()), (Some(0), 2), "{list}");
    assert!(list.contains("good until "), "{list}");
    assert_eq!(key(&["revoke", "1"]).0, Some(0));
    assert!(!opens(&offline) && opens(&online));
    let (code, words) = key(&[&make[..], &["--expires-in", "soon"]].concat());
    assert!(code == Some(1) && words.contains("`soon` is no length of time"), "{words}");
    server.end(rustix::process::Signal::TERM);
    assert_eq!(server.code(), Some(0));
    assert_eq!(key(&["revoke", "2"]).0, Some(0), "and without it");
    let list = key(&["list"]).1;
    assert_eq!(list.matches("meetings:read  revoked ").count(), 2, "{list}");
}

/// The pid of the one child of a process.
fn child_of(pid: u32) -> Option<i32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    std::fs::read_to_string(path).ok()?.split_whitespace().next()?.parse().ok()
}

#[test]
fn a_server_that_crashed_is_back_within_seconds_and_stops_with_its_supervisor() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let data = dir.path().join("data");
    let mut server = Server::start(&data, &[]);
    assert!(server.is_ready());
    let first = child_of(server.child.id()).expect("the server proper");
    let pid = rustix::process::Pid::from_raw(first).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it is ours");
    let killed = Instant::now();
    while child_of(server.child.id()).is_none_or(|pid| pid == first) || !server.is_ready() {
        assert!(killed.elapsed() < Duration::from_secs(20), "it does not come back");
        std::thread::sleep(Duration::from_millis(20));
    }
    server.end(rustix::process::Signal::TERM);
    assert_eq!(server.code(), Some(0));
    assert!(!server.is_ready(), "no server is left behind");
}
