//! The real program with scripts that ask an application server of the test, and what the log says
//! afterwards.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use convoke_journal::disk::{Disk, RealDisk};
use convoke_journal::verify;
use convoke_model::StreamId;
use convoke_model::site::Event;
use convoke_wire::codec;
use serde_json::{Value, json};

use super::client::{self, Reply};

/// Every password that is typed holds this, so that one search finds them all.
pub(crate) const CANARY: &str = "canary5e81c2";
/// The only password that the application server takes.
pub(crate) const PASSWORD: &str = "canary5e81c2 purple kettle";
/// The password of the accounts of this server.
pub(crate) const LOCAL_PASSWORD: &str = "canary5e81c2 moonwalk ledger";

#[derive(Default)]
struct Says {
    people: HashMap<String, String>,
    asked: Vec<String>,
    is_down: bool,
}

/// An application server that knows some people.
#[derive(Clone)]
pub(crate) struct Adapter {
    says: Arc<Mutex<Says>>,
    pub(crate) address: SocketAddr,
}

impl Adapter {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let adapter = Self { says: Arc::default(), address };
        let answering = adapter.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answering.answer(stream);
            }
        });
        adapter
    }

    fn says(&self) -> std::sync::MutexGuard<'_, Says> {
        self.says.lock().expect("not poisoned")
    }

    /// Somebody it lets in with [`PASSWORD`]: number, first name, fields that are `Y`.
    pub(crate) fn knows(&self, login: &str, id: &str, first: &str, privileges: &[&str]) {
        let mut fields = format!(
            "<__FirstName__>{first}</__FirstName__><__LastName__>Lee</__LastName__>\
             <__UserId__>{id}</__UserId__>"
        );
        for name in privileges {
            fields.push_str(&format!("<__{name}__>Y</__{name}__>"));
        }
        self.says().people.insert(login.to_owned(), fields);
    }

    /// From now on it hangs up, or answers again.
    pub(crate) fn is_down(&self, is_down: bool) {
        self.says().is_down = is_down;
    }

    /// Whom it was asked about.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.says().asked.clone()
    }

    fn answer(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().expect("cloned"));
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a number");
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut form = vec![0; length];
        if reader.read_exact(&mut form).is_err() || self.says().is_down {
            return;
        }
        let form = String::from_utf8(form).expect("ASCII");
        let field = |name: &str| {
            let pair = form.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
            let plain = pair.unwrap_or_default().replace('+', " ");
            percent_encoding::percent_decode_str(&plain).decode_utf8_lossy().into_owned()
        };
        let (login, password) = (field("email"), field("password"));
        let mut says = self.says();
        says.asked.push(login.clone());
        let body = match says.people.get(&login).filter(|_| password == PASSWORD) {
            Some(fields) => {
                format!("<__Return__><__Status__>SUCCEED</__Status__>{fields}</__Return__>")
            }
            None => "<__Return__><__Status__>FAILED</__Status__>\
                     <__Reason__>No &lt;b&gt;contract&lt;/b&gt; &amp; no entry</__Reason__>\
                     </__Return__>"
                .to_owned(),
        };
        drop(says);
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n";
        let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len());
    }
}

/// What [`Adapter`] says to whom it does not know.
pub(crate) const NO_CONTRACT: &str = "No <b>contract</b> & no entry";

fn convoke() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_convoke"));
    command.env_remove("SYSTEMD_EXEC_PID");
    command
}

/// A data folder and the program on it; ended with the test.
pub(crate) struct Server {
    child: Option<Child>,
    pub(crate) address: SocketAddr,
    pub(crate) folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

impl Server {
    /// The scripts that come with Convoke, these besides, and two accounts: an administrator
    /// (`root@example.org`) and Ann.
    pub(crate) fn start(order: &str, more: &str, scripts: &[(&str, &str)]) -> Self {
        let mut server = Self::prepared(order, more, scripts);
        server.begin();
        server
    }

    /// Starts the program on the folder as it is.
    pub(crate) fn begin(&mut self) {
        let mut child = self.serve().spawn().expect("started");
        let mut lines = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        assert!(line.starts_with("Convoke listens at "), "{line}{}", self.log());
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        self.child = Some(child);
    }

