//! How a directory is asked: the part `[ldap.NAME]` of the settings.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::filter::Template;
use crate::profile::Privilege;
use crate::secret::NonEmptySecret;
use crate::trust::BadSetting;

/// `[ldap.NAME]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `dc1.example.org` or `dc1.example.org:636`, in the order in which they are asked.
    pub servers: Vec<String>,
    /// How the connection is made private.
    pub tls: TlsMode,
    /// PEM file of the authority that vouches for the servers; those that browsers believe if there
    /// is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// How a person is proved.
    pub bind: BindMode,
    /// `search`: whom we sign in as to look people up; empty: nobody (an anonymous search).
    pub bind_dn: String,
    /// `search`: a file whose first line is that one's password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bind_password_file: Option<PathBuf>,
    /// `direct`: what to sign in as, such as `uid={name},ou=people,dc=example,dc=org` or
    /// `{name}@example.org`.
    pub direct_template: String,
    /// Where people are.
    pub base_dn: String,
    /// How far below it they are.
    pub scope: SearchScope,
    /// Which entry is meant; `{name}` is what was typed, escaped.
    pub filter: String,
    /// Which attributes tell what.
    pub attributes: Attributes,
    /// How groups are found.
    pub groups: GroupMode,
    /// Where groups are; `base_dn` if empty.
    pub group_base_dn: String,
    /// `walk`: which groups somebody or some group is in; `{dn}` is theirs, escaped.
    pub group_filter: String,
    /// The attribute that names a group.
    pub group_name: String,
    /// `walk`: groups in groups, so deep.
    pub group_depth_max: u32,
    /// Groups of one person that are looked at.
    pub groups_max: u32,
    /// How old what is known of somebody's groups may be, in seconds; 0: always asked.
    pub group_age_s: u64,
    /// What members of a group may do. A group is given by its DN, or by its name alone.
    pub privileges: BTreeMap<String, Vec<Privilege>>,
    /// What everybody may do.
    pub privileges_of_all: Vec<Privilege>,
    /// Groups, by DN, whose members administer this server.
    pub administrators: Vec<String>,
    /// Whether `administrators` counts.
    pub allow_administrator: bool,
    /// Time to connect to one server, TLS included, in milliseconds.
    pub connect_ms: u64,
    /// Time for one question to one server, in milliseconds.
    pub operation_ms: u64,
    /// Time for all of it, in milliseconds.
    pub total_ms: u64,
    /// Sign-ins at once.
    pub at_once_max: u32,
    /// How long one more waits for a place before it is told `busy`, in milliseconds.
    pub queue_ms: u64,
    /// Connections of ours that are kept open to each server.
    pub pool_max: u32,
    /// How long one may idle, in seconds.
    pub pool_idle_s: u64,
    /// So many failures in a row and a server is left alone for `rest_s`.
    pub failures_max: u32,
    /// That rest, in seconds.
    pub rest_s: u64,
    /// Entries in one page of a search for groups.
    pub page_entries: u32,
}

/// How the connection is made private.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsMode {
    /// TLS from the first byte, port 636.
    #[default]
    Ldaps,
    /// A plain beginning, port 389, and TLS before anything secret is sent.
    StartTls,
    /// No TLS at all: everybody on the way can read every password.
    ClearTextForTestsOnly,
}

/// How a person is proved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BindMode {
    /// We look the person's entry up, then sign in as it.
    #[default]
    Search,
    /// We sign in as what the template makes of the name, then read the person's entry.
    Direct,
}

/// How far below the base people are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchScope {
    /// Anywhere below.
    #[default]
    Subtree,
    /// Directly below.
    OneLevel,
    /// It is the entry.
    Base,
}

/// How groups are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupMode {
    /// Not at all.
    #[default]
    None,
    /// The entry's `member_of` attribute: no groups in groups.
    MemberOf,
    /// One question that Active Directory understands: groups in groups, too.
    InChain,
    /// One question for each level of groups in groups, for other directories.
    Walk,
}

/// Which attributes tell what; an empty name is not asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attributes {
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Telephone number.
    pub phone: String,
    /// E-mail address.
    pub email: String,
    /// What reports call this person.
    pub user_id: String,
    /// An IANA time zone.
    pub time_zone: String,
    /// Groups, by DN.
    pub member_of: String,
    /// More, for scripts.
    pub others: Vec<String>,
}

