//! `authenticate` as the sign-in path asks it: the secret goes to whom the script names, and
//! nowhere else.

use convoke_model::policy::authenticate::{Question, Verdict, Via};
use convoke_model::policy::{Hook, Verdict as Any};
use convoke_model::privilege::Privilege;
use convoke_plugins::rhai::Secret;

use super::stage::{self, Stage};

const CANARY: &str = "canary-7f3a password";

fn question(identity: &str) -> Question {
    Question {
        identity: identity.to_owned(),
        has_secret: true,
        address: "192.0.2.7".to_owned(),
        via: Via::Page,
    }
}

#[test]
fn the_library_is_shown_the_secret_and_no_record_holds_it() {
    let script = "fn authenticate(question) { \
                    trace(`${question}`); \
                    let found = local.verify(question.identity); \
                    if !question.has_secret { return deny(\"Type a password.\"); } \
                    let who = #{ name: found.asked, email: question.identity }; \
                    allow(who, [\"chat\", \"seminar\"]) }";
    stage::run(async {
        let stage = Stage::with(&[(Hook::Authenticate, script)]).await;
        let secret = Secret::new(CANARY.to_owned().into());
        assert!(!format!("{secret:?}").contains(CANARY));
        let decided = stage.policies.authenticate(question("ann@example.org"), secret).await;
        let decided = decided.expect("recorded");
        let Any::Authenticate(Verdict::Allow { profile, privileges }) = &decided.verdict else {
            panic!("{decided:?}");
        };
        assert_eq!(profile.name.as_deref(), Some("local.verify"));
        assert_eq!(*privileges, [Privilege::Seminar, Privilege::Chat].into());
        let calls = stage.shop.calls.lock().expect("not poisoned");
        assert_eq!(calls[0].secret.expose(), Some(CANARY));
        assert!(!format!("{calls:?}").contains(CANARY));
        let kept = stage.log.decisions.lock().expect("not poisoned");
        assert_eq!(
            *kept,
            std::slice::from_ref(&decided),
            "a decision about the site is kept there"
        );
        assert!(!serde_json::to_string(&decided).expect("JSON").contains(CANARY));
    });
}

#[test]
fn an_identity_out_of_all_bounds_is_cut_before_it_goes_anywhere() {
    let script = "fn authenticate(question) { deny(question.identity.len.to_string()) }";
    stage::run(async {
        let stage = Stage::with(&[(Hook::Authenticate, script)]).await;
        let decided =
            stage.policies.authenticate(question(&"é".repeat(1_000_000)), Secret::none()).await;
        let Any::Authenticate(Verdict::Deny { reason }) = decided.expect("recorded").verdict else {
            panic!("another verdict");
        };
        assert_eq!(reason.as_str(), "320");
    });
}
