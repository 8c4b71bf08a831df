//! Webhooks: who else is told of events, by calls of an address of theirs. The secrets that sign
//! the calls lie in the vault; how far each has been told is kept beside the log, since a call
//! that went well is no fact of ours.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::id::{Millis, Position, StreamId, WebhookId};
use crate::refusal::Refusal;
use crate::text::{CallUrl, Sentence};

/// Which events: a word such as `meeting.created`, all of a family as `meeting.*`, or `*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(String);

impl Pattern {
    /// Letters it may have.
    pub const CHARS_MAX: usize = 64;

    /// Takes what has the letters of a pattern. Whether there are such events is for the server to
    /// say.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let word = text.strip_suffix(".*").unwrap_or(text);
        let is_letter = |b: u8| b.is_ascii_lowercase() || b == b'_' || b == b'.';
        let is_word = !word.is_empty() && word.bytes().all(is_letter);
        let fits = text.len() <= Self::CHARS_MAX && (text == "*" || is_word);
        fits.then(|| Self(text.to_owned()))
    }

    /// The pattern.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Pattern {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text).ok_or("a pattern is a word such as meeting.created, meeting.* or *")
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0
    }
}

/// What somebody is told, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The address that is called. Facts hold it: no secret belongs into it.
    pub url: CallUrl,
    /// Which events.
    pub events: Vec<Pattern>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Sentence>,
}

impl Subscription {
    /// Patterns it may have.
    pub const PATTERNS_MAX: usize = 50;
}

/// Wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Tell somebody from now on.
    Add {
        /// Whom, and what.
        subscription: Subscription,
        /// Why.
        reason: Option<Sentence>,
    },
    /// Tell something else, or elsewhere.
    Change {
        /// Which.
        webhook: WebhookId,
        /// To what.
        subscription: Subscription,
        /// Why.
        reason: Option<Sentence>,
    },
    /// Its secret was replaced in the vault.
    ChangeSecret {
        /// Whose.
        webhook: WebhookId,
        /// Why.
        reason: Option<Sentence>,
    },
    /// Tell nothing until it is switched on again; what happens meanwhile is told then.
    Disable {
        /// Which.
        webhook: WebhookId,
        /// Why.
        reason: Option<Sentence>,
    },
    /// Go on where it stopped.
    Enable {
        /// Which.
        webhook: WebhookId,
        /// Why.
        reason: Option<Sentence>,
    },
    /// Take it away.
    Remove {
        /// Which.
        webhook: WebhookId,
        /// Why.
        reason: Option<Sentence>,
    },
    /// Give up telling one event.
    GiveUp {
        /// Whom.
        webhook: WebhookId,
        /// What of.
        letter: Letter,
    },
    /// An event that was given up was told after all.
    Redeliver {
        /// Whom.
        webhook: WebhookId,
        /// The stream of the event.
        stream: StreamId,
        /// Its place there.
        position: Position,
    },
}

/// An event that could not be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The stream of the event.
    pub stream: StreamId,
    /// Its place there.
    pub position: Position,
    /// How often it was tried.
    pub attempts: u32,
    /// What went wrong the last time.
    pub why: Sentence,
}

/// Facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Somebody is told from now on.
    Added {
        /// Its number.
        webhook: WebhookId,
        /// Whom, and what.
        subscription: Subscription,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Sentence>,
    },
    /// Something else is told, or elsewhere.
    Changed {
        /// Which.
        webhook: WebhookId,
        /// What it was.
        before: Subscription,
        /// What it is.
        after: Subscription,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Sentence>,
    },
    /// Calls are signed with another secret.
    SecretChanged {
        /// Whose.
        webhook: WebhookId,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Sentence>,
    },
    /// Nothing is told until it is switched on again.
    Disabled {
        /// Which.
        webhook: WebhookId,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Sentence>,
    },
    /// It goes on where it stopped.
    Enabled {
        /// Which.
        webhook: WebhookId,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Sentence>,
    },
    /// It is gone.
    Removed {
        /// Which.
        webhook: WebhookId,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Sentence>,
    },
    /// One event was given up.
    GaveUp {
        /// Whom.
        webhook: WebhookId,
        /// What of.
        letter: Letter,
    },
    /// An event that was given up was told after all.
    Redelivered {
        /// Whom.
        webhook: WebhookId,
        /// The stream of the event.
        stream: StreamId,
        /// Its place there.
        position: Position,
    },
}

/// Somebody who is told.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// What, and where.
    pub subscription: Subscription,
    /// Whether it is told at the moment.
    pub enabled: bool,
    /// When it was added.
    pub added: Millis,
    /// Where in the site's stream it was added: what comes after it is told.
    pub since: Position,
    /// Facts about it: what waits for a better time tries again when this grows.
    pub changes: u64,
    /// Events that were given up and not told since, the newest [`Webhooks::DEAD_MAX`].
    pub dead: VecDeque<(Millis, Letter)>,
}

