//! The postman: brings what every invited person knows up to what a meeting is.
//!
//! There is no list of letters to send. What somebody was told last is compared with what the
//! meeting is now, and the difference is a letter: an invitation, a change, a cancellation, a
//! reminder. Whoever changed the meeting, and however often, and whether the mail server was away
//! meanwhile: what is true now is told, once.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use convoke_model::site::accounts::Email;
use convoke_model::{AccountId, Millis};

use super::told::{Ledger, Version};
use super::words::{About, News};
use super::{Delivery, Letter, Mail, MailSettings, Method};
use crate::calendar;
use crate::clock::Clock;
use crate::control::{Engine, Meeting, MeetingState};

/// How often is looked.
const EVERY: Duration = Duration::from_secs(1);
/// A change is told when nothing was changed for this long: somebody who tries three times is one
/// letter.
const SETTLES_MS: u64 = 3_000;
/// The longest wait for a mail server that takes nothing.
const PATIENCE_MAX: Duration = Duration::from_secs(600);
const DAY_MS: u64 = 24 * 3_600_000;

/// What is said of a meeting, by whoever knows its password and its links.
pub trait Sayer: Send + Sync {
    /// What there is to say, and its host's name and address.
    ///
    /// # Errors
    /// Why it cannot be said now.
    fn about<'a>(
        &'a self,
        meeting: &'a Meeting,
        news: News,
        now: Millis,
    ) -> crate::control::Answer<'a, About>;
    /// The meeting as an event for one person's calendar.
    fn event<'a>(
        &'a self,
        meeting: &'a Meeting,
        method: Method,
        about: &'a About,
        to: &'a Email,
    ) -> crate::control::Answer<'a, Option<String>>;
}

/// The postman.
pub struct Postman {
    engine: Arc<dyn Engine>,
    mail: Arc<dyn Mail>,
    sayer: Arc<dyn Sayer>,
    clock: Arc<dyn Clock>,
    ledger: Ledger,
    reminder_ms: u64,
    per_day: u32,
    /// Letters of each account's meetings since a day began.
    sent: BTreeMap<AccountId, u32>,
    day: u64,
}

