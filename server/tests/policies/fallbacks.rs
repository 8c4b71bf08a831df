//! Every hook with every way to fail: the stated fallback answers, and the decision says why.

use convoke_model::policy::{Cause, Hook, Verdict, authenticate, code, publish, register};
use convoke_plugins::rhai::{LoadError, Secret};

use super::stage::{self, Stage, question};

/// The table of the design.
fn is_stated(hook: Hook, verdict: &Verdict) -> bool {
    match hook {
        Hook::Authenticate => {
            let Verdict::Authenticate(authenticate::Verdict::Deny { reason }) = verdict else {
                return false;
            };
            reason.as_str().contains("Try again in a minute")
        }
        Hook::Admit => *verdict == Verdict::Lobby,
        Hook::Code => *verdict == Verdict::Code(code::Verdict::RequestPin { reason: None }),
        Hook::DrawCode => matches!(verdict, Verdict::Drawn(code) if code.as_str().len() == 10),
        Hook::Publish => {
            let last = publish::Verdict::List([publish::Field::Topic].into());
            *verdict == Verdict::Publish(last)
        }
        Hook::Register => *verdict == Verdict::Register(register::Verdict::Wait),
        Hook::Record => *verdict == Verdict::record(true),
    }
}

#[test]
fn every_hook_falls_back_as_stated_when_its_script_fails_late_or_wrong() {
    let ways = [
        (Cause::Error, "throw \"no\";"),
        (Cause::Timeout, "ldap.find(\"main\", \"ann\"); next()"),
        (Cause::WrongType, "42"),
        (Cause::WrongType, "#{ enter: 5 }"),
        (Cause::WrongType, "|x| x"),
    ];
    stage::run(async {
        let mut waiting = Vec::new();
        for hook in Hook::ALL {
            for (cause, body) in ways {
                let text = format!("fn {}(question) {{ {body} }}", hook.word());
                let stage = Stage::with(&[(hook, &text)]).await;
                // All at once: those that are late wait for their deadline.
                waiting.push(tokio::spawn(async move {
                    let decided = stage.decide(question(hook)).await;
                    (hook, cause, decided)
                }));
            }
        }
        for one in waiting {
            let (hook, cause, decided) = one.await.expect("no panic");
            assert!(is_stated(hook, &decided.verdict), "{hook:?} {cause:?}: {decided:?}");
            assert!(decided.fallback);
            let why = decided.why.expect("a fallback says why");
            assert_eq!(why.cause, cause, "{hook:?}: {}", why.told);
            let path = format!("{}/one.rhai", hook.word());
            assert_eq!(decided.script.expect("it was asked").path, path);
            let timely = decided.micros / 1000 <= hook.deadline_ms() + 500;
            assert!(timely, "{hook:?}: {} us", decided.micros);
        }
    });
}

#[test]
fn every_hook_falls_back_as_stated_when_its_host_is_killed() {
    stage::run(async {
        for hook in Hook::ALL {
            // It waits for its library while its process is killed, and again when it is asked
            // again: so the question is moved, and answered in the end.
            let text = format!("fn {}(question) {{ loop {{ }} }}", hook.word());
            let stage = Stage::with(&[(hook, &text)]).await;
            let policies = stage.policies.clone();
            let asked =
                tokio::spawn(async move { policies.decide(question(hook), Secret::none()).await });
            for _ in 0..40 {
                for pid in stage.policies.status().pids {
                    let pid = rustix::process::Pid::from_raw(pid as i32).expect("a pid");
                    // It may be gone by now.
                    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
                }
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                if asked.is_finished() {
                    break;
                }
            }
            let decided = asked.await.expect("no panic");
            assert!(is_stated(hook, &decided.verdict), "{hook:?}: {decided:?}");
            assert!(decided.fallback);
            let cause = decided.why.expect("a fallback says why").cause;
            let expected = [Cause::Killed, Cause::Error, Cause::Timeout];
            assert!(expected.contains(&cause), "{hook:?}: {cause:?}");
            // And the next one is answered by a new process.
            let next = stage.decide(question(hook)).await;
            assert!(is_stated(hook, &next.verdict) && next.fallback);
        }
    });
}

#[test]
fn a_script_without_its_function_is_refused_with_what_it_lacks() {
    stage::run(async {
        for hook in Hook::ALL {
            let stage = Stage::new();
            let before = stage.decide(question(hook)).await;
            for text in ["fn another(question) { next() }", ""] {
                let refused = stage.policies.load(stage::book(&[(hook, text)]), "load").await;
                let Err(LoadError::Broken(problems)) = refused else { panic!("{refused:?}") };
                let lacks = format!("it has no function `fn {}(question)`", hook.word());
                assert_eq!(problems[0].reason, lacks);
                let live = stage::book(&[(hook, text)]).live;
                let wrong = convoke_plugins::rhai::Again::start(stage::launch(), &live);
                let (again, _) = wrong.await.expect("starts all the same");
                let answered = again.ask(&question(hook), Vec::new()).await.expect("asked");
                assert!(is_stated(hook, &answered.verdict));
                assert_eq!(answered.why.expect("says why").cause, Cause::MissingFunction);
            }
            assert_eq!(stage.policies.status().version, 0, "what was before stays");
            assert_eq!(stage.decide(question(hook)).await.verdict, before.verdict);
        }
    });
}
