//! What people type in secret turns up nowhere else: not in the log lines of the program, not in a
//! record or any other file of the data folder, not in the metrics, not in an answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::client::{self, Reply};
use super::codes::App;
use convoke::accounts::code_at;

/// Every secret that is typed holds this, so that one search finds them all.
const CANARY: &str = "canary7f3a9c";

struct Run {
    child: Child,
    address: SocketAddr,
    metrics: SocketAddr,
    log: PathBuf,
}

fn convoke() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_convoke"));
    command.env_remove("SYSTEMD_EXEC_PID");
    command
}

impl Run {
    /// Starts the real program with everything it can log switched on.
    fn start(dir: &Path) -> Self {
        let (address, metrics, log) =
            (convoke_ports::free(), convoke_ports::free(), dir.join("log.txt"));
        let config = dir.join("convoke.toml");
        let settings = format!(
            "[log]\nlevel = \"trace\"\n[metrics]\nlisten = \"{metrics}\"\n\
             [sign_in]\nfailures_burst = 1000\nbackoff_after = 1000\n"
        );
        std::fs::write(&config, settings).expect("written");
        let data = dir.join("data");
        let out = std::fs::File::create(&log).expect("made");
        let mut child = convoke()
            .args(["serve", "--no-supervisor", "--listen", &address.to_string()])
            .args([Path::new("--data"), &data, Path::new("--config"), &config])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(out)
            .spawn()
            .expect("started");
        let mut lines = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        assert!(line.starts_with("Convoke listens"), "{line}");
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Self { child, address, metrics, log }
    }

    fn send(&self, method: &str, target: &str, headers: &str, body: &str) -> Reply {
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: {a}\r\nOrigin: http://{a}\r\n\
             Content-Length: {}\r\n{headers}\r\n{body}",
            body.len(),
            a = self.address
        );
        client::raw(self.address, request.as_bytes())
    }

    fn post(&self, path: &str, body: &Value, cookie: &str) -> Reply {
        let headers = format!("Content-Type: application/json\r\nCookie: {cookie}\r\n");
        self.send("POST", path, &headers, &body.to_string())
    }

    fn now_s() -> u64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.expect("after 1970").as_secs()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn search(path: &Path, secrets: &[String]) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).expect("there") {
            search(&entry.expect("there").path(), secrets);
        }
        return;
    }
    let Ok(bytes) = std::fs::read(path) else { return };
    for secret in secrets {
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} is in {}", path.display());
    }
}

