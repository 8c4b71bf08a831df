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
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::settings_words::{PartShape, SettingsShape};
use super::who::{Administrator, Reader, changing};
use crate::config::LegacyDoors;
use crate::http::api;
use crate::http::meeting::Done;
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

/// What is set here, and what the settings file says.
#[derive(Serialize, ToSchema)]
pub(super) struct Configured {
    #[schema(value_type = SettingsShape)]
    settings: Settings,
    /// Where people reach the server.
    address: String,
    config: FromFile,
}

/// What the settings file says, as far as it is shown. No secret is part of it.
#[derive(Serialize, ToSchema)]
#[schema(as = ConfiguredByFile)]
struct FromFile {
    /// `allow`, `warn` or `refuse`.
    #[schema(value_type = String)]
    legacy_doors: LegacyDoors,
    participants_max: u32,
    administrators_need_codes: bool,
    /// Whether letters are sent.
    mail: bool,
    certificate: Option<Certificate>,
}

/// The certificate of the server.
#[derive(Serialize, ToSchema)]
struct Certificate {
    /// Whether it is the operator's own.
    own: bool,
    fingerprint: String,
    /// The file on the server that it was read from.
    file: String,
    /// What people should know of it; nothing when its form is odd.
    details: Option<crate::certificate::Certificate>,
}

/// `GET /api/v1/admin/settings`
async fn read(State(site): State<Arc<Site>>, _: Reader) -> Result<Json<Configured>, No> {
    let settings = site.engine.settings().await?;
    Ok(Json(Configured {
        settings,
        address: site.address(),
        config: FromFile {
            legacy_doors: site.config.legacy_doors,
            participants_max: site.config.meetings.participants_max,
            administrators_need_codes: site.config.sign_in.administrators_need_codes,
            mail: site.mail.is_set_up(),
            certificate: site.tls.as_ref().map(|tls| Certificate {
                own: !tls.self_made,
                fingerprint: tls.fingerprint.clone(),
                file: tls.file.display().to_string(),
                details: tls.certificate.clone(),
            }),
        },
    }))
}

/// A part of the settings as a whole, and why.
#[derive(Deserialize, ToSchema)]
#[schema(as = ChangedSettings)]
pub(super) struct Changed {
    #[serde(deserialize_with = "part")]
    #[schema(value_type = PartShape)]
    part: Part,
    reason: Option<String>,
}

/// A part, in which nothing that has names is taken from a list without them.
fn part<'de, D: Deserializer<'de>>(from: D) -> Result<Part, D::Error> {
    let typed = Map::deserialize(from)?;
    let odd = |value: &Value| !value.is_object();
    let numbers = typed.get("telephone").and_then(|telephone| telephone.get("numbers"));
    let numbers = numbers.and_then(Value::as_array).into_iter().flatten();
    if typed.values().chain(numbers).any(odd) {
        return Err(serde::de::Error::custom("a list in place of an object"));
    }
    serde_json::from_value(Value::Object(typed)).map_err(serde::de::Error::custom)
}

/// `POST /api/v1/admin/settings`: one part as a whole.
async fn change(
    State(site): State<Arc<Site>>,
    who: Administrator,
    body: Bytes,
) -> Result<Json<Done>, No> {
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
    Ok(Json(Done {}))
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

/// The code that integrations of the legacy interface send along, and why: that has to be said.
#[derive(Deserialize, ToSchema)]
#[schema(as = IntegrationCode)]
pub(super) struct Code {
    /// Nothing takes it away.
    #[serde(default, deserialize_with = "api::maybe_secret")]
    #[schema(value_type = Option<String>)]
    code: Option<Secret>,
    reason: Option<String>,
}

/// Whether there is a code now.
#[derive(Serialize, ToSchema)]
#[schema(as = HasIntegrationCode)]
pub(super) struct HasCode {
    has_code: bool,
}

/// `POST /api/v1/admin/integration-code`: the code itself goes to the vault, and nowhere else.
pub(super) async fn code(
    State(site): State<Arc<Site>>,
    who: Administrator,
    body: Bytes,
) -> Result<Json<HasCode>, No> {
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
    Ok(Json(HasCode { has_code: next.has_code }))
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
