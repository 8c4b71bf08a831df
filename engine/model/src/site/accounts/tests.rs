//! The rules about accounts and groups, by what was given and what is wished.

use super::super::alarm::Alarm;
use super::super::{Command as SiteCommand, Event as SiteEvent, Site, groups};
use super::{Command, Email, Event, External, Profile, Second, Via};
use crate::id::{AccountId, GroupId, Millis, Position};
use crate::privilege::{Privilege, Privileges};
use crate::record::{Actor, Proposal, Record};
use crate::refusal::Refusal;
use crate::text::{Address, ForeignId, GroupName, Name, Source, Zone};

const ANN: AccountId = AccountId(1);
const BOB: AccountId = AccountId(2);
const STAFF: GroupId = GroupId(1);

fn email(text: &str) -> Email {
    Email::new(text).expect("an address")
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

fn add(address: &str, administrator: bool, first: bool) -> Command {
    Command::Add { email: email(address), name: name("Ann"), administrator, first }
}

fn group(text: &str, privileges: Privileges) -> SiteCommand {
    let name = GroupName::new(text).expect("a name");
    SiteCommand::Groups(groups::Command::Add { name, privileges })
}

fn administrators() -> Privileges {
    Privileges::NONE.with(Privilege::Administrator)
}

fn asked(site: &Site, command: impl Into<SiteCommand>) -> Result<Vec<SiteEvent>, Refusal> {
    let command = command.into();
    site.decide(&Proposal { by: Actor::Server, at: Millis(1), request: None, command })
}

impl From<Command> for SiteCommand {
    fn from(command: Command) -> Self {
        Self::Accounts(command)
    }
}

/// Takes a wish and gives the facts it became.
fn done(site: &mut Site, command: impl Into<SiteCommand>) -> Vec<SiteEvent> {
    let facts = asked(site, command).expect("granted");
    for event in &facts {
        let position = Position { epoch: 1, seq: 1 };
        let (time, actor, event) = (Millis(1), Actor::Server, event.clone());
        site.apply(&Record { position, time, actor, request: None, event });
    }
    facts
}

fn given<const N: usize>(commands: [SiteCommand; N]) -> Site {
    let mut site = Site::default();
    for command in commands {
        done(&mut site, command);
    }
    site
}

fn ann_administers_and_bob_does_not() -> Site {
    given([add("ann@example.org", true, false).into(), add("bob@example.org", false, false).into()])
}

fn alarms(facts: &[SiteEvent]) -> Vec<Alarm> {
    let alarm = |fact: &SiteEvent| match fact {
        SiteEvent::Alarm(alarm) => Some(alarm.clone()),
        _ => None,
    };
    facts.iter().filter_map(alarm).collect()
}

fn may(site: &Site, account: AccountId, privilege: Privilege) -> bool {
    site.accounts.privileges(site.accounts.get(account).expect("there")).has(privilege)
}

fn profile(address: &str, id: &str, privileges: Privileges) -> Profile {
    let source = Source::new("ldap").expect("a name");
    let external = External { source, id: ForeignId::new(id).expect("an id") };
    Profile { external, email: email(address), name: name("Eva"), privileges, zone: None }
}

#[test]
fn an_address_is_an_account_once_whatever_its_case() {
    let site = given([add("Ann@Example.com", false, false).into()]);
    assert_eq!(asked(&site, add("ann@example.COM", false, false)), Err(Refusal::Taken));
    assert_eq!(site.accounts.next(), AccountId(2));
}

#[test]
fn the_first_administrator_is_made_once() {
    let site = given([add("a@b", true, true).into()]);
    assert_eq!(asked(&site, add("c@d", true, true)), Err(Refusal::SetupDone));
    assert!(asked(&site, add("c@d", true, false)).is_ok());
}

#[test]
fn accounts_of_before_keep_all_but_to_administer() {
    let site = ann_administers_and_bob_does_not();
    for privilege in Privilege::ALL {
        // Who administers may look at everything without it.
        let audits = privilege == Privilege::Auditor;
        let everyday = !audits && privilege != Privilege::Administrator;
        assert_eq!(may(&site, ANN, privilege), !audits, "{privilege:?}");
        assert_eq!(may(&site, BOB, privilege), everyday, "{privilege:?}");
    }
}

#[test]
fn what_an_account_may_is_the_sum_of_its_own_and_its_groups() {
    let mut site = ann_administers_and_bob_does_not();
    let chat = Privileges::NONE.with(Privilege::Chat);
    done(&mut site, group("Staff", Privileges::NONE.with(Privilege::Record)));
    done(&mut site, Command::SetPrivileges { account: BOB, privileges: chat });
    assert!(may(&site, BOB, Privilege::Chat) && !may(&site, BOB, Privilege::Record));
    done(&mut site, Command::SetGroups { account: BOB, groups: vec![STAFF, STAFF] });
    assert!(may(&site, BOB, Privilege::Chat) && may(&site, BOB, Privilege::Record));
    done(&mut site, SiteCommand::Groups(groups::Command::Remove { group: STAFF }));
    assert!(!may(&site, BOB, Privilege::Record));
    assert!(site.accounts.get(BOB).expect("there").groups.is_empty());
    let nowhere = Command::SetGroups { account: BOB, groups: vec![STAFF] };
    assert_eq!(asked(&site, nowhere), Err(Refusal::NotFound));
    // A number is never given again, so that old records do not speak of another group.
    done(&mut site, group("Others", chat));
    assert!(site.accounts.groups().get(GroupId(2)).is_some());
}

#[test]
fn group_names_are_taken_once_whatever_their_case() {
    let site = given([group("Staff", Privileges::NONE), group("Guests", Privileges::NONE)]);
    assert_eq!(asked(&site, group("STAFF", Privileges::NONE)), Err(Refusal::Taken));
    let name = GroupName::new("staff").expect("a name");
    let rename = |group, name| SiteCommand::Groups(groups::Command::Rename { group, name });
    assert_eq!(asked(&site, rename(GroupId(2), name.clone())), Err(Refusal::Taken));
    assert_eq!(asked(&site, rename(GroupId(1), name.clone())).expect("granted").len(), 1);
    assert_eq!(
        asked(&site, rename(GroupId(9), GroupName::new("x").expect("a name"))),
        Err(Refusal::NotFound)
    );
}

#[test]
fn changes_say_what_was_before_and_none_becomes_no_fact() {
    let mut site = ann_administers_and_bob_does_not();
    let chat = Privileges::NONE.with(Privilege::Chat);
    let set = Command::SetPrivileges { account: BOB, privileges: chat };
    let fact =
        Event::PrivilegesSet { account: BOB, before: Privileges::EVERYDAY, privileges: chat };
    assert_eq!(done(&mut site, set.clone()), [SiteEvent::Accounts(fact)]);
    assert_eq!(done(&mut site, set), []);
    for wish in [
        Command::Rename { account: BOB, name: name("Ann") },
        Command::Readdress { account: BOB, email: email("BOB@example.org") },
        Command::SetZone { account: BOB, zone: None },
        Command::Enable { account: BOB },
        Command::TurnCodesOff { account: BOB },
        Command::SetGroups { account: BOB, groups: vec![] },
    ] {
        assert_eq!(done(&mut site, wish.clone()), [], "{wish:?}");
    }
    let zone = Zone::new("Europe/Berlin").expect("a zone");
    assert_eq!(done(&mut site, Command::SetZone { account: BOB, zone: Some(zone) }).len(), 1);
    assert_eq!(done(&mut site, Command::Readdress { account: BOB, email: email("b@c") }).len(), 1);
    assert_eq!(site.accounts.by_email(&email("b@c")), Some(BOB));
    assert_eq!(site.accounts.by_email(&email("bob@example.org")), None);
    let taken = Command::Readdress { account: BOB, email: email("ann@example.org") };
    assert_eq!(asked(&site, taken), Err(Refusal::Taken));
}

#[test]
fn the_last_local_administrator_stays_one() {
    let mut site = ann_administers_and_bob_does_not();
    let bare = Command::SetPrivileges { account: ANN, privileges: Privileges::EVERYDAY };
    let off = Command::Disable { account: ANN };
    assert_eq!(asked(&site, bare.clone()), Err(Refusal::LastAdministrator));
    assert_eq!(asked(&site, off.clone()), Err(Refusal::LastAdministrator));
    // One from elsewhere does not count: the other place may be gone tomorrow.
    done(&mut site, Command::Know(profile("eva@example.org", "uid=eva", administrators())));
    assert_eq!(asked(&site, off.clone()), Err(Refusal::LastAdministrator));
    done(&mut site, group("Operators", administrators()));
    done(&mut site, Command::SetGroups { account: BOB, groups: vec![STAFF] });
    done(&mut site, bare);
    let group_off = |privileges| {
        SiteCommand::Groups(groups::Command::SetPrivileges { group: STAFF, privileges })
    };
    assert_eq!(asked(&site, group_off(Privileges::NONE)), Err(Refusal::LastAdministrator));
    let remove = SiteCommand::Groups(groups::Command::Remove { group: STAFF });
    assert_eq!(asked(&site, remove), Err(Refusal::LastAdministrator));
    let leave = Command::SetGroups { account: BOB, groups: vec![] };
    assert_eq!(asked(&site, leave), Err(Refusal::LastAdministrator));
    done(&mut site, off);
    assert!(!site.accounts.get(ANN).expect("there").enabled);
}

#[test]
fn who_is_switched_off_does_not_sign_in_and_gets_no_link() {
    let mut site = ann_administers_and_bob_does_not();
    done(&mut site, Command::Disable { account: BOB });
    let sign_in = Command::SignIn { account: BOB, via: Via::Page, from: None, second: None };
    assert_eq!(asked(&site, sign_in.clone()), Err(Refusal::AccountDisabled));
    assert_eq!(asked(&site, Command::IssueReset { account: BOB }), Err(Refusal::AccountDisabled));
    done(&mut site, Command::Enable { account: BOB });
    assert_eq!(done(&mut site, sign_in).len(), 1);
}

#[test]
fn somebody_known_elsewhere_has_no_password_here_and_is_refreshed() {
    let mut site = ann_administers_and_bob_does_not();
    let first = profile("eva@example.org", "uid=eva", Privileges::EVERYDAY);
    assert_eq!(done(&mut site, Command::Know(first.clone())).len(), 1);
    let eva = site.accounts.by_external(&first.external).expect("known");
    assert_eq!(done(&mut site, Command::Know(first.clone())), [], "nothing changed");
    let elsewhere = Err(Refusal::KeptElsewhere);
    assert_eq!(asked(&site, Command::ChangePassword { account: eva }), elsewhere);
    assert_eq!(asked(&site, Command::IssueReset { account: eva }), elsewhere);
    let mut later = profile("eva.new@example.org", "uid=eva", Privileges::NONE);
    later.name = name("Eva Maria");
    later.zone = Some(Zone::new("Asia/Shanghai").expect("a zone"));
    assert_eq!(done(&mut site, Command::Know(later)).len(), 4);
    let found = site.accounts.get(eva).expect("there");
    assert_eq!((found.name.as_str(), found.own), ("Eva Maria", Privileges::NONE));
    assert_eq!(site.accounts.by_email(&email("eva.new@example.org")), Some(eva));
}

#[test]
fn another_place_takes_over_nobodys_account() {
    let mut site = ann_administers_and_bob_does_not();
    let claim = |id| Command::Know(profile("ann@example.org", id, administrators()));
    assert_eq!(asked(&site, claim("uid=x")), Err(Refusal::Taken), "a local one");
    done(&mut site, Command::Know(profile("eva@example.org", "uid=eva", Privileges::EVERYDAY)));
    assert_eq!(asked(&site, claim("uid=eva")), Err(Refusal::Taken), "by a changed address");
    let mut other = profile("eva@example.org", "uid=eva", Privileges::EVERYDAY);
    other.external.source = Source::new("crm").expect("a name");
    assert_eq!(asked(&site, Command::Know(other)), Err(Refusal::Taken), "of another place");
}

#[test]
fn more_than_thirty_failures_in_a_row_are_an_alarm() {
    let mut site = ann_administers_and_bob_does_not();
    let from = Some(Address::new("203.0.113.9").expect("an address"));
    let fail = Command::FailSignIn { account: Some(BOB), via: Via::Page, from: from.clone() };
    for n in 1..=30 {
        assert_eq!(alarms(&done(&mut site, fail.clone())), [], "{n}");
    }
    let loud = Alarm::ManyFailures { account: BOB, failures: 31, from };
    assert_eq!(alarms(&done(&mut site, fail.clone())), [loud]);
    let (via, second) = (Via::Page, Some(Second::Code));
    done(&mut site, Command::SignIn { account: BOB, via, from: None, second });
    for _ in 0..30 {
        assert_eq!(alarms(&done(&mut site, fail.clone())), [], "a sign-in ends the row");
    }
    // Names that nobody has raise none: there is no account to look after.
    let unknown = Command::FailSignIn { account: None, via: Via::Page, from: None };
    assert!((0..40).all(|_| alarms(&done(&mut site, unknown.clone())).is_empty()));
}

#[test]
fn every_way_to_become_administrator_is_an_alarm() {
    let new = |account| [Alarm::NewAdministrator { account }];
    let mut site = Site::default();
    assert_eq!(alarms(&done(&mut site, add("ann@example.org", true, true))), new(ANN));
    assert_eq!(alarms(&done(&mut site, add("bob@example.org", false, false))), []);
    let all = Privileges::EVERYDAY.with(Privilege::Administrator);
    let set = |privileges| Command::SetPrivileges { account: BOB, privileges };
    assert_eq!(alarms(&done(&mut site, set(all))), new(BOB));
    assert_eq!(alarms(&done(&mut site, set(Privileges::EVERYDAY))), []);
    done(&mut site, group("Operators", administrators()));
    let join = Command::SetGroups { account: BOB, groups: vec![STAFF] };
    assert_eq!(alarms(&done(&mut site, join)), new(BOB));
    let change = |privileges| {
        SiteCommand::Groups(groups::Command::SetPrivileges { group: STAFF, privileges })
    };
    assert_eq!(alarms(&done(&mut site, change(Privileges::NONE))), []);
    assert_eq!(alarms(&done(&mut site, change(administrators()))), new(BOB));
    let eva = Command::Know(profile("eva@example.org", "uid=eva", administrators()));
    assert_eq!(alarms(&done(&mut site, eva)), new(AccountId(3)));
}

#[test]
fn a_local_administrator_breaks_the_glass_where_accounts_come_from_elsewhere() {
    let mut site = ann_administers_and_bob_does_not();
    let sign_in = |account| Command::SignIn { account, via: Via::Page, from: None, second: None };
    assert_eq!(alarms(&done(&mut site, sign_in(ANN))), []);
    done(&mut site, Command::Know(profile("eva@example.org", "uid=eva", administrators())));
    let broken = Alarm::BreakGlass { account: ANN, from: None };
    assert_eq!(alarms(&done(&mut site, sign_in(ANN))), [broken]);
    assert_eq!(alarms(&done(&mut site, sign_in(BOB))), [], "no administrator");
    assert_eq!(alarms(&done(&mut site, sign_in(AccountId(3)))), [], "not local");
}
