//! Connections to other servers that an administrator sets in the console: tried, saved, in force
//! at once and after a restart, and without their passwords wherever one could look.

use convoke_model::policy::Value as Plain;
use convoke_model::site::Event;
use convoke_model::site::connections::{Event as Fact, Kind};
use convoke_model::site::deed::{Act, Deed};
use serde_json::{Value, json};

use super::client::Reply;
use super::elsewhere::{Adapter, PASSWORD};
use super::policy_sign_in::holds;
use super::world::{EMAIL, World, world};

pub(crate) const ADMIN: &str = "root@example.org";
pub(crate) const ALL: &str = "/api/v1/admin/connections";
/// In every password of a connection.
pub(crate) const CANARY: &str = "canary7719d0";

struct Stage {
    world: World,
    cookie: String,
}

fn stage(settings: &str) -> Stage {
    let world = world(settings);
    let config = convoke::config::Config::parse(settings).expect("settings");
    let outside = convoke::outside::Outside::open(&config, &[]).expect("opens");
    world.site.open_console(outside.into(), None);
    world.account(ADMIN, true);
    let cookie = world.sign_in(ADMIN);
    Stage { world, cookie }
}

impl Stage {
    fn call(&self, method: &str, of: &str, body: &Value) -> Reply {
        self.world.call_as(method, &format!("{ALL}/{of}"), body, &self.cookie, "")
    }

    fn list(&self) -> Vec<Value> {
        let read = self.world.get_as(ALL, &self.cookie).json();
        read["connections"].as_array().expect("a list").clone()
    }

    fn facts(&self) -> Vec<Event> {
        let facts = self.world.engine.facts.lock().expect("not poisoned");
        facts.iter().map(|(_, fact)| fact.clone()).collect()
    }

    fn deeds(&self) -> Vec<Deed> {
        let deed = |fact: &Event| match fact {
            Event::Deed(deed) => Some(Deed::clone(deed)),
            _ => None,
        };
        self.facts().iter().filter_map(deed).collect()
    }
}

fn no(reply: &Reply) -> (u16, String, Value) {
    (reply.status, reply.code(), reply.json()["field"].clone())
}

