//! The same over TLS: a certificate is checked, and everything arrives.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::PrivateKeyDer;

use crate::relay::{Fault, Relay};
use crate::{TWO, faults, loadgen, told};

/// Ends TLS in front of a relay.
struct Front {
    address: SocketAddr,
    /// The certificate, PEM.
    certificate: String,
}

impl Front {
    fn start(behind: SocketAddr) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]);
        let made = made.expect("a certificate can be made");
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("the key fits");
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let tls = ServerConnection::new(config.clone()).expect("the settings are sound");
                let behind = TcpStream::connect(behind).expect("the relay listens");
                std::thread::spawn(move || join(StreamOwned::new(tls, stream), behind));
            }
        });
        Self { address, certificate: made.cert.pem() }
    }
}

/// Carries bytes both ways, a moment each, until one end is gone.
fn join(mut tls: StreamOwned<ServerConnection, TcpStream>, mut plain: TcpStream) -> Option<()> {
    let moment = Some(Duration::from_millis(1));
    tls.sock.set_read_timeout(moment).ok()?;
    plain.set_read_timeout(moment).ok()?;
    loop {
        carry(&mut tls, &mut plain)?;
        carry(&mut plain, &mut tls)?;
    }
}

fn carry(from: &mut impl Read, to: &mut impl Write) -> Option<()> {
    let mut part = [0; 16 * 1024];
    match from.read(&mut part) {
        Ok(0) => None,
        Ok(count) => to.write_all(&part[..count]).and_then(|()| to.flush()).ok(),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Some(())
        }
        Err(_) => None,
    }
}

#[test]
fn a_trusted_server_is_spoken_to_and_everything_arrives() {
    let relay = Relay::start(Fault::None);
    let front = Front::start(relay.address);
    let folder = tempfile::tempdir().expect("a folder");
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, &front.certificate).expect("the folder is there");
    let server = format!("https://localhost:{}", front.address.port());
    let mut command = loadgen(&["--server", &server, "--kind", "media", "--rate", "50"]);
    command.args(["--size", "16000", "--seconds", "0.5", "--ca"]).arg(&ca);
    let told = told(TWO, &folder, command);
    assert_eq!((told.code, faults(&told)), (0, vec![]), "{}", told.text);
    assert_eq!(told.json["delivered"], 150, "{}", told.text);
}

#[test]
fn a_stranger_is_not_spoken_to() {
    let relay = Relay::start(Fault::None);
    let (front, other) = (Front::start(relay.address), Front::start(relay.address));
    let folder = tempfile::tempdir().expect("a folder");
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, &other.certificate).expect("the folder is there");
    let server = format!("https://localhost:{}", front.address.port());
    let mut command = loadgen(&["--server", &server]);
    command.arg("--ca").arg(&ca);
    let told = told(TWO, &folder, command);
    assert_eq!(told.code, 2);
    assert!(told.text.contains("certificate"), "{}", told.text);
}