    /// The same, not started yet.
    pub(crate) fn prepared(order: &str, more: &str, scripts: &[(&str, &str)]) -> Self {
        let address = convoke_ports::free();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = Self { child: None, address, folder };
        let data = server.data();
        for (email, rank) in [("root@example.org", "--administrator"), ("ann@example.org", "")] {
            let mut add = convoke();
            add.args(["account", "add", email, "--password-stdin", "--data"]).arg(&data);
            add.args((!rank.is_empty()).then_some(rank));
            let mut add = add.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("started");
            let mut input = add.stdin.take().expect("piped");
            writeln!(input, "{LOCAL_PASSWORD}").expect("sent");
            drop(input);
            assert!(add.wait().expect("ended").success());
        }
        let init = convoke().args(["policy", "init", "--data"]).arg(&data).output();
        assert!(init.expect("ran").status.success());
        for (name, script) in scripts {
            let path = data.join(format!("scripts/authenticate/{name}.rhai"));
            std::fs::write(path, script).expect("written");
        }
        let settings = format!(
            "[log]\nlevel = \"trace\"\n[metrics]\nlisten = \"127.0.0.1:0\"\n\
             [policies]\nauthenticate = {order}\n{more}"
        );
        std::fs::write(server.folder.path().join("convoke.toml"), settings).expect("written");
        server
    }

    /// With an application server as `[callback.main]`.
    pub(crate) fn asking(adapter: &Adapter, order: &str, scripts: &[(&str, &str)]) -> Self {
        let more = format!(
            "[callback.main]\nurl = \"http://{}/login\"\nallow_loopback = true\n\
             deny_cache_s = 0\n",
            adapter.address
        );
        Self::start(order, &more, scripts)
    }

    /// The program as it is started.
    pub(crate) fn serve(&self) -> Command {
        let (data, folder) = (self.data(), self.folder.path());
        let mut command = convoke();
        command
            .args(["serve", "--no-supervisor", "--listen", &self.address.to_string(), "--data"])
            .arg(data)
            .arg("--config")
            .arg(folder.join("convoke.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(appended(&folder.join("log.txt")));
        command
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log.txt")).expect("read")
    }

    pub(crate) fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Reply {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {a}\r\nOrigin: http://{a}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            body.len(),
            a = self.address
        );
        client::raw(self.address, request.as_bytes())
    }

    pub(crate) fn post(&self, path: &str, body: &Value, cookie: &str) -> Reply {
        self.send("POST", path, &format!("Cookie: {cookie}\r\n"), &body.to_string())
    }

    /// By the page.
    pub(crate) fn sign_in(&self, who: &str, password: &str) -> Reply {
        self.post("/api/v1/sign-in", &json!({ "email": who, "password": password }), "")
    }

    /// By the legacy address: what the page that answers is told.
    pub(crate) fn legacy(&self, who: &str, password: &str) -> Reply {
        let password = password.replace(' ', "%20");
        let query = format!("role=host&email={who}&user_password={password}");
        self.send("GET", &format!("/as/wapi/goto_downloader?{query}"), "", "")
    }

    /// The account of a sign-in.
    pub(crate) fn me(&self, signed_in: &Reply) -> Value {
        assert_eq!(signed_in.status, 200, "{signed_in:?}");
        self.send("GET", "/api/v1/me", &format!("Cookie: {}\r\n", signed_in.cookie()), "").json()
    }

    /// What the log of the site says.
    pub(crate) fn facts(&self) -> Vec<Event> {
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        let mut facts = Vec::new();
        let visit = |_, entry: convoke_wire::entry::EntryRef<'_>| {
            if entry.header.stream == StreamId::SITE {
                facts.push(codec::decode::<Event>(&entry).expect("a fact").event);
            }
        };
        verify::verify(&disk, &self.data(), |_| true, visit).expect("sound");
        facts
    }
}

/// Of a program that is started again, everything it says is kept.
fn appended(path: &std::path::Path) -> std::fs::File {
    std::fs::File::options().create(true).append(true).open(path).expect("made")
}
