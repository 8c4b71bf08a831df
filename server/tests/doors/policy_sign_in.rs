//! Every way in asks the `authenticate` policy: the page, the legacy address, and nothing beside
//! them; through the real program, with an application server and a directory.

use std::io::{Read, Write};
use std::path::Path;

use convoke_model::policy::{Verdict, authenticate};
use convoke_model::site::Event;
use convoke_model::site::accounts::{Event as Fact, Via};
use convoke_model::site::alarm::Alarm;
use convoke_wire::message::{self, ClientMessage, Hello, ServerMessage, VERSIONS};
use serde_json::json;

use super::client::{self, Reply};
use super::elsewhere::{Adapter, CANARY, LOCAL_PASSWORD, NO_CONTRACT, PASSWORD, Server};
use super::outside::slapd;

const HOSTS: &[&str] = &["PrivilegeInteractiveMeeting", "PrivilegeChat"];
const FIRST: &str = "[\"callback\"]";
const TWIN_PASSWORD: &str = "the twins' password";
const NOT_POSSIBLE: &str = "Signing in is not possible at the moment. Please try again.";

/// Status, code and sentence of a "no".
fn no(reply: &Reply) -> (u16, String, String) {
    let told = reply.json();
    let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
    (reply.status, text("code"), text("sentence"))
}

fn denied(sentence: &str) -> (u16, String, String) {
    (401, "sign_in_denied".to_owned(), sentence.to_owned())
}

fn accounts(facts: &[Event]) -> Vec<&Fact> {
    let mut found = Vec::new();
    for fact in facts {
        if let Event::Accounts(fact) = fact {
            found.push(fact);
        }
    }
    found
}

fn broken_glass(facts: &[Event]) -> usize {
    facts.iter().filter(|fact| matches!(fact, Event::Alarm(Alarm::BreakGlass { .. }))).count()
}

