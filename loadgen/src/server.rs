//! The server under load: where it is, and how its certificate is checked.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};

use crate::CannotRun;

/// Where Debian and its relatives keep the certificates that everybody trusts.
const SYSTEM_CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";
const REACH: Duration = Duration::from_secs(5);

/// A server that could be reached.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// Scheme, host and port, without a slash at the end.
    pub(crate) origin: String,
    /// Host and port as they stand in the origin.
    pub(crate) authority: String,
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<Tls>,
}

/// What a TLS connection needs.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) name: ServerName<'static>,
    pub(crate) roots: Vec<CertificateDer<'static>>,
}

impl Server {
    /// Reads the address, looks the host up and tries to connect.
    pub(crate) fn find(url: &str, ca: Option<&Path>) -> Result<Self, CannotRun> {
        let Parts { tls, authority, host, port } = Parts::read(url)?;
        let scheme = if tls { "https" } else { "http" };
        let tls = tls.then(|| trust(&host, ca)).transpose()?;
        let origin = format!("{scheme}://{authority}");
        let addresses = (host.as_str(), port)
            .to_socket_addrs()
            .map_err(|error| format!("the host of {origin} is not known: {error}"))?;
        let mut why = "it has no address".to_owned();
        for address in addresses {
            match TcpStream::connect_timeout(&address, REACH) {
                Ok(_) => return Ok(Self { origin, authority, address, tls }),
                Err(error) => why = error.to_string(),
            }
        }
        Err(format!("cannot reach {origin} ({why}): is the server running there?").into())
    }
}

/// The parts of a server's address.
#[derive(Debug, PartialEq, Eq)]
struct Parts {
    tls: bool,
    authority: String,
    host: String,
    port: u16,
}

impl Parts {
    fn read(url: &str) -> Result<Self, CannotRun> {
        let bad = || CannotRun(format!("--server {url} is not like http://localhost:8889"));
        let (scheme, rest) = url.split_once("://").ok_or_else(bad)?;
        let tls = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(bad()),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest).to_ascii_lowercase();
        if authority.is_empty() || authority.contains(['/', '?', '#', '@', ' ']) {
            return Err(bad());
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| bad())?),
            _ => (authority.as_str(), if tls { 443 } else { 80 }),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { tls, authority, host, port })
    }
}

fn trust(host: &str, ca: Option<&Path>) -> Result<Tls, CannotRun> {
    let path = ca.unwrap_or(Path::new(SYSTEM_CERTIFICATES));
    let roots = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| {
            let path = path.display();
            format!("cannot read certificates from {path}: {error}; give the server's with --ca")
        })?;
    if roots.is_empty() {
        return Err(format!("{} holds no certificate in PEM form", path.display()).into());
    }
    let mut store = RootCertStore::empty();
    let (_, ignored) = store.add_parsable_certificates(roots.iter().cloned());
    if ca.is_some() && ignored > 0 {
        return Err(format!("{} holds a certificate that cannot be used", path.display()).into());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .with_root_certificates(store)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| format!("{host} is not a name that a certificate can have"))?;
    Ok(Tls { config: Arc::new(config), name, roots })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (url, tls, authority, host, port) in [
            ("http://localhost:8889", false, "localhost:8889", "localhost", 8889),
            ("https://Meet.example.org/", true, "meet.example.org", "meet.example.org", 443),
            ("http://[::1]:80", false, "[::1]:80", "::1", 80),
            ("http://[::1]", false, "[::1]", "::1", 80),
        ] {
            let want = Parts { tls, authority: authority.into(), host: host.into(), port };
            assert_eq!(Parts::read(url).expect("an address"), want, "{url}");
        }
        for url in ["localhost:8889", "ftp://x", "http://", "http://a/b", "http://a:b"] {
            assert!(Parts::read(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_server_that_is_not_there_is_one_clear_sentence() {
        let port = convoke_ports::free_port();
        let found = Server::find(&format!("http://127.0.0.1:{port}"), None);
        let CannotRun(sentence) = found.expect_err("nobody listens");
        assert!(sentence.starts_with("cannot reach http://127.0.0.1:"), "{sentence}");
    }
}
