//! Directories that are slow, dead, stripped of TLS, or not what they say.

use std::time::{Duration, Instant};

use convoke_plugins::ldap::{Directory, Settings, TlsMode};

use super::authority::make;
use super::impostor::{BIND_YES, Impostor, START_TLS_NO, START_TLS_YES, holds};
use super::slapd::{ADMIN_PASSWORD, ANN_PASSWORD, Slapd, secret};

async fn report(settings: Settings) -> convoke_plugins::Report {
    let directory = Directory::new(settings).expect("good settings");
    directory.sign_in("ann", &secret(ANN_PASSWORD)).await
}

fn at(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

#[tokio::test]
async fn a_proxy_that_strips_start_tls_is_refused_and_no_bind_is_sent() {
    let slapd = Slapd::start();
    let mut injected = START_TLS_YES.to_vec();
    injected.extend(BIND_YES);
    let answers: [(&str, Option<Vec<u8>>); 7] = [
        ("a no", Some(START_TLS_NO.to_vec())),
        ("a yes with plain bytes behind it", Some(injected)),
        ("a yes and no TLS", Some(START_TLS_YES.to_vec())),
        ("another answer", Some(BIND_YES.to_vec())),
        ("HTTP", Some(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())),
        ("an empty message", Some(b"\x30\x00".to_vec())),
        ("silence", None),
    ];
    for (what, answer) in answers {
        let proxy = Impostor::answering(answer).await;
        let settings =
            Settings { servers: vec![at(proxy.port)], connect_ms: 700, ..slapd.start_tls() };
        let found = report(settings).await;
        assert!(["tls", "unreachable"].contains(&found.outcome.code()), "{what}: {found:?}");
        let heard = proxy.heard();
        assert!(heard.starts_with(b"\x30\x1d\x02\x01\x01\x77"), "{what}: StartTLS came first");
        let behind = &heard[31..];
        assert!(behind.is_empty() || behind[0] == 0x16, "{what}: only a TLS hello may follow");
        assert!(!holds(&heard, ANN_PASSWORD) && !holds(&heard, ADMIN_PASSWORD), "{what}");
        assert!(!holds(&heard, "cn=admin"), "{what}: no bind was sent");
    }
}

#[tokio::test]
async fn a_directory_with_the_wrong_certificate_hears_no_password() {
    let slapd = Slapd::start();
    let folder = tempfile::tempdir().expect("a folder");
    let strangers = make(folder.path(), &["127.0.0.1"]);
    for base in [slapd.settings(), slapd.start_tls()] {
        for ca in [Some(strangers.ca.clone()), None] {
            let found = report(Settings { ca, ..base.clone() }).await;
            assert_eq!(found.outcome.code(), "tls", "{found:?}");
        }
        // The certificate is for an address, not for this name.
        let port = base.servers[0].rsplit(':').next().expect("a port").to_owned();
        let named = Settings { servers: vec![format!("localhost:{port}")], ..base };
        assert_eq!(report(named).await.outcome.code(), "tls");
    }
}

#[tokio::test]
async fn dead_and_silent_servers_are_passed_over_within_the_time_limit() {
    let slapd = Slapd::start();
    let silent = Impostor::answering(None).await;
    let settings = Settings {
        servers: vec![at(1), at(silent.port), at(slapd.tls)],
        connect_ms: 300,
        failures_max: 1,
        ..slapd.settings()
    };
    let directory = Directory::new(settings.clone()).expect("good settings");
    let began = Instant::now();
    let found = directory.sign_in("ann", &secret(ANN_PASSWORD)).await;
    assert_eq!(found.outcome.code(), "allow", "{found:?}");
    assert!(began.elapsed() < Duration::from_millis(settings.total_ms));
    let before = silent.heard().len();
    let again = directory.sign_in("ann", &secret(ANN_PASSWORD)).await;
    assert_eq!(again.outcome.code(), "allow");
    assert_eq!(silent.heard().len(), before, "the one that answered is asked first");
}

#[tokio::test]
async fn when_a_server_dies_the_next_one_is_asked() {
    let mut first = Slapd::start();
    let second = Slapd::start();
    let both = first.folder_with_both(&second);
    let settings = Settings {
        servers: vec![at(first.tls), at(second.tls)],
        ca: Some(both.path().join("both.pem")),
        ..first.settings()
    };
    let directory = Directory::new(settings).expect("good settings");
    let server = |report: &convoke_plugins::Report| {
        let step = report.steps.iter().rev().find(|step| step.what == "tls").is_some();
        assert!(step, "{report:?}");
        report.steps.iter().rev().find(|step| step.what == "server").map(|s| s.detail.to_string())
    };
    let found = directory.sign_in("ann", &secret(ANN_PASSWORD)).await;
    assert_eq!(server(&found), Some(at(first.tls)));
    first.stop();
    let found = directory.sign_in("ann", &secret(ANN_PASSWORD)).await;
    assert_eq!(found.outcome.code(), "allow", "{found:?}");
    assert_eq!(server(&found), Some(at(second.tls)));
    let wrong = directory.sign_in("ann", &secret("wrong")).await;
    assert_eq!(wrong.outcome.code(), "wrong_password", "an answer is final");
}

#[tokio::test]
async fn a_directory_that_never_answers_is_late_and_then_left_alone() {
    let slapd = Slapd::start();
    let silent = Impostor::answering(None).await;
    let settings = Settings {
        servers: vec![at(silent.port)],
        tls: TlsMode::ClearTextForTestsOnly,
        operation_ms: 300,
        total_ms: 1000,
        failures_max: 2,
        ..slapd.settings()
    };
    let directory = Directory::new(settings).expect("good settings");
    for expected in ["late", "late", "resting", "resting"] {
        let began = Instant::now();
        let found = directory.sign_in("ann", &secret(ANN_PASSWORD)).await;
        assert_eq!(found.outcome.code(), expected, "{found:?}");
        assert!(began.elapsed() < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn answers_of_no_known_form_end_in_a_fault_and_nothing_else() {
    let slapd = Slapd::start();
    // Two hundred thousand elements within each other would end a parser that calls itself.
    let mut deep = Vec::new();
    for level in 0..100_000_u32 {
        deep.extend([0x30, 0x83]);
        deep.extend(&(1_000_000 - level * 5).to_be_bytes()[1..]);
    }
    deep.resize(1_000_005, 0);
    let hostile: Vec<Vec<u8>> = vec![
        deep,
        b"\x30\x84\x7f\xff\xff\xff".to_vec(),
        b"\x30\x80\x02\x01\x01".to_vec(),
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        // Of a plain shape, and yet no bind response.
        b"\x30\x05\x02\x01\x01\x61\x00".to_vec(),
        b"\x30\x07\x02\x01\x01\x61\x02\x30\x00".to_vec(),
        b"\x30\x0a\x02\x01\x01\x61\x05\x0a\x01\x00\x30\x00".to_vec(),
        b"\x30\x05\x02\x01\x01\x64\x00".to_vec(),
        b"\x30\x0c\x02\x01\x09\x61\x07\x0a\x01\x00\x04\x00\x04\x00".to_vec(),
        vec![0; 100_000],
    ];
    for answer in hostile {
        let shown = answer[..answer.len().min(16)].to_vec();
        let server = Impostor::answering(Some(answer)).await;
        let settings = Settings {
            servers: vec![at(server.port)],
            tls: TlsMode::ClearTextForTestsOnly,
            operation_ms: 500,
            ..slapd.settings()
        };
        let found = report(settings).await;
        let known = ["unreachable", "late", "bad_answer", "service_bind", "search"];
        assert!(known.contains(&found.outcome.code()), "{shown:02x?}: {found:?}");
    }
}
