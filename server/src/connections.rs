//! Connections that administrators set while we run: application servers, directories, bridges and
//! the mail server. What is set is in the log, passwords in the vault, and what is in force here.
//!
//! What the settings file sets stays as it is: its names cannot be set here, and hold where both
//! have one.

mod form;
mod scripts;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use convoke_model::site::connections::{
    Connection, ConnectionName, Connections as Known, Kind, SecretNumber,
};
use convoke_wire::turbo::Secret;

use crate::bridges::Bridges;
use crate::config::Config;
use crate::control::Engine;
use crate::entropy;
use crate::mail::{Mail, Smtp, Switched, Words};
use crate::outside::Outside;
use crate::vault::{SecretOf, Vault, VaultError};

pub use form::{Around, Built, Wrong, build, sends_elsewhere};
pub use scripts::names_it;

/// A connection by kind and name.
pub type Id = (Kind, ConnectionName);

/// What connections are made of.
pub struct Parts {
    /// Who knows what is set.
    pub engine: Arc<dyn Engine>,
    /// Where passwords lie.
    pub vault: Arc<Vault>,
    /// Telephone bridges.
    pub bridges: Arc<Bridges>,
    /// Who delivers letters.
    pub mail: Arc<Switched>,
    /// What letters say.
    pub words: Arc<Words>,
    /// Where we listen.
    pub own: SocketAddr,
}

/// Connections, and which are in force.
pub struct Connections {
    parts: Parts,
    has_base_url: bool,
    /// Names of the settings file.
    file: Vec<Id>,
    /// Those who are asked, once the server runs.
    outside: OnceLock<Arc<Outside>>,
    /// Changes are made one after the other.
    turn: tokio::sync::Mutex<()>,
    in_force: Mutex<BTreeMap<Id, InForce>>,
}

/// A connection as it was taken in last.
struct InForce {
    connection: Connection,
    /// Why it cannot be used.
    problem: Option<String>,
}

impl Connections {
    /// Reads which names the settings file has.
    #[must_use]
    pub fn new(parts: Parts, config: &Config) -> Self {
        let named = |kind: Kind, names: Vec<&String>| {
            let name = |text: &&String| ConnectionName::new(text).map(|name| (kind, name));
            names.iter().filter_map(name).collect::<Vec<Id>>()
        };
        let mut file = named(Kind::Callback, config.callback.keys().collect());
        file.extend(named(Kind::Http, config.http.keys().collect()));
        file.extend(named(Kind::Ldap, config.ldap.keys().collect()));
        file.extend(named(Kind::Bridge, config.bridge.keys().collect()));
        if parts.mail.is_in_file() {
            file.extend(named(Kind::Mail, vec![&"mail".to_owned()]));
        }
        Self {
            parts,
            has_base_url: config.base_url.is_some(),
            file,
            outside: OnceLock::new(),
            turn: tokio::sync::Mutex::default(),
            in_force: Mutex::default(),
        }
    }

    /// Takes in who is asked, once the server runs.
    pub fn open(&self, outside: Arc<Outside>) {
        // Said once, at the start.
        let _ = self.outside.set(outside);
    }

    /// Those who are asked.
    #[must_use]
    pub fn outside(&self) -> Option<&Arc<Outside>> {
        self.outside.get()
    }

    /// Waits until nobody else makes a change. It is over when what is given is dropped.
    pub async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Whether the settings file has a connection of that name.
    #[must_use]
    pub fn is_in_file(&self, id: &Id) -> bool {
        self.file.contains(id)
    }

    /// What is set.
    #[must_use]
    pub fn known(&self) -> Known {
        self.parts.engine.connections()
    }

    /// Why one that is set is not in force, when it is not.
    #[must_use]
    pub fn problem(&self, id: &Id) -> Option<String> {
        self.lock().get(id).and_then(|one| one.problem.clone())
    }

    /// Makes what a form describes, without taking it in.
    ///
    /// # Errors
    /// Naming the field.
    pub fn build(
        &self,
        (kind, name): &Id,
        connection: &Connection,
        secret: Option<&Secret>,
    ) -> Result<Built, Wrong> {
        let around = Around { own: &[self.parts.own], has_base_url: self.has_base_url };
        build(*kind, name.as_str(), &connection.settings, secret, around)
    }

