//! A server with TLS: what it does for those who come by it, and for those who do not.

use std::collections::HashMap;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use convoke::clock::Clock;
use convoke::control::{Engine, NewMeeting};
use convoke::vault::{SecretOf, Vault};
use convoke_model::grant::Role;
use convoke_model::meeting::lifecycle::MeetingType;
use convoke_model::site::Audit;
use convoke_model::text::Topic;
use convoke_model::{AccountId, MeetingId};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::client::{Reply, connect, raw, read};
use super::sockets::handed_over;
use super::world::{EMAIL, PASSWORD, World, tls_world, world};

/// Accepts the certificate whose fingerprint was printed, as a careful person does.
#[derive(Debug)]
struct Pinned(String);

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let print: String =
            Sha256::digest(certificate).iter().map(|byte| format!("{byte:02x}")).collect();
        if print == self.0 {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::General("another certificate".to_owned()))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let provider = rustls::crypto::ring::default_provider();
        let algorithms = &provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let provider = rustls::crypto::ring::default_provider();
        let algorithms = &provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn secured(world: &World) -> StreamOwned<ClientConnection, TcpStream> {
    let print = world.tls.as_ref().expect("with TLS").fingerprint.clone();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pinned(print)))
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let tls = ClientConnection::new(Arc::new(config), name).expect("a connection");
    StreamOwned::new(tls, connect(world.address))
}

fn send(world: &World, request: &str) -> Reply {
    let mut stream = secured(world);
    stream.write_all(request.as_bytes()).expect("sent");
    read(&mut stream)
}

#[test]
fn by_tls_pages_are_pinned_to_it_and_cookies_are_bound_to_the_host() {
    let world = tls_world("");
    world.account(EMAIL, false);
    let host = format!("Host: {}\r\n", world.address);
    let page = send(&world, &format!("GET / HTTP/1.1\r\n{host}\r\n"));
    assert_eq!(page.status, 200);
    assert_eq!(page.header("strict-transport-security"), Some("max-age=63072000"));
    let body = json!({ "email": EMAIL, "password": PASSWORD }).to_string();
    let signed = send(
        &world,
        &format!(
            "POST /api/v1/sign-in HTTP/1.1\r\n{host}Origin: https://{}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            world.address,
            body.len()
        ),
    );
    let set = signed.header("set-cookie").expect("a cookie");
    assert!(set.starts_with("__Host-sid=") && set.contains("; Secure"), "{set}");
    let weak = format!("sid={}", signed.cookie().trim_start_matches("__Host-sid="));
    let me = |cookie: &str| {
        send(&world, &format!("GET /api/v1/me HTTP/1.1\r\n{host}Cookie: {cookie}\r\n\r\n")).status
    };
    assert_eq!(me(&signed.cookie()), 200);
    assert_eq!(me(&weak), 401, "the name without the prefix counts for nothing");
}

#[test]
fn whoever_administers_is_told_before_the_certificate_ends() {
    let world = tls_world("");
    world.account(EMAIL, true);
    let sign_in = json!({ "email": EMAIL, "password": PASSWORD }).to_string();
    let asked = |path: &str| {
        let cookie = post(&world, "/api/v1/sign-in", &sign_in).cookie();
        let host = world.address;
        let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n");
        send(&world, &head).json()
    };
    let shown = asked("/api/v1/admin/settings")["config"]["certificate"].clone();
    assert_eq!(shown["fingerprint"], json!(world.tls.as_ref().expect("with TLS").fingerprint));
    assert_eq!(shown["details"]["issuer"], json!("CN=Convoke"));
    let names = shown["details"]["names"].as_array().expect("names").clone();
    assert!(names.contains(&json!("localhost")) && names.contains(&json!("::1")), "{names:?}");
    assert_eq!(asked("/api/v1/admin/overview")["certificate"], Value::Null, "all is well");
    let ends = shown["details"]["ends_ms"].as_u64().expect("a time");
    let until = |ms: u64| Duration::from_millis(ms - world.clock.now().0);
    world.clock.advance(until(ends - 10 * 24 * 60 * 60 * 1000));
    let told = asked("/api/v1/admin/overview")["certificate"].clone();
    let expected = (json!("ends"), json!(10), json!(ends), json!(false));
    let field = |name: &str| told[name].clone();
    assert_eq!((field("state"), field("days"), field("ends_ms"), field("own")), expected);
    world.clock.advance(until(ends));
    assert_eq!(asked("/api/v1/admin/overview")["certificate"]["state"], json!("ended"));
}

