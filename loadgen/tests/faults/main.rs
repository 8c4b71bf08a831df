//! `loadgen` against a relay that is told what to do wrong: each planted fault is found and named.

mod door;
mod limit;
mod models;
mod place;
mod relay;
mod replay;
mod results;
mod roles;
mod sentences;
mod tls;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use relay::{Fault, Relay};
use serde_json::Value;
use tempfile::TempDir;

/// Two publishers and two who only listen, in one session.
const TWO: &str = "host h\npublisher p1\npublisher p2\nattendee a1\n";
/// The same with one publisher.
const ONE: &str = "host h\npublisher p1\nattendee a1\nattendee a2\n";

struct Told {
    code: i32,
    json: Value,
    text: String,
}

fn run(fault: Fault, kind: &str, rate: &str) -> Told {
    run_with(TWO, fault, kind, rate)
}

fn run_with(guests: &str, fault: Fault, kind: &str, rate: &str) -> Told {
    let relay = Relay::start(fault);
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let server = format!("http://{}", relay.address);
    let mut command = loadgen(&["--server", &server, "--kind", kind, "--rate", rate]);
    command.args(["--size", "100", "--seconds", "0.5"]);
    told(guests, &folder, command)
}

/// Runs a command with these guests and reads what it tells.
fn told(guests: &str, folder: &TempDir, mut command: Command) -> Told {
    let (tickets, json) = (folder.path().join("tickets"), folder.path().join("json"));
    std::fs::write(&tickets, guests).expect("the folder is there");
    command.arg("--tickets").arg(&tickets).arg("--json").arg(&json);
    let output = command.output().expect("loadgen starts");
    let written = std::fs::read(&json).unwrap_or_default();
    Told {
        code: output.status.code().expect("it ends by itself"),
        json: serde_json::from_slice(&written).unwrap_or(Value::Null),
        text: text(&output),
    }
}

/// Runs a command that reads a password, and reads what it tells.
fn with_password(mut command: Command, json: &Path) -> Told {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("loadgen starts");
    // It may end before it reads.
    let _ = child.stdin.take().expect("piped").write_all(b"secret\n");
    let output = child.wait_with_output().expect("it ends");
    let written = std::fs::read(json).unwrap_or_default();
    Told {
        code: output.status.code().expect("it ends by itself"),
        json: serde_json::from_slice(&written).unwrap_or(Value::Null),
        text: text(&output),
    }
}

fn loadgen(args: &[&str]) -> Command {
    started("run", args)
}

/// Any of its commands.
fn started(name: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    command.arg(name).args(args).stdin(Stdio::null());
    command
}

fn text(output: &Output) -> String {
    let streams = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(streams).expect("it prints text")
}

/// What the report tells of faults, all zero when nothing is wrong.
fn faults(told: &Told) -> Vec<(&'static str, u64)> {
    let names = [
        "lost",
        "doubled",
        "reordered",
        "gaps",
        "strays",
        "unsent",
        "fact_holes",
        "fact_doubles",
        "receipts_wrong",
    ];
    let count = |name: &&'static str| (*name, told.json[*name].as_u64().expect("a count"));
    names.iter().map(count).filter(|(_, count)| *count > 0).collect()
}

#[test]
fn chat_that_arrives_is_sound() {
    let told = run(Fault::None, "chat", "50");
    assert_eq!((told.code, faults(&told)), (0, vec![]), "{}", told.text);
    // Two publishers, 50 a second, half a second; four people hear each message.
    assert_eq!(told.json["sent"], 50, "{}", told.text);
    assert_eq!(told.json["delivered"], 200);
    assert_eq!(told.json["receipts_checked"], 50, "every receipt was compared");
    assert_eq!(told.json["sound"], true);
}

#[test]
fn media_that_arrives_is_sound() {
    let told = run(Fault::None, "media", "100");
    assert_eq!((told.code, faults(&told)), (0, vec![]), "{}", told.text);
    assert_eq!(told.json["sent"], 100, "{}", told.text);
    assert_eq!(told.json["delivered"], 300, "nobody gets their own");
}

#[test]
fn a_lost_message_is_found() {
    let told = run(Fault::Lose, "media", "50");
    assert_eq!((told.code, faults(&told)), (1, vec![("lost", 1), ("gaps", 1)]), "{}", told.text);
}

#[test]
fn a_lost_fact_is_found_as_such() {
    let told = run(Fault::Lose, "chat", "50");
    assert_eq!(told.code, 1);
    assert!(told.json["lost"].as_u64() >= Some(1), "{}", told.text);
    // A listener counts the hole; a publisher, who keeps the chain, hangs up at it.
    let holes = told.json["fact_holes"].as_u64() >= Some(1);
    assert!(holes || told.text.contains("broke the protocol (Hole)"), "{}", told.text);
}

#[test]
fn a_double_is_found() {
    let told = run(Fault::Double, "media", "50");
    assert_eq!((told.code, faults(&told)), (1, vec![("doubled", 1)]), "{}", told.text);
}

#[test]
fn a_swap_is_found() {
    let told = run_with(ONE, Fault::Swap, "media", "50");
    assert_eq!((told.code, faults(&told)), (1, vec![("reordered", 1)]), "{}", told.text);
}

#[test]
fn a_delay_is_in_the_tail_of_everything_it_held_up() {
    let told = run(Fault::Delay, "media", "100");
    assert_eq!((told.code, faults(&told)), (0, vec![]), "{}", told.text);
    let at = |name: &str| told.json["latency_us"][name].as_u64().expect("a time");
    assert!(at("max") >= 250_000, "{}", told.text);
    // What was due meanwhile waited too: it is timed from when it should have gone.
    assert!(at("p90") >= 100_000, "{}", told.text);
}

#[test]
fn a_cut_connection_is_an_error() {
    let told = run(Fault::Cut, "chat", "50");
    assert_eq!(told.code, 1);
    assert!(told.text.contains("the server closed the connection"), "{}", told.text);
    assert!(told.json["lost"].as_u64() > Some(0));
}

#[test]
fn a_refused_message_is_named_and_not_lost() {
    let told = run(Fault::Refuse, "chat", "50");
    assert_eq!(told.code, 1);
    assert_eq!(told.json["refused"]["too_fast"], 1, "{}", told.text);
    assert_eq!(faults(&told), [], "nobody can have it, so nobody misses it");
}

#[test]
fn a_forged_receipt_is_found() {
    let told = run(Fault::Forge, "chat", "20");
    assert_eq!(told.code, 1);
    assert_eq!(told.json["receipts_wrong"], told.json["receipts_checked"], "{}", told.text);
}

#[test]
fn a_refused_person_is_one_clear_sentence() {
    let told = run(Fault::Shut, "chat", "20");
    assert_eq!(told.code, 2);
    let want = "loadgen: the server hung up: This ticket was used. (4401 ticket_invalid)\n";
    assert_eq!(told.text, want);
}

#[test]
fn an_unreachable_server_is_one_clear_sentence() {
    let mut child =
        loadgen(&["--server", "http://127.0.0.1:1", "--account", "a@b.c", "--password-stdin"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("loadgen starts");
    child.stdin.take().expect("piped").write_all(b"secret\n").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(2));
    let text = text(&output);
    assert!(text.starts_with("loadgen: cannot reach http://127.0.0.1:1 ("), "{text}");
    assert_eq!(text.lines().count(), 1);
}
