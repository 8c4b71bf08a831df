//! Everything the handlers share.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use convoke_model::MeetingId;
use convoke_model::site::accounts::Via;
use convoke_model::site::settings::Branding;
use convoke_model::site::{Audit, Command};
use convoke_plugins::rhai::Policies;
use convoke_wire::turbo::Secret;
use tokio::sync::{Semaphore, watch};

use super::admin;
use super::cookies::Browser;
use super::events::STREAMS_MAX;
use super::forwarded::Sender;
use super::join;
use super::once::Answers;
use super::origin::{Origin, Origins};
use super::patience::Patience;
use super::pending::Notes;
use super::planning::Turns;
use super::refusal::No;
use super::setup::SetUp;
use super::slots::{Slot, Slots};
use super::socket::Handover;
use crate::accounts::{Accounts, Attempt, Hasher};
use crate::bridges::Bridges;
use crate::clock::Clock;
use crate::config::{Config, LegacyDoors};
use crate::connections::{self, Connections};
use crate::control::{Account, Engine, EngineError};
use crate::entropy;
use crate::folder::Folder;
use crate::invitation::Invitations;
use crate::limits::{Backoff, Buckets, Door, Rate, by_customer};
use crate::mail::{Language, Mail, Switched, Words};
use crate::metrics::Metrics;
use crate::outside::Outside;
use crate::policy::Desk;
use crate::public::Lists;
use crate::quarantine::Quarantine;
use crate::sign_in::SignIns;
use crate::tickets::Tickets;
use crate::tls::{Tls, machine_name};
use crate::vault::{SecretOf, Vault};
use crate::webhooks::Webhooks;

/// What a [`Site`] is made of.
pub struct Parts {
    /// The engine behind the doors.
    pub engine: Arc<dyn Engine>,
    /// Who takes over upgraded connections.
    pub handover: Arc<dyn Handover>,
    /// The tickets, which the data plane redeems.
    pub tickets: Arc<Tickets>,
    /// The places for connections.
    pub slots: Arc<Slots>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The data folder.
    pub folder: Folder,
    /// The settings.
    pub config: Config,
    /// Where we listen.
    pub listen: SocketAddr,
    /// TLS, unless we serve plain HTTP on loopback.
    pub tls: Option<Tls>,
    /// Who delivers letters.
    pub mail: Arc<dyn Mail>,
    /// What letters and invitations say.
    pub words: Arc<Words>,
    /// How long the listener waits.
    pub patience: Patience,
    /// The operator's scripts, where there are any.
    pub policies: Option<Arc<Policies>>,
    /// Why nothing is taken, when the log is not whole.
    pub quarantine: Option<Quarantine>,
    /// What the public may know; not there in quarantine, nor for a single command.
    pub public: Option<Arc<Lists>>,
}

/// Everything the handlers share.
pub struct Site {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) handover: Arc<dyn Handover>,
    pub(super) tickets: Arc<Tickets>,
    pub(super) slots: Arc<Slots>,
    pub(super) clock: Arc<dyn Clock>,
    pub(crate) metrics: Arc<Metrics>,
    pub(super) config: Config,
    pub(super) tls: Option<Tls>,
    pub(super) patience: Patience,
    pub(super) quarantine: Option<Quarantine>,
    pub(super) vault: Arc<Vault>,
    pub(super) accounts: Arc<Accounts>,
    pub(super) sign_ins: SignIns,
    pub(super) mail: Arc<dyn Mail>,
    pub(super) words: Arc<Words>,
    pub(super) invitations: Invitations,
    pub(super) join_limits: join::Limits,
    pub(super) set_up: SetUp,
    pub(super) pending: Notes,
    /// One fact a minute for each address and route at which passwords were exposed.
    exposures: Buckets<(IpAddr, &'static str)>,
    pub(super) origins: Origins,
    pub(super) no_meeting: MeetingId,
    pub(super) turns: Turns,
    pub(super) webhooks: Arc<Webhooks>,
    /// Places for answers that go on and on.
    pub(super) streams: Arc<Semaphore>,
    /// Becomes true when those are to end.
    pub(super) ending: watch::Sender<bool>,
    pub(super) public: Option<Arc<Lists>>,
    pub(super) public_limits: Buckets<IpAddr>,
    pub(super) answers: Answers,
    pub(super) bridges: Arc<Bridges>,
    /// Bridges that showed a wrong secret, by address.
    pub(super) bridge_door: Buckets<IpAddr>,
    /// Those outside whom administrators set, and those of the settings file.
    pub(super) connections: Arc<Connections>,
    /// What the console needs.
    pub(super) desk: admin::Desk,
}

