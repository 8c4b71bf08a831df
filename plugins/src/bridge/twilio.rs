//! Twilio's webhooks: forms that it signs, answered in TwiML.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::xml::escaped;
use super::{Answer, Asked, Bridge, Fields, HOLD_S, Happened, Now, Reported, Told, typed};

const KIND: &str = "text/xml";

/// What `X-Twilio-Signature` must be: HMAC-SHA1 of the address and, of a form, every name and
/// value, sorted by name (twilio.com/docs/usage/security).
#[must_use]
pub fn signature(token: &str, address: &str, form: &Fields) -> String {
    let mut mac =
        Hmac::<Sha1>::new_from_slice(token.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(address.as_bytes());
    let mut pairs: Vec<(&str, &str)> = form.iter().collect();
    pairs.sort_unstable();
    pairs.dedup();
    for (name, value) in pairs {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

pub(super) fn asked(fields: &Fields) -> Asked {
    let text = |names: &[&str]| fields.get(names).unwrap_or_default().to_owned();
    Asked {
        call: text(&["CallSid"]),
        caller: text(&["From"]),
        called: text(&["To"]),
        digits: typed(fields.get(&["Digits"]).unwrap_or_default()),
        ..Asked::default()
    }
}

/// Addresses are relative to the one that was asked, `/bridge/NAME/code`.
pub(super) fn tell(bridge: &Bridge, told: &Told) -> Answer {
    let say = |text: &str| format!("<Say>{}</Say>", escaped(text));
    let body = match told {
        Told::Accept { meeting, now: Now::Open, .. } if bridge.settings.to.is_empty() => format!(
            "<Dial><Conference statusCallback=\"events\" statusCallbackMethod=\"POST\" \
             statusCallbackEvent=\"join leave mute\" beep=\"false\">{}</Conference></Dial>",
            meeting.number()
        ),
        Told::Accept { meeting, now: Now::Open, .. } => format!(
            "<Dial><Sip statusCallback=\"events\" statusCallbackMethod=\"POST\" \
             statusCallbackEvent=\"answered completed\">{}</Sip></Dial>",
            escaped(&bridge.to("", *meeting))
        ),
        Told::Accept { now: now @ (Now::Wait | Now::Lobby), .. } => {
            let why = match now {
                Now::Wait => "The meeting has not begun. Please hold.",
                Now::Lobby | Now::Open => "Please hold until the host lets you in.",
            };
            let pause = format!("<Pause length=\"{}\"/>", HOLD_S * 2);
            format!("{}{pause}<Redirect method=\"POST\">code</Redirect>", say(why))
        }
        Told::RequestPin { reason } => {
            let why =
                reason.as_deref().unwrap_or("Please enter your code, followed by the hash key.");
            format!(
                "<Gather action=\"code\" method=\"POST\" input=\"dtmf\" finishOnKey=\"#\" \
                 timeout=\"10\">{}</Gather><Redirect method=\"POST\">code</Redirect>",
                say(why)
            )
        }
        Told::Reject { reason } => format!("{}<Hangup/>", say(reason)),
        Told::Drop => "<Reject/>".to_owned(),
    };
    answer(&body)
}

pub(super) fn nothing() -> Answer {
    answer("")
}

fn answer(body: &str) -> Answer {
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>{body}</Response>\n");
    Answer { kind: KIND, body }
}

/// Events of its conferences, of a dialled SIP leg, of the call.
pub(super) fn reported(fields: &Fields) -> Reported {
    let happened = match (fields.get(&["StatusCallbackEvent"]), fields.get(&["CallStatus"])) {
        (Some("participant-join"), _) | (None, Some("in-progress")) => Some(Happened::Joined),
        (Some("participant-leave"), _) => Some(Happened::Left),
        (Some("participant-mute"), _) => Some(Happened::Muted),
        (Some("participant-unmute"), _) => Some(Happened::Unmuted),
        (None, Some("completed" | "busy" | "failed" | "no-answer" | "canceled")) => {
            Some(Happened::Left)
        }
        (Some(_), _) | (None, Some(_) | None) => None,
    };
    // The leg to the SIP address has a number of its own; the caller's is its parent's.
    let call = fields.get(&["ParentCallSid", "CallSid"]).unwrap_or_default().to_owned();
    Reported { call, happened }
}

#[cfg(test)]
mod tests {
    use convoke_model::MeetingId;

    use super::super::{Dialect, Settings};
    use super::*;

    /// The example of Twilio's page on the security of webhooks.
    #[test]
    fn the_published_example_has_its_signature() {
        let form = b"CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234\
                     &From=%2B14158675309&To=%2B18005551212";
        let form = Fields::default().with_form(form).expect("few");
        let address = "https://mycompany.com/myapp.php?foo=1&bar=2";
        assert_eq!(signature("12345", address, &form), "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
        assert_ne!(signature("12346", address, &form), "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    }

    #[test]
    fn each_verdict_is_its_twiml() {
        let open = |to: &str| {
            let secret = Some("0123456789abcdef".into());
            let dialect = Dialect::Twilio;
            let settings = Settings { dialect, secret, to: to.into(), ..Settings::default() };
            Bridge::open("cloud", settings).expect("good settings")
        };
        let meeting = MeetingId::new(88_137_455).expect("eight digits");
        let accept = |now| Told::Accept { meeting, code: String::new(), now };
        let body = |to, told: &Told| tell(&open(to), told).body;
        assert!(body("", &accept(Now::Open)).contains(">88137455</Conference></Dial>"));
        let sip = body("sip:{meeting}@pbx.example.org", &accept(Now::Open));
        assert!(sip.contains(">sip:88137455@pbx.example.org</Sip></Dial>"), "{sip}");
        for now in [Now::Wait, Now::Lobby] {
            assert!(body("", &accept(now)).contains("<Redirect method=\"POST\">code</Redirect>"));
        }
        let pin = body("", &Told::RequestPin { reason: Some("<b> & co".into()) });
        assert!(pin.contains("<Say>&lt;b&gt; &amp; co</Say></Gather>"), "{pin}");
        let no = body("", &Told::Reject { reason: "No.".into() });
        assert!(no.contains("<Say>No.</Say><Hangup/>"), "{no}");
        assert!(body("", &Told::Drop).contains("<Reject/>"));
    }

    #[test]
    fn events_of_conferences_and_calls_are_read() {
        let read = |form: &str| {
            let reported = reported(&Fields::default().with_form(form.as_bytes()).expect("few"));
            (reported.call, reported.happened)
        };
        let ca1 = || "CA1".to_owned();
        let table = [
            ("StatusCallbackEvent=participant-join&CallSid=CA1", Some(Happened::Joined)),
            ("StatusCallbackEvent=participant-mute&CallSid=CA1", Some(Happened::Muted)),
            ("StatusCallbackEvent=conference-start&CallSid=CA1", None),
            ("CallStatus=in-progress&CallSid=CA2&ParentCallSid=CA1", Some(Happened::Joined)),
            ("CallStatus=completed&CallSid=CA1", Some(Happened::Left)),
            ("CallStatus=ringing&CallSid=CA1", None),
        ];
        for (form, happened) in table {
            assert_eq!(read(form), (ca1(), happened), "{form}");
        }
    }
}
