//! `[mail]`: the server that takes letters, and how they are written.

use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use convoke_plugins::callback::AddressPolicy;
use convoke_wire::turbo::Secret;
use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};

/// Bytes of a file with a password or a certificate.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// The settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
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
#[error("[mail] {why}")]
pub struct BadMail {
    /// The setting; empty when it is none of them.
    pub setting: &'static str,
    /// What is wrong with it.
    pub why: String,
}

impl BadMail {
    pub(super) fn new(setting: &'static str, why: impl Into<String>) -> Self {
        Self { setting, why: why.into() }
    }
}

/// A mail server that is set while we run: what the settings file would name files for, and where
/// it may be.
#[derive(Clone, Debug)]
pub struct Given {
    /// How it is reached.
    pub settings: MailSettings,
    /// The password of `username`.
    pub password: Option<Secret>,
    /// The authority that signed its certificate, PEM.
    pub authority: Option<String>,
    /// The addresses it may have.
    pub policy: AddressPolicy,
}

impl Given {
    /// What the settings file says, as if it had been given: for trying it.
    ///
    /// # Errors
    /// When a file that it names cannot be read.
    pub fn of_file(settings: &MailSettings) -> Result<Self, BadMail> {
        let (password, authority) = settings.files()?;
        let everywhere = ["0.0.0.0/0", "::/0"].map(str::parse);
        let allow_private = everywhere.into_iter().filter_map(Result::ok).collect();
        let policy = AddressPolicy { allow_private, allow_loopback: true, own: Vec::new() };
        Ok(Self { settings: settings.clone(), password, authority, policy })
    }

    /// Checks it.
    ///
    /// # Errors
    /// Naming the setting.
    pub fn check(&self) -> Result<(), BadMail> {
        self.open().map(drop)
    }

    pub(super) fn open(&self) -> Result<Server, BadMail> {
        let server = self.settings.with(self.password.clone(), self.authority.clone())?;
        let server = server.ok_or_else(|| BadMail::new("server", "must name the mail server"))?;
        // What cannot be used is said now, not with the first letter.
        super::smtp::parameters(&self.settings, &server)?;
        Ok(server)
    }
}

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
        if self.server.as_ref().is_none_or(|host| host.trim().is_empty()) {
            return Ok(None);
        }
        let (password, authority) = self.files()?;
        self.with(password, authority)
    }

    /// What stands in the files that they name: the password, and the authority.
    fn files(&self) -> Result<(Option<Secret>, Option<String>), BadMail> {
        let password = match &self.password_file {
            None => None,
            Some(file) => {
                let bytes = read(file)?;
                let line = bytes.split(|&b| b == b'\n' || b == b'\r').next().unwrap_or_default();
                let text = std::str::from_utf8(line);
                let odd = "the password in `password_file` must be UTF-8";
                let text = text.map_err(|_| BadMail::new("password_file", odd))?;
                Some(Secret::new(text.to_owned()))
            }
        };
        let authority = self.ca_file.as_deref().map(read).transpose()?;
        let odd = |_| BadMail::new("ca_file", "`ca_file` holds no certificate (PEM)");
        let authority = authority.map(String::from_utf8).transpose().map_err(odd)?;
        Ok((password, authority))
    }

    fn with(
        &self,
        password: Option<Secret>,
        authority: Option<String>,
    ) -> Result<Option<Server>, BadMail> {
        let bad = |setting, why: &str| Err(BadMail::new(setting, why));
        let Some(host) = self.server.clone().filter(|host| !host.trim().is_empty()) else {
            return Ok(None);
        };
        let Some(from) = &self.from else {
            return bad(
                "from",
                "`from` is missing: whom letters are from, as `Meetings <m@example.org>`",
            );
        };
        let from: Mailbox = match from.parse() {
            Ok(from) => from,
            Err(_) => return bad("from", "`from` is no address: write `Meetings <m@example.org>`"),
        };
        let here = host == "localhost"
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if self.tls == MailTls::None && !here {
            return bad("tls", "`tls = \"none\"` is only for a server on this machine");
        }
        let credentials = match (&self.username, password) {
            (None, None) => None,
            (Some(name), Some(password)) => Some((name.clone(), password)),
            (Some(_), None) => return bad("password_file", "`username` needs `password_file`"),
            (None, Some(_)) => return bad("username", "`password_file` needs `username`"),
        };
        let authority = authority.map(String::into_bytes);
        Ok(Some(Server { host, from, credentials, authority }))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, BadMail> {
    let named = |error: std::io::Error| BadMail::new("", format!("{}: {error}", path.display()));
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