#[test]
fn what_is_typed_in_secret_turns_up_nowhere() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let data = dir.path().join("data");
    let password = format!("{CANARY} moonwalk ledger");
    let email = "ann@example.org";
    let mut add = convoke()
        .args(["account", "add", email, "--password-stdin", "--data"])
        .arg(&data)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("started");
    let mut stdin = add.stdin.take().expect("piped");
    writeln!(stdin, "{password}").expect("written");
    drop(stdin);
    assert!(add.wait().expect("ended").success());

    let run = Run::start(dir.path());
    let mut answers = Vec::new();
    let mut keep = |reply: Reply| {
        answers.push(format!("{reply:?}"));
        reply
    };
    // The page and the interface: right, wrong, and broken in the middle of a secret.
    let wrong = format!("{CANARY} wrong");
    let body = |password: &str| json!({ "email": email, "password": password });
    let signed = keep(run.post("/api/v1/sign-in", &body(&password), ""));
    assert_eq!(signed.status, 200, "{signed:?}");
    let mut cookie = signed.cookie();
    assert_eq!(keep(run.post("/api/v1/sign-in", &body(&wrong), "")).status, 401);
    let json_type = "Content-Type: application/json\r\n";
    let broken = format!("{{\"email\":\"{email}\",\"password\":\"{password}");
    for path in ["/api/v1/sign-in", "/api/v1/me/password", "/api/v1/reset/use", "/api/v1/setup"] {
        keep(run.send("POST", path, json_type, &broken));
    }
    // An address that came into the wrong field.
    keep(run.post("/api/v1/sign-in", &json!({ "email": password, "password": wrong }), ""));
    // The legacy call, by GET and by POST, right and wrong, and as a meeting password.
    let door = "/as/wapi/goto_downloader";
    for word in [&password, &wrong] {
        let form = format!("role=host&email={email}&user_password={}", word.replace(' ', "+"));
        keep(run.send("GET", &format!("{door}?{form}&meeting_password={CANARY}"), "", ""));
        let form_type = "Content-Type: application/x-www-form-urlencoded\r\n";
        keep(run.send("POST", door, form_type, &form));
        keep(run.send("GET", &format!("/as/wapi/nothing?{form}"), "", ""));
        let target = format!("/id=10000001&name=x&password={}", word.replace(' ', "%20"));
        keep(run.send("GET", &target, "", ""));
    }
    // A changed password, with a wrong old one before.
    let next = format!("{CANARY} lantern harbour");
    let change = |old: &str| json!({ "old": old, "new": next });
    keep(run.post("/api/v1/me/password", &change(&wrong), &cookie));
    let changed = keep(run.post("/api/v1/me/password", &change(&password), &cookie));
    assert_eq!(changed.status, 200, "{changed:?}");
    cookie = changed.cookie();
    // An app: its key and its recovery codes are secrets the moment they are shown.
    let begun = run.post("/api/v1/me/totp", &json!({ "password": next }), &cookie);
    let key = begun.json()["key"].as_str().expect("a key").to_owned();
    let app = App::reads(&key);
    let code = code_at(app.key(), Run::now_s());
    let codes = run.post("/api/v1/me/totp/confirm", &json!({ "code": code }), &cookie);
    assert_eq!(codes.status, 200, "{codes:?}");
    cookie = codes.cookie();
    let recovery: Vec<String> = codes.json()["recovery_codes"]
        .as_array()
        .expect("codes")
        .iter()
        .map(|code| code.as_str().expect("text").to_owned())
        .collect();
    // A half sign-in, a wrong code and a recovery code.
    let half = keep(run.post("/api/v1/sign-in", &body(&next), "")).json()["half"].clone();
    let owed = |code: &str| json!({ "half": half, "code": code });
    keep(run.post("/api/v1/sign-in/code", &owed(&format!("{CANARY} code")), ""));
    let back = keep(run.post("/api/v1/sign-in/code", &owed(&recovery[0]), ""));
    assert_eq!(back.status, 200, "{back:?}");
    // A link, printed by the command and used.
    let reset =
        convoke().args(["account", "reset", email, "--data"]).arg(&data).output().expect("ran");
    let printed = String::from_utf8(reset.stdout).expect("text");
    let token = printed.trim().rsplit_once('#').expect("a link").1.to_owned();
    let last = format!("{CANARY} meadow");
    keep(run.post("/api/v1/reset/use", &json!({ "token": "1.x", "password": last }), ""));
    let used =
        keep(run.post("/api/v1/reset/use", &json!({ "token": token, "password": last }), ""));
    assert_eq!(used.status, 200, "{used:?}");

    let metrics = client::raw(
        run.metrics,
        format!("GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", run.metrics)
            .as_bytes(),
    );
    assert!(metrics.body.contains("convoke_"), "{metrics:?}");
    let mut log = String::new();
    std::fs::File::open(&run.log).and_then(|mut f| f.read_to_string(&mut log)).expect("read");
    assert!(log.contains("/api/v1/me/password"), "the log says what was asked: {log}");

    let bare = |cookie: &str| cookie.split_once('=').expect("name and value").1.to_owned();
    let secret = token.split_once('.').expect("account and secret").1.to_owned();
    let half = half.as_str().expect("a token").to_owned();
    let mut secrets = vec![CANARY.to_owned(), key, secret, half.clone(), bare(&cookie)];
    secrets.extend(recovery.iter().flat_map(|code| [code.clone(), code.replace('-', "")]));
    for secret in &secrets {
        assert!(!log.contains(secret.as_str()), "{secret} is in the log");
        assert!(!metrics.body.contains(secret.as_str()), "{secret} is in the metrics");
        let shown = answers.iter().find(|answer| answer.contains(secret.as_str()));
        // The token of the half is for whoever typed the password.
        assert!(shown.is_none() || *secret == half, "{secret} is in {shown:?}");
    }
    search(&data, &secrets);
    // The search finds what is there: the address is no secret and is in a record.
    let mut there = false;
    for entry in std::fs::read_dir(data.join("log")).expect("there") {
        let bytes = std::fs::read(entry.expect("there").path()).unwrap_or_default();
        there |= bytes.windows(email.len()).any(|window| window == email.as_bytes());
    }
    assert!(there, "records are searched at all");
}
