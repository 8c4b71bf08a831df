//! What becomes of wishes about accounts and groups.

use super::super::Event as SiteEvent;
use super::super::alarm::{Alarm, is_alarming};
use super::super::groups;
use super::{Account, Accounts, Command, Event, Profile, Via};
use crate::id::{AccountId, GroupId};
use crate::privilege::{Privilege, Privileges};
use crate::refusal::Refusal;
use crate::text::Address;

/// Groups that one account may be in.
const GROUPS_MAX: usize = 100;

impl Accounts {
    /// The facts that a wish would become; none when nothing would change.
    pub(in super::super) fn decide(&self, command: &Command) -> Result<Vec<SiteEvent>, Refusal> {
        let mut facts = self.facts(command)?;
        if self.loses_its_last_administrator(&facts) {
            return Err(Refusal::LastAdministrator);
        }
        facts.extend(self.alarms(&facts));
        Ok(facts)
    }

    /// The same for groups.
    pub(in super::super) fn decide_group(
        &self,
        command: &groups::Command,
    ) -> Result<Vec<SiteEvent>, Refusal> {
        let mut facts: Vec<_> =
            self.groups.decide(command)?.into_iter().map(SiteEvent::Groups).collect();
        if self.loses_its_last_administrator(&facts) {
            return Err(Refusal::LastAdministrator);
        }
        facts.extend(self.alarms(&facts));
        Ok(facts)
    }

    fn facts(&self, command: &Command) -> Result<Vec<SiteEvent>, Refusal> {
        let found = |account: AccountId| self.by_id.get(&account).ok_or(Refusal::NotFound);
        // Nothing is said twice: a wish for what is so already becomes no fact.
        let unless = |same: bool, fact: Event| if same { vec![] } else { vec![fact] };
        let facts = match command {
            Command::Add { first: true, .. } if self.has_administrator() => {
                return Err(Refusal::SetupDone);
            }
            Command::Add { email, .. } if self.by_email.contains_key(email) => {
                return Err(Refusal::Taken);
            }
            Command::Add { email, name, administrator, first: _ } => vec![Event::Added {
                account: self.next(),
                email: email.clone(),
                name: name.clone(),
                administrator: *administrator,
            }],
            Command::Know(profile) => self.know(profile)?,
            &Command::ChangePassword { account } => {
                if found(account)?.external.is_some() {
                    return Err(Refusal::KeptElsewhere);
                }
                vec![Event::PasswordChanged { account }]
            }
            Command::SignIn { account, via, from, second } => {
                if !found(*account)?.enabled {
                    return Err(Refusal::AccountDisabled);
                }
                let (via, from, second) = (*via, from.clone(), *second);
                vec![Event::SignedIn { account: *account, via, from, second }]
            }
            Command::FailSignIn { account, via, from } => {
                vec![Event::SignInFailed { account: *account, via: *via, from: from.clone() }]
            }
            Command::Rename { account, name } => {
                let same = found(*account)?.name == *name;
                unless(same, Event::Renamed { account: *account, name: name.clone() })
            }
            Command::Readdress { account, email } => {
                let same = found(*account)?.email == *email;
                if !same && self.by_email.contains_key(email) {
                    return Err(Refusal::Taken);
                }
                unless(same, Event::Readdressed { account: *account, email: email.clone() })
            }
            Command::SetZone { account, zone } => {
                let same = found(*account)?.zone == *zone;
                unless(same, Event::ZoneSet { account: *account, zone: zone.clone() })
            }
            &Command::SetPrivileges { account, privileges } => {
                let before = found(account)?.own;
                let set = Event::PrivilegesSet { account, before, privileges };
                unless(before == privileges, set)
            }
            Command::SetGroups { account, groups } => {
                let before: Vec<GroupId> = found(*account)?.groups.iter().copied().collect();
                let mut groups = groups.clone();
                groups.sort_unstable();
                groups.dedup();
                if groups.len() > GROUPS_MAX {
                    return Err(Refusal::TooLong);
                }
                if groups.iter().any(|group| self.groups.get(*group).is_none()) {
                    return Err(Refusal::NotFound);
                }
                let same = before == groups;
                unless(same, Event::GroupsSet { account: *account, before, groups })
            }
            &Command::Disable { account } => {
                unless(!found(account)?.enabled, Event::Disabled { account })
            }
            &Command::Enable { account } => {
                unless(found(account)?.enabled, Event::Enabled { account })
            }
            &Command::TurnCodesOn { account } => {
                found(account)?;
                vec![Event::CodesTurnedOn { account }]
            }
            &Command::TurnCodesOff { account } => {
                unless(!found(account)?.codes, Event::CodesTurnedOff { account })
            }
            &Command::IssueReset { account } => {
                let found = found(account)?;
                if found.external.is_some() {
                    return Err(Refusal::KeptElsewhere);
                }
                if !found.enabled {
                    return Err(Refusal::AccountDisabled);
                }
                vec![Event::ResetIssued { account }]
            }
            &Command::EndSignIns { account, count } => {
                found(account)?;
                vec![Event::SignInsEnded { account, count }]
            }
        };
        Ok(facts.into_iter().map(SiteEvent::Accounts).collect())
    }

