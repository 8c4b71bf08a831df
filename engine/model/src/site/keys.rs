//! API keys: by which programs act for an account, as far as a key's scopes go. A key's secret is
//! shown once and never part of a fact.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, ApiKeyId, Millis};
use crate::refusal::Refusal;
use crate::text::Name;

/// Keys of one account that can be used at once.
pub const KEYS_MAX: usize = 50;

/// What a key is good for. Whatever its scopes, it covers no more than its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scope {
    /// Read meetings.
    #[serde(rename = "meetings:read")]
    MeetingsRead,
    /// Make, change and open meetings.
    #[serde(rename = "meetings:write")]
    MeetingsWrite,
    /// Read facts as they happen.
    #[serde(rename = "events:read")]
    EventsRead,
    /// Read what administrators see.
    #[serde(rename = "admin:read")]
    AdminRead,
    /// Do what administrators do.
    #[serde(rename = "admin:write")]
    AdminWrite,
}

impl Scope {
    /// Every scope there is.
    pub const ALL: [Self; 5] = [
        Self::MeetingsRead,
        Self::MeetingsWrite,
        Self::EventsRead,
        Self::AdminRead,
        Self::AdminWrite,
    ];

    /// Its word in records, calls and commands.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::MeetingsRead => "meetings:read",
            Self::MeetingsWrite => "meetings:write",
            Self::EventsRead => "events:read",
            Self::AdminRead => "admin:read",
            Self::AdminWrite => "admin:write",
        }
    }

    /// The scope of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }

    /// Whether it asks for an administrator's account.
    #[must_use]
    pub fn administers(self) -> bool {
        match self {
            Self::AdminRead | Self::AdminWrite => true,
            Self::MeetingsRead | Self::MeetingsWrite | Self::EventsRead => false,
        }
    }

    /// Whether a key with this scope may do what the other one is for.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        match self {
            Self::MeetingsWrite => matches!(other, Self::MeetingsRead | Self::MeetingsWrite),
            Self::AdminWrite => matches!(other, Self::AdminRead | Self::AdminWrite),
            Self::MeetingsRead | Self::EventsRead | Self::AdminRead => self == other,
        }
    }
}

/// Wishes. Who may wish so was checked at the door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Make a key.
    Make {
        /// For which account it acts.
        account: AccountId,
        /// What it is called.
        name: Name,
        /// What it is good for.
        scopes: BTreeSet<Scope>,
        /// Until when; nothing for as long as nobody revokes it.
        expires: Option<Millis>,
    },
    /// Take a key back, for ever.
    Revoke {
        /// Which.
        key: ApiKeyId,
    },
}

/// Facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A key exists.
    Made {
        /// Its number.
        key: ApiKeyId,
        /// For which account it acts.
        account: AccountId,
        /// What it is called.
        name: Name,
        /// What it is good for.
        scopes: BTreeSet<Scope>,
        /// Until when.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Millis>,
    },
    /// A key opens nothing any more.
    Revoked {
        /// Which.
        key: ApiKeyId,
    },
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// For which account it acts.
    pub account: AccountId,
    /// What it is called.
    pub name: Name,
    /// What it is good for.
    pub scopes: BTreeSet<Scope>,
    /// When it was made.
    pub made: Millis,
    /// Until when it is good.
    pub expires: Option<Millis>,
    /// When it was revoked, if it was.
    pub revoked: Option<Millis>,
}

impl ApiKey {
    /// Whether it is good at a time.
    #[must_use]
    pub fn is_good(&self, now: Millis) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|expires| expires > now)
    }

    /// Whether it may do what a scope is for.
    #[must_use]
    pub fn covers(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|own| own.covers(scope))
    }
}

/// Every key there ever was.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    by_id: BTreeMap<ApiKeyId, ApiKey>,
}

