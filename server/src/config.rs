//! Settings: what an operator may change, in TOML, with a limit and a default for each.

mod limits;
mod proxy;
mod public;
mod strict;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use convoke_model::policy::Hook;
use convoke_plugins::callback::Network;
use convoke_plugins::rhai::Names;
use convoke_plugins::{bridge, callback, ldap};
use serde::{Deserialize, Serialize};

use crate::mail::MailSettings;
use crate::webhooks::WebhookSettings;

pub use limits::{
    ChatLimits, ConnectionLimits, DiskMarks, JoinLimits, MeetingLimits, SignInLimits,
};
pub use proxy::{ForwardingHeader, ProxySettings};
pub use public::PublicLimits;
pub use strict::ConfigError;

/// All settings. A missing one has its default; an unknown one is refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// The address people reach this server by, such as `https://meet.example.org`. Links are built
    /// from it, and it is the origin that browsers must come from.
    pub base_url: Option<String>,
    /// What the legacy addresses (`/as/*`, `/id=..`) do.
    pub legacy_doors: LegacyDoors,
    /// The operator's certificate. Without it and off loopback, one of our own is made.
    pub tls: Option<TlsFiles>,
    /// How joining is limited.
    pub join: JoinLimits,
    /// How signing in is limited.
    pub sign_in: SignInLimits,
    /// How fast one participant may chat.
    pub chat: ChatLimits,
    /// How large a meeting may be, and how long its people may be away.
    pub meetings: MeetingLimits,
    /// How much of the disk is left free.
    pub disk: DiskMarks,
    /// How many connections are held.
    pub connections: ConnectionLimits,
    /// What is counted.
    pub metrics: MetricsSettings,
    /// What is logged.
    pub log: LogSettings,
    /// Application servers that say who somebody is, by name.
    pub callback: BTreeMap<String, callback::Settings>,
    /// Servers that scripts ask something of their own, by name.
    pub http: BTreeMap<String, callback::Settings>,
    /// Directories that say who somebody is, by name.
    pub ldap: BTreeMap<String, ldap::Settings>,
    /// Which scripts answer what is policy.
    pub policies: PolicySettings,
    /// The server that takes letters.
    pub mail: MailSettings,
    /// Which networks are the operator's own.
    pub networks: Networks,
    /// Which proxies are believed when they say for whom they speak.
    pub proxy: ProxySettings,
    /// How others are told of events.
    pub webhooks: WebhookSettings,
    /// How often public lists are read.
    pub public: PublicLimits,
    /// Telephone bridges that may ask which meeting a caller means, by name.
    pub bridge: BTreeMap<String, bridge::Settings>,
}

/// Which networks are the operator's own: for meetings that are only for people in them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Networks {
    /// Address ranges such as `192.168.0.0/16`. None means the private ones (RFC 1918, RFC 4193)
    /// and this machine itself.
    pub own: Vec<Network>,
}

impl Networks {
    const USUAL: [&str; 6] =
        ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"];

    /// Whether an address is in one of them.
    #[must_use]
    pub fn hold(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        if !self.own.is_empty() {
            return self.own.iter().any(|network| network.holds(address));
        }
        let usual = Self::USUAL.iter().filter_map(|text| text.parse::<Network>().ok());
        usual.into_iter().any(|network| network.holds(address))
    }
}

/// Whether legacy calls, which carry passwords in addresses, are served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LegacyDoors {
    /// Served without a word.
    Allow,
    /// Served; a password in a GET or over plain HTTP is an audit fact.
    #[default]
    Warn,
    /// Refused.
    Refuse,
}

/// A certificate chain and its key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsFiles {
    /// The chain, leaf first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Where the counters can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetricsSettings {
    /// The address of `GET /metrics`, which asks nobody who they are: keep it on loopback, or
    /// behind a firewall. Port 0 serves none.
    pub listen: SocketAddr,
}

impl Default for MetricsSettings {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 9464)) }
    }
}

/// Which scripts answer what is policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicySettings {
    /// The folder of the scripts, with one folder per hook; `scripts` in the data folder when
    /// nothing is said.
    pub scripts: Option<PathBuf>,
    /// Scripts whose verdicts hold.
    #[serde(flatten)]
    pub live: HookNames,
    /// Scripts that are asked beside them; where they disagree, that is recorded.
    pub trial: HookNames,
}

