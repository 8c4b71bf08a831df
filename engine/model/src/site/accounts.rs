//! Accounts: who can sign in, and what they may do. Password hashes lie in the vault; facts only
//! say that they changed.

mod decide;
mod email;
mod facts;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::groups::{self, Groups};
use crate::id::{AccountId, GroupId};
use crate::privilege::{Privilege, Privileges};
use crate::text::{Name, Zone};

pub use email::Email;
pub use facts::{Command, Event, External, Profile, Second, Via};

/// Somebody who can sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What it signs in with.
    pub email: Email,
    /// What its person is called.
    pub name: Name,
    /// What it may do of its own, without its groups.
    pub own: Privileges,
    /// The groups it is in.
    pub groups: BTreeSet<GroupId>,
    /// Its time zone, when one was chosen.
    pub zone: Option<Zone>,
    /// Whether it may sign in.
    pub enabled: bool,
    /// Who it is elsewhere; then it has no password here.
    pub external: Option<External>,
    /// Whether it signs in with a code too.
    pub codes: bool,
    /// Failed tries since somebody last signed in.
    failures: u32,
}

impl Account {
    fn new(email: Email, name: Name, own: Privileges) -> Self {
        Self {
            email,
            name,
            own,
            groups: BTreeSet::new(),
            zone: None,
            enabled: true,
            external: None,
            codes: false,
            failures: 0,
        }
    }
}

/// Everybody who can sign in, and the groups they are in.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    by_id: BTreeMap<AccountId, Account>,
    by_email: BTreeMap<Email, AccountId>,
    by_external: BTreeMap<External, AccountId>,
    groups: Groups,
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

    /// The account of somebody whom another place knows.
    #[must_use]
    pub fn by_external(&self, external: &External) -> Option<AccountId> {
        self.by_external.get(external).copied()
    }

    /// All of them, by number.
    pub fn iter(&self) -> impl Iterator<Item = (AccountId, &Account)> {
        self.by_id.iter().map(|(id, account)| (*id, account))
    }

    /// Those behind this one, by number; all of them behind nobody.
    pub fn behind(&self, last: Option<AccountId>) -> impl Iterator<Item = (AccountId, &Account)> {
        let from = last.map_or(Bound::Unbounded, Bound::Excluded);
        let behind = self.by_id.range((from, Bound::Unbounded));
        behind.map(|(id, account)| (*id, account))
    }

    /// The groups.
    #[must_use]
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// What an account may do: the sum of its own privileges and those of its groups.
    #[must_use]
    pub fn privileges(&self, account: &Account) -> Privileges {
        let groups = account.groups.iter().filter_map(|group| self.groups.get(*group));
        groups.fold(account.own, |sum, group| sum.and(group.privileges))
    }

    /// What the host of a meeting may do. One that the site does not know is bound by nothing: a
    /// meeting without an account behind it was made by the operator's own tools.
    #[must_use]
    pub fn privileges_of_host(&self, host: AccountId) -> Privileges {
        self.get(host).map_or(Privileges::EVERYDAY, |account| self.privileges(account))
    }

    /// The number the next account gets.
    #[must_use]
    pub fn next(&self) -> AccountId {
        AccountId(self.by_id.last_key_value().map_or(1, |(account, _)| account.0 + 1))
    }

    /// Whether anybody may administer the server.
    #[must_use]
    pub fn has_administrator(&self) -> bool {
        let may = |account: &Account| self.privileges(account).has(Privilege::Administrator);
        self.by_id.values().any(|account| account.enabled && may(account))
    }

    pub(super) fn apply_group(&mut self, event: &groups::Event) {
        self.groups.apply(event);
        if let groups::Event::Removed { group } = event {
            for account in self.by_id.values_mut() {
                account.groups.remove(group);
            }
        }
    }

    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Added { account, email, name, administrator } => {
                let everyday = Privileges::EVERYDAY;
                let administers = everyday.with(Privilege::Administrator);
                let own = if *administrator { administers } else { everyday };
                self.by_email.insert(email.clone(), *account);
                self.by_id.insert(*account, Account::new(email.clone(), name.clone(), own));
            }
            Event::Known { account, profile } => {
                let Profile { external, email, name, privileges, zone } = profile.clone();
                self.by_email.insert(email.clone(), *account);
                self.by_external.insert(external.clone(), *account);
                let mut added = Account::new(email, name, privileges);
                added.external = Some(external);
                added.zone = zone;
                self.by_id.insert(*account, added);
            }
            Event::Readdressed { account, email } => {
                if let Some(found) = self.by_id.get_mut(account) {
                    self.by_email.remove(&found.email);
                    self.by_email.insert(email.clone(), *account);
                    found.email = email.clone();
                }
            }
            Event::SignedIn { account, .. } => self.change(*account, |found| found.failures = 0),
            Event::SignInFailed { account: Some(account), .. } => {
                self.change(*account, |found| found.failures = found.failures.saturating_add(1));
            }
            Event::Renamed { account, name } => {
                self.change(*account, |found| found.name = name.clone());
            }
            Event::ZoneSet { account, zone } => {
                self.change(*account, |found| found.zone = zone.clone());
            }
            Event::PrivilegesSet { account, before: _, privileges } => {
                self.change(*account, |found| found.own = *privileges);
            }
            Event::GroupsSet { account, before: _, groups } => {
                self.change(*account, |found| found.groups = groups.iter().copied().collect());
            }
            Event::Disabled { account } => self.change(*account, |found| found.enabled = false),
            Event::Enabled { account } => self.change(*account, |found| found.enabled = true),
            Event::CodesTurnedOn { account } => self.change(*account, |found| found.codes = true),
            Event::CodesTurnedOff { account } => self.change(*account, |found| found.codes = false),
            Event::SignInFailed { account: None, .. }
            | Event::PasswordChanged { .. }
            | Event::ResetIssued { .. }
            | Event::SignInsEnded { .. } => {}
        }
    }

    fn change(&mut self, account: AccountId, change: impl FnOnce(&mut Account)) {
        if let Some(found) = self.by_id.get_mut(&account) {
            change(found);
        }
    }
}
