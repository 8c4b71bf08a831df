//! How an application server is asked: the part `[callback.NAME]` of the settings.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::address::{Network, is_metadata_name};
use crate::trust::BadSetting;

/// `[callback.NAME]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `https://crm.example.org/login`: without parameters.
    pub url: String,
    /// How the name and the password are sent.
    pub method: Method,
    /// PEM file of the authority that vouches for the server; those that browsers believe if there
    /// is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// PEM file of a certificate to show, with `client_key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<PathBuf>,
    /// Its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_key: Option<PathBuf>,
    /// Private networks in which the server may be.
    pub allow_private: Vec<Network>,
    /// Whether it may be on this machine.
    pub allow_loopback: bool,
    /// Whether its `__IsAdministrator__` makes somebody administrator here.
    pub allow_administrator: bool,
    /// Whether the answer must repeat, as `__Nonce__`, the `nonce` that was sent, so that an old
    /// answer is worth nothing.
    pub require_nonce: bool,
    /// Time to connect, in milliseconds.
    pub connect_ms: u64,
    /// Time for all of it, in milliseconds.
    pub total_ms: u64,
    /// Sign-ins that ask at once.
    pub at_once_max: u32,
    /// How long one more waits for a place before it is told `busy`, in milliseconds.
    pub queue_ms: u64,
    /// So many failures in a row and the server is left alone for `rest_s`.
    pub failures_max: u32,
    /// That rest, in seconds.
    pub rest_s: u64,
    /// How long a `FAILED` is remembered, so that the same wrong password is not asked again, in
    /// seconds; 0: not.
    pub deny_cache_s: u64,
    /// How long after a good sign-in the same password is good while the server is out of reach, in
    /// seconds; 0: not.
    pub grace_s: u64,
}

/// How the name and the password are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// In the address, as the original product did.
    Get,
    /// As a form in the body.
    #[default]
    Post,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: String::new(),
            method: Method::Post,
            ca: None,
            client_certificate: None,
            client_key: None,
            allow_private: Vec::new(),
            allow_loopback: false,
            allow_administrator: false,
            require_nonce: false,
            connect_ms: 2000,
            total_ms: 5000,
            at_once_max: 16,
            queue_ms: 500,
            failures_max: 5,
            rest_s: 10,
            deny_cache_s: 30,
            grace_s: 0,
        }
    }
}

impl Settings {
    /// A value in which every setting is present, for readers that look their names up.
    #[must_use]
    pub fn with_every_setting() -> Self {
        Self {
            ca: Some(PathBuf::new()),
            client_certificate: Some(PathBuf::new()),
            client_key: Some(PathBuf::new()),
            ..Self::default()
        }
    }

    /// Checks the values and takes the address apart.
    ///
    /// # Errors
    /// Naming the setting.
    pub(super) fn target(&self) -> Result<Target, BadSetting> {
        let least = [
            ("connect_ms", self.connect_ms),
            ("total_ms", self.total_ms),
            ("at_once_max", self.at_once_max.into()),
            ("failures_max", self.failures_max.into()),
            ("rest_s", self.rest_s),
        ];
        if let Some((name, _)) = least.iter().find(|(_, value)| *value == 0) {
            return Err(BadSetting::new(name, "must be at least 1"));
        }
        let most = [
            ("total_ms", self.total_ms, 60_000),
            ("at_once_max", self.at_once_max.into(), 1_000),
            ("rest_s", self.rest_s, 3_600),
            ("deny_cache_s", self.deny_cache_s, 3_600),
            ("grace_s", self.grace_s, 7 * 86_400),
        ];
        if let Some((name, _, most)) = most.iter().find(|(_, value, most)| value > most) {
            return Err(BadSetting::new(name, format!("must be at most {most}")));
        }
        if self.client_certificate.is_some() != self.client_key.is_some() {
            return Err(BadSetting::new("client_key", "and `client_certificate` belong together"));
        }
        Target::parse(&self.url).map_err(|reason| BadSetting::new("url", reason))
    }
}

/// The address, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Whether by HTTPS.
    pub(super) tls: bool,
    /// The host as it is looked up: an IPv6 address has no brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// As it is written in `Host`.
    pub(super) authority: String,
    pub(super) path: String,
}

impl Target {
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        if url.len() > 2000 {
            return Err("is too long".to_owned());
        }
        if url.contains(['?', '#']) {
            return Err("must have no parameters; they are added".to_owned());
        }
        let plain = url.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        let uri: http::Uri = url
            .parse()
            .ok()
            .filter(|_| plain)
            .ok_or_else(|| format!("`{url}` is not an address"))?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            Some(_) | None => return Err("must begin with https:// or http://".to_owned()),
        };
        let authority = uri.authority().ok_or("must name a host")?;
        if authority.as_str().contains(['@', '%']) {
            return Err("must name a host and perhaps a port, nothing else".to_owned());
        }
        let host = authority.host();
        let names_port = authority.as_str().len() > host.len();
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() {
            return Err("must name a host".to_owned());
        }
        if is_metadata_name(host) {
            return Err(format!("`{host}` hands out a cloud's secrets and is never asked"));
        }
        let port = match authority.port() {
            Some(port) if port.as_u16() != 0 => port.as_u16(),
            Some(_) => return Err("has no such port".to_owned()),
            None if names_port => return Err("has no such port".to_owned()),
            None if tls => 443,
            None => 80,
        };
        Ok(Self {
            tls,
            host: host.to_owned(),
            port,
            authority: authority.as_str().to_owned(),
            path: uri.path().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_scheme_a_host_a_port_and_a_path() {
        let target = Target::parse("https://crm.example.org/a/b").expect("an address");
        assert_eq!((target.host.as_str(), target.port, target.tls), ("crm.example.org", 443, true));
        assert_eq!(target.path, "/a/b");
        let target = Target::parse("http://[::1]:8080").expect("an address");
        assert_eq!((target.host.as_str(), target.port, target.path.as_str()), ("::1", 8080, "/"));
        for wrong in [
            "",
            "crm.example.org",
            "/a",
            "ftp://a/",
            "https://",
            "https:///a",
            "https://a@b/",
            "https://a:b@c/",
            "https://a/?x=1",
            "https://a/#x",
            "https://a b/",
            "https://a\\@b/",
            "https://a:0/",
            "https://a:99999/",
            "https://[fe80::1%25eth0]/",
            "https://a\r\nb/",
            "http://metadata.google.internal/",
            "http://METADATA.google.internal./x",
        ] {
            assert!(Target::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
