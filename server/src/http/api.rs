//! What JSON calls have in common: reading the body, and knowing who calls.

use axum::body::Bytes;
use convoke_model::privilege::Privilege;
use convoke_model::site::keys::Scope;
use convoke_model::{ApiKeyId, Refusal};
use convoke_wire::turbo::Secret;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::cookies;
use super::refusal::No;
use super::site::{Caller, Site};
use crate::control::Account;

/// Reads a JSON body. What exactly is wrong with it is not said: it may be part of a password.
pub(super) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, No> {
    // A list would be taken for an object whose names were left out.
    let is_object = body.trim_ascii_start().starts_with(b"{");
    let read = is_object.then(|| serde_json::from_slice(body).ok()).flatten();
    read.ok_or_else(|| No::because(Refusal::Malformed))
}

/// Reads the body of a call that need not bring anything along.
pub(super) fn read_nothing(body: &Bytes) -> Result<(), No> {
    if body.is_empty() {
        return Ok(());
    }
    read::<serde_json::Map<String, Value>>(body).map(drop)
}

/// An object in JSON that may be null, and is not taken from a list.
pub(super) fn maybe_object<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let object = Option::<serde_json::Map<String, Value>>::deserialize(from)?;
    let read = object.map(|object| serde_json::from_value(Value::Object(object)));
    read.transpose().map_err(serde::de::Error::custom)
}

/// Somebody who calls about the server as a whole, and the key by which they do, if it is one.
pub(super) struct Overseer {
    pub(super) account: Account,
    pub(super) key: Option<ApiKeyId>,
}

/// Who is signed in and owes nothing: an administrator who has to set up codes first may not yet.
pub(super) async fn signed_in(
    site: &Site,
    caller: &Caller,
    headers: &HeaderMap,
) -> Result<Account, No> {
    let account = known(site, caller, headers).await?;
    if site.owes_codes(&account) {
        return Err(No::because(Refusal::CodeRequired));
    }
    Ok(account)
}

/// Who calls: somebody who is signed in, or a program with a key that has this scope. What a key's
/// scopes do not say, it does not do, whatever its account may: without a scope of administrators
/// it acts for somebody who is none.
pub(super) async fn allowed(
    site: &Site,
    caller: &Caller,
    headers: &HeaderMap,
    scope: Scope,
) -> Result<Account, No> {
    let Some(token) = &caller.bearer else { return signed_in(site, caller, headers).await };
    let (_, key, mut account) = site.keyed(caller, token).await?;
    if !key.covers(scope) {
        return Err(No::because(Refusal::ScopeMissing));
    }
    let administers = match scope {
        Scope::MeetingsRead | Scope::EventsRead | Scope::AdminRead => Scope::AdminRead,
        Scope::MeetingsWrite | Scope::AdminWrite => Scope::AdminWrite,
    };
    if !key.covers(administers) {
        account.privileges = account.privileges.without(Privilege::Administrator);
    }
    if scope.administers() && !account.administers() {
        return Err(No::because(Refusal::PrivilegeMissing));
    }
    Ok(account)
}

/// Who calls about the server as a whole: somebody who is signed in, or a program with a key that
/// has this scope. What the account may do is as it is; whoever asks has to look at it.
async fn overseer(
    site: &Site,
    caller: &Caller,
    headers: &HeaderMap,
    scope: Scope,
) -> Result<Overseer, No> {
    let Some(token) = &caller.bearer else {
        return Ok(Overseer { account: signed_in(site, caller, headers).await?, key: None });
    };
    let (id, key, account) = site.keyed(caller, token).await?;
    if !key.covers(scope) {
        return Err(No::because(Refusal::ScopeMissing));
    }
    Ok(Overseer { account, key: Some(id) })
}

/// An administrator or an auditor, themselves or by a key with this scope; `otherwise` to others.
pub(super) async fn looking_over(
    site: &Site,
    caller: &Caller,
    headers: &HeaderMap,
    scope: Scope,
    otherwise: Refusal,
) -> Result<Overseer, No> {
    let who = overseer(site, caller, headers, scope).await?;
    if who.account.looks_over() { Ok(who) } else { Err(No::because(otherwise)) }
}

/// An administrator, themselves or by a key with `admin:write`; `otherwise` to others.
pub(super) async fn administering(
    site: &Site,
    caller: &Caller,
    headers: &HeaderMap,
    otherwise: Refusal,
) -> Result<Overseer, No> {
    let who = overseer(site, caller, headers, Scope::AdminWrite).await?;
    if who.account.administers() { Ok(who) } else { Err(No::because(otherwise)) }
}

/// Who a call is of, to tell callers apart: an account, or one of its keys.
pub(super) async fn identity(
    site: &Site,
    caller: &Caller,
    headers: &HeaderMap,
) -> Result<String, No> {
    match &caller.bearer {
        Some(token) => site.keyed(caller, token).await.map(|(id, ..)| format!("key {id}")),
        None => signed_in(site, caller, headers).await.map(|own| format!("account {}", own.id)),
    }
}

/// Who is signed in, as the account is now. With a change of who administers, and when the account
/// is switched off, the sign-in is over.
pub(super) async fn known(
    site: &Site,
    caller: &Caller,
    headers: &HeaderMap,
) -> Result<Account, No> {
    let needed = || No::because(Refusal::SignInNeeded);
    let cookie = cookies::sign_in(headers, &caller.own).ok_or_else(needed)?;
    let sessions = site.accounts.sessions();
    let session = sessions.find(cookie, site.clock.uptime()).ok_or_else(needed)?;
    let account = site.engine.account(session.start.account).await?;
    let same =
        |account: &Account| account.enabled && account.administers() == session.start.administers;
    match account.filter(same) {
        Some(account) => Ok(account),
        None => {
            sessions.end(cookie);
            Err(needed())
        }
    }
}

/// A secret in JSON.
pub(super) fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
    String::deserialize(from).map(Secret::new)
}

/// A secret in JSON that may be missing, null or empty.
pub(super) fn maybe_secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Secret>, D::Error> {
    let secret = Option::<String>::deserialize(from)?.map(Secret::new);
    Ok(secret.filter(|secret| !secret.is_empty()))
}
