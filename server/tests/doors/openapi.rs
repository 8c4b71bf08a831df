//! The OpenAPI document: equal to what is committed, and true of every route and method.

use std::path::Path;

use convoke::http::{Surface, describe_api, routes};
use serde_json::{Value, json};

use super::world::world;

const DOCUMENT: &str = "/api/v1/openapi.json";

/// `UPDATE_EXAMPLES=1` renews the file.
#[test]
fn the_committed_document_is_what_the_code_describes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/openapi.json");
    let mut text = serde_json::to_string_pretty(&describe_api()).expect("JSON");
    text.push('\n');
    if std::env::var_os("UPDATE_EXAMPLES").is_some() {
        std::fs::write(&path, &text).expect("written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "schemas/openapi.json is old: run this with UPDATE_EXAMPLES=1");
    let served = world("").get(DOCUMENT);
    assert_eq!((served.status, served.json()), (200, describe_api()));
}

#[test]
fn what_is_described_is_answered_and_what_is_not_is_no_method() {
    let world = world("");
    let paths = describe_api()["paths"].clone();
    let mut described = 0;
    for (route, _) in routes().into_iter().filter(|(_, surface)| *surface == Surface::Api) {
        if route == DOCUMENT {
            continue;
        }
        assert!(paths[route].is_object(), "{route} is not described");
        let path = route
            .replace("{id}", "88137455")
            .replace("{key}", "1")
            .replace("{n}", "1")
            .replace("{kind}", "ldap")
            .replace("{name}", "corp")
            .replace("{event}", "evt_0_0_1_1");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let reply = world.call_as(method, &path, &json!({}), "", "");
            let operation = &paths[route][method.to_ascii_lowercase()];
            assert_eq!(reply.status != 405, operation.is_object(), "{method} {route}");
            if operation.is_object() {
                described += 1;
                let status = reply.status.to_string();
                assert!(operation["responses"][&status].is_object(), "{method} {route}: {status}");
            }
        }
    }
    let operations = paths.as_object().expect("paths").values();
    let all: usize = operations.map(|item| item.as_object().map_or(0, serde_json::Map::len)).sum();
    assert_eq!(described, all, "nothing is described that is not there");
}

#[test]
fn references_lead_somewhere_and_refusals_are_listed() {
    let document = describe_api();
    let mut found = Vec::new();
    collect(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("within the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let codes = &document["components"]["schemas"]["Refusal"]["properties"]["code"]["enum"];
    let codes: Vec<&str> =
        codes.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    let all: Vec<&str> = convoke_model::Refusal::ALL.iter().map(|one| one.code()).collect();
    assert_eq!(codes, all);
}

fn collect(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                into.push(reference.clone());
            }
            map.values().for_each(|value| collect(value, into));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
