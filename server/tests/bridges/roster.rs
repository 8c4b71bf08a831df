//! A bridge of somebody's own, in JSON: it asks, connects, reports, and does what hosts want.

use serde_json::{Value, json};

use super::world::{World, world};

const SETTINGS: &str = "[bridge.pbx]\nsecret = \"a secret of the bridge\"\n";

fn ask(world: &World, call: &str, digits: &str) -> Value {
    let asked = json!({ "call": call, "caller": "+49301234567", "called": "+49305550100",
        "digits": digits });
    world.json("/bridge/pbx/code", &asked)
}

fn report(world: &World, call: &str, event: Value) -> Value {
    world.json(&format!("/bridge/pbx/calls/{call}"), &json!({ "event": event }))
}

#[test]
fn a_caller_is_in_the_roster_from_joining_to_leaving() {
    let world = world(SETTINGS);
    let (id, code) = world.planned();
    let first = ask(&world, "c1", "");
    assert_eq!(first["verdict"], json!("request_pin"), "{first}");
    let waits = json!({ "verdict": "accept", "meeting": id.number().to_string(),
        "state": "wait", "started": false });
    assert_eq!(ask(&world, "c1", &code), waits);
    let still = json!({ "muted": false, "removed": false });
    assert_eq!(report(&world, "c1", json!("joined")), json!({ "place": "wait", "wanted": still }));
    world.open(id);
    // The bridge asks how it stands, and the caller is in.
    assert_eq!(report(&world, "c1", Value::Null), json!({ "place": "here", "wanted": still }));
    assert_eq!(world.here(id), 1);
    assert_eq!(report(&world, "c1", json!("muted"))["place"], json!("here"));
    assert_eq!(report(&world, "c1", json!("left"))["place"], json!("gone"));
    assert_eq!(world.here(id), 0);
    // What nobody accepted is hung up.
    let gone = json!({ "place": "gone", "wanted": { "muted": false, "removed": true } });
    assert_eq!(report(&world, "c2", json!("joined")), gone);
}

#[test]
fn the_third_wrong_code_ends_the_call() {
    let world = world(SETTINGS);
    let (_, code) = world.planned();
    let verdicts: Vec<Value> = ["111", "222", "333", &code]
        .iter()
        .map(|digits| ask(&world, "c1", digits)["verdict"].clone())
        .collect();
    assert_eq!(verdicts, ["request_pin", "request_pin", "reject", "reject"]);
    assert_eq!(ask(&world, "c2", &code)["verdict"], json!("accept"), "another call is looked at");
}
