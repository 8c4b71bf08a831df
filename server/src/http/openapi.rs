//! The OpenAPI document: what the JSON calls take and answer, worked out of the types that they
//! read and write. `schemas/openapi.json` is the same, and a test holds them equal.

mod calls;
pub(super) mod parts;
mod programs;
pub(super) mod words;

use axum::response::{IntoResponse, Response};
use convoke_model::Refusal;
use http::header;
use serde_json::{Value, json};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApiBuilder, PathsBuilder,
};

use parts::{COOKIE, KEY, Schemas};

const ABOUT: &str = "Meetings, accounts, keys, events, webhooks and administration of a Convoke \
    server.\n\n\
    Programs send `Authorization: Bearer` and an API key; what a key may do is said by its scopes. \
    Pages of the server itself use the cookie of whoever signed in, and every call that changes \
    something has to come from one of them.\n\n\
    Every \"no\" is a `Refusal`: a stable code, and a sentence for people. An answer that caused a \
    fact names its place in the log in `Convoke-Position`.\n\n\
    Calls that change something of meetings, and most of what administrators do, take an \
    `Idempotency-Key`: sent again within a day by the same caller, the call is not done again and \
    the first answer is given again. That holds over a restart: then a call about a meeting is \
    answered with the meeting as it is now, and other calls with `already_done` and the place of \
    what they caused.";

/// `GET /api/v1/openapi.json`
pub(super) async fn document() -> Response {
    let text = serde_json::to_string_pretty(&describe()).unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// Parts of the interface, in the order in which they are shown.
fn tags() -> Vec<Tag> {
    let told = [
        ("meetings", "Plan, change, open and call off meetings."),
        ("join", "Come into a meeting."),
        ("events", "Hear what happens. For administrators and auditors."),
        ("webhooks", "Be called for what happens. For administrators; auditors look."),
        ("admin", "Run the server, as its console does. For administrators; auditors look."),
        ("keys", "By what programs act for an account. For people."),
        ("account", "One's own account. For people."),
        ("sign-in", "For people."),
    ];
    told.map(|(name, what)| TagBuilder::new().name(name).description(Some(what)).build()).into()
}

/// The document.
#[must_use]
pub fn describe() -> Value {
    let mut schemas = Schemas::default();
    let mut paths = PathsBuilder::new();
    for call in calls::all(&mut schemas) {
        paths = paths.path(call.path, call.item);
    }
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas.0)
        .security_scheme(KEY, SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)))
        .security_scheme(COOKIE, SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("sid"))))
        .build();
    let license = LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build();
    let info = InfoBuilder::new()
        .title("Convoke")
        .version("1")
        .description(Some(ABOUT))
        .license(Some(license))
        .build();
    let document = OpenApiBuilder::new()
        .info(info)
        .paths(paths)
        .components(Some(components))
        .tags(Some(tags()))
        .build();
    let mut document = serde_json::to_value(document).unwrap_or_default();
    // The latest patch says less about what a description may hold; tools ask for the first.
    document["openapi"] = json!("3.1.0");
    let codes: Vec<&str> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
    document["components"]["schemas"]["Refusal"]["properties"]["code"]["enum"] = json!(codes);
    document
}
