//! Whom we believe: the certificates with which other servers prove who they are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::secret::NonEmptySecret;

/// Settings that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{setting}` {reason}")]
pub struct BadSetting {
    /// Its name.
    pub setting: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

impl BadSetting {
    pub(crate) fn new(setting: &'static str, reason: impl Into<String>) -> Self {
        Self { setting, reason: reason.into() }
    }
}

/// What settings would name a file for, handed over instead of it: what is set while the server
/// runs names no files of its machine.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The authority that vouches for the server, PEM.
    pub ca: Option<String>,
    /// The password that is shown there.
    pub password: Option<NonEmptySecret>,
}

/// A client's certificate chain and its key, both PEM.
pub(crate) struct Identity<'a> {
    pub(crate) certificate: &'a Path,
    pub(crate) key: &'a Path,
}

/// TLS 1.2 or 1.3, with the certificates of `ca`, those that were given, or those that browsers
/// believe. There is no way to leave the check out.
pub(crate) fn client_config(
    ca: Option<&PathBuf>,
    given: &Given,
    identity: Option<Identity<'_>>,
) -> Result<Arc<ClientConfig>, BadSetting> {
    let mut roots = RootCertStore::empty();
    let bad = |error: String| BadSetting::new("ca", error);
    match (ca, &given.ca) {
        (None, None) => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        (Some(path), _) => {
            for certificate in certificates("ca", path)? {
                roots.add(certificate).map_err(|error| bad(format!("{path:?}: {error}")))?;
            }
        }
        (None, Some(pem)) => {
            let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
            let found = found.map_err(|_| bad("is no certificate (PEM)".to_owned()))?;
            if found.is_empty() {
                return Err(bad("is no certificate (PEM)".to_owned()));
            }
            for certificate in found {
                roots.add(certificate).map_err(|error| bad(format!("cannot be used: {error}")))?;
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| BadSetting::new("ca", error.to_string()))?
        .with_root_certificates(roots);
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some(Identity { certificate, key }) => {
            let chain = certificates("client_certificate", certificate)?;
            let wrong = |error: String| BadSetting::new("client_key", format!("{key:?}: {error}"));
            let key =
                PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(error.to_string()))?;
            builder.with_client_auth_cert(chain, key).map_err(|error| wrong(error.to_string()))?
        }
    };
    Ok(Arc::new(config))
}

fn certificates(
    setting: &'static str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, BadSetting> {
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| BadSetting::new(setting, format!("{path:?}: {error}")))?;
    if found.is_empty() {
        return Err(BadSetting::new(setting, format!("{path:?}: there is no certificate in it")));
    }
    Ok(found)
}
