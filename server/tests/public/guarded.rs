//! Hostile and broken `publish` scripts: what never goes out does not, and a script that fails
//! leaves the last verdict.

use convoke_model::meeting::plan::Plan;

use super::stage::{CODE, EMAIL, FORMS, MEETING_PASSWORD, Stage};

/// Bodies that try to let out more than may be known.
const GREEDY: [&str; 9] = [
    "list([\"meeting\", \"topic\", \"type\", \"host\", \"start\", \"duration\", \"registration\", \
     \"seats\"])",
    "list([\"meeting\", \"password\", \"email\", \"registrants\"])",
    "#{ list: [\"topic\", \"password\"] }",
    "#{ list: [\"topic\"], password: \"apple-39-tree\" }",
    "relabel([\"topic\"], \"The password is apple-39-tree\")",
    "relabel([\"topic\"], \"A P P L E 39 T R E E\")",
    "relabel([\"topic\"], \"Write to ann@example.org or dial 731904265\")",
    "relabel([\"topic\", \"host\"], question.topic + \" by \" + question.host)",
    "relabel([\"topic\"])",
];

/// Bodies that never answer.
const BROKEN: [&str; 6] = [
    "throw \"no\"",
    "loop { }",
    "let a = []; loop { a.push(a.len()); }",
    "42",
    "question.password",
    "publish(question)",
];

fn nothing_secret_in(stage: &Stage, what: &str) {
    for form in FORMS {
        let reply = stage.get(form);
        assert_eq!(reply.status, 200, "{what}: {reply:?}");
        // Folded lines are put together, as a calendar does.
        let body = reply.body.replace("\r\n ", "").to_lowercase();
        let squeezed: String = body.chars().filter(|c| c.is_alphanumeric()).collect();
        for secret in [MEETING_PASSWORD, EMAIL, CODE, "apple39tree", "annexampleorg"] {
            assert!(!body.contains(secret), "{what}: {secret} in {form}: {body}");
            assert!(!squeezed.contains(secret), "{what}: {secret} in {form}: {body}");
        }
    }
}

#[test]
fn no_script_lets_out_what_never_goes_out() {
    let stage = Stage::new();
    let topic = "Ask ann@example.org, use Apple-39-Tree or 731904265";
    stage.meeting(topic, stage.in_minutes(30, None));
    nothing_secret_in(&stage, "no script");
    assert_eq!(stage.topics(), ["Ask […] use […] or […]"]);
    for body in GREEDY {
        stage.script(body);
        stage.settle();
        nothing_secret_in(&stage, body);
    }
}

#[test]
fn no_script_lists_what_was_not_ticked() {
    let stage = Stage::new();
    stage.script("list([\"meeting\", \"topic\", \"host\", \"start\"])");
    stage.meeting("Board", Plan { public: false, ..stage.in_minutes(60, None) });
    assert_eq!(stage.topics(), Vec::<String>::new());
    assert_eq!(stage.policies.status().decisions, 0, "it is not even asked");
}

#[test]
fn a_script_that_fails_leaves_the_last_verdict() {
    let stage = Stage::new();
    stage.script("relabel([\"topic\", \"start\"], \"Open house\")");
    stage.meeting("Talk", stage.in_minutes(30, None));
    assert_eq!(stage.topics(), ["Open house"]);
    for body in BROKEN {
        stage.script(body);
        assert_eq!(stage.topics(), ["Open house"], "{body}");
        assert!(stage.get("json").json()["meetings"][0].get("host").is_none(), "{body}");
    }
    let new = stage.meeting("Never decided", stage.in_minutes(60, None));
    assert_eq!(stage.topics(), ["Open house"], "nothing was ever decided of the other");
    stage.script("list([\"topic\"])");
    let mut topics = stage.topics();
    topics.sort();
    assert_eq!(topics, ["Never decided", "Talk"], "{new}");
}

#[test]
fn a_script_that_failed_is_asked_again_later_and_not_all_the_time() {
    let stage = Stage::new();
    stage.script("throw \"no\"");
    stage.meeting("Talk", stage.in_minutes(600, None));
    stage.settle();
    let decisions = || stage.policies.status().decisions;
    // Once when it was made, once more because what failed is not settled.
    let before = decisions();
    for _ in 0..10 {
        stage.settle();
    }
    assert_eq!(decisions(), before);
    stage.advance(std::time::Duration::from_secs(31));
    stage.settle();
    assert_eq!(decisions(), before + 1);
    stage.settle();
    assert_eq!(decisions(), before + 1);
}

#[test]
fn what_is_not_decided_yet_is_not_listed_under_an_old_verdict() {
    let stage = Stage::new();
    stage.script("if question.topic.contains(\"secret\") { hide() } else { list([\"topic\"]) }");
    let id = stage.meeting("Talk", stage.in_minutes(30, None));
    assert_eq!(stage.topics(), ["Talk"]);
    stage.replan(id, "A secret talk", stage.in_minutes(30, None));
    assert_eq!(stage.topics(), Vec::<String>::new());
}
