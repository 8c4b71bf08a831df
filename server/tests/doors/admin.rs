//! The console's calls: only administrators get through, and each change leaves one deed.

use std::collections::BTreeSet;
use std::sync::Arc;

use convoke::config::Config;
use convoke::http::routes;
use convoke::outside::Outside;
use convoke_model::Actor;
use convoke_model::policy::Value as Plain;
use convoke_model::privilege::{Privilege, Privileges};
use convoke_model::site::deed::{Act, Deed};
use convoke_model::site::{Event, accounts};
use serde_json::{Value, json};

use super::client::Reply;
use super::world::{EMAIL, PASSWORD, World, world};

const ADMIN: &str = "root@example.org";
const CODE: &str = "seven-sleepy-sheep";
/// Nobody answers there.
const CONFIG: &str = "[ldap.corp]\nservers = [\"127.0.0.1:1\"]\nbase_dn = \"dc=example\"\n";

/// Everything that changes something: the act, the route, what is sent, and whether `before` and
/// `after` have something to say.
fn changes() -> Vec<(Act, &'static str, Value)> {
    let reason = "asked for by the board";
    vec![
        (Act::LookAtMeeting, "/api/v1/admin/meetings/{open}/look", json!({})),
        (Act::LockMeeting, "/api/v1/admin/meetings/{open}/lock", json!({ "locked": true })),
        (Act::TellMeeting, "/api/v1/admin/meetings/{open}/message", json!({ "text": "Hear this" })),
        (Act::EndMeeting, "/api/v1/admin/meetings/{open}/end", json!({ "reason": reason })),
        (
            Act::TransferMeeting,
            "/api/v1/admin/meetings/{plan}/transfer",
            json!({ "to": ADMIN, "reason": reason }),
        ),
        (Act::CancelMeeting, "/api/v1/admin/meetings/{plan}/cancel", json!({ "reason": reason })),
        (Act::RestoreMeeting, "/api/v1/admin/meetings/{plan}/restore", json!({})),
        (
            Act::AddAccount,
            "/api/v1/admin/accounts",
            json!({ "email": "new@example.org", "name": "New" }),
        ),
        (
            Act::ChangeAccount,
            "/api/v1/admin/accounts/{ann}",
            json!({ "change": { "name": "Anna" } }),
        ),
        (
            Act::SetPrivileges,
            "/api/v1/admin/accounts/{ann}",
            json!({ "change": { "privileges": ["chat"] }, "reason": reason }),
        ),
        (Act::MakeLink, "/api/v1/admin/accounts/{ann}/link", json!({})),
        (Act::EndSignIns, "/api/v1/admin/accounts/{ann}/sign-ins", json!({ "reason": reason })),
        (Act::DisableAccount, "/api/v1/admin/accounts/{ann}/disable", json!({ "reason": reason })),
        (Act::EnableAccount, "/api/v1/admin/accounts/{ann}/enable", json!({})),
        (Act::TurnCodesOff, "/api/v1/admin/accounts/{coded}/codes", json!({ "reason": reason })),
        (
            Act::AddGroup,
            "/api/v1/admin/groups",
            json!({ "name": "Staff", "privileges": ["chat", "record"] }),
        ),
        (
            Act::ChangeGroup,
            "/api/v1/admin/groups/1",
            json!({ "change": { "privileges": ["chat"] }, "reason": reason }),
        ),
        (Act::RemoveGroup, "/api/v1/admin/groups/1/remove", json!({ "reason": reason })),
        (
            Act::ChangeSettings,
            "/api/v1/admin/settings",
            json!({ "part": { "limits": { "rooms": 3, "participants": 50 } }, "reason": reason }),
        ),
        (
            Act::SetIntegrationCode,
            "/api/v1/admin/integration-code",
            json!({ "code": CODE, "reason": reason }),
        ),
        (Act::ReadDecisions, "/api/v1/admin/policies/decisions", json!({})),
        (Act::ReadReport, "/api/v1/admin/reports", json!({ "of": { "account": EMAIL } })),
        (
            Act::ExportReport,
            "/api/v1/admin/reports/export",
            json!({ "of": { "account": EMAIL }, "format": "xlsx", "reason": reason }),
        ),
        (Act::TrySignIn, "/api/v1/admin/connections/ldap/corp/try", json!({ "name": "ann" })),
    ]
}

