//! What the place a run takes place in does to it: too few open files, a person who has seen
//! enough.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::relay::{Fault, Relay};
use crate::{TWO, told};

#[test]
fn too_few_open_files_are_named_with_the_way_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new("sh");
    let limited = "ulimit -Sn 50; exec \"$0\" \"$@\"";
    command.args(["-c", limited, env!("CARGO_BIN_EXE_loadgen"), "run"]);
    command.args(["--server", "http://127.0.0.1:1"]);
    let told = told(TWO, &folder, command);
    assert_eq!(told.code, 2);
    let want = "this load needs 68 open files but the limit (nofile) is 50; \
                raise it with `ulimit -n 68` in this shell";
    assert!(told.text.contains(want), "{}", told.text);
}

#[test]
fn an_interrupted_run_still_reports() {
    let relay = Relay::start(Fault::None);
    let folder = tempfile::tempdir().expect("a folder");
    let (tickets, json) = (folder.path().join("tickets"), folder.path().join("json"));
    std::fs::write(&tickets, TWO).expect("the folder is there");
    let server = format!("http://{}", relay.address);
    let mut command = crate::loadgen(&["--server", &server, "--rate", "50", "--seconds", "600"]);
    command.arg("--tickets").arg(&tickets).arg("--json").arg(&json).stdout(Stdio::piped());
    let mut child = command.spawn().expect("loadgen starts");
    relay.wait_until_said(20);
    let began = Instant::now();
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupt.expect("kill is there").success());
    let status = child.wait().expect("it ends");
    assert!(began.elapsed() < Duration::from_secs(10), "it does not wait for the rest");
    let mut table = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut table).expect("text");
    assert!(table.contains("(interrupted)"), "{table}");
    assert_eq!(status.code(), Some(0), "what was sent until then arrived: {table}");
    let report: Value =
        serde_json::from_slice(&std::fs::read(&json).expect("written")).expect("JSON");
    assert_eq!(report["interrupted"], true);
    assert!(report["sent"].as_u64() >= Some(20));
}
