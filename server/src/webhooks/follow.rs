//! One receiver's task: reads the log from where it stands, tells one event after the other, and
//! notes each that was taken.

use std::sync::Arc;
use std::time::Duration;

use convoke_model::site::webhooks::{Command, Letter, Webhook};
use convoke_model::text::Sentence;
use convoke_model::{Actor, Millis, WebhookId};
use tokio::sync::watch;

use super::place::Place;
use super::{Log, Sent, Webhooks, lock};
use crate::entropy;
use crate::events::{Event, Filter, Page, Portion};

/// What is read at once.
const PORTION: Portion = Portion { events_max: 100, bytes_max: 4 << 20 };
/// Entries that were passed over without a call, before that is noted.
const UNNOTED_MAX: u64 = 10_000;
/// What comes within this time is read together.
const GATHER: Duration = Duration::from_millis(20);
/// After a fault of our own.
const REST: Duration = Duration::from_secs(30);

pub(super) struct Follower {
    hooks: Arc<Webhooks>,
    log: Log,
    number: WebhookId,
    place: Place,
    /// The place that is noted.
    noted: u64,
    changed: watch::Receiver<u64>,
    growth: watch::Receiver<u64>,
    stop: watch::Receiver<bool>,
}

/// What became of telling one event.
enum Told {
    /// It was told, or given up: the next one.
    Yes,
    /// Something changed: look again what there is to tell.
    LookAgain,
    /// The server stops.
    Stopped,
}

impl Follower {
    pub(super) fn new(
        hooks: Arc<Webhooks>,
        log: Log,
        number: WebhookId,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let (changed, growth) = (hooks.changed.subscribe(), log.growth());
        let place = Place::default();
        Self { hooks, log, number, place, noted: 0, changed, growth, stop }
    }

    /// Until the webhook is gone, or the server stops.
    pub(super) async fn run(mut self) {
        loop {
            let begun = self.begin().await;
            match begun {
                Ok(true) => break,
                Ok(false) => return,
                Err(why) => self.trouble(why),
            }
            if !self.rest().await {
                return;
            }
        }
        while self.step().await {}
    }

    /// Finds where the receiver stands; `false` when there is no such webhook any more.
    async fn begin(&mut self) -> Result<bool, String> {
        let Some(webhook) = self.webhook() else { return Ok(false) };
        let (log, folder, number) = (self.log.clone(), self.hooks.folder.clone(), self.number);
        let find = move || -> Result<Place, String> {
            let said = |error: convoke_journal::Error| error.to_string();
            let start = || {
                let site = convoke_model::StreamId::SITE;
                let after = log.place_after(site, webhook.since).map_err(said)?;
                let last = (site, webhook.since);
                after
                    .map(|after| Place::at(after, Some(last)))
                    .ok_or("its start is not there")
                    .map_err(str::to_owned)
            };
            let Some(noted) = Place::load(&folder, number).map_err(|error| error.to_string())?
            else {
                return start();
            };
            let same = match noted.last {
                Some((stream, position)) => {
                    log.place_after(stream, position).map_err(said)? == Some(noted.next)
                }
                None => false,
            };
            if same {
                return Ok(noted);
            }
            // The log is another one than it was told from: entries were lost, or it was brought
            // back from a backup. What came instead has not been told.
            let start = start()?;
            let went_on = log.went_on_at().map_err(said)?.filter(|&on| on < noted.next);
            Ok(went_on.map_or(start.clone(), |on| Place::at(on.max(start.next), None)))
        };
        let found = tokio::task::spawn_blocking(find).await;
        self.place = found.map_err(|error| error.to_string())??;
        self.noted = self.place.next;
        self.show();
        Ok(true)
    }

    /// Tells what there is, and waits for more; `false` at the end.
    async fn step(&mut self) -> bool {
        self.changed.borrow_and_update();
        self.growth.borrow_and_update();
        let Some(webhook) = self.webhook() else {
            Place::forget(&self.hooks.folder, self.number);
            lock(&self.hooks.states).remove(&self.number);
            return false;
        };
        if !webhook.enabled {
            self.place.retry_at = Millis(0);
            return self.wait(None, false).await;
        }
        let page = match self.read(&webhook).await {
            Ok(page) => page,
            Err(why) => {
                self.trouble(format!("the log could not be read: {why}"));
                return self.rest().await;
            }
        };
        for event in &page.events {
            match self.tell(event, &webhook).await {
                Told::Yes => {}
                Told::LookAgain => return true,
                Told::Stopped => return false,
            }
        }
        if page.next > self.place.next {
            self.place = Place::at(page.next, page.last.or(self.place.last));
            if self.place.next - self.noted > UNNOTED_MAX {
                self.save().await;
            }
            self.show();
        }
        if page.more {
            return !*self.stop.borrow();
        }
        self.wait(None, true).await && {
            tokio::time::sleep(GATHER).await;
            true
        }
    }

    async fn read(&self, webhook: &Webhook) -> Result<Page, String> {
        let filter = Filter::of_webhook(webhook.subscription.events.clone());
        let (log, next) = (self.log.clone(), self.place.next);
        let read = move || log.read(next, &filter, PORTION);
        let page = tokio::task::spawn_blocking(read).await.map_err(|error| error.to_string())?;
        page.map_err(|error| error.to_string())
    }

