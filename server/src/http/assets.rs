//! The browser client's files, embedded in the binary. There is no way from here to a file system
//! path.

use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use convoke_model::Refusal;
use http::header;
use rust_embed::RustEmbed;

use super::refusal::No;

#[derive(RustEmbed)]
#[folder = "../clients/browser/dist"]
struct Client;

/// The document that every page is.
pub(super) fn document() -> Option<String> {
    let file = Client::get("index.html")?;
    String::from_utf8(file.data.into_owned()).ok()
}

/// `GET /assets/*`: their names carry a hash of their content, so they may be kept for ever.
pub(super) async fn file(Path(name): Path<String>) -> Response {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.starts_with('.') || !name.chars().all(plain) {
        return No::because(Refusal::NotFound).into_response();
    }
    let Some(file) = Client::get(&format!("assets/{name}")) else {
        return No::because(Refusal::NotFound).into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, content_type(&name)),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, Body::from(file.data.into_owned())).into_response()
}

/// The rule that makes the client's letters known to a style, where the client brings them.
pub(super) fn font() -> String {
    let mut names = Client::iter();
    let is_it = |name: &str| name.contains("figtree-latin-wght") && name.ends_with(".woff2");
    let Some(name) = names.find(|name| is_it(name)) else { return String::new() };
    format!(
        "@font-face{{font-family:\"Figtree\";font-display:swap;font-weight:300 900;\
         src:url(\"/{name}\") format(\"woff2\")}}\n"
    )
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
