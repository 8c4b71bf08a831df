//! Asks an application server whether somebody may sign in, in the XML form of the legacy product.
//!
//! Fails closed: whatever is not a clear `SUCCEED` lets nobody in. One slow server costs nobody
//! else anything: at most `at_once_max` sign-ins wait for it, for at most `total_ms`.

mod address;
mod check;
pub mod deliver;
mod exchange;
mod memory;
mod service;
mod settings;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use convoke_wire::turbo::{AccountAnswer, Oddity, account_answer};
use rustls::ClientConfig;
use subtle::ConstantTimeEq;

pub use address::{AddressPolicy, Network};
pub use check::{Finding, Known, check_adapter};
pub use exchange::{Resolve, Resolving, SystemResolver};
pub use settings::{Method, Settings};

use crate::breaker::Breaker;
use crate::bulkhead::Bulkhead;
use crate::outcome::{Denial, Fault, Outcome, Report, Steps};
use crate::profile::{Privilege, Profile};
use crate::said::Said;
use crate::secret::NonEmptySecret;
use crate::trust::{BadSetting, Given, Identity, client_config};
use exchange::{AnswerForm, Line};
use memory::{Denials, Grace, Graces};
use settings::Target;

/// Bytes that somebody may type as a name.
const NAME_BYTES_MAX: usize = 254;

/// One application server.
pub struct Callback {
    settings: Settings,
    target: Target,
    policy: AddressPolicy,
    tls: Arc<ClientConfig>,
    resolver: Arc<dyn Resolve>,
    places: Bulkhead,
    asked: AtomicU64,
    breaker: Mutex<Breaker>,
    denials: Mutex<Denials>,
    graces: Mutex<Graces>,
}

impl Callback {
    /// Reads the files that the settings name. `own` are the addresses this server listens on.
    ///
    /// # Errors
    /// Naming the setting.
    pub fn new(settings: Settings, own: &[SocketAddr]) -> Result<Self, BadSetting> {
        Self::with_resolver(settings, own, Arc::new(SystemResolver))
    }

    /// The same, with what settings would name a file for.
    ///
    /// # Errors
    /// Naming the setting.
    pub fn given(
        settings: Settings,
        own: &[SocketAddr],
        given: &Given,
    ) -> Result<Self, BadSetting> {
        Self::made(settings, own, given, Arc::new(SystemResolver))
    }

