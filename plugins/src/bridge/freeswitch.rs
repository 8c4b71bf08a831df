//! FreeSWITCH's `mod_xml_curl`: the dialplan of a call, in XML. Digits are collected by FreeSWITCH,
//! which then asks again with the channel's variable `convoke_digits`.

use std::fmt::Write;

use super::xml::escaped;
use super::{Answer, Asked, Bridge, Fields, HOLD_S, Now, Told, typed};

const KIND: &str = "text/xml";

pub(super) fn asked(fields: &Fields) -> Asked {
    let text = |names: &[&str]| fields.get(names).unwrap_or_default().to_owned();
    Asked {
        call: text(&["Unique-ID", "Caller-Unique-ID", "call"]),
        caller: text(&["Caller-Caller-ID-Number", "caller"]),
        called: text(&["Caller-Destination-Number", "Hunt-Destination-Number", "called"]),
        digits: typed(fields.get(&["variable_convoke_digits", "digits"]).unwrap_or_default()),
        context: text(&["Caller-Context", "Hunt-Context"]),
        meeting: None,
    }
}

pub(super) fn not_ours(fields: &Fields) -> Option<Answer> {
    let section = fields.get(&["section"])?;
    let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                <document type=\"freeswitch/xml\">\n<section name=\"result\">\n\
                <result status=\"not found\"/>\n</section>\n</document>\n";
    (section != "dialplan").then(|| Answer { kind: KIND, body: body.to_owned() })
}

pub(super) fn tell(bridge: &Bridge, asked: &Asked, told: &Told) -> Answer {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let context = match asked.context.as_str() {
        given if !given.is_empty() && given.len() <= 80 && given.chars().all(plain) => given,
        _ => "default",
    };
    let again = format!("${{destination_number}} XML {context}");
    let reason = |reason: &str| format!("convoke_reason={}", unexpanded(reason));
    let mut actions: Vec<(&str, String)> = Vec::new();
    match told {
        Told::Accept { meeting, now: Now::Open, .. } => {
            actions.push(("answer", String::new()));
            actions.push(("set", format!("convoke_meeting={}", meeting.number())));
            actions.push(("conference", bridge.to("{meeting}@default", *meeting)));
        }
        Told::Accept { now: Now::Wait | Now::Lobby, .. } => {
            actions.push(("answer", String::new()));
            actions.push(("playback", format!("silence_stream://{}", HOLD_S * 1000)));
            actions.push(("transfer", again));
        }
        Told::RequestPin { reason: said } => {
            actions.push(("answer", String::new()));
            actions.push(("set", reason(said.as_deref().unwrap_or_default())));
            actions.push(("set", "convoke_digits=".to_owned()));
            let prompt = "ivr/ivr-please_enter_pin_followed_by_pound.wav";
            let ask =
                format!("4 20 1 10000 # {prompt} silence_stream://250 convoke_digits \\d+ 4000");
            actions.push(("play_and_get_digits", ask));
            actions.push(("transfer", again));
        }
        Told::Reject { reason: said } => {
            actions.push(("answer", String::new()));
            actions.push(("set", reason(said)));
            actions.push(("playback", "ivr/ivr-that_was_an_invalid_entry.wav".to_owned()));
            actions.push(("hangup", "CALL_REJECTED".to_owned()));
        }
        Told::Drop => actions.push(("hangup", "NORMAL_CLEARING".to_owned())),
    }
    let mut body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <document type=\"freeswitch/xml\">\n\
         <section name=\"dialplan\">\n\
         <context name=\"{}\">\n\
         <extension name=\"convoke\">\n\
         <condition>\n",
        escaped(context)
    );
    for (application, data) in actions {
        // Writing to a String cannot fail.
        let _ = match data.as_str() {
            "" => writeln!(body, "<action application=\"{application}\"/>"),
            data => {
                let data = escaped(data);
                writeln!(body, "<action application=\"{application}\" data=\"{data}\"/>")
            }
        };
    }
    body.push_str("</condition>\n</extension>\n</context>\n</section>\n</document>\n");
    Answer { kind: KIND, body }
}

/// A sentence in which FreeSWITCH finds nothing to expand.
fn unexpanded(text: &str) -> String {
    text.chars().filter(|c| !"${}".contains(*c)).collect()
}

#[cfg(test)]
mod tests {
    use convoke_model::MeetingId;

    use super::super::{Dialect, Settings};
    use super::*;

    fn bridge() -> Bridge {
        let secret = Some("0123456789abcdef".into());
        let settings = Settings { dialect: Dialect::Freeswitch, secret, ..Settings::default() };
        Bridge::open("fs", settings).expect("good settings")
    }

    #[test]
    fn each_verdict_is_the_dialplan_of_the_golden_file() {
        let meeting = MeetingId::new(88_137_455).expect("eight digits");
        let accept = |now| Told::Accept { meeting, code: String::new(), now };
        let asked = Asked { context: "public".into(), ..Asked::default() };
        let said = Some("Code <unknown> & \"wrong\".".to_owned());
        let table = [
            (accept(Now::Open), include_str!("golden/freeswitch_accept.xml")),
            (accept(Now::Wait), include_str!("golden/freeswitch_wait.xml")),
            (Told::RequestPin { reason: said }, include_str!("golden/freeswitch_pin.xml")),
            (Told::Reject { reason: "No.".into() }, include_str!("golden/freeswitch_reject.xml")),
            (Told::Drop, include_str!("golden/freeswitch_drop.xml")),
        ];
        for (told, golden) in table {
            assert_eq!(tell(&bridge(), &asked, &told).body, golden);
        }
    }

    #[test]
    fn nothing_a_caller_sends_is_expanded_or_leaves_its_place() {
        let asked = Asked { context: "a\" b".into(), ..Asked::default() };
        let told = Told::RequestPin { reason: Some("${system(rm)} \u{0}<x>".into()) };
        let body = tell(&bridge(), &asked, &told).body;
        assert!(body.contains("convoke_reason=system(rm) &lt;x&gt;"), "{body}");
        assert!(body.contains("<context name=\"default\">"), "{body}");
    }

    #[test]
    fn the_fields_are_those_that_the_module_sends() {
        let form = b"section=dialplan&Unique-ID=u-1&Caller-Caller-ID-Number=4930&\
                     Caller-Destination-Number=5000&Caller-Context=public&\
                     variable_convoke_digits=1234567897";
        let asked = asked(&Fields::default().with_form(form).expect("few"));
        assert_eq!((asked.call.as_str(), asked.caller.as_str()), ("u-1", "4930"));
        assert_eq!((asked.called.as_str(), asked.digits.as_str()), ("5000", "1234567897"));
        assert_eq!(asked.context, "public");
    }
}