impl Default for Attributes {
    fn default() -> Self {
        Self {
            first_name: "givenName".to_owned(),
            last_name: "sn".to_owned(),
            phone: "telephoneNumber".to_owned(),
            email: "mail".to_owned(),
            user_id: String::new(),
            time_zone: String::new(),
            member_of: "memberOf".to_owned(),
            others: Vec::new(),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            tls: TlsMode::Ldaps,
            ca: None,
            bind: BindMode::Search,
            bind_dn: String::new(),
            bind_password_file: None,
            direct_template: String::new(),
            base_dn: String::new(),
            scope: SearchScope::Subtree,
            filter: "(&(objectClass=person)(|(mail={name})(uid={name})))".to_owned(),
            attributes: Attributes::default(),
            groups: GroupMode::None,
            group_base_dn: String::new(),
            group_filter: "(member={dn})".to_owned(),
            group_name: "cn".to_owned(),
            group_depth_max: 10,
            groups_max: 500,
            group_age_s: 60,
            privileges: BTreeMap::new(),
            privileges_of_all: Vec::new(),
            administrators: Vec::new(),
            allow_administrator: false,
            connect_ms: 1500,
            operation_ms: 2000,
            total_ms: 5000,
            at_once_max: 16,
            queue_ms: 500,
            pool_max: 4,
            pool_idle_s: 60,
            failures_max: 3,
            rest_s: 10,
            page_entries: 200,
        }
    }
}

/// A server to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
}

/// Settings whose values were checked.
pub(super) struct Checked {
    pub(super) addresses: Vec<Address>,
    pub(super) bind_password: Option<NonEmptySecret>,
    pub(super) filter: Template,
    pub(super) group_filter: Template,
    pub(super) direct: Option<Template>,
}

impl Settings {
    /// A value in which every setting is present, for readers that look their names up.
    #[must_use]
    pub fn with_every_setting() -> Self {
        Self {
            ca: Some(PathBuf::new()),
            bind_password_file: Some(PathBuf::new()),
            ..Self::default()
        }
    }

    pub(super) fn check(&self, given: Option<&NonEmptySecret>) -> Result<Checked, BadSetting> {
        self.check_numbers()?;
        if self.servers.is_empty() || self.servers.len() > 16 {
            return Err(BadSetting::new("servers", "must name 1 to 16 servers"));
        }
        let addresses = self
            .servers
            .iter()
            .map(|server| Address::parse(server, self.tls))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|reason| BadSetting::new("servers", reason))?;
        if self.base_dn.trim().is_empty() {
            return Err(BadSetting::new("base_dn", "must say where people are"));
        }
        let template = |setting, text: &str, what| {
            Template::filter(text, what).map_err(|reason| BadSetting::new(setting, reason))
        };
        let direct = match self.bind {
            BindMode::Search => None,
            BindMode::Direct => Some(
                Template::identity(&self.direct_template)
                    .map_err(|reason| BadSetting::new("direct_template", reason))?,
            ),
        };
        let walks = matches!(self.groups, GroupMode::Walk | GroupMode::InChain);
        if walks && self.group_name.is_empty() {
            return Err(BadSetting::new("group_name", "must name an attribute"));
        }
        if let Some(name) = self.administrators.iter().find(|group| !group.contains('=')) {
            let reason = format!("`{name}` is no DN; a name alone could be given to another group");
            return Err(BadSetting::new("administrators", reason));
        }
        Ok(Checked {
            addresses,
            bind_password: self.bind_password(given)?,
            filter: template("filter", &self.filter, "{name}")?,
            group_filter: template("group_filter", &self.group_filter, "{dn}")?,
            direct,
        })
    }

    fn check_numbers(&self) -> Result<(), BadSetting> {
        let bounds = [
            ("connect_ms", self.connect_ms, 60_000),
            ("operation_ms", self.operation_ms, 60_000),
            ("total_ms", self.total_ms, 60_000),
            ("at_once_max", self.at_once_max.into(), 1_000),
            ("failures_max", self.failures_max.into(), 1_000),
            ("rest_s", self.rest_s, 3_600),
            ("page_entries", self.page_entries.into(), 1_000),
            ("group_depth_max", self.group_depth_max.into(), 64),
            ("groups_max", self.groups_max.into(), 5_000),
        ];
        for (name, value, most) in bounds {
            if value == 0 || value > most {
                return Err(BadSetting::new(name, format!("must be from 1 to {most}")));
            }
        }
        if self.group_age_s > 86_400 {
            return Err(BadSetting::new("group_age_s", "must be at most 86400"));
        }
        Ok(())
    }

    fn bind_password(
        &self,
        given: Option<&NonEmptySecret>,
    ) -> Result<Option<NonEmptySecret>, BadSetting> {
        if let Some(given) = given {
            if self.bind_dn.is_empty() {
                return Err(BadSetting::new("bind_dn", "must say whose password that is"));
            }
            return Ok(Some(given.clone()));
        }
        match (&self.bind_password_file, self.bind_dn.is_empty()) {
            (None, true) => Ok(None),
            (None, false) => {
                let reason = "must be given with `bind_dn`: without a password it is nobody";
                Err(BadSetting::new("bind_password_file", reason))
            }
            (Some(_), true) => Err(BadSetting::new("bind_dn", "must say whose password that is")),
            (Some(path), false) => {
                let wrong = |reason: String| {
                    BadSetting::new("bind_password_file", format!("{path:?}: {reason}"))
                };
                let text = zeroize::Zeroizing::new(
                    std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?,
                );
                let line = text.lines().next().unwrap_or_default();
                NonEmptySecret::new(line).map(Some).map_err(|error| wrong(error.to_string()))
            }
        }
    }
}

