//! The real server on a data folder of its own: started, killed and asked like anybody would.

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long a start may take, recovery included.
const READY_WAIT: Duration = Duration::from_secs(30);

/// A program of this workspace, where cargo puts it.
///
/// # Panics
/// When it was not built: `cargo build --workspace --bins` does it, `cargo xtask test` too.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let me = std::env::current_exe().expect("a test knows its own path");
    let folder = me.ancestors().nth(2).expect("tests lie in target/PROFILE/deps");
    let path = folder.join(name);
    assert!(path.is_file(), "{name} is not built: cargo build --workspace --bins");
    path
}

/// Runs a program to its end, feeding it `input`.
///
/// # Panics
/// When it cannot be started.
#[must_use]
pub fn run(name: &str, words: &[&str], input: &str) -> Output {
    let mut child = Command::new(program(name))
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a program of ours starts");
    let mut stdin = child.stdin.take().expect("piped above");
    // A program that does not read its input may be gone already.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("a program of ours ends")
}

/// A server with a data folder and one account.
pub struct Server {
    folder: tempfile::TempDir,
    address: SocketAddr,
    child: Option<Child>,
    agent: ureq::Agent,
}

const EMAIL: &str = "host@example.com";
const PASSWORD: &str = "a password only tests know";

impl Server {
    /// Starts one with these settings (TOML).
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(settings: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("convoke.toml"), settings).expect("a file of our own");
        let address = convoke_ports::free();
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let mut server = Self { folder, address, child: None, agent: config.into() };
        let data = server.data();
        let data = data.to_str().expect("temporary folders have plain names");
        let words = ["account", "add", EMAIL, "--password-stdin", "--data", data];
        let added = run("convoke", &words, &format!("{PASSWORD}\n"));
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        server.up();
        server
    }

    /// The account that is there from the start.
    #[must_use]
    pub fn email(&self) -> &'static str {
        EMAIL
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The file that holds what it said.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// Starts the program and returns when it is ready: how long that took.
    ///
    /// # Panics
    /// When it is not ready in time; its log is shown.
    pub fn up(&mut self) -> Duration {
        self.launch();
        self.answers("/readyz")
    }

    /// Starts the program and does not wait for it.
    ///
    /// # Panics
    /// When it does not start.
    pub fn launch(&mut self) {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log());
        let log = log.expect("a file of our own");
        // What a test makes fail by a limit fails with an error, and not by a signal.
        let child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(program("convoke"))
            .args(["serve", "--listen", &self.address.to_string()])
            .args([Path::new("--data"), &self.data()])
            .args([Path::new("--config"), &self.folder.path().join("convoke.toml")])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file handle"))
            .stderr(log)
            // A group of its own, so that supervisor and server can be killed at one stroke.
            .process_group(0)
            .spawn()
            .expect("the server starts");
        self.child = Some(child);
    }

    /// Returns when this path is answered well: how long that took.
    ///
    /// # Panics
    /// When it is not in time; the server's log is shown.
    pub fn answers(&self, path: &str) -> Duration {
        let started = Instant::now();
        let mut last = String::new();
        while started.elapsed() < READY_WAIT {
            match self.agent.get(self.url(path)).call() {
                Ok(answer) if answer.status() == 200 => return started.elapsed(),
                answer => last = format!("{answer:?}"),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        panic!("not ready ({last}):\n{log}");
    }

    /// What it answers: status and body.
    ///
    /// # Panics
    /// When it does not.
    #[must_use]
    pub fn get(&self, path: &str) -> (u16, String) {
        let mut answer = self.agent.get(self.url(path)).call().expect("the server answers");
        let body = answer.body_mut().read_to_string().expect("an answer is text");
        (answer.status().as_u16(), body)
    }

    /// Adds an account as its operator does; gives the exit code and what was said.
    #[must_use]
    pub fn add_account(&self, email: &str) -> (Option<i32>, String) {
        let words = ["account", "add", email, "--password-stdin"];
        self.command("convoke", &words, &format!("{PASSWORD}\n"))
    }

    /// Runs a program on the data folder; gives the exit code and what was said.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn command(&self, name: &str, words: &[&str], input: &str) -> (Option<i32>, String) {
        let data = self.data();
        let data = ["--data", data.to_str().expect("temporary folders have plain names")];
        let words = [words, &data].concat();
        let output = run(name, &words, input);
        let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    }

    /// The server proper, which the supervisor has started.
    #[must_use]
    pub fn supervised(&self) -> Option<u32> {
        let pid = self.child.as_ref()?.id();
        let path = format!("/proc/{pid}/task/{pid}/children");
        std::fs::read_to_string(path).ok()?.split_whitespace().next()?.parse().ok()
    }

    /// Kills it so that nothing of it runs a moment later.
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill9(&mut self) {
        self.signal("KILL");
    }

    /// Asks it to drain and waits for its end.
    ///
    /// # Panics
    /// When it does not run.
    pub fn stop(&mut self) {
        self.signal("TERM");
    }

    fn signal(&mut self, signal: &str) {
        let mut child = self.child.take().expect("the server runs");
        let group = format!("-{}", child.id());
        let sent = Command::new("kill").args(["-s", signal, "--", &group]).status();
        assert!(sent.expect("kill is everywhere").success(), "no group {group}");
        child.wait().expect("a child of ours ends");
    }

    /// Makes a meeting with a password; gives its 8 digits and a host's ticket for it.
    ///
    /// # Panics
    /// When the server says no.
    #[must_use]
    pub fn meeting(&self, password: &str) -> (String, String) {
        let account = json!({ "email": EMAIL, "password": PASSWORD });
        let (_, cookie) = self.post("/api/v1/sign-in", &account, "");
        let wish = json!({ "type": 0, "topic": "Tested", "password": password });
        let (made, _) = self.post("/api/v1/meetings", &wish, &cookie);
        let shown = made["id"].as_str().map_or_else(|| made["id"].to_string(), str::to_owned);
        let id = shown.replace('-', "");
        let (hosted, _) = self.post(&format!("/api/v1/meetings/{id}/host"), &json!({}), &cookie);
        (id, hosted["ticket"].as_str().expect("a host gets a ticket").to_owned())
    }

    /// Makes an API key with these scopes.
    ///
    /// # Panics
    /// When the server says no.
    #[must_use]
    pub fn key(&self, scopes: &[&str]) -> String {
        let account = json!({ "email": EMAIL, "password": PASSWORD });
        let (_, cookie) = self.post("/api/v1/sign-in", &account, "");
        let wish = json!({ "name": "Tests", "scopes": scopes });
        let (made, _) = self.post("/api/v1/keys", &wish, &cookie);
        made["key"].as_str().expect("a key").to_owned()
    }

    /// A program's call, once if it has a name; nothing when it was cut off.
    #[must_use]
    pub fn keyed(
        &self,
        key: &str,
        method: &str,
        path: &str,
        once: Option<&str>,
        body: &Value,
    ) -> Option<Keyed> {
        self.sender(key, method, path, once, body)()
    }

    /// The same, to be sent from another thread.
    ///
    /// # Panics
    /// When the request is not one.
    pub fn sender(
        &self,
        key: &str,
        method: &str,
        path: &str,
        once: Option<&str>,
        body: &Value,
    ) -> impl FnOnce() -> Option<Keyed> + Send + 'static {
        let mut request = ureq::http::Request::builder().method(method).uri(self.url(path));
        request = request.header("Authorization", format!("Bearer {key}"));
        if let Some(once) = once {
            request = request.header("Idempotency-Key", once);
        }
        let text = if body.is_null() { String::new() } else { body.to_string() };
        if !body.is_null() {
            request = request.header("Content-Type", "application/json");
        }
        let request = request.body(text).expect("a request");
        // A connection of its own: one that a killed server had is worth nothing.
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let agent = ureq::Agent::from(config);
        move || {
            let mut answer = agent.run(request).ok()?;
            let header = |name: &str| {
                let value = answer.headers().get(name)?.to_str().ok()?;
                Some(value.to_owned())
            };
            let (position, again) = (header("convoke-position"), header("idempotency-replayed"));
            let status = answer.status().as_u16();
            let text = answer.body_mut().read_to_string().ok()?;
            let body = serde_json::from_str(&text).unwrap_or_default();
            Some(Keyed { status, again: again.is_some(), position, body })
        }
    }

    /// A program's call with a key; gives what was answered.
    ///
    /// # Panics
    /// When the server says no.
    pub fn call(&self, key: &str, path: &str, body: &Value) -> Value {
        let request = self.agent.post(self.url(path));
        let request = request.header("Authorization", format!("Bearer {key}"));
        let mut answer = request.send_json(body).expect("the server answers");
        let status = answer.status();
        let text = answer.body_mut().read_to_string().expect("an answer is text");
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).expect("an answer is JSON")
    }

    /// A ticket for somebody with that name.
    ///
    /// # Panics
    /// When the server says no.
    #[must_use]
    pub fn ticket(&self, id: &str, name: &str, password: &str) -> String {
        let wish = json!({ "id": id, "name": name, "password": password });
        let (joined, _) = self.post("/api/v1/join", &wish, "");
        joined["ticket"].as_str().expect("who may join gets a ticket").to_owned()
    }

    fn post(&self, path: &str, body: &Value, cookie: &str) -> (Value, String) {
        let mut request = self.agent.post(self.url(path));
        request = request.header("Origin", format!("http://{}", self.address));
        if !cookie.is_empty() {
            request = request.header("Cookie", cookie);
        }
        let mut answer = request.send_json(body).expect("the server answers");
        let given = answer.headers().get("set-cookie").and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.split(';').next()).unwrap_or_default().to_owned();
        let status = answer.status();
        let text = answer.body_mut().read_to_string().expect("an answer is text");
        assert!(status.is_success(), "{path}: {status} {text}");
        (serde_json::from_str(&text).expect("an answer is JSON"), given)
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// What a program was answered.
#[derive(Debug)]
pub struct Keyed {
    /// The status.
    pub status: u16,
    /// Whether the call had been done before.
    pub again: bool,
    /// The place of the fact that it caused.
    pub position: Option<String>,
    /// What was said, in JSON.
    pub body: Value,
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.kill9();
        }
    }
}
