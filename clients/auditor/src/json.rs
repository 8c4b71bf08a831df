//! Facts as JSON, with digests in hexadecimal.

use std::fmt::Write as _;

use convoke_model::{Audience, Record};
use convoke_wire::codec::Fact;
use serde_json::{Value, json};

use crate::times::utc;

/// Bytes in hexadecimal, lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// An event as it is stored, but with its digests in hexadecimal.
pub(crate) fn event<E: Fact>(record: &Record<E>) -> Value {
    let mut value = serde_json::to_value(&record.event).unwrap_or(Value::Null);
    digests(&mut value);
    value
}

fn digests(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                if ["hash", "sha256", "meeting_hash"].contains(&key.as_str()) {
                    let numbers = value.as_array().map(Vec::as_slice).unwrap_or_default();
                    let bytes = numbers.iter().map(|n| n.as_u64().and_then(|n| n.try_into().ok()));
                    if let Some(bytes) = bytes.collect::<Option<Vec<u8>>>()
                        && bytes.len() == 32
                    {
                        *value = Value::String(hex(&bytes));
                    }
                } else {
                    digests(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(digests),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Who may see a fact, in one word or two.
pub(crate) fn audience(audience: Audience) -> Value {
    match audience {
        Audience::Everyone => json!("everyone"),
        Audience::Hosts => json!("hosts"),
        Audience::One(who) => json!({ "one": who }),
        Audience::Nobody => json!("log"),
    }
}

/// A time: the number as it is stored, and as people read it.
pub(crate) fn time(time: convoke_model::Millis) -> Value {
    json!({ "ms": time.0, "utc": utc(time) })
}
