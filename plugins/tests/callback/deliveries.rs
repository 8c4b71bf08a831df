//! Others are told under the same rules of addresses, by HTTPS, without redirects, and in time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use convoke_plugins::Fault;
use convoke_plugins::callback::Resolve;
use convoke_plugins::callback::deliver::{Answer, Deliverer, Settings};
use http::{HeaderMap, HeaderValue};

use super::addresses::{Rebinding, SPELLINGS};
use super::server::{Deed, Server};
use super::tls::{Authority, acceptor};

fn settings(server: &Server) -> Settings {
    let ports = vec![443, server.address.port()];
    Settings { allow_http: true, allow_loopback: true, ports, ..Settings::default() }
}

fn deliverer(settings: Settings) -> Deliverer {
    Deliverer::new(settings, &[]).expect("good settings")
}

async fn post(deliverer: &Deliverer, url: &str) -> Result<Answer, Fault> {
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", HeaderValue::from_static("evt_1"));
    deliverer.post(url, headers, Bytes::from_static(b"{\"a\":1}")).await
}

fn answers(head: &str) -> Deed {
    Deed::Send(format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n").into_bytes())
}

#[tokio::test]
async fn what_is_posted_arrives_and_the_answer_is_told() {
    let server = Server::plain(answers("204 No Content")).await;
    let url = format!("http://{}/hook", server.address);
    let deliverer = deliverer(settings(&server));
    let taken = post(&deliverer, &url).await.expect("told");
    assert!(taken.is_taken() && !taken.is_gone());
    let request = server.last_request();
    assert!(request.starts_with("POST /hook HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("webhook-id: evt_1\r\n") && request.ends_with("{\"a\":1}"));
    assert!(request.contains("content-type: application/json\r\n"), "{request}");
    server.does(answers("410 Gone"));
    assert!(post(&deliverer, &url).await.expect("told").is_gone());
    server.does(answers("503 Busy\r\nRetry-After: 120"));
    let later = post(&deliverer, &url).await.expect("told");
    assert_eq!((later.status, later.retry_after), (503, Some(Duration::from_secs(120))));
    assert!(!later.is_taken());
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_a_stalled_or_endless_answer_is_given_up() {
    let elsewhere = Server::plain(answers("204 No Content")).await;
    let to = format!("307 Elsewhere\r\nLocation: http://{}/", elsewhere.address);
    let server = Server::plain(answers(&to)).await;
    let url = format!("http://{}/", server.address);
    let deliverer = deliverer(Settings { total_ms: 300, ..settings(&server) });
    assert_eq!(post(&deliverer, &url).await, Err(Fault::Redirected));
    assert_eq!(elsewhere.accepted(), 0);
    for deed in [Deed::Stall, Deed::Flood(b"HTTP/1.1 200 OK\r\nX: ".to_vec()), Deed::Reset] {
        server.does(deed);
        let began = Instant::now();
        assert!(post(&deliverer, &url).await.is_err());
        assert!(began.elapsed() < Duration::from_secs(2));
    }
    // Of a body no more than its head is waited for.
    server.does(Deed::Flood(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n".to_vec()));
    assert!(post(&deliverer, &url).await.expect("told").is_taken());
}

#[tokio::test]
async fn spellings_of_denied_addresses_and_names_that_change_reach_nobody() {
    let server = Server::plain(answers("204 No Content")).await;
    let port = server.address.port();
    let ports = vec![80, 443, port];
    let strict = Settings { allow_http: true, ports, ..Settings::default() };
    let usual = deliverer(strict.clone());
    for spelling in SPELLINGS {
        let url = spelling.replace("PORT", &port.to_string());
        let said = post(&usual, &url).await;
        let refused = matches!(said, Err(Fault::AddressDenied(_) | Fault::Unresolved));
        assert!(refused, "{url}: {said:?}");
    }
    let public: SocketAddr = "93.184.216.34:1".parse().expect("an address");
    let answers = vec![vec![server.address], vec![public, server.address]];
    let resolver = Arc::new(Rebinding { answers, asked: AtomicUsize::new(0) });
    let named = Deliverer::with_resolver(strict, &[], Arc::clone(&resolver) as Arc<dyn Resolve>);
    let named = named.expect("good settings");
    for _ in 0..1000 {
        let said = post(&named, "http://crm.example.org/").await;
        assert!(matches!(said, Err(Fault::AddressDenied(_))), "{said:?}");
    }
    assert_eq!(resolver.asked.load(Ordering::SeqCst), 1000, "looked up once for each call");
    assert_eq!(server.accepted(), 0);
}

#[tokio::test]
async fn https_is_believed_only_of_the_right_authority() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ours, theirs) = (Authority::new(), Authority::new());
    let leaf = ours.leaf("127.0.0.1");
    let server = Server::start(answers("200 OK"), Some(acceptor(&leaf, None))).await;
    let url = format!("https://{}/hook", server.address);
    let with = |authority: &Authority, name: &str| {
        let ca = folder.path().join(name);
        std::fs::write(&ca, authority.issuer.pem()).expect("written");
        deliverer(Settings { ca: Some(ca), ..settings(&server) })
    };
    assert!(post(&with(&ours, "ours.pem"), &url).await.expect("told").is_taken());
    let told = server.requests.lock().expect("whole").len();
    let said = post(&with(&theirs, "theirs.pem"), &url).await;
    assert!(matches!(said, Err(Fault::Tls(_))), "{said:?}");
    assert_eq!(server.requests.lock().expect("whole").len(), told, "nothing was told to it");
}
