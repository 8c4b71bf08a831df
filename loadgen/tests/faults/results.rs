//! What a run leaves behind: seconds that add up, a log that standard tools read, a page; also when
//! the server goes away.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use serde_json::Value;

use crate::relay::{Fault, Relay};
use crate::{TWO, loadgen, told};

#[test]
fn the_seconds_of_a_run_add_up_to_it() {
    let relay = Relay::start(Fault::None);
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let server = format!("http://{}", relay.address);
    let told =
        told(TWO, &folder, loadgen(&["--server", &server, "--rate", "50", "--seconds", "2"]));
    assert_eq!(told.code, 0, "{}", told.text);
    let series = &told.json["series"];
    assert_eq!(series["interval_seconds"], 1.0);
    let seconds = series["intervals"].as_array().expect("a list");
    assert!(seconds.len() >= 2, "{series}");
    let sum = |name: &str| seconds.iter().map(|each| each[name].as_u64().expect("a count")).sum();
    assert_eq!((sum("sent"), sum("delivered")), (200u64, 800u64), "{series}");
    // The first second has what was due in it, but for the last few milliseconds.
    assert!(seconds[0]["sent"].as_u64().expect("a count").abs_diff(100) <= 3, "{series}");
    assert!(seconds[0]["latency_us"]["p50"].as_u64() > Some(0), "{series}");
}

/// Intervals of an HdrHistogram log that have no tag.
fn logged(path: &Path) -> usize {
    let bytes = std::fs::read(path).expect("the log is written");
    let entries = IntervalLogIterator::new(&bytes).map(|entry| entry.expect("a sound log"));
    entries
        .filter(|entry| matches!(entry, LogEntry::Interval(told) if told.tag().is_none()))
        .count()
}

#[test]
fn a_server_that_goes_away_leaves_a_report_of_what_there_was() {
    let relay = Relay::start(Fault::None);
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("tickets"), TWO).expect("the folder is there");
    let server = format!("http://{}", relay.address);
    let mut command = loadgen(&["--server", &server, "--rate", "50", "--seconds", "600"]);
    for name in ["tickets", "json", "html", "hlog"] {
        command.arg(format!("--{name}")).arg(file(name));
    }
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    relay.wait_until_said(130);
    let began = Instant::now();
    relay.vanish();
    let output = child.wait_with_output().expect("it ends");
    assert!(began.elapsed() < Duration::from_secs(10), "it does not wait for the rest");
    let table = crate::text(&output);
    assert_eq!(output.status.code(), Some(1), "{table}");
    assert!(table.contains("the server went away after "), "{table}");
    let report: Value =
        serde_json::from_slice(&std::fs::read(file("json")).expect("written")).expect("JSON");
    assert!(report["sent"].as_u64() >= Some(130), "{table}");
    assert_eq!((&report["sound"], &report["began"]), (&false.into(), &true.into()));
    let intervals = report["series"]["intervals"].as_array().expect("a list").len();
    assert!(intervals >= 2, "{table}");
    assert_eq!(logged(&file("hlog")), intervals);
    let page = std::fs::read_to_string(file("html")).expect("written");
    assert!(page.contains("The server went away after ") && page.ends_with("</html>\n"));
}

#[test]
fn a_run_that_cannot_take_place_leaves_a_report_of_why() {
    let relay = Relay::start(Fault::Shut);
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("page");
    let mut command = loadgen(&["--server", &format!("http://{}", relay.address)]);
    command.arg("--html").arg(&page);
    let told = told(TWO, &folder, command);
    assert_eq!(told.code, 2, "{}", told.text);
    let why = "the server hung up: This ticket was used. (4401 ticket_invalid)";
    assert_eq!((&told.json["failure"], &told.json["began"]), (&why.into(), &false.into()));
    assert!(std::fs::read_to_string(page).expect("written").contains("This ticket was used."));
}

/// The body of the answer to one request.
fn asked(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

#[test]
fn a_run_can_be_watched_while_it_goes() {
    let relay = Relay::start(Fault::None);
    let folder = tempfile::tempdir().expect("a folder");
    let tickets = folder.path().join("tickets");
    std::fs::write(&tickets, TWO).expect("the folder is there");
    let server = format!("http://{}", relay.address);
    let mut command = loadgen(&["--server", &server, "--rate", "50", "--seconds", "600"]);
    command.arg("--tickets").arg(&tickets).args(["--metrics", "127.0.0.1:0"]);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut line = String::new();
    let errors = child.stderr.take().expect("piped");
    BufReader::new(errors).read_line(&mut line).expect("it says where");
    let address = line.trim().strip_prefix("metrics: http://").expect("an address");
    let address = address.strip_suffix("/metrics").expect("a path");
    relay.wait_until_said(150);
    let text = asked(address, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    let value = |name: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("it is told");
        line.trim().parse().expect("a number")
    };
    assert_eq!(value("loadgen_phase{phase=\"publish\"}"), 1.0, "{text}");
    assert_eq!(value("loadgen_people "), 4.0);
    // What was said is counted a tenth of a second later at most.
    assert!(value("loadgen_sent_total ") >= 100.0, "{text}");
    assert!(value("loadgen_latency_seconds_count ") >= 300.0, "{text}");
    assert!(value("loadgen_latency_recent_seconds{quantile=\"0.5\"} ") > 0.0, "{text}");
    assert!(asked(address, "GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
    relay.vanish();
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
}

#[test]
fn the_page_tells_each_threshold_and_role() {
    let relay = Relay::start(Fault::None);
    let folder = tempfile::tempdir().expect("a folder");
    let (scenario, page) = (folder.path().join("talk.toml"), folder.path().join("page"));
    let text = "join = \"ticket\"\nseconds = 0.5\n\
                [roles.chatter]\nchat = { rate = 20, size = 80 }\n\
                [thresholds]\ndelivered = \"all\"\np99_ms = 0.001\n";
    std::fs::write(&scenario, text).expect("the folder is there");
    let mut command = loadgen(&["--server", &format!("http://{}", relay.address)]);
    command.arg("--scenario").arg(&scenario).arg("--html").arg(&page);
    let told = told("host h\nchatter a\nviewer b\n", &folder, command);
    assert_eq!(told.code, 1, "{}", told.text);
    let page = std::fs::read_to_string(page).expect("written");
    for want in
        ["1 of 2 thresholds held.", "<td>p99_ms</td>", "<td>broken</td>", "<td>chatter</td>"]
    {
        assert!(page.contains(want), "{want}: {page}");
    }
}
