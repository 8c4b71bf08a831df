//! The application servers and directories of the settings, ready to be asked.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use convoke_plugins::BadSetting;
use convoke_plugins::callback::Callback;
use convoke_plugins::ldap::Directory;

use crate::config::Config;

/// Everybody outside who can say who somebody is, by the names of the settings.
#[derive(Default)]
pub struct Outside {
    /// `[callback.NAME]`
    pub callbacks: BTreeMap<String, Callback>,
    /// `[ldap.NAME]`
    pub directories: BTreeMap<String, Directory>,
}

/// A part of the settings that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("[{part}] {bad}")]
pub struct BadOutside {
    part: String,
    bad: BadSetting,
}

impl Outside {
    /// Reads the files that the settings name; asks nobody yet. `own` are the addresses this server
    /// listens on.
    ///
    /// # Errors
    /// Naming the part and the setting.
    pub fn open(config: &Config, own: &[SocketAddr]) -> Result<Self, BadOutside> {
        let mut outside = Self::default();
        for (name, settings) in &config.callback {
            let wrong = |bad| BadOutside { part: format!("callback.{name}"), bad };
            let callback = Callback::new(settings.clone(), own).map_err(wrong)?;
            outside.callbacks.insert(name.clone(), callback);
        }
        for (name, settings) in &config.ldap {
            let wrong = |bad| BadOutside { part: format!("ldap.{name}"), bad };
            let directory = Directory::new(settings.clone()).map_err(wrong)?;
            outside.directories.insert(name.clone(), directory);
        }
        Ok(outside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(text: &str) -> Result<Outside, String> {
        let config = Config::parse(text).map_err(|error| error.to_string())?;
        Outside::open(&config, &[]).map_err(|error| error.to_string())
    }

    #[test]
    fn the_manual_of_signing_in_shows_settings_that_work() {
        let manual = include_str!("../../docs/SIGN-IN.md");
        let mut shown = 0;
        for text in manual.split("```toml").skip(1).filter_map(|rest| rest.split("```").next()) {
            let config = Config::parse(text).unwrap_or_else(|error| panic!("{error} in {text}"));
            shown += config.callback.len() + config.ldap.len();
        }
        assert!(shown >= 4, "{shown}");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_part() {
        let table = [
            ("[callback.crm]\nurl = \"ftp://a/\"", "[callback.crm] `url` must begin with"),
            ("[callback.crm]\nurll = \"x\"", "line 2: unknown setting `callback.crm.urll`"),
            ("[callback.\"a b\"]\nurl = \"https://a/\"", "`a b` is no name"),
            ("[ldap.corp]\nbase_dn = \"dc=x\"", "[ldap.corp] `servers` must name"),
            ("[ldap.corp]\nno_verify = true", "line 2: unknown setting `ldap.corp.no_verify`"),
            ("[ldap.corp.attributes]\nfist_name = \"x\"", "did you mean"),
            ("[ldap.corp.privileges]\nHosts = [\"fly\"]", "unknown variant `fly`"),
        ];
        for (text, expected) in table {
            let error = open(text).err().unwrap_or_else(|| panic!("{text} is taken"));
            assert!(error.contains(expected), "{text}: {error}");
        }
        let good = "[callback.crm]\nurl = \"https://a.example/\"\nallow_private = [\"10.0.0.0/8\"]\n\
                    [ldap.corp]\nservers = [\"dc1\"]\nbase_dn = \"dc=x\"\n\
                    [ldap.corp.privileges]\n\"CN=Hosts,DC=x\" = [\"chat\", \"record\"]\n";
        assert!(open(good).is_ok());
    }
}