#[test]
fn the_tls_state_goes_along_when_a_socket_is_handed_over() {
    let world = tls_world("");
    let mut stream = secured(&world);
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: {a}\r\nOrigin: https://{a}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: convoke.1\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nearly",
        a = world.address
    );
    stream.write_all(request.as_bytes()).expect("sent");
    assert_eq!(read(&mut stream).status, 101);
    let mut socket = handed_over(&world);
    let mut tls = socket.tls.take().expect("TLS");
    assert_eq!(socket.read_ahead, b"early");
    socket.socket.set_nonblocking(false).expect("set");
    stream.write_all(b"later").expect("sent");
    let mut served = rustls::Stream::new(&mut tls, &mut socket.socket);
    let mut later = [0; 5];
    std::io::Read::read_exact(&mut served, &mut later).expect("comes");
    assert_eq!(&later, b"later");
    served.write_all(b"hello").expect("sent");
    std::io::Read::read_exact(&mut stream, &mut later).expect("comes");
    assert_eq!(&later, b"hello");
}

/// A call of one of our own pages.
fn post(world: &World, path: &str, body: &str) -> Reply {
    let own = world.address;
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {own}\r\nOrigin: https://{own}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    send(world, &request)
}

/// A meeting with a password that is going on.
fn open_meeting(world: &World, password: &str) -> MeetingId {
    let owner = AccountId(1);
    let (kind, topic) = (MeetingType::Interactive, Topic::new("Weekly").expect("a topic"));
    let new = NewMeeting { kind, topic, owner, has_password: true, plan: None };
    let id = world.block_on(world.engine.create_meeting(new)).expect("made");
    let vault = Vault::open(&world.folder).expect("opens");
    vault.put(SecretOf::Meeting(id), password.as_bytes()).expect("stored");
    world.block_on(world.engine.open_session(id, owner)).expect("opened");
    id
}

/// Where a legacy call by plain HTTP leads: the page, and what stands in its fragment.
fn moved(world: &World, target: &str) -> (String, HashMap<String, String>) {
    let request = format!("GET {target} HTTP/1.1\r\nHost: {}\r\n\r\n", world.address);
    let reply = raw(world.address, request.as_bytes());
    assert_eq!(reply.status, 303, "{reply:?}");
    let to = reply.header("location").expect("sent on");
    let (page, fragment) = to.split_once('#').unwrap_or((to, ""));
    let decoded = |text: &str| {
        percent_encoding::percent_decode_str(text).decode_utf8().expect("UTF-8").into_owned()
    };
    let facts = fragment.split('&').filter_map(|fact| fact.split_once('='));
    let facts = facts.map(|(key, value)| (key.to_owned(), decoded(value))).collect();
    let own = format!("https://{}", world.address);
    (page.strip_prefix(&own).expect("ours").to_owned(), facts)
}

#[test]
fn what_came_of_a_legacy_call_by_plain_http_goes_along_whatever_it_was() {
    let world = tls_world("");
    world.account(EMAIL, false);
    let id = open_meeting(&world, "blue moon");
    let door = "/as/wapi/goto_downloader";
    let number = id.number();
    let (meeting, join) = (format!("/m/{number}"), format!("/join?id={number}"));
    let facts = |all: &[(&str, &str)]| -> HashMap<String, String> {
        all.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };

    // In: with the ticket, and what the page shows before it is used.
    let attend = format!("{door}?role=attendee&meeting_id={id}");
    let (page, mut told) = moved(&world, &format!("{attend}&name=Br%C3%BCn&password=blue%20moon"));
    let ticket = told.remove("t").expect("a ticket");
    assert_eq!(world.redeem(&json!(ticket)).map(|a| a.role), Some(Role::Attendee));
    assert!(told.remove("i").is_some(), "so that the password is not asked again");
    assert_eq!((page, told), (meeting.clone(), facts(&[("role", "attendee"), ("n", "Brün")])));
    let viewer = |password: &str| moved(&world, &format!("/id={id}&name=Vera&password={password}"));
    let (page, told) = viewer("blue%20moon");
    assert_eq!((page, told.get("v").map(String::as_str)), (meeting, Some("1")));
    assert_eq!(world.redeem(&json!(told["t"])).map(|a| a.role), Some(Role::Viewer));

    // Not in: the reason, and that it was a viewer.
    let wrong = [("role", "viewer"), ("v", "1"), ("n", "Vera"), ("r", "cannot_join")];
    assert_eq!(viewer("wrong"), (join.clone(), facts(&wrong)));
    let (page, told) = moved(&world, &format!("{attend}&name=Eve&password=wrong"));
    assert_eq!((page, told), (join.clone(), facts(&[("n", "Eve"), ("r", "cannot_join")])));

    // Without a name: the invitation stands for the password that was right.
    let (page, told) = moved(&world, &format!("{attend}&name=&password=blue%20moon"));
    assert_eq!((page, told.len()), (join, 1));
    let body = json!({ "id": id.to_string(), "name": "Ann", "invitation": told["i"] });
    assert_eq!(post(&world, "/api/v1/join", &body.to_string()).status, 200);

    // A host without a password is asked for it, with the address filled in.
    let asked = [("role", "host"), ("e", EMAIL), ("ask", "1")];
    let host = format!("{door}?role=host&email={EMAIL}&user_password=");
    assert_eq!(moved(&world, &host), ("/".to_owned(), facts(&asked)));
    let mut failed = facts(&asked);
    failed.insert("r".to_owned(), "sign_in_failed".to_owned());
    assert_eq!(moved(&world, &format!("{host}wrong")), ("/".to_owned(), failed));
    let (_, told) = moved(&world, &format!("{door}?role=moderator"));
    assert_eq!(told, facts(&[("r", "malformed")]));
}