#[test]
fn a_change_is_one_fact_with_before_after_and_reason_and_one_deed() {
    let stage = stage("");
    let crm = |url: &str| json!({ "settings": { "url": url }, "reason": "a new host" });
    let reply = stage.call("PUT", "callback/crm", &json!({ "settings": { "url": "https://a/" } }));
    assert_eq!(no(&reply), (400, "reason_needed".to_owned(), Value::Null));
    assert_eq!(stage.call("PUT", "callback/crm", &crm("https://a.example/")).status, 200);
    assert_eq!(stage.call("PUT", "callback/crm", &crm("https://b.example/")).status, 200);
    assert_eq!(stage.call("PUT", "callback/crm", &crm("https://b.example/")).status, 200);
    let seen = &stage.list()[0];
    assert_eq!(
        (&seen["kind"], &seen["name"], &seen["source"], &seen["settings"]["url"]),
        (&json!("callback"), &json!("crm"), &json!("console"), &json!("https://b.example/"))
    );
    let gone = stage.call("DELETE", "callback/crm", &json!({ "reason": " " }));
    assert_eq!(gone.code(), "reason_needed");
    assert_eq!(stage.call("DELETE", "callback/crm", &json!({ "reason": "no use" })).status, 200);
    let again = stage.call("DELETE", "callback/crm", &json!({ "reason": "no use" }));
    assert_eq!(no(&again), (404, "not_found".to_owned(), Value::Null));
    assert_eq!(stage.list(), Vec::<Value>::new());
    let facts = stage.facts();
    let mut facts = facts.iter().filter_map(|fact| match fact {
        Event::Connections(fact) => Some(fact),
        _ => None,
    });
    let url = |text: &str| Some(Plain::from(text));
    match facts.next() {
        Some(Fact::Set { kind: Kind::Callback, before: None, after, reason, .. }) => {
            assert_eq!(after.settings.get("url").cloned(), url("https://a.example/"));
            assert_eq!(reason.as_ref().map(|reason| reason.as_str()), Some("a new host"));
        }
        other => panic!("{other:?}"),
    }
    match facts.next() {
        Some(Fact::Set { before: Some(before), after, .. }) => {
            assert_eq!(before.settings.get("url").cloned(), url("https://a.example/"));
            assert_eq!(after.settings.get("url").cloned(), url("https://b.example/"));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(facts.next(), Some(Fact::Removed { .. })));
    assert!(facts.next().is_none(), "what changes nothing is no fact");
    let acts: Vec<Act> = stage.deeds().iter().map(|deed| deed.act).collect();
    assert_eq!(acts, [Act::SetConnection, Act::SetConnection, Act::RemoveConnection]);
}

#[test]
fn what_cannot_be_used_is_refused_with_its_field_and_nothing_is_kept() {
    let stage = stage("");
    let url = "https://a.example/";
    let long = "x".repeat(30_000);
    for (of, settings, code, field) in [
        ("callback/crm", json!({ "url": "ftp://a/" }), "setting_invalid", json!("url")),
        ("callback/crm", json!({ "url": url, "urll": 1 }), "setting_invalid", json!("urll")),
        ("callback/crm", json!({ "url": url, "ca": "/x" }), "setting_invalid", json!("ca")),
        ("callback/C R M", json!({ "url": url }), "setting_invalid", json!("name")),
        ("callback/..", json!({ "url": url }), "setting_invalid", json!("name")),
        ("ldap/corp", json!({}), "setting_invalid", json!("servers")),
        ("ldap/corp", json!({ "direct_template": long }), "setting_invalid", json!("servers")),
        ("mail/other", json!({}), "not_found", Value::Null),
        ("fax/x", json!({}), "not_found", Value::Null),
        ("callback/crm", json!({ "url": 1.5 }), "malformed", Value::Null),
        ("callback/crm", json!([]), "malformed", Value::Null),
    ] {
        let of = of.replace(' ', "%20");
        let reply = stage.call("PUT", &of, &json!({ "settings": settings, "reason": "x" }));
        if of == "callback/.." {
            assert!(reply.status >= 400, "{reply:?}");
            continue;
        }
        assert_eq!((reply.code().as_str(), &reply.json()["field"]), (code, &field), "{of}");
        assert!(!reply.json()["sentence"].as_str().unwrap_or_default().is_empty());
    }
    assert!(stage.deeds().is_empty() && stage.list().is_empty());
    for n in 0..32 {
        let body = json!({ "settings": { "url": url }, "reason": "x" });
        assert_eq!(stage.call("PUT", &format!("http/n{n}"), &body).status, 200);
    }
    let body = json!({ "settings": { "url": url }, "reason": "x" });
    assert_eq!(stage.call("PUT", "http/more", &body).code(), "too_many");
}

#[test]
fn what_the_settings_file_says_holds_and_is_changed_there_alone() {
    let settings = "[callback.crm]\nurl = \"https://file.example/\"\n\
                    [bridge.pbx]\nsecret = \"canary7719d0-0123456789\"\n\
                    [ldap.corp]\nservers = [\"dc1\"]\nbase_dn = \"dc=x\"\n";
    let stage = stage(settings);
    let list = stage.list();
    let names: Vec<String> = list.iter().map(|one| format!("{}", one["name"])).collect();
    assert_eq!(names, ["\"pbx\"", "\"crm\"", "\"corp\""]);
    assert!(list.iter().all(|one| one["source"] == "file"), "{list:?}");
    assert!(!format!("{list:?}").contains(CANARY), "the secret of a bridge is told to nobody");
    let form = json!({ "settings": { "url": "https://evil.example/" }, "reason": "x" });
    let reply = stage.call("PUT", "callback/crm", &form);
    assert_eq!((reply.status, reply.code().as_str()), (409, "in_settings_file"));
    let reply = stage.call("DELETE", "callback/crm", &json!({ "reason": "x" }));
    assert_eq!((reply.status, reply.code().as_str()), (409, "in_settings_file"));
    assert_eq!(stage.call("PUT", "http/crm", &form).status, 200, "a name is one of its kind");
}

#[test]
fn a_form_is_tried_before_it_is_saved_under_the_same_rules() {
    let stage = stage("");
    let adapter = Adapter::start();
    adapter.knows("eva@example.net", "17", "Eva", &[]);
    let own = stage.world.address;
    let tried = |settings: Value| {
        let body = json!({ "settings": settings, "name": "eva@example.net", "password": PASSWORD });
        stage.call("POST", "callback/crm/try", &body).json()
    };
    let url = format!("http://{}/login", adapter.address);
    let verdict = tried(json!({ "url": url }));
    assert_eq!(verdict["outcome"], "failed", "{verdict}");
    assert!(verdict["said"].as_str().is_some_and(|said| said.contains("allow_loopback")));
    let verdict = tried(json!({ "url": format!("http://{own}/"), "allow_loopback": true }));
    assert!(
        verdict["said"].as_str().is_some_and(|said| said.contains("listens itself")),
        "{verdict}"
    );
    assert!(adapter.asked().is_empty());
    let verdict = tried(json!({ "url": url, "allow_loopback": true }));
    assert_eq!(verdict["outcome"], "allowed", "{verdict}");
    assert_eq!(verdict["profile"][0], json!({ "name": "first_name", "value": "Eva" }));
    assert_eq!(tried(json!({ "url": "x" }))["field"], "url");
    assert!(stage.list().is_empty(), "nothing is saved by it");
    let facts = format!("{:?}", stage.facts());
    assert!(!facts.contains(PASSWORD), "what was typed is in no fact");
    // A directory and a mail server are as careful.
    for (of, settings) in [
        ("ldap/corp", json!({ "servers": [own.to_string()], "base_dn": "dc=x" })),
        ("mail/mail", json!({ "server": "127.0.0.1", "port": own.port(), "from": "m@a.org" })),
        ("http/x", json!({ "url": format!("http://{own}/") })),
    ] {
        let ask = |settings: &Value| {
            let body = json!({ "settings": settings, "name": "ann" });
            stage.call("POST", &format!("{of}/try"), &body).json()["said"].to_string()
        };
        let said = ask(&settings);
        assert!(said.contains("`allow_loopback` is not set"), "{of}: {said}");
        let mut wider = settings.clone();
        wider["allow_loopback"] = json!(true);
        let said = ask(&wider);
        assert!(said.contains("listens itself"), "{of}: {said}");
    }
    for private in ["10.1.2.3", "169.254.169.254", "[fe80::1]", "metadata.google.internal"] {
        let settings = json!({ "servers": [private], "base_dn": "dc=x", "connect_ms": 500 });
        let body = json!({ "settings": settings, "name": "ann" });
        let said = stage.call("POST", "ldap/corp/try", &body).json()["said"].to_string();
        assert!(said.contains("address_denied"), "{private}: {said}");
    }
}

#[test]
fn a_password_goes_where_it_went_and_shows_nowhere() {
    let stage = stage("");
    let corp = |servers: &[&str], more: Value| {
        let mut body = json!({
            "settings": { "servers": servers, "base_dn": "dc=x", "bind_dn": "cn=us" },
            "reason": "asked for",
        });
        let fields = more.as_object().expect("fields").clone();
        body.as_object_mut().expect("an object").extend(fields);
        body
    };
    let first = stage.call("PUT", "ldap/corp", &corp(&["dc1"], json!({})));
    assert_eq!(
        (first.code().as_str(), &first.json()["field"]),
        ("setting_invalid", &json!("secret"))
    );
    let secret = json!({ "secret": format!("{CANARY} one") });
    assert_eq!(stage.call("PUT", "ldap/corp", &corp(&["dc1"], secret)).status, 200);
    // Another base keeps the password; another server has to be told it anew.
    let mut other = corp(&["dc1"], json!({}));
    other["settings"]["base_dn"] = json!("dc=y");
    assert_eq!(stage.call("PUT", "ldap/corp", &other).status, 200);
    for method in ["PUT", "POST"] {
        let of = if method == "PUT" { "ldap/corp" } else { "ldap/corp/try" };
        let mut body = corp(&["evil.example"], json!({}));
        if method == "POST" {
            body = json!({ "settings": body["settings"], "name": "ann" });
        }
        let reply = stage.call(method, of, &body);
        assert_eq!(no(&reply), (400, "secret_needed".to_owned(), json!("secret")), "{method}");
    }
    let files = || {
        let dir = stage.world.folder.root().join("secrets");
        let names = std::fs::read_dir(dir).expect("there").flatten();
        let mut names: Vec<String> =
            names.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
        names.retain(|name| name.starts_with("connection-"));
        names
    };
    let before = files();
    assert_eq!(before.len(), 1);
    let secret = json!({ "secret": format!("{CANARY} two") });
    assert_eq!(stage.call("PUT", "ldap/corp", &corp(&["dc2"], secret)).status, 200);
    assert_eq!(files().len(), 1, "the one before is thrown away");
    assert_ne!(files(), before);
    let facts = stage.facts();
    let changed = facts.iter().filter(|fact| match fact {
        Event::Connections(Fact::Set { before, after, .. }) => {
            before.as_ref().and_then(|before| before.secret) != after.secret
        }
        _ => false,
    });
    assert_eq!(changed.count(), 2, "facts say that the password changed");
    assert_eq!(stage.list()[0]["has_secret"], json!(true));
    let said = format!("{facts:?}{:?}", stage.list());
    assert!(!said.contains(CANARY), "and not what it is");
    assert!(!holds(stage.world.folder.root(), CANARY));
    // A log that takes nothing leaves nothing behind.
    stage.world.engine.read_only.store(true, std::sync::atomic::Ordering::Relaxed);
    let secret = json!({ "secret": format!("{CANARY} three") });
    let kept = files();
    assert_eq!(stage.call("PUT", "ldap/corp", &corp(&["dc3"], secret)).code(), "read_only");
    assert_eq!(files(), kept);
    stage.world.engine.read_only.store(false, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(stage.call("DELETE", "ldap/corp", &json!({ "reason": "x" })).status, 200);
    assert_eq!(files(), Vec::<String>::new());
}

#[test]
fn a_bridge_gets_its_secret_once_and_may_ask_at_once() {
    let stage = stage("");
    let ask = |secret: &str| {
        let headers = format!("Authorization: Bearer {secret}\r\n");
        stage.world.get_with("/bridge/pbx/code?digits=1", &headers).status
    };
    let draw = |more: Value| {
        let settings = json!({ "dialect": "json", "silent_s": 600 });
        let mut body = json!({ "settings": settings, "reason": "a new exchange" });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("fields").clone());
        let reply = stage.call("PUT", "bridge/pbx", &body);
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["secret"].as_str().map(str::to_owned)
    };
    let first = draw(json!({ "draw_secret": true })).expect("a secret");
    assert!(first.len() >= 40, "{first}");
    assert_eq!((ask(&first), ask("0123456789abcdef0123")), (200, 401));
    assert_eq!(draw(json!({})), None, "it is told once");
    assert_eq!(ask(&first), 200);
    let second = draw(json!({ "draw_secret": true })).expect("a secret");
    assert_eq!((ask(&first), ask(&second)), (401, 200));
    let said = format!("{:?}{:?}", stage.facts(), stage.list());
    assert!(!said.contains(&first) && !said.contains(&second));
    assert_eq!(stage.call("DELETE", "bridge/pbx", &json!({ "reason": "x" })).status, 200);
    assert_eq!(ask(&second), 401);
}

#[test]
fn nobody_but_administrators_sets_and_auditors_look() {
    use convoke_model::privilege::{Privilege, Privileges};
    use convoke_model::site::accounts;

    let stage = stage("");
    stage.world.account(EMAIL, false);
    stage.world.account("eye@example.org", false);
    let account = stage.world.found("eye@example.org").id;
    let privileges = Privileges::NONE.with(Privilege::Auditor);
    stage.world.wish(accounts::Command::SetPrivileges { account, privileges });
    let (ann, eye) = (stage.world.sign_in(EMAIL), stage.world.sign_in("eye@example.org"));
    for (cookie, list, change) in [("", 401, 401), (&ann, 403, 403), (&eye, 200, 403)] {
        assert_eq!(stage.world.get_as(ALL, cookie).status, list);
        for (method, of) in [("PUT", "http/x"), ("DELETE", "http/x"), ("POST", "http/x/try")] {
            let body = json!({ "settings": { "url": "https://a/" }, "reason": "x" });
            let reply = stage.world.call_as(method, &format!("{ALL}/{of}"), &body, cookie, "");
            assert_eq!(reply.status, change, "{method} {cookie}");
        }
    }
    assert!(stage.list().is_empty() && stage.deeds().is_empty());
}
