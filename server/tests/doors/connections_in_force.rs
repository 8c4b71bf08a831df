//! Connections set in the console, against the real program and real servers: in force at once and
//! after a restart, and their passwords nowhere in clear.

use serde_json::{Value, json};

use super::client::Reply;
use super::connections::{ADMIN, ALL, CANARY};
use super::elsewhere::{Adapter, LOCAL_PASSWORD, PASSWORD, Server};
use super::letters::{Sink, invite, planned};
use super::outside::slapd;
use super::policy_sign_in::holds;

/// A server of the real program, with its administrator signed in.
fn administered(order: &str) -> (Server, String) {
    let server = Server::start(order, "", &[]);
    let cookie = server.sign_in(ADMIN, LOCAL_PASSWORD).cookie();
    (server, cookie)
}

fn call(server: &Server, cookie: &str, method: &str, of: &str, body: &Value) -> Reply {
    let headers = format!("Cookie: {cookie}\r\n");
    server.send(method, &format!("{ALL}/{of}"), &headers, &body.to_string())
}

#[test]
fn an_application_server_lets_people_in_from_the_moment_it_is_set_and_after_a_restart() {
    let adapter = Adapter::start();
    adapter.knows("eva@example.net", "17", "Eva", &[]);
    let (mut server, cookie) = administered("[\"callback\"]");
    let signs_in = |server: &Server| server.sign_in("eva@example.net", PASSWORD).status;
    assert_eq!(signs_in(&server), 401, "nobody knows her yet");
    let url = format!("http://{}/login", adapter.address);
    let settings = json!({ "url": url, "allow_loopback": true, "deny_cache_s": 0 });
    let body = json!({ "settings": settings, "reason": "our people are known there" });
    assert_eq!(call(&server, &cookie, "PUT", "callback/main", &body).status, 200);
    assert_eq!(signs_in(&server), 200, "{}", server.log());
    server.end();
    server.begin();
    assert_eq!(signs_in(&server), 200, "{}", server.log());
    let cookie = server.sign_in(ADMIN, LOCAL_PASSWORD).cookie();
    let gone = call(&server, &cookie, "DELETE", "callback/main", &json!({ "reason": "x" }));
    assert_eq!((gone.status, gone.code().as_str()), (409, "named_by_script"));
    assert!(gone.json()["sentence"].to_string().contains("authenticate/callback.rhai"));
    assert_eq!(call(&server, &cookie, "PUT", "callback/other", &body).status, 200);
    let gone = call(&server, &cookie, "DELETE", "callback/other", &json!({ "reason": "x" }));
    assert_eq!(gone.status, 200, "{gone:?}");

    // A name that the settings file gets later is the file's; the other one may go.
    server.end();
    let another = Adapter::start();
    let path = server.folder.path().join("convoke.toml");
    let mut text = std::fs::read_to_string(&path).expect("read");
    let url = format!("http://{}/login", another.address);
    text.push_str(&format!("[callback.main]\nurl = \"{url}\"\nallow_loopback = true\n"));
    std::fs::write(&path, text).expect("written");
    server.begin();
    let before = adapter.asked().len();
    assert_eq!(signs_in(&server), 401);
    assert_eq!((adapter.asked().len(), another.asked().len()), (before, 1));
    let cookie = server.sign_in(ADMIN, LOCAL_PASSWORD).cookie();
    let read = server.send("GET", ALL, &format!("Cookie: {cookie}\r\n"), "").json();
    let shadowed = |one: &Value| (one["source"].clone(), one["shadowed"].clone());
    let seen: Vec<_> =
        read["connections"].as_array().expect("a list").iter().map(shadowed).collect();
    assert_eq!(seen, [(json!("file"), json!(false)), (json!("console"), json!(true))]);
    assert_eq!(call(&server, &cookie, "PUT", "callback/main", &body).code(), "in_settings_file");
    let gone = call(&server, &cookie, "DELETE", "callback/main", &json!({ "reason": "x" }));
    assert_eq!(gone.status, 200, "{gone:?}");
    let gone = call(&server, &cookie, "DELETE", "callback/main", &json!({ "reason": "x" }));
    assert_eq!(gone.code(), "in_settings_file");
}