    /// Puts a password away under a number that nothing had before.
    ///
    /// # Errors
    /// Those of the vault.
    pub fn keep(&self, secret: &Secret) -> Result<SecretNumber, VaultError> {
        let number = SecretNumber(u64::from_le_bytes(entropy::bytes()));
        self.parts.vault.put(SecretOf::Connection(number), secret.expose().as_bytes())?;
        Ok(number)
    }

    /// Throws a password away.
    pub fn forget(&self, number: SecretNumber) {
        if let Err(error) = self.parts.vault.remove(SecretOf::Connection(number)) {
            tracing::warn!(%error, "the password of a connection could not be thrown away");
        }
    }

    /// The password that a connection has.
    ///
    /// # Errors
    /// Those of the vault.
    pub fn secret(&self, connection: &Connection) -> Result<Option<Secret>, VaultError> {
        let Some(number) = connection.secret else { return Ok(None) };
        let of = SecretOf::Connection(number);
        let kept = self.parts.vault.get(of)?;
        let lost = || VaultError::Sealed(of.to_string());
        let text = std::str::from_utf8(kept.as_ref().ok_or_else(lost)?).map_err(|_| lost())?;
        Ok(Some(Secret::new(text.to_owned())))
    }

    /// Takes in what is set now, and lets go of what is not any more. What did not change is left
    /// as it is, with what it remembers.
    pub fn refresh(&self) {
        let mut in_force = self.lock();
        let known = self.known();
        let gone: Vec<Id> =
            in_force.keys().filter(|id| known.get(id.0, &id.1).is_none()).cloned().collect();
        for id in gone {
            in_force.remove(&id);
            self.let_go(&id);
            tracing::info!(kind = id.0.word(), name = id.1.as_str(), "a connection is gone");
        }
        for (kind, name, connection) in known.iter() {
            let id = (kind, name.clone());
            if in_force.get(&id).is_some_and(|one| one.connection == *connection) {
                continue;
            }
            let problem = self.take_in(&id, connection).err();
            match &problem {
                None => tracing::info!(kind = kind.word(), name = name.as_str(), "connected"),
                Some(why) => {
                    let (kind, name) = (kind.word(), name.as_str());
                    tracing::error!(kind, name, why, "a connection cannot be used");
                    self.let_go(&id);
                }
            }
            in_force.insert(id, InForce { connection: connection.clone(), problem });
        }
    }

    fn take_in(&self, id: &Id, connection: &Connection) -> Result<(), String> {
        let secret = self.secret(connection).map_err(|error| error.to_string())?;
        let built = self.build(id, connection, secret.as_ref());
        let built = built.map_err(|Wrong { field, why }| format!("`{field}` {why}"))?;
        let name = id.1.as_str();
        let outside = self.outside.get();
        match built {
            Built::Callback(made) => {
                if let Some(outside) = outside {
                    outside.set_callback(name, Some(*made));
                }
            }
            Built::Http(made) => {
                if let Some(outside) = outside {
                    outside.set_service(name, Some(*made));
                }
            }
            Built::Ldap(made) => {
                if let Some(outside) = outside {
                    outside.set_directory(name, Some(made));
                }
            }
            Built::Bridge(made) => self.parts.bridges.set(name, Some(*made)),
            Built::Mail(made) => {
                let words = Arc::clone(&self.parts.words);
                let smtp = Smtp::start_given(*made, words).map_err(|bad| bad.to_string())?;
                let smtp: Arc<dyn Mail> = Arc::new(smtp);
                self.parts.mail.switch(Some(smtp));
            }
        }
        Ok(())
    }

    fn let_go(&self, (kind, name): &Id) {
        let (name, outside) = (name.as_str(), self.outside.get());
        match (kind, outside) {
            (Kind::Callback, Some(outside)) => outside.set_callback(name, None),
            (Kind::Http, Some(outside)) => outside.set_service(name, None),
            (Kind::Ldap, Some(outside)) => outside.set_directory(name, None),
            (Kind::Callback | Kind::Http | Kind::Ldap, None) => {}
            (Kind::Bridge, _) => self.parts.bridges.set(name, None),
            (Kind::Mail, _) => self.parts.mail.switch(None),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Id, InForce>> {
        self.in_force.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
