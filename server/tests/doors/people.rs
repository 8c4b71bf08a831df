//! Accounts and groups at the command line, while a server runs.

use convoke::clerk::{AccountCall, AccountChange, GroupCall};
use convoke::control_socket::{Answer, Call, ask};
use serde_json::json;

use super::commands::listening;
use super::world::{EMAIL, PASSWORD, World, world};

fn said(world: &World, call: Call) -> Result<String, String> {
    let folder = world.folder.clone();
    match world.block_on(ask(&folder, &call)).expect("answers") {
        Some(Answer::Done(words)) => Ok(words),
        Some(Answer::Refused(why)) => Err(why),
        None => panic!("nobody listens"),
    }
}

fn account(world: &World, call: AccountCall) -> Result<String, String> {
    said(world, Call::Account(call))
}

fn group(world: &World, call: GroupCall) -> Result<String, String> {
    said(world, Call::Group(call))
}

fn set(world: &World, change: AccountChange) -> Result<String, String> {
    account(world, AccountCall::Set { email: EMAIL.to_owned(), change })
}

fn words(list: &str) -> Vec<String> {
    list.split(',').map(str::to_owned).collect()
}

fn running() -> World {
    let world = world("");
    listening(&world, &world.folder);
    world.account("root@example.org", true);
    world.account(EMAIL, false);
    world
}

#[test]
fn accounts_are_listed_shown_and_changed() {
    let world = running();
    let list = account(&world, AccountCall::List {}).expect("listed");
    assert_eq!(list, format!("root@example.org  Ann Smith  administrator\n{EMAIL}  Ann Smith"));
    let privileges = words("chat,record");
    assert_eq!(
        group(&world, GroupCall::Add { name: "Staff".into(), privileges }).as_deref(),
        Ok("Group Staff added.")
    );
    let change = AccountChange {
        email: Some("Ann.New@example.org".into()),
        name: Some("Ann New".into()),
        time_zone: Some("Asia/Shanghai".into()),
        privileges: Some(words("interactive_meeting")),
        groups: Some(words("staff")),
    };
    assert!(set(&world, change).is_ok());
    let email = "ann.new@example.org".to_owned();
    let shown = account(&world, AccountCall::Show { email }).expect("shown");
    for line in [
        "e-mail      ann.new@example.org",
        "name        Ann New",
        "may         interactive_meeting, chat, record",
        "of its own  interactive_meeting",
        "groups      Staff",
        "time zone   Asia/Shanghai",
        "codes       off",
        "signed in   nowhere",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
    let groups = group(&world, GroupCall::List {}).expect("listed");
    assert_eq!(groups, "Staff  1 account  may: chat, record");
}

#[test]
fn wrong_words_are_answered_with_what_would_be_right_and_change_nothing() {
    let world = running();
    let change = |change| set(&world, change).expect_err("refused");
    let named = Some("Ann New".to_owned());
    let wrong = AccountChange {
        name: named.clone(),
        privileges: Some(words("chat,fly")),
        ..AccountChange::default()
    };
    assert!(change(wrong).contains("There is no privilege \"fly\". There are: everyday, none, "));
    let zone = Some("Mars/Olympus".to_owned());
    let wrong = AccountChange { name: named.clone(), time_zone: zone, ..AccountChange::default() };
    assert!(change(wrong).contains("Europe/Berlin"));
    let groups = Some(words("Nobody"));
    let wrong = AccountChange { name: named, groups, ..AccountChange::default() };
    assert_eq!(change(wrong), "There is no group called Nobody.");
    assert_eq!(world.found(EMAIL).name.as_str(), "Ann Smith");
    let email = "nobody@example.org".to_owned();
    let missing = account(&world, AccountCall::Show { email }).expect_err("refused");
    assert_eq!(missing, "There is no account with the address nobody@example.org.");
    let email = "root@example.org".to_owned();
    let last = account(&world, AccountCall::Disable { email }).expect_err("refused");
    assert!(last.contains("last administrator"), "{last}");
    let remove = GroupCall::Remove { name: "Nobody".into() };
    assert_eq!(group(&world, remove), Err("There is no group called Nobody.".into()));
}

#[test]
fn groups_are_changed_and_taken_away() {
    let world = running();
    let add = || GroupCall::Add { name: "Staff".into(), privileges: words("everyday") };
    assert!(group(&world, add()).is_ok());
    let twice = group(&world, add());
    assert_eq!(twice, Err("There is a group of that name already.".into()));
    let privileges = Some(words("none"));
    let change = GroupCall::Set { name: "staff".into(), rename: Some("Team".into()), privileges };
    assert!(group(&world, change).is_ok());
    let groups = group(&world, GroupCall::List {}).expect("listed");
    assert_eq!(groups, "Team  0 accounts  may: none");
    assert!(group(&world, GroupCall::Remove { name: "Team".into() }).is_ok());
    let none = group(&world, GroupCall::List {});
    assert_eq!(none.as_deref(), Ok("There are no groups yet."));
}

#[test]
fn a_disabled_account_is_out_at_once_and_an_enabled_one_comes_back() {
    let world = running();
    let cookie = world.sign_in(EMAIL);
    let email = || EMAIL.to_owned();
    assert!(account(&world, AccountCall::Disable { email: email() }).is_ok());
    assert_eq!(world.get_as("/api/v1/me", &cookie).status, 401);
    assert!(account(&world, AccountCall::Enable { email: email() }).is_ok());
    assert_eq!(world.get_as("/api/v1/me", &cookie).status, 401, "the old sign-in stays dead");
    assert!(!world.sign_in(EMAIL).is_empty());
}

#[test]
fn a_link_printed_for_an_administrator_works_like_one_by_mail() {
    let world = running();
    let printed = account(&world, AccountCall::Reset { email: EMAIL.to_owned() }).expect("made");
    let link = printed.lines().last().expect("a line");
    assert!(link.starts_with(&format!("{}/reset#", world.site.address())), "{printed}");
    assert!(!world.sign_in(EMAIL).is_empty(), "nothing changed yet");
    let token = link.split_once('#').expect("a fragment").1;
    let body = json!({ "token": token, "password": "silver lantern harbour" });
    assert_eq!(world.post("/api/v1/reset/use", &body).status, 200);
    let old = world.post("/api/v1/sign-in", &json!({ "email": EMAIL, "password": PASSWORD }));
    assert_eq!(old.status, 401);
}

#[test]
fn codes_are_turned_off_for_somebody_who_lost_them() {
    let world = running();
    super::codes::set_up(&world, &world.sign_in(EMAIL));
    let call = || AccountCall::TotpOff { email: EMAIL.to_owned() };
    assert!(account(&world, call()).expect("done").contains("without codes"));
    assert!(!world.sign_in(EMAIL).is_empty());
    assert!(account(&world, call()).expect("nothing to do").contains("already"));
}
