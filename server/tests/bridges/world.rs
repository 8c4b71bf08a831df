//! A server on a free port of loopback, with a real log and engine, and bridges that may ask.

use std::net::SocketAddr;
use std::sync::Arc;

use convoke::backend::{Backend, Opening};
use convoke::clock::HandClock;
use convoke::config::{Config, DiskMarks};
use convoke::control::{NewAccount, NewMeeting};
use convoke::folder::Folder;
use convoke::http::{Listener, Parts, Patience, Site, Slots};
use convoke::mail::{Language, NoMail, Words};
use convoke::metrics::Metrics;
use convoke::plane;
use convoke::tickets::Tickets;
use convoke_model::meeting::lifecycle::MeetingType;
use convoke_model::meeting::plan::Plan;
use convoke_model::site::accounts::Email;
use convoke_model::site::settings::{self, Command, Country, Part};
use convoke_model::text::{DialNumber, Name, Topic};
use convoke_model::{AccountId, Actor, MeetingId, SessionNumber, site};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::client::{self, Reply};

pub(crate) const SECRET: &str = "a secret of the bridge";

pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) backend: Option<Backend>,
    pub(crate) host: AccountId,
    stop: watch::Sender<bool>,
    runtime: Option<Runtime>,
    _dir: tempfile::TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(backend) = self.backend.take() {
            (backend.stop)();
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A server with these settings, whose administrator wants codes drawn and ids taken for codes.
pub(crate) fn world(settings: &str) -> World {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let folder = Folder::open(dir.path()).expect("opens");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let _within = runtime.enter();
    let listener = Listener::bind("127.0.0.1:0".parse().expect("an address")).expect("bound");
    let address = listener.address();
    let (tickets, clock) = (Arc::new(Tickets::default()), Arc::new(HandClock::default()));
    let mut config = Config::parse(settings).expect("settings");
    // What is free on the machine that tests is not what is tested.
    config.disk = DiskMarks { low_percent: 0, very_low_percent: 0, very_low_mib: 0, full_mib: 0 };
    let metrics = Arc::new(Metrics::new(plane::cores()));
    let opening = Opening {
        folder: &folder,
        config: &config,
        clock: clock.clone(),
        metrics: Arc::clone(&metrics),
        tickets: Arc::clone(&tickets),
    };
    let backend = (plane::operations().open)(opening).expect("opens");
    let site = Site::new(Parts {
        engine: Arc::clone(&backend.engine),
        handover: Arc::clone(&backend.handover),
        tickets,
        slots: Slots::new(config.connections, 10_000),
        clock,
        metrics,
        folder: folder.clone(),
        config,
        listen: address,
        tls: None,
        mail: Arc::new(NoMail),
        words: Arc::new(Words::load(None, Language::En).expect("whole")),
        patience: Patience::default(),
        policies: None,
        quarantine: None,
        public: None,
    })
    .expect("put together");
    let engine = Arc::clone(&backend.engine);
    let host = runtime.block_on(async {
        site.bridges().start().await.expect("started");
        let new = NewAccount {
            email: Email::new("ann@example.org").expect("an address"),
            name: Name::new("Ann").expect("a name"),
            administrator: false,
            first: false,
        };
        let number = |number: &str, country: &str, toll_free| settings::Number {
            number: DialNumber::new(number).expect("a number"),
            country: Country::try_from(country.to_owned()).ok(),
            toll_free,
        };
        let telephone = settings::Telephone {
            numbers: vec![
                number("+49 30 5550100", "DE", false),
                number("+1 800 555 0100", "US", true),
            ],
            meeting_id_is_code: true,
            draw_codes: true,
        };
        let set = Command::Set { part: Part::Telephone(telephone), reason: None };
        engine.wish(Actor::Server, site::Command::Settings(set)).await.expect("set");
        engine.add_account(new).await.expect("added")
    });
    let (stop, stopping) = watch::channel(false);
    runtime.spawn(listener.run(site, stopping));
    drop(_within);
    World { address, backend: Some(backend), host, stop, runtime: Some(runtime), _dir: dir }
}

impl World {
    fn backend(&self) -> &Backend {
        self.backend.as_ref().expect("there until dropped")
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.as_ref().expect("there until dropped").block_on(future)
    }

    /// A planned meeting, and the access code that was drawn for it.
    pub(crate) fn planned(&self) -> (MeetingId, String) {
        let new = NewMeeting {
            kind: MeetingType::Interactive,
            topic: Topic::new("Plans").expect("a topic"),
            owner: self.host,
            has_password: false,
            plan: Some(Plan::default()),
        };
        let engine = &self.backend().engine;
        let id = self.block_on(engine.create_meeting(new)).expect("made");
        let meeting = self.block_on(engine.meeting(id)).expect("asked").expect("is there");
        let code = meeting.plan.and_then(|plan| plan.dial_in?.code).expect("drawn");
        (id, code.as_str().to_owned())
    }

    /// Its host begins.
    pub(crate) fn open(&self, id: MeetingId) -> SessionNumber {
        self.block_on(self.backend().engine.open_session(id, self.host)).expect("opened")
    }

    /// How many people are in its session.
    pub(crate) fn here(&self, id: MeetingId) -> u32 {
        let telephone = self.backend().engine.telephone().expect("it runs");
        telephone.directory.meeting(id).and_then(|info| info.open).map_or(0, |open| open.here)
    }

    /// A request with these headers, and a body unless there is none.
    pub(crate) fn request(&self, method: &str, target: &str, headers: &str, body: &str) -> Reply {
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            self.address,
            body.len()
        );
        client::raw(self.address, request.as_bytes())
    }

    /// A POST of a form by a bridge that shows its secret.
    pub(crate) fn form(&self, target: &str, body: &str) -> Reply {
        let headers = format!(
            "Authorization: Bearer {SECRET}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        );
        self.request("POST", target, &headers, body)
    }

    /// The same with JSON, and the JSON that is answered.
    pub(crate) fn json(&self, target: &str, body: &serde_json::Value) -> serde_json::Value {
        let headers =
            format!("Authorization: Bearer {SECRET}\r\nContent-Type: application/json\r\n");
        let reply = self.request("POST", target, &headers, &body.to_string());
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    /// A GET by a bridge that shows its secret.
    pub(crate) fn get(&self, target: &str) -> Reply {
        self.request("GET", target, &format!("Authorization: Bearer {SECRET}\r\n"), "")
    }
}
