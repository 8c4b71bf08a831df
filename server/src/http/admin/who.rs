//! Who uses the console, or calls what it calls by a key; and the deeds they leave.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use convoke_model::policy::Value;
use convoke_model::site::Command;
use convoke_model::site::accounts::Email;
use convoke_model::site::deed::{Act, Deed, Subject};
use convoke_model::site::keys::Scope;
use convoke_model::text::{Address, Sentence};
use convoke_model::{Actor, Refusal};
use http::request::Parts;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::control::Account;
use crate::http::api::Overseer;
use crate::http::refusal::No;
use crate::http::site::{Caller, Site};
use crate::http::{api, cookies};

/// Why it is done.
#[derive(Deserialize, ToSchema)]
#[schema(as = DeedReason)]
pub(super) struct Why {
    pub(super) reason: Option<String>,
}

/// Somebody who may look over the server.
pub(in crate::http) struct Who {
    account: Account,
    from: Option<Address>,
    sign_in: Option<String>,
}

/// An administrator, who may read and change everything; or a key of one with `admin:write`.
pub(in crate::http) struct Administrator(Who);

/// An administrator or an auditor, who may read; or a key of one with `admin:read`.
pub(in crate::http) struct Reader(Who);

impl FromRequestParts<Arc<Site>> for Administrator {
    type Rejection = No;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, No> {
        let caller = caller_of(parts)?;
        let only = Refusal::AdministratorsOnly;
        let who = api::administering(site, caller, &parts.headers, only).await?;
        Ok(Self(Who::of(parts, site, caller, who)))
    }
}

impl FromRequestParts<Arc<Site>> for Reader {
    type Rejection = No;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, No> {
        let caller = caller_of(parts)?;
        let (scope, only) = (Scope::AdminRead, Refusal::AdministratorsOnly);
        let who = api::looking_over(site, caller, &parts.headers, scope, only).await?;
        Ok(Self(Who::of(parts, site, caller, who)))
    }
}

impl Deref for Administrator {
    type Target = Who;

    fn deref(&self) -> &Who {
        &self.0
    }
}

impl Deref for Reader {
    type Target = Who;

    fn deref(&self) -> &Who {
        &self.0
    }
}

fn caller_of(parts: &Parts) -> Result<&Caller, No> {
    parts.extensions.get::<Caller>().ok_or_else(|| No::fault("a request without a caller"))
}

impl Who {
    fn of(parts: &Parts, site: &Site, caller: &Caller, who: Overseer) -> Self {
        let cookie = cookies::sign_in(&parts.headers, &caller.own);
        let sessions = site.accounts.sessions();
        let session = cookie.and_then(|cookie| sessions.find(cookie, site.clock.uptime()));
        let by_key = who.key.map(|key| format!("key {key}"));
        Self {
            account: who.account,
            from: Address::new(&caller.from().to_canonical().to_string()).ok(),
            sign_in: by_key.or_else(|| session.map(|session| session.name)),
        }
    }

    /// As the author of facts.
    pub(super) fn actor(&self) -> Actor {
        self.account.id.into()
    }

    /// How they are reached.
    pub(super) fn email(&self) -> &Email {
        &self.account.email
    }

    /// What they do, without what it changes.
    ///
    /// # Errors
    /// `reason_needed`, `too_long`.
    pub(super) fn deed(&self, act: Act, on: Subject, reason: Option<&str>) -> Result<Deed, No> {
        let reason = match reason.map(str::trim).filter(|reason| !reason.is_empty()) {
            Some(reason) => Some(Sentence::new(reason).map_err(|_| Refusal::TooLong)?),
            None if act.needs_reason() => return Err(No::because(Refusal::ReasonNeeded)),
            None => None,
        };
        let (from, sign_in) = (self.from.clone(), self.sign_in.clone());
        let (before, after) = (Value::Null, Value::Null);
        Ok(Deed { act, on, before, after, reason, from, sign_in })
    }

    /// Does it: the wish and the deed become facts, or neither does. The number of what it made.
    pub(super) async fn does(&self, site: &Site, deed: Deed, then: Command) -> Result<u32, No> {
        let wish = Command::Do { deed: Box::new(deed), then: Some(Box::new(then)) };
        Ok(site.engine.wish(self.actor(), wish).await?)
    }

    /// Leaves the deed alone: what it speaks of is in another stream.
    pub(super) async fn note(&self, site: &Site, deed: Deed) -> Result<(), No> {
        let wish = Command::Do { deed: Box::new(deed), then: None };
        Ok(site.engine.wish(self.actor(), wish).await.map(drop)?)
    }
}

/// A deed that changes this to that.
pub(super) fn changing(mut deed: Deed, before: Value, after: Value) -> Deed {
    (deed.before, deed.after) = (before, after);
    deed
}
