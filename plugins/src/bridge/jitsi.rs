//! Jitsi's `conferenceMapper` and `phoneNumberList`, as its `resources/cloud-api.swagger` tells
//! them.

use convoke_model::site::settings::{Country, Number};
use serde_json::{Value, json};

use super::{Answer, Asked, Bridge, Fields, Told, typed};

const KIND: &str = "application/json";

/// `?id=` asks by code, `?conference=room@domain` for the code of a room.
pub(super) fn asked(fields: &Fields) -> Asked {
    let room = fields.get(&["conference"]).and_then(|name| name.split('@').next());
    let text = |names: &[&str]| fields.get(names).unwrap_or_default().to_owned();
    Asked {
        call: text(&["call"]),
        caller: text(&["caller"]),
        called: text(&["called"]),
        digits: typed(fields.get(&["id"]).unwrap_or_default()),
        meeting: room.and_then(|room| room.parse().ok()),
        ..Asked::default()
    }
}

pub(super) fn tell(bridge: &Bridge, told: &Told) -> Answer {
    let none = |message: &str| json!({ "message": message, "id": false, "conference": false });
    let said = match told {
        Told::Accept { meeting, code, .. } => {
            let domain = &bridge.settings.domain;
            let usual = format!("{{meeting}}@{domain}");
            json!({
                "message": "Successfully retrieved conference mapping",
                "id": code.parse::<u64>().map_or(Value::from(code.as_str()), Value::from),
                "conference": bridge.to(&usual, *meeting),
            })
        }
        Told::RequestPin { reason } => {
            none(reason.as_deref().unwrap_or("No conference mapping was found"))
        }
        Told::Reject { reason } => none(reason),
        Told::Drop => none("No conference mapping was found"),
    };
    Answer { kind: KIND, body: said.to_string() }
}

/// The numbers to dial, with their countries and toll-free marks.
#[must_use]
pub fn numbers(numbers: &[Number]) -> Answer {
    let told = numbers.iter().map(|number| {
        let shown = number.number.as_str();
        let dialled: String = shown.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
        json!({
            "countryCode": number.country.as_ref().map(Country::as_str),
            "tollFree": number.toll_free,
            "formattedNumber": shown,
            "number": dialled,
        })
    });
    Answer { kind: KIND, body: Value::Array(told.collect()).to_string() }
}

#[cfg(test)]
mod tests {
    use convoke_model::MeetingId;
    use convoke_model::text::DialNumber;

    use super::super::{Dialect, Now, Settings};
    use super::*;

    #[test]
    fn a_code_is_mapped_to_a_conference_and_back() {
        let bridge = Bridge::open(
            "jigasi",
            Settings {
                dialect: Dialect::Jitsi,
                secret: Some("0123456789abcdef".into()),
                domain: "conference.example.org".into(),
                ..Settings::default()
            },
        );
        let bridge = bridge.expect("good settings");
        let meeting = MeetingId::new(88_137_455).expect("eight digits");
        let told = Told::Accept { meeting, code: "1234567897".into(), now: Now::Open };
        let body: Value = serde_json::from_str(&tell(&bridge, &told).body).expect("JSON");
        assert_eq!(body["id"], 1_234_567_897);
        assert_eq!(body["conference"], "88137455@conference.example.org");
        let no: Value = serde_json::from_str(&tell(&bridge, &Told::Drop).body).expect("JSON");
        assert_eq!((&no["id"], &no["conference"]), (&json!(false), &json!(false)));
        let back = Fields::default().with_form(b"conference=88137455%40conference.example.org");
        assert_eq!(asked(&back.expect("few")).meeting, Some(meeting));
    }

    #[test]
    fn numbers_have_countries_and_toll_free_marks() {
        let number = Number {
            number: DialNumber::new("+49 (30) 123-4567").expect("a number"),
            country: Country::try_from("DE".to_owned()).ok(),
            toll_free: true,
        };
        let body: Value = serde_json::from_str(&numbers(&[number]).body).expect("JSON");
        assert_eq!(
            body,
            json!([{ "countryCode": "DE", "tollFree": true,
            "formattedNumber": "+49 (30) 123-4567", "number": "+49301234567" }])
        );
    }
}
