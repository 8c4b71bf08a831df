//! Who may ask: a bridge that shows its secret from where it may, and nobody else.

use super::world::{SECRET, world};

const SETTINGS: &str = "[bridge.pbx]\nsecret = \"a secret of the bridge\"\n\
    [bridge.far]\nsecret = \"a secret of the bridge\"\nallow = [\"192.0.2.0/24\"]\n";

#[test]
fn a_wrong_secret_a_wrong_name_and_a_wrong_address_are_answered_alike() {
    let world = world(SETTINGS);
    let bearer = format!("Authorization: Bearer {SECRET}\r\n");
    // user:a secret of the bridge
    let basic = "Authorization: Basic dXNlcjphIHNlY3JldCBvZiB0aGUgYnJpZGdl\r\n";
    for headers in [bearer.as_str(), basic] {
        assert_eq!(world.request("GET", "/bridge/pbx/code", headers, "").status, 200, "{headers}");
    }
    let wrong = "Authorization: Bearer a secret of the bridgf\r\n";
    let mut answers = Vec::new();
    for (target, headers) in [
        ("/bridge/pbx/code", ""),
        ("/bridge/pbx/code", wrong),
        ("/bridge/pbx/code", "Authorization: Basic ????\r\n"),
        ("/bridge/pbx/numbers", wrong),
        ("/bridge/pbx/events", wrong),
        ("/bridge/pbx/calls/c1", wrong),
        ("/bridge/nobody/code", bearer.as_str()),
        ("/bridge/far/code", bearer.as_str()),
    ] {
        let reply = world.request("GET", target, headers, "");
        assert_eq!(reply.status, 401, "{target} {headers}");
        assert!(reply.header("www-authenticate").is_some_and(|how| how.starts_with("Basic ")));
        answers.push(reply.body);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    // Whoever tries many secrets has to wait, the right one included.
    let statuses: Vec<u16> =
        (0..20).map(|_| world.request("GET", "/bridge/pbx/code", wrong, "").status).collect();
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    assert_eq!(world.request("GET", "/bridge/pbx/code", &bearer, "").status, 429);
}

#[test]
fn behind_a_proxy_the_address_is_the_bridges_own() {
    let bearer = format!("Authorization: Bearer {SECRET}\r\n");
    let near = format!("{bearer}X-Forwarded-For: 192.0.2.9, 10.0.0.1\r\n");
    let far = format!("{bearer}X-Forwarded-For: 10.0.0.1, 192.0.2.9\r\n");
    let behind = world(&format!("{SETTINGS}[proxy]\ntrusted = [\"127.0.0.1\"]\n"));
    let bare = world(SETTINGS);
    for (world, headers, status) in
        [(&behind, &far, 200), (&behind, &near, 401), (&behind, &bearer, 401), (&bare, &far, 401)]
    {
        let reply = world.request("GET", "/bridge/far/code", headers, "");
        assert_eq!(reply.status, status, "{headers}");
    }
}

#[test]
fn what_is_no_form_and_no_object_is_refused() {
    let world = world(SETTINGS);
    let json = format!("Authorization: Bearer {SECRET}\r\nContent-Type: application/json\r\n");
    for body in ["[]", "{", "{\"digits\":[1]}"] {
        let reply = world.request("POST", "/bridge/pbx/code", &json, body);
        assert_eq!((reply.status, reply.code().as_str()), (400, "malformed"), "{body}");
    }
    let many = "a=1&".repeat(2_000);
    assert_eq!(world.form("/bridge/pbx/code", &many).status, 400);
}

#[test]
fn the_manual_shows_settings_that_work() {
    let manual = include_str!("../../../docs/BRIDGES.md");
    let mut shown = 0;
    for text in manual.split("```toml").skip(1).filter_map(|rest| rest.split("```").next()) {
        let config = convoke::config::Config::parse(text);
        shown += config.unwrap_or_else(|error| panic!("{error} in {text}")).bridge.len();
    }
    assert_eq!(shown, 3);
}

#[test]
fn settings_that_cannot_be_used_are_named() {
    use convoke::bridges::Bridges;
    use convoke::config::Config;
    let table = [
        ("[bridge.x]\nsecret = \"short\"", "[bridge.x] `secret` must have 16 to 1,024"),
        ("[bridge.x]\n", "[bridge.x] `secret_file` must name"),
        ("[bridge.x]\nsecret_file = \"/nowhere\"", "[bridge.x] `secret_file` cannot be read"),
        ("[bridge.x]\ndialekt = \"json\"", "unknown setting `bridge.x.dialekt`"),
        ("[bridge.x]\ndialect = \"skype\"", "unknown variant `skype`"),
        ("[bridge.x]\ndialect = \"twilio\"", "needs `base_url`"),
    ];
    for (text, expected) in table {
        let opened = match Config::parse(text) {
            Ok(config) => Bridges::check(&config).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let error = opened.expect_err(text);
        assert!(error.contains(expected), "{text}: {error}");
    }
}
