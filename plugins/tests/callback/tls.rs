//! HTTPS: only servers that the right authority vouches for, and our own certificate if asked.

use std::path::PathBuf;
use std::sync::Arc;

use convoke_plugins::callback::Settings;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use super::server::{Deed, Server, ask, callback, code, http, yes};

pub(crate) struct Authority {
    pub(crate) issuer: CertifiedIssuer<'static, KeyPair>,
}

pub(crate) struct Leaf {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).expect("valid");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self { issuer: CertifiedIssuer::self_signed(params, key).expect("signed") }
    }

    pub(crate) fn leaf(&self, name: &str) -> Leaf {
        let params = CertificateParams::new(vec![name.to_owned()]).expect("valid");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        Leaf { certificate, key }
    }
}

pub(crate) fn acceptor(leaf: &Leaf, clients: Option<&Authority>) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions");
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.issuer.der().clone()).expect("added");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
        }
    };
    let key = PrivateKeyDer::try_from(leaf.key.serialize_der()).expect("a key");
    let config = builder.with_single_cert(vec![leaf.certificate.der().clone()], key);
    TlsAcceptor::from(Arc::new(config.expect("a pair")))
}

#[tokio::test]
async fn only_the_right_authority_and_the_right_name_are_believed() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: String| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let (ours, theirs) = (Authority::new(), Authority::new());
    let ca = write("ca.pem", ours.issuer.pem());
    let other_ca = write("other.pem", theirs.issuer.pem());
    let leaf = ours.leaf("127.0.0.1");
    let server = Server::start(Deed::Send(http(&yes())), Some(acceptor(&leaf, None))).await;
    let https = |server: &Server, ca: Option<&PathBuf>| Settings {
        url: format!("https://{}/login", server.address),
        ca: ca.cloned(),
        ..server.settings()
    };
    assert_eq!(code(&ask(&callback(https(&server, Some(&ca)))).await), "allow");
    assert!(server.last_request().contains("password=right"));
    server.requests.lock().expect("whole").clear();
    for wrong in [Some(&other_ca), None] {
        assert_eq!(code(&ask(&callback(https(&server, wrong))).await), "tls");
    }
    let misnamed = ours.leaf("elsewhere.example.org");
    let misnamed = Server::start(Deed::Send(http(&yes())), Some(acceptor(&misnamed, None))).await;
    assert_eq!(code(&ask(&callback(https(&misnamed, Some(&ca)))).await), "tls");
    let plain = Server::plain(Deed::Send(http(&yes()))).await;
    let waits = Settings { total_ms: 500, ..https(&plain, Some(&ca)) };
    assert_eq!(code(&ask(&callback(waits)).await), "late", "a plain server waits for a question");
    assert!(!plain.last_request().contains("right"));
    for server in [&server, &misnamed] {
        assert_eq!(server.last_request(), "", "no password was sent");
    }

    // A server that wants to see a certificate of ours.
    let strict =
        Server::start(Deed::Send(http(&yes())), Some(acceptor(&leaf, Some(&theirs)))).await;
    let without = ask(&callback(https(&strict, Some(&ca)))).await;
    assert_ne!(code(&without), "allow");
    let mine = theirs.leaf("convoke");
    let with = Settings {
        client_certificate: Some(write("client.pem", mine.certificate.pem())),
        client_key: Some(write("client.key", mine.key.serialize_pem())),
        ..https(&strict, Some(&ca))
    };
    assert_eq!(code(&ask(&callback(with)).await), "allow");
}
