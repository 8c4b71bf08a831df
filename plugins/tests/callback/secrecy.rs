//! No password is in what a sign-in leaves behind.

use convoke_model::policy::Value;
use convoke_plugins::callback::{Method, Settings};

use super::server::{Deed, Server, callback, http, no, secret, yes};

const CANARY: &str = "canary-4f1c9a-password";

#[tokio::test]
async fn no_password_is_in_any_step_outcome_or_error() {
    let server = Server::plain(Deed::Stall).await;
    let echoed = no(&format!("{CANARY} is wrong"));
    let deeds = [
        Deed::Send(http(&yes())),
        Deed::Send(http(&no("wrong"))),
        Deed::Send(b"nonsense".to_vec()),
        Deed::Send(http("<html>")),
        Deed::Reset,
        Deed::Stall,
    ];
    for method in [Method::Get, Method::Post] {
        let settings = Settings { method, total_ms: 300, grace_s: 60, ..server.settings() };
        let callback = callback(settings);
        for deed in &deeds {
            server.does(deed.clone());
            let report = callback.ask("ann", &secret(CANARY)).await;
            let shown = format!("{report:?} {} {:?}", report.outcome, Value::from(&report.outcome));
            assert!(!shown.contains(CANARY), "{shown}");
        }
    }
    // A server that repeats the password in its reason is cut off from the person's screen.
    server.does(Deed::Send(http(&echoed)));
    let report = callback(server.settings()).ask("ann", &secret(CANARY)).await;
    assert!(!format!("{report:?}").contains(CANARY), "{report:?}");
}
