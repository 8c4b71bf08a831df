//! Asks an LDAP directory or Active Directory whether somebody may sign in.
//!
//! A person is proved by a bind with their password, over TLS, as exactly one entry. Servers are
//! asked in order until one answers; an answer is final, a failure goes on to the next. Fails
//! closed, within `total_ms`.

mod connection;
mod entry;
mod filter;
mod groups;
mod guard;
mod search;
mod server;
mod settings;
mod verdict;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::ClientConfig;

pub use settings::{Attributes, BindMode, GroupMode, SearchScope, Settings, TlsMode};

use crate::bulkhead::Bulkhead;
use crate::callback::AddressPolicy;
use crate::outcome::{Denial, Detail, Fault, Outcome, Report, Steps};
use crate::profile::Profile;
use crate::said::Said;
use crate::secret::NonEmptySecret;
use crate::trust::{BadSetting, Given, client_config};
use connection::Connection;
use entry::Entry;
use groups::Remembered;
use search::{One, Query};
use server::Server;
use settings::Checked;
use verdict::Bound;

/// Bytes that somebody may type as a name.
const NAME_BYTES_MAX: usize = 254;

/// One directory, with all its servers.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    settings: Settings,
    checked: Checked,
    tls: Arc<ClientConfig>,
    servers: Vec<Server>,
    /// The server that answered last is asked first.
    first: AtomicUsize,
    attributes: Vec<String>,
    places: Bulkhead,
    remembered: Remembered,
}

/// What is asked about somebody.
enum Wish {
    /// Whether it is them.
    SignIn(NonEmptySecret),
    /// What their entry says.
    Find,
}

/// A final answer of one server.
type Answer = Result<Outcome, Fault>;

impl Directory {
    /// Reads the files that the settings name.
    ///
    /// # Errors
    /// Naming the setting.
    pub fn new(settings: Settings) -> Result<Self, BadSetting> {
        Self::made(settings, None, &Given::default())
    }

    /// The same, with what settings would name a file for, and asking only what `policy` allows:
    /// whoever sets this is not whoever owns the machine.
    ///
    /// # Errors
    /// Naming the setting.
    pub fn guarded(
        settings: Settings,
        policy: AddressPolicy,
        given: &Given,
    ) -> Result<Self, BadSetting> {
        Self::made(settings, Some(Arc::new(policy)), given)
    }

    fn made(
        settings: Settings,
        policy: Option<Arc<AddressPolicy>>,
        given: &Given,
    ) -> Result<Self, BadSetting> {
        let checked = settings.check(given.password.as_ref())?;
        let tls = client_config(settings.ca.as_ref(), given, None)?;
        let servers: Vec<Server> = checked
            .addresses
            .iter()
            .map(|address| Server::new(address.clone(), &settings, policy.clone()))
            .collect();
        Ok(Self(Arc::new(Inner {
            attributes: entry::asked(&settings.attributes),
            places: Bulkhead::new(settings.at_once_max, settings.queue_ms),
            first: AtomicUsize::new(0),
            remembered: Remembered::default(),
            settings,
            checked,
            tls,
            servers,
        })))
    }

    /// Asks whether `name` may sign in with `secret`.
    pub async fn sign_in(&self, name: &str, secret: &NonEmptySecret) -> Report {
        self.ask(name, Wish::SignIn(secret.clone())).await
    }

    /// Looks somebody up, as an explanation without a password: the entry, groups and privileges
    /// that a sign-in would find. With direct bind, nobody can be looked up.
    pub async fn find(&self, name: &str) -> Report {
        self.ask(name, Wish::Find).await
    }

    async fn ask(&self, name: &str, wish: Wish) -> Report {
        let name = name.trim().to_owned();
        if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
            return Steps::begin().report(Outcome::denied(Denial::BadName));
        }
        let inner = Arc::clone(&self.0);
        // A task of its own: what a hostile directory might do to the parser ends there.
        match tokio::spawn(async move { inner.bounded(&name, &wish).await }).await {
            Ok(report) => report,
            Err(_) => {
                let fault = Fault::BadAnswer("the directory's answer has no known form".to_owned());
                Steps::begin().report(Outcome::Failed(fault))
            }
        }
    }
}

impl Inner {
    async fn bounded(&self, name: &str, wish: &Wish) -> Report {
        let mut steps = Steps::begin();
        let total = Duration::from_millis(self.settings.total_ms);
        let found = tokio::time::timeout(total, self.run(name, wish, &mut steps)).await;
        let outcome = match found.unwrap_or(Err(Fault::Late)) {
            Ok(outcome) => outcome,
            Err(fault) => {
                steps.done("fault", fault.said());
                Outcome::Failed(fault)
            }
        };
        steps.report(outcome)
    }