impl Site {
    /// Puts the parts together, drawing keys at first use.
    ///
    /// # Errors
    /// When a key file cannot be read or made.
    pub fn new(parts: Parts) -> io::Result<Arc<Self>> {
        let vault = Arc::new(Vault::open(&parts.folder)?);
        let limits = &parts.config.sign_in;
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let queue_max = usize::try_from(limits.queue_max).unwrap_or(usize::MAX / 2);
        let hasher = Hasher::new(parts.folder.key("pepper.key")?, cores, queue_max);
        let door = Door::new(
            Rate::per_minute(limits.failures_per_minute, limits.failures_burst),
            Rate::per_second(50),
        );
        let longest = Duration::from_secs(u64::from(limits.backoff_max_s));
        let after = limits.backoff_after;
        let backoff = move || Backoff::new(after, longest);
        let accounts = Accounts::new(
            Arc::clone(&parts.engine),
            Arc::clone(&vault),
            hasher,
            Arc::clone(&parts.clock),
            door,
            backoff,
        );
        let accounts = Arc::new(accounts);
        let (engine, clock) = (Arc::clone(&parts.engine), Arc::clone(&parts.clock));
        let (folder, settings) = (&parts.folder, &parts.config.webhooks);
        let webhooks =
            Webhooks::new(engine, Arc::clone(&vault), clock, folder, settings, parts.listen)
                .map_err(|bad| {
                    io::Error::new(io::ErrorKind::InvalidInput, format!("[webhooks] {bad}"))
                })?;
        let public = parts.config.public;
        let public_rate = Rate::per_minute(public.per_minute, public.burst);
        let no_meeting = MeetingId::new(entropy::NO_MEETING).expect("it is in the range");
        let stand_in = SecretOf::Meeting(no_meeting);
        let put = match vault.get(stand_in) {
            Ok(None) => vault.put(stand_in, entropy::token::<8>().as_bytes()).map(drop),
            Ok(Some(_)) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = put {
            // No reason not to begin: on a full disk people still look at what there is.
            tracing::warn!(%error, "no password stands in for those that are not there");
        }
        let base = parts.config.base_url.as_deref();
        let bridges = Bridges::open(&parts.config, &*parts.engine, Arc::clone(&parts.clock));
        let bridges = Arc::new(bridges.map_err(io::Error::other)?);
        let mail = Arc::new(Switched::new(parts.mail));
        let connections = connections::Parts {
            engine: Arc::clone(&parts.engine),
            vault: Arc::clone(&vault),
            bridges: Arc::clone(&bridges),
            mail: Arc::clone(&mail),
            words: Arc::clone(&parts.words),
            own: parts.listen,
        };
        let connections = Arc::new(Connections::new(connections, &parts.config));
        Ok(Arc::new(Self {
            bridges,
            bridge_door: Buckets::new(Rate::per_minute(10, 20)),
            origins: Origins::new(base, machine_name(), parts.listen),
            join_limits: join::Limits::new(&parts.config.join),
            invitations: Invitations::new(parts.folder.key("invitation.key")?),
            engine: parts.engine,
            handover: parts.handover,
            tickets: parts.tickets,
            slots: parts.slots,
            clock: parts.clock,
            metrics: parts.metrics,
            config: parts.config,
            tls: parts.tls,
            patience: parts.patience,
            quarantine: parts.quarantine,
            vault,
            sign_ins: SignIns::new(Arc::clone(&accounts), parts.policies),
            accounts,
            mail,
            connections,
            words: parts.words,
            set_up: SetUp::default(),
            pending: Notes::default(),
            exposures: Buckets::new(Rate::per_minute(1, 1)),
            no_meeting,
            turns: Turns::default(),
            webhooks: Arc::new(webhooks),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            ending: watch::channel(false).0,
            public: parts.public,
            public_limits: Buckets::new(public_rate),
            answers: Answers::new(parts.folder.key("requests.key")?),
            desk: admin::Desk::new(parts.folder),
        }))
    }

    /// The address to open, as printed at start.
    #[must_use]
    pub fn address(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        self.origins.usual(scheme).to_string()
    }

    /// The one-time set-up link, if nobody administers this server yet.
    ///
    /// # Errors
    /// When the engine cannot say.
    pub async fn set_up_link(&self) -> Result<Option<String>, EngineError> {
        // A log in quarantine does not say who administers, and takes nobody.
        if self.quarantine.is_some() || self.engine.has_administrator().await? {
            return Ok(None);
        }
        Ok(Some(format!("{}/setup#{}", self.address(), self.set_up.draw())))
    }

    /// Passwords and accounts, for the control socket.
    #[must_use]
    pub fn accounts(&self) -> Arc<Accounts> {
        Arc::clone(&self.accounts)
    }

    /// Who else is told of events.
    #[must_use]
    pub fn webhooks(&self) -> Arc<Webhooks> {
        Arc::clone(&self.webhooks)
    }

    /// Ends the answers that go on and on, so that the others can be waited for.
    pub(super) fn end_streams(&self) {
        self.ending.send_replace(true);
    }

    /// Telephone bridges, with the calls that they carry.
    #[must_use]
    pub fn bridges(&self) -> Arc<Bridges> {
        Arc::clone(&self.bridges)
    }

    /// Takes in the connections that administrators set before.
    pub fn connect(&self) {
        self.connections.refresh();
    }

    /// Gives the console what is there once the server runs.
    pub fn open_console(&self, outside: Arc<Outside>, policies: Option<Arc<Desk>>) {
        self.connections.open(outside);
        self.desk.open(policies);
    }

    /// Whether somebody has to set up codes before anything else.
    pub(super) fn owes_codes(&self, account: &Account) -> bool {
        self.config.sign_in.administrators_need_codes && account.administers() && !account.codes
    }

    /// Records that a password came where others may have read it: in an address, or over plain
    /// HTTP from another machine. Anybody can send such calls, so those of one address to one route
    /// are one fact a minute.
    pub(super) async fn exposed(
        &self,
        caller: &Caller,
        route: &'static str,
        in_address: bool,
    ) -> Result<(), No> {
        let allowed = in_address && self.config.legacy_doors == LegacyDoors::Allow;
        if allowed || !(in_address || caller.plain_from_afar) {
            return Ok(());
        }
        let key = (by_customer(caller.from()), route);
        if self.exposures.take(&key, self.clock.uptime()).is_err() {
            return Ok(());
        }
        tracing::warn!(route, in_address, "a password arrived where others may have read it");
        let audit = Audit::CredentialExposed { route: route.to_owned(), in_address };
        Ok(self.engine.record(Command::Audit(audit)).await?)
    }
}

/// Who sent a request, and how.
#[derive(Clone)]
pub(super) struct Caller {
    /// The other end of the connection, which may be a proxy.
    pub(super) peer: SocketAddr,
    pub(super) sender: Sender,
    /// Our own origin, as this caller knows us.
    pub(super) own: Origin,
    /// Came by plain HTTP although we have TLS.
    pub(super) must_move: bool,
    /// Came by plain HTTP from another machine.
    pub(super) plain_from_afar: bool,
    /// Which browser it is.
    pub(super) browser: Browser,
    /// What it says it is.
    pub(super) agent: String,
    /// The language its person reads.
    pub(super) language: Language,
    /// How the server presents itself, on pages.
    pub(super) branding: Branding,
    /// The connection's place, which goes along when it is handed over.
    pub(super) place: Arc<Mutex<Option<Slot>>>,
    /// The API key it came with.
    pub(super) bearer: Option<Arc<Secret>>,
}

impl Caller {
    /// Where they are, as far as that is known.
    pub(super) fn from(&self) -> IpAddr {
        self.sender.address
    }

    /// A try of this caller to prove who they are.
    pub(super) fn attempt(&self, via: Via) -> Attempt {
        Attempt { via, from: self.from(), browser: self.browser.family() }
    }
}
