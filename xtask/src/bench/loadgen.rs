//! `cargo xtask bench loadgen`: loadgen against a release server of its own.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Failed, Outcome, browser, say, shell, tools};

const ACCOUNT: &str = "load@example.com";
const READY_WAIT: Duration = Duration::from_secs(20);

/// One line of the table: a name and what loadgen is told.
const SCENARIOS: [(&str, [&str; 12]); 3] = [
    ("one-session-1000", scenario("1", "1000", "1", "chat", "20", "100")),
    ("100-sessions-of-10", scenario("100", "10", "1", "chat", "5", "100")),
    ("media-16k-100", scenario("1", "100", "1", "media", "50", "16000")),
];

const fn scenario<'a>(
    sessions: &'a str,
    attendees: &'a str,
    publishers: &'a str,
    kind: &'a str,
    rate: &'a str,
    size: &'a str,
) -> [&'a str; 12] {
    [
        "--sessions",
        sessions,
        "--attendees",
        attendees,
        "--publishers",
        publishers,
        "--kind",
        kind,
        "--rate",
        rate,
        "--size",
        size,
    ]
}

/// Runs every scenario, or once with the words given, for ten seconds each.
pub(super) fn bench(words: &[&str]) -> Outcome {
    browser::build()?;
    say::step("building server and loadgen (release)");
    let packages = ["--package", "convoke", "--package", "convoke-loadgen"];
    shell::run(tools::cargo().args(["build", "--release", "--bins"]).args(packages))?;
    let folder = tools::target().join("bench");
    std::fs::create_dir_all(&folder)?;
    let server = Server::start(&folder)?;
    if words.is_empty() {
        for (name, scenario) in &SCENARIOS {
            say::step(name);
            let json = folder.join(format!("{name}.json"));
            server.load(&json, scenario)?;
        }
    } else {
        server.load(&folder.join("custom.json"), words)?;
    }
    say::line(&format!("figures: {}", folder.display()));
    Ok(())
}

/// A server with a data folder of its own, stopped when dropped.
struct Server {
    child: Child,
    address: SocketAddr,
    password: String,
}

impl Server {
    fn start(folder: &Path) -> Result<Self, Failed> {
        let data = folder.join("data");
        if data.exists() {
            std::fs::remove_dir_all(&data)?;
        }
        let password = crate::run::password()?;
        let mut account = Command::new(release("convoke"));
        account.args(["account", "add", ACCOUNT, "--password-stdin", "--data"]).arg(&data);
        fed(&mut account, &password)?;
        let address = convoke_ports::free();
        let child = Command::new(release("convoke"))
            .args(["serve", "--listen", &address.to_string(), "--data"])
            .arg(&data)
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(folder.join("server.log"))?)
            .spawn()?;
        let mut server = Self { child, address, password };
        server.wait()?;
        Ok(server)
    }

    fn wait(&mut self) -> Outcome {
        let deadline = Instant::now() + READY_WAIT;
        while Instant::now() < deadline {
            if TcpStream::connect(self.address).is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(Failed(format!("The server ended at its start ({status}).")));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(Failed(format!("The server was not there after {} s.", READY_WAIT.as_secs())))
    }

    fn load(&self, json: &Path, words: &[&str]) -> Outcome {
        let mut command = Command::new(release("loadgen"));
        command.args(["run", "--server", &format!("http://{}", self.address)]);
        command.args(["--account", ACCOUNT, "--password-stdin", "--seconds", "10"]);
        command.args(words).arg("--json").arg(json);
        fed(&mut command, &self.password)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGTERM rather than a kill: the server starts a worker, which must not be left behind.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// Runs a program that reads a password from its standard input.
fn fed(command: &mut Command, password: &str) -> Outcome {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command.stdin(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        writeln!(stdin, "{password}")?;
    }
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(Failed(format!("{name} failed ({status})."))) }
}

fn release(name: &str) -> PathBuf {
    tools::target().join("release").join(name)
}
