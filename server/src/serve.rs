//! `convoke serve`: opens the folder, listens, and ends in good order.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::backend::{Backend, Opening, Operations};
use crate::bridges::Bridges;
use crate::clerk::Clerk;
use crate::clock::{Clock, SystemClock};
use crate::command::Serve;
use crate::config::Config;
use crate::control_socket::ControlSocket;
use crate::folder::Folder;
use crate::http::{BindError, Listener, Parts, Patience, Site, Slots};
use crate::mail::{BadMail, Mail, NoMail, Smtp, Words};
use crate::metrics::{self, Metrics};
use crate::outside::Outside;
use crate::plane;
use crate::policy::{Desk, ServerLibrary};
use crate::public::{self, Lists};
use crate::supervisor::START_AGAIN;
use crate::tickets::Tickets;
use crate::tls::{self, Tls};
use crate::vault::Vault;
use crate::{logging, process, say};

/// The settings are wrong, or the command line.
const WRONG_USE: u8 = 2;

/// How long is waited for what a killed server leaves behind: its port, its lock.
pub(crate) const LEFTOVERS_PATIENCE: Duration = Duration::from_secs(2);

/// How long calls of webhooks that are under way may take once we stop.
const CALLS_PATIENCE: Duration = Duration::from_secs(10);

/// Why the server did not start, and the code to end with.
struct Failed(String, u8);

impl Failed {
    fn because(error: impl std::fmt::Display) -> Self {
        Self(error.to_string(), 1)
    }
}

/// Serves until asked to stop.
pub fn run(words: &Serve, operations: &Operations) -> ExitCode {
    match start(words, operations) {
        Ok(code) => code,
        Err(Failed(reason, code)) => {
            say::problem(&reason);
            ExitCode::from(code)
        }
    }
}

