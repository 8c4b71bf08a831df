//! Versions: let in for everybody at once, or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use convoke_model::policy::{Hook, Verdict};
use convoke_plugins::rhai::{LoadError, Secret, Source};

use super::stage::{self, Stage, book, question};

#[test]
fn no_decision_is_by_a_version_older_than_the_swap_through_1000_reloads_under_load() {
    const RELOADS: u32 = 1_000;
    stage::run(async {
        let text = |n: u32| {
            format!("fn record(question) {{ recorded(#{{ media: true, keep_days: {n} }}) }}")
        };
        let stage = Stage::with(&[(Hook::Record, &text(1))]).await;
        let swapped = Arc::new(AtomicU32::new(1));
        let (over, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let askers: Vec<_> = (0..4)
            .map(|_| {
                let (policies, swapped) = (stage.policies.clone(), swapped.clone());
                let (over, asked) = (over.clone(), asked.clone());
                tokio::spawn(async move {
                    while !over.load(Ordering::Acquire) {
                        let at_least = swapped.load(Ordering::Acquire);
                        let decided = policies.decide(question(Hook::Record), Secret::none()).await;
                        assert!(!decided.fallback, "{decided:?}");
                        let Verdict::Record { keep_days: Some(by), .. } = decided.verdict else {
                            panic!("{decided:?}");
                        };
                        assert!(by >= at_least, "version {by} answered after {at_least}");
                        assert_eq!(decided.policy, format!("scripts {by}"));
                        asked.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        let start = Instant::now();
        for n in 2..=RELOADS + 1 {
            let loaded = stage.policies.load(book(&[(Hook::Record, &text(n))]), "load").await;
            assert_eq!(loaded.expect("let in").version, n);
            swapped.store(n, Ordering::Release);
        }
        over.store(true, Ordering::Release);
        for asker in askers {
            asker.await.expect("every decision was by a version of its time");
        }
        let asked = asked.load(Ordering::Relaxed);
        println!("{RELOADS} reloads in {:?}, {asked} decisions", start.elapsed());
        assert!(asked > u64::from(RELOADS) / 2, "there was load: {asked}");
    });
}

#[test]
fn a_version_that_fails_is_refused_with_its_place_and_the_one_before_stays() {
    stage::run(async {
        let good = "fn admit(question) { enter(\"viewer\") }";
        let stage = Stage::with(&[(Hook::Admit, good)]).await;
        let broken = "fn admit(question) {\n    let x = ;\n    lobby()\n}";
        let refused = stage.policies.load(book(&[(Hook::Admit, broken)]), "load").await;
        let words = refused.expect_err("refused").to_string();
        assert!(words.starts_with("admit/one.rhai: line 2, column 13: "), "{words}");
        // It compiles, and its cases come out otherwise.
        let mut wrong = book(&[(Hook::Admit, "fn admit(question) { lobby() }")]);
        let cases = "[[case]]\nname = \"staff\"\nquestion = { role = \"host\" }\n\
                     verdict = { enter = \"host\" }\n";
        wrong.live.get_mut(&Hook::Admit).expect("there")[0].cases = Some(cases.to_owned());
        let refused = stage.policies.load(wrong, "load").await.expect_err("refused");
        assert!(matches!(&refused, LoadError::Cases(failed) if failed[0].number == 1));
        let expected = "admit/one.cases.toml: case 1 (staff): expected { enter: \"host\" }, and it \
                        said \"lobby\"";
        assert_eq!(refused.to_string(), expected);
        let status = stage.policies.status();
        assert_eq!(status.version, 1);
        let decided = stage.decide(question(Hook::Admit)).await;
        let verdict = Verdict::Enter(convoke_model::grant::Role::Viewer);
        assert_eq!((decided.verdict, decided.policy.as_str()), (verdict, "scripts 1"));
    });
}

#[test]
fn scripts_of_a_chain_are_asked_until_one_does_not_say_next() {
    stage::run(async {
        let chain = [
            (Hook::Admit, "fn admit(question) { local.find(\"a\"); trace(\"first\"); next() }"),
            (
                Hook::Admit,
                "fn admit(question) { if question.name == \"Ann\" { next() } else { lobby() } }",
            ),
            (Hook::Admit, "fn admit(question) { let a = local.find(\"b\"); refuse(a.asked) }"),
        ];
        let stage = Stage::with(&chain).await;
        let decided = stage.decide(question(Hook::Admit)).await;
        let Verdict::TurnAway { reason } = &decided.verdict else { panic!("{decided:?}") };
        assert_eq!(reason.as_str(), "local.find");
        let paths: Vec<_> = decided.passed.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(paths, ["admit/one.rhai", "admit/two.rhai"]);
        assert_eq!(decided.script.as_ref().expect("it answered").path, "admit/three.rhai");
        let calls: Vec<_> = decided.evidence.iter().map(|one| one.call.as_str()).collect();
        assert_eq!(calls, ["local.find", "trace", "local.find"]);
        assert!(decided.operations > 0);
        // When all say next, the built-in rule stands behind them.
        let all = Stage::with(&[(Hook::Admit, "fn admit(question) { next() }")]).await;
        let decided = all.decide(question(Hook::Admit)).await;
        let verdict = Verdict::Enter(convoke_model::grant::Role::Attendee);
        assert_eq!((decided.verdict, decided.fallback), (verdict, false));
        assert_eq!(decided.policy, "builtin 1");
    });
}

#[test]
fn a_script_on_trial_changes_nothing_and_its_disagreements_are_recorded() {
    stage::run(async {
        let live = "fn admit(question) { let a = local.find(\"a\"); enter(\"attendee\") }";
        let trial = "fn admit(question) { local.find(\"a\"); \
                     if question.name == \"Bob\" { lobby() } else { enter(\"attendee\") } }";
        let mut both = book(&[(Hook::Admit, live)]);
        both.trial.insert(Hook::Admit, vec![Source::new(Hook::Admit, "strict", trial)]);
        let stage = Stage::new();
        stage.policies.load(both, "load").await.expect("let in");
        let attendee = Verdict::Enter(convoke_model::grant::Role::Attendee);
        for name in ["Ann", "Bob", "Cid"] {
            let role = convoke_model::grant::Role::Attendee;
            let decided = stage.decide(stage::admit_as(role, name)).await;
            assert_eq!(decided.verdict, attendee, "{name}");
        }
        let start = Instant::now();
        loop {
            let decisions = stage.log.decisions.lock().expect("not poisoned").clone();
            if let [one] = decisions.as_slice() {
                assert_eq!(one.verdict, Verdict::Lobby);
                assert_eq!(one.live.as_deref(), Some(&attendee));
                assert_eq!(one.script.as_ref().expect("asked").path, "admit/strict.rhai");
                break;
            }
            assert!(decisions.is_empty() && start.elapsed() < Duration::from_secs(5));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(stage.log.decisions.lock().expect("not poisoned").len(), 1, "and no more");
        // The trial was told what the live one was told: nothing was asked twice.
        assert_eq!(stage.shop.calls.lock().expect("not poisoned").len(), 3);
    });
}
