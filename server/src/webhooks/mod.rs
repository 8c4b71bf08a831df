//! Webhooks: others are told of events by calls of their own address. One task for each follows the
//! log from where its receiver stands, so that one who is slow or away delays nobody else, and
//! whoever comes back after days is told everything in order.

mod call;
mod follow;
mod place;
mod sign;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use convoke_model::site::webhooks::{Command, Letter, Subscription, Webhook};
use convoke_model::text::Sentence;
use convoke_model::{Actor, Millis, Position, Refusal, StreamId, WebhookId, site};
use convoke_plugins::callback::deliver::{Deliverer, Settings};
use convoke_plugins::{BadSetting, callback};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::control::{Engine, EngineError};
use crate::events::EventLog;
use crate::folder::Folder;
use crate::vault::{SecretOf, Vault, VaultError};

pub use call::Sent;
pub use place::Place;

use follow::Follower;
use sign::Secrets;

/// How often is looked for webhooks without a task, should one have died.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Everything about webhooks.
pub struct Webhooks {
    engine: Arc<dyn Engine>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    folder: PathBuf,
    deliverer: Deliverer,
    /// Grows with every change, for tasks to look.
    changed: watch::Sender<u64>,
    states: Mutex<BTreeMap<WebhookId, State>>,
    /// Those that are to try now what waits for a better time.
    hurried: Mutex<BTreeSet<WebhookId>>,
}

/// How a receiver fares.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Where it stands.
    pub place: Place,
    /// When it last took an event, since the server's start.
    pub taken: Option<Millis>,
    /// Why nothing goes on although nothing was tried: no secret, a log that cannot be read.
    pub trouble: Option<String>,
}

/// Why something about webhooks was not done.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The engine said no, or could not.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The secret could not be kept or read.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The log could not be read.
    #[error("the log could not be read: {0}")]
    Log(String),
}

impl From<Refusal> for WebhookError {
    fn from(refusal: Refusal) -> Self {
        Self::Engine(EngineError::Refused(refusal))
    }
}

impl Webhooks {
    /// Reads the files that the settings name; tells nobody yet.
    ///
    /// # Errors
    /// Naming the setting.
    pub fn new(
        engine: Arc<dyn Engine>,
        vault: Arc<Vault>,
        clock: Arc<dyn Clock>,
        folder: &Folder,
        settings: &Settings,
        own: std::net::SocketAddr,
    ) -> Result<Self, BadSetting> {
        Ok(Self {
            deliverer: Deliverer::new(settings.clone(), &[own])?,
            folder: folder.root().join("webhooks"),
            engine,
            vault,
            clock,
            changed: watch::channel(0).0,
            states: Mutex::default(),
            hurried: Mutex::default(),
        })
    }

