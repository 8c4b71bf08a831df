//! Names and values of a bridge's call, from its address, a form or a JSON object.

use percent_encoding::percent_decode;
use serde_json::Value;

/// Fields a call may have: FreeSWITCH sends every variable of a channel.
const FIELDS_MAX: usize = 1_000;

/// More fields than any bridge sends, or a body that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

/// Names and values in the order they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Adds those of `name=value&name=value`.
    ///
    /// # Errors
    /// When there are too many.
    pub fn with_form(mut self, form: &[u8]) -> Result<Self, TooMany> {
        for pair in form.split(|&b| b == b'&').filter(|pair| !pair.is_empty()) {
            let at = pair.iter().position(|&b| b == b'=');
            let (name, value) = match at {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &b""[..]),
            };
            self.add(decoded(name), decoded(value))?;
        }
        Ok(self)
    }

    /// Adds those of a JSON object: texts, numbers and flags.
    ///
    /// # Errors
    /// When it is no object, or has too many.
    pub fn with_json(mut self, json: &[u8]) -> Result<Self, TooMany> {
        let Ok(Value::Object(object)) = serde_json::from_slice(json) else { return Err(TooMany) };
        for (name, value) in object {
            let value = match value {
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                Value::Bool(flag) => flag.to_string(),
                Value::Null => continue,
                Value::Array(_) | Value::Object(_) => return Err(TooMany),
            };
            self.add(name, value)?;
        }
        Ok(self)
    }

    fn add(&mut self, name: String, value: String) -> Result<(), TooMany> {
        if self.0.len() == FIELDS_MAX {
            return Err(TooMany);
        }
        self.0.push((name, value));
        Ok(())
    }

    /// The first value that is not empty under any of these names.
    #[must_use]
    pub fn get(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|wanted| {
            let mut found = self.0.iter().filter(|(name, _)| name == wanted);
            found.find(|(_, value)| !value.trim().is_empty()).map(|(_, value)| value.trim())
        })
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn decoded(bytes: &[u8]) -> String {
    let blanks: Vec<u8> = bytes.iter().map(|&b| if b == b'+' { b' ' } else { b }).collect();
    percent_decode(&blanks).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_objects_are_read_and_bounded() {
        let fields = Fields::default().with_form(b"a=1&b=%2b49+30&a=2&empty=").expect("few");
        assert_eq!(fields.get(&["a"]), Some("1"));
        assert_eq!(fields.get(&["x", "b"]), Some("+49 30"));
        assert_eq!(fields.get(&["empty"]), None);
        let json = br#"{"digits":"12","attempt":3,"x":null}"#;
        let fields = Fields::default().with_json(json).expect("few");
        assert_eq!((fields.get(&["digits"]), fields.get(&["attempt"])), (Some("12"), Some("3")));
        for bad in [&b"[]"[..], b"{\"a\":[]}", b"{", b"7"] {
            assert_eq!(Fields::default().with_json(bad), Err(TooMany));
        }
        let many = "a=1&".repeat(1_001);
        assert_eq!(Fields::default().with_form(many.as_bytes()), Err(TooMany));
    }
}
