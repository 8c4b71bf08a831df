//! A server on a free port of loopback with a folder of its own.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use convoke::clock::HandClock;
use convoke::config::Config;
use convoke::control::{Account, NewAccount};
use convoke::folder::Folder;
use convoke::http::{Handover, Listener, Parts, Patience, Site, Slots, UpgradedSocket};
use convoke::mail::{Delivering, Delivery, Language, Letter, Mail, Words};
use convoke::quarantine::Quarantine;
use convoke::tickets::{Admission, Tickets};
use convoke::tls::{self, Tls};
use convoke_model::site::accounts::{self, Email};
use convoke_model::text::Name;
use convoke_model::{Actor, MeetingId};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::client::{self, Reply};
use super::memory::MemoryEngine;

pub(crate) const EMAIL: &str = "ann@example.org";
pub(crate) const PASSWORD: &str = "purple kettle moonwalk";

/// Keeps the connections that left HTTP.
#[derive(Default)]
pub(crate) struct Kept(pub(crate) Mutex<Vec<UpgradedSocket>>);

impl Handover for Kept {
    fn accept(&self, socket: UpgradedSocket) {
        self.0.lock().expect("not poisoned").push(socket);
    }
}

/// Letters that would have been sent.
#[derive(Default)]
pub(crate) struct Letters {
    pub(crate) sent: Mutex<Vec<(String, String)>>,
    pub(crate) set_up: AtomicBool,
}

impl Mail for Letters {
    fn is_set_up(&self) -> bool {
        self.set_up.load(Ordering::Relaxed)
    }

    fn send(&self, to: &Email, letter: Letter) -> bool {
        if let Letter::Reset { link, .. } = letter {
            let letter = (to.to_string(), link.expose().to_owned());
            self.sent.lock().expect("not poisoned").push(letter);
        }
        true
    }

    fn deliver<'a>(&'a self, _: &'a Email, _: &'a Letter) -> Delivering<'a> {
        Box::pin(std::future::ready(Delivery::Taken))
    }
}

pub(crate) struct World {
    pub(crate) letters: Arc<Letters>,
    pub(crate) address: SocketAddr,
    pub(crate) engine: Arc<MemoryEngine>,
    pub(crate) kept: Arc<Kept>,
    pub(crate) tickets: Arc<Tickets>,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) site: Arc<Site>,
    pub(crate) folder: Folder,
    pub(crate) tls: Option<Tls>,
    pub(crate) stop: watch::Sender<bool>,
    runtime: Option<Runtime>,
    _dir: tempfile::TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A server with these settings.
pub(crate) fn world(settings: &str) -> World {
    build(settings, false, Patience::default(), None)
}

/// A server with a certificate of its own.
pub(crate) fn tls_world(settings: &str) -> World {
    build(settings, true, Patience::default(), None)
}

/// A server that waits this long, with a certificate of its own or without.
pub(crate) fn waiting_world(patience: Patience, with_tls: bool) -> World {
    build("", with_tls, patience, None)
}

/// A server whose log is not whole.
pub(crate) fn quarantined_world(quarantine: Quarantine) -> World {
    build("", false, Patience::default(), Some(quarantine))
}

fn build(
    settings: &str,
    with_tls: bool,
    patience: Patience,
    quarantine: Option<Quarantine>,
) -> World {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let folder = Folder::open(dir.path()).expect("opens");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let listener = runtime
        .block_on(async { Listener::bind("127.0.0.1:0".parse().expect("an address")) })
        .expect("bound");
    let address = listener.address();
    let tls = with_tls.then(|| tls::load(&folder, None, address, None).expect("made"));
    let (engine, kept) = (Arc::new(MemoryEngine::default()), Arc::new(Kept::default()));
    let (tickets, clock) = (Arc::new(Tickets::default()), Arc::new(HandClock::default()));
    let letters = Arc::new(Letters::default());
    let config = Config::parse(settings).expect("settings");
    let site = Site::new(Parts {
        metrics: Arc::new(convoke::metrics::Metrics::new(1)),
        mail: letters.clone(),
        words: Arc::new(Words::load(None, Language::En).expect("whole")),
        engine: engine.clone(),
        handover: kept.clone(),
        tickets: Arc::clone(&tickets),
        slots: Slots::new(config.connections, 10_000),
        clock: clock.clone(),
        folder: folder.clone(),
        config,
        listen: address,
        tls: tls.clone(),
        patience,
        policies: None,
        quarantine,
        public: None,
    })
    .expect("put together");
    let (stop, stopping) = watch::channel(false);
    runtime.spawn(listener.run(Arc::clone(&site), stopping));
    World {
        letters,
        address,
        engine,
        kept,
        tickets,
        clock,
        site,
        folder,
        tls,
        stop,
        runtime: Some(runtime),
        _dir: dir,
    }
}

