//! How a bridge is known: the part `[bridge.NAME]` of the settings.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Dialect;
use crate::callback::Network;
use crate::trust::BadSetting;

/// Bytes a shared secret must have: bridges are machines, nobody has to remember it.
const SECRET_BYTES_MIN: usize = 16;
/// Bytes it may have.
const SECRET_BYTES_MAX: usize = 1024;

/// `[bridge.NAME]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How it speaks.
    pub dialect: Dialect,
    /// File with the secret that it shows; for Twilio, the account's auth token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    /// The secret itself, where no file holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Networks it may call from; empty: from everywhere.
    pub allow: Vec<Network>,
    /// Jitsi: the domain of its conferences, such as `conference.example.org`.
    pub domain: String,
    /// Where accepted callers are sent, with `{meeting}` for the eight digits. FreeSWITCH: the
    /// argument of `conference`; Asterisk's AGI: of `ConfBridge`; Twilio: a SIP address instead of
    /// one of its own conferences.
    pub to: String,
    /// Asterisk: where FastAGI is listened for; nowhere when nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agi_listen: Option<SocketAddr>,
    /// Wrong codes of one caller in an hour, before digits are not looked at.
    pub wrong_per_caller_per_hour_max: u32,
    /// Wrong codes of all its callers in an hour, before digits are not looked at.
    pub wrong_per_hour_max: u32,
    /// A call that the bridge did not speak of for so long is over, in seconds.
    pub silent_s: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            dialect: Dialect::Json,
            secret_file: None,
            secret: None,
            allow: Vec::new(),
            domain: String::new(),
            to: String::new(),
            agi_listen: None,
            wrong_per_caller_per_hour_max: 10,
            wrong_per_hour_max: 100,
            silent_s: 14_400,
        }
    }
}

impl Settings {
    /// A value in which every setting is present, for readers that look their names up.
    #[must_use]
    pub fn with_every_setting() -> Self {
        Self {
            secret_file: Some(PathBuf::new()),
            secret: Some(String::new()),
            agi_listen: Some(([127, 0, 0, 1], 4573).into()),
            ..Self::default()
        }
    }
}

/// A bridge that may ask.
#[derive(Clone)]
pub struct Bridge {
    /// What the settings call it.
    pub name: String,
    /// Its settings, but for the secret.
    pub settings: Settings,
    secret: Zeroizing<String>,
}

impl std::fmt::Debug for Bridge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bridge").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Bridge {
    /// Checks the values and reads the file that they name.
    ///
    /// # Errors
    /// Naming the setting.
    pub fn open(name: &str, mut settings: Settings) -> Result<Self, BadSetting> {
        let secret = match (settings.secret.take(), &settings.secret_file) {
            (Some(secret), None) => Zeroizing::new(secret),
            (None, Some(path)) => {
                let read = std::fs::read_to_string(path);
                let wrong =
                    |error| BadSetting::new("secret_file", format!("cannot be read: {error}"));
                Zeroizing::new(read.map_err(wrong)?)
            }
            (Some(_), Some(_)) => {
                return Err(BadSetting::new("secret", "and `secret_file` exclude each other"));
            }
            (None, None) => {
                return Err(BadSetting::new("secret_file", "must name a file with a secret"));
            }
        };
        let trimmed = Zeroizing::new(secret.trim().to_owned());
        if !(SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&trimmed.len()) {
            return Err(BadSetting::new("secret", "must have 16 to 1,024 characters"));
        }
        if settings.dialect == Dialect::Jitsi && !is_domain(&settings.domain) {
            let reason = "must be the domain of the conferences, such as conference.example.org";
            return Err(BadSetting::new("domain", reason));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "@:.,;=+-_ {}/".contains(c);
        if !settings.to.chars().all(plain) || settings.to.len() > 200 {
            return Err(BadSetting::new("to", "has characters that no bridge is sent"));
        }
        if settings.agi_listen.is_some() && settings.dialect != Dialect::Asterisk {
            return Err(BadSetting::new("agi_listen", "is for the dialect `asterisk` only"));
        }
        let least = [
            ("wrong_per_caller_per_hour_max", settings.wrong_per_caller_per_hour_max.into()),
            ("wrong_per_hour_max", settings.wrong_per_hour_max.into()),
            ("silent_s", settings.silent_s),
        ];
        match least.iter().find(|(_, value)| *value == 0_u64) {
            Some((name, _)) => Err(BadSetting::new(name, "must be at least 1")),
            None => Ok(Self { name: name.to_owned(), settings, secret: trimmed }),
        }
    }

    /// What it has to know.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Whether it may call from there.
    #[must_use]
    pub fn comes_from(&self, address: IpAddr) -> bool {
        let allow = &self.settings.allow;
        allow.is_empty() || allow.iter().any(|network| network.holds(address.to_canonical()))
    }

    /// Where a caller of this meeting is sent.
    pub(super) fn to(&self, usual: &str, meeting: convoke_model::MeetingId) -> String {
        let to = if self.settings.to.is_empty() { usual } else { &self.settings.to };
        to.replace("{meeting}", &meeting.number().to_string())
    }
}

fn is_domain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    (1..=253).contains(&text.len()) && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bridge_shows_a_secret_and_comes_from_where_it_may() {
        let with = |change: fn(&mut Settings)| {
            let mut settings =
                Settings { secret: Some("0123456789abcdef".into()), ..Settings::default() };
            change(&mut settings);
            Bridge::open("pbx", settings).map_err(|bad| bad.to_string())
        };
        let bridge = with(|s| s.allow = vec!["10.0.0.0/8".parse().expect("a network")]);
        let bridge = bridge.expect("good settings");
        assert_eq!(bridge.secret(), "0123456789abcdef");
        assert!(bridge.comes_from("10.1.2.3".parse().expect("an address")));
        assert!(bridge.comes_from("::ffff:10.1.2.3".parse().expect("an address")));
        assert!(!bridge.comes_from("192.0.2.1".parse().expect("an address")));
        let wrong: [fn(&mut Settings); 6] = [
            |s| s.secret = Some("short".into()),
            |s| s.secret = None,
            |s| s.secret_file = Some("/nowhere".into()),
            |s| s.dialect = Dialect::Jitsi,
            |s| s.agi_listen = Some(([127, 0, 0, 1], 1).into()),
            |s| s.wrong_per_hour_max = 0,
        ];
        for change in wrong {
            assert!(with(change).is_err());
        }
    }
}
