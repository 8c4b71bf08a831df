//! `[mail]`: the server that takes letters, and how they are written.

use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use convoke_wire::turbo::Secret;
use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};

/// Bytes of a file with a password or a certificate.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// The settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MailSettings {
    /// The mail server (SMTP submission); none means that no letters are sent.
    pub server: Option<String>,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: MailTls,
    /// A file with the certificates (PEM) of the authority that signed the server's; the public
    /// ones when nothing is said.
    pub ca_file: Option<PathBuf>,
    /// Who we are to it; nobody when nothing is said.
    pub username: Option<String>,
    /// A file whose first line is that one's password.
    pub password_file: Option<PathBuf>,
    /// Whom letters are from: `Meetings <meetings@example.org>`.
    pub from: Option<String>,
    /// The language of letters.
    pub language: Language,
    /// A folder with templates that stand in for the built-in ones.
    pub templates: Option<PathBuf>,
    /// How long before a meeting people are reminded, in minutes; 0 is never.
    pub reminder_minutes: u32,
    /// Letters that one account's meetings may cause in a day.
    pub per_account_day: u32,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            server: None,
            port: 587,
            tls: MailTls::Starttls,
            ca_file: None,
            username: None,
            password_file: None,
            from: None,
            language: Language::En,
            templates: None,
            reminder_minutes: 15,
            per_account_day: 1000,
        }
    }
}

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// Plain at first, then TLS or nothing: port 587.
    Starttls,
    /// TLS from the first byte: port 465.
    Tls,
    /// None: only to a server on this machine.
    None,
}

/// The language of letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    En,
    /// Simplified Chinese.
    Zh,
}

impl Language {
    /// Its folder of templates.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }
}

/// What is wrong with the settings, as a sentence.
#[derive(Debug, thiserror::Error)]
#[error("[mail] {0}")]
pub struct BadMail(pub(super) String);

/// A mail server, checked.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) from: Mailbox,
    pub(super) credentials: Option<(String, Secret)>,
    pub(super) authority: Option<Vec<u8>>,
}

impl MailSettings {
    /// Every setting present, from which the known names are read.
    #[must_use]
    pub fn with_every_setting() -> Self {
        let text = || Some(String::new());
        let path = || Some(PathBuf::new());
        Self {
            server: text(),
            username: text(),
            from: text(),
            ca_file: path(),
            password_file: path(),
            templates: path(),
            ..Self::default()
        }
    }

    /// Checks them, and reads the files that they name; nothing when no server is set.
    pub(super) fn open(&self) -> Result<Option<Server>, BadMail> {
        let bad = |why: &str| Err(BadMail(why.to_owned()));
        let Some(host) = self.server.clone().filter(|host| !host.trim().is_empty()) else {
            return Ok(None);
        };
        let Some(from) = &self.from else {
            return bad("`from` is missing: whom letters are from, as `Meetings <m@example.org>`");
        };
        let from: Mailbox = match from.parse() {
            Ok(from) => from,
            Err(_) => return bad("`from` is no address: write `Meetings <m@example.org>`"),
        };
        let here = host == "localhost"
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if self.tls == MailTls::None && !here {
            return bad("`tls = \"none\"` is only for a server on this machine");
        }
        let credentials = match (&self.username, &self.password_file) {
            (None, None) => None,
            (Some(name), Some(file)) => {
                let bytes = read(file)?;
                let line = bytes.split(|&b| b == b'\n' || b == b'\r').next().unwrap_or_default();
                let Ok(password) = std::str::from_utf8(line) else {
                    return bad("the password in `password_file` must be UTF-8");
                };
                Some((name.clone(), Secret::new(password.to_owned())))
            }
            (Some(_), None) => return bad("`username` needs `password_file`"),
            (None, Some(_)) => return bad("`password_file` needs `username`"),
        };
        let authority = self.ca_file.as_deref().map(read).transpose()?;
        Ok(Some(Server { host, from, credentials, authority }))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, BadMail> {
    let named = |error: std::io::Error| BadMail(format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .map_err(named)?
        .take(FILE_BYTES_MAX)
        .read_to_end(&mut bytes)
        .map_err(named)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_sent_without_a_server_and_what_is_missing_is_named() {
        assert!(MailSettings::default().open().is_ok_and(|server| server.is_none()));
        let set = |from: Option<&str>, tls| MailSettings {
            server: Some("smtp.example.org".into()),
            from: from.map(str::to_owned),
            tls,
            ..MailSettings::default()
        };
        let why = |settings: MailSettings| {
            settings.open().err().map(|bad| bad.to_string()).unwrap_or_default()
        };
        assert!(why(set(None, MailTls::Tls)).contains("`from` is missing"));
        assert!(why(set(Some("nobody"), MailTls::Tls)).contains("no address"));
        assert!(why(set(Some("a@example.org"), MailTls::None)).contains("on this machine"));
        assert_eq!(why(set(Some("Meetings <a@example.org>"), MailTls::Tls)), "");
        let half = MailSettings {
            username: Some("x".into()),
            ..set(Some("a@example.org"), MailTls::Starttls)
        };
        assert!(why(half).contains("needs `password_file`"));
    }
}