    /// An account that has this address and is not this person's is not taken over, whoever says
    /// so.
    fn know(&self, profile: &Profile) -> Result<Vec<Event>, Refusal> {
        let Profile { external, email, name, privileges, zone } = profile;
        let known = self.by_external(external);
        if self.by_email(email).is_some_and(|other| Some(other) != known) {
            return Err(Refusal::Taken);
        }
        let Some((account, found)) = known.and_then(|id| self.get(id).map(|found| (id, found)))
        else {
            return Ok(vec![Event::Known { account: self.next(), profile: profile.clone() }]);
        };
        let mut facts = Vec::new();
        if found.email != *email {
            facts.push(Event::Readdressed { account, email: email.clone() });
        }
        if found.name != *name {
            facts.push(Event::Renamed { account, name: name.clone() });
        }
        if found.own != *privileges {
            let (before, privileges) = (found.own, *privileges);
            facts.push(Event::PrivilegesSet { account, before, privileges });
        }
        if zone.is_some() && found.zone != *zone {
            facts.push(Event::ZoneSet { account, zone: zone.clone() });
        }
        Ok(facts)
    }

    /// Whether these facts would leave the server without an administrator who needs no other
    /// place to sign in.
    fn loses_its_last_administrator(&self, facts: &[SiteEvent]) -> bool {
        let takes = facts.iter().any(|fact| match fact {
            SiteEvent::Groups(event) => !matches!(event, groups::Event::Added { .. }),
            SiteEvent::Accounts(event) => matches!(
                event,
                Event::PrivilegesSet { .. } | Event::GroupsSet { .. } | Event::Disabled { .. }
            ),
            SiteEvent::Policy(_)
            | SiteEvent::Scripts(_)
            | SiteEvent::Settings(_)
            | SiteEvent::Rooms(_)
            | SiteEvent::Webhooks(_)
            | SiteEvent::Keys(_)
            | SiteEvent::Connections(_)
            | SiteEvent::Audit(_)
            | SiteEvent::Alarm(_)
            | SiteEvent::Started { .. }
            | SiteEvent::Lost(_)
            | SiteEvent::Erased(_)
            | SiteEvent::Deed(_) => false,
        });
        takes && self.has_local_administrator() && !self.after(facts).has_local_administrator()
    }

    fn has_local_administrator(&self) -> bool {
        let may = |account: &Account| {
            let local = account.enabled && account.external.is_none();
            local && self.privileges(account).has(Privilege::Administrator)
        };
        self.by_id.values().any(may)
    }

