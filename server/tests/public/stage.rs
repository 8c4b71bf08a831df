//! A server with a log of its own, whose scripts run in the real policy host.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use convoke::backend::{Backend, Opening};
use convoke::calendar;
use convoke::clock::{Clock, HandClock};
use convoke::config::Config;
use convoke::control::{Engine, NewAccount, NewMeeting};
use convoke::folder::Folder;
use convoke::http::{Listener, Parts, Patience, Site, Slots};
use convoke::mail::{Language, NoMail, Words};
use convoke::metrics::Metrics;
use convoke::plane;
use convoke::public::{self, Lists};
use convoke::tickets::Tickets;
use convoke::vault::{SecretOf, Vault};
use convoke_engine::Directory;
use convoke_model::meeting::life::{Change, Command, Right};
use convoke_model::meeting::lifecycle::MeetingType;
use convoke_model::meeting::plan::{DialIn, LocalTime, Plan, Rule};
use convoke_model::policy::draw_code::AccessCode;
use convoke_model::policy::{Decided, Hook};
use convoke_model::site::accounts::Email;
use convoke_model::site::scripts::Scripts;
use convoke_model::site::settings::{self, Branding, Part, Publishing};
use convoke_model::text::{Name, Topic, Zone};
use convoke_model::{AccountId, Actor, MeetingId, site};
use convoke_plugins::rhai::{Book, Kept, Launch, NoLibrary, Policies, Sink, Source};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::client::{self, Reply};

pub(crate) const EMAIL: &str = "ann@example.org";
pub(crate) const PASSWORD: &str = "purple kettle moonwalk";
/// What lets people into the meetings of these tests.
pub(crate) const MEETING_PASSWORD: &str = "apple-39-tree";
/// Their access code.
pub(crate) const CODE: &str = "731904265";

/// The renderings, by the ends of their addresses.
pub(crate) const FORMS: [&str; 5] = ["html", "xml", "json", "ics", "atom"];

/// Facts about policies go where those of a server go.
struct IntoLog {
    engine: Arc<dyn Engine>,
    directory: Arc<Directory>,
}

impl IntoLog {
    async fn put(&self, wish: site::Command) -> Result<(), String> {
        let put = self.engine.wish(Actor::Server, wish).await;
        put.map(drop).map_err(|error| error.to_string())
    }
}

impl Sink for IntoLog {
    fn loaded(&self, wish: site::scripts::Command) -> Kept<'_, u32> {
        Box::pin(async move {
            self.put(site::Command::Scripts(wish)).await?;
            Ok(self.directory.scripts(Scripts::version))
        })
    }

    fn decided(&self, decided: Decided) -> Kept<'_, ()> {
        Box::pin(self.put(site::Command::Policy(Box::new(decided))))
    }
}

