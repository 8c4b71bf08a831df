//! A server whose log is not whole: every door says so, and nothing is taken.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use convoke::quarantine::Quarantine;
use serde_json::json;

use super::world::{EMAIL, PASSWORD, quarantined_world};

fn found() -> Quarantine {
    Quarantine {
        missing: "entries 13 to 18 of the log, of which the head witness knows".to_owned(),
        why: "stream 88137455/1: seq 4 to 9".to_owned(),
    }
}

#[test]
fn every_page_and_call_names_what_is_missing_and_no_fact_is_taken() {
    let world = quarantined_world(found());
    world.engine.read_only.store(true, Ordering::Relaxed);
    let host = format!("/as/wapi/goto_downloader?role=host&email={EMAIL}&user_password={PASSWORD}");
    for target in ["/", "/join?id=88137455", "/m/88137455", "/setup", "/nowhere", &host, "/id=1"] {
        let page = world.get(target);
        assert_eq!(page.status, 503, "{target}");
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{target}");
        for part in ["entries 13 to 18", "convoke recover --accept-loss", "backup"] {
            assert!(page.body.contains(part), "{target}: {page:?}");
        }
        assert!(!page.body.contains("88137455"), "no meeting is named: {target}");
    }
    let sign_in = json!({ "email": EMAIL, "password": PASSWORD });
    let join = json!({ "id": "88137455", "name": "Ann" });
    let mut answers = vec![world.get("/api/v1/me"), world.get("/ws")];
    answers.push(world.post("/api/v1/sign-in", &sign_in));
    answers.push(world.post("/api/v1/join", &join));
    answers.push(world.post("/api/v1/setup", &json!({})));
    for answer in answers {
        assert_eq!((answer.status, answer.code().as_str()), (503, "quarantine"), "{answer:?}");
        assert_eq!(answer.json()["missing"], json!(found().missing));
    }
    assert!(world.engine.recorded.lock().expect("not poisoned").is_empty());
    assert_eq!(world.get("/healthz").status, 200);
    let ready = world.get("/readyz");
    assert_eq!((ready.status, ready.code().as_str()), (503, "quarantine"));
    let link = world.block_on(async { Arc::clone(&world.site).set_up_link().await });
    assert_eq!(link, Ok(None), "nobody is invited to administer it");
}
