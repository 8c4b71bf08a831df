//! Facts of accounts and groups, and alarms, in words.

use convoke_model::GroupId;
use convoke_model::site::accounts::{Event, Profile, Second, Via};
use convoke_model::site::alarm::Alarm;
use convoke_model::site::groups;
use convoke_model::text::Address;

use crate::names::Names;
use crate::out::{count, plain};

/// A fact of an account.
pub(crate) fn of(event: &Event, names: &Names) -> String {
    match event {
        Event::Added { account, email, name, administrator } => format!(
            "account {account} was added: {} <{}>{}",
            plain(name.as_str()),
            plain(email.as_str()),
            if *administrator { ", administrator" } else { "" },
        ),
        Event::PasswordChanged { account } => {
            format!("the password of {} was changed", names.account(*account))
        }
        Event::SignedIn { account, via: how, from, second } => {
            let second = match second {
                None => "",
                Some(Second::Code) => ", with a code",
                Some(Second::RecoveryCode) => ", with a recovery code",
            };
            format!("{} signed in {}{}{second}", names.account(*account), via(*how), place(from))
        }
        Event::SignInFailed { account, via: how, from } => {
            let whose = account.map_or_else(|| "an unknown account".into(), |id| names.account(id));
            format!("signing in to {whose} failed {}{}", via(*how), place(from))
        }
        Event::Known { account, profile } => {
            let Profile { external, email, name, privileges, zone: _ } = profile;
            format!(
                "account {account} was added: {} <{}>, known to {} as {}, may: {privileges}",
                plain(name.as_str()),
                plain(email.as_str()),
                plain(external.source.as_str()),
                plain(external.id.as_str()),
            )
        }
        Event::Renamed { account, name } => {
            format!("account {account} is called {}", plain(name.as_str()))
        }
        Event::Readdressed { account, email } => {
            format!("{} signs in as {}", names.account(*account), plain(email.as_str()))
        }
        Event::ZoneSet { account, zone } => {
            let zone = zone.as_ref().map_or_else(|| "not set".into(), |zone| plain(zone.as_str()));
            format!("the time zone of {} is {zone}", names.account(*account))
        }
        Event::PrivilegesSet { account, before, privileges } => {
            format!("{} may: {privileges}; before: {before}", names.account(*account))
        }
        Event::GroupsSet { account, before, groups } => {
            let (now, before) = (numbers(groups), numbers(before));
            format!("the groups of {} are: {now}; before: {before}", names.account(*account))
        }
        Event::Disabled { account } => format!("{} was switched off", names.account(*account)),
        Event::Enabled { account } => format!("{} was switched on", names.account(*account)),
        Event::CodesTurnedOn { account } => {
            format!("{} signs in with codes", names.account(*account))
        }
        Event::CodesTurnedOff { account } => {
            format!("{} signs in without codes", names.account(*account))
        }
        Event::ResetIssued { account } => {
            format!("a link to set a new password was made for {}", names.account(*account))
        }
        Event::SignInsEnded { account, count: ended } => {
            let ended = count(u64::from(*ended), "sign-in", "sign-ins");
            format!("{ended} of {} ended", names.account(*account))
        }
    }
}

/// A fact of a group.
pub(crate) fn of_group(event: &groups::Event) -> String {
    match event {
        groups::Event::Added { group, name, privileges } => {
            format!("group {group} was added: {}, may: {privileges}", plain(name.as_str()))
        }
        groups::Event::Renamed { group, name } => {
            format!("group {group} is called {}", plain(name.as_str()))
        }
        groups::Event::PrivilegesSet { group, before, privileges } => {
            format!("group {group} may: {privileges}; before: {before}")
        }
        groups::Event::Removed { group } => format!("group {group} was removed"),
    }
}

/// An alarm.
pub(crate) fn alarm(alarm: &Alarm, names: &Names) -> String {
    match alarm {
        Alarm::ManyFailures { account, failures, from } => format!(
            "ALARM: {failures} failures in a row for {}{}",
            names.account(*account),
            place(from)
        ),
        Alarm::ManyFailuresFrom { from, failures } => {
            format!("ALARM: {failures} failures within an hour from {}", plain(from.as_str()))
        }
        Alarm::NewAdministrator { account } => {
            format!("ALARM: {} may administer the server", names.account(*account))
        }
        Alarm::BreakGlass { account, from } => format!(
            "ALARM: the administrator {} signed in with a local password{}",
            names.account(*account),
            place(from)
        ),
    }
}

fn via(via: Via) -> &'static str {
    match via {
        Via::Page => "on the sign-in page",
        Via::Legacy => "by a legacy address",
        Via::Setup => "by the set-up link",
    }
}

fn place(from: &Option<Address>) -> String {
    from.as_ref().map(|from| format!(" from {}", plain(from.as_str()))).unwrap_or_default()
}

fn numbers(groups: &[GroupId]) -> String {
    let words: Vec<String> = groups.iter().map(ToString::to_string).collect();
    if words.is_empty() { "none".into() } else { words.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use convoke_model::AccountId;
    use convoke_model::privilege::{Privilege, Privileges};

    #[test]
    fn facts_say_what_was_before_and_alarms_are_loud() {
        let (names, account) = (Names::default(), AccountId(7));
        let chat = Privileges::NONE.with(Privilege::Chat);
        let set = Event::PrivilegesSet { account, before: chat, privileges: Privileges::NONE };
        assert_eq!(of(&set, &names), "account 7 may: none; before: chat");
        let from = Address::new("192.0.2.1").ok();
        let via = Via::Page;
        let second = Some(Second::RecoveryCode);
        let signed = Event::SignedIn { account, via, from: from.clone(), second };
        assert_eq!(
            of(&signed, &names),
            "account 7 signed in on the sign-in page from 192.0.2.1, with a recovery code"
        );
        let loud = Alarm::ManyFailures { account, failures: 31, from };
        let expected = "ALARM: 31 failures in a row for account 7 from 192.0.2.1";
        assert_eq!(alarm(&loud, &names), expected);
    }
}