pub(crate) fn holds(path: &Path, word: &str) -> bool {
    if path.is_dir() {
        let mut inside = std::fs::read_dir(path).expect("there");
        return inside.any(|entry| holds(&entry.expect("there").path(), word));
    }
    let bytes = std::fs::read(path).unwrap_or_default();
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

#[test]
fn who_is_known_elsewhere_gets_an_account_by_the_page_and_the_legacy_address() {
    let adapter = Adapter::start();
    adapter.knows("eva@example.net", "17", "Eva", HOSTS);
    let mut server = Server::asking(&adapter, FIRST, &[]);
    let first = server.sign_in("eva@example.net", PASSWORD);
    let me = server.me(&first);
    assert_eq!((&me["name"], &me["kept_elsewhere"]), (&json!("Eva Lee"), &json!(true)), "{me}");
    assert_eq!(me["privileges"], json!(["interactive_meeting", "chat"]));
    // What the other place says later holds from the next sign-in on.
    adapter.knows("eva@example.net", "17", "Evelyn", &["PrivilegeSeminar"]);
    let again = server.sign_in(" Eva@example.net ", PASSWORD);
    assert_eq!(again.status, 401, "another place may tell letters apart: {again:?}");
    let second = server.me(&server.sign_in("eva@example.net", PASSWORD));
    assert_eq!(second["name"], "Evelyn Lee");
    assert_eq!(second["privileges"], json!(["seminar"]));
    // The same person by the legacy address.
    let page = server.legacy("eva@example.net", PASSWORD);
    let boot = page.boot();
    assert!(boot["pending"].is_string() && boot["name"] == "Evelyn Lee", "{boot}");
    // And by a name that is no address: it is the same account, and its address stays.
    adapter.knows("eva", "17", "Evelyn", HOSTS);
    assert_eq!(server.me(&server.sign_in("eva", PASSWORD))["email"], "eva@example.net");
    // Somebody without any address has one that reaches nobody.
    adapter.knows("frank", "18", "Frank", HOSTS);
    assert_eq!(server.me(&server.sign_in("frank", PASSWORD))["email"], "frank@callback.invalid");
    assert!(server.legacy("frank", PASSWORD).boot()["pending"].is_string());

    server.end();
    let facts = server.facts();
    let of = accounts(&facts);
    let known: Vec<_> = of
        .iter()
        .filter_map(|fact| match fact {
            Fact::Known { account, profile } => Some((*account, profile)),
            _ => None,
        })
        .collect();
    assert_eq!(known.len(), 2, "each made once: {known:?}");
    let (eva, profile) = &known[0];
    assert_eq!(
        (profile.external.source.as_str(), profile.external.id.as_str()),
        ("callback", "17")
    );
    let signed_in = |by: Via| {
        let them = |fact: &&&Fact| match fact {
            Fact::SignedIn { account, via, .. } => account == eva && *via == by,
            _ => false,
        };
        of.iter().filter(them).count()
    };
    assert_eq!((signed_in(Via::Page), signed_in(Via::Legacy)), (3, 1));
    let renamed = |fact: &&Fact| matches!(fact, Fact::Renamed { account, .. } if account == eva);
    assert_eq!(of.iter().copied().filter(renamed).count(), 1);
    assert!(!of.iter().any(|fact| matches!(fact, Fact::Readdressed { .. })));
    // Each try is a decision that tells who was asked.
    let decisions: Vec<_> = facts
        .iter()
        .filter_map(|fact| if let Event::Policy(decided) = fact { Some(decided) } else { None })
        .collect();
    assert_eq!(decisions.len(), 7);
    for decided in &decisions {
        assert_eq!(decided.evidence[0].call, "callback.ask", "{decided:?}");
        let script = decided.script.as_ref().expect("a script answered");
        assert_eq!(script.path, "authenticate/callback.rhai");
        assert!(matches!(&decided.verdict, Verdict::Authenticate(_)));
    }
    let by_downloader = decisions.iter().filter(|decided| {
        let question = serde_json::to_string(&decided.question).expect("JSON");
        question.contains("downloader")
    });
    assert_eq!(by_downloader.count(), 2);
    // What was typed in secret is nowhere; what is no secret is found by the same search.
    assert!(!holds(&server.data(), CANARY) && !server.log().contains(CANARY));
    assert!(holds(&server.data(), "eva@example.net"));
    assert!(server.log().contains("/api/v1/sign-in"), "the log says what was asked");
}

#[test]
fn a_no_is_told_in_the_words_of_the_policy_and_slows_down_only_whose_name_was_typed() {
    let adapter = Adapter::start();
    adapter.knows("eva", "17", "Eva", HOSTS);
    let server = Server::asking(&adapter, FIRST, &[]);
    for n in 0..3 {
        assert_eq!(no(&server.sign_in("ivo", &format!("{CANARY} {n}"))), denied(NO_CONTRACT));
    }
    for n in 3..5 {
        let page = server.legacy("ivo", &format!("{CANARY} {n}"));
        let boot = page.boot();
        assert_eq!(boot["refusal"]["code"], "sign_in_denied", "{boot}");
        assert_eq!(boot["refusal"]["sentence"], NO_CONTRACT);
        assert!(boot["pending"].is_null() && boot["ask_password"] == true, "{boot}");
        assert!(!page.body.contains("<b>"), "it is text, not markup: {}", page.body);
    }
    let asked = adapter.asked().len();
    // Five are free (`backoff_after`), whichever way they came.
    server.sign_in("IVO", &format!("{CANARY} 5"));
    assert_eq!(no(&server.sign_in("ivo", PASSWORD)).0, 429);
    assert_eq!(server.legacy("ivo", PASSWORD).boot()["refusal"]["code"], "too_fast");
    assert_eq!(adapter.asked().len(), asked + 1, "nobody is asked about whoever must wait");
    assert_eq!(server.sign_in("eva", PASSWORD).status, 200, "another name need not wait");
    // Without a password nobody is asked at all.
    let blank = no(&server.sign_in("eva", ""));
    assert_eq!((blank.0, blank.1.as_str()), (401, "sign_in_denied"), "{blank:?}");
    assert_eq!(adapter.asked().len(), asked + 2);
    let failed = server.facts();
    let failed = accounts(&failed);
    let failed = failed.iter().filter(|fact| matches!(fact, Fact::SignInFailed { .. }));
    assert_eq!(failed.count(), 7);
}

#[test]
fn a_local_administrator_comes_in_when_nobody_can_be_asked_and_that_is_an_alarm() {
    let adapter = Adapter::start();
    adapter.knows("eva", "17", "Eva", HOSTS);
    let mut server = Server::asking(&adapter, FIRST, &[]);
    assert_eq!(server.sign_in("eva", PASSWORD).status, 200);
    adapter.is_down(true);
    let not_possible = denied(NOT_POSSIBLE);
    assert_eq!(no(&server.sign_in("eva", PASSWORD)), not_possible);
    // An account of this server that administers nothing is no spare way in.
    assert_eq!(no(&server.sign_in("ann@example.org", LOCAL_PASSWORD)), not_possible);
    assert_eq!(no(&server.sign_in("root@example.org", PASSWORD)), not_possible);
    let me = server.me(&server.sign_in("root@example.org", LOCAL_PASSWORD));
    assert_eq!((&me["administrator"], &me["kept_elsewhere"]), (&json!(true), &json!(false)));
    server.end();
    let facts = server.facts();
    assert_eq!(broken_glass(&facts), 1);
    assert!(!holds(&server.data(), CANARY) && !server.log().contains(CANARY));
}

#[test]
fn a_script_that_fails_lets_nobody_in_but_the_local_administrator() {
    let adapter = Adapter::start();
    let broken = "fn authenticate(question) {\n\
                  let found = local.verify(question.identity);\n\
                  allow(found.profile, found.privileges.no_such_thing())\n}";
    let server = Server::asking(&adapter, "[\"broken\"]", &[("broken", broken)]);
    for (who, password) in [
        ("ann@example.org", LOCAL_PASSWORD),
        ("ann@example.org", PASSWORD),
        ("root@example.org", PASSWORD),
    ] {
        let (status, code, sentence) = no(&server.sign_in(who, password));
        assert_eq!((status, code.as_str()), (401, "sign_in_denied"), "{who}");
        assert!(sentence.starts_with("Sign-in could not be checked at the moment."), "{sentence}");
    }
    assert_eq!(
        server.me(&server.sign_in("root@example.org", LOCAL_PASSWORD))["administrator"],
        true
    );
    let facts = server.facts();
    let fell = facts.iter().filter(|f| matches!(f, Event::Policy(decided) if decided.fallback));
    assert_eq!(fell.count(), 4, "every one is a decision of the fallback");
    // A right password that was let in nowhere is no guess.
    let of = accounts(&facts);
    let failed = of.iter().filter(|fact| matches!(fact, Fact::SignInFailed { .. }));
    assert_eq!(failed.count(), 2);
}

#[test]
fn a_script_that_does_not_compile_keeps_the_server_from_starting_and_says_where() {
    let broken = "fn authenticate(question) {\n  deny(\"no\"\n}";
    let server = Server::prepared("[\"broken\"]", "", &[("broken", broken)]);
    let done = server.serve().output().expect("ran");
    assert!(!done.status.success());
    assert!(server.log().contains("authenticate/broken.rhai: line 3"), "{}", server.log());
}

#[test]
fn an_address_that_is_somebody_elses_is_not_taken_over() {
    let adapter = Adapter::start();
    // The other place may be wrong, or evil: it says yes for the administrator's own address.
    adapter.knows("root@example.org", "66", "Mallory", &["IsAdministrator", "PrivilegeChat"]);
    let mut server = Server::asking(&adapter, FIRST, &[]);
    let (status, code, sentence) = no(&server.sign_in("root@example.org", PASSWORD));
    assert_eq!((status, code.as_str()), (401, "sign_in_denied"));
    assert!(sentence.contains("belongs to another account of this server"), "{sentence}");
    let boot = server.legacy("root@example.org", PASSWORD).boot();
    assert_eq!(boot["refusal"]["code"], "sign_in_denied");
    // Under an address of its own it is somebody, and administers nothing.
    adapter.knows("mallory", "66", "Mallory", &["IsAdministrator", "PrivilegeChat"]);
    assert_eq!(server.me(&server.sign_in("mallory", PASSWORD))["administrator"], false);
    assert_eq!(no(&server.sign_in("root@example.org", PASSWORD)).1, "sign_in_denied");
    server.end();
    let facts = server.facts();
    let of = accounts(&facts);
    let changes = of.iter().filter(|fact| {
        matches!(fact, Fact::Renamed { .. } | Fact::Readdressed { .. } | Fact::PrivilegesSet { .. })
    });
    assert_eq!(changes.count(), 0);
    assert_eq!(of.iter().filter(|fact| matches!(fact, Fact::SignedIn { .. })).count(), 1);
}

#[test]
fn what_the_other_place_does_not_grant_is_refused_when_hosting() {
    let adapter = Adapter::start();
    adapter.knows("eva", "17", "Eva", &["PrivilegeChat"]);
    adapter.knows("kim", "19", "Kim", HOSTS);
    let server = Server::asking(&adapter, FIRST, &[]);
    let meeting = json!({ "type": 0, "topic": "Weekly" });
    let eva = server.sign_in("eva", PASSWORD);
    assert_eq!(eva.status, 200);
    let refused = server.post("/api/v1/meetings", &meeting, &eva.cookie());
    assert_eq!((refused.status, refused.code().as_str()), (403, "privilege_missing"));
    let pending = server.legacy("eva", PASSWORD).boot()["pending"].clone();
    let refused = server.post("/api/v1/pending-host", &json!({ "pending": pending }), "");
    assert_eq!((refused.status, refused.code().as_str()), (403, "privilege_missing"));
    let kim = server.sign_in("kim", PASSWORD).cookie();
    let made = server.post("/api/v1/meetings", &meeting, &kim).json();
    let id = made["id"].as_str().expect("a meeting").replace('-', "");
    let hosted = server.post(&format!("/api/v1/meetings/{id}/host"), &json!({}), &kim);
    assert!(hosted.status == 200 && hosted.json()["ticket"].is_string(), "{hosted:?}");
    let pending = server.legacy("kim", PASSWORD).boot()["pending"].clone();
    let hosted = server.post("/api/v1/pending-host", &json!({ "pending": pending }), "");
    assert!(hosted.status == 200 && hosted.json()["ticket"].is_string(), "{hosted:?}");
}

/// The order `["crm", "staff", "local"]`: whom the CRM does not know is asked for here, also by the
/// short names that a script makes addresses of.
#[test]
fn accounts_of_this_server_come_in_by_local_verify_and_stay_what_they_are() {
    let adapter = Adapter::start();
    adapter.knows("eva", "17", "Eva", HOSTS);
    let crm = include_str!("../../../docs/policies/authenticate/crm.rhai");
    let crm = crm.replace("\"crm\"", "\"main\"");
    let staff = "fn authenticate(question) {\n\
                 if question.identity.contains(\"@\") { return next(); }\n\
                 let found = local.verify(`${question.identity}@example.org`);\n\
                 if found.ok { allow(found.profile, [\"chat\"]) } else { next() }\n}";
    let order = "[\"crm\", \"staff\", \"local\"]";
    let mut server = Server::asking(&adapter, order, &[("crm", &crm), ("staff", staff)]);
    assert_eq!(server.me(&server.sign_in("eva", PASSWORD))["kept_elsewhere"], true);
    for name in ["ann@example.org", "Ann@Example.org", "ann"] {
        let me = server.me(&server.sign_in(name, LOCAL_PASSWORD));
        assert_eq!(
            (&me["email"], &me["kept_elsewhere"]),
            (&json!("ann@example.org"), &json!(false))
        );
        assert!(me["privileges"].as_array().is_some_and(|held| held.len() > 1), "its own: {me}");
    }
    assert!(server.legacy("ann@example.org", LOCAL_PASSWORD).boot()["pending"].is_string());
    let wrong = no(&server.sign_in("ann@example.org", PASSWORD));
    assert_eq!(wrong, denied("That e-mail address and password do not fit together."));
    assert_eq!(no(&server.sign_in("ann", PASSWORD)), wrong);
    assert_eq!(no(&server.sign_in("nobody@example.org", PASSWORD)), wrong);
    server.end();
    let facts = server.facts();
    let known = accounts(&facts);
    assert_eq!(known.iter().filter(|fact| matches!(fact, Fact::Known { .. })).count(), 1);
    assert!(!holds(&server.data(), CANARY) && !server.log().contains(CANARY));
}

#[test]
fn a_browser_that_was_let_in_before_is_not_kept_out_by_strangers_whoever_was_asked() {
    let adapter = Adapter::start();
    adapter.knows("eva", "17", "Eva", HOSTS);
    let crm = include_str!("../../../docs/policies/authenticate/crm.rhai");
    let crm = crm.replace("\"crm\"", "\"main\"");
    let server = Server::asking(&adapter, "[\"crm\", \"local\"]", &[("crm", &crm)]);
    let try_as = |who: &str, browser: char, password: &str| {
        let browser = String::from(browser).repeat(22);
        let body = json!({ "email": who, "password": password });
        server.post("/api/v1/sign-in", &body, &format!("browser={browser}")).status
    };
    for (who, password) in [("eva", PASSWORD), ("ann@example.org", LOCAL_PASSWORD)] {
        assert_eq!(try_as(who, 'a', password), 200);
        for _ in 0..6 {
            assert_eq!(try_as(who, 'c', "wrong"), 401);
        }
        assert_eq!(try_as(who, 'b', password), 429, "an unknown browser waits");
        assert_eq!(try_as(who, 'a', password), 200, "{who}: the owner's own does not");
    }
}

/// Clients of the wire (native ones too) have no sign-in of their own: a socket takes tickets, and
/// for hosts those come from the page's sign-in and from the legacy address alone.
#[test]
fn a_socket_takes_tickets_only_so_that_no_way_in_goes_around_the_policy() {
    let adapter = Adapter::start();
    adapter.knows("eva", "17", "Eva", HOSTS);
    let server = Server::asking(&adapter, FIRST, &[]);
    let signed_in = server.sign_in("eva", PASSWORD);
    let cookie = signed_in.cookie();
    let asked = adapter.asked().len();
    let token = cookie.split_once('=').expect("a value").1.to_owned();
    for ticket in
        [Some(String::new()), Some(token), Some("eva".into()), Some(format!("eva:{PASSWORD}"))]
    {
        let mut stream = client::connect(server.address);
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: {a}\r\nOrigin: http://{a}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nCookie: {cookie}\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: convoke.1\r\n\r\n",
            a = server.address
        );
        let bytes = message::to_bytes(&ClientMessage::Hello(Hello {
            versions: VERSIONS.to_vec(),
            ticket,
            resume: None,
            agent: "a program".into(),
        }));
        stream.write_all(request.as_bytes()).expect("sent");
        assert_eq!(client::read(&mut stream).status, 101);
        // A masked binary frame (the mask is zero) with a length of one or of two bytes.
        let mut frame = vec![0x82];
        match u8::try_from(bytes.len()) {
            Ok(short @ ..126) => frame.push(0x80 | short),
            _ => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(bytes.len()).expect("short").to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(bytes);
        stream.write_all(&frame).expect("sent");
        let mut head = [0; 2];
        stream.read_exact(&mut head).expect("an answer");
        let mut answer = vec![0; usize::from(head[1])];
        stream.read_exact(&mut answer).expect("short");
        let said: Option<ServerMessage> = message::from_bytes(&answer);
        assert!(format!("{said:?}").contains("ticket_invalid"), "{head:?} {said:?}");
    }
    assert_eq!(adapter.asked().len(), asked, "and nobody is asked about a socket");
    let none = server.send("GET", "/api/v1/me", "", "");
    assert_eq!((none.status, none.code().as_str()), (401, "sign_in_needed"));
}

#[test]
fn a_person_of_a_directory_signs_in_at_both_doors() {
    let slapd = slapd::Slapd::start();
    let settings = format!(
        "[ldap.main]\nservers = [\"127.0.0.1:{}\"]\nca = {:?}\nbind_dn = \"{}\"\n\
         bind_password_file = {:?}\nbase_dn = \"ou=people,dc=example,dc=org\"\ngroups = \"walk\"\n\
         group_base_dn = \"ou=groups,dc=example,dc=org\"\n\
         [ldap.main.attributes]\nuser_id = \"employeeNumber\"\n",
        slapd.tls,
        slapd.files.ca,
        slapd::ADMIN,
        slapd.password_file,
    );
    // Ann's address is an account of this server already.
    let mut server = Server::start("[\"ldap\", \"local\"]", &settings, &[]);
    assert_eq!(no(&server.sign_in("twin1", "wrong")).1, "sign_in_denied");
    assert_eq!(no(&server.sign_in("twin1", "")).1, "sign_in_denied", "no anonymous bind");
    let me = server.me(&server.sign_in("twin1", TWIN_PASSWORD));
    assert_eq!((&me["email"], &me["kept_elsewhere"]), (&json!("twin@example.org"), &json!(true)));
    assert_eq!(me["privileges"], json!(["interactive_meeting", "chat", "video_conference"]));
    let page = server.legacy("twin1", TWIN_PASSWORD);
    assert!(page.boot()["pending"].is_string(), "{page:?}");
    // Somebody in 250 groups is no more than a script can look through.
    assert_eq!(server.sign_in("bob", "bob's own password").status, 200);
    // Whom the directory does not know is the next script's affair.
    assert_eq!(server.sign_in("root@example.org", LOCAL_PASSWORD).status, 200);
    let (.., sentence) = no(&server.sign_in("ann", slapd::ANN_PASSWORD));
    assert!(sentence.contains("belongs to another account of this server"), "{sentence}");
    server.end();
    let facts = server.facts();
    let known: Vec<_> = accounts(&facts)
        .into_iter()
        .filter_map(|fact| match fact {
            Fact::Known { profile, .. } => Some(profile.external.id.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(known, ["E-twin1", "E-bob"]);
    let allowed = |fact: &&Event| {
        matches!(fact, Event::Policy(decided) if matches!(
            decided.verdict, Verdict::Authenticate(authenticate::Verdict::Allow { .. })
        ))
    };
    assert_eq!(facts.iter().filter(allowed).count(), 5);
    for word in [TWIN_PASSWORD, "bob's own", slapd::ANN_PASSWORD, slapd::ADMIN_PASSWORD] {
        assert!(!holds(&server.data(), word) && !server.log().contains(word), "{word}");
    }
}
