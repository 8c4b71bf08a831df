//! A server with TLS: what it does for those who come by it, and for those who do not.

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;

use convoke_model::site::Audit;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::client::{Reply, connect, raw, read};
use super::sockets::handed_over;
use super::world::{EMAIL, PASSWORD, World, tls_world};

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
    let (page, ticket) = to.split_once("#t=").expect("a ticket in the fragment");
    assert!(page.starts_with(&format!("{own}/m/")), "{page}");
    assert!(world.redeem(&json!(ticket)).is_some());
    let exposed =
        Audit::CredentialExposed { route: "/as/wapi/goto_downloader".to_owned(), in_address: true };
    assert_eq!(world.engine.audits(), [exposed]);
}
