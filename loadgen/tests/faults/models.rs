//! The open model shows a stall at its true weight; the closed model hides it.

use serde_json::Value;

use crate::relay::{Fault, Relay};
use crate::roles::play;

/// Two who chat, and two who listen, for two seconds; in either model about fifty messages a second
/// each.
fn stalled(model: &str) -> Value {
    let text = format!(
        "model = \"{model}\"\nseconds = 2\nlate_ms = 60\n\
         [roles.chatter]\nchat = {{ rate = 50, size = 100, think_s = 0.02 }}\n"
    );
    let relay = Relay::start(Fault::Stall);
    let told = play(&relay, &text, "host h\nchatter a\nchatter b\nviewer c\n");
    assert_eq!(told.code, 0, "{}", told.text);
    told.json
}

#[test]
fn a_stall_of_200_ms_shows_in_the_open_model_and_hides_in_the_closed_one() {
    let (open, closed) = (stalled("open"), stalled("closed"));
    let p999 = open["latency_us"]["p999"].as_u64().expect("a time");
    assert!(p999 >= 150_000, "p99.9 is {p999} us");
    let late = |told: &Value| {
        let late = told["late"].as_u64().expect("a count") as f64;
        late / told["delivered"].as_u64().expect("a count") as f64
    };
    // Of 2 s, whoever sends when it is due loses 140 ms to the bound: 7 of 100. Whoever waits for
    // answers has one message under way.
    assert!(late(&open) > 0.04, "open: {}", late(&open));
    assert!(late(&closed) < late(&open) / 2.0, "{} and {}", late(&closed), late(&open));
    assert_eq!((&open["model"], &closed["model"]), (&"open".into(), &"closed".into()));
}