    /// Tells one event, for as long as it takes.
    async fn tell(&mut self, event: &Event, as_it_was: &Webhook) -> Told {
        loop {
            if *self.stop.borrow() {
                return Told::Stopped;
            }
            match self.webhook() {
                Some(webhook) if webhook.enabled && webhook.changes == as_it_was.changes => {}
                Some(_) => {
                    // Somebody has seen to it: worth a try.
                    self.place.retry_at = Millis(0);
                    return Told::LookAgain;
                }
                None => return Told::LookAgain,
            }
            let wait = self.place.retry_at.since(self.hooks.clock.now());
            if wait > 0 && !lock(&self.hooks.hurried).remove(&self.number) {
                if !self.wait(Some(Duration::from_millis(wait)), false).await {
                    return Told::Stopped;
                }
                continue;
            }
            let url = as_it_was.subscription.url.as_str();
            let sent = self.hooks.call(self.number, url, &event.id(), &event.to_json()).await;
            match sent {
                Sent::Taken(_) => {
                    self.pass(event).await;
                    let now = self.hooks.clock.now();
                    self.hooks.note(self.number, |state| state.taken = Some(now));
                    return Told::Yes;
                }
                Sent::Gone => {
                    let reason = Sentence::new("it answered 410 Gone").ok();
                    let disable = Command::Disable { webhook: self.number, reason };
                    if !self.wish(disable).await {
                        return Told::Stopped;
                    }
                    return Told::LookAgain;
                }
                Sent::NoSecret(why) => {
                    self.trouble(why);
                    if !self.wait(Some(REST), false).await {
                        return Told::Stopped;
                    }
                }
                Sent::Failed { why, retry_after } => {
                    if let Some(told) = self.failed(event, why, retry_after).await {
                        return told;
                    }
                }
            }
        }
    }

    /// Notes a failure and when to try again; when it was the last one, gives the event up.
    async fn failed(
        &mut self,
        event: &Event,
        why: String,
        retry_after: Option<Duration>,
    ) -> Option<Told> {
        let deliverer = &self.hooks.deliverer;
        self.place.failures = self.place.failures.saturating_add(1);
        if let Some(wait) = deliverer.wait_after(self.place.failures) {
            let asked = retry_after.unwrap_or_default().min(deliverer.longest_wait());
            let wait = jittered(wait).max(asked);
            let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            self.place.retry_at = self.hooks.clock.now().plus(ms);
            self.place.why = Some(why);
            self.save().await;
            self.show();
            return None;
        }
        let attempts = self.place.failures;
        let why: String = why.chars().take(Sentence::CHARS_MAX).collect();
        let why = Sentence::new(&why).or_else(|_| Sentence::new("it failed")).ok()?;
        let (stream, position) = (event.stream, event.position);
        let letter = Letter { stream, position, attempts, why };
        let give_up = Command::GiveUp { webhook: self.number, letter };
        if !self.wish(give_up).await {
            return Some(Told::Stopped);
        }
        self.pass(event).await;
        // The webhook has changed by that; go on with it as it is now.
        Some(Told::LookAgain)
    }

    /// Goes past an event.
    async fn pass(&mut self, event: &Event) {
        lock(&self.hooks.hurried).remove(&self.number);
        self.place = Place::at(event.cursor, Some((event.stream, event.position)));
        self.save().await;
        self.show();
    }

    /// Puts a wish of the server's own to the log, for as long as it takes; `false` at the stop.
    async fn wish(&mut self, command: Command) -> bool {
        loop {
            match self.hooks.wish(Actor::Server, command.clone()).await {
                Ok(_) => return true,
                Err(error) => {
                    // Gone meanwhile, or the log takes nothing.
                    self.trouble(error.to_string());
                    if self.webhook().is_none() {
                        return true;
                    }
                }
            }
            if !self.rest().await {
                return false;
            }
        }
    }

    async fn save(&mut self) {
        let (place, folder, number) = (self.place.clone(), self.hooks.folder.clone(), self.number);
        let saved = tokio::task::spawn_blocking(move || place.save(&folder, number)).await;
        match saved {
            Ok(Ok(())) => self.noted = self.place.next,
            // What is told from here on is told again after a restart, under the same names.
            Ok(Err(error)) => self.trouble(format!("its place could not be noted: {error}")),
            Err(error) => self.trouble(error.to_string()),
        }
    }

    fn webhook(&self) -> Option<Webhook> {
        self.hooks.engine.webhook(self.number)
    }

    fn show(&self) {
        let place = self.place.clone();
        self.hooks.note(self.number, |state| {
            state.place = place;
            state.trouble = None;
        });
    }

    fn trouble(&self, why: String) {
        tracing::warn!(webhook = self.number.0, why, "a webhook does not go on");
        self.hooks.note(self.number, |state| state.trouble = Some(why));
    }

    async fn rest(&mut self) -> bool {
        self.wait(Some(REST), false).await
    }

    /// Waits until something changed, so much time went by, or the log grew; `false` at the stop.
    async fn wait(&mut self, at_most: Option<Duration>, for_growth: bool) -> bool {
        let late = async {
            match at_most {
                Some(time) => tokio::time::sleep(time).await,
                None => std::future::pending().await,
            }
        };
        let grown = async {
            let grew = for_growth && self.growth.changed().await.is_ok();
            if !grew {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            _ = self.stop.wait_for(|stop| *stop) => false,
            changed = self.changed.changed() => changed.is_ok(),
            () = grown => true,
            () = late => true,
        }
    }
}

/// Up to a tenth more or less, so that receivers that failed together do not come together.
fn jittered(wait: Duration) -> Duration {
    let [byte] = entropy::bytes::<1>();
    wait.mul_f64(0.9 + 0.2 * f64::from(byte) / 255.0)
}
