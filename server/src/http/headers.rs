//! The header table: what every answer carries, by the kind of surface it comes from.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// What kind of thing a route serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// A page from which a meeting is entered: camera, microphone and screen may be asked for.
    Meeting,
    /// Any other page.
    Page,
    /// XML of the legacy interface, for programs: what they carry says who they are, no cookie does.
    Legacy,
    /// JSON.
    Api,
    /// A file of the browser client.
    Asset,
    /// A health probe.
    Probe,
    /// The WebSocket door.
    Socket,
}

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; media-src blob:; \
     worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
     object-src 'none'; require-trusted-types-for 'script'";
const WITH_DEVICES: &str =
    "display-capture=(self), camera=(self), microphone=(self), geolocation=()";
const WITHOUT_DEVICES: &str = "display-capture=(), camera=(), microphone=(), geolocation=()";

/// Puts the table's headers on an answer. `Cache-Control` is only left as it is for assets.
pub(super) fn put(headers: &mut HeaderMap, surface: Surface, tls: bool) {
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "same-origin");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-embedder-policy"), "require-corp");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    let devices = if surface == Surface::Meeting { WITH_DEVICES } else { WITHOUT_DEVICES };
    set(HeaderName::from_static("permissions-policy"), devices);
    if tls {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=63072000");
    }
    // An asset that is there says itself how long it may be kept.
    if surface != Surface::Asset || !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
