//! The application servers and directories of the settings and of the console, ready to be asked.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use convoke_model::policy::Value;
use convoke_plugins::callback::Callback;
use convoke_plugins::ldap::Directory;
use convoke_plugins::{BadSetting, NonEmptySecret, Outcome, UnusableSecret};

use crate::config::Config;

/// Everybody outside who can say who somebody is, by the names of the settings, and those whom
/// administrators set while we run. Where both have one name, the settings hold.
#[derive(Default)]
pub struct Outside {
    /// `[callback.NAME]`
    pub callbacks: BTreeMap<String, Arc<Callback>>,
    /// `[http.NAME]`
    pub services: BTreeMap<String, Arc<Callback>>,
    /// `[ldap.NAME]`
    pub directories: BTreeMap<String, Arc<Directory>>,
    set: RwLock<Set>,
}

/// Those who were set while we run.
#[derive(Default)]
struct Set {
    callbacks: BTreeMap<String, Arc<Callback>>,
    services: BTreeMap<String, Arc<Callback>>,
    directories: BTreeMap<String, Arc<Directory>>,
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
            outside.callbacks.insert(name.clone(), Arc::new(callback));
        }
        for (name, settings) in &config.http {
            let wrong = |bad| BadOutside { part: format!("http.{name}"), bad };
            let service = Callback::new(settings.clone(), own).map_err(wrong)?;
            outside.services.insert(name.clone(), Arc::new(service));
        }
        for (name, settings) in &config.ldap {
            let wrong = |bad| BadOutside { part: format!("ldap.{name}"), bad };
            let directory = Directory::new(settings.clone()).map_err(wrong)?;
            outside.directories.insert(name.clone(), Arc::new(directory));
        }
        Ok(outside)
    }

    /// An application server.
    #[must_use]
    pub fn callback(&self, name: &str) -> Option<Arc<Callback>> {
        self.callbacks.get(name).cloned().or_else(|| self.read().callbacks.get(name).cloned())
    }

    /// A server that scripts ask something of their own.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<Arc<Callback>> {
        self.services.get(name).cloned().or_else(|| self.read().services.get(name).cloned())
    }

    /// A directory.
    #[must_use]
    pub fn directory(&self, name: &str) -> Option<Arc<Directory>> {
        self.directories.get(name).cloned().or_else(|| self.read().directories.get(name).cloned())
    }

    /// From now on this application server is asked under that name, or none. Whoever is asking
    /// the one before ends in peace.
    pub fn set_callback(&self, name: &str, to: Option<Callback>) {
        put(&mut self.write().callbacks, name, to);
    }

    /// The same for a server that scripts ask.
    pub fn set_service(&self, name: &str, to: Option<Callback>) {
        put(&mut self.write().services, name, to);
    }

    /// The same for a directory.
    pub fn set_directory(&self, name: &str, to: Option<Directory>) {
        put(&mut self.write().directories, name, to);
    }

    fn read(&self) -> RwLockReadGuard<'_, Set> {
        self.set.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Set> {
        self.set.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A script's library call `http.ask`, with the NAME of the settings and a map of fields.
    ///
    /// # Errors
    /// One sentence, when there is no such server or it does not answer.
    pub async fn fetch(&self, server: &str, data: &Value) -> Result<Value, String> {
        let service = self.service(server);
        let service = service.ok_or_else(|| format!("the settings have no [http.{server}]"))?;
        service.fetch(data).await
    }

    /// A script's library call: `callback.ask`, `ldap.bind` or `ldap.find`, with the NAME of the
    /// settings, what the person typed as their name, and as their password.
    ///
    /// The answer holds `outcome` (`allow`, `deny`, `fault`; `found` for `ldap.find`, which proves
    /// nobody), `code`, `reason` and `profile`, and no secret.
    ///
    /// # Errors
    /// One sentence, when there is no such call or no such server.
    pub async fn call(
        &self,
        call: &str,
        server: &str,
        identity: &str,
        password: Option<&str>,
    ) -> Result<Value, String> {
        let part = call.split('.').next().unwrap_or_default();
        let unknown = || format!("the settings have no [{part}.{server}]");
        let secret = NonEmptySecret::new(password.unwrap_or_default());
        let report = match call {
            "callback.ask" => {
                let callback = self.callback(server).ok_or_else(unknown)?;
                match secret {
                    Ok(secret) => callback.ask(identity, &secret).await,
                    Err(unusable) => return Ok(denied(unusable)),
                }
            }
            "ldap.bind" => {
                let directory = self.directory(server).ok_or_else(unknown)?;
                match secret {
                    Ok(secret) => directory.sign_in(identity, &secret).await,
                    Err(unusable) => return Ok(denied(unusable)),
                }
            }
            "ldap.find" => self.directory(server).ok_or_else(unknown)?.find(identity).await,
            _ => return Err(format!("{call} is no call of this library")),
        };
        let mut answer = Value::from(&report.outcome);
        if let (Outcome::Allowed(_), "ldap.find", Value::Map(entries)) =
            (&report.outcome, call, &mut answer)
        {
            // Nobody proved anything: a script must not take this for a sign-in.
            entries.insert("outcome".to_owned(), "found".into());
            entries.insert("code".to_owned(), "found".into());
        }
        Ok(answer)
    }
}

fn put<T>(all: &mut BTreeMap<String, Arc<T>>, name: &str, to: Option<T>) {
    match to {
        Some(to) => all.insert(name.to_owned(), Arc::new(to)),
        None => all.remove(name),
    };
}

fn denied(unusable: UnusableSecret) -> Value {
    Value::map([
        ("outcome", "deny".into()),
        ("code", unusable.code().into()),
        ("reason", unusable.to_string().into()),
        ("profile", Value::Null),
    ])
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
        let good = "[callback.crm]\nurl = \"https://a.example/\"\n\
                    allow_private = [\"10.0.0.0/8\"]\n\
                    [ldap.corp]\nservers = [\"dc1\"]\nbase_dn = \"dc=x\"\n\
                    [ldap.corp.privileges]\n\"CN=Hosts,DC=x\" = [\"chat\", \"record\"]\n";
        assert!(open(good).is_ok());
    }

    #[test]
    fn a_script_hears_why_nobody_was_asked() {
        let outside = open(
            "[callback.crm]\nurl = \"http://127.0.0.1:1/\"\n\
             [ldap.corp]\nservers = [\"127.0.0.1:1\"]\nbase_dn = \"dc=x\"\n",
        )
        .expect("good settings");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let call = |call: &str, server: &str, password: Option<&str>| {
            let answer = runtime.block_on(outside.call(call, server, "ann", password));
            answer.map(|answer| answer.get("code").and_then(Value::text).unwrap_or("").to_owned())
        };
        for (name, server) in [("callback.ask", "crm"), ("ldap.bind", "corp")] {
            assert_eq!(call(name, server, None), Ok("password_blank".to_owned()));
            assert_eq!(call(name, server, Some(" ")), Ok("password_blank".to_owned()));
            assert_eq!(call(name, server, Some("a\0")), Ok("password_nul".to_owned()));
        }
        assert_eq!(outside.callbacks["crm"].asked(), 0);
        assert_eq!(call("callback.ask", "crm", Some("x")), Ok("address_denied".to_owned()));
        assert_eq!(call("ldap.find", "corp", None), Ok("unreachable".to_owned()));
        for (name, server) in [("callback.ask", "corp"), ("ldap.bind", "crm"), ("ldap.add", "corp")]
        {
            assert!(call(name, server, Some("x")).is_err(), "{name} {server}");
        }
    }
}
