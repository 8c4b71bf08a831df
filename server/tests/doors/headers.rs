//! Every route answers with the header table, whatever it answers.

use convoke::http::{Surface, describe_api, routes};
use serde_json::json;

use super::client::Reply;
use super::world::world;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' \
    data: blob:; connect-src 'self'; font-src 'self'; media-src blob:; worker-src 'self'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; \
    require-trusted-types-for 'script'";

/// Nobody may show the page in a frame, as long as the operator names nobody.
const PUBLIC_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; object-src 'none'; \
    require-trusted-types-for 'script'; frame-ancestors 'none'";

/// Nearer than other pages: no form, no worker, no medium.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'; object-src 'none'; \
    require-trusted-types-for 'script'";

fn check(reply: &Reply, surface: Surface, what: &str) {
    let is =
        |name: &str, value: &str| assert_eq!(reply.header(name), Some(value), "{what}: {name}");
    let feed = matches!(surface, Surface::Feed | Surface::Embed);
    let others = feed || surface == Surface::Public;
    is(
        "content-security-policy",
        match surface {
            Surface::Public => PUBLIC_POLICY,
            Surface::Docs => DOCS_POLICY,
            Surface::Feed | Surface::Embed => "default-src 'none'; frame-ancestors 'none'; sandbox",
            _ => POLICY,
        },
    );
    let anybody = feed.then_some("*");
    assert_eq!(reply.header("access-control-allow-origin"), anybody, "{what}");
    is("x-content-type-options", "nosniff");
    is("referrer-policy", "same-origin");
    is("x-frame-options", "DENY");
    let opener = (surface != Surface::Public).then_some("same-origin");
    assert_eq!(reply.header("cross-origin-opener-policy"), opener, "{what}");
    is("cross-origin-embedder-policy", "require-corp");
    let resource = if others { "cross-origin" } else { "same-origin" };
    is("cross-origin-resource-policy", resource);
    let devices = if surface == Surface::Meeting {
        "display-capture=(self), camera=(self), microphone=(self), geolocation=()"
    } else {
        "display-capture=(), camera=(), microphone=(), geolocation=()"
    };
    is("permissions-policy", devices);
    is("cache-control", "no-store");
    assert_eq!(reply.header("strict-transport-security"), None, "{what}: plain HTTP");
    assert_eq!(reply.header("server"), None, "{what}: no banner");
}

/// Methods beside GET and POST that a route takes.
fn is_taken(method: &str, route: &str) -> bool {
    !describe_api()["paths"][route][method.to_ascii_lowercase()].is_null()
}

#[test]
fn every_route_has_the_headers_of_its_surface_for_every_method() {
    let world = world("[join]\nfailures_burst = 10000\n");
    for (route, surface) in routes() {
        let target = match route {
            "/id" => "/id=88137455&name=x&password=y".to_owned(),
            route => route
                .replace("{id}", "88137455")
                .replace("{n}", "1")
                .replace("{kind}", "ldap")
                .replace("{name}", "corp")
                .replace("{event}", "evt_0_0_1_1")
                .replace("{call}", "c1")
                .replace("{*name}", "nothing.js"),
        };
        let reply = world.get(&target);
        check(&reply, surface, &target);
        let reply = world.post(&target, &json!({}));
        let surface_of = |reply: &Reply| if reply.status == 405 { Surface::Page } else { surface };
        check(&reply, surface_of(&reply), &format!("POST {target}"));
        for method in ["DELETE", "PUT", "TRACE", "PATCH", "OPTIONS", "BREW"] {
            let request = format!(
                "{method} {target} HTTP/1.1\r\nHost: {a}\r\nOrigin: http://{a}\r\n\
                 Content-Type: application/json\r\nContent-Length: 0\r\n\r\n",
                a = world.address
            );
            let reply = super::client::raw(world.address, request.as_bytes());
            let what = format!("{method} {target}");
            if is_taken(method, route) {
                assert_eq!(reply.status, 401, "{what}: nobody is signed in");
                check(&reply, surface, &what);
                continue;
            }
            assert_eq!(reply.status, 405, "{what}");
            check(&reply, Surface::Page, &what);
        }
    }
}

#[test]
fn what_is_nowhere_has_the_headers_too() {
    let world = world("");
    for target in ["/nothing", "/setup/", "//setup", "/%73etup", "/setup/x", "/.git/config", "/id"]
    {
        let reply = world.get(target);
        assert_eq!(reply.status, 404, "{target}");
        let surface = if target == "/id" { Surface::Meeting } else { Surface::Page };
        check(&reply, surface, target);
    }
    let foreign =
        super::client::raw(world.address, b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    assert_eq!(foreign.status, 421);
    check(&foreign, Surface::Page, "a foreign host");
}

#[test]
fn no_path_leads_out_of_the_embedded_files() {
    let world = world("");
    for name in [
        "../index.html",
        "..%2findex.html",
        "%2e%2e/index.html",
        "..\\..\\x",
        "a/b.js",
        "%00",
        "....//x",
        "/etc/passwd",
        ".hidden",
        "con",
        "x%0d%0aSet-Cookie:a=b",
    ] {
        let reply = world.get(&format!("/assets/{name}"));
        assert!(matches!(reply.status, 400 | 404), "{name}: {reply:?}");
        assert_eq!(reply.header("set-cookie"), None);
    }
}

#[test]
fn probes_tell_alive_from_ready() {
    let world = world("");
    assert_eq!(world.get("/healthz").body, "ok\n");
    assert_eq!(world.get("/readyz").status, 200);
    world.engine.read_only.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(world.get("/healthz").status, 200);
    let ready = world.get("/readyz");
    assert_eq!((ready.status, &ready.json()["log_writable"]), (503, &json!(false)));
}

#[test]
fn the_page_is_the_embedded_document_with_its_facts() {
    let world = world("");
    let page = world.get("/join?id=8813%207455");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.boot(), json!({ "page": "join", "meeting": { "id": "8813-7455" } }));
    assert_eq!(world.get("/m/88137455").boot()["page"], json!("meeting"));
    assert_eq!(world.get("/m/8813").status, 404);
    assert_eq!(world.get("/api/docs").boot()["page"], json!("docs"));
    assert_eq!(world.get("/").boot(), json!({ "page": "home", "mail": false }));
}
