//! The console's tables with a hundred thousand rows, through the doors that browsers use: every
//! row is found, once, in whatever order, and pages are as long as they are asked to be.

use std::io::Write;
use std::sync::Arc;

use convoke::control::{NewAccount, NewMeeting};
use convoke_model::meeting::lifecycle::MeetingType;
use convoke_model::site::accounts::Email;
use convoke_model::text::{Name, Topic};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::client;
use super::stage::{PASSWORD, Stage};

const ROWS: usize = 100_000;
/// Facts that are made at once.
const AT_ONCE: usize = 2_000;
const ADMIN: &str = "root@example.org";

/// Numbers in an order that is not theirs.
fn mixed(n: usize) -> usize {
    n * 7_919 % ROWS
}

fn fill(stage: &Stage) {
    let (engine, owner) = (Arc::clone(&stage.engine), stage.owner);
    stage.block_on(async move {
        let mut making = JoinSet::<bool>::new();
        for n in 0..ROWS {
            while making.len() >= AT_ONCE {
                assert!(making.join_next().await.expect("some are made").expect("not cut off"));
            }
            let engine = Arc::clone(&engine);
            let number = mixed(n);
            making.spawn(async move {
                let account = NewAccount {
                    email: Email::new(&format!("p{number:05}@example.org")).expect("an address"),
                    name: Name::new(&format!("Person {:05}", ROWS - 1 - number)).expect("a name"),
                    administrator: false,
                    first: false,
                };
                let meeting = NewMeeting {
                    kind: MeetingType::Interactive,
                    topic: Topic::new(&format!("Talk {number:05}")).expect("a topic"),
                    owner,
                    has_password: false,
                    plan: None,
                };
                let account = engine.add_account(account).await;
                account.is_ok() && engine.create_meeting(meeting).await.is_ok()
            });
        }
        while let Some(made) = making.join_next().await {
            assert!(made.expect("not cut off"));
        }
    });
}

struct Console<'a> {
    stage: &'a Stage,
    cookie: String,
}

impl<'a> Console<'a> {
    fn enter(stage: &'a Stage) -> Self {
        let body = json!({ "email": ADMIN, "password": PASSWORD }).to_string();
        let (host, length) = (stage.address, body.len());
        let request = format!(
            "POST /api/v1/sign-in HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let cookie = client::raw(stage.address, request.as_bytes()).cookie();
        Self { stage, cookie }
    }

    fn page(&self, path: &str, query: &str) -> Value {
        let mut stream = client::connect(self.stage.address);
        let request = format!(
            "GET /api/v1/admin/{path}?{query} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n",
            self.stage.address, self.cookie
        );
        stream.write_all(request.as_bytes()).expect("sent");
        let reply = client::read(&mut stream);
        assert_eq!(reply.status, 200, "{path}?{query}: {reply:?}");
        reply.json()
    }

    /// The values of a column from the first page on, over so many pages.
    fn column(&self, path: &str, query: &str, column: &str, pages: usize) -> (Vec<String>, Value) {
        let (mut seen, mut after, mut total) = (Vec::new(), String::new(), Value::Null);
        for _ in 0..pages {
            let page = self.page(path, &format!("{query}&after={after}"));
            let rows = page["rows"].as_array().expect("rows");
            seen.extend(rows.iter().map(|row| row[column].as_str().unwrap_or_default().to_owned()));
            total = page["total"].clone();
            let Some(next) = page["next"].as_str() else { break };
            after = next.to_owned();
        }
        (seen, total)
    }
}

#[test]
fn a_hundred_thousand_accounts_and_meetings_are_paged_sorted_and_filtered() {
    let stage = Stage::new();
    stage.account(ADMIN, "Zora Root", true);
    fill(&stage);
    let console = Console::enter(&stage);

    let (names, total) = console.column("accounts", "sort=name&limit=200&q=person", "name", 3);
    assert_eq!(total, json!(ROWS));
    let expected: Vec<_> = (0..600).map(|n| format!("Person {n:05}")).collect();
    assert_eq!(names, expected);
    let (emails, _) = console.column("accounts", "sort=-email&limit=150&q=%40example", "email", 3);
    let last: Vec<_> = (0..449).map(|n| format!("p{:05}@example.org", ROWS - 1 - n)).collect();
    assert_eq!((emails[0].as_str(), &emails[1..]), (ADMIN, &last[..]));
    let (found, total) = console.column("accounts", "sort=name&q=PERSON%20990", "name", 9);
    assert_eq!((found.len(), total), (100, json!(100)));
    assert_eq!(found[99], "Person 99099");
    let (found, _) = console.column("accounts", "state=administrators", "email", 2);
    assert_eq!(found, [ADMIN]);

    let list = "list=past&limit=200";
    let (topics, total) = console.column("meetings", &format!("{list}&sort=-topic"), "topic", 3);
    assert_eq!(total, json!(ROWS));
    let expected: Vec<_> = (0..600).map(|n| format!("Talk {:05}", ROWS - 1 - n)).collect();
    assert_eq!(topics, expected);
    let query = format!("{list}&sort=topic&q=ann%40example");
    let (by_host, total) = console.column("meetings", &query, "topic", 2);
    assert_eq!((by_host[399].as_str(), total), ("Talk 00399", json!(ROWS)));
    let (found, total) = console.column("meetings", &format!("{list}&q=talk%2012345"), "host", 2);
    assert_eq!((found, total), (vec!["ann@example.org".to_owned()], json!(1)));
    let (none, total) = console.column("meetings", "list=active", "topic", 2);
    assert_eq!((none, total), (Vec::new(), json!(0)));

    // From the first to the last, each once. All were made at the same time: numbers settle it.
    let tenth = format!("{list}&sort=created&q=talk%201");
    let (mut all, total) = console.column("meetings", &tenth, "id", ROWS);
    assert_eq!((all.len(), total), (ROWS / 10, json!(ROWS / 10)));
    assert!(all.is_sorted(), "by their numbers");
    all.dedup();
    assert_eq!(all.len(), ROWS / 10);

    let overview = console.page("overview", "");
    assert_eq!(overview["accounts"]["all"], json!(ROWS + 2));
    assert_eq!(overview["meetings"]["all"], json!(ROWS));
    let audit = console.page("audit", "q=p00042%40example.org&limit=5");
    assert!(audit["rows"].as_array().is_some(), "{audit}");
}
