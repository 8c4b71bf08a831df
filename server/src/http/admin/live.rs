//! The overview as a stream: how the server is, told when something happens and at least every two
//! seconds. Whoever watches only looks: it keeps no sign-in from idling out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use convoke_model::site::keys::Scope;
use convoke_model::{AccountId, ApiKeyId, Refusal};
use http::HeaderMap;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::overview;
use crate::http::api;
use crate::http::cookies;
use crate::http::events::event_stream;
use crate::http::refusal::No;
use crate::http::site::{Caller, Site};

/// Who watch at once.
const WATCHERS_MAX: usize = 32;
/// Of them, those of one account: its pages that are looked at.
const WATCHERS_OF_ONE_MAX: usize = 4;
/// Pieces that wait for a reader who is slower.
const PIECES_MAX: usize = 4;
/// At the latest after this it is told again, and looked whether the sign-in still is good.
const TOLD_EVERY: Duration = Duration::from_secs(2);
/// At the earliest after this it is told again, whatever happens meanwhile.
const GATHER: Duration = Duration::from_millis(500);
/// What was found out within this time is told to others too.
const FRESH: Duration = Duration::from_millis(400);

/// Who watches, and what was told last.
#[derive(Default)]
pub(in crate::http) struct Watching {
    places: Arc<Mutex<BTreeMap<AccountId, usize>>>,
    last: tokio::sync::Mutex<Option<(Instant, Bytes)>>,
}

/// A place of somebody who watches; free again when it is dropped.
struct Place {
    places: Arc<Mutex<BTreeMap<AccountId, usize>>>,
    account: AccountId,
}

impl Watching {
    fn enter(&self, account: AccountId) -> Result<Place, No> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let own = places.get(&account).copied().unwrap_or(0);
        if own >= WATCHERS_OF_ONE_MAX || places.values().sum::<usize>() >= WATCHERS_MAX {
            return Err(No::because(Refusal::Busy));
        }
        places.insert(account, own + 1);
        Ok(Place { places: Arc::clone(&self.places), account })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        match places.get_mut(&self.account) {
            Some(own) if *own > 1 => *own -= 1,
            Some(_) | None => {
                places.remove(&self.account);
            }
        }
    }
}

