//! TLS for the listener: the operator's certificate, or one of our own kept in the data folder.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem};
use sha2::{Digest, Sha256};

use crate::certificate::Certificate;
use crate::config::TlsFiles;
use crate::folder::{Folder, write_private};

/// Why TLS cannot be offered.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A certificate or key file cannot be read.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The pair does not work together.
    #[error("the certificate and its key do not work together: {0}")]
    Pair(#[from] rustls::Error),
    /// No certificate could be made.
    #[error("a certificate could not be made: {0}")]
    Made(#[from] rcgen::Error),
    /// The file system failed.
    #[error("the keys folder: {0}")]
    Disk(#[from] io::Error),
}

/// A ready configuration and what to tell people about it.
#[derive(Clone)]
pub struct Tls {
    /// For the listener.
    pub config: Arc<ServerConfig>,
    /// SHA-256 of the certificate, in hexadecimal, for people to compare.
    pub fingerprint: String,
    /// Whether browsers will warn because nobody but us vouches for it.
    pub self_made: bool,
    /// What people should know of it; nothing when its form is odd.
    pub certificate: Option<Certificate>,
    /// The file it was read from.
    pub file: PathBuf,
}

/// Loads the operator's pair, or makes (once) and loads our own.
///
/// # Errors
/// When the files cannot be used.
pub fn load(
    folder: &Folder,
    files: Option<&TlsFiles>,
    listen: SocketAddr,
    host: Option<&str>,
) -> Result<Tls, TlsError> {
    if let Some(files) = files {
        return read(&files.certificate, &files.key, false);
    }
    let (certificate, key) = (folder.key_path("tls.cert.pem"), folder.key_path("tls.key.pem"));
    if !certificate.exists() || !key.exists() {
        make(&certificate, &key, &names(listen, host))?;
    }
    read(&certificate, &key, true)
}

fn read(certificate: &Path, key: &Path, self_made: bool) -> Result<Tls, TlsError> {
    let wrong =
        |path: &Path, reason: String| TlsError::File { path: path.display().to_string(), reason };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(certificate, error.to_string()))?;
    let first = chain
        .first()
        .ok_or_else(|| wrong(certificate, "there is no certificate in it".to_owned()))?;
    let fingerprint = Sha256::digest(first).iter().map(|byte| format!("{byte:02x}")).collect();
    let known = Certificate::read(first);
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| match error {
        pem::Error::NoItemsFound => wrong(key, "there is no private key in it".to_owned()),
        error => wrong(key, error.to_string()),
    })?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    // HTTP/1.1 only: no HTTP/2 resets or CONTINUATION floods to fear, and upgrades are plain.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let file = certificate.to_owned();
    Ok(Tls { config: Arc::new(config), fingerprint, self_made, certificate: known, file })
}

fn make(certificate: &Path, key: &Path, names: &[String]) -> Result<(), TlsError> {
    let pair = rcgen::KeyPair::generate()?;
    let mut params = rcgen::CertificateParams::new(names)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, "Convoke");
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2050, 1, 1);
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let made = params.self_signed(&pair)?;
    write_private(key, pair.serialize_pem().as_bytes())?;
    write_private(certificate, made.pem().as_bytes())?;
    Ok(())
}

fn names(listen: SocketAddr, host: Option<&str>) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let mut add = |name: String| {
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    };
    if !listen.ip().is_unspecified() {
        add(listen.ip().to_string());
    }
    if let Some(host) = host {
        add(host.trim_matches(['[', ']']).to_owned());
    }
    add(machine_name().unwrap_or_default());
    names
}

/// What the machine calls itself, if that can be used as a host name.
#[must_use]
pub fn machine_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim().to_ascii_lowercase();
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let usable = !name.is_empty() && name.parse::<IpAddr>().is_err() && name.chars().all(fits);
    usable.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn our_own_certificate_is_made_once_and_its_key_is_private() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let folder = Folder::open(dir.path()).expect("opens");
        let listen = "192.0.2.7:443".parse().expect("an address");
        let first = load(&folder, None, listen, Some("meet.example.org")).expect("made");
        let again = load(&folder, None, listen, None).expect("read");
        assert_eq!(first.fingerprint, again.fingerprint);
        assert!(first.self_made);
        let certificate = first.certificate.expect("it is read");
        assert_eq!(certificate.fingerprint, first.fingerprint);
        assert!(certificate.names.contains(&"meet.example.org".to_owned()), "{certificate:?}");
        let key = std::fs::metadata(folder.key_path("tls.key.pem")).expect("there");
        assert_eq!(key.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_missing_file_is_named() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let folder = Folder::open(dir.path()).expect("opens");
        let files = TlsFiles { certificate: "/nowhere/c.pem".into(), key: "/nowhere/k.pem".into() };
        let listen = "192.0.2.7:443".parse().expect("an address");
        let Err(error) = load(&folder, Some(&files), listen, None) else { panic!("refused") };
        assert!(error.to_string().contains("/nowhere/c.pem"), "{error}");
    }

    #[test]
    fn a_certificate_in_the_place_of_its_key_is_named() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let folder = Folder::open(dir.path()).expect("opens");
        let listen = "192.0.2.7:443".parse().expect("an address");
        let certificate = load(&folder, None, listen, None).expect("made").file;
        let files = TlsFiles { key: certificate.clone(), certificate };
        let Err(error) = load(&folder, Some(&files), listen, None) else { panic!("refused") };
        assert!(error.to_string().ends_with("there is no private key in it"), "{error}");
    }
}
