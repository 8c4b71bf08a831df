//! `convoke policy` and a running server: loaded, changed, refused, rolled back, compared and
//! explained.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const EMAIL: &str = "ann@example.org";
const PASSWORD: &str = "purple kettle moonwalk";

fn convoke(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_convoke"));
    command.args(words).env_remove("SYSTEMD_EXEC_PID");
    command
}

struct Server {
    child: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of letters")
}

impl Server {
    /// A server with these scripts, and an account.
    fn start(settings: &str, scripts: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("data");
        for (path, script) in scripts {
            write(&data, path, script);
        }
        let config = folder.path().join("convoke.toml");
        std::fs::write(&config, format!("[metrics]\nlisten = \"127.0.0.1:0\"\n{settings}"))
            .expect("written");
        let mut adding =
            convoke(&["account", "add", EMAIL, "--password-stdin", "--data", text(&data)])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .expect("started");
        let mut input = adding.stdin.take().expect("piped");
        input.write_all(format!("{PASSWORD}\n").as_bytes()).expect("sent");
        drop(input);
        assert!(adding.wait().expect("ended").success());
        let address = convoke_ports::free();
        let listen = address.to_string();
        let mut child = convoke(&[
            "serve",
            "--data",
            text(&data),
            "--listen",
            &listen,
            "--config",
            text(&config),
            "--no-supervisor",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
        let mut lines = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        assert!(line.starts_with("Convoke listens at "), "{line}");
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Self { child, address, folder }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn policy(&self, words: &[&str]) -> (bool, String) {
        let data = self.data();
        let words = [&["policy"], words, &["--data", text(&data)]].concat();
        let output = convoke(&words).stdin(Stdio::null()).output().expect("started");
        let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    fn post(&self, path: &str, body: &str, cookie: &str) -> String {
        let origin = format!("http://{}", self.address);
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nOrigin: {origin}\r\nCookie: {cookie}\r\n\
             Sec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).expect("an answer");
        assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
        reply
    }

    fn sign_in(&self) -> String {
        let body = format!("{{\"email\":\"{EMAIL}\",\"password\":\"{PASSWORD}\"}}");
        let reply = self.post("/api/v1/sign-in", &body, "");
        let cookie = reply.lines().find_map(|line| {
            line.to_ascii_lowercase().starts_with("set-cookie:").then(|| line[11..].trim())
        });
        cookie.expect("a cookie").split(';').next().expect("a value").to_owned()
    }

    /// Makes a meeting and opens its session: its number.
    fn open(&self, cookie: &str, topic: &str) -> String {
        let made =
            self.post("/api/v1/meetings", &format!("{{\"type\":0,\"topic\":\"{topic}\"}}"), cookie);
        let at = made.find("\"id\":\"").expect("an id") + 6;
        let id = made[at..at + 8].to_owned();
        self.post(&format!("/api/v1/meetings/{id}/host"), "{}", cookie);
        id
    }
}

fn write(data: &Path, path: &str, script: &str) {
    let path = data.join("scripts").join(path);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(path, script).expect("written");
}

const RECORD: &str = "fn record(question) { trace(question.topic); recorded(#{ media: true }) }";

#[test]
fn diff_finds_the_planted_differences_and_only_them_and_explain_runs_them_again() {
    let server =
        Server::start("[policies]\nrecord = [\"rule\"]\n", &[("record/rule.rhai", RECORD)]);
    let cookie = server.sign_in();
    let mut planted = Vec::new();
    for n in 0..24 {
        let secret = n % 5 == 0;
        let topic = if secret { format!("secret {n}") } else { format!("weekly {n}") };
        let id = server.open(&cookie, &topic);
        if secret {
            planted.push(id);
        }
    }
    assert_eq!(planted.len(), 5);
    write(
        &server.folder.path().join("new"),
        "record/rule.rhai",
        "fn record(question) { recorded(#{ media: !question.topic.starts_with(\"secret\") }) }",
    );
    let new = server.folder.path().join("new/scripts/record/rule.rhai");
    let (done, said) = server.policy(&["diff", text(&new), "--since", "1h"]);
    assert!(done, "{said}");
    let (told, sum) = said.trim().rsplit_once('\n').expect("lines");
    assert_eq!(sum, "24 decisions asked again, 5 would be others.");
    let mut found = Vec::new();
    for line in told.lines() {
        let (name, change) = line.split_once(": ").expect("a name");
        assert_eq!(change, "{ record: { media: true } } -> { record: { media: false } }");
        found.push(name.split('/').next().expect("a meeting").to_owned());
        let (done, said) = server.policy(&["explain", name]);
        assert!(done && said.contains("run again: the same verdict"), "{said}");
        assert!(said.contains("trace(\"secret "), "{said}");
        assert!(said.contains("asked: record/rule.rhai, SHA-256 "), "{said}");
    }
    found.sort();
    planted.sort();
    assert_eq!(found, planted);
    // The script that made them changes nothing.
    let same = server.data().join("scripts/record/rule.rhai");
    let (_, said) = server.policy(&["diff", text(&same)]);
    assert_eq!(said.trim(), "24 decisions asked again, 0 would be others.");
    let (done, said) = server.policy(&["explain", "site:999"]);
    assert!(!done && said.contains("There is no decision site:999"), "{said}");
    let (done, said) = server.policy(&["diff", text(&same), "--since", "soon"]);
    assert!(!done && said.contains("`soon` is no length of time"), "{said}");
}

#[test]
fn a_changed_file_is_let_in_a_broken_one_is_refused_and_a_rollback_brings_the_old_one_back() {
    let settings = "[policies]\nadmit = [\"rule\"]\n";
    let first = "fn admit(question) { enter(\"viewer\") }";
    let server = Server::start(settings, &[("admit/rule.rhai", first)]);
    let (done, said) = server.policy(&["status"]);
    assert!(done && said.contains("Version 1 of the scripts answers."), "{said}");
    let question = server.folder.path().join("question.json");
    std::fs::write(&question, "{\"role\": \"host\"}").expect("written");
    let ask = || server.policy(&["ask", "admit", text(&question)]).1;
    assert!(ask().starts_with("verdict: { enter: \"viewer\" }"), "{}", ask());
    // The file changes, and the server notices by itself.
    write(&server.data(), "admit/rule.rhai", "fn admit(question) { lobby() }");
    let start = Instant::now();
    while !ask().starts_with("verdict: \"lobby\"") {
        assert!(start.elapsed() < Duration::from_secs(15), "{}", ask());
        std::thread::sleep(Duration::from_millis(50));
    }
    // A broken one is refused with its place, and the old one stays.
    write(&server.data(), "admit/rule.rhai", "fn admit(question) {\n  lobby(\n}");
    let (done, said) = server.policy(&["load"]);
    assert!(!done && said.contains("admit/rule.rhai: line 3, column 1: "), "{said}");
    assert!(said.contains("The version before it stays."), "{said}");
    std::thread::sleep(Duration::from_millis(2_500));
    assert!(ask().starts_with("verdict: \"lobby\""), "{}", ask());
    // Back to the first, from its text in the log; the broken file does not come in again.
    let (done, said) = server.policy(&["rollback"]);
    assert!(done && said.contains("Version 3 answers"), "{said}");
    assert!(ask().starts_with("verdict: { enter: \"viewer\" }"), "{}", ask());
    let (done, said) = server.policy(&["rollback", "7"]);
    assert!(!done && said.contains("there was never a version 7"), "{said}");
    let (done, said) = server.policy(&["ask", "admits", text(&question)]);
    assert!(!done && said.contains("There is no hook `admits`"), "{said}");
    std::fs::write(&question, "{\"rule\": \"host\"}").expect("written");
    assert!(ask().contains("a question of admit has no `rule`; it has address, "), "{}", ask());
}

#[test]
fn a_server_whose_scripts_never_were_sound_does_not_start_and_says_where() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    write(&data, "admit/rule.rhai", "fn admit(question) { }}");
    let config = folder.path().join("convoke.toml");
    std::fs::write(&config, "[policies]\nadmit = [\"rule\"]\n").expect("written");
    let serve = || {
        let words = ["serve", "--data", text(&data), "--listen", "127.0.0.1:0", "--config"];
        let words = [&words[..], &[text(&config), "--no-supervisor"]].concat();
        let output = convoke(&words).stdin(Stdio::null()).output().expect("started");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = serve();
    assert!(code == Some(1) && said.contains("admit/rule.rhai: line 1, column 23: "), "{said}");
    std::fs::write(&config, "[policies]\nadmit = [\"none\"]\n").expect("written");
    let (code, said) = serve();
    assert!(code == Some(1) && said.contains("admit/none.rhai: there is no such file"), "{said}");
    std::fs::write(&config, "[policies]\nadmits = [\"none\"]\n").expect("written");
    let (code, said) = serve();
    let meant = "unknown setting `policies.admits`; did you mean `policies.admit`?";
    assert!(code == Some(2) && said.contains(meant), "{said}");
}
