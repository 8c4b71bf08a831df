//! Names that try to leave a folder, at every route that gives out a file: nothing outside comes,
//! and no name makes the server fail.

use std::collections::BTreeSet;

use serde_json::json;

use super::client::Reply;
use super::dice::Dice;
use super::line::Line;
use super::world::{EMAIL, World, world};

/// How many names.
const NAMES: usize = 3_000;

/// Ways to write one step up.
const UP: [&str; 24] = [
    "..",
    "%2e%2e",
    ".%2e",
    "%2E.",
    "%252e%252e",
    "%25252e%25252e",
    "%c0%ae%c0%ae",
    "%c0%2e%c0%2e",
    "%e0%80%ae%e0%80%ae",
    "%f0%80%80%ae%f0%80%80%ae",
    "%u002e%u002e",
    "%uff0e%uff0e",
    "%ef%bc%8e%ef%bc%8e",
    "%e2%80%a5",
    "....",
    "..;",
    "..;x=y",
    "..%00",
    "..%20",
    "..%09",
    "..::$DATA",
    "%2e%2e%0d%0a",
    "..%e2%80%ae",
    "%ff..",
];

/// Ways to write what is between two steps.
const BETWEEN: [&str; 20] = [
    "/",
    "//",
    "/./",
    "%2f",
    "%2F",
    "%252f",
    "%25252f",
    "\\",
    "%5c",
    "%255c",
    "/%5c",
    "%c0%af",
    "%c1%9c",
    "%e0%80%af",
    "%ef%bc%8f",
    "%e2%88%95",
    "%e2%81%84",
    "%u2215",
    "%2f%00",
    ";/",
];

/// What somebody would like to have.
const WANTED: [&str; 20] = [
    "index.html",
    "etc/passwd",
    "proc/self/environ",
    "Cargo.toml",
    "server/Cargo.toml",
    "package.json",
    "keys/vault.key",
    "keys/invitation.key",
    "secrets/account-1.password",
    "convoke.toml",
    ".git/config",
    ".env",
    "windows/win.ini",
    "c:/windows/win.ini",
    "C%3a%5cwindows%5cwin.ini",
    "CON",
    "nul.js",
    "list.css",
    "list.css%00.js",
    "index.html:stream",
];

/// Where a name begins.
const FRONT: [&str; 14] = [
    "",
    "/",
    "%2f",
    "./",
    "x/",
    "list.css/",
    "%00",
    "file:///",
    "file:%2f%2f",
    "C:/",
    "C%3a%5c",
    "%5c%5cevil.example%5cc$%5c",
    "%2e/",
    "~root/",
];

fn names() -> Vec<String> {
    let mut dice = Dice::new(21);
    let mut names = BTreeSet::new();
    while names.len() < NAMES {
        let (one, other) = (dice.one(&UP), dice.one(&BETWEEN));
        // Some in one spelling from end to end, some of every kind at once.
        let mixed = dice.below(3) == 0;
        let mut name = dice.one(&FRONT).to_owned();
        for _ in 0..=dice.below(8) {
            let (up, between) =
                if mixed { (dice.one(&UP), dice.one(&BETWEEN)) } else { (one, other) };
            name.push_str(up);
            name.push_str(between);
        }
        name.push_str(&dice.one(&WANTED).replace('/', other));
        if dice.below(50) == 0 {
            name.push_str(&"%2e".repeat(1_300));
        }
        names.insert(name);
    }
    names.into_iter().collect()
}

/// What only files that are given to nobody hold.
fn secrets(world: &World) -> Vec<String> {
    let mut secrets: Vec<String> =
        ["root:x:0", "[package]", "CVKVLT", "[core]", "\"dependencies\""].map(String::from).into();
    let keys = world.folder.key_path("vault.key");
    let keys = std::fs::read_dir(keys.parent().expect("a folder")).expect("keys were drawn");
    for key in keys {
        let bytes = std::fs::read(key.expect("a file").path()).expect("read");
        secrets.push(String::from_utf8_lossy(&bytes).into_owned());
    }
    secrets
}

struct Watch {
    secrets: Vec<String>,
}

impl Watch {
    fn nothing_came(&self, reply: &Reply, what: &str) {
        assert!(reply.status < 500, "{what}: {reply:?}");
        for secret in &self.secrets {
            assert!(!reply.body.contains(secret.as_str()), "{what}: {reply:?}");
        }
        for (name, value) in &reply.headers {
            assert!(!value.contains("evil"), "{what}: {name}");
        }
    }

    fn nothing_found(&self, reply: &Reply, what: &str) {
        self.nothing_came(reply, what);
        assert!(matches!(reply.status, 400 | 404 | 405 | 414), "{what}: {reply:?}");
    }
}

#[test]
fn no_name_leads_out_of_what_is_given_out() {
    let world = world("[public]\nper_minute = 1000000\nburst = 1000000\n");
    world.account(EMAIL, true);
    let watch = Watch { secrets: secrets(&world) };
    let mut line = Line::to(&world);
    // The names stand where a file would be found.
    for (folder, file) in [("/embed", "list.css"), ("/api/v1", "openapi.json")] {
        assert_eq!(line.get(&format!("{folder}/{file}"), "").status, 200);
    }
    for (n, name) in names().iter().enumerate() {
        for folder in ["/assets/", "/embed/"] {
            let target = format!("{folder}{name}");
            watch.nothing_found(&line.get(&target, ""), &target);
        }
        // The others by turns: pages, the description of the API, files of lists and of calendars.
        let folders = ["/api/docs/", "/api/docs/assets/", "/as/public/", "/api/v1/", "/", "/m/"];
        let target = format!("{}{name}", folders[n % folders.len()]);
        let reply = line.get(&target, "");
        watch.nothing_came(&reply, &target);
        // A name that leads nowhere else may be a page's own name in another spelling.
        assert_ne!(reply.status, 200, "{target}: {reply:?}");
    }
}

#[test]
fn a_file_to_take_along_is_called_by_fixed_words() {
    let world = world("");
    world.account(EMAIL, true);
    let cookie = world.sign_in(EMAIL);
    let wish = json!({ "type": 0, "topic": "Weekly", "when": {
        "start": "2031-03-25T10:00", "minutes": 45, "zone": "Europe/Berlin",
    } });
    let made = world.post_as("/api/v1/meetings", &wish, &cookie);
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    let watch = Watch { secrets: secrets(&world) };
    let mut line = Line::to(&world);
    let signed = format!("Cookie: {cookie}\r\n");
    let own = line.get(&format!("/api/v1/meetings/{id}/calendar"), &signed);
    let number = id.replace('-', "");
    let called = format!("attachment; filename=\"meeting-{number}.ics\"");
    assert_eq!(own.header("content-disposition"), Some(called.as_str()));
    for (n, name) in names().iter().enumerate() {
        let typed = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
        let target = format!("/api/v1/meetings/{name}/calendar");
        watch.nothing_found(&line.get(&target, &signed), &target);
        let mut wish = json!({ "of": { "account": EMAIL }, "format": "csv", "reason": "why" });
        match n % 4 {
            0 => wish["of"]["account"] = json!(typed),
            1 => wish["of"] = json!({ "meeting": typed }),
            2 => wish["format"] = json!(typed),
            _ => wish["about"] = json!(typed),
        }
        let reply = line.post("/api/v1/admin/reports/export", &cookie, &wish);
        watch.nothing_found(&reply, &wish.to_string());
    }
}