impl Address {
    fn parse(text: &str, tls: TlsMode) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no server; one is written host or host:port");
        let default = match tls {
            TlsMode::Ldaps => 636,
            TlsMode::StartTls | TlsMode::ClearTextForTestsOnly => 389,
        };
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']').ok_or_else(wrong)?;
                (host, port.strip_prefix(':').filter(|port| !port.is_empty()))
            }
            None => match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || ['.', '-', '_', ':'].contains(&c);
        if host.is_empty() || !host.chars().all(plain) {
            return Err(wrong());
        }
        let port = match port {
            None => default,
            Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?,
        };
        Ok(Self { host: host.to_owned(), port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_host_and_perhaps_a_port() {
        let parse = |text| Address::parse(text, TlsMode::Ldaps).map(|a| (a.host, a.port));
        assert_eq!(parse("dc1.example.org"), Ok(("dc1.example.org".to_owned(), 636)));
        assert_eq!(parse("dc1:3269"), Ok(("dc1".to_owned(), 3269)));
        assert_eq!(parse("[::1]:636"), Ok(("::1".to_owned(), 636)));
        assert_eq!(Address::parse("dc1", TlsMode::StartTls).map(|a| a.port), Ok(389));
        for wrong in ["", "ldaps://dc1", "dc1:0", "dc1:x", "dc1:636:1", "a b", "a/b", "[::1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_cannot_work_is_named() {
        let good = Settings {
            servers: vec!["dc1".to_owned()],
            base_dn: "dc=example,dc=org".to_owned(),
            ..Settings::default()
        };
        assert!(good.check(None).is_ok());
        let wrong = |change: fn(&mut Settings)| {
            let mut settings = good.clone();
            change(&mut settings);
            settings.check(None).err().map(|bad| bad.setting)
        };
        assert_eq!(wrong(|s| s.servers.clear()), Some("servers"));
        assert_eq!(wrong(|s| s.base_dn.clear()), Some("base_dn"));
        assert_eq!(wrong(|s| s.filter = "(uid=x)".to_owned()), Some("filter"));
        assert_eq!(wrong(|s| s.filter = "(uid={name}".to_owned()), Some("filter"));
        assert_eq!(wrong(|s| s.bind_dn = "cn=x".to_owned()), Some("bind_password_file"));
        assert_eq!(wrong(|s| s.bind = BindMode::Direct), Some("direct_template"));
        assert_eq!(wrong(|s| s.total_ms = 0), Some("total_ms"));
        assert_eq!(wrong(|s| s.administrators.push("Admins".to_owned())), Some("administrators"));
    }
}
