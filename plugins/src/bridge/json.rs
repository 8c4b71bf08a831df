//! JSON: for bridges that somebody writes for this server.

use serde_json::json;

use super::{Answer, Asked, Fields, Happened, Reported, Standing, Told, typed};

const KIND: &str = "application/json";

pub(super) fn asked(fields: &Fields) -> Asked {
    let text = |names: &[&str]| fields.get(names).unwrap_or_default().to_owned();
    Asked {
        call: text(&["call"]),
        caller: text(&["caller"]),
        called: text(&["called"]),
        digits: typed(fields.get(&["digits"]).unwrap_or_default()),
        ..Asked::default()
    }
}

pub(super) fn tell(told: &Told) -> Answer {
    let said = match told {
        Told::Accept { meeting, now, .. } => json!({
            "verdict": "accept",
            "meeting": meeting.number().to_string(),
            "state": now.word(),
            "started": *now != super::Now::Wait,
        }),
        Told::RequestPin { reason } => json!({ "verdict": "request_pin", "reason": reason }),
        Told::Reject { reason } => json!({ "verdict": "reject", "reason": reason }),
        Told::Drop => json!({ "verdict": "drop" }),
    };
    Answer { kind: KIND, body: said.to_string() }
}

pub(super) fn reported(fields: &Fields) -> Reported {
    let happened = match fields.get(&["event"]) {
        Some("joined") => Some(Happened::Joined),
        Some("left") => Some(Happened::Left),
        Some("muted") => Some(Happened::Muted),
        Some("unmuted") => Some(Happened::Unmuted),
        Some(_) | None => None,
    };
    Reported { call: fields.get(&["call"]).unwrap_or_default().to_owned(), happened }
}

pub(super) fn standing(standing: &Standing) -> Answer {
    let Standing { place, muted, removed } = standing;
    let wanted = json!({ "muted": muted, "removed": removed });
    Answer { kind: KIND, body: json!({ "place": place, "wanted": wanted }).to_string() }
}

#[cfg(test)]
mod tests {
    use convoke_model::MeetingId;

    use super::super::{Now, Standing, Told};
    use super::*;

    #[test]
    fn each_verdict_has_its_object() {
        let meeting = MeetingId::new(88_137_455).expect("eight digits");
        let accept = |now| Told::Accept { meeting, code: "123456782".into(), now };
        let table = [
            (
                accept(Now::Open),
                r#"{"meeting":"88137455","started":true,"state":"open","verdict":"accept"}"#,
            ),
            (
                accept(Now::Wait),
                r#"{"meeting":"88137455","started":false,"state":"wait","verdict":"accept"}"#,
            ),
            (
                Told::RequestPin { reason: Some("Again.".into()) },
                r#"{"reason":"Again.","verdict":"request_pin"}"#,
            ),
            (Told::Reject { reason: "No.".into() }, r#"{"reason":"No.","verdict":"reject"}"#),
            (Told::Drop, r#"{"verdict":"drop"}"#),
        ];
        for (told, body) in table {
            assert_eq!(tell(&told).body, body);
        }
        let stands = Standing { place: "here", muted: true, removed: false };
        let body = r#"{"place":"here","wanted":{"muted":true,"removed":false}}"#;
        assert_eq!(standing(&stands).body, body);
    }

    #[test]
    fn only_digits_of_a_keypad_are_kept() {
        let fields = Fields::default().with_json(br#"{"digits":"12 34-5#"}"#).expect("an object");
        assert_eq!(asked(&fields).digits, "12345");
    }
}
