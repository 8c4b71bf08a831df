//! Accounts: who can sign in. Password hashes lie in the vault; facts only say that they changed.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Event as SiteEvent;
use crate::id::AccountId;
use crate::refusal::Refusal;
use crate::text::Name;

/// An e-mail address as an account's name: lower case, one `@`, no white space.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// How long it may be, in bytes (RFC 5321, 4.5.3.1.3).
    pub const BYTES_MAX: usize = 254;

    /// Takes what a person typed; `None` when it is not an e-mail address.
    #[must_use]
    pub fn new(typed: &str) -> Option<Self> {
        let typed = typed.trim();
        let (local, domain) = typed.split_once('@')?;
        let plain = !typed.chars().any(|c| c.is_control() || c.is_whitespace());
        let shaped = !local.is_empty() && !domain.is_empty() && !domain.contains('@');
        let short = typed.len() <= Self::BYTES_MAX;
        (plain && shaped && short).then(|| Self(typed.to_lowercase()))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let typed = String::deserialize(from)?;
        Self::new(&typed).ok_or_else(|| serde::de::Error::custom("not an e-mail address"))
    }
}

/// How somebody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// The sign-in page.
    Page,
    /// A legacy URL.
    Legacy,
    /// The one-time set-up link.
    Setup,
}

/// Wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Make an account whose password is in the vault already.
    Add {
        /// What it signs in with.
        email: Email,
        /// What its person is called.
        name: Name,
        /// Whether it may administer the server.
        administrator: bool,
        /// Whether it is meant as the very first administrator.
        first: bool,
    },
    /// Its password was replaced in the vault.
    ChangePassword {
        /// Whose.
        account: AccountId,
    },
    /// Somebody signed in.
    SignIn {
        /// Who.
        account: AccountId,
        /// How.
        via: Via,
    },
    /// Somebody failed to sign in to an account.
    FailSignIn {
        /// The account, when there is one of that name.
        account: Option<AccountId>,
        /// How.
        via: Via,
    },
}

/// Facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// An account exists.
    Added {
        /// Its number.
        account: AccountId,
        /// What it signs in with.
        email: Email,
        /// What its person is called.
        name: Name,
        /// Whether it may administer the server.
        administrator: bool,
    },
    /// Its password was replaced.
    PasswordChanged {
        /// Whose.
        account: AccountId,
    },
    /// Somebody signed in.
    SignedIn {
        /// Who.
        account: AccountId,
        /// How.
        via: Via,
    },
    /// Somebody failed to sign in.
    SignInFailed {
        /// The account, when there is one of that name.
        account: Option<AccountId>,
        /// How.
        via: Via,
    },
}

/// Somebody who can sign in.
#[derive(Clone, Debug)]
pub struct Account {
    /// What it signs in with.
    pub email: Email,
    /// What its person is called.
    pub name: Name,
    /// Whether it may administer the server.
    pub administrator: bool,
}

/// Everybody who can sign in.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    by_id: BTreeMap<AccountId, Account>,
    by_email: BTreeMap<Email, AccountId>,
}

impl Accounts {
    /// An account by its number.
    #[must_use]
    pub fn get(&self, account: AccountId) -> Option<&Account> {
        self.by_id.get(&account)
    }

    /// An account by what it signs in with.
    #[must_use]
    pub fn by_email(&self, email: &Email) -> Option<AccountId> {
        self.by_email.get(email).copied()
    }

    /// The number the next account gets.
    #[must_use]
    pub fn next(&self) -> AccountId {
        AccountId(self.by_id.last_key_value().map_or(1, |(account, _)| account.0 + 1))
    }

    /// Whether anybody may administer the server.
    #[must_use]
    pub fn has_administrator(&self) -> bool {
        self.by_id.values().any(|account| account.administrator)
    }

    pub(super) fn decide(&self, command: &Command) -> Result<Vec<SiteEvent>, Refusal> {
        let fact = match command {
            Command::Add { first: true, .. } if self.has_administrator() => {
                return Err(Refusal::SetupDone);
            }
            Command::Add { email, .. } if self.by_email.contains_key(email) => {
                return Err(Refusal::Taken);
            }
            Command::Add { email, name, administrator, first: _ } => Event::Added {
                account: self.next(),
                email: email.clone(),
                name: name.clone(),
                administrator: *administrator,
            },
            Command::ChangePassword { account } | Command::SignIn { account, .. }
                if !self.by_id.contains_key(account) =>
            {
                return Err(Refusal::NotFound);
            }
            Command::ChangePassword { account } => Event::PasswordChanged { account: *account },
            Command::SignIn { account, via } => Event::SignedIn { account: *account, via: *via },
            Command::FailSignIn { account, via } => {
                Event::SignInFailed { account: *account, via: *via }
            }
        };
        Ok(vec![SiteEvent::Accounts(fact)])
    }

    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Added { account, email, name, administrator } => {
                self.by_email.insert(email.clone(), *account);
                let added = Account {
                    email: email.clone(),
                    name: name.clone(),
                    administrator: *administrator,
                };
                self.by_id.insert(*account, added);
            }
            Event::PasswordChanged { .. } | Event::SignedIn { .. } | Event::SignInFailed { .. } => {
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(email: &str, administrator: bool, first: bool) -> Command {
        Command::Add {
            email: Email::new(email).expect("an address"),
            name: Name::new("Ann").expect("a name"),
            administrator,
            first,
        }
    }

    fn given(commands: &[Command]) -> Accounts {
        let mut accounts = Accounts::default();
        for command in commands {
            for event in accounts.decide(command).expect("granted") {
                let SiteEvent::Accounts(event) = event else { continue };
                accounts.apply(&event);
            }
        }
        accounts
    }

    #[test]
    fn an_address_is_an_account_once_whatever_its_case() {
        let accounts = given(&[add("Ann@Example.com", false, false)]);
        let again = accounts.decide(&add("ann@example.COM", false, false));
        assert_eq!(again, Err(Refusal::Taken));
        assert_eq!(accounts.next(), AccountId(2));
    }

    #[test]
    fn the_first_administrator_is_made_once() {
        let accounts = given(&[add("a@b", true, true)]);
        assert_eq!(accounts.decide(&add("c@d", true, true)), Err(Refusal::SetupDone));
        assert!(accounts.decide(&add("c@d", true, false)).is_ok());
    }

    #[test]
    fn what_is_not_an_address_is_not_taken() {
        for typed in ["", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a\u{0}@b"] {
            assert_eq!(Email::new(typed), None, "{typed:?}");
        }
    }
}
