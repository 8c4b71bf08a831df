//! Probes: alive, and ready.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use super::quarantine;
use super::site::Site;

/// `GET /healthz`: the process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the log takes writes, and what is derived from it has caught up. In quarantine it
/// says so by its code, and what is missing.
pub(super) async fn ready(State(site): State<Arc<Site>>) -> Response {
    let (writable, caught_up) = (site.engine.writable(), site.engine.caught_up());
    let status =
        if writable && caught_up { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut words = site.quarantine.as_ref().map_or_else(|| json!({}), quarantine::words);
    words["log_writable"] = json!(writable);
    words["caught_up"] = json!(caught_up);
    (status, Json(words)).into_response()
}
