//! API keys at the command line: listed, made for an account, taken back.

use std::collections::BTreeSet;
use std::fmt::Write;

use convoke_model::site::keys::{ApiKey, Scope};
use convoke_model::text::Name;
use convoke_model::{Actor, ApiKeyId, Millis, Refusal};
use jiff::Timestamp;

use super::{Clerk, Done, KeyCall, of_engine, said};
use crate::clock::{Clock, SystemClock};
use crate::control::EngineError;
use crate::keys::{self, KeyError, NewKey};

impl Clerk {
    pub(super) async fn key(&self, call: KeyCall) -> Done {
        match call {
            KeyCall::List { email } => self.list_keys(email.as_deref()).await,
            KeyCall::Make { email, name, scopes, expires_ms } => {
                self.make_key(&email, &name, &scopes, expires_ms.map(Millis)).await
            }
            KeyCall::Revoke { number } => self.revoke_key(ApiKeyId(number)).await,
        }
    }

    async fn list_keys(&self, email: Option<&str>) -> Done {
        let only = match email {
            Some(email) => Some(self.found(email).await?.id),
            None => None,
        };
        let now = SystemClock::new().now();
        let mut lines = String::new();
        for (id, key) in self.engine.api_keys().await.map_err(of_engine)? {
            if only.is_some_and(|account| account != key.account) {
                continue;
            }
            let owner = self.engine.account(key.account).await.map_err(of_engine)?;
            let owner = owner.map(|owner| owner.email.to_string()).unwrap_or_default();
            let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.word()).collect();
            let (name, scopes) = (key.name.as_str(), scopes.join(","));
            let _ = writeln!(lines, "{id}  {owner}  {name}  {scopes}  {}", state(&key, now));
        }
        if lines.is_empty() {
            return Ok("There are no keys.".to_owned());
        }
        Ok(lines.trim_end().to_owned())
    }

    async fn make_key(
        &self,
        email: &str,
        name: &str,
        words: &[String],
        expires: Option<Millis>,
    ) -> Done {
        let account = self.found(email).await?;
        if !account.enabled {
            return Err(format!("Account {} is switched off.", account.email));
        }
        let name = Name::new(name).map_err(|_| said(Refusal::NameInvalid))?;
        let mut scopes = BTreeSet::new();
        for word in words.iter().map(|word| word.trim()).filter(|word| !word.is_empty()) {
            let scope = Scope::from_word(word).ok_or_else(|| {
                let known: Vec<&str> = Scope::ALL.iter().map(|scope| scope.word()).collect();
                format!("There is no scope {word:?}. There are: {}.", known.join(", "))
            })?;
            if !keys::may_have(&account, scope) {
                return Err(format!("Account {} may not do what {word} is for.", account.email));
            }
            scopes.insert(scope);
        }
        let new = NewKey { account: account.id, name, scopes, expires };
        let vault = self.accounts.vault();
        let made = keys::make(&*self.engine, &vault, Actor::Server, new).await;
        // Nothing but the key, so that a script can take it as it is.
        Ok(made.map_err(why)?.key.to_string())
    }

    async fn revoke_key(&self, key: ApiKeyId) -> Done {
        let vault = self.accounts.vault();
        match keys::revoke(&*self.engine, &vault, Actor::Server, key).await {
            Ok(_) => Ok(format!("Key {key} opens nothing any more.")),
            Err(KeyError::Engine(EngineError::Refused(Refusal::NotFound))) => {
                Err(format!("There is no key {key}."))
            }
            Err(KeyError::Engine(EngineError::Refused(Refusal::AlreadyDone))) => {
                Err(format!("Key {key} was revoked already."))
            }
            Err(error) => Err(why(error)),
        }
    }
}

fn why(error: KeyError) -> String {
    match error {
        KeyError::Engine(error) => of_engine(error),
        KeyError::Vault(error) => error.to_string(),
    }
}

fn state(key: &ApiKey, now: Millis) -> String {
    match (key.revoked, key.expires) {
        (Some(at), _) => format!("revoked {}", day(at)),
        (None, Some(at)) if at <= now => format!("expired {}", day(at)),
        (None, Some(at)) => format!("good until {}", day(at)),
        (None, None) => "good".to_owned(),
    }
}

fn day(at: Millis) -> String {
    let at = i64::try_from(at.0).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    at.map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default()
}