    async fn run(&self, name: &str, wish: &Wish, steps: &mut Steps) -> Answer {
        let _place = self.places.enter().await?;
        if self.settings.tls == TlsMode::ClearTextForTestsOnly {
            tracing::warn!("a directory is asked in clear text: every password can be read");
        }
        let count = self.servers.len();
        let first = self.first.load(Ordering::Relaxed) % count;
        let mut last = Fault::Resting;
        for at in (0..count).map(|n| (first + n) % count) {
            let server = &self.servers[at];
            if !server.may_ask() {
                let address = server.address.to_string();
                let words = format!("{address} failed and is left alone");
                steps.done("server", Said::new("server_rests", [address], words));
                continue;
            }
            match self.ask_server(server, name, wish, steps).await {
                Ok(outcome) => {
                    server.went_well();
                    self.first.store(at, Ordering::Relaxed);
                    return Ok(outcome);
                }
                // What another server would say too is not asked again: it might lock accounts.
                Err(fault @ (Fault::ServiceBind(_) | Fault::Search(_))) => {
                    server.went_well();
                    return Err(fault);
                }
                Err(fault) => {
                    server.failed();
                    let address = server.address.to_string();
                    let words = format!("{address}: {fault}");
                    // Its values are the address, and what the fault is made of.
                    let why = fault.said();
                    let values = [address, why.code.to_owned()].into_iter().chain(why.values);
                    steps.done("server", Said::new("server_failed", values, words));
                    last = fault;
                }
            }
        }
        Err(last)
    }

    async fn ask_server(
        &self,
        server: &Server,
        name: &str,
        wish: &Wish,
        steps: &mut Steps,
    ) -> Answer {
        match (&self.checked.direct, wish) {
            (None, _) => self.search_and_bind(server, name, wish, steps).await,
            (Some(template), Wish::SignIn(secret)) => {
                self.direct(server, &template.fill(name), name, secret, steps).await
            }
            (Some(template), Wish::Find) => {
                let who = template.fill(name);
                let words = format!("would be as {who}; nothing else is known without it");
                steps.done("bind", Said::new("would_bind", [who], words));
                Ok(Outcome::Failed(Fault::Search("direct bind needs the password".to_owned())))
            }
        }
    }

    async fn search_and_bind(
        &self,
        server: &Server,
        name: &str,
        wish: &Wish,
        steps: &mut Steps,
    ) -> Answer {
        let password = self.checked.bind_password.as_ref();
        let (mut ours, pooled) = server.ours(&self.settings, &self.tls, password).await?;
        self.told(server, &ours, steps);
        let who = password.map(|_| self.settings.bind_dn.as_str());
        let again = if pooled { ", on a connection kept open" } else { "" };
        let words = format!("as {}{again}", who.unwrap_or("nobody (anonymous)"));
        let code = if pooled { "bound_again" } else { "bound" };
        let values = [who.unwrap_or_default().to_owned()];
        steps.done("bind", Said::new(code, values, words));
        let entry = match self.find_one(name, &mut ours, steps).await {
            Ok(One::Found(entry)) => entry,
            Ok(One::Not(denial)) => {
                server.give_back(ours, &self.settings);
                return Ok(Outcome::denied(denial));
            }
            Err(fault) => return Err(fault),
        };
        if let Wish::SignIn(secret) = wish {
            let mut theirs = server.fresh(&self.settings, &self.tls).await?;
            if let Some(outcome) = self.bind_as(&entry.dn, secret, &mut theirs, steps).await? {
                server.give_back(ours, &self.settings);
                return Ok(outcome);
            }
        }
        let profile = self.profile(&entry, &mut ours, steps).await?;
        server.give_back(ours, &self.settings);
        Ok(Outcome::Allowed(Box::new(profile)))
    }

    async fn direct(
        &self,
        server: &Server,
        who: &str,
        name: &str,
        secret: &NonEmptySecret,
        steps: &mut Steps,
    ) -> Answer {
        let mut theirs = server.fresh(&self.settings, &self.tls).await?;
        self.told(server, &theirs, steps);
        if let Some(outcome) = self.bind_as(who, secret, &mut theirs, steps).await? {
            return Ok(outcome);
        }
        let is_dn = self.checked.direct.as_ref().is_some_and(filter::Template::is_dn);
        let found = if is_dn {
            // The entry that was signed in as, and no other that a filter might find.
            let query = Query {
                base: who,
                scope: SearchScope::Base,
                filter: "(objectClass=*)",
                attributes: &self.attributes,
                limit: self.operation(),
            };
            let found = query.one(&mut theirs.ldap).await?;
            self.told_found(&found, query.filter, who, steps);
            found
        } else {
            self.find_one(name, &mut theirs, steps).await?
        };
        match found {
            One::Found(entry) => {
                let profile = self.profile(&entry, &mut theirs, steps).await?;
                Ok(Outcome::Allowed(Box::new(profile)))
            }
            One::Not(denial) => Ok(Outcome::denied(denial)),
        }
    }

