//! What administrators set: branding, telephone, publishing, limits, and the integration code. Each
//! change is a fact with what was before, and a deed.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::{MethodRouter, get};
use convoke_model::Refusal;
use convoke_model::policy::Value as Plain;
use convoke_model::site;
use convoke_model::site::deed::{Act, Subject};
use convoke_model::site::settings::{Command, Integration, Part, Publishing, Settings};
use convoke_wire::turbo::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::who::{Administrator, Reader, changing};
use crate::http::api;
use crate::http::refusal::No;
use crate::http::site::Site;
use crate::vault::SecretOf;

/// Origins whose pages may show public lists in a frame.
const ANCESTORS_MAX: usize = 50;
const ANCESTOR_BYTES_MAX: usize = 200;
/// A code that programs send along; nobody types it.
const CODE_CHARS_MIN: usize = 12;
const CODE_CHARS_MAX: usize = 128;

/// Reading and changing.
pub(super) fn both() -> MethodRouter<Arc<Site>> {
    get(read).post(change)
}

/// `GET /api/v1/admin/settings`
async fn read(State(site): State<Arc<Site>>, _: Reader) -> Result<Json<Value>, No> {
    let settings = site.engine.settings().await?;
    Ok(Json(json!({
        "settings": settings,
        "address": site.address(),
        "config": {
            "legacy_doors": site.config.legacy_doors,
            "participants_max": site.config.meetings.participants_max,
            "administrators_need_codes": site.config.sign_in.administrators_need_codes,
            "mail": site.mail.is_set_up(),
            "certificate": site.tls.as_ref().map(|tls| json!({
                "own": !tls.self_made,
                "fingerprint": tls.fingerprint,
            })),
            "callback": site.config.callback,
            "ldap": site.config.ldap,
        },
    })))
}

#[derive(Deserialize)]
struct Changed {
    part: Part,
    reason: Option<String>,
}

/// `POST /api/v1/admin/settings`: one part as a whole.
async fn change(
    State(site): State<Arc<Site>>,
    who: Administrator,
    body: Bytes,
) -> Result<Json<Value>, No> {
    let Changed { mut part, reason } = api::read(&body)?;
    match &mut part {
        Part::Publishing(publishing) => check_ancestors(publishing)?,
        // A code is set by its own route, which has it.
        Part::Integration(_) => return Err(No::because(Refusal::Malformed)),
        Part::Branding(_) | Part::Telephone(_) | Part::Limits(_) => {}
    }
    let deed = who.deed(Act::ChangeSettings, Subject::Site, reason.as_deref())?;
    let before = plain(&like(site.engine.settings().await?, &part));
    let deed = changing(deed, before, plain(&part));
    let reason = deed.reason.clone();
    let wish = site::Command::Settings(Command::Set { part, reason });
    who.does(&site, deed, wish).await?;
    Ok(Json(json!({})))
}

fn like(settings: Settings, part: &Part) -> Part {
    match part {
        Part::Branding(_) => Part::Branding(settings.branding),
        Part::Telephone(_) => Part::Telephone(settings.telephone),
        Part::Publishing(_) => Part::Publishing(settings.publishing),
        Part::Limits(_) => Part::Limits(settings.limits),
        Part::Integration(_) => Part::Integration(settings.integration),
    }
}

fn plain(of: &impl Serialize) -> Plain {
    let value = serde_json::to_value(of).ok();
    value.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default()
}

/// Origins as headers have them: a scheme and a host, or `*` for every page there is.
fn check_ancestors(publishing: &mut Publishing) -> Result<(), No> {
    let origins = &mut publishing.frame_ancestors;
    if origins.len() > ANCESTORS_MAX {
        return Err(No::because(Refusal::TooLong));
    }
    for origin in origins.iter_mut() {
        let trimmed = origin.trim().trim_end_matches('/').to_ascii_lowercase();
        let uri: Option<http::Uri> = trimmed.parse().ok();
        let is_origin = uri.is_some_and(|uri| {
            matches!(uri.scheme_str(), Some("https" | "http"))
                && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
                && uri.path() == "/"
                && uri.query().is_none()
        });
        // What stands in a header has no blanks, no commas and no semicolons.
        let is_plain = trimmed.bytes().all(|b| b.is_ascii_graphic() && !b",;'\"".contains(&b));
        let fits = trimmed == "*" || (is_origin && is_plain && !trimmed.ends_with('?'));
        if !fits || trimmed.len() > ANCESTOR_BYTES_MAX {
            return Err(No::because(Refusal::Malformed));
        }
        *origin = trimmed;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Code {
    /// Nothing takes it away.
    #[serde(default, deserialize_with = "api::maybe_secret")]
    code: Option<Secret>,
    reason: Option<String>,
}

/// `POST /api/v1/admin/integration-code`: the code itself goes to the vault, and nowhere else.
pub(super) async fn code(
    State(site): State<Arc<Site>>,
    who: Administrator,
    body: Bytes,
) -> Result<Json<Value>, No> {
    let Code { code, reason } = api::read(&body)?;
    let deed = who.deed(Act::SetIntegrationCode, Subject::Site, reason.as_deref())?;
    let code = match code {
        Some(code) => Some(checked(&code)?),
        None => None,
    };
    let now = site.engine.settings().await?.integration;
    if code.is_none() && !now.has_code {
        return Err(No::because(Refusal::AlreadyDone));
    }
    let next = Integration { has_code: code.is_some(), changes: now.changes.wrapping_add(1) };
    let deed = changing(deed, plain(&now), plain(&next));
    let part = Part::Integration(next);
    let wish = site::Command::Settings(Command::Set { part, reason: deed.reason.clone() });
    match code {
        // A code is in force when it is said to be, and never said to be when it is not.
        Some(code) => {
            site.vault.put(SecretOf::IntegrationCode, code.expose().as_bytes())?;
            who.does(&site, deed, wish).await?;
        }
        None => {
            who.does(&site, deed, wish).await?;
            site.vault.remove(SecretOf::IntegrationCode)?;
        }
    }
    Ok(Json(json!({ "has_code": next.has_code })))
}

fn checked(code: &Secret) -> Result<Secret, No> {
    let text = code.expose().trim();
    let chars = text.chars().count();
    if chars < CODE_CHARS_MIN {
        return Err(No::because(Refusal::CodeTooShort));
    }
    if chars > CODE_CHARS_MAX {
        return Err(No::because(Refusal::TooLong));
    }
    Ok(Secret::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(origins: &[&str]) -> Option<Vec<String>> {
        let frame_ancestors = origins.iter().map(|&origin| origin.to_owned()).collect();
        let mut publishing = Publishing { frame_ancestors, ..Publishing::default() };
        check_ancestors(&mut publishing).ok().map(|()| publishing.frame_ancestors)
    }

    #[test]
    fn only_origins_may_frame_and_nothing_else_reaches_a_header() {
        assert_eq!(
            taken(&["https://Www.example.org/", "http://intranet:8080", "*"]),
            Some(vec![
                "https://www.example.org".to_owned(),
                "http://intranet:8080".to_owned(),
                "*".to_owned()
            ])
        );
        for bad in [
            "",
            "www.example.org",
            "https://a/b",
            "https://a?x",
            "https://user@a",
            "https://a; script-src *",
            "https://a, https://b",
            "https://a\r\nX: y",
            "data:x",
            "'self'",
        ] {
            assert_eq!(taken(&[bad]), None, "{bad:?}");
        }
        assert_eq!(taken(&["https://a"; ANCESTORS_MAX + 1]), None);
    }
}
