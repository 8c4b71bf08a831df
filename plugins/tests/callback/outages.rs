//! Servers that are slow, dead or overrun, and what is remembered about them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use convoke_plugins::callback::Settings;

use super::server::{Deed, Server, ask, callback, code, http, no, secret, yes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_server_delays_nobody_elses_sign_in() {
    let stalled = Server::plain(Deed::Stall).await;
    let healthy = Server::plain(Deed::Send(http(&yes()))).await;
    let slow = Arc::new(callback(Settings { queue_ms: 50, ..stalled.settings() }));
    let well = callback(healthy.settings());
    let stuck: Vec<_> = (0..16)
        .map(|n| {
            let slow = Arc::clone(&slow);
            tokio::spawn(async move { slow.ask(&format!("p{n}"), &secret("right")).await })
        })
        .collect();
    while slow.free_places() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // All places of the stalled server are taken; others have places of their own.
    assert_eq!(code(&ask(&well).await), "allow");
    assert_eq!(well.free_places(), 16);
    let report = ask(&slow).await;
    assert_eq!(code(&report), "busy", "one more is told so instead of waiting");
    assert!(stuck.iter().all(|task| !task.is_finished()), "before any of the stuck ones ended");
    assert!(stalled.accepted() <= 16, "no more than 16 connections");
    let began = Instant::now();
    for task in stuck {
        assert_eq!(code(&task.await.expect("ends")), "late");
    }
    assert!(began.elapsed() < Duration::from_secs(20), "the time limit holds");
    assert_eq!(slow.free_places(), 16, "every place is free again");
}

#[tokio::test]
async fn a_server_that_drips_is_late() {
    let server = Server::plain(Deed::Drip(http(&yes()), Duration::from_millis(100))).await;
    let callback = callback(Settings { total_ms: 300, ..server.settings() });
    assert_eq!(code(&ask(&callback).await), "late");
}

#[tokio::test]
async fn after_failures_in_a_row_the_server_is_left_alone() {
    let server = Server::plain(Deed::Send(b"nonsense".to_vec())).await;
    let callback = callback(Settings { failures_max: 3, rest_s: 1, ..server.settings() });
    for _ in 0..3 {
        assert_eq!(code(&ask(&callback).await), "bad_answer");
    }
    server.does(Deed::Send(http(&yes())));
    for _ in 0..20 {
        assert_eq!(code(&ask(&callback).await), "resting");
    }
    assert_eq!(server.accepted(), 3, "nobody asked while it rested");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(code(&ask(&callback).await), "allow");
}

#[tokio::test]
async fn nobody_listens() {
    let server = Server::plain(Deed::Stall).await;
    let mut settings = server.settings();
    settings.url = "http://127.0.0.1:1/login".to_owned();
    assert_eq!(code(&ask(&callback(settings)).await), "unreachable");
}

#[tokio::test]
async fn the_same_wrong_password_is_asked_once() {
    let server = Server::plain(Deed::Send(http(&no("wrong")))).await;
    let callback = callback(Settings { deny_cache_s: 30, ..server.settings() });
    for _ in 0..10 {
        assert_eq!(code(&callback.ask("ann", &secret("wrong")).await), "refused");
    }
    assert_eq!(server.accepted(), 1);
    server.does(Deed::Send(http(&yes())));
    assert_eq!(code(&callback.ask("ann", &secret("right")).await), "allow");
    assert_eq!(code(&callback.ask("bob", &secret("wrong")).await), "allow", "another person");
    assert_eq!(server.accepted(), 3);
}

#[tokio::test]
async fn in_an_outage_the_last_good_password_counts_when_allowed() {
    let server = Server::plain(Deed::Send(http(&yes()))).await;
    let short = Settings { total_ms: 700, ..server.settings() };
    let strict = callback(short.clone());
    let kind = callback(Settings { grace_s: 60, allow_administrator: true, ..short.clone() });
    assert_eq!(code(&ask(&strict).await), "allow");
    assert_eq!(code(&ask(&kind).await), "allow");
    server.does(Deed::Stall);
    assert_eq!(code(&ask(&strict).await), "late", "without grace nobody comes in");
    let report = ask(&kind).await;
    assert_eq!(code(&report), "allow");
    assert!(report.steps.iter().any(|step| step.what == "grace"), "{report:?}");
    assert_eq!(code(&kind.ask("ann@example.org", &secret("other")).await), "late");
    assert_eq!(code(&kind.ask("bob@example.org", &secret("right")).await), "late");
    // What looks like an attack is no outage.
    server.does(Deed::Send(http("nonsense")));
    assert_eq!(code(&ask(&kind).await), "bad_answer");
    // A refusal ends the grace.
    server.does(Deed::Send(http(&no("left the company"))));
    assert_eq!(code(&ask(&kind).await), "refused");
    server.does(Deed::Stall);
    assert_eq!(code(&ask(&kind).await), "late");
}
