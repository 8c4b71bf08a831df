//! Searching for a limit and comparing two reports, by the commands that do it.

use std::path::Path;

use serde_json::{Value, json};

use crate::relay::{Fault, Relay};
use crate::{TWO, Told, started, told};

fn searched(fault: Fault, args: &[&str]) -> Told {
    let relay = Relay::start(fault);
    let folder = tempfile::tempdir().expect("a folder");
    let server = format!("http://{}", relay.address);
    let mut command = started("find-limit", &["--server", &server, "--kind", "media"]);
    command.args(["--step-seconds", "0.5"]).args(args);
    told(TWO, &folder, command)
}

#[test]
fn a_hiccup_is_not_a_limit() {
    let args = ["--p99-ms", "200", "--from", "20", "--to", "40"];
    let told = searched(Fault::Delay, &args);
    assert_eq!(told.code, 0, "{}", told.text);
    let probes = told.json["probes"].as_array().expect("a list");
    let rates: Vec<f64> = probes.iter().filter_map(|probe| probe["rate"].as_f64()).collect();
    assert_eq!(rates, [20.0, 20.0, 40.0], "the first was tried again: {}", told.text);
    assert_eq!(probes[0]["outcome"], "server", "{}", told.text);
    assert_eq!(
        (&told.json["limited_by"], &told.json["limit"]["rate"]),
        (&json!("range"), &json!(40.0))
    );
}

#[test]
fn a_bound_that_nothing_keeps_has_no_limit() {
    let told = searched(Fault::None, &["--p99-ms", "0.001", "--from", "20", "--to", "40"]);
    assert_eq!(told.code, 1, "{}", told.text);
    assert!(told.text.contains("not even 20 messages/s of each publisher held"), "{}", told.text);
    assert_eq!(told.json["limit"], Value::Null);
}

#[test]
fn a_search_that_cannot_begin_is_one_clear_sentence() {
    let told = searched(Fault::Shut, &["--p99-ms", "200"]);
    assert_eq!(told.code, 2, "{}", told.text);
    assert!(told.text.contains("loadgen: the server hung up: This ticket was used."));
}

fn compared(before: &Path, after: &Path) -> (Option<i32>, String) {
    let mut command = started("compare", &[]);
    let output = command.arg(before).arg(after).output().expect("it starts");
    (output.status.code(), crate::text(&output))
}

#[test]
fn reports_are_compared_as_they_are_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = crate::run(Fault::None, "media", "20").json;
    let write = |name: &str, report: &Value| {
        let path = folder.path().join(name);
        std::fs::write(&path, report.to_string()).expect("the folder is there");
        path
    };
    let mut slow = report.clone();
    let p99 = report["latency_us"]["p99"].as_u64().expect("a time");
    slow["latency_us"]["p99"] = json!(p99 * 2);
    let mut other = report.clone();
    other["kind"] = json!("chat");
    let (report, slow) = (write("a", &report), write("b", &slow));
    let (other, torn) = (write("c", &other), write("d", &json!("no report")));
    assert_eq!(compared(&report, &report).0, Some(0));
    let (code, table) = compared(&report, &slow);
    assert_eq!(code, Some(1), "{table}");
    assert!(table.ends_with("in: latency p99\n"), "{table}");
    let (code, sentence) = compared(&report, &other);
    assert_eq!((code, sentence.lines().count()), (Some(2), 1), "{sentence}");
    assert!(sentence.contains("the kind is \"media\" in A and \"chat\" in B"), "{sentence}");
    for unreadable in [&torn, &folder.path().join("missing")] {
        assert_eq!(compared(&report, unreadable).0, Some(2));
    }
}
