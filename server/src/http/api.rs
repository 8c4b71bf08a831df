//! What JSON calls have in common: reading the body, and knowing who calls.

use axum::body::Bytes;
use convoke_model::Refusal;
use convoke_wire::turbo::Secret;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::cookies;
use super::refusal::No;
use super::site::{Caller, Site};
use crate::control::Account;

/// Reads a JSON body. What exactly is wrong with it is not said: it may be part of a password.
pub(super) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, No> {
    serde_json::from_slice(body).map_err(|_| No::because(Refusal::Malformed))
}

/// Who is signed in.
pub(super) fn signed_in(site: &Site, caller: &Caller, headers: &HeaderMap) -> Result<Account, No> {
    cookies::sign_in(headers, &caller.own)
        .and_then(|cookie| site.sessions.find(cookie, site.clock.uptime()))
        .ok_or_else(|| No::because(Refusal::SignInNeeded))
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