/// What auditors do too.
const READING: &[Act] =
    &[Act::LookAtMeeting, Act::ReadDecisions, Act::ReadReport, Act::ExportReport];

/// What a deed has nothing to compare of.
const NOTHING_CHANGES: &[Act] =
    &[Act::LookAtMeeting, Act::MakeLink, Act::ReadDecisions, Act::ReadReport];

/// What needs scripts that run; the browser's tests have them.
const ELSEWHERE: &str = "/api/v1/admin/policies/rollback";

struct Stage {
    world: World,
    cookie: String,
    open: String,
    plan: String,
    coded: u32,
}

fn stage() -> Stage {
    let world = world(CONFIG);
    let outside = Outside::open(&Config::parse(CONFIG).expect("settings"), &[]).expect("opens");
    world.site.open_console(Arc::new(outside), None);
    let (open, _) = world.open_meeting(None);
    let plan = world.meeting(None);
    world.account(ADMIN, true);
    world.account("coded@example.org", false);
    let coded = world.found("coded@example.org").id;
    world.wish(accounts::Command::TurnCodesOn { account: coded });
    let cookie = world.sign_in(ADMIN);
    let number = |id: convoke_model::MeetingId| id.number().to_string();
    Stage { cookie, open: number(open), plan: number(plan), coded: coded.0, world }
}

impl Stage {
    fn path(&self, route: &str) -> String {
        let ann = self.world.found(EMAIL).id.0;
        route
            .replace("{open}", &self.open)
            .replace("{plan}", &self.plan)
            .replace("{ann}", &ann.to_string())
            .replace("{coded}", &self.coded.to_string())
    }

    fn post(&self, route: &str, body: &Value) -> Reply {
        self.world.post_as(&self.path(route), body, &self.cookie)
    }

    fn deeds(&self) -> Vec<(Actor, Deed)> {
        let facts = self.world.engine.facts.lock().expect("not poisoned");
        let deed = |(by, event): &(Actor, Event)| match event {
            Event::Deed(deed) => Some((*by, Deed::clone(deed))),
            _ => None,
        };
        facts.iter().filter_map(deed).collect()
    }
}

/// A route with something in the place of its parameters.
fn filled(route: &str) -> String {
    route.replace("{id}", "1").replace("{kind}", "ldap").replace("{name}", "corp")
}

/// The route as the table of routes has it.
fn template(route: &str) -> String {
    let parts: Vec<&str> = route.split('/').collect();
    let part = |part: &&str| {
        let is_id = part.starts_with('{') || part.bytes().all(|b| b.is_ascii_digit());
        if is_id && !part.is_empty() { "{id}".to_owned() } else { (*part).to_owned() }
    };
    let route = parts.iter().map(part).collect::<Vec<_>>().join("/");
    route.replace("/ldap/corp/", "/{kind}/{name}/")
}

#[test]
fn each_change_leaves_one_deed_with_its_author_what_changed_and_why() {
    let stage = stage();
    let root = stage.world.found(ADMIN).id;
    for (act, route, body) in changes() {
        let before = stage.deeds().len();
        if act.needs_reason() {
            let mut without = body.clone();
            without["reason"] = json!("  ");
            let reply = stage.post(route, &without);
            assert_eq!((reply.status, reply.code().as_str()), (400, "reason_needed"), "{route}");
            assert_eq!(stage.deeds().len(), before, "{route}: nothing was done");
        }
        let reply = stage.post(route, &body);
        assert_eq!(reply.status, 200, "{route} {reply:?}");
        let deeds = stage.deeds();
        assert_eq!(deeds.len(), before + 1, "{route}: one deed");
        let (by, deed) = deeds.last().expect("there is one");
        assert_eq!((*by, deed.act), (root.into(), act), "{route}");
        assert_eq!(deed.from.as_ref().map(|from| from.as_str()), Some("127.0.0.1"));
        assert!(deed.sign_in.is_some(), "{route}");
        let said = body["reason"].as_str();
        assert_eq!(deed.reason.as_ref().map(|reason| reason.as_str()), said, "{route}");
        if !NOTHING_CHANGES.contains(&act) {
            assert_ne!(deed.before, deed.after, "{route}");
            assert!(deed.after != Plain::Null || deed.before != Plain::Null, "{route}");
        }
    }
}

