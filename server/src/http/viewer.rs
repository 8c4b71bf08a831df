//! The legacy viewer address, `/id=..&name=..&password=..`: watching in any browser.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use convoke_model::Refusal;
use convoke_model::text::Name;
use convoke_wire::turbo::{self, AskedMeeting};
use http::StatusCode;

use super::boot::Boot;
use super::join::Shown;
use super::refusal::No;
use super::scrub::Taken;
use super::site::{Caller, Site};
use super::{downloader, pages};
use crate::config::LegacyDoors;

/// `GET /id=..`, which is routed here with its values taken out of the address.
pub(super) async fn page(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Extension(taken): Extension<Taken>,
) -> Result<Response, No> {
    let call = taken.viewer.as_ref().and_then(|at| turbo::viewer_path(at.expose().as_bytes()));
    let Some(call) = call else {
        return Ok(pages::missing(&caller));
    };
    if site.config.legacy_doors == LegacyDoors::Refuse {
        let boot = Boot::page("home").refused(No::because(Refusal::LegacyRefused));
        return Ok(pages::show(&caller, &boot, StatusCode::FORBIDDEN));
    }
    let Ok(call) = call else {
        let boot = Boot::page("home").refused(No::because(Refusal::Malformed));
        return Ok(pages::show(&caller, &boot, StatusCode::BAD_REQUEST));
    };
    let may = site.may_try(&caller);
    if may.is_ok() && call.password.is_some() {
        site.exposed(&caller, "/id", true).await?;
    }
    let name = call.name.as_deref().and_then(|name| Name::new(name).ok());
    let boot = Boot::page("join")
        .with("role", Some("viewer"))
        .with("name", name.as_ref().map(Name::as_str));
    let (boot, meeting) = match call.meeting {
        AskedMeeting::Is(id) => (boot.meeting(id, None), Some(id)),
        AskedMeeting::Missing | AskedMeeting::Malformed => (boot, None),
    };
    let shown = Shown { meeting, password: call.password.as_ref(), invitation: None };
    let boot = match may {
        Ok(()) => downloader::enter(&site, &caller, boot, &shown, name, true).await,
        Err(no) => boot.refused(no),
    };
    Ok(pages::show(&caller, &boot, StatusCode::OK))
}
