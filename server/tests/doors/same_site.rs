//! Calls that change something only come from our own pages; sockets only from our own origin.

use convoke::http::{Surface, routes};

use serde_json::json;

use super::client::raw;
use super::world::{EMAIL, world};

#[test]
fn every_changing_route_refuses_foreign_missing_and_null_origins() {
    let world = world("");
    let own = world.origin();
    let port = world.address.port();
    let origins = [
        String::new(),
        "Origin: null\r\n".to_owned(),
        "Origin: https://evil.example\r\n".to_owned(),
        format!("Origin: http://sub.{}\r\n", world.address),
        format!("Origin: https://127.0.0.1:{port}\r\n"),
        "Origin: http://127.0.0.1\r\n".to_owned(),
        format!("Origin: {own}.evil.example\r\n"),
        format!("Origin: {own}/\r\n"),
        format!("Origin: {own}\r\nOrigin: {own}\r\n"),
        format!("Origin: {own}\r\nSec-Fetch-Site: cross-site\r\n"),
        format!("Origin: {own}\r\nSec-Fetch-Site: same-site\r\n"),
        format!("Origin: {own}\r\nSec-Fetch-Site: none\r\n"),
    ];
    world.account(EMAIL, true);
    let cookie = world.sign_in(EMAIL);
    let facts = || world.engine.facts.lock().expect("not poisoned").len();
    let before = facts();
    let methods = ["POST", "PUT", "PATCH", "DELETE"];
    for (route, _) in routes().into_iter().filter(|(_, surface)| *surface == Surface::Api) {
        let path = route.replace("{id}", "88137455").replace("{key}", "1");
        let path = path.replace("{kind}", "ldap").replace("{name}", "corp");
        for (origin, method) in origins.iter().flat_map(|origin| methods.map(|m| (origin, m))) {
            // Somebody who is signed in is no protection against the page they look at.
            let headers = format!("{origin}Content-Type: application/json\r\nCookie: {cookie}\r\n");
            let reply = world.call_raw(method, &path, &headers, &json!({}));
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (403, "foreign_origin"),
                "{method} {path} {origin}"
            );
            assert_eq!(reply.header("set-cookie"), None);
        }
        assert_eq!(facts(), before, "{path}");
        for kind in ["", "Content-Type: text/plain\r\n", "Content-Type: application/jsonp\r\n"] {
            let reply = world.post_raw(&path, &format!("Origin: {own}\r\n{kind}"), b"{}");
            assert_eq!(reply.status, 415, "{path} {kind}");
        }
        let headers = format!("Origin: {own}\r\nContent-Type: Application/JSON; charset=utf-8\r\n");
        let reply = world.post_raw(&path, &headers, b"{}");
        assert!(!matches!(reply.status, 403 | 415), "{path}: {reply:?}");
    }
}

#[test]
fn a_name_that_is_made_to_point_here_is_not_ours() {
    let world = world("");
    let port = world.address.port();
    let host = format!("evil.example:{port}");
    let request = format!(
        "POST /api/v1/sign-out HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    assert_eq!(raw(world.address, request.as_bytes()).status, 421);
    let request = format!("GET http://evil.example/ HTTP/1.1\r\nHost: {}\r\n\r\n", world.address);
    assert_eq!(raw(world.address, request.as_bytes()).status, 421);
}