#[test]
fn by_plain_http_pages_move_and_legacy_callers_are_handed_on_with_a_ticket() {
    let world = tls_world("");
    world.account(EMAIL, false);
    let host = format!("Host: {}\r\n", world.address);
    let get = |target: &str| {
        raw(world.address, format!("GET {target} HTTP/1.1\r\n{host}\r\n").as_bytes())
    };
    let own = format!("https://{}", world.address);
    for (target, to) in [
        ("/", format!("{own}/")),
        ("/setup", format!("{own}/setup")),
        ("/join?id=88137455&t=abc", format!("{own}/join?id=88137455&t=abc")),
        ("/api/v1/me?x=1", format!("{own}/api/v1/me")),
    ] {
        let reply = get(target);
        assert_eq!((reply.status, reply.header("location")), (308, Some(to.as_str())));
    }
    let posted = raw(
        world.address,
        format!(
            "POST /api/v1/sign-in HTTP/1.1\r\n{host}Origin: http://{}\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}",
            world.address
        )
        .as_bytes(),
    );
    assert_eq!(posted.status, 403);
    let door = "/as/wapi/goto_downloader?role=host";
    let hosted = get(&format!("{door}&email={EMAIL}&user_password={PASSWORD}"));
    let to = hosted.header("location").expect("sent on").to_owned();
    assert_eq!(hosted.status, 303);
    let (page, fragment) = to.split_once('#').expect("a fragment");
    assert_eq!(page, format!("{own}/join"));
    assert!(fragment.starts_with("p=") && fragment.contains("&role=host"), "{fragment}");
    let exposed =
        Audit::CredentialExposed { route: "/as/wapi/goto_downloader".to_owned(), in_address: true };
    assert_eq!(world.engine.audits(), [exposed]);
}

#[test]
fn a_password_by_plain_http_from_afar_is_noted_though_our_own_name_says_https() {
    let settings = "base_url = \"https://meet.example.org\"\n\
        [proxy]\ntrusted = [\"127.0.0.1\"]\n";
    let door = "/as/wapi/goto_downloader";
    let sign_in = |world: &World| {
        let body = format!("role=host&email={EMAIL}&user_password={PASSWORD}");
        let request = format!(
            "POST {door} HTTP/1.1\r\nHost: meet.example.org\r\nX-Forwarded-For: 203.0.113.5\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        raw(world.address, request.as_bytes()).status
    };
    let with_tls = tls_world(settings);
    with_tls.account(EMAIL, false);
    assert_eq!(sign_in(&with_tls), 303, "sent on to HTTPS");
    let exposed = Audit::CredentialExposed { route: door.to_owned(), in_address: false };
    assert_eq!(with_tls.engine.audits(), [exposed]);

    let behind_one_that_ends_tls = world(settings);
    behind_one_that_ends_tls.account(EMAIL, false);
    assert_eq!(sign_in(&behind_one_that_ends_tls), 200);
    assert!(behind_one_that_ends_tls.engine.audits().is_empty());
}
