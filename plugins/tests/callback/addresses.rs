//! The server must not become somebody's way into their own network.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use convoke_plugins::callback::{Callback, Resolve, Resolving, Settings};

use super::server::{Deed, Server, ask, code, http, yes};

/// Ways to write an address that must not be asked; `PORT` is that of a server that listens.
pub(crate) const SPELLINGS: [&str; 64] = [
    "http://127.0.0.1:PORT/",
    "http://127.1:PORT/",
    "http://127.0.1:PORT/",
    "http://127.1.2.3:PORT/",
    "http://2130706433:PORT/",
    "http://0x7f000001:PORT/",
    "http://0x7f.0.0.1:PORT/",
    "http://0x7f.1:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://0177.1:PORT/",
    "http://017700000001:PORT/",
    "http://127.0.0.01:PORT/",
    "http://0:PORT/",
    "http://0.0.0.0:PORT/",
    "http://0.0:PORT/",
    "http://0x0:PORT/",
    "http://localhost:PORT/",
    "http://LOCALHOST:PORT/",
    "http://localhost.:PORT/",
    "http://LocalHost.:PORT/",
    "http://[::1]:PORT/",
    "http://[::]:PORT/",
    "http://[0:0:0:0:0:0:0:1]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/",
    "http://[::127.0.0.1]:PORT/",
    "http://[64:ff9b::127.0.0.1]:PORT/",
    "http://[64:ff9b::7f00:1]:PORT/",
    "http://[64:ff9b:1::7f00:1]:PORT/",
    "http://[2002:7f00:1::]:PORT/",
    "http://[2001:0:7f00:1::]:PORT/",
    "http://[fe80::1]:PORT/",
    "http://[fe80::1%25lo]:PORT/",
    "http://[fe80::1%lo]:PORT/",
    "http://[fec0::1]:PORT/",
    "http://[fd00:ec2::254]/",
    "http://[fc00::1]:PORT/",
    "http://[fd12:3456::1]:PORT/",
    "http://[ff02::1]:PORT/",
    "http://[100::1]:PORT/",
    "http://[2001:db8::1]:PORT/",
    "http://169.254.169.254/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://metadata.google.internal/",
    "http://METADATA.google.internal./",
    "http://10.0.0.1:PORT/",
    "http://10.1:PORT/",
    "http://172.16.0.1:PORT/",
    "http://192.168.0.1:PORT/",
    "http://192.168.1:PORT/",
    "http://100.64.0.1:PORT/",
    "http://224.0.0.1:PORT/",
    "http://255.255.255.255:PORT/",
    "http://240.0.0.1:PORT/",
    "http://user@127.0.0.1:PORT/",
    "http://example.org@127.0.0.1:PORT/",
    "http://127.0.0.1\u{ff0e}:PORT/",
];

#[tokio::test]
async fn sixty_spellings_of_denied_addresses_reach_nobody() {
    let server = Server::plain(Deed::Send(http(&yes()))).await;
    let port = server.address.port().to_string();
    for spelling in SPELLINGS {
        let url = spelling.replace("PORT", &port);
        let settings = Settings { url: url.clone(), ..Settings::default() };
        // What cannot even be set is as good as what is refused when it is asked.
        let Ok(callback) = Callback::new(settings, &[]) else { continue };
        let report = ask(&callback).await;
        // Some systems do not resolve the oddest spellings at all.
        assert!(["address_denied", "unresolved"].contains(&code(&report)), "{url}: {report:?}");
        assert!(report.steps.iter().all(|step| step.what != "connect"), "{url}: {report:?}");
    }
    assert_eq!(server.accepted(), 0);
}

/// Says something else every time, as a hostile name server does.
pub(crate) struct Rebinding {
    pub(crate) answers: Vec<Vec<SocketAddr>>,
    pub(crate) asked: AtomicUsize,
}

impl Resolve for Rebinding {
    fn resolve<'a>(&'a self, _host: &'a str, _port: u16) -> Resolving<'a> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move { Ok(self.answers[turn % self.answers.len()].clone()) })
    }
}

#[tokio::test]
async fn a_name_that_changes_its_address_reaches_nobody_in_a_thousand_rounds() {
    let server = Server::plain(Deed::Send(http(&yes()))).await;
    let public: SocketAddr = "93.184.216.34:1".parse().expect("an address");
    let mapped = format!("[::ffff:127.0.0.1]:{}", server.address.port());
    let resolver = Arc::new(Rebinding {
        answers: vec![
            vec![server.address],
            vec![public, server.address],
            vec![mapped.parse().expect("an address")],
            vec![public, mapped.parse().expect("an address")],
        ],
        asked: AtomicUsize::new(0),
    });
    let settings = Settings {
        url: "http://crm.example.org/".to_owned(),
        failures_max: 1000,
        ..Settings::default()
    };
    let callback = Callback::with_resolver(
        Settings { failures_max: 1000, ..settings },
        &[],
        Arc::clone(&resolver) as Arc<dyn Resolve>,
    )
    .expect("good settings");
    for _ in 0..1000 {
        assert_eq!(code(&ask(&callback).await), "address_denied");
    }
    assert_eq!(resolver.asked.load(Ordering::SeqCst), 1000, "looked up once for each question");
    assert_eq!(server.accepted(), 0);
}

#[tokio::test]
async fn a_server_inside_is_one_setting_away_and_the_server_itself_never_is() {
    let server = Server::plain(Deed::Send(http(&yes()))).await;
    let inside: SocketAddr = "10.1.2.3:80".parse().expect("an address");
    let named = |networks: &[&str]| Settings {
        url: "http://crm.example.org/".to_owned(),
        allow_private: networks.iter().map(|network| network.parse().expect("one")).collect(),
        connect_ms: 50,
        ..Settings::default()
    };
    let ask_inside = |settings| async move {
        let resolver = Rebinding { answers: vec![vec![inside]], asked: AtomicUsize::new(0) };
        let callback = Callback::with_resolver(settings, &[], Arc::new(resolver));
        code(&ask(&callback.expect("good settings")).await)
    };
    assert_eq!(ask_inside(named(&[])).await, "address_denied");
    assert_eq!(ask_inside(named(&["192.168.0.0/16"])).await, "address_denied");
    // Allowed, and tried: whether anybody answers there is up to the machine.
    assert_ne!(ask_inside(named(&["10.0.0.0/8"])).await, "address_denied");
    let own = Callback::new(server.settings(), &[server.address]).expect("good settings");
    assert_eq!(code(&ask(&own).await), "address_denied");
    assert_eq!(server.accepted(), 0);
}
