//! The servers that are measured: ours, our minimal ones, and Redis and NATS where installed.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::builds;
use super::process::{Process, SERVER_CORE, pinned};
use crate::{Failed, Outcome, tools};

const READY_WAIT: Duration = Duration::from_secs(20);
const ACCOUNT: &str = "load@example.com";

/// Limits that a benchmark is not about, raised.
const SETTINGS: &str = "\
[join]\nper_minute = 100000000\nburst = 100000000\n\
[chat]\nper_second = 1000000\nburst = 1000000\n\
[meetings]\nparticipants_max = 20000\n\
[connections]\nunadmitted_per_address_max = 20000\nadmitted_per_address_max = 20000\n\
[log]\nlevel = \"warn\"\n";

/// A running server.
pub(super) struct Server {
    pub(super) name: &'static str,
    pub(super) process: Process,
    pub(super) address: SocketAddr,
    pub(super) dialect: &'static str,
    password: Option<String>,
    /// Where its data is.
    pub(super) data: PathBuf,
    ca: Option<PathBuf>,
}

/// Folders of a run, under `target/bench`.
pub(super) fn folder() -> PathBuf {
    tools::target().join("bench")
}

/// A folder that is new and empty.
pub(super) fn fresh(path: &Path) -> Outcome {
    if path.exists() {
        std::fs::remove_dir_all(path)?;
    }
    Ok(std::fs::create_dir_all(path)?)
}

/// Ours: `limit`, `one write`, `minimal meetings`, `axum broadcast`.
pub(super) fn peer(name: &'static str) -> Result<Server, Failed> {
    let address = convoke_ports::free();
    let (program, more): (_, &[&str]) = match name {
        "axum" => ("axum-broadcast", &[]),
        "one write" => ("limit", &["--one-write"]),
        "minimal meetings" => ("limit", &["--meeting"]),
        _ => ("limit", &[]),
    };
    let mut command = pinned(SERVER_CORE, &builds::peer(program));
    command.arg(address.to_string()).args(more);
    started(name, "raw", command, address, folder())
}

/// Redis, when it is installed.
pub(super) fn redis() -> Result<Option<Server>, Failed> {
    let Some(program) = installed("redis-server") else { return Ok(None) };
    let (address, data) = (convoke_ports::free(), folder().join("redis"));
    fresh(&data)?;
    let mut command = pinned(SERVER_CORE, &program);
    let port = address.port().to_string();
    command.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--dir"]).arg(&data);
    // The load client bounds what is on its way; a limit here would cut readers off.
    command.args(["--maxclients", "15000"]);
    // Other loopback addresses than 127.0.0.1 count as outside there.
    command.args(["--protected-mode", "no"]);
    command.args(["--client-output-buffer-limit", "pubsub 0 0 0", "--loglevel", "warning"]);
    started("redis", "redis", command, address, data).map(Some)
}

/// NATS, when it is installed, with or without JetStream.
pub(super) fn nats(jetstream: bool) -> Result<Option<Server>, Failed> {
    let Some(program) = installed("nats-server") else { return Ok(None) };
    let (address, data) = (convoke_ports::free(), folder().join("nats"));
    fresh(&data)?;
    let mut command = pinned(SERVER_CORE, &program);
    command.args(["-a", "127.0.0.1", "-p", &address.port().to_string()]);
    if jetstream {
        command.arg("-js").arg("-sd").arg(&data);
    } else {
        // The default bound closes readers that are 64 MiB behind.
        let settings = data.join("nats.conf");
        std::fs::write(&settings, "max_pending: 1073741824\nwrite_deadline: \"30s\"\n")?;
        command.arg("-c").arg(settings);
    }
    started("nats", "nats", command, address, data).map(Some)
}

/// Where Convoke keeps its log, and how it is spoken to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Plain, its data on the disk.
    Plain,
    /// Plain, its data in memory: a sync costs nothing.
    InMemory,
    /// TLS.
    Tls,
}

/// Convoke with an account and a data folder of its own.
pub(super) fn convoke(shape: Shape) -> Result<Server, Failed> {
    let (name, data) = match shape {
        Shape::Plain => ("convoke", folder().join("data")),
        Shape::InMemory => ("convoke in memory", PathBuf::from("/dev/shm/convoke-bench")),
        Shape::Tls => ("convoke tls", folder().join("data-tls")),
    };
    fresh(&data)?;
    let mut settings = SETTINGS.to_owned();
    let mut ca = None;
    if shape == Shape::Tls {
        let place = folder().join("tls");
        fresh(&place)?;
        let made = Command::new(builds::peer("drive")).arg("certificate").arg(&place).status()?;
        if !made.success() {
            return Err(Failed("No certificate could be made.".to_owned()));
        }
        let (certificate, key) = (place.join("certificate.pem"), place.join("key.pem"));
        settings.push_str(&format!("[tls]\ncertificate = {certificate:?}\nkey = {key:?}\n"));
        ca = Some(certificate);
    }
    let config = folder().join("bench.toml");
    std::fs::write(&config, settings)?;
    let password = crate::run::password()?;
    account(&data, &password)?;
    let address = convoke_ports::free();
    let mut command = pinned(SERVER_CORE, &builds::convoke("convoke"));
    command.args(["serve", "--listen", &address.to_string(), "--data"]).arg(&data);
    command.arg("--config").arg(config);
    let mut server = started(name, "convoke", command, address, data)?;
    server.password = Some(password);
    server.ca = ca;
    Ok(server)
}

impl Server {
    /// What the load client is told of it.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = vec!["--address".to_owned(), self.address.to_string()];
        words.extend(["--dialect".to_owned(), self.dialect.to_owned()]);
        if let Some(password) = &self.password {
            words.extend(["--email", ACCOUNT, "--password", password].map(str::to_owned));
        }
        if let Some(ca) = &self.ca {
            words.extend(["--ca".to_owned(), ca.to_string_lossy().into_owned()]);
        }
        words
    }

    /// The account that may open meetings, and its password.
    pub(super) fn account(&self) -> (&'static str, &str) {
        (ACCOUNT, self.password.as_deref().unwrap_or_default())
    }
}

fn account(data: &Path, password: &str) -> Outcome {
    let mut command = Command::new(builds::convoke("convoke"));
    command.args(["account", "add", ACCOUNT, "--password-stdin", "--data"]).arg(data);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        writeln!(stdin, "{password}")?;
    }
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(Failed(format!("No account ({status})."))) }
}

fn started(
    name: &'static str,
    dialect: &'static str,
    mut command: Command,
    address: SocketAddr,
    data: PathBuf,
) -> Result<Server, Failed> {
    std::fs::create_dir_all(folder())?;
    let log = std::fs::File::create(folder().join(format!("{}.log", name.replace(' ', "-"))))?;
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    let child = command.spawn().map_err(|error| {
        Failed(format!("{name} could not be started (is taskset installed?): {error}."))
    })?;
    let mut process = Process(child);
    let deadline = Instant::now() + READY_WAIT;
    while TcpStream::connect(address).is_err() {
        process.check(name)?;
        if Instant::now() > deadline {
            return Err(Failed(format!("{name} was not there in time.")));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(Server { name, process, address, dialect, password: None, data, ca: None })
}

fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let more = [PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/bin")];
    std::env::split_paths(&path).chain(more).map(|place| place.join(name)).find(|it| it.is_file())
}