/// Everybody who is told.
#[derive(Clone, Debug, Default)]
pub struct Webhooks {
    by_number: BTreeMap<WebhookId, Webhook>,
    /// The last number given; numbers are never given again.
    last: WebhookId,
}

impl Webhooks {
    /// Webhooks that there may be at once.
    pub const COUNT_MAX: usize = 100;
    /// Events given up that are remembered for each. Older ones stay in the log.
    pub const DEAD_MAX: usize = 200;

    /// One by its number.
    #[must_use]
    pub fn get(&self, webhook: WebhookId) -> Option<&Webhook> {
        self.by_number.get(&webhook)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (WebhookId, &Webhook)> {
        self.by_number.iter().map(|(number, webhook)| (*number, webhook))
    }

    /// The fact that a wish would become; none when nothing would change.
    pub(super) fn decide(&self, command: &Command) -> Result<Option<Event>, Refusal> {
        let found = |webhook: &WebhookId| self.by_number.get(webhook).ok_or(Refusal::NotFound);
        Ok(match command.clone() {
            Command::Add { subscription, reason } => {
                fits(&subscription)?;
                if self.by_number.len() >= Self::COUNT_MAX {
                    return Err(Refusal::TooMany);
                }
                let webhook = WebhookId(self.last.0 + 1);
                Some(Event::Added { webhook, subscription, reason })
            }
            Command::Change { webhook, subscription: after, reason } => {
                fits(&after)?;
                let before = found(&webhook)?.subscription.clone();
                (before != after).then_some(Event::Changed { webhook, before, after, reason })
            }
            Command::ChangeSecret { webhook, reason } => {
                found(&webhook)?;
                Some(Event::SecretChanged { webhook, reason })
            }
            Command::Disable { webhook, reason } => {
                found(&webhook)?.enabled.then_some(Event::Disabled { webhook, reason })
            }
            Command::Enable { webhook, reason } => {
                (!found(&webhook)?.enabled).then_some(Event::Enabled { webhook, reason })
            }
            Command::Remove { webhook, reason } => {
                found(&webhook)?;
                Some(Event::Removed { webhook, reason })
            }
            Command::GiveUp { webhook, letter } => {
                found(&webhook)?;
                Some(Event::GaveUp { webhook, letter })
            }
            Command::Redeliver { webhook, stream, position } => {
                let letters = &found(&webhook)?.dead;
                let is_it = |letter: &Letter| letter.is_of(stream, position);
                let known = letters.iter().any(|(_, letter)| is_it(letter));
                known.then_some(Event::Redelivered { webhook, stream, position })
            }
        })
    }

    pub(super) fn apply(&mut self, event: &Event, position: Position, time: Millis) {
        if let Event::Added { webhook, subscription, reason: _ } = event {
            self.last = *webhook;
            let added = Webhook {
                subscription: subscription.clone(),
                enabled: true,
                added: time,
                since: position,
                changes: 0,
                dead: VecDeque::new(),
            };
            self.by_number.insert(*webhook, added);
            return;
        }
        let Some(found) = self.by_number.get_mut(&event.webhook()) else { return };
        found.changes += 1;
        match event {
            Event::Changed { after, .. } => found.subscription = after.clone(),
            Event::Disabled { .. } => found.enabled = false,
            Event::Enabled { .. } => found.enabled = true,
            Event::Removed { webhook, .. } => {
                self.by_number.remove(webhook);
            }
            Event::GaveUp { letter, .. } => {
                // Given up twice, when the server stopped between the fact and its note of it.
                found.dead.retain(|(_, known)| !known.is_of(letter.stream, letter.position));
                found.dead.push_back((time, letter.clone()));
                if found.dead.len() > Self::DEAD_MAX {
                    found.dead.pop_front();
                }
            }
            Event::Redelivered { stream, position, .. } => {
                found.dead.retain(|(_, letter)| !letter.is_of(*stream, *position));
            }
            Event::Added { .. } | Event::SecretChanged { .. } => {}
        }
    }
}

impl Event {
    /// Which webhook it is about.
    #[must_use]
    pub fn webhook(&self) -> WebhookId {
        match self {
            Self::Added { webhook, .. }
            | Self::Changed { webhook, .. }
            | Self::SecretChanged { webhook, .. }
            | Self::Disabled { webhook, .. }
            | Self::Enabled { webhook, .. }
            | Self::Removed { webhook, .. }
            | Self::GaveUp { webhook, .. }
            | Self::Redelivered { webhook, .. } => *webhook,
        }
    }
}

impl Letter {
    /// Whether it is about this event.
    #[must_use]
    pub fn is_of(&self, stream: StreamId, position: Position) -> bool {
        (self.stream, self.position) == (stream, position)
    }
}

fn fits(subscription: &Subscription) -> Result<(), Refusal> {
    match subscription.events.len() {
        0 => Err(Refusal::EventUnknown),
        1..=Subscription::PATTERNS_MAX => Ok(()),
        _ => Err(Refusal::TooLong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription(url: &str) -> Subscription {
        let events = vec![Pattern::new("meeting.*").expect("a pattern")];
        Subscription { url: CallUrl::new(url).expect("an address"), events, description: None }
    }

    fn asked(webhooks: &mut Webhooks, command: Command) -> Result<Option<Event>, Refusal> {
        let event = webhooks.decide(&command)?;
        if let Some(event) = &event {
            webhooks.apply(event, Position { epoch: 1, seq: 5 }, Millis(9));
        }
        Ok(event)
    }

    fn added() -> (Webhooks, WebhookId) {
        let mut webhooks = Webhooks::default();
        let add = Command::Add { subscription: subscription("https://a/"), reason: None };
        let event = asked(&mut webhooks, add).expect("granted").expect("a fact");
        (webhooks, event.webhook())
    }

    #[test]
    fn a_change_tells_what_was_before_and_no_change_is_no_fact() {
        let (mut webhooks, webhook) = added();
        let (before, after) = (subscription("https://a/"), subscription("https://b/"));
        let change = Command::Change { webhook, subscription: after.clone(), reason: None };
        let fact = asked(&mut webhooks, change.clone()).expect("granted");
        assert_eq!(fact, Some(Event::Changed { webhook, before, after, reason: None }));
        assert_eq!(asked(&mut webhooks, change), Ok(None));
        let enable = Command::Enable { webhook, reason: None };
        assert_eq!(asked(&mut webhooks, enable), Ok(None), "it is on already");
    }

    #[test]
    fn a_number_is_never_given_again_and_what_is_gone_is_not_found() {
        let (mut webhooks, webhook) = added();
        let remove = Command::Remove { webhook, reason: None };
        asked(&mut webhooks, remove.clone()).expect("granted");
        assert_eq!(asked(&mut webhooks, remove), Err(Refusal::NotFound));
        let add = Command::Add { subscription: subscription("https://a/"), reason: None };
        let event = asked(&mut webhooks, add).expect("granted").expect("a fact");
        assert_eq!(event.webhook(), WebhookId(webhook.0 + 1));
    }

    #[test]
    fn there_is_a_most_of_webhooks_and_of_events_given_up() {
        let (mut webhooks, webhook) = added();
        let add = || Command::Add { subscription: subscription("https://a/"), reason: None };
        for _ in 1..Webhooks::COUNT_MAX {
            asked(&mut webhooks, add()).expect("granted");
        }
        assert_eq!(asked(&mut webhooks, add()), Err(Refusal::TooMany));
        let letter = |seq| {
            let why = Sentence::new("it answered 500").expect("words");
            let position = Position { epoch: 1, seq };
            Letter { stream: StreamId::SITE, position, attempts: 3, why }
        };
        for seq in 0..=Webhooks::DEAD_MAX as u64 {
            let give_up = Command::GiveUp { webhook, letter: letter(seq) };
            asked(&mut webhooks, give_up).expect("granted");
        }
        let dead = |webhooks: &Webhooks| webhooks.get(webhook).expect("there").dead.len();
        assert_eq!(dead(&webhooks), Webhooks::DEAD_MAX);
        let told = |seq| {
            let position = Position { epoch: 1, seq };
            Command::Redeliver { webhook, stream: StreamId::SITE, position }
        };
        assert_eq!(asked(&mut webhooks, told(0)), Ok(None), "forgotten as the oldest");
        assert!(asked(&mut webhooks, told(7)).expect("granted").is_some());
        assert_eq!(dead(&webhooks), Webhooks::DEAD_MAX - 1);
    }

    #[test]
    fn a_pattern_is_a_word_a_family_or_everything() {
        for good in ["*", "meeting.*", "meeting.created", "participant.hand_raised"] {
            assert!(Pattern::new(good).is_some(), "{good}");
        }
        for odd in ["", ".*", "**", "Meeting.*", "a b", "meeting.*.x", &"x".repeat(65)] {
            assert!(Pattern::new(odd).is_none(), "{odd}");
        }
        let mut none = subscription("https://a/");
        none.events.clear();
        assert_eq!(fits(&none), Err(Refusal::EventUnknown));
    }
}
