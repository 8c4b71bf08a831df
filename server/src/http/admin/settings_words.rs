//! How settings look in JSON: what the model reads and writes, said for the OpenAPI document. A
//! test holds both against each other.

use utoipa::ToSchema;

macro_rules! shapes {
    ($($(#[$more:meta])* $name:ident $shown:ident {
        $($(#[$of:meta])* $field:ident: $kind:ty,)*
    })*) => {$(
        #[derive(ToSchema)]
        #[schema(as = $shown)]
        #[expect(dead_code, reason = "it is only described")]
        $(#[$more])*
        pub(super) struct $name {
            $($(#[$of])* $field: $kind,)*
        }
    )*};
}

shapes! {
    /// All that can be set.
    SettingsShape Settings {
        branding: BrandingShape,
        telephone: TelephoneShape,
        publishing: PublishingShape,
        limits: LimitsShape,
        integration: IntegrationShape,
    }
    /// How the server presents itself.
    BrandingShape SettingsBranding {
        /// What it is called, instead of Convoke.
        name: Option<String>,
        /// What its start page says.
        welcome: Option<String>,
        #[schema(pattern = "^#[0-9A-Fa-f]{6}$")]
        colour: Option<String>,
    }
    /// How meetings are reached by telephone.
    TelephoneShape SettingsTelephone {
        /// The numbers to dial.
        #[schema(required = false)]
        numbers: Vec<NumberShape>,
        /// Whether a meeting's id is its access code.
        #[schema(required = false)]
        meeting_id_is_code: bool,
        /// Whether a meeting without a code of its own gets one drawn.
        #[schema(required = false)]
        draw_codes: bool,
    }
    /// A number to dial.
    NumberShape SettingsNumber {
        number: String,
        /// Two letters of ISO 3166-1.
        country: Option<String>,
        #[schema(required = false)]
        toll_free: bool,
    }
    /// How public lists are told.
    PublishingShape SettingsPublishing {
        /// Whether there are none.
        #[schema(required = false)]
        off: bool,
        /// What heads them, when it is not the server's name.
        title: Option<String>,
        /// Whose pages may show them in a frame: origins, or `*`.
        #[schema(required = false)]
        frame_ancestors: Vec<String>,
    }
    /// How much goes on at once; 0 means as much as the machine bears.
    LimitsShape SettingsLimits {
        #[schema(required = false)]
        rooms: u32,
        #[schema(required = false)]
        participants: u32,
    }
    /// Whether callers of the legacy interface have a code.
    IntegrationShape SettingsIntegration {
        has_code: bool,
        /// How often it was changed.
        changes: u32,
    }
}

/// One part of the settings, as a whole: what is left out is as it is at first.
#[derive(ToSchema)]
#[schema(as = SettingsPart, rename_all = "snake_case")]
#[expect(dead_code, reason = "it is only described")]
pub(super) enum PartShape {
    Branding(BrandingShape),
    Telephone(TelephoneShape),
    Publishing(PublishingShape),
    Limits(LimitsShape),
}

#[cfg(test)]
mod tests {
    use convoke_model::site::settings::{Part, Settings};
    use serde_json::{Value, json};
    use std::collections::BTreeSet;

    fn names(value: &Value) -> BTreeSet<&str> {
        value.as_object().expect("an object").keys().map(String::as_str).collect()
    }

    /// The schema behind a reference.
    fn shape<'a>(document: &'a Value, of: &'a Value) -> &'a Value {
        let pointer = of["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        pointer.map_or(of, |pointer| document.pointer(pointer).expect("it leads somewhere"))
    }

    #[test]
    fn settings_are_described_as_they_are_read_and_written() {
        let parts = [
            json!({ "branding": { "name": "A", "welcome": "B", "colour": "#112233" } }),
            json!({ "telephone": {
                "numbers": [{ "number": "+49 30 123456", "country": "DE", "toll_free": true }],
                "meeting_id_is_code": true,
                "draw_codes": true,
            } }),
            json!({ "publishing": { "off": true, "title": "C", "frame_ancestors": ["*"] } }),
            json!({ "limits": { "rooms": 1, "participants": 2 } }),
        ];
        let document = crate::http::describe_api();
        let all = &document["components"]["schemas"]["Settings"]["properties"];
        let written = serde_json::to_value(Settings::default()).expect("JSON");
        assert_eq!(names(all), names(&written));
        let integration = shape(&document, &all["integration"]);
        assert_eq!(names(&integration["properties"]), names(&written["integration"]));
        for typed in parts {
            let part: Part = serde_json::from_value(typed.clone()).expect("a part");
            assert_eq!(serde_json::to_value(&part).expect("JSON"), typed, "nothing is left out");
            let name = *names(&typed).first().expect("one");
            let described = shape(&document, &all[name]);
            assert_eq!(names(&described["properties"]), names(&typed[name]), "{name}");
        }
        let number = &document["components"]["schemas"]["SettingsNumber"]["properties"];
        assert_eq!(names(number), BTreeSet::from(["number", "country", "toll_free"]));
    }
}
