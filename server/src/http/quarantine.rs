//! The one answer of a server in quarantine, whatever is asked.

use axum::Json;
use axum::response::{Html, IntoResponse, Response};
use convoke_model::Refusal;
use http::StatusCode;
use serde_json::json;

use crate::quarantine::Quarantine;

/// Whether a path is answered as always: the probes, which tell the state of the server.
pub(super) fn passes(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

/// A page for people, a refusal for programs.
pub(super) fn answer(quarantine: &Quarantine, path: &str) -> Response {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    if path.starts_with("/api/") || path == "/ws" {
        return (status, Json(words(quarantine))).into_response();
    }
    (status, Html(page(quarantine))).into_response()
}

/// The refusal, with what is missing.
pub(super) fn words(quarantine: &Quarantine) -> serde_json::Value {
    let refusal = Refusal::Quarantine;
    json!({
        "code": refusal.code(),
        "sentence": refusal.sentence(),
        "missing": quarantine.missing,
    })
}

fn page(quarantine: &Quarantine) -> String {
    let missing = escaped(&quarantine.missing);
    let sentence = Refusal::Quarantine.sentence();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Convoke</title></head>\n\
         <body>\n<main>\n<h1>Convoke</h1>\n<p>{sentence}</p>\n\
         <p>Missing: {missing}.</p>\n\
         <p>To whoever runs this server: stop it and put the missing files back from a backup, or \
         accept the loss with <code>convoke recover --accept-loss</code>; then start it again. \
         <code>convoke-audit</code> reads what is there meanwhile.</p>\n\
         <p lang=\"zh-CN\">服务器的记录不完整，暂时不能召开会议，请联系服务器管理员。</p>\n\
         </main>\n</body>\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_cannot_become_markup() {
        let missing = "<script>\"&".to_owned();
        let page = page(&Quarantine { missing, why: String::new() });
        assert!(page.contains("Missing: &lt;script&gt;&quot;&amp;."), "{page}");
    }
}