    /// The same, with names looked up by `resolver`.
    ///
    /// # Errors
    /// Naming the setting.
    pub fn with_resolver(
        settings: Settings,
        own: &[SocketAddr],
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, BadSetting> {
        Self::made(settings, own, &Given::default(), resolver)
    }

    fn made(
        settings: Settings,
        own: &[SocketAddr],
        given: &Given,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, BadSetting> {
        let target = settings.target()?;
        let identity = match (&settings.client_certificate, &settings.client_key) {
            (Some(certificate), Some(key)) => Some(Identity { certificate, key }),
            (Some(_), None) | (None, Some(_)) | (None, None) => None,
        };
        let tls = client_config(settings.ca.as_ref(), given, identity)?;
        let denials = Denials::new(Duration::from_secs(settings.deny_cache_s))
            .map_err(|error| BadSetting::new("deny_cache_s", error.to_string()))?;
        Ok(Self {
            policy: AddressPolicy {
                allow_private: settings.allow_private.clone(),
                allow_loopback: settings.allow_loopback,
                own: own.to_vec(),
            },
            places: Bulkhead::new(settings.at_once_max, settings.queue_ms),
            asked: AtomicU64::new(0),
            breaker: Mutex::new(Breaker::new(
                settings.failures_max,
                Duration::from_secs(settings.rest_s),
            )),
            denials: Mutex::new(denials),
            graces: Mutex::new(Graces::new()),
            settings,
            target,
            tls,
            resolver,
        })
    }

    /// Asks whether `name` may sign in with `secret`.
    pub async fn ask(&self, name: &str, secret: &NonEmptySecret) -> Report {
        let mut steps = Steps::begin();
        let name = name.trim();
        if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
            return steps.report(Outcome::denied(Denial::BadName));
        }
        if let Some(reason) = lock(&self.denials).find(name, secret, Instant::now()) {
            let words = "the same name and password were refused a moment ago";
            steps.done("memory", Said::new("refused_before", [], words));
            return steps.report(Outcome::Denied(Denial::Refused, reason));
        }
        let total = Duration::from_millis(self.settings.total_ms);
        let found = match tokio::time::timeout(total, self.answer(name, secret, &mut steps)).await {
            Ok(found) => found,
            Err(_) => {
                lock(&self.breaker).failed(Instant::now());
                Err(Fault::Late)
            }
        };
        let outcome = match found {
            Ok(answer) => {
                let answer = without(answer, secret);
                self.judge(name, secret, answer, &mut steps).await
            }
            Err(fault) => {
                steps.done("fault", fault.said());
                self.outage(name, secret, fault, &mut steps).await
            }
        };
        steps.report(outcome)
    }

    /// How many sign-ins were sent on their way to the server, for counters and tests.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// How many more sign-ins may ask right now.
    #[must_use]
    pub fn free_places(&self) -> usize {
        self.places.free()
    }

    async fn answer(
        &self,
        name: &str,
        secret: &NonEmptySecret,
        steps: &mut Steps,
    ) -> Result<AccountAnswer, Fault> {
        let _place = self.places.enter().await?;
        if !lock(&self.breaker).may_ask(Instant::now()) {
            return Err(Fault::Resting);
        }
        steps.done("place", self.places.said());
        let found = self.exchange(name, secret, steps).await;
        let mut breaker = lock(&self.breaker);
        match &found {
            Ok(_) => breaker.went_well(),
            Err(_) => breaker.failed(Instant::now()),
        }
        found
    }

    async fn exchange(
        &self,
        name: &str,
        secret: &NonEmptySecret,
        steps: &mut Steps,
    ) -> Result<AccountAnswer, Fault> {
        let fields: [(&str, &[u8]); 2] =
            [("email", name.as_bytes()), ("password", secret.expose().as_bytes())];
        if !self.settings.require_nonce {
            return self.read(&fields, steps).await;
        }
        let nonce = nonce().map_err(|error| Fault::BadAnswer(error.to_string()))?;
        let [email, password] = fields;
        let answer = self.read(&[email, password, ("nonce", nonce.as_bytes())], steps).await?;
        let echoed = answer.others.get("Nonce").map(String::as_bytes).unwrap_or_default();
        if bool::from(echoed.ct_eq(nonce.as_bytes())) {
            Ok(answer)
        } else {
            Err(Fault::BadAnswer("__Nonce__ is not what was sent".to_owned()))
        }
    }

    /// Sends these fields, whatever they are, and reads the answer.
    async fn read(
        &self,
        fields: &[(&str, &[u8])],
        steps: &mut Steps,
    ) -> Result<AccountAnswer, Fault> {
        let reply = self.line(AnswerForm::Xml).ask(fields, steps).await?;
        account_answer(&reply.body, reply.charset.as_deref())
            .map_err(|bad| Fault::BadAnswer(bad.to_string()))
    }

    fn line(&self, form: AnswerForm) -> Line<'_> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Line {
            target: &self.target,
            policy: &self.policy,
            tls: &self.tls,
            resolver: self.resolver.as_ref(),
            method: self.settings.method,
            connect: Duration::from_millis(self.settings.connect_ms),
            form,
        }
    }

    async fn judge(
        &self,
        name: &str,
        secret: &NonEmptySecret,
        answer: AccountAnswer,
        steps: &mut Steps,
    ) -> Outcome {
        for oddity in &answer.oddities {
            steps.done("odd", odd(oddity));
        }
        if !answer.succeeded {
            let sentence = || Denial::Refused.sentence().to_owned();
            let reason = answer.reason.unwrap_or_else(sentence);
            lock(&self.denials).keep(name, secret, &reason, Instant::now());
            lock(&self.graces).forget(name);
            steps.done("verdict", "FAILED");
            return Outcome::Denied(Denial::Refused, reason);
        }
        if answer.administrator && !self.settings.allow_administrator {
            let words = "asked for, and not granted: `allow_administrator` is off";
            steps.done("administrator", Said::new("not_granted", [], words));
        }
        let profile = profile(name, answer, self.settings.allow_administrator);
        let names = names(&profile);
        let shown = if names.is_empty() { "none" } else { &names };
        let words = format!("SUCCEED; privileges: {shown}");
        steps.done("verdict", Said::new("succeed", [names], words));
        self.remember(name, secret, &profile).await;
        Outcome::Allowed(Box::new(profile))
    }

    async fn remember(&self, name: &str, secret: &NonEmptySecret, profile: &Profile) {
        if self.settings.grace_s == 0 {
            return;
        }
        let until = Instant::now() + Duration::from_secs(self.settings.grace_s);
        let (secret, profile) = (secret.clone(), profile.clone());
        let made = tokio::task::spawn_blocking(move || Grace::of(&secret, &profile, until)).await;
        if let Ok(Ok(grace)) = made {
            lock(&self.graces).keep(name, grace, Instant::now());
        }
    }

    /// When the server is simply not there, a password that was good lately is good.
    async fn outage(
        &self,
        name: &str,
        secret: &NonEmptySecret,
        fault: Fault,
        steps: &mut Steps,
    ) -> Outcome {
        if !fault.is_outage() {
            return Outcome::Failed(fault);
        }
        let Some(grace) = lock(&self.graces).find(name, Instant::now()) else {
            return Outcome::Failed(fault);
        };
        // Hashing is bounded like asking is.
        let Ok(_place) = self.places.enter().await else { return Outcome::Failed(fault) };
        let secret = secret.clone();
        match tokio::task::spawn_blocking(move || grace.open(&secret)).await {
            Ok(Some(profile)) => {
                let words = "the server is out of reach; the last good sign-in counts";
                steps.done("grace", Said::new("grace", [], words));
                Outcome::Allowed(Box::new(profile))
            }
            Ok(None) | Err(_) => Outcome::Failed(fault),
        }
    }
}

