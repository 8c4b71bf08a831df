//! A decision is run again from its record alone, and comes out the same.

use convoke_model::policy::{Decided, Hook, Question};
use convoke_plugins::rhai::{Again, Book, Secret};

use super::stage::{self, Stage, question};

#[test]
fn a_recorded_decision_runs_again_to_the_same_verdict_without_asking_the_world() {
    let scripts = [
        (
            Hook::Authenticate,
            "fn authenticate(question) { let a = local.verify(question.identity); \
          let t = clock.now(); deny(`${a.asked} ${a.count} ${t.count} ${random.digits(6)}`) }",
        ),
        (
            Hook::Admit,
            "fn admit(question) { for i in 0..5 { local.find(i.to_string()); } \
          let last = local.find(\"5\"); \
          if last.count % 2 == 0 { lobby() } else { enter(\"viewer\") } }",
        ),
        (
            Hook::Code,
            "fn code(question) { try { http.ask(\"x\", #{ a: [1, (), true] }) } \
          catch (e) { return reject(e); } drop() }",
        ),
        (Hook::DrawCode, "fn draw_code(question) { let a = random.digits(9); `7777${a.count}` }"),
        (Hook::Register, "fn register(question) { local.find(\"x\") }"),
        (
            Hook::Record,
            "fn record(question) { let n = clock.now().count; \
          recorded(#{ media: n % 2 == 0, keep_days: n + 1 }) }",
        ),
        (Hook::Publish, "fn publish(question) { loop { clock.now(); } }"),
    ];
    stage::run(async {
        let stage = Stage::with(&scripts).await;
        let mut decisions = Vec::new();
        for hook in Hook::ALL {
            for _ in 0..3 {
                let secret = Secret::new("a password".to_owned().into());
                decisions.push(stage.policies.decide(question(hook), secret).await);
            }
        }
        let asked = stage.shop.calls.lock().expect("not poisoned").len();
        for decided in decisions {
            // As the log gives it back.
            let bytes = serde_json::to_vec(&decided).expect("JSON");
            assert!(!String::from_utf8_lossy(&bytes).contains("a password"));
            let decided: Decided = serde_json::from_slice(&bytes).expect("the same");
            let hook = decided.question.hook();
            let kept = stage.log.scripts(|scripts| {
                let loaded = scripts.loaded(scripts.version()).expect("loaded");
                Book::of_log(scripts, loaded)
            });
            let mut live = kept.expect("every text is in the log").live;
            live.retain(|of, _| *of == hook);
            let (again, problems) = Again::start(stage::launch(), &live).await.expect("starts");
            assert!(problems.is_empty());
            let answered = again.ask(&decided.question, decided.evidence.clone()).await;
            let answered = answered.expect("asked");
            assert_eq!(answered.verdict, decided.verdict, "{decided:?}");
            assert_eq!(answered.why.is_some(), decided.fallback, "{decided:?} {answered:?}");
        }
        let after = stage.shop.calls.lock().expect("not poisoned").len();
        assert_eq!(after, asked, "the world was not asked again");
    });
}

#[test]
fn a_decision_of_an_older_version_of_the_record_is_still_read() {
    let old = r#"{"policy":"builtin 1","question":{"admit":{"meeting":88137455,"role":"attendee",
        "account":null,"credential":"password"}},"verdict":{"enter":"attendee"},"fallback":false,
        "micros":3}"#;
    let decided: Decided = serde_json::from_str(old).expect("read");
    assert!(matches!(&decided.question, Question::Admit(asked) if asked.around.is_none()));
    assert!(decided.evidence.is_empty() && decided.script.is_none() && decided.live.is_none());
    let old = r#"{"policy":"builtin 1","question":{"record":{"meeting":88137455}},
        "verdict":{"record":{"media":true}},"fallback":false,"micros":3}"#;
    let decided: Decided = serde_json::from_str(old).expect("read");
    assert!(decided.verdict.records_media());
}
