//! One server of a directory: its connections of ours, and whether it is left alone for a while.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustls::ClientConfig;

use super::connection::Connection;
use super::settings::{Address, Settings};
use super::verdict::is_of_this_server;
use crate::breaker::Breaker;
use crate::callback::AddressPolicy;
use crate::outcome::Fault;
use crate::secret::NonEmptySecret;

/// A server, and what we keep of it.
pub(super) struct Server {
    pub(super) address: Address,
    policy: Option<Arc<AddressPolicy>>,
    breaker: Mutex<Breaker>,
    /// Connections that are signed in as ourselves, and since when they idle.
    pool: Mutex<Vec<(Connection, Instant)>>,
}

impl Server {
    pub(super) fn new(
        address: Address,
        settings: &Settings,
        policy: Option<Arc<AddressPolicy>>,
    ) -> Self {
        let rest = Duration::from_secs(settings.rest_s);
        Self {
            address,
            policy,
            breaker: Mutex::new(Breaker::new(settings.failures_max, rest)),
            pool: Mutex::new(Vec::new()),
        }
    }

    pub(super) fn may_ask(&self) -> bool {
        lock(&self.breaker).may_ask(Instant::now())
    }

    pub(super) fn went_well(&self) {
        lock(&self.breaker).went_well();
    }

    pub(super) fn failed(&self) {
        lock(&self.breaker).failed(Instant::now());
    }

    /// A connection that is signed in as nobody.
    pub(super) async fn fresh(
        &self,
        settings: &Settings,
        tls: &Arc<ClientConfig>,
    ) -> Result<Connection, Fault> {
        let connect = Duration::from_millis(settings.connect_ms);
        let policy = self.policy.as_deref();
        Connection::open(&self.address, policy, settings.tls, tls, connect).await
    }

    /// A connection that is signed in as ourselves, and whether it was open already.
    pub(super) async fn ours(
        &self,
        settings: &Settings,
        tls: &Arc<ClientConfig>,
        password: Option<&NonEmptySecret>,
    ) -> Result<(Connection, bool), Fault> {
        if let Some(connection) = self.idle(settings) {
            return Ok((connection, true));
        }
        let mut connection = self.fresh(settings, tls).await?;
        if let Some(password) = password {
            let limit = Duration::from_millis(settings.operation_ms);
            let bind = connection.ldap.simple_bind(&settings.bind_dn, password.expose());
            let result = match tokio::time::timeout(limit, bind).await {
                Ok(Ok(result)) => result,
                Ok(Err(error)) => return Err(Fault::Unreachable(error.to_string())),
                Err(_) => return Err(Fault::Late),
            };
            match result.rc {
                0 => {}
                code if is_of_this_server(code) => {
                    return Err(Fault::Unreachable(format!("our own bind: code {code}")));
                }
                code => {
                    let dn = &settings.bind_dn;
                    return Err(Fault::ServiceBind(format!("as {dn}, code {code}")));
                }
            }
        }
        Ok((connection, false))
    }

    /// Takes a connection back that went well.
    pub(super) fn give_back(&self, mut connection: Connection, settings: &Settings) {
        let mut pool = lock(&self.pool);
        if connection.is_open() && pool.len() < settings.pool_max as usize {
            pool.push((connection, Instant::now()));
        }
    }

    fn idle(&self, settings: &Settings) -> Option<Connection> {
        let age_max = Duration::from_secs(settings.pool_idle_s);
        let mut pool = lock(&self.pool);
        while let Some((mut connection, since)) = pool.pop() {
            if since.elapsed() < age_max && connection.is_open() {
                return Some(connection);
            }
        }
        None
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind these locks is whole after every call, even one that ended badly.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
