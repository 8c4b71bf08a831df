//! API keys at the command line, while a server runs.

use convoke::clerk::KeyCall;
use convoke::clock::{Clock, SystemClock};
use convoke::control_socket::{Answer, Call, ask};
use convoke_model::site::accounts::Command;

use super::commands::listening;
use super::world::{EMAIL, World, world};

const ROOT: &str = "root@example.org";

fn said(world: &World, call: KeyCall) -> Result<String, String> {
    let folder = world.folder.clone();
    match world.block_on(ask(&folder, &Call::Key(call))).expect("answers") {
        Some(Answer::Done(words)) => Ok(words),
        Some(Answer::Refused(why)) => Err(why),
        None => panic!("nobody listens"),
    }
}

fn make(
    world: &World,
    email: &str,
    scopes: &[&str],
    expires_ms: Option<u64>,
) -> Result<String, String> {
    let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
    let (email, name) = (email.to_owned(), "Import".to_owned());
    said(world, KeyCall::Make { email, name, scopes, expires_ms })
}

fn running() -> World {
    let world = world("");
    listening(&world, &world.folder);
    world.account(ROOT, true);
    world.account(EMAIL, false);
    world
}

fn status(world: &World, key: &str, path: &str) -> u16 {
    world.get_with(path, &format!("Authorization: Bearer {key}\r\n")).status
}

#[test]
fn a_key_is_made_listed_used_and_taken_back() {
    let world = running();
    let key = make(&world, EMAIL, &["meetings:write"], None).expect("made");
    let later = SystemClock::new().now().0 + 3_600_000;
    let reads = make(&world, ROOT, &["admin:read", "events:read"], Some(later)).expect("made");
    assert!(key.starts_with("ck_1_") && reads.starts_with("ck_2_"), "the key and nothing else");
    assert!(!key.contains(char::is_whitespace));
    assert_eq!(status(&world, &key, "/api/v1/meetings"), 200);
    assert_eq!(status(&world, &reads, "/api/v1/admin/overview"), 200);
    let list = said(&world, KeyCall::List { email: None }).expect("listed");
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines[0], format!("1  {EMAIL}  Import  meetings:write  good"));
    let second = format!("2  {ROOT}  Import  events:read,admin:read  good until ");
    assert!(lines.len() == 2 && lines[1].starts_with(&second), "{list}");
    for key in [&key, &reads] {
        assert!(!list.contains(key.rsplit('_').next().expect("a secret")), "shown once");
    }
    let own = said(&world, KeyCall::List { email: Some(EMAIL.to_owned()) });
    assert_eq!(own.as_deref(), Ok(lines[0]));
    let revoke = || said(&world, KeyCall::Revoke { number: 1 });
    assert_eq!(revoke().as_deref(), Ok("Key 1 opens nothing any more."));
    assert_eq!(revoke(), Err("Key 1 was revoked already.".to_owned()));
    assert_eq!(status(&world, &key, "/api/v1/meetings"), 401);
    let list = said(&world, KeyCall::List { email: Some(EMAIL.to_owned()) }).expect("listed");
    assert!(list.contains("meetings:write  revoked "), "{list}");
}

#[test]
fn what_cannot_be_is_refused_with_a_sentence() {
    let world = running();
    assert_eq!(said(&world, KeyCall::List { email: None }).as_deref(), Ok("There are no keys."));
    let refused = |made: Result<String, String>| made.expect_err("refused");
    let nobody = refused(make(&world, "nobody@example.org", &["meetings:read"], None));
    assert!(nobody.contains("no account"), "{nobody}");
    let odd = refused(make(&world, EMAIL, &["all"], None));
    assert!(odd.contains("no scope \"all\"") && odd.contains("meetings:read"), "{odd}");
    for scope in ["admin:read", "admin:write"] {
        let more = refused(make(&world, EMAIL, &[scope], None));
        assert!(more.contains("may not do what") && more.contains(scope), "{more}");
    }
    assert!(!refused(make(&world, EMAIL, &[""], None)).is_empty());
    assert!(!refused(make(&world, EMAIL, &["meetings:read"], Some(1))).is_empty(), "it is past");
    let gone = said(&world, KeyCall::Revoke { number: 9 });
    assert_eq!(gone, Err("There is no key 9.".to_owned()));
    world.wish(Command::Disable { account: world.found(EMAIL).id });
    let off = refused(make(&world, EMAIL, &["meetings:read"], None));
    assert!(off.contains("switched off"), "{off}");
    assert_eq!(said(&world, KeyCall::List { email: None }).as_deref(), Ok("There are no keys."));
}
