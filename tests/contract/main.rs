//! The contract: schemathesis, which makes calls of all sorts out of the OpenAPI document, against
//! the real server. Nothing may fail as a fault, and nothing may be answered that is not described.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use convoke_tests::program::Server;

/// The version whose checks are known to hold.
const SCHEMATHESIS: &str = "4.32.5";
/// Calls made of each operation in each phase.
const EXAMPLES: &str = "12";
/// The same calls at each run.
const SEED: &str = "5545";

/// Limits are not what is tested here, and would end it.
const SETTINGS: &str = "[join]\nper_minute = 100000\nburst = 100000\nfailures_per_minute = 100000\n\
    failures_burst = 100000\nfailures_per_second_total = 100000\n[sign_in]\n\
    failures_per_minute = 100000\nfailures_burst = 100000\n[disk]\nlow_percent = 0\n\
    very_low_percent = 0\nvery_low_mib = 0\nfull_mib = 0\n";

fn done(command: &mut Command, what: &str) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{what}: {error}"));
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    assert!(output.status.success(), "{what}:\n{}", String::from_utf8_lossy(&said));
    output
}

/// The program, in an environment of its own beside what cargo builds; made at first use.
fn schemathesis() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = target.join(format!("schemathesis-{SCHEMATHESIS}"));
    let program = folder.join("bin/schemathesis");
    let works = |path: &Path| {
        Command::new(path).arg("--version").output().is_ok_and(|output| output.status.success())
    };
    if !works(&program) {
        let needed = "schemathesis tests the JSON calls and needs python3 and python3-venv \
                      (`apt-get install python3-venv`)";
        done(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder), needed);
        let package = format!("schemathesis=={SCHEMATHESIS}");
        let pip = ["install", "--quiet", "--disable-pip-version-check", &package];
        done(Command::new(folder.join("bin/pip")).args(pip), "schemathesis comes from PyPI");
    }
    program
}

#[test]
fn calls_of_all_sorts_are_answered_as_the_document_says() {
    let program = schemathesis();
    let server = Server::start(SETTINGS);
    let _ = server.meeting("some password");
    // An administrator, so that every call is open to it.
    let may = ["account", "set", server.email(), "--privileges", "everyday,administrator"];
    let (code, said) = server.command("convoke", &may, "");
    assert_eq!(code, Some(0), "{said}");
    let key = server.key(&["meetings:write", "events:read", "admin:write"]);
    // Nobody is there: it has something to retry, to change and to take away.
    let hook = serde_json::json!({ "url": "https://hooks.invalid/x" });
    for (path, body) in [("webhooks", hook), ("admin/groups", serde_json::json!({ "name": "A" }))] {
        server.call(&key, &format!("/api/v1/{path}"), &body);
    }
    let base = format!("http://{}", server.address());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(program)
        .current_dir(folder.path())
        .args(["run", &format!("{base}/api/v1/openapi.json"), "--no-color"])
        .args(["--header", &format!("Authorization: Bearer {key}")])
        .args(["--max-examples", EXAMPLES, "--seed", SEED, "--workers", "1"])
        .args(["--phases", "examples,coverage,fuzzing"])
        // It goes on and on, and is listened to elsewhere.
        .args(["--exclude-path", "/api/v1/events/stream"])
        .args(["--exclude-path", "/api/v1/admin/overview/stream"])
        // What has the right form may still be refused: a zone that is none, a meeting that is not
        // there. And a call without a key is refused for its origin before anything else.
        .args(["--exclude-checks", "positive_data_acceptance,ignored_auth"])
        .output()
        .expect("just seen to work");
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
    let (status, _) = server.get("/readyz");
    assert_eq!(status, 200, "and it is as ready as before");
}