#[test]
fn a_directory_is_tried_saved_and_asked_and_its_password_lies_nowhere_in_clear() {
    let slapd = slapd::Slapd::start();
    let (mut server, cookie) = administered("[\"ldap\"]");
    let certificate = std::fs::read_to_string(&slapd.files.ca).expect("read");
    let mut settings = json!({
        "servers": [format!("127.0.0.1:{}", slapd.tls)],
        "base_dn": "ou=people,dc=example,dc=org",
        "bind_dn": slapd::ADMIN,
        "ca_pem": certificate,
        "groups": "walk",
        "group_base_dn": "ou=groups,dc=example,dc=org",
        "privileges": { "hosts": ["record"] },
    });
    let tried = |settings: &Value, secret: &str| {
        let body = json!({
            "settings": settings, "secret": secret, "name": "ann", "password": slapd::ANN_PASSWORD,
        });
        let reply = call(&server, &cookie, "POST", "ldap/main/try", &body);
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    };
    let said = tried(&settings, slapd::ADMIN_PASSWORD)["said"].to_string();
    assert!(said.contains("allow_loopback"), "{said}");
    settings["allow_loopback"] = json!(true);
    let verdict = tried(&settings, slapd::ADMIN_PASSWORD);
    assert_eq!(verdict["outcome"], "allowed", "{verdict}");
    let steps = verdict["steps"].to_string();
    assert!(steps.contains("LDAPS") && steps.contains("cn=staff"), "{steps}");
    let verdict = tried(&settings, "not the password of the directory");
    assert!(verdict["said"].to_string().contains("refused our own sign-in"), "{verdict}");
    let stranger = json!({ "ca_pem": null });
    let mut unknown = settings.clone();
    unknown["ca_pem"] = stranger["ca_pem"].clone();
    assert!(tried(&unknown, slapd::ADMIN_PASSWORD)["said"].to_string().contains("certificate"));

    let body = json!({
        "settings": settings, "secret": slapd::ADMIN_PASSWORD, "reason": "our people are there",
    });
    assert_eq!(call(&server, &cookie, "PUT", "ldap/main", &body).status, 200);
    let bob = |server: &Server| server.sign_in("bob", "bob's own password").status;
    assert_eq!(bob(&server), 200, "{}", server.log());
    server.end();
    server.begin();
    assert_eq!(bob(&server), 200, "{}", server.log());
    // The vault is encrypted: the password is nowhere, whichever file is looked into.
    for word in [slapd::ADMIN_PASSWORD, slapd::ANN_PASSWORD] {
        assert!(!holds(&server.data(), word), "{word} is on the disk");
        assert!(!server.log().contains(word), "{word} is in the log");
    }
    let cookie = server.sign_in(ADMIN, LOCAL_PASSWORD).cookie();
    let read = server.send("GET", ALL, &format!("Cookie: {cookie}\r\n"), "");
    assert!(!read.body.contains(slapd::ADMIN_PASSWORD) && read.body.contains("has_secret"));
}

#[test]
fn the_mail_server_is_tried_step_by_step_and_letters_go_from_the_moment_it_is_set() {
    let folder = tempfile::tempdir().expect("a folder");
    let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    std::fs::write(&certificate, made.cert.pem()).expect("written");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    let password = format!("{CANARY} sesame");
    let sink = Sink::start(&[&text(&certificate), &text(&key), "us", &password]);
    let (mut server, cookie) = administered("[\"local\"]");
    let ann = server.sign_in("ann@example.org", LOCAL_PASSWORD).cookie();
    let id = planned(&server, &ann, "2031-03-25T10:00");
    let invitations = format!("/api/v1/meetings/{id}/invitations");
    let people = json!({ "people": ["bob@example.net"] });
    assert_eq!(server.post(&invitations, &people, &ann).code(), "mail_not_set_up");

    let port: u16 = sink.port().parse().expect("a port");
    let settings = json!({
        "server": "localhost", "port": port, "tls": "starttls", "username": "us",
        "from": "Meetings <m@example.org>", "ca_pem": made.cert.pem(), "allow_loopback": true,
    });
    let tried = |settings: &Value, secret: &str| {
        let body = json!({ "settings": settings, "secret": secret });
        let reply = call(&server, &cookie, "POST", "mail/mail/try", &body);
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    };
    let whats = |verdict: &Value| {
        let steps = verdict["steps"].as_array().expect("steps").iter();
        steps.map(|step| step["what"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let verdict = tried(&settings, &password);
    assert_eq!(verdict["outcome"], "answered", "{verdict}");
    assert_eq!(whats(&verdict), ["resolve", "connect", "starttls", "sign in", "accepted"]);
    let letters = sink.wait(1);
    assert_eq!(
        (&letters[0]["to"], &letters[0]["subject"]),
        (&json!([ADMIN]), &json!("A test letter")),
        "it goes to whoever tries, and to nobody else"
    );
    let verdict = tried(&settings, "wrong");
    assert_eq!(whats(&verdict), ["resolve", "connect", "starttls", "failed"], "{verdict}");
    assert!(verdict["said"].to_string().contains("535"), "{verdict}");
    let mut stranger = settings.clone();
    stranger["ca_pem"] = Value::Null;
    let verdict = tried(&stranger, &password);
    assert_eq!(whats(&verdict), ["resolve", "connect", "failed"], "{verdict}");

    let body = json!({ "settings": settings, "secret": password, "reason": "letters" });
    assert_eq!(call(&server, &cookie, "PUT", "mail/mail", &body).status, 200);
    invite(&server, &ann, &id, &["bob@example.net"]);
    assert_eq!(sink.wait(2)[1]["subject"], "Invitation: Budget, <2027>");
    server.end();
    server.begin();
    let ann = server.sign_in("ann@example.org", LOCAL_PASSWORD).cookie();
    let cookie = server.sign_in(ADMIN, LOCAL_PASSWORD).cookie();
    invite(&server, &ann, &id, &["eva@example.net"]);
    assert_eq!(sink.wait(3)[2]["to"], json!(["eva@example.net"]));
    assert!(!holds(&server.data(), CANARY) && !server.log().contains(CANARY));

    // Gone is gone, and what happens meanwhile is told by nobody later.
    let gone = call(&server, &cookie, "DELETE", "mail/mail", &json!({ "reason": "x" }));
    assert_eq!(gone.status, 200, "{gone:?}");
    assert_eq!(server.post(&invitations, &people, &ann).code(), "mail_not_set_up");
    let cancel = json!({ "reason": "Ann is ill." });
    let done = server.post(&format!("/api/v1/meetings/{id}/cancel"), &cancel, &ann);
    assert_eq!(done.status, 200, "{done:?}");
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(call(&server, &cookie, "PUT", "mail/mail", &body).status, 200);
    sink.wait(3);
}

fn text(path: &std::path::Path) -> String {
    path.to_str().expect("letters").to_owned()
}
