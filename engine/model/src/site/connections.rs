//! Connections that administrators set while the server runs: whom it asks about sign-ins, which
//! bridges may ask, who takes letters. What a setting means is for whoever asks; here it is bounded
//! data. Passwords lie in the vault, and facts say by which number.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::policy::Value;
use crate::refusal::Refusal;
use crate::text::Sentence;

/// What is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An application server that says who may sign in.
    Callback,
    /// A server that scripts ask something of their own.
    Http,
    /// A directory.
    Ldap,
    /// A telephone bridge.
    Bridge,
    /// The server that takes letters. There is one, and its name is `mail`.
    Mail,
}

impl Kind {
    /// Every kind there is.
    pub const ALL: [Self; 5] = [Self::Callback, Self::Http, Self::Ldap, Self::Bridge, Self::Mail];

    /// Its word: the same as in the settings file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::Http => "http",
            Self::Ldap => "ldap",
            Self::Bridge => "bridge",
            Self::Mail => "mail",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Connections of it that there may be.
    #[must_use]
    pub fn count_max(self) -> usize {
        match self {
            Self::Callback | Self::Http | Self::Ldap | Self::Bridge => 32,
            Self::Mail => 1,
        }
    }
}

/// What a connection is called, by scripts and in addresses: 1 to 40 small letters, digits, `-`
/// and `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConnectionName(String);

impl ConnectionName {
    /// Letters it may have.
    pub const CHARS_MAX: usize = 40;

    /// Takes what is a name.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        let fits = (1..=Self::CHARS_MAX).contains(&text.len()) && text.bytes().all(plain);
        fits.then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ConnectionName {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text).ok_or("a name has small letters, digits, - and _")
    }
}

impl From<ConnectionName> for String {
    fn from(name: ConnectionName) -> Self {
        name.0
    }
}

/// Where in the vault a password lies. Drawn, and never used for another one, so that a fact names
/// exactly the password that was set with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretNumber(pub u64);

/// Settings by name.
pub type Settings = BTreeMap<String, Value>;

/// A connection as it is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// What was set; what is not named here is as usual.
    pub settings: Settings,
    /// Its password, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretNumber>,
}

impl Connection {
    /// Settings that one may have.
    pub const SETTINGS_MAX: usize = 64;
    /// What all of them weigh at most, in bytes of text and 8 for each number.
    pub const BYTES_MAX: usize = 24 * 1024;
    /// Values in lists and maps, all of them together.
    pub const VALUES_MAX: usize = 1000;
    /// Lists in maps in lists, so deep.
    const DEPTH_MAX: usize = 3;

    fn check(&self) -> Result<(), Refusal> {
        let mut weight = Weight::default();
        for (name, value) in &self.settings {
            weight.text(name);
            weight.value(value, Self::DEPTH_MAX)?;
        }
        let fits = self.settings.len() <= Self::SETTINGS_MAX
            && weight.bytes <= Self::BYTES_MAX
            && weight.values <= Self::VALUES_MAX;
        if fits { Ok(()) } else { Err(Refusal::TooLong) }
    }
}

#[derive(Default)]
struct Weight {
    bytes: usize,
    values: usize,
}

impl Weight {
    fn text(&mut self, text: &str) {
        self.bytes = self.bytes.saturating_add(text.len());
    }

    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Refusal> {
        self.values += 1;
        match value {
            Value::Null | Value::Bool(_) | Value::Int(_) => self.bytes += 8,
            Value::Text(text) => self.text(text),
            Value::List(values) => {
                let depth = depth.checked_sub(1).ok_or(Refusal::TooLong)?;
                values.iter().try_for_each(|value| self.value(value, depth))?;
            }
            Value::Map(values) => {
                let depth = depth.checked_sub(1).ok_or(Refusal::TooLong)?;
                for (name, value) in values {
                    self.text(name);
                    self.value(value, depth)?;
                }
            }
        }
        Ok(())
    }
}

/// Wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Set a connection, whether there is one of that name or not.
    Set {
        /// What is at the other end.
        kind: Kind,
        /// What it is called.
        name: ConnectionName,
        /// To what.
        connection: Connection,
        /// Why.
        reason: Option<Sentence>,
    },
    /// Take one away.
    Remove {
        /// What is at the other end.
        kind: Kind,
        /// What it is called.
        name: ConnectionName,
        /// Why.
        reason: Option<Sentence>,
    },
}

/// Facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A connection was set.
    Set {
        /// What is at the other end.
        kind: Kind,
        /// What it is called.
        name: ConnectionName,
        /// What it was; nothing when there was none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Connection>,
        /// What it is.
        after: Connection,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Sentence>,
    },
    /// It is gone.
    Removed {
        /// What was at the other end.
        kind: Kind,
        /// What it was called.
        name: ConnectionName,
        /// What it was.
        before: Connection,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Sentence>,
    },
}

/// Every connection that was set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connections(BTreeMap<(Kind, ConnectionName), Connection>);

impl Connections {
    /// One by its name.
    #[must_use]
    pub fn get(&self, kind: Kind, name: &ConnectionName) -> Option<&Connection> {
        self.0.get(&(kind, name.clone()))
    }

    /// All of them, by kind and name.
    pub fn iter(&self) -> impl Iterator<Item = (Kind, &ConnectionName, &Connection)> {
        self.0.iter().map(|((kind, name), connection)| (*kind, name, connection))
    }

    fn of(&self, kind: Kind) -> usize {
        self.iter().filter(|(other, ..)| *other == kind).count()
    }