fn start(words: &Serve, operations: &Operations) -> Result<ExitCode, Failed> {
    let wrong = |error: String| Failed(error, WRONG_USE);
    let config = match &words.config {
        Some(path) => Config::load(path).map_err(|error| wrong(error.to_string()))?,
        None => Config::default(),
    };
    logging::start(&config.log).map_err(wrong)?;
    let files_max = process::limits();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("control")
        .build()
        .map_err(Failed::because)?;
    let folder = Folder::open(&words.data)
        .map_err(|error| Failed::because(format!("{}: {error}", words.data.display())))?;
    let listener = runtime.block_on(bind(words.listen)).map_err(Failed::because)?;
    // Who is asked about sign-ins: what is wrong with those settings is said now, not to the first
    // person who signs in.
    let outside = Outside::open(&config, &[listener.address()]);
    let outside = Arc::new(outside.map_err(|error| wrong(error.to_string()))?);
    Bridges::check(&config).map_err(|error| wrong(error.to_string()))?;
    let tls = tls_for(&folder, &config, listener.address())?;
    if is_behind_an_unnamed_proxy(&config, listener.address()) {
        tracing::warn!(
            "`base_url` is reached from elsewhere, this server listens on this machine alone, and \
             `[proxy] trusted` names no proxy: everybody who comes through one has its address, is \
             in the own network, and shares the limits of one address"
        );
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let tickets = Arc::new(Tickets::default());
    let metrics = Arc::new(Metrics::new(plane::cores()));
    let opening = Opening {
        folder: &folder,
        config: &config,
        clock: Arc::clone(&clock),
        metrics: Arc::clone(&metrics),
        tickets: Arc::clone(&tickets),
    };
    let backend = {
        // Scripts are waited for on this runtime.
        let _within = runtime.enter();
        (operations.open)(opening).map_err(Failed::because)?
    };
    let (templates, mail) = letters(&config, &runtime)?;
    let clock_of_lists = Arc::clone(&clock);
    let slots = Slots::new(config.connections, files_max);
    let parts = Parts {
        engine: Arc::clone(&backend.engine),
        handover: Arc::clone(&backend.handover),
        tickets,
        slots,
        clock,
        metrics,
        folder: folder.clone(),
        config,
        listen: listener.address(),
        tls,
        mail: Arc::clone(&mail),
        words: templates,
        patience: Patience::default(),
        policies: backend.policies.as_ref().map(|scripts| scripts.policies.clone()),
        quarantine: backend.quarantine.clone(),
        public: lists(&folder, &backend, clock_of_lists).map_err(Failed::because)?,
    };
    let code = runtime.block_on(serve(words, listener, parts, backend, outside));
    // Hashing and file work that is still under way is not waited for.
    runtime.shutdown_background();
    code
}

/// Who writes letters and who delivers them: what is wrong with those settings is said now.
fn letters(
    config: &Config,
    runtime: &tokio::runtime::Runtime,
) -> Result<(Arc<Words>, Arc<dyn Mail>), Failed> {
    let wrong = |error: BadMail| Failed::because(error);
    let settings = &config.mail;
    let words = Words::load(settings.templates.as_deref(), settings.language).map_err(wrong)?;
    let words = Arc::new(words);
    // Letters are delivered on this runtime.
    let _within = runtime.enter();
    let mail: Arc<dyn Mail> = match Smtp::start(settings, Arc::clone(&words)).map_err(wrong)? {
        Some(smtp) => Arc::new(smtp),
        None => Arc::new(NoMail),
    };
    Ok((words, mail))
}

/// A server that was just killed may hold its port for a moment longer: who starts the next one
/// need not know.
async fn bind(address: SocketAddr) -> Result<Listener, BindError> {
    let until = tokio::time::Instant::now() + LEFTOVERS_PATIENCE;
    loop {
        match Listener::bind(address) {
            Err(BindError::InUse(_)) if tokio::time::Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            done => return done,
        }
    }
}

/// Plain HTTP on loopback, unless there is a certificate in the settings; HTTPS everywhere else.
fn tls_for(folder: &Folder, config: &Config, listen: SocketAddr) -> Result<Option<Tls>, Failed> {
    if listen.ip().is_loopback() && config.tls.is_none() {
        return Ok(None);
    }
    let host = config.base_url.as_deref().and_then(|url| url.parse::<http::Uri>().ok());
    let host = host.as_ref().and_then(http::Uri::host);
    tls::load(folder, config.tls.as_ref(), listen, host).map(Some).map_err(Failed::because)
}

/// Who listens on loopback and is known by a name of elsewhere can only be reached through a proxy.
fn is_behind_an_unnamed_proxy(config: &Config, listen: SocketAddr) -> bool {
    let url = config.base_url.as_deref().and_then(|url| url.parse::<http::Uri>().ok());
    let host = url.as_ref().and_then(http::Uri::host).unwrap_or("localhost");
    let literal = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let is_here = match literal {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    };
    listen.ip().is_loopback() && config.proxy.trusted.is_empty() && !is_here
}

/// What the public may know, where there is a log that says it.
fn lists(
    folder: &Folder,
    backend: &Backend,
    clock: Arc<dyn Clock>,
) -> io::Result<Option<Arc<Lists>>> {
    let Some(known) = backend.known.clone() else { return Ok(None) };
    Ok(Some(Arc::new(Lists::new(public::Parts {
        known,
        policies: backend.policies.as_ref().map(|scripts| scripts.policies.clone()),
        vault: Arc::new(Vault::open(folder)?),
        clock,
        key: folder.key("public.key")?,
    }))))
}

async fn serve(
    words: &Serve,
    listener: Listener,
    parts: Parts,
    backend: Backend,
    outside: Arc<Outside>,
) -> Result<ExitCode, Failed> {
    let folder = parts.folder.clone();
    let metrics_at = parts.config.metrics.listen;
    let self_made =
        parts.tls.as_ref().filter(|tls| tls.self_made).map(|tls| tls.fingerprint.clone());
    let (clock, settings) = (Arc::clone(&parts.clock), parts.config.policies.clone());
    let public = parts.public.clone();
    let site = Site::new(parts).map_err(Failed::because)?;
    let policies = match &backend.policies {
        None => None,
        Some(scripts) => {
            scripts.library.set(Arc::new(ServerLibrary {
                accounts: site.accounts(),
                engine: Arc::clone(&backend.engine),
                outside: Arc::clone(&outside),
                clock,
            }));
            let (policies, directory) = (scripts.policies.clone(), scripts.directory.clone());
            let desk = Arc::new(Desk::new(policies, directory, &settings, &folder));
            desk.start().await.map_err(Failed::because)?;
            tokio::spawn(Arc::clone(&desk).watch());
            Some(desk)
        }
    };
    if backend.quarantine.is_none() {
        let postman = site.postman(&folder).await;
        let postman = postman.map_err(|error| Failed::because(format!("letters: {error}")))?;
        tokio::spawn(postman.work());
    }
    if let Some(lists) = public {
        tokio::spawn(lists.follow());
    }
    site.open_console(outside, policies.clone());
    site.connect();
    let (engine, address) = (Arc::clone(&backend.engine), Some(site.address()));
    let clerk = Clerk { accounts: site.accounts(), engine, folder, address, policies };
    let control = ControlSocket::bind(&clerk.folder)
        .map_err(|error| Failed::because(format!("the control socket: {error}")))?;
    let control = tokio::spawn(control.run(clerk));
    let (stop, stopping) = watch::channel(false);
    let set_up = site.set_up_link().await.map_err(Failed::because)?;
    let telling = tokio::spawn(site.webhooks().run(stopping.clone()));
    site.bridges().start().await.map_err(Failed::because)?;
    let listening = tokio::spawn(listener.run(Arc::clone(&site), stopping));
    if metrics_at.port() != 0 {
        tokio::spawn(metrics::serve(metrics_at, Arc::clone(&site.metrics)));
    }
    say::line(&format!("Convoke listens at {}", site.address()));
    if let Some(quarantine) = &backend.quarantine {
        say::problem(&quarantine.why);
    }
    if let Some(fingerprint) = self_made {
        say::line(&format!("Its certificate is its own; SHA-256 {fingerprint}"));
    }
    if let Some(link) = set_up {
        say::line(&format!("Nobody administers this server yet. Set it up, once, at {link}"));
    }
    let reason = until_asked(words.supervised, backend.failed.clone()).await;
    let _ = stop.send(true);
    control.abort();
    if let Some(reason) = reason {
        // What is not durable must not be heard of: nobody gets a goodbye that hides a loss.
        tracing::error!(reason, "the log cannot be written; the server ends and is started again");
        return Ok(ExitCode::from(START_AGAIN));
    }
    tracing::info!("asked to stop: letting everybody know");
    let told = tokio::task::spawn_blocking(backend.stop);
    let _ = listening.await;
    // A call under way has a few seconds; it is noted, so that it is not made again.
    if tokio::time::timeout(CALLS_PATIENCE, telling).await.is_err() {
        tracing::warn!("some webhooks did not end in time; what they told last is told again");
    }
    let _ = told.await;
    // The socket's file goes with the task that holds it.
    let _ = control.await;
    Ok(ExitCode::SUCCESS)
}

/// Waits for SIGTERM, SIGINT, the supervisor's wish, or a failed log; gives the reason of the
/// latter.
async fn until_asked(
    supervised: bool,
    mut failed: watch::Receiver<Option<String>>,
) -> Option<String> {
    let mut terminate = signal(SignalKind::terminate()).ok();
    let mut interrupt = signal(SignalKind::interrupt()).ok();
    let terminated = async {
        match &mut terminate {
            Some(signal) => signal.recv().await,
            None => std::future::pending().await,
        }
    };
    let interrupted = async {
        match &mut interrupt {
            Some(signal) => signal.recv().await,
            None => std::future::pending().await,
        }
    };
    let let_go = async {
        if !supervised {
            std::future::pending::<()>().await;
        }
        let mut stdin = tokio::io::stdin();
        let mut scratch = [0; 64];
        while stdin.read(&mut scratch).await.is_ok_and(|read| read > 0) {}
    };
    let lost = async {
        match failed.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone(),
            // The backend went without a word.
            Err(_) => Some("the engine stopped".to_owned()),
        }
    };
    tokio::select! {
        _ = terminated => None,
        _ = interrupted => None,
        () = let_go => None,
        reason = lost => reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_elsewhere_on_loopback_means_that_there_is_a_proxy() {
        let url = |url: &str| format!("base_url = \"{url}\"\n");
        let named = url("https://meet.example.org") + "[proxy]\ntrusted = [\"127.0.0.1\"]";
        for (listen, settings, expected) in [
            ("127.0.0.1:80", url("https://meet.example.org"), true),
            ("[::1]:80", url("http://192.0.2.1:8080"), true),
            ("127.0.0.1:80", named, false),
            ("127.0.0.1:80", String::new(), false),
            ("127.0.0.1:80", url("http://localhost:8889"), false),
            ("127.0.0.1:80", url("http://[::1]:8889"), false),
            ("0.0.0.0:443", url("https://meet.example.org"), false),
        ] {
            let config = Config::parse(&settings).expect("settings");
            let listen = listen.parse().expect("an address");
            assert_eq!(is_behind_an_unnamed_proxy(&config, listen), expected, "{settings}");
        }
    }
}