#[test]
fn no_route_that_changes_something_is_missing_in_the_table_above() {
    let world = world("");
    let known: BTreeSet<String> = changes().iter().map(|(_, route, _)| template(route)).collect();
    let admin = routes().into_iter().map(|(route, _)| route);
    for route in admin.filter(|route| route.starts_with("/api/v1/admin/")) {
        let path = filled(route);
        // A route that takes no POST says so before it asks who calls.
        let changes = world.post(&path, &json!({})).status != 405;
        let is_known = known.contains(route) || route == ELSEWHERE;
        assert_eq!(changes, is_known, "{route}");
    }
}

#[test]
fn nobody_but_administrators_reads_or_changes_anything() {
    let stage = stage();
    let ann = stage.world.sign_in(EMAIL);
    let facts = stage.world.engine.facts.lock().expect("not poisoned").len();
    for (route, _) in routes().into_iter().filter(|(route, _)| route.starts_with("/api/v1/admin/"))
    {
        let path = filled(route);
        for (cookie, status, code) in
            [("", 401, "sign_in_needed"), (&ann, 403, "administrators_only")]
        {
            for reply in
                [stage.world.get_as(&path, cookie), stage.world.post_as(&path, &json!({}), cookie)]
            {
                if reply.status != 405 {
                    assert_eq!((reply.status, reply.code().as_str()), (status, code), "{path}");
                }
            }
        }
    }
    assert_eq!(stage.world.engine.facts.lock().expect("not poisoned").len(), facts);
}

#[test]
fn what_changes_nothing_leaves_no_deed_and_what_is_refused_neither() {
    let stage = stage();
    let ann = json!({ "change": { "name": "Ann Smith" } });
    assert_eq!(stage.post("/api/v1/admin/accounts/{ann}", &ann).status, 200);
    let taken = json!({ "change": { "email": ADMIN } });
    assert_eq!(stage.post("/api/v1/admin/accounts/{ann}", &taken).code(), "taken");
    let root = stage.world.found(ADMIN).id.0;
    let last =
        stage.post(&format!("/api/v1/admin/accounts/{root}/disable"), &json!({ "reason": "x" }));
    assert_eq!(last.code(), "last_administrator");
    for (route, body, code) in [
        ("/api/v1/admin/accounts/99999/enable", json!({}), "not_found"),
        ("/api/v1/admin/accounts/x/enable", json!({}), "not_found"),
        ("/api/v1/admin/groups/7/remove", json!({ "reason": "x" }), "not_found"),
        ("/api/v1/admin/meetings/12/look", json!({}), "not_found"),
        ("/api/v1/admin/meetings/{plan}/look", json!({}), "not_started"),
        ("/api/v1/admin/meetings/{plan}/restore", json!({}), "already_done"),
        ("/api/v1/admin/meetings/{open}/message", json!({ "text": " " }), "empty"),
        (
            "/api/v1/admin/meetings/{plan}/transfer",
            json!({ "to": "x", "reason": "x" }),
            "email_invalid",
        ),
        (
            "/api/v1/admin/meetings/{plan}/transfer",
            json!({ "to": "nobody@example.org", "reason": "x" }),
            "not_found",
        ),
        ("/api/v1/admin/groups", json!({ "name": " " }), "name_invalid"),
        ("/api/v1/admin/groups", json!({ "name": "A", "privileges": ["fly"] }), "malformed"),
        ("/api/v1/admin/accounts", json!({ "email": ADMIN, "name": "R" }), "taken"),
    ] {
        let reply = stage.post(route, &body);
        assert_eq!(reply.code(), code, "{route} {reply:?}");
    }
    assert_eq!(stage.deeds(), []);
}