    pub(super) fn decide(&self, command: &Command) -> Result<Option<Event>, Refusal> {
        match command {
            Command::Set { kind, name, connection, reason } => {
                let (kind, name) = (*kind, name.clone());
                if kind == Kind::Mail && name.as_str() != "mail" {
                    return Err(Refusal::NotFound);
                }
                connection.check()?;
                let before = self.get(kind, &name).cloned();
                if before.as_ref() == Some(connection) {
                    return Ok(None);
                }
                if before.is_none() && self.of(kind) >= kind.count_max() {
                    return Err(Refusal::TooMany);
                }
                let (after, reason) = (connection.clone(), reason.clone());
                Ok(Some(Event::Set { kind, name, before, after, reason }))
            }
            Command::Remove { kind, name, reason } => {
                let before = self.get(*kind, name).cloned().ok_or(Refusal::NotFound)?;
                let (kind, name, reason) = (*kind, name.clone(), reason.clone());
                Ok(Some(Event::Removed { kind, name, before, reason }))
            }
        }
    }

    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Set { kind, name, before: _, after, reason: _ } => {
                self.0.insert((*kind, name.clone()), after.clone());
            }
            Event::Removed { kind, name, before: _, reason: _ } => {
                self.0.remove(&(*kind, name.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ConnectionName {
        ConnectionName::new(text).expect("a name")
    }

    fn with(url: &str, secret: Option<u64>) -> Connection {
        let settings = [("url".to_owned(), Value::from(url))].into();
        Connection { settings, secret: secret.map(SecretNumber) }
    }

    fn set(kind: Kind, called: &str, connection: Connection) -> Command {
        Command::Set { kind, name: name(called), connection, reason: None }
    }

    fn done(all: &mut Connections, command: &Command) -> Option<Event> {
        let event = all.decide(command).expect("granted");
        if let Some(event) = &event {
            all.apply(event);
        }
        event
    }

    #[test]
    fn a_change_tells_what_was_before_and_the_secret_alone_is_a_change() {
        let mut all = Connections::default();
        let (first, second) = (with("https://a/", Some(1)), with("https://a/", Some(2)));
        let before = |event: Option<Event>| match event {
            Some(Event::Set { before, .. }) => before,
            other => panic!("{other:?}"),
        };
        assert_eq!(before(done(&mut all, &set(Kind::Ldap, "corp", first.clone()))), None);
        assert_eq!(done(&mut all, &set(Kind::Ldap, "corp", first.clone())), None);
        assert_eq!(before(done(&mut all, &set(Kind::Ldap, "corp", second.clone()))), Some(first));
        assert_eq!(all.get(Kind::Callback, &name("corp")), None, "a name is one of its kind");
        let remove = Command::Remove { kind: Kind::Ldap, name: name("corp"), reason: None };
        match done(&mut all, &remove) {
            Some(Event::Removed { before, .. }) => assert_eq!(before, second),
            other => panic!("{other:?}"),
        }
        assert_eq!(all.decide(&remove), Err(Refusal::NotFound));
    }

    #[test]
    fn names_are_plain_and_mail_has_one() {
        for good in ["a", "corp-2", "x_y", &"a".repeat(40)] {
            assert!(ConnectionName::new(good).is_some(), "{good}");
        }
        for bad in ["", "A", "a b", "a/b", "../x", "é", &"a".repeat(41)] {
            assert!(ConnectionName::new(bad).is_none(), "{bad}");
        }
        let all = Connections::default();
        let other = set(Kind::Mail, "other", Connection::default());
        assert_eq!(all.decide(&other), Err(Refusal::NotFound));
        assert!(all.decide(&set(Kind::Mail, "mail", Connection::default())).is_ok());
    }

    #[test]
    fn nothing_grows_without_bound() {
        let mut all = Connections::default();
        for n in 0..Kind::Bridge.count_max() {
            done(&mut all, &set(Kind::Bridge, &format!("b{n}"), with("x", None)));
        }
        let one_more = set(Kind::Bridge, "more", with("x", None));
        assert_eq!(all.decide(&one_more), Err(Refusal::TooMany));
        assert!(all.decide(&set(Kind::Bridge, "b0", with("y", None))).is_ok(), "a change is none");
        assert!(all.decide(&set(Kind::Http, "more", with("x", None))).is_ok());
        let nest =
            |depth: usize| (0..depth).fold(Value::Null, |value, _| Value::map([("in", value)]));
        let many = |count: usize| Value::List(vec![Value::Null; count]);
        let long = "x".repeat(Connection::BYTES_MAX);
        for (value, fits) in [
            (nest(3), true),
            (nest(4), false),
            (nest(100), false),
            (many(Connection::VALUES_MAX - 1), true),
            (many(Connection::VALUES_MAX), false),
            (Value::from(long), false),
        ] {
            let settings = [("field".to_owned(), value)].into();
            let asked = set(Kind::Http, "one", Connection { settings, secret: None });
            assert_eq!(all.decide(&asked).is_ok(), fits);
        }
        let many = (0..=Connection::SETTINGS_MAX).map(|n| (format!("s{n}"), Value::Null));
        let many = Connection { settings: many.collect(), secret: None };
        assert_eq!(all.decide(&set(Kind::Http, "one", many)), Err(Refusal::TooLong));
    }

    /// Whatever is wished in whatever order: facts alone give the same state again, what was before
    /// is what was there, and there are never more than allowed.
    #[test]
    fn the_state_is_a_fold_of_the_facts() {
        let mut seed = 0x9e37_79b9_u64;
        let mut draw = move |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        for _ in 0..50 {
            let (mut all, mut facts) = (Connections::default(), Vec::new());
            for _ in 0..200 {
                let kind = Kind::ALL[draw(5) as usize];
                let called =
                    if kind == Kind::Mail { "mail".into() } else { format!("n{}", draw(40)) };
                let command = if draw(3) == 0 {
                    Command::Remove { kind, name: name(&called), reason: None }
                } else {
                    let secret = (draw(2) == 0).then(|| draw(3));
                    set(kind, &called, with(["https://a/", "https://b/"][draw(2) as usize], secret))
                };
                let Ok(Some(event)) = all.decide(&command) else { continue };
                let was = all.get(kind, &name(&called)).cloned();
                match &event {
                    Event::Set { before, .. } => assert_eq!(*before, was),
                    Event::Removed { before, .. } => assert_eq!(Some(before), was.as_ref()),
                }
                all.apply(&event);
                facts.push(event);
                assert!(Kind::ALL.iter().all(|kind| all.of(*kind) <= kind.count_max()));
            }
            let mut again = Connections::default();
            facts.iter().for_each(|event| again.apply(event));
            assert_eq!(again, all);
        }
    }
}
