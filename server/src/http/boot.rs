//! What the page is told at its start: a block of JSON in the document, data and never code.

use convoke_model::MeetingId;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::refusal::No;

/// Builds the boot block of a page.
#[derive(Clone, Debug)]
pub(super) struct Boot {
    fields: Map<String, Value>,
    /// The meeting and its ticket, for callers who are sent on instead of being shown a page.
    pub(super) meeting: Option<MeetingId>,
    pub(super) ticket: Option<String>,
}

impl Boot {
    /// A page by kind: `home`, `join`, `meeting`, `viewer` or `setup`.
    pub(super) fn page(kind: &str) -> Self {
        let mut fields = Map::new();
        fields.insert("page".to_owned(), json!(kind));
        Self { fields, meeting: None, ticket: None }
    }

    /// A field, when there is something to put in it.
    pub(super) fn with(mut self, name: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.fields.insert(name.to_owned(), value.into());
        }
        self
    }

    /// The meeting it is about.
    pub(super) fn meeting(mut self, id: MeetingId, more: Option<(&str, u8)>) -> Self {
        let meeting = match more {
            Some((topic, kind)) => json!({ "id": id.to_string(), "topic": topic, "type": kind }),
            None => json!({ "id": id.to_string() }),
        };
        self.fields.insert("meeting".to_owned(), meeting);
        self.meeting = Some(id);
        self
    }

    /// The single-use ticket that the page's script uses.
    pub(super) fn ticket(mut self, ticket: &str) -> Self {
        self.ticket = Some(ticket.to_owned());
        self.with("ticket", Some(ticket))
    }

    /// Why what was asked for did not happen.
    pub(super) fn refused(self, no: No) -> Self {
        self.with("refusal", Some(no.words()))
    }

    /// What another page needs to start from the same facts, as the fragment of its address, which
    /// browsers keep to themselves. A refusal travels as its code.
    pub(super) fn fragment(&self) -> String {
        let text = |name: &str| self.fields.get(name).and_then(Value::as_str);
        let refusal = self.fields.get("refusal").and_then(|refusal| refusal["code"].as_str());
        let asks = self.fields.get("ask_password") == Some(&Value::Bool(true));
        let role = text("role");
        let facts = [
            ("t", self.ticket.as_deref()),
            ("p", text("pending")),
            ("v", (role == Some("viewer")).then_some("1")),
            ("role", role),
            ("n", text("name")),
            ("i", text("invitation")),
            ("e", text("email")),
            ("ask", asks.then_some("1")),
            ("r", refusal),
        ];
        let told = facts.iter().filter_map(|(key, value)| {
            let value = utf8_percent_encode(value.as_ref()?, NON_ALPHANUMERIC);
            Some(format!("{key}={value}"))
        });
        told.collect::<Vec<_>>().join("&")
    }

    /// The kind of page it is.
    pub(super) fn kind(&self) -> &str {
        self.fields.get("page").and_then(Value::as_str).unwrap_or_default()
    }

    /// The script element. `application/json` is never run, whatever is in it, and nothing in it
    /// can end the element or begin another.
    pub(super) fn element(&self) -> String {
        let json = Value::Object(self.fields.clone()).to_string();
        let mut text = String::with_capacity(json.len() + 64);
        text.push_str("<script type=\"application/json\" id=\"boot\">");
        for c in json.chars() {
            match c {
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                    text.push_str(&format!("\\u{:04x}", u32::from(c)));
                }
                c => text.push(c),
            }
        }
        text.push_str("</script>");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_name_cannot_leave_the_block() {
        let name = "</script><script>alert(1)</script><!--&\u{2028}";
        let element = Boot::page("join").with("name", Some(name)).element();
        let inside = element
            .strip_prefix("<script type=\"application/json\" id=\"boot\">")
            .and_then(|rest| rest.strip_suffix("</script>"))
            .expect("one element");
        assert!(!inside.contains(['<', '>', '&', '\u{2028}']));
        let read: Value = serde_json::from_str(inside).expect("valid JSON");
        assert_eq!(read["name"], json!(name));
    }
}