    /// How it would be after these facts. A copy: what is asked for here is rare.
    fn after(&self, facts: &[SiteEvent]) -> Self {
        let mut next = self.clone();
        for fact in facts {
            match fact {
                SiteEvent::Accounts(event) => next.apply(event),
                SiteEvent::Groups(event) => next.apply_group(event),
                SiteEvent::Policy(_)
                | SiteEvent::Scripts(_)
                | SiteEvent::Settings(_)
                | SiteEvent::Rooms(_)
                | SiteEvent::Webhooks(_)
                | SiteEvent::Keys(_)
                | SiteEvent::Connections(_)
                | SiteEvent::Audit(_)
                | SiteEvent::Alarm(_)
                | SiteEvent::Started { .. }
                | SiteEvent::Lost(_)
                | SiteEvent::Erased(_)
                | SiteEvent::Deed(_) => {}
            }
        }
        next
    }

    fn alarms(&self, facts: &[SiteEvent]) -> Vec<SiteEvent> {
        let mut alarms = Vec::new();
        let mut privileges_change = false;
        for fact in facts {
            match fact {
                SiteEvent::Accounts(Event::SignInFailed {
                    account: Some(account), from, ..
                }) => {
                    alarms.extend(self.too_many(*account, from.as_ref()));
                }
                SiteEvent::Accounts(Event::SignedIn { account, via, from, .. }) => {
                    alarms.extend(self.break_glass(*account, *via, from.as_ref()));
                }
                SiteEvent::Accounts(
                    Event::Added { administrator: true, .. }
                    | Event::Known { .. }
                    | Event::PrivilegesSet { .. }
                    | Event::GroupsSet { .. }
                    | Event::Enabled { .. },
                )
                | SiteEvent::Groups(groups::Event::PrivilegesSet { .. }) => {
                    privileges_change = true;
                }
                SiteEvent::Accounts(_)
                | SiteEvent::Groups(_)
                | SiteEvent::Policy(_)
                | SiteEvent::Scripts(_)
                | SiteEvent::Settings(_)
                | SiteEvent::Rooms(_)
                | SiteEvent::Webhooks(_)
                | SiteEvent::Keys(_)
                | SiteEvent::Connections(_)
                | SiteEvent::Audit(_)
                | SiteEvent::Alarm(_)
                | SiteEvent::Started { .. }
                | SiteEvent::Lost(_)
                | SiteEvent::Erased(_)
                | SiteEvent::Deed(_) => {}
            }
        }
        if privileges_change {
            alarms.extend(self.new_administrators(facts));
        }
        alarms.into_iter().map(SiteEvent::Alarm).collect()
    }

    fn too_many(&self, account: AccountId, from: Option<&Address>) -> Option<Alarm> {
        let failures = self.get(account)?.failures.saturating_add(1);
        let from = from.cloned();
        is_alarming(failures).then_some(Alarm::ManyFailures { account, failures, from })
    }

    fn break_glass(&self, account: AccountId, via: Via, from: Option<&Address>) -> Option<Alarm> {
        let found = self.get(account)?;
        let administers = self.privileges(found).has(Privilege::Administrator);
        let elsewhere = !self.by_external.is_empty() && found.external.is_none();
        let breaks = administers && elsewhere && via != Via::Setup;
        breaks.then(|| Alarm::BreakGlass { account, from: from.cloned() })
    }

    fn new_administrators(&self, facts: &[SiteEvent]) -> Vec<Alarm> {
        let next = self.after(facts);
        let may = |accounts: &Self, account: Option<&Account>| {
            let privileges = account
                .filter(|account| account.enabled)
                .map_or(Privileges::NONE, |account| accounts.privileges(account));
            privileges.has(Privilege::Administrator)
        };
        let new = next
            .by_id
            .iter()
            .filter(|(id, account)| may(&next, Some(account)) && !may(self, self.by_id.get(id)));
        new.map(|(id, _)| Alarm::NewAdministrator { account: *id }).collect()
    }
}