pub(crate) struct Stage {
    pub(crate) clock: Arc<HandClock>,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) policies: Arc<Policies>,
    pub(crate) lists: Arc<Lists>,
    pub(crate) owner: AccountId,
    pub(crate) address: SocketAddr,
    folder: Folder,
    known: Arc<dyn public::Known>,
    site: Arc<Site>,
    stop: watch::Sender<bool>,
    stop_engine: Option<Box<dyn FnOnce() + Send>>,
    runtime: Option<Runtime>,
    _dir: tempfile::TempDir,
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(stop) = self.stop_engine.take() {
            stop();
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// A server with these settings.
    pub(crate) fn with(settings: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let folder = Folder::open(dir.path()).expect("opens");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let _within = runtime.enter();
        let mut config = Config::parse(settings).expect("settings");
        // How full the machine's disk is, is not what is tested here.
        (config.disk.very_low_percent, config.disk.very_low_mib) = (0, 0);
        let clock = Arc::new(HandClock::default());
        let (tickets, metrics) = (Arc::new(Tickets::default()), Arc::new(Metrics::new(8)));
        let backend = (plane::operations().open)(Opening {
            folder: &folder,
            config: &config,
            clock: clock.clone(),
            metrics: Arc::clone(&metrics),
            tickets: Arc::clone(&tickets),
        });
        let Backend { engine, handover, stop, policies, known, .. } = backend.expect("opens");
        let directory = policies.expect("there is a runtime").directory;
        let sink = Arc::new(IntoLog { engine: engine.clone(), directory });
        let launch = Launch::of(PathBuf::from(env!("CARGO_BIN_EXE_convoke")));
        let policies = Arc::new(Policies::new(launch, Arc::new(NoLibrary), sink));
        let known = known.expect("the log is whole");
        let lists = lists(&folder, &known, &policies, &clock);
        let listener = runtime
            .block_on(async { Listener::bind("127.0.0.1:0".parse().expect("an address")) })
            .expect("bound");
        let address = listener.address();
        let site = Site::new(Parts {
            metrics,
            mail: Arc::new(NoMail),
            words: Arc::new(Words::load(None, Language::En).expect("whole")),
            engine: engine.clone(),
            handover,
            tickets,
            slots: Slots::new(config.connections, 10_000),
            clock: clock.clone(),
            folder: folder.clone(),
            config,
            listen: address,
            tls: None,
            patience: Patience::default(),
            policies: None,
            quarantine: None,
            public: Some(Arc::clone(&lists)),
        })
        .expect("put together");
        let (stopping, stopped) = watch::channel(false);
        runtime.spawn(listener.run(Arc::clone(&site), stopped));
        drop(_within);
        let mut stage = Self {
            clock,
            engine,
            policies,
            lists,
            owner: AccountId(0),
            address,
            folder,
            known,
            site,
            stop: stopping,
            stop_engine: Some(stop),
            runtime: Some(runtime),
            _dir: dir,
        };
        stage.owner = stage.account(EMAIL, "Ann Müller", false);
        stage
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.as_ref().expect("there until dropped").block_on(future)
    }

    pub(crate) fn account(&self, email: &str, name: &str, administrator: bool) -> AccountId {
        let email = Email::new(email).expect("an address");
        let name = Name::new(name).expect("a name");
        let new = NewAccount { email: email.clone(), name, administrator, first: false };
        let accounts = self.site.accounts();
        self.block_on(async { accounts.add(new, PASSWORD).await }).expect("added");
        let found = self.block_on(self.engine.account_by_email(&email)).expect("asked");
        found.expect("there is such an account").id
    }

    /// A meeting with a password and an access code.
    pub(crate) fn meeting(&self, topic: &str, plan: Plan) -> MeetingId {
        let new = NewMeeting {
            kind: MeetingType::Interactive,
            topic: Topic::new(topic).expect("a topic"),
            owner: self.owner,
            has_password: true,
            plan: Some(plan),
        };
        let id = self.block_on(self.engine.create_meeting(new)).expect("made");
        let vault = Vault::open(&self.folder).expect("opens");
        vault.put(SecretOf::Meeting(id), MEETING_PASSWORD.as_bytes()).expect("put");
        id
    }

    pub(crate) fn change(&self, id: MeetingId, command: Command) {
        self.block_on(self.engine.change_meeting(id, self.owner.into(), command)).expect("granted");
    }

    /// Another topic and plan.
    pub(crate) fn replan(&self, id: MeetingId, topic: &str, plan: Plan) {
        let change = Change {
            kind: MeetingType::Interactive,
            topic: Topic::new(topic).expect("a topic"),
            has_password: true,
            password_changed: false,
            plan,
        };
        self.change(id, Command::Change { change, right: Right::Owner });
    }

    pub(crate) fn set(&self, part: Part) {
        let wish = site::Command::Settings(settings::Command::Set { part, reason: None });
        self.block_on(self.engine.wish(Actor::Server, wish)).expect("granted");
    }

    pub(crate) fn publishing(&self, publishing: Publishing) {
        self.set(Part::Publishing(publishing));
    }

    pub(crate) fn branding(&self, name: &str, colour: &str) {
        let colour = Some(colour.to_owned().try_into().expect("a colour"));
        let name = Some(Name::new(name).expect("a name"));
        self.set(Part::Branding(Branding { name, welcome: None, colour }));
    }

    /// Lets a `publish` script answer from now on.
    pub(crate) fn script(&self, body: &str) {
        let text = format!("fn publish(question) {{ {body} }}");
        let source = Source::new(Hook::Publish, "test", &text);
        let book = Book { live: [(Hook::Publish, vec![source])].into(), ..Book::default() };
        self.block_on(self.policies.load(book, "load")).expect("let in");
    }

    /// Waits until the lists have taken in all that is durable, and their scripts have answered.
    pub(crate) fn settle(&self) {
        self.block_on(self.lists.refresh());
    }

    /// The lists of another process on the same log and the same scripts.
    pub(crate) fn lists_again(&self) -> Arc<Lists> {
        lists(&self.folder, &self.known, &self.policies, &self.clock)
    }

    /// A rendering as it is now.
    pub(crate) fn get(&self, form: &str) -> Reply {
        self.settle();
        self.fetch(&format!("/as/public/meetings.{form}"), "")
    }

    pub(crate) fn fetch(&self, target: &str, headers: &str) -> Reply {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n", self.address);
        client::raw(self.address, request.as_bytes())
    }

    /// Topics that are listed, in their order.
    pub(crate) fn topics(&self) -> Vec<String> {
        let reply = self.get("json");
        assert_eq!(reply.status, 200, "{reply:?}");
        let meetings = reply.json()["meetings"].as_array().expect("a list").clone();
        let topic = |meeting: &Value| meeting["topic"].as_str().unwrap_or_default().to_owned();
        meetings.iter().map(topic).collect()
    }

    pub(crate) fn sign_in(&self, email: &str) -> String {
        let body = json!({ "email": email, "password": PASSWORD }).to_string();
        let request = format!(
            "POST /api/v1/sign-in HTTP/1.1\r\nHost: {a}\r\nOrigin: http://{a}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len(),
            a = self.address,
        );
        let reply = client::raw(self.address, request.as_bytes());
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.cookie()
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// A plan that begins in so many minutes, lasts an hour and is public.
    pub(crate) fn in_minutes(&self, minutes: u64, rule: Option<&str>) -> Plan {
        let at = i64::try_from(self.clock.now().0 + minutes * 60_000).expect("soon");
        let at = jiff::Timestamp::from_millisecond(at).expect("soon");
        let zone = Zone::new("Europe/Zurich").expect("a zone");
        let local = at.in_tz(zone.as_str()).expect("known").strftime("%Y-%m-%dT%H:%M").to_string();
        let start = LocalTime::new(&local).expect("a time");
        let rule = rule.map(|rule| Rule::new(rule).expect("a rule"));
        let when = calendar::when(&start, 60, &zone, rule.as_ref()).expect("a plan");
        let code = Some(AccessCode::new(CODE).expect("digits"));
        Plan {
            when: Some(when),
            recurring: rule.is_some(),
            public: true,
            dial_in: Some(DialIn { number: None, code }),
            ..Plan::default()
        }
    }
}

fn lists(
    folder: &Folder,
    known: &Arc<dyn public::Known>,
    policies: &Arc<Policies>,
    clock: &Arc<HandClock>,
) -> Arc<Lists> {
    Arc::new(Lists::new(public::Parts {
        known: Arc::clone(known),
        policies: Some(Arc::clone(policies)),
        vault: Arc::new(Vault::open(folder).expect("opens")),
        clock: clock.clone(),
        key: folder.key("public.key").expect("drawn"),
    }))
}
