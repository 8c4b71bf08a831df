//! No address that anybody can write leads away from here: nothing of a request becomes the target
//! of a redirect but the path of a page of ours, under the name that this server is known by.

use convoke::http::routes;

use super::client::raw;
use super::world::{tls_world, world};

const AWAY: [&str; 16] = [
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "https:/evil.example",
    "http://evil.example@here",
    "https://here@evil.example",
    "/%2f%2fevil.example",
    "/%5cevil.example",
    "%2f%2fevil.example",
    "/.evil.example",
    "//evil%E3%80%82example",
    "javascript:alert(1)",
    "data:text/html,x",
];

const NAMES: [&str; 8] =
    ["return_to", "next", "url", "redirect", "redirect_uri", "logout", "continue", "t"];

#[test]
fn no_parameter_and_no_path_leads_away() {
    let (plain, tls) = (world(""), tls_world(""));
    let mut targets: Vec<String> = Vec::new();
    for away in AWAY {
        let path = if away.starts_with('/') { away.to_owned() } else { format!("/{away}") };
        targets.push(path.clone());
        targets.push(format!("{path}/"));
        for name in NAMES {
            for route in ["/", "/join", "/setup", "/account", "/reset", "/m/88137455"] {
                targets.push(format!("{route}?{name}={away}"));
            }
        }
    }
    assert!(targets.len() > 700);
    for world in [&plain, &tls] {
        for target in &targets {
            // Over plain HTTP, which a server with TLS answers by a redirect to itself.
            let request = format!("GET {target} HTTP/1.1\r\nHost: {}\r\n\r\n", world.address);
            let reply = raw(world.address, request.as_bytes());
            let Some(to) = reply.header("location") else { continue };
            let own = format!("https://{}/", world.address);
            assert!(to.starts_with(&own), "{target} leads to {to}");
        }
    }
}

#[test]
fn no_route_redirects_by_itself() {
    let world = world("");
    for (route, _) in routes() {
        let path = route.replace("{id}", "88137455").replace(['{', '}'], "");
        let reply = world.get(&path.replace('*', ""));
        assert!(!(300..400).contains(&reply.status) || reply.status == 304, "{route}: {reply:?}");
    }
}