#[test]
fn an_account_that_is_added_is_opened_by_its_link() {
    let stage = stage();
    let new = json!({ "email": "new@example.org", "name": "New", "administrator": true });
    let added = stage.post("/api/v1/admin/accounts", &new);
    let link = added.json()["link"].as_str().expect("a link").to_owned();
    let token = link.split_once("/reset#").expect("it leads to the page").1;
    let used =
        stage.world.post("/api/v1/reset/use", &json!({ "token": token, "password": PASSWORD }));
    assert_eq!(used.status, 200, "{used:?}");
    let cookie = stage.world.sign_in("new@example.org");
    assert_eq!(stage.world.get_as("/api/v1/admin/accounts", &cookie).status, 200);
}

#[test]
fn tables_are_cut_into_pages_by_the_server() {
    let stage = stage();
    for n in 0..7 {
        stage.world.account(&format!("person{n}@example.org"), false);
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/admin/accounts?q=PERSON&sort=-email&limit=3&after={after}");
        let page = stage.world.get_as(&path, &stage.cookie).json();
        assert_eq!(page["total"], json!(7));
        let rows = page["rows"].as_array().expect("rows").iter();
        seen.extend(rows.map(|row| row["email"].as_str().expect("text").to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        after = next.to_owned();
    }
    let expected: Vec<_> = (0..7).rev().map(|n| format!("person{n}@example.org")).collect();
    assert_eq!(seen, expected);
    let meetings = |query: &str| {
        let path = format!("/api/v1/admin/meetings?{query}");
        stage.world.get_as(&path, &stage.cookie).json()["total"].clone()
    };
    assert_eq!(meetings("list=active"), json!(1));
    assert_eq!(meetings("list=past"), json!(1));
    assert_eq!(meetings("list=cancelled"), json!(0));
    assert_eq!(meetings(&format!("q={}", stage.plan)), json!(1));
    assert_eq!(meetings("q=no+such+topic"), json!(0));
    let bad = stage.world.get_as("/api/v1/admin/accounts?after=x", &stage.cookie);
    assert_eq!((bad.status, bad.code().as_str()), (400, "malformed"));
}

#[test]
fn the_overview_tells_how_the_server_is() {
    let stage = stage();
    let shown = stage.world.get_as("/api/v1/admin/overview", &stage.cookie).json();
    assert_eq!(shown["accounts"], json!({ "all": 3, "enabled": 3 }));
    assert_eq!(shown["meetings"]["all"], json!(2));
    assert_eq!(shown["writable"], json!(true));
    assert!(shown["disk"]["all_bytes"].as_u64().is_some_and(|bytes| bytes > 0));
}

#[test]
fn settings_show_on_pages_and_the_code_lies_in_the_vault_alone() {
    let stage = stage();
    let set = |part: Value| stage.post("/api/v1/admin/settings", &json!({ "part": part }));
    let branding = json!({ "name": "Acme <b>", "welcome": "Hello", "colour": "#C02020" });
    assert_eq!(set(json!({ "branding": branding })).status, 200);
    let shown = json!({ "name": "Acme <b>", "welcome": "Hello", "colour": "#c02020" });
    for page in ["/", "/join", "/account", "/console", "/console/accounts", "/nothing"] {
        assert_eq!(stage.world.get(page).boot()["branding"], shown, "{page}");
    }
    for bad in [
        json!({ "branding": { "colour": "red" } }),
        json!({ "integration": { "has_code": true } }),
        json!({ "publishing": { "frame_ancestors": ["https://a; script-src *"] } }),
        json!({ "unknown": {} }),
    ] {
        assert_eq!(set(bad.clone()).code(), "malformed", "{bad}");
    }
    let code = |code: Value| {
        let body = json!({ "code": code, "reason": "asked for" });
        stage.post("/api/v1/admin/integration-code", &body)
    };
    assert_eq!(code(Value::Null).code(), "already_done");
    assert_eq!(code(json!("short")).code(), "code_too_short");
    assert_eq!(code(json!("x".repeat(200))).code(), "too_long");
    assert_eq!(code(json!(CODE)).status, 200);
    let vault = convoke::vault::Vault::open(&stage.world.folder).expect("opens");
    let of = convoke::vault::SecretOf::IntegrationCode;
    let kept = vault.get(of).expect("reads").expect("it is there");
    assert_eq!(kept.as_slice(), CODE.as_bytes());
    let read = stage.world.get_as("/api/v1/admin/settings", &stage.cookie);
    assert_eq!(read.json()["settings"]["integration"], json!({ "has_code": true, "changes": 1 }));
    assert_eq!(code(Value::Null).status, 200);
    assert!(vault.get(of).expect("reads").is_none());
    let facts = format!("{:?}", stage.world.engine.facts.lock().expect("not poisoned"));
    assert!(!facts.contains(CODE) && !read.body.contains(CODE), "the code is told to nobody");
}

#[test]
fn a_sign_in_elsewhere_is_tried_step_by_step_and_signs_nobody_in() {
    let stage = stage();
    let tried =
        |of: &str, body: Value| stage.post(&format!("/api/v1/admin/connections/{of}/try"), &body);
    let reply = tried("ldap/corp", json!({ "name": "ann", "password": "canary-pw" }));
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json()["outcome"], json!("failed"));
    assert!(!reply.json()["steps"].as_array().expect("steps").is_empty());
    let facts = format!("{:?}", stage.world.engine.facts.lock().expect("not poisoned"));
    assert!(!facts.contains("canary-pw") && facts.contains("TrySignIn"));
    for (of, body, code) in [
        ("ldap/other", json!({ "name": "ann" }), "not_found"),
        ("callback/corp", json!({ "name": "ann", "password": "x" }), "not_found"),
        ("callback/corp", json!({ "name": "ann" }), "empty"),
        ("telepathy/corp", json!({ "name": "ann" }), "not_found"),
        ("bridge/corp", json!({}), "not_found"),
        ("mail/mail", json!({}), "not_found"),
        ("ldap/corp", json!({ "name": "a", "password": "  " }), "malformed"),
        ("ldap/corp", json!({ "who": "a" }), "malformed"),
    ] {
        assert_eq!(tried(of, body.clone()).code(), code, "{of} {body}");
    }
}

#[test]
fn an_auditor_reads_everything_and_changes_nothing() {
    let stage = stage();
    stage.world.account("eye@example.org", false);
    let eye = stage.world.found("eye@example.org").id;
    let privileges = Privileges::NONE.with(Privilege::Auditor);
    stage.world.wish(accounts::Command::SetPrivileges { account: eye, privileges });
    let cookie = stage.world.sign_in("eye@example.org");
    let before = stage.world.engine.facts.lock().expect("not poisoned").len();
    for (route, _) in routes().into_iter().filter(|(route, _)| route.starts_with("/api/v1/admin/"))
    {
        let path = filled(route);
        let read = stage.world.get_as(&path, &cookie);
        assert!(!matches!(read.status, 401 | 403), "{path}: {read:?}");
    }
    for (act, route, body) in changes() {
        let reply = stage.world.post_as(&stage.path(route), &body, &cookie);
        // Looking at content leaves a deed; everything else is for administrators.
        if READING.contains(&act) {
            assert_eq!(reply.status, 200, "{route} {reply:?}");
        } else {
            let told = (reply.status, reply.code());
            assert_eq!(told, (403, "administrators_only".to_owned()), "{route}");
        }
    }
    let facts = stage.world.engine.facts.lock().expect("not poisoned");
    let new = facts[before..].iter().map(|(by, fact)| match fact {
        Event::Deed(deed) => (*by, deed.act),
        other => panic!("{other:?}"),
    });
    let expected: Vec<_> = READING.iter().map(|act| (Actor::from(eye), *act)).collect();
    assert_eq!(new.collect::<Vec<_>>(), expected, "each reading of content is a fact");
}

#[test]
fn lists_of_meetings_say_that_there_is_an_access_code_and_not_which() {
    let stage = stage();
    let wish = json!({ "type": 0, "topic": "By telephone", "dial_in": { "code": "471108" } });
    let made = stage.world.post_as("/api/v1/meetings", &wish, &stage.cookie);
    assert_eq!((made.status, made.json()["dial_in"]["code"].as_str()), (200, Some("471108")));
    let list = stage.world.get_as("/api/v1/admin/meetings?q=telephone", &stage.cookie);
    let plan = &list.json()["rows"][0]["plan"];
    assert_eq!(plan["dial_in"], json!({ "has_code": true }), "{list:?}");
}
