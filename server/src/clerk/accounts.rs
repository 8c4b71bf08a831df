//! Accounts at the command line: listed, shown, changed, switched off, given a link.

use std::fmt::Write;

use convoke_model::privilege::{Privilege, Privileges};
use convoke_model::site::accounts::Command;
use convoke_model::text::{GroupName, Name};
use convoke_model::{Actor, GroupId, Refusal};

use super::{AccountCall, AccountChange, Clerk, Done, email_of, of_accounts, of_engine, said};
use crate::accounts::LINK_LIFE;
use crate::control::Account;
use crate::zone::zone;

impl Clerk {
    pub(super) async fn account(&self, call: AccountCall) -> Done {
        match call {
            AccountCall::List {} => self.list_accounts().await,
            AccountCall::Show { email } => self.show_account(&email).await,
            AccountCall::Disable { email } => self.disable(&email).await,
            AccountCall::Enable { email } => {
                let account = self.found(&email).await?;
                self.change(Command::Enable { account: account.id }).await?;
                Ok(format!("Account {} is switched on.", account.email))
            }
            AccountCall::Reset { email } => self.reset(&email).await,
            AccountCall::TotpOff { email } => self.codes_off(&email).await,
            AccountCall::Set { email, change } => self.set_account(&email, change).await,
        }
    }

    pub(super) async fn found(&self, email: &str) -> Result<Account, String> {
        let email = email_of(email)?;
        let account = self.engine.account_by_email(&email).await.map_err(of_engine)?;
        account.ok_or_else(|| format!("There is no account with the address {email}."))
    }

    async fn change(&self, command: Command) -> Result<(), String> {
        self.accounts.change(Actor::Server, command).await.map_err(of_accounts)
    }

    async fn list_accounts(&self) -> Done {
        let accounts = self.engine.accounts().await.map_err(of_engine)?;
        if accounts.is_empty() {
            return Ok("There are no accounts yet.".to_owned());
        }
        let mut lines = Vec::with_capacity(accounts.len());
        for account in &accounts {
            let mut line = format!("{}  {}", account.email, account.name.as_str());
            for (is, word) in [
                (account.administers(), "administrator"),
                (account.codes, "codes"),
                (account.external.is_some(), "known elsewhere"),
                (!account.enabled, "switched off"),
            ] {
                if is {
                    line.push_str("  ");
                    line.push_str(word);
                }
            }
            lines.push(line);
        }
        Ok(lines.join("\n"))
    }

    async fn show_account(&self, email: &str) -> Done {
        let account = self.found(email).await?;
        let groups = self.engine.groups().await.map_err(of_engine)?;
        let names: Vec<&str> = groups
            .iter()
            .filter(|(id, _)| account.groups.contains(id))
            .map(|(_, group)| group.name.as_str())
            .collect();
        let or_none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
        let zone = account.zone.as_ref().map(|zone| zone.as_str().to_owned());
        let external = account.external.as_ref();
        let known = external.map(|e| format!("{} as {}", e.source.as_str(), e.id.as_str()));
        let mut shown = String::new();
        for (what, value) in [
            ("account", account.id.to_string()),
            ("e-mail", account.email.to_string()),
            ("name", account.name.as_str().to_owned()),
            ("state", if account.enabled { "switched on" } else { "switched off" }.to_owned()),
            ("may", account.privileges.to_string()),
            ("of its own", account.own.to_string()),
            ("groups", or_none(names.join(", "))),
            ("time zone", or_none(zone.unwrap_or_default())),
            ("codes", if account.codes { "on" } else { "off" }.to_owned()),
            ("known to", known.unwrap_or_else(|| "this server".to_owned())),
            ("signed in", self.signed_in_times(&account)),
        ] {
            let _ = writeln!(shown, "{what:<11} {value}");
        }
        Ok(shown.trim_end().to_owned())
    }

    fn signed_in_times(&self, account: &Account) -> String {
        match self.accounts.sessions_of(account.id).len() {
            0 => "nowhere".to_owned(),
            1 => "in 1 place".to_owned(),
            n => format!("in {n} places"),
        }
    }

    async fn disable(&self, email: &str) -> Done {
        let account = self.found(email).await?;
        self.change(Command::Disable { account: account.id }).await?;
        let ended = self.accounts.sessions().end_all_of(account.id);
        self.accounts.halves().end_all_of(account.id);
        self.tell_of_ended(&account, ended).await?;
        Ok(format!("Account {} is switched off.", account.email))
    }