/// Characters of a password below which it cannot be told from ordinary text.
const PASSWORD_CHARS_MIN: usize = 4;

/// The answer without the password, should the server repeat it: what it says is shown and kept.
fn without(mut answer: AccountAnswer, secret: &NonEmptySecret) -> AccountAnswer {
    let secret = secret.expose();
    if secret.chars().count() >= PASSWORD_CHARS_MIN {
        let AccountAnswer {
            reason, first_name, last_name, phone, user_id, others, oddities, ..
        } = &mut answer;
        let named = [reason, first_name, last_name, phone, user_id].into_iter().flatten();
        for text in named.chain(others.values_mut()).filter(|text| text.contains(secret)) {
            *text = text.replace(secret, "***");
        }
        others.retain(|name, _| !name.contains(secret));
        oddities.retain(|oddity| !oddity.to_string().contains(secret));
    }
    answer
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind these locks is whole after every call, even one that ended badly.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn nonce() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn profile(name: &str, answer: AccountAnswer, allow_administrator: bool) -> Profile {
    let said = answer.privileges;
    let asked = [
        (said.interactive_meeting, Privilege::InteractiveMeeting),
        (said.seminar, Privilege::Seminar),
        (said.remote_support, Privilege::RemoteSupport),
        (said.remote_access, Privilege::RemoteAccess),
        (said.send_file, Privilege::SendFile),
        (said.chat, Privilege::Chat),
        (said.record, Privilege::Record),
        (said.video_conference, Privilege::VideoConference),
    ];
    Profile {
        first_name: answer.first_name,
        last_name: answer.last_name,
        phone: answer.phone,
        email: name.contains('@').then(|| name.to_owned()),
        user_id: answer.user_id,
        time_zone: answer.time_zone.map(|zone| zone.iana.to_owned()),
        administrator: answer.administrator && allow_administrator,
        privileges: asked.iter().filter(|(yes, _)| *yes).map(|(_, privilege)| *privilege).collect(),
        groups: Vec::new(),
        others: answer.others,
    }
}

fn names(profile: &Profile) -> String {
    let names: Vec<&str> = profile.privileges.iter().map(|privilege| privilege.name()).collect();
    names.join(", ")
}

/// What is odd about an answer that can be used.
fn odd(oddity: &Oddity) -> Said {
    let (code, values) = match oddity {
        Oddity::NotYesOrNo(name) => ("odd_yes_or_no", vec![(*name).to_owned()]),
        Oddity::UnknownTimeZone => ("odd_time_zone", Vec::new()),
        Oddity::Foreign(name) => ("odd_element", vec![name.clone()]),
        Oddity::NoReason => ("odd_no_reason", Vec::new()),
        Oddity::LongReason => ("odd_long_reason", Vec::new()),
        Oddity::Gbk => ("odd_gbk", Vec::new()),
    };
    Said::new(code, values, oddity.to_string())
}
