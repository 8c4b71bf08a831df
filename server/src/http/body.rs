//! Request bodies: read whole, within a size and a time, before any handler runs.

use std::time::Duration;

use axum::body::Bytes;
use convoke_model::Refusal;
use http::StatusCode;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;

use super::refusal::No;

const BODY_BYTES_MAX: usize = 64 * 1024;

/// The whole body, if it comes within this time.
pub(super) async fn read(body: Incoming, patience: Duration) -> Result<Bytes, No> {
    let limited = Limited::new(body, BODY_BYTES_MAX);
    match tokio::time::timeout(patience, limited.collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(No::with(Refusal::TooLong, StatusCode::PAYLOAD_TOO_LARGE))
        }
        Ok(Err(_)) => Err(No::because(Refusal::Malformed)),
        Err(_) => Err(No::with(Refusal::Malformed, StatusCode::REQUEST_TIMEOUT)),
    }
}