    /// Tells everybody until asked to stop; calls under way are finished and noted.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let Some(log) = self.engine.events() else { return };
        let mut changed = self.changed.subscribe();
        let mut tasks: BTreeMap<WebhookId, JoinHandle<()>> = BTreeMap::new();
        loop {
            changed.borrow_and_update();
            tasks.retain(|_, task| !task.is_finished());
            let known = self.engine.webhooks();
            for (number, _) in known.iter() {
                let begin = || {
                    let follower = Follower::new(self.clone(), log.clone(), number, stop.clone());
                    tokio::spawn(follower.run())
                };
                tasks.entry(number).or_insert_with(begin);
            }
            tokio::select! {
                _ = changed.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                // A dropped sender means the same as a stop.
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        for (_, task) in tasks {
            let _ = task.await;
        }
    }

    /// Whether an address may be called, as far as that shows by now.
    ///
    /// # Errors
    /// One sentence.
    pub fn check(&self, url: &str) -> Result<(), String> {
        self.deliverer.check(url)
    }

    /// All of them, by number, with how they fare.
    #[must_use]
    pub fn all(&self) -> Vec<(WebhookId, Webhook, State)> {
        let known = self.engine.webhooks();
        let one = |(number, webhook): (WebhookId, &Webhook)| {
            (number, webhook.clone(), self.state(number))
        };
        known.iter().map(one).collect()
    }

    /// One of them.
    #[must_use]
    pub fn one(&self, number: WebhookId) -> Option<(Webhook, State)> {
        let webhook = self.engine.webhook(number)?;
        Some((webhook, self.state(number)))
    }

    /// How many facts a receiver has not been led past.
    #[must_use]
    pub fn behind(&self, state: &State) -> u64 {
        let size = self.engine.events().map_or(0, |log| log.size());
        size.saturating_sub(state.place.next)
    }

    /// Adds one: its number and its secret, which is shown only now.
    ///
    /// # Errors
    /// As the rules and the disk say.
    pub async fn add(
        &self,
        by: Actor,
        subscription: Subscription,
        reason: Option<Sentence>,
    ) -> Result<(WebhookId, String), WebhookError> {
        let number = WebhookId(self.wish(by, Command::Add { subscription, reason }).await?);
        // If this fails, there is a webhook without a secret: it tells nothing until it gets one.
        let secrets = Secrets::draw(None);
        self.vault.put(SecretOf::Webhook(number), &secrets.to_bytes())?;
        self.changed.send_modify(|changes| *changes += 1);
        Ok((number, secrets.shown()))
    }

    /// Gives one a new secret; calls are signed with both for a day.
    ///
    /// # Errors
    /// As the rules and the disk say.
    pub async fn rotate(
        &self,
        by: Actor,
        webhook: WebhookId,
        reason: Option<Sentence>,
    ) -> Result<String, WebhookError> {
        if self.one(webhook).is_none() {
            return Err(Refusal::NotFound.into());
        }
        let old = self.secrets(webhook)?;
        let secrets = Secrets::draw(old.map(|old| (old, self.clock.now())));
        self.vault.put(SecretOf::Webhook(webhook), &secrets.to_bytes())?;
        self.wish(by, Command::ChangeSecret { webhook, reason }).await?;
        Ok(secrets.shown())
    }

    /// Changes one, switches it on or off.
    ///
    /// # Errors
    /// As the rules say.
    pub async fn change(&self, by: Actor, command: Command) -> Result<(), WebhookError> {
        self.wish(by, command).await.map(drop)
    }

    /// Takes one away, with its secret.
    ///
    /// # Errors
    /// As the rules and the disk say.
    pub async fn remove(
        &self,
        by: Actor,
        webhook: WebhookId,
        reason: Option<Sentence>,
    ) -> Result<(), WebhookError> {
        self.wish(by, Command::Remove { webhook, reason }).await?;
        Ok(self.vault.remove(SecretOf::Webhook(webhook))?)
    }

    /// Tries at once what waits for a better time.
    pub fn hurry(&self, webhook: WebhookId) {
        lock(&self.hurried).insert(webhook);
        self.changed.send_modify(|changes| *changes += 1);
    }

    /// Tells a receiver of an event that was given up; once it was taken, it is given up no more.
    ///
    /// # Errors
    /// `not_found` when it was not given up, or can no longer be told.
    pub async fn redeliver(
        &self,
        by: Actor,
        webhook: WebhookId,
        (stream, position): (StreamId, Position),
    ) -> Result<Sent, WebhookError> {
        let (known, _) = self.one(webhook).ok_or(Refusal::NotFound)?;
        let is_it = |letter: &Letter| letter.is_of(stream, position);
        if !known.dead.iter().any(|(_, letter)| is_it(letter)) {
            return Err(Refusal::NotFound.into());
        }
        let log = self.engine.events().ok_or(Refusal::NotFound)?;
        let found = tokio::task::spawn_blocking(move || log.one(stream, position)).await;
        let found = found.map_err(|error| WebhookError::Log(error.to_string()))?;
        let event = found.map_err(|error| WebhookError::Log(error.to_string()))?;
        let event = event.ok_or(Refusal::NotFound)?;
        let url = known.subscription.url.as_str();
        let sent = self.call(webhook, url, &event.id(), &event.to_json()).await;
        if matches!(sent, Sent::Taken(_)) {
            self.wish(by, Command::Redeliver { webhook, stream, position }).await?;
        }
        Ok(sent)
    }

    async fn wish(&self, by: Actor, command: Command) -> Result<u32, WebhookError> {
        let made = self.engine.wish(by, site::Command::Webhooks(command)).await?;
        self.changed.send_modify(|changes| *changes += 1);
        Ok(made)
    }

    fn secrets(&self, webhook: WebhookId) -> Result<Option<Secrets>, VaultError> {
        let material = self.vault.get(SecretOf::Webhook(webhook))?;
        Ok(material.and_then(|material| Secrets::from_bytes(&material)))
    }

    fn state(&self, number: WebhookId) -> State {
        lock(&self.states).get(&number).cloned().unwrap_or_default()
    }

    fn note(&self, number: WebhookId, note: impl FnOnce(&mut State)) {
        note(lock(&self.states).entry(number).or_default());
    }
}

/// The settings of webhooks.
pub use callback::deliver::Settings as WebhookSettings;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a task follows.
type Log = Arc<EventLog>;
