//! Where Prometheus asks: an address of its own, on loopback unless the operator says otherwise.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use http::header;
use tokio::net::TcpListener;

use super::Metrics;

/// Serves `GET /metrics` until it is dropped. An address that cannot be had is no reason not to
/// meet: it is told in the log.
pub async fn serve(address: SocketAddr, metrics: Arc<Metrics>) {
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) => {
            return tracing::warn!(
                %address,
                %error,
                "metrics are not served; choose another address with `metrics.listen`"
            );
        }
    };
    let page = move || async move {
        let kind = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
        ([kind], metrics.page())
    };
    let router = Router::new().route("/metrics", get(page));
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "metrics are no longer served");
    }
}