    async fn tell_of_ended(&self, account: &Account, count: u32) -> Result<(), String> {
        if count == 0 {
            return Ok(());
        }
        self.change(Command::EndSignIns { account: account.id, count }).await
    }

    async fn reset(&self, email: &str) -> Done {
        let Some(address) = &self.address else {
            return Err("Start the server first: the link is for its pages.".to_owned());
        };
        let account = self.found(email).await?;
        let token = self.accounts.issue_reset(&account, Actor::Server).await;
        let token = token.map_err(of_accounts)?;
        let minutes = LINK_LIFE.as_secs() / 60;
        Ok(format!(
            "Give this link to {}; it works once, within {minutes} minutes:\n{address}/reset#{}",
            account.email,
            token.as_str()
        ))
    }

    async fn codes_off(&self, email: &str) -> Done {
        let account = self.found(email).await?;
        if !account.codes {
            return Ok(format!("Account {} signs in without codes already.", account.email));
        }
        self.accounts.drop_codes(&account, Actor::Server).await.map_err(of_accounts)?;
        Ok(format!(
            "Account {email} signs in without codes. If its password has less than 15 characters, \
             make a link with `convoke account reset {email}`.",
            email = account.email
        ))
    }

    async fn set_account(&self, email: &str, change: AccountChange) -> Done {
        let found = self.found(email).await?;
        let account = found.id;
        // Everything is looked at before anything is changed.
        let mut wishes = Vec::new();
        if let Some(typed) = change.time_zone {
            let zone = zone(&typed).map_err(said)?;
            wishes.push(Command::SetZone { account, zone });
        }
        if let Some(name) = change.name {
            let name = Name::new(&name).map_err(|_| said(Refusal::NameInvalid))?;
            wishes.push(Command::Rename { account, name });
        }
        if let Some(email) = change.email {
            wishes.push(Command::Readdress { account, email: email_of(&email)? });
        }
        if let Some(words) = change.privileges {
            let privileges = privileges_of(&words)?;
            wishes.push(Command::SetPrivileges { account, privileges });
        }
        if let Some(names) = change.groups {
            let groups = self.groups_of(&names).await?;
            wishes.push(Command::SetGroups { account, groups });
        }
        if found.external.is_some() && wishes.iter().any(is_kept_elsewhere) {
            return Err(said(Refusal::KeptElsewhere));
        }
        for wish in wishes {
            self.change(wish).await?;
        }
        Ok(format!("Account {} is changed.", found.email))
    }

    async fn groups_of(&self, names: &[String]) -> Result<Vec<GroupId>, String> {
        let mut groups = Vec::with_capacity(names.len());
        for name in names {
            groups.push(self.group_of(name).await?.0);
        }
        Ok(groups)
    }

    /// A group by its name.
    pub(super) async fn group_of(&self, name: &str) -> Result<(GroupId, Privileges), String> {
        let wanted = group_name(name)?.as_str().to_lowercase();
        let groups = self.engine.groups().await.map_err(of_engine)?;
        let found = groups.into_iter().find(|(_, g)| g.name.as_str().to_lowercase() == wanted);
        let found = found.map(|(id, group)| (id, group.privileges));
        found.ok_or_else(|| format!("There is no group called {}.", name.trim()))
    }
}

/// What is refreshed at each sign-in would not stay as it was set here.
fn is_kept_elsewhere(wish: &Command) -> bool {
    matches!(
        wish,
        Command::Rename { .. } | Command::Readdress { .. } | Command::SetPrivileges { .. }
    )
}

pub(super) fn group_name(typed: &str) -> Result<GroupName, String> {
    GroupName::new(typed).map_err(|_| said(Refusal::NameInvalid))
}

/// Privileges by their words; `none` and nothing are none, `everyday` is all but to administer.
pub(super) fn privileges_of(words: &[String]) -> Result<Privileges, String> {
    let mut privileges = Privileges::NONE;
    for word in words.iter().map(|word| word.trim()).filter(|word| !word.is_empty()) {
        privileges = match (word, Privilege::from_word(word)) {
            ("none", _) => privileges,
            ("everyday", _) => privileges.and(Privileges::EVERYDAY),
            (_, Some(privilege)) => privileges.with(privilege),
            (_, None) => {
                let known: Vec<_> = Privilege::ALL.into_iter().map(Privilege::word).collect();
                let known = known.join(", ");
                return Err(format!(
                    "There is no privilege {word:?}. There are: everyday, none, {known}."
                ));
            }
        };
    }
    Ok(privileges)
}
