//! The header table: what every answer carries, by the kind of surface it comes from.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// What kind of thing a route serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// A page from which a meeting is entered: camera, microphone and screen may be asked for.
    Meeting,
    /// Any other page.
    Page,
    /// The page of the calls, where others' code shows our own document.
    Docs,
    /// XML of the legacy interface, for programs: what they carry says who they are.
    Legacy,
    /// What telephone bridges ask, in dialects of their own; a secret says who they are.
    Bridge,
    /// JSON.
    Api,
    /// A file of the browser client.
    Asset,
    /// A health probe.
    Probe,
    /// The WebSocket door.
    Socket,
    /// A page that the operator lets others show in frames.
    Public,
    /// What programs of anybody read: no cookie counts here, and nothing is signed in.
    Feed,
    /// A file that pages of others load.
    Embed,
}

/// Whose pages may show this answer in a frame; on answers of public pages. Its text is the value
/// of `frame-ancestors`, every part of which was checked.
#[derive(Clone, Debug)]
pub(super) struct Ancestors(pub(super) String);

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; media-src blob:; \
     worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
     object-src 'none'; require-trusted-types-for 'script'";
/// The page of the calls is held closer than others, for most of its code is Swagger UI: it reaches
/// this server and nobody else, sends no form and starts no worker. Nothing is relaxed for it but
/// the `data:` pictures that its own style sheet brings, as on other pages; descriptions are shown
/// as text, so that Trusted Types stay.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; object-src 'none'; \
     require-trusted-types-for 'script'";
/// A page in a frame asks for nothing and sends nothing.
const PUBLIC_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; object-src 'none'; \
     require-trusted-types-for 'script'; frame-ancestors ";
/// What is no page does nothing when it is opened as one.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";
const NOBODY: &str = "'none'";
const WITH_DEVICES: &str =
    "display-capture=(self), camera=(self), microphone=(self), geolocation=()";
const WITHOUT_DEVICES: &str = "display-capture=(), camera=(), microphone=(), geolocation=()";

/// Puts the table's headers on an answer. `Cache-Control` is only left as it is where everybody
/// gets the same.
pub(super) fn put(
    headers: &mut HeaderMap,
    surface: Surface,
    tls: bool,
    ancestors: Option<&Ancestors>,
) {
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
    let for_others = match surface {
        Surface::Public | Surface::Feed | Surface::Embed => true,
        Surface::Meeting
        | Surface::Legacy
        | Surface::Bridge
        | Surface::Page
        | Surface::Docs
        | Surface::Api
        | Surface::Asset
        | Surface::Probe
        | Surface::Socket => false,
    };
    if for_others {
        set(HeaderName::from_static("cross-origin-resource-policy"), "cross-origin");
    }
    if surface == Surface::Docs {
        set(header::CONTENT_SECURITY_POLICY, DOCS_POLICY);
    }
    if surface == Surface::Feed || surface == Surface::Embed {
        set(header::CONTENT_SECURITY_POLICY, DATA_POLICY);
        set(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    }
    if surface == Surface::Public {
        // A page that may be in a frame has none of its own; without one it is not kept apart.
        headers.remove("cross-origin-opener-policy");
        let framed_by = ancestors.map_or(NOBODY, |ancestors| ancestors.0.as_str());
        let policy = format!("{PUBLIC_POLICY}{framed_by}");
        if let Ok(policy) = HeaderValue::try_from(policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
            if framed_by != NOBODY {
                headers.remove(header::X_FRAME_OPTIONS);
            }
        }
    }
    // What is there and the same for everybody says itself how long it may be kept.
    let may_be_kept = for_others || surface == Surface::Asset;
    if !may_be_kept || !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