/// Names of scripts for each hook, in the order in which they are asked until one does not say
/// `next`. Where none is named, the built-in rules answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HookNames {
    /// Who may sign in.
    pub authenticate: Vec<String>,
    /// Who may come into a meeting.
    pub admit: Vec<String>,
    /// Which meeting a caller means.
    pub code: Vec<String>,
    /// Which access code a meeting gets.
    pub draw_code: Vec<String>,
    /// What public feeds say.
    pub publish: Vec<String>,
    /// Who gets a seat.
    pub register: Vec<String>,
    /// What is recorded.
    pub record: Vec<String>,
}

impl HookNames {
    /// By hook.
    #[must_use]
    pub fn names(&self) -> Names {
        let of = |hook| match hook {
            Hook::Authenticate => &self.authenticate,
            Hook::Admit => &self.admit,
            Hook::Code => &self.code,
            Hook::DrawCode => &self.draw_code,
            Hook::Publish => &self.publish,
            Hook::Register => &self.register,
            Hook::Record => &self.record,
        };
        Hook::ALL.into_iter().map(|hook| (hook, of(hook).clone())).collect()
    }
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogSettings {
    /// `error`, `warn`, `info`, `debug` or a filter such as `info,convoke=debug`.
    pub level: String,
    /// Lines for people or for machines.
    pub format: LogFormat,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Auto }
    }
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, else JSON.
    #[default]
    Auto,
    /// One line of text.
    Text,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// Whether somebody at this address is in a network of the operator's own. A proxy's address
    /// says nothing of who is behind it, wherever it is itself.
    #[must_use]
    pub fn is_in_own_network(&self, address: IpAddr) -> bool {
        !self.proxy.trusts(address) && self.networks.hold(address)
    }

    /// Reads a settings file.
    ///
    /// # Errors
    /// Naming the file, the line and the setting.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::file(path, &error.to_string()))?;
        Self::parse(&text).map_err(|error| error.within(path))
    }

    /// Reads settings from TOML.
    ///
    /// # Errors
    /// Naming the line and the setting.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let mut config: Self = strict::read(text, &Self::with_every_setting())?;
        if let Some(url) = &config.base_url {
            config.base_url =
                Some(base_url(url).map_err(|reason| strict::at(text, "base_url", &reason))?);
        }
        let names = config.callback.keys().chain(config.http.keys()).chain(config.ldap.keys());
        let names = names.chain(config.bridge.keys());
        if let Some(name) = names.into_iter().find(|name| !is_name(name)) {
            let reason = "is no name: small letters, digits, - and _ make one";
            return Err(strict::at(text, name, reason));
        }
        let signs = |settings: &bridge::Settings| settings.dialect == bridge::Dialect::Twilio;
        if config.base_url.is_none() && config.bridge.values().any(signs) {
            let reason = "`twilio` needs `base_url`: Twilio signs the whole address";
            return Err(strict::at(text, "dialect", reason));
        }
        let rates = [
            ("per_minute", config.join.per_minute),
            ("burst", config.join.burst),
            ("failures_per_minute", config.join.failures_per_minute),
            ("failures_burst", config.join.failures_burst),
            ("wrong_passwords_max", config.join.wrong_passwords_max),
            ("wrong_passwords_window_s", config.join.wrong_passwords_window_s),
            ("failures_per_minute", config.sign_in.failures_per_minute),
            ("failures_burst", config.sign_in.failures_burst),
            ("per_second", config.chat.per_second),
            ("burst", config.chat.burst),
            ("resume_s", config.meetings.resume_s),
            ("unadmitted_per_address_max", config.connections.unadmitted_per_address_max),
        ];
        match rates.iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => Err(strict::at(text, name, "must be at least 1")),
            None => Ok(config),
        }
    }

    /// A value in which every setting is present, from which the known names are read.
    fn with_every_setting() -> Self {
        let any = || strict::ANY_NAME.to_owned();
        let directory = ldap::Settings {
            privileges: [(any(), Vec::new())].into(),
            ..ldap::Settings::with_every_setting()
        };
        Self {
            callback: [(any(), callback::Settings::with_every_setting())].into(),
            http: [(any(), callback::Settings::with_every_setting())].into(),
            bridge: [(any(), bridge::Settings::with_every_setting())].into(),
            ldap: [(any(), directory)].into(),
            base_url: Some(String::new()),
            tls: Some(TlsFiles { certificate: PathBuf::new(), key: PathBuf::new() }),
            policies: PolicySettings { scripts: Some(PathBuf::new()), ..PolicySettings::default() },
            mail: MailSettings::with_every_setting(),
            networks: Networks::default(),
            webhooks: WebhookSettings::with_every_setting(),
            ..Self::default()
        }
    }
}

