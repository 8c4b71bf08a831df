//! A server that a script asks something of its own: fields out, JSON or text back. Reached under
//! the same rules as one that is asked about sign-ins.

use std::time::{Duration, Instant};

use convoke_model::policy::Value;

use super::exchange::AnswerForm;
use super::{Callback, lock};
use crate::outcome::{Fault, Outcome, Report, Steps};

/// Longest text that a script is given.
const TEXT_BYTES_MAX: usize = 4096;
/// Fields that are sent at once, and bytes of one.
const FIELDS_MAX: usize = 32;
const FIELD_BYTES_MAX: usize = 1024;

impl Callback {
    /// Sends the entries of a map as a form and gives what came back: the data of JSON, or text.
    ///
    /// # Errors
    /// One sentence, when it cannot be asked or answers something else.
    pub async fn fetch(&self, data: &Value) -> Result<Value, String> {
        let fields = fields(data)?;
        let fields: Vec<(&str, &[u8])> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let asked = self.bounded(&fields, &mut Steps::begin()).await;
        asked.map_err(|fault| fault.to_string())
    }

    /// Sends these fields and tells each step. What came back is not shown: whoever tries a server
    /// learns whether it answers as it should, and nothing else of it.
    ///
    /// # Errors
    /// One sentence, when the fields cannot be sent.
    pub async fn probe(&self, data: &Value) -> Result<Report, String> {
        let fields = fields(data)?;
        let fields: Vec<(&str, &[u8])> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let mut steps = Steps::begin();
        Ok(match self.bounded(&fields, &mut steps).await {
            Ok(_) => steps.report(Outcome::Allowed(Box::default())),
            Err(fault) => {
                steps.done("fault", fault.said());
                steps.report(Outcome::Failed(fault))
            }
        })
    }

    async fn bounded(&self, fields: &[(&str, &[u8])], steps: &mut Steps) -> Result<Value, Fault> {
        let total = Duration::from_millis(self.settings.total_ms);
        let asked = tokio::time::timeout(total, self.get(fields, steps)).await;
        asked.unwrap_or(Err(Fault::Late))
    }

    async fn get(&self, fields: &[(&str, &[u8])], steps: &mut Steps) -> Result<Value, Fault> {
        let _place = self.places.enter().await?;
        if !lock(&self.breaker).may_ask(Instant::now()) {
            return Err(Fault::Resting);
        }
        let reply = self.line(AnswerForm::Json).ask(fields, steps).await;
        match &reply {
            Ok(_) => lock(&self.breaker).went_well(),
            Err(_) => lock(&self.breaker).failed(Instant::now()),
        }
        read(&reply?.body)
    }
}

/// A form of a map's entries.
fn fields(data: &Value) -> Result<Vec<(String, String)>, String> {
    let Value::Map(entries) = data else {
        return Err("http.ask takes the name of a server and a map".to_owned());
    };
    if entries.len() > FIELDS_MAX {
        return Err(format!("http.ask sends at most {FIELDS_MAX} fields"));
    }
    let field = |(name, value): (&String, &Value)| {
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
        let text = match value {
            Value::Text(text) => text.clone(),
            Value::Int(number) => number.to_string(),
            Value::Bool(yes) => yes.to_string(),
            Value::Null => String::new(),
            Value::List(_) | Value::Map(_) => {
                return Err(format!("the field `{name}` is no text, number or yes and no"));
            }
        };
        if !plain || name.is_empty() || name.len().max(text.len()) > FIELD_BYTES_MAX {
            return Err("a field's name or its text cannot be sent".to_owned());
        }
        Ok((name.clone(), text))
    };
    entries.iter().map(field).collect()
}

/// JSON is read as such; fractions and what is larger than a script may hold are refused.
fn read(body: &[u8]) -> Result<Value, Fault> {
    let bad = |why: &str| Fault::BadAnswer(why.to_owned());
    let text = std::str::from_utf8(body).map_err(|_| bad("it is not UTF-8"))?.trim();
    if text.len() > TEXT_BYTES_MAX {
        return Err(Fault::TooLong);
    }
    if !text.starts_with(['{', '[']) {
        return Ok(text.into());
    }
    serde_json::from_str(text).map_err(|_| bad("it is not JSON without fractions"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_data_and_anything_else_text() {
        let data = read(br#" {"vip": true, "seats": 3, "tags": ["a"]} "#).expect("read");
        assert_eq!(data.get("vip"), Some(&Value::Bool(true)));
        assert_eq!(read(b"yes\n").expect("read"), "yes".into());
        for odd in [&b"{\"a\": 1.5}"[..], b"{", b"\xff", &[b'x'; TEXT_BYTES_MAX + 1]] {
            assert!(read(odd).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn only_plain_fields_are_sent() {
        let data = Value::map([("email", "a@b".into()), ("n", 3_i64.into()), ("no", Value::Null)]);
        let sent = fields(&data).expect("plain");
        assert_eq!(sent[0], ("email".to_owned(), "a@b".to_owned()));
        for odd in [
            Value::from("text"),
            Value::map([("a b", "x".into())]),
            Value::map([("a", Value::List(Vec::new()))]),
            Value::map([("a", "x".repeat(2000).into())]),
        ] {
            assert!(fields(&odd).is_err(), "{odd:?}");
        }
    }
}
