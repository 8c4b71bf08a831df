//! Which host names are ours, and what our own origin is for a request.
//!
//! A name that is not ours is refused, so that a page elsewhere whose name is made to point here
//! (DNS rebinding) is never taken for one of our own, and links are never built from a made-up
//! name.

use std::net::{IpAddr, SocketAddr};

/// Scheme and authority, as browsers write an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    scheme: &'static str,
    authority: String,
}

impl Origin {
    /// Whether browsers treat its cookies and pages as secured by TLS.
    pub(super) fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// Whether an `Origin` header names exactly this origin.
    pub(super) fn is(&self, header: &[u8]) -> bool {
        std::str::from_utf8(header).is_ok_and(|text| text == self.to_string())
    }

    /// The same host by TLS.
    pub(super) fn by_https(&self) -> Self {
        Self { scheme: "https", authority: self.authority.clone() }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// The names this server answers to.
pub(super) struct Origins {
    base: Option<Origin>,
    machine: Option<String>,
    listen: SocketAddr,
}

impl Origins {
    /// `base_url` as the settings give it.
    pub(super) fn new(base_url: Option<&str>, machine: Option<String>, listen: SocketAddr) -> Self {
        let base = base_url.and_then(|url| {
            let (scheme, authority) = url.split_once("://")?;
            let scheme = if scheme == "https" { "https" } else { "http" };
            Some(Origin { scheme, authority: without_default_port(scheme, authority) })
        });
        Self { base, machine, listen }
    }

    /// Our origin for a request that names this host; `None` when the name is not ours.
    pub(super) fn of(&self, host: Option<&str>, tls: bool) -> Option<Origin> {
        let scheme = if tls { "https" } else { "http" };
        let Some(host) = host else {
            // HTTP/1.0 callers name no host.
            return Some(self.usual(scheme));
        };
        let host = host.to_ascii_lowercase();
        if let Some(base) = &self.base
            && (without_default_port("https", &host) == base.authority
                || without_default_port("http", &host) == base.authority)
        {
            return Some(base.clone());
        }
        let name = name_of(&host)?;
        let literal = name.trim_matches(['[', ']']).parse::<IpAddr>();
        let ours = match literal {
            // An address cannot be made to point elsewhere.
            Ok(ip) => self.base.is_none() || ip.is_loopback() || ip == self.listen.ip(),
            Err(_) => {
                name == "localhost"
                    || name.ends_with(".localhost")
                    || (self.base.is_none() && self.machine.as_deref() == Some(name))
            }
        };
        ours.then(|| Origin { scheme, authority: without_default_port(scheme, &host) })
    }

    /// The origin to print and to build links from where no request names one.
    pub(super) fn usual(&self, scheme: &'static str) -> Origin {
        if let Some(base) = &self.base {
            return base.clone();
        }
        let ip = self.listen.ip();
        let name = if ip.is_loopback() {
            "localhost".to_owned()
        } else if ip.is_unspecified() {
            self.machine.clone().unwrap_or_else(|| "localhost".to_owned())
        } else if ip.is_ipv6() {
            format!("[{ip}]")
        } else {
            ip.to_string()
        };
        let authority = format!("{name}:{}", self.listen.port());
        Origin { scheme, authority: without_default_port(scheme, &authority) }
    }
}

/// Host without port; `None` when it is not shaped like one.
fn name_of(host: &str) -> Option<&str> {
    let name = match host.strip_prefix('[') {
        Some(rest) => {
            let end = rest.find(']')?;
            let after = &rest[end + 1..];
            if !(after.is_empty() || is_port(after)) {
                return None;
            }
            &host[..end + 2]
        }
        None => match host.find(':') {
            Some(at) if is_port(&host[at..]) => &host[..at],
            Some(_) => return None,
            None => host,
        },
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
    (!name.is_empty() && name.chars().all(fits)).then_some(name)
}

fn is_port(text: &str) -> bool {
    text.strip_prefix(':').is_some_and(|port| {
        !port.is_empty() && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit())
    })
}

fn without_default_port(scheme: &str, authority: &str) -> String {
    let default = if scheme == "https" { ":443" } else { ":80" };
    authority.strip_suffix(default).unwrap_or(authority).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_answered() {
        let listen: SocketAddr = "127.0.0.1:8889".parse().expect("an address");
        let plain = Origins::new(None, Some("box".to_owned()), listen);
        let table = [
            ("localhost:8889", Some("http://localhost:8889")),
            ("LOCALHOST:80", Some("http://localhost")),
            ("127.0.0.1:1234", Some("http://127.0.0.1:1234")),
            ("[::1]:8889", Some("http://[::1]:8889")),
            ("box:8889", Some("http://box:8889")),
            ("evil.example:8889", None),
            ("localhost.evil.example", None),
            ("localhost:8889@evil.example", None),
            ("evil.example#.localhost", None),
            ("", None),
            ("localhost:", None),
            ("localhost:99x", None),
        ];
        for (host, expected) in table {
            let origin = plain.of(Some(host), false).map(|origin| origin.to_string());
            assert_eq!(origin.as_deref(), expected, "{host}");
        }
        assert_eq!(
            plain.of(None, false).map(|o| o.to_string()).as_deref(),
            Some("http://localhost:8889")
        );
    }

    #[test]
    fn with_a_base_address_it_alone_is_ours_from_afar() {
        let listen: SocketAddr = "0.0.0.0:443".parse().expect("an address");
        let origins =
            Origins::new(Some("https://meet.example.org"), Some("box".to_owned()), listen);
        let of = |host| origins.of(Some(host), true).map(|origin| origin.to_string());
        assert_eq!(of("meet.example.org").as_deref(), Some("https://meet.example.org"));
        assert_eq!(of("Meet.Example.org:443").as_deref(), Some("https://meet.example.org"));
        assert_eq!(of("box"), None);
        assert_eq!(of("192.0.2.1"), None);
        assert_eq!(of("127.0.0.1:443").as_deref(), Some("https://127.0.0.1"));
    }
}
