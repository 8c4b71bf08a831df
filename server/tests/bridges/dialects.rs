//! Each dialect, as the bridge that speaks it asks.

use convoke_plugins::bridge::{Fields, twilio_signature};
use serde_json::json;

use super::world::{SECRET, world};

#[test]
fn jitsi_maps_codes_to_conferences_and_back_and_lists_numbers() {
    let world = world(
        "[bridge.jitsi]\ndialect = \"jitsi\"\nsecret = \"a secret of the bridge\"\n\
         domain = \"conference.example.org\"\n",
    );
    let (id, code) = world.planned();
    let mapped = world.get(&format!("/bridge/jitsi/code?id={code}")).json();
    let conference = format!("{}@conference.example.org", id.number());
    assert_eq!(mapped["conference"], json!(conference), "{mapped}");
    let back = world.get(&format!("/bridge/jitsi/code?conference={conference}")).json();
    assert_eq!(back["id"].to_string(), code.trim_start_matches('0'), "{back}");
    let none = world.get("/bridge/jitsi/code?id=1").json();
    assert_eq!((&none["id"], &none["conference"]), (&json!(false), &json!(false)));
    // An id alone leads to no conference here: there is nobody to hold in a lobby.
    let by_id = world.get(&format!("/bridge/jitsi/code?id={}", id.number())).json();
    assert_eq!(by_id["conference"], json!(false));
    let numbers = world.get("/bridge/jitsi/numbers").json();
    assert_eq!(numbers[0]["countryCode"], json!("DE"));
    assert_eq!(
        numbers[1],
        json!({ "countryCode": "US", "tollFree": true,
        "formattedNumber": "+1 800 555 0100", "number": "+18005550100" })
    );
}

#[test]
fn freeswitch_gets_a_dialplan() {
    let settings = "[bridge.fs]\ndialect = \"freeswitch\"\nsecret = \"a secret of the bridge\"\n";
    let world = world(settings);
    let (id, code) = world.planned();
    let ask = |digits: &str| {
        let form = format!(
            "section=dialplan&Unique-ID=u-1&Caller-Caller-ID-Number=%2B4930&\
             Caller-Destination-Number=5000&Caller-Context=public&variable_convoke_digits={digits}"
        );
        let reply = world.form("/bridge/fs/code", &form);
        assert_eq!(reply.header("content-type"), Some("text/xml"));
        reply.body
    };
    assert!(ask("").contains("application=\"play_and_get_digits\""));
    assert!(ask("999").contains("convoke_reason=There is no meeting with this code."));
    // Caller first: held until the host begins.
    assert!(
        ask(&code).contains("application=\"transfer\" data=\"${destination_number} XML public")
    );
    world.open(id);
    let conference = format!("application=\"conference\" data=\"{}@default\"", id.number());
    assert!(ask("").contains(&conference), "asked again, it is known");
    let other = world.form("/bridge/fs/code", "section=directory&user=1000");
    assert!(other.body.contains("<result status=\"not found\"/>"));
}

#[test]
fn asterisk_gets_one_line() {
    let settings = "[bridge.pbx]\ndialect = \"asterisk\"\nsecret = \"a secret of the bridge\"\n";
    let world = world(settings);
    let (id, code) = world.planned();
    let ask = |digits: &str| {
        let target = format!("/bridge/pbx/code?call=17.1&caller=4930&called=500&digits={digits}");
        world.get(&target).body
    };
    assert!(ask("").starts_with("REQUEST_PIN|Please enter the code"));
    assert_eq!(ask(&code), format!("ACCEPT|{}|wait", id.number()));
    let standing = |event: &str| world.get(&format!("/bridge/pbx/events?call=17.1{event}")).body;
    assert_eq!(standing("&event=joined"), "wait|muted=0|removed=0");
    world.open(id);
    assert_eq!(standing(""), "here|muted=0|removed=0");
    assert_eq!(standing("&event=left"), "gone|muted=0|removed=1");
}

#[test]
fn twilio_is_believed_when_it_signs_the_address_that_the_settings_name() {
    let world = world(
        "base_url = \"https://meet.example.org\"\n\
         [bridge.cloud]\ndialect = \"twilio\"\nsecret = \"a secret of the bridge\"\n",
    );
    let (id, code) = world.planned();
    world.open(id);
    let post = |target: &str, form: &str, signature: &str| {
        let headers = format!(
            "X-Twilio-Signature: {signature}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n"
        );
        world.request("POST", target, &headers, form)
    };
    let signed = |target: &str, form: &str| {
        let fields = Fields::default().with_form(form.as_bytes()).expect("few");
        let address = format!("https://meet.example.org{target}");
        post(target, form, &twilio_signature(SECRET, &address, &fields))
    };
    let first = "CallSid=CA1&From=%2B14155550100&To=%2B18005550100";
    let gather = signed("/bridge/cloud/code", first);
    assert!(gather.body.contains("<Gather action=\"code\""), "{gather:?}");
    let typed = format!("{first}&Digits={code}");
    let dial = signed("/bridge/cloud/code?x=1", &typed);
    assert!(dial.body.contains(&format!(">{}</Conference>", id.number())), "{dial:?}");
    let joined = signed("/bridge/cloud/events", "StatusCallbackEvent=participant-join&CallSid=CA1");
    assert!(joined.body.contains("<Response></Response>"), "{joined:?}");
    assert_eq!(world.here(id), 1);
    signed("/bridge/cloud/events", "StatusCallbackEvent=participant-leave&CallSid=CA1");
    assert_eq!(world.here(id), 0);
    // Another form, another address, the secret itself: not believed.
    let fields = Fields::default().with_form(first.as_bytes()).expect("few");
    let address = "https://meet.example.org/bridge/cloud/code";
    let signature = twilio_signature(SECRET, address, &fields);
    assert_eq!(post("/bridge/cloud/code", &typed, &signature).status, 401);
    assert_eq!(post("/bridge/cloud/code?x=1", first, &signature).status, 401);
    assert_eq!(world.form("/bridge/cloud/code", first).status, 401);
    assert_eq!(post("/bridge/cloud/code", first, &signature).status, 200);
}
