//! Probes: alive, and ready.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use super::site::Site;

/// `GET /healthz`: the process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the log takes writes, and what is derived from it has caught up.
pub(super) async fn ready(State(site): State<Arc<Site>>) -> Response {
    let (writable, caught_up) = (site.engine.writable(), site.engine.caught_up());
    let status =
        if writable && caught_up { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "log_writable": writable, "caught_up": caught_up }))).into_response()
}