/// What a part of the settings may be called by scripts and commands.
fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    (1..=40).contains(&name.len()) && name.bytes().all(plain)
}

/// An origin and nothing more: scheme, host, port.
fn base_url(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches('/');
    let uri: http::Uri = text.parse().map_err(|_| format!("`{text}` is not an address"))?;
    let (Some("http" | "https"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(format!("`{text}` must begin with https:// or http:// and name a host"));
    };
    if uri.path() != "/" || uri.query().is_some() || authority.as_str().contains('@') {
        return Err(format!("`{text}` must be a scheme, a host and perhaps a port, no more"));
    }
    Ok(text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_gives_the_defaults() {
        assert_eq!(Config::parse("").expect("valid"), Config::default());
    }

    #[test]
    fn the_manual_shows_every_default() {
        let manual = include_str!("../../docs/OPERATIONS.md");
        let shown = manual.split("```toml").nth(1).and_then(|rest| rest.split("```").next());
        let shown = Config::parse(shown.expect("the manual shows the settings")).expect("valid");
        assert!(shown.base_url.is_some() && shown.tls.is_some());
        let mut usual = Config { base_url: None, tls: None, ..shown };
        assert!(usual.policies.scripts.take().is_some());
        assert_eq!(usual, Config::default());
    }

    #[test]
    fn settings_are_read() {
        let config = Config::parse(
            "base_url = \"https://Meet.example.org/\"\nlegacy_doors = \"refuse\"\n[chat]\nburst = 7\n[tls]\ncertificate = \"c\"\nkey = \"k\"\n",
        )
        .expect("valid");
        assert_eq!(config.base_url.as_deref(), Some("https://meet.example.org"));
        assert_eq!(config.legacy_doors, LegacyDoors::Refuse);
        assert_eq!(config.chat, ChatLimits { burst: 7, ..ChatLimits::default() });
        assert!(config.tls.is_some());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let table = [
            (
                "[chat]\nbrust = 3\n",
                "line 2: unknown setting `chat.brust`; did you mean `chat.burst`?",
            ),
            ("base_ulr = \"x\"", "line 1: unknown setting `base_ulr`; did you mean `base_url`?"),
            ("\n\n[chatt]\nburst = 1", "line 3: unknown setting `chatt`; did you mean `chat`?"),
            (
                "join.per_minuet = 1",
                "line 1: unknown setting `join.per_minuet`; did you mean `join.per_minute`?",
            ),
            ("[chat]\nburst = 0", "line 2: `burst` must be at least 1"),
            ("[meetings]\nresume_s = 0", "line 2: `resume_s` must be at least 1"),
            (
                "\nbase_url = \"meet.example.org\"",
                "line 2: `base_url` `meet.example.org` must begin with",
            ),
            ("base_url = \"https://a.example/x\"", "must be a scheme, a host and perhaps a port"),
            ("legacy_doors = \"open\"", "line 1: "),
            ("[chat]\nburst = \"many\"", "line 2: "),
            (
                "[proxy]\ntrusted = [\"localhost\"]",
                "line 2: `localhost` is neither an address nor a network; they are written",
            ),
            ("[proxy]\ntrusted = [\"::/0\"]", "line 2: `::/0` would believe everybody; name"),
            (
                "[proxy]\ntrust = []",
                "line 2: unknown setting `proxy.trust`; did you mean `proxy.trusted`?",
            ),
            ("[proxy]\nheader = \"x-real-ip\"", "line 2: "),
            ("[chat\n", "line 1: "),
        ];
        for (text, expected) in table {
            let error = Config::parse(text).expect_err(text).to_string();
            assert!(error.contains(expected), "{text:?} gives {error:?}");
        }
    }

    #[test]
    fn a_name_unlike_any_other_gets_the_list_of_names() {
        let error = Config::parse("zzzzzzzzzzzz = 1").expect_err("refused").to_string();
        assert!(error.contains("known here: base_url, bridge, callback,"), "{error}");
    }
}