impl Keys {
    /// A key by its number.
    #[must_use]
    pub fn get(&self, key: ApiKeyId) -> Option<&ApiKey> {
        self.by_id.get(&key)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (ApiKeyId, &ApiKey)> {
        self.by_id.iter().map(|(id, key)| (*id, key))
    }

    pub(super) fn decide(&self, at: Millis, command: &Command) -> Result<Event, Refusal> {
        match command {
            Command::Make { account, name, scopes, expires } => {
                if scopes.is_empty() {
                    return Err(Refusal::Empty);
                }
                if expires.is_some_and(|expires| expires <= at) {
                    return Err(Refusal::TimesInvalid);
                }
                let own = |key: &&ApiKey| key.account == *account && key.is_good(at);
                if self.by_id.values().filter(own).count() >= KEYS_MAX {
                    return Err(Refusal::TooManyKeys);
                }
                let last = self.by_id.last_key_value().map_or(0, |(id, _)| id.0);
                let (key, account, expires) = (ApiKeyId(last + 1), *account, *expires);
                let (name, scopes) = (name.clone(), scopes.clone());
                Ok(Event::Made { key, account, name, scopes, expires })
            }
            Command::Revoke { key } => match self.by_id.get(key) {
                None => Err(Refusal::NotFound),
                Some(found) if found.revoked.is_some() => Err(Refusal::AlreadyDone),
                Some(_) => Ok(Event::Revoked { key: *key }),
            },
        }
    }

    pub(super) fn apply(&mut self, time: Millis, event: &Event) {
        match event.clone() {
            Event::Made { key, account, name, scopes, expires } => {
                let made = ApiKey { account, name, scopes, made: time, expires, revoked: None };
                self.by_id.insert(key, made);
            }
            Event::Revoked { key } => {
                if let Some(found) = self.by_id.get_mut(&key) {
                    found.revoked = Some(time);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};

    fn make(scopes: &[Scope], expires: Option<u64>) -> Command {
        Command::Make {
            account: AccountId(1),
            name: Name::new("Import").expect("a name"),
            scopes: scopes.iter().copied().collect(),
            expires: expires.map(Millis),
        }
    }

    fn put(keys: &mut Keys, at: u64, command: &Command) -> Result<(), Refusal> {
        let event = keys.decide(Millis(at), command)?;
        keys.apply(Millis(at), &event);
        Ok(())
    }

    #[test]
    fn a_key_is_good_until_it_expires_or_is_revoked_and_numbers_are_never_given_again() {
        let mut keys = Keys::default();
        put(&mut keys, 1, &make(&[Scope::MeetingsRead], Some(10))).expect("made");
        put(&mut keys, 1, &make(&[Scope::MeetingsRead], None)).expect("made");
        let good = |keys: &Keys, id: u32, at: u64| {
            keys.get(ApiKeyId(id)).expect("there").is_good(Millis(at))
        };
        assert!(good(&keys, 1, 9) && !good(&keys, 1, 10) && good(&keys, 2, u64::MAX));
        let revoke = Command::Revoke { key: ApiKeyId(2) };
        put(&mut keys, 3, &revoke).expect("revoked");
        assert!(!good(&keys, 2, 3));
        assert_eq!(put(&mut keys, 3, &revoke), Err(Refusal::AlreadyDone));
        put(&mut keys, 4, &make(&[Scope::EventsRead], None)).expect("made");
        assert!(good(&keys, 3, 4));
    }

    #[test]
    fn nothing_past_and_empty_keys_and_too_many_are_refused() {
        let mut keys = Keys::default();
        assert_eq!(put(&mut keys, 5, &make(&[], None)), Err(Refusal::Empty));
        let past = make(&[Scope::AdminRead], Some(5));
        assert_eq!(put(&mut keys, 5, &past), Err(Refusal::TimesInvalid));
        for _ in 0..KEYS_MAX {
            put(&mut keys, 5, &make(&[Scope::AdminRead], Some(9))).expect("made");
        }
        let one_more = make(&[Scope::AdminRead], None);
        assert_eq!(put(&mut keys, 8, &one_more), Err(Refusal::TooManyKeys));
        put(&mut keys, 9, &one_more).expect("the others have expired");
        let missing = Command::Revoke { key: ApiKeyId(99) };
        assert_eq!(put(&mut keys, 9, &missing), Err(Refusal::NotFound));
    }

    #[test]
    fn to_write_covers_to_read_and_nothing_else_covers_another() {
        for own in Scope::ALL {
            assert_eq!(Scope::from_word(own.word()), Some(own));
            let word: StrDeserializer<'_, Error> = own.word().into_deserializer();
            assert_eq!(Scope::deserialize(word), Ok(own), "in records as in calls");
            for other in Scope::ALL {
                let writes = (own, other);
                let reads = matches!(
                    writes,
                    (Scope::MeetingsWrite, Scope::MeetingsRead)
                        | (Scope::AdminWrite, Scope::AdminRead)
                );
                assert_eq!(own.covers(other), own == other || reads, "{own:?} {other:?}");
            }
        }
    }
}