/// `GET /api/v1/admin/overview/stream`
pub(super) async fn stream(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, No> {
    let (account, key) = match &caller.bearer {
        Some(_) => {
            let (scope, only) = (Scope::AdminRead, Refusal::AdministratorsOnly);
            let who = api::looking_over(&site, &caller, &headers, scope, only).await?;
            (who.account.id, who.key)
        }
        None => (signed_in(&site, &caller, &headers).await?, None),
    };
    let place = site.desk.watching.enter(account)?;
    let (pieces, body) = mpsc::channel(PIECES_MAX);
    let watcher = Watcher { site, caller, headers, account, key, pieces, _place: place };
    tokio::spawn(watcher.run());
    Ok(event_stream(body))
}

/// Whose sign-in it is, if it is good for looking over the server; looking does not keep it from
/// idling out.
async fn signed_in(site: &Site, caller: &Caller, headers: &HeaderMap) -> Result<AccountId, No> {
    let needed = || No::because(Refusal::SignInNeeded);
    let cookie = cookies::sign_in(headers, &caller.own).ok_or_else(needed)?;
    let session = site.accounts.sessions().look(cookie, site.clock.uptime()).ok_or_else(needed)?;
    let account = site.engine.account(session.start.account).await?.ok_or_else(needed)?;
    if !account.enabled || account.administers() != session.start.administers {
        return Err(needed());
    }
    if site.owes_codes(&account) {
        return Err(No::because(Refusal::CodeRequired));
    }
    if account.looks_over() {
        Ok(account.id)
    } else {
        Err(No::because(Refusal::AdministratorsOnly))
    }
}

/// Whose key it is, if it is still good.
async fn keyed(site: &Site, key: ApiKeyId) -> Result<AccountId, No> {
    let invalid = || No::because(Refusal::KeyInvalid);
    let known = site.engine.api_key(key).await?;
    let known = known.filter(|key| key.is_good(site.clock.now())).ok_or_else(invalid)?;
    let account = site.engine.account(known.account).await?.ok_or_else(invalid)?;
    if account.enabled && account.looks_over() { Ok(account.id) } else { Err(invalid()) }
}

/// Somebody who watches.
struct Watcher {
    site: Arc<Site>,
    caller: Caller,
    headers: HeaderMap,
    account: AccountId,
    /// The key it was asked for with.
    key: Option<ApiKeyId>,
    pieces: mpsc::Sender<Bytes>,
    _place: Place,
}

impl Watcher {
    /// Until the reader goes, the sign-in or the privilege ends, or the server stops.
    async fn run(self) {
        let mut growth = self.site.engine.events().map(|log| log.growth());
        let mut ending = self.site.ending.subscribe();
        if !self.send(Bytes::from_static(b"retry: 2000\n\n")).await {
            return;
        }
        loop {
            match self.still().await {
                Ok(account) if account == self.account => {}
                Ok(_) => return self.end(Refusal::SignInNeeded).await,
                Err(no) => return self.end(no.refusal).await,
            }
            // What could not be found out now is told the next time.
            if let Ok(told) = self.told().await
                && !self.send(told).await
            {
                return;
            }
            if !self.wait(&mut growth, &mut ending).await || *ending.borrow() {
                return;
            }
        }
    }

    /// Whose sign-in or key it is now.
    async fn still(&self) -> Result<AccountId, No> {
        match self.key {
            Some(key) => keyed(&self.site, key).await,
            None => signed_in(&self.site, &self.caller, &self.headers).await,
        }
    }

    async fn end(&self, refusal: Refusal) {
        let code = refusal.code();
        let end = format!("event: end\ndata: {{\"code\":\"{code}\"}}\n\n");
        self.send(Bytes::from(end)).await;
    }

    /// How the server is; found out once for all who watch.
    async fn told(&self) -> Result<Bytes, No> {
        let mut last = self.site.desk.watching.last.lock().await;
        if let Some((at, told)) = &*last
            && at.elapsed() < FRESH
        {
            return Ok(told.clone());
        }
        let found = overview::found(&self.site).await?;
        let words = serde_json::to_string(&found).map_err(|why| No::fault(&why.to_string()))?;
        let told = Bytes::from(format!("event: overview\ndata: {words}\n\n"));
        *last = Some((Instant::now(), told.clone()));
        Ok(told)
    }

    /// Waits until there is news, or long enough. `false` at the end.
    async fn wait(
        &self,
        growth: &mut Option<watch::Receiver<u64>>,
        ending: &mut watch::Receiver<bool>,
    ) -> bool {
        let latest = Instant::now() + TOLD_EVERY;
        let news = async {
            sleep(GATHER).await;
            match growth {
                Some(growth) => {
                    if growth.changed().await.is_err() {
                        sleep_until(latest).await;
                    }
                }
                None => sleep_until(latest).await,
            }
        };
        let ended = async {
            // A dropped sender means the same as an end.
            let _ = ending.wait_for(|ending| *ending).await;
        };
        tokio::select! {
            () = news => true,
            () = sleep_until(latest) => true,
            () = ended => false,
            () = self.pieces.closed() => false,
        }
    }

    async fn send(&self, piece: Bytes) -> bool {
        self.pieces.send(piece).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_account_has_so_many_places_and_all_together_so_many() {
        let watching = Watching::default();
        let busy = |account| watching.enter(AccountId(account)).err().map(|no| no.refusal);
        let mut places: Vec<Place> = Vec::new();
        for _ in 0..WATCHERS_OF_ONE_MAX {
            places.extend(watching.enter(AccountId(1)).ok());
        }
        assert_eq!(busy(1), Some(Refusal::Busy));
        places.pop();
        places.extend(watching.enter(AccountId(1)).ok());
        assert_eq!(places.len(), WATCHERS_OF_ONE_MAX, "one was free again");
        for account in 2.. {
            let Ok(place) = watching.enter(AccountId(account)) else { break };
            places.push(place);
        }
        assert_eq!(places.len(), WATCHERS_MAX);
        places.clear();
        assert!(watching.places.lock().expect("nobody panicked").is_empty());
        assert_eq!(busy(1), None);
    }
}