    async fn find_one(
        &self,
        name: &str,
        connection: &mut Connection,
        steps: &mut Steps,
    ) -> Result<One, Fault> {
        let filter = self.checked.filter.fill(name);
        let query = Query {
            base: &self.settings.base_dn,
            scope: self.settings.scope,
            filter: &filter,
            attributes: &self.attributes,
            limit: self.operation(),
        };
        let found = query.one(&mut connection.ldap).await?;
        self.told_found(&found, &filter, query.base, steps);
        Ok(found)
    }

    /// Signs in as somebody; `None` when it is them.
    async fn bind_as(
        &self,
        who: &str,
        secret: &NonEmptySecret,
        connection: &mut Connection,
        steps: &mut Steps,
    ) -> Result<Option<Outcome>, Fault> {
        if who.trim().is_empty() {
            return Ok(Some(Outcome::denied(Denial::BadName)));
        }
        let bind = connection.ldap.simple_bind(who, secret.expose());
        let result = match tokio::time::timeout(self.operation(), bind).await {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => return Err(Fault::Unreachable(error.to_string())),
            Err(_) => return Err(Fault::Late),
        };
        let number = verdict::sub_code(&result.text).map(|code| format!(", data {code:x}"));
        let number = number.unwrap_or_default();
        match verdict::bound(&result) {
            Bound::Yes => {
                let words = format!("right, as {who}");
                steps.done("password", Said::new("password_right", [who.to_owned()], words));
                Ok(None)
            }
            Bound::No(denial) => {
                let (denied, number) = (denial.code(), format!("{}{number}", result.rc));
                let words = format!("refused ({denied}), as {who}, code {number}");
                let values = [who.to_owned(), denied.to_owned(), number];
                steps.done("password", Said::new("password_refused", values, words));
                Ok(Some(Outcome::denied(denial)))
            }
            Bound::Unknown(fault) => Err(fault),
        }
    }

    async fn profile(
        &self,
        entry: &Entry,
        connection: &mut Connection,
        steps: &mut Steps,
    ) -> Result<Profile, Fault> {
        let age_max = Duration::from_secs(self.settings.group_age_s);
        let (groups, age) = match self.remembered.find(&entry.dn, age_max) {
            Some((groups, age)) => (groups, Some(age.as_secs())),
            None => {
                let filter = &self.checked.group_filter;
                let ldap = &mut connection.ldap;
                let found = groups::of(entry, ldap, &self.settings, filter).await?;
                let found = Arc::new(found);
                self.remembered.keep(&entry.dn, &found, age_max);
                (found, None)
            }
        };
        steps.done("groups", told_groups(&groups, age));
        let mut profile = entry.profile(&self.settings.attributes);
        let said = groups::grant(&mut profile, &groups, &self.settings);
        let all: Vec<&str> = profile.privileges.iter().map(|privilege| privilege.name()).collect();
        let (all, said) = (all.join(", "), said.join("; "));
        let words = format!("{all} ({said})");
        steps.done("privileges", Said::new("privileges", [all, said], words));
        Ok(profile)
    }

    fn operation(&self) -> Duration {
        Duration::from_millis(self.settings.operation_ms)
    }

    fn told(&self, server: &Server, connection: &Connection, steps: &mut Steps) {
        steps.done("server", server.address.to_string());
        let how: Detail = match self.settings.tls {
            TlsMode::Ldaps => format!("{} (LDAPS)", connection.tls).into(),
            TlsMode::StartTls => format!("{} (StartTLS)", connection.tls).into(),
            TlsMode::ClearTextForTestsOnly => {
                Said::new("clear_text", [], "NONE: every password can be read").into()
            }
        };
        steps.done("tls", how);
    }

    fn told_found(&self, found: &One, filter: &str, base: &str, steps: &mut Steps) {
        let (code, result, shown) = match found {
            One::Found(entry) => ("found", entry.dn.clone(), entry.dn.clone()),
            One::Not(denial) => {
                let why = denial.code();
                ("found_none", why.to_owned(), format!("no entry is meant ({why})"))
            }
        };
        let words = format!("{filter} under {base}: {shown}");
        let values = [filter.to_owned(), base.to_owned(), result];
        steps.done("search", Said::new(code, values, words));
    }
}

/// The groups that were found, and for how many seconds they have been known.
fn told_groups(groups: &groups::Groups, age: Option<u64>) -> Said {
    let names: Vec<&str> = groups.list.iter().map(|group| group.dn.as_str()).collect();
    let (count, names) = (names.len(), names.join("; "));
    let known = age.map(|seconds| format!(" (known for {seconds} s)")).unwrap_or_default();
    let cut = if groups.cut { ", and more that are not looked at" } else { "" };
    let words = format!("{count}{known}{cut}: {names}");
    let code = if groups.cut { "groups_cut" } else { "groups" };
    let age = age.map(|seconds| seconds.to_string()).unwrap_or_default();
    Said::new(code, [count.to_string(), age, names], words)
}