impl Postman {
    /// A postman with a ledger in that file. Where there was none, what people were invited to
    /// before is taken as told: by the host's own letters, when no mail was set up.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn new(
        engine: Arc<dyn Engine>,
        mail: Arc<dyn Mail>,
        sayer: Arc<dyn Sayer>,
        clock: Arc<dyn Clock>,
        settings: &MailSettings,
        ledger: PathBuf,
    ) -> io::Result<Self> {
        let (ledger, was_there) = Ledger::open(ledger)?;
        let mut postman = Self {
            engine,
            mail,
            sayer,
            clock,
            ledger,
            reminder_ms: u64::from(settings.reminder_minutes) * 60_000,
            per_day: settings.per_account_day,
            sent: BTreeMap::new(),
            day: 0,
        };
        if !was_there {
            for meeting in postman.engine.all_meetings().await.map_err(io::Error::other)? {
                postman.take_as_told(&meeting);
            }
            postman.ledger.save()?;
        }
        Ok(postman)
    }

    /// Delivers for as long as the server runs.
    pub async fn work(mut self) {
        let mut patience = EVERY;
        loop {
            tokio::time::sleep(patience).await;
            let round = self.round().await;
            if let Err(error) = self.ledger.save() {
                tracing::error!(%error, "what was told by letter could not be noted");
            }
            patience = match round {
                Ok(()) => EVERY,
                Err(why) => {
                    let longer = (patience * 2).clamp(Duration::from_secs(2), PATIENCE_MAX);
                    tracing::warn!(why, "letters wait for {} s", longer.as_secs());
                    longer
                }
            };
        }
    }

    /// Sends everything that is due; why it had to be broken off.
    pub(super) async fn round(&mut self) -> Result<(), String> {
        let now = self.clock.now();
        if now.0 / DAY_MS != self.day {
            self.day = now.0 / DAY_MS;
            self.sent.clear();
        }
        let asked = self.engine.invited_meetings().await;
        let meetings = asked.map_err(|error| error.to_string())?;
        if !self.mail.is_set_up() {
            // People hear of it by the host's own letters: what they are told later is the news.
            for meeting in &meetings {
                self.take_as_told(meeting);
            }
            return Ok(());
        }
        for meeting in &meetings {
            self.bring_up(meeting, now).await?;
            self.remind(meeting, now).await?;
        }
        Ok(())
    }

    fn take_as_told(&mut self, meeting: &Meeting) {
        let version = version(meeting);
        for who in &meeting.invited {
            if self.ledger.version(meeting.id, who) != Some(version) {
                self.ledger.told(meeting.id, who, version);
            }
        }
    }

    async fn bring_up(&mut self, meeting: &Meeting, now: Millis) -> Result<(), String> {
        let current = version(meeting);
        let settled = meeting.changed.0 + SETTLES_MS <= now.0 || current.changes == 0;
        if !settled || is_over(meeting, now) {
            return Ok(());
        }
        for who in &meeting.invited {
            let told = self.ledger.version(meeting.id, who);
            let Some(news) = news(told, current) else {
                if told != Some(current) {
                    self.ledger.told(meeting.id, who, current);
                }
                continue;
            };
            let method = if current.cancelled { Method::Cancel } else { Method::Request };
            if self.tell(meeting, who, news, Some(method), now).await? {
                self.ledger.told(meeting.id, who, current);
            }
        }
        Ok(())
    }

    async fn remind(&mut self, meeting: &Meeting, now: Millis) -> Result<(), String> {
        let when = meeting.plan.as_ref().and_then(|plan| plan.when.as_ref());
        let Some(when) = when.filter(|_| self.reminder_ms > 0 && !version(meeting).cancelled)
        else {
            return Ok(());
        };
        // Of what begins within the time; what has begun is too late to be reminded of.
        let until = Millis(now.0 + self.reminder_ms);
        let coming = calendar::occurrences(when, now, until, 2);
        let Some(next) = coming.into_iter().find(|one| one.begins > now) else { return Ok(()) };
        let minutes = (next.begins.0 - now.0).div_ceil(60_000);
        for who in &meeting.invited {
            let fresh = self.ledger.version(meeting.id, who).is_some();
            if !fresh || self.ledger.is_reminded(meeting.id, who, next.begins) {
                continue;
            }
            if self.tell(meeting, who, News::Reminder { minutes }, None, now).await? {
                self.ledger.reminded(meeting.id, who, next.begins);
            }
        }
        Ok(())
    }

    /// Sends one letter; whether nothing more has to be done about it.
    async fn tell(
        &mut self,
        meeting: &Meeting,
        who: &Email,
        news: News,
        method: Option<Method>,
        now: Millis,
    ) -> Result<bool, String> {
        let sent = self.sent.entry(meeting.owner).or_default();
        if *sent >= self.per_day {
            if *sent == self.per_day {
                let account = meeting.owner.0;
                tracing::warn!(account, "an account's letters of today are used up");
                *sent += 1;
            }
            return Ok(false);
        }
        *sent += 1;
        let said = |error: crate::control::EngineError| error.to_string();
        let about = self.sayer.about(meeting, news, now).await.map_err(said)?;
        let calendar = match method {
            None => None,
            Some(method) => {
                let event = self.sayer.event(meeting, method, &about, who).await.map_err(said)?;
                event.map(|event| (method, event))
            }
        };
        let letter = Letter::Meeting { about: Box::new(about), calendar };
        match self.mail.deliver(who, &letter).await {
            // One that is refused for good is refused again tomorrow.
            Delivery::Taken | Delivery::Refused(_) => Ok(true),
            Delivery::Later(why) => {
                // What the mail server did not take is no letter yet.
                self.sent.entry(meeting.owner).and_modify(|sent| *sent -= 1);
                Err(why)
            }
        }
    }
}

fn version(meeting: &Meeting) -> Version {
    let cancelled = matches!(meeting.state, MeetingState::Cancelled(_));
    Version { changes: meeting.changes, cancelled }
}

/// Of what is over nobody is told anything any more.
fn is_over(meeting: &Meeting, now: Millis) -> bool {
    let when = meeting.plan.as_ref().and_then(|plan| plan.when.as_ref());
    when.and_then(|when| when.ends).is_some_and(|ends| ends < now)
}

/// What somebody who was told one thing has to hear, when another is true.
fn news(told: Option<Version>, now: Version) -> Option<News> {
    match told {
        None if now.cancelled => None,
        None => Some(News::Invited),
        Some(told) if told == now => None,
        Some(told) => match (told.cancelled, now.cancelled) {
            (false, true) => Some(News::Cancelled),
            (true, false) => Some(News::Restored),
            (false, false) => Some(News::Changed),
            (true, true) => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_between_what_was_told_and_what_is_true_is_the_news() {
        let at = |changes, cancelled| Version { changes, cancelled };
        let table = [
            (None, at(0, false), Some(News::Invited)),
            (None, at(3, true), None),
            (Some(at(0, false)), at(0, false), None),
            (Some(at(0, false)), at(2, false), Some(News::Changed)),
            (Some(at(0, false)), at(1, true), Some(News::Cancelled)),
            (Some(at(1, true)), at(3, true), None),
            (Some(at(1, true)), at(2, false), Some(News::Restored)),
        ];
        for (told, now, expected) in table {
            assert_eq!(news(told, now), expected, "{told:?} {now:?}");
        }
    }
}