impl World {
    /// Our own origin.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.as_ref().expect("there until dropped").block_on(future)
    }

    /// A GET as a browser sends it.
    pub(crate) fn get(&self, target: &str) -> Reply {
        self.get_with(target, "")
    }

    pub(crate) fn get_with(&self, target: &str, headers: &str) -> Reply {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n", self.address);
        client::raw(self.address, request.as_bytes())
    }

    /// A call of one of our own pages.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        self.post_as(path, body, "")
    }

    /// The same with a sign-in.
    pub(crate) fn post_as(&self, path: &str, body: &Value, cookie: &str) -> Reply {
        let headers = format!(
            "Origin: {}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\n\
             Cookie: {cookie}\r\n",
            self.origin()
        );
        self.post_raw(path, &headers, body.to_string().as_bytes())
    }

    pub(crate) fn post_raw(&self, path: &str, headers: &str, body: &[u8]) -> Reply {
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n{headers}\r\n",
            self.address,
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        client::raw(self.address, &request)
    }

    /// A call of one of our own pages by any method; `Null` is no body.
    pub(crate) fn call_as(
        &self,
        method: &str,
        path: &str,
        body: &Value,
        cookie: &str,
        more: &str,
    ) -> Reply {
        let headers = format!(
            "Origin: {}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\n\
             Cookie: {cookie}\r\n{more}",
            self.origin()
        );
        self.call_raw(method, path, &headers, body)
    }

    /// A call with exactly these headers; `Null` is no body.
    pub(crate) fn call_raw(&self, method: &str, path: &str, headers: &str, body: &Value) -> Reply {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            self.address,
            body.len()
        );
        client::raw(self.address, request.as_bytes())
    }

    /// Makes an account with the password of this module.
    pub(crate) fn account(&self, email: &str, administrator: bool) {
        let new = NewAccount {
            email: Email::new(email).expect("an address"),
            name: Name::new("Ann Smith").expect("a name"),
            administrator,
            first: false,
        };
        let accounts = self.site.accounts();
        self.block_on(async { accounts.add(new, PASSWORD).await }).expect("added");
    }

    /// A call that reads, with a sign-in.
    pub(crate) fn get_as(&self, target: &str, cookie: &str) -> Reply {
        self.get_with(target, &format!("Cookie: {cookie}\r\n"))
    }

    /// The account of an address.
    pub(crate) fn found(&self, email: &str) -> Account {
        let found = self.block_on(self.site.accounts().find(email)).expect("asked");
        found.expect("there is such an account")
    }

    /// A wish of the operator about accounts.
    pub(crate) fn wish(&self, command: accounts::Command) {
        let accounts = self.site.accounts();
        self.block_on(accounts.change(Actor::Server, command)).expect("granted");
    }

    /// Signs in and gives the cookie.
    pub(crate) fn sign_in(&self, email: &str) -> String {
        let reply = self.post("/api/v1/sign-in", &json!({ "email": email, "password": PASSWORD }));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.cookie()
    }

    /// An account, a meeting of it that is open, and the cookie.
    pub(crate) fn open_meeting(&self, password: Option<&str>) -> (MeetingId, String) {
        self.account(EMAIL, false);
        let cookie = self.sign_in(EMAIL);
        let wish = json!({ "type": 0, "topic": "Weekly", "password": password });
        let made = self.post_as("/api/v1/meetings", &wish, &cookie);
        assert_eq!(made.status, 200, "{made:?}");
        let id: MeetingId = made.json()["id"].as_str().expect("an id").parse().expect("an id");
        let path = format!("/api/v1/meetings/{}/host", id.number());
        assert_eq!(self.post_as(&path, &json!({}), &cookie).status, 200);
        (id, cookie)
    }

    /// A meeting that nobody has opened, of an account that exists.
    pub(crate) fn meeting(&self, password: Option<&str>) -> MeetingId {
        let cookie = self.sign_in(EMAIL);
        let wish = json!({ "type": 0, "topic": "Weekly", "password": password });
        let made = self.post_as("/api/v1/meetings", &wish, &cookie);
        made.json()["id"].as_str().expect("an id").parse().expect("an id")
    }

    /// What a ticket is good for; uses it up.
    pub(crate) fn redeem(&self, ticket: &Value) -> Option<Admission> {
        use convoke::clock::Clock;
        self.tickets.redeem(ticket.as_str().expect("a ticket"), self.clock.uptime())
    }
}
