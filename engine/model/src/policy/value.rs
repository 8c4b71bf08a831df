//! Plain data, as scripts see it: what they are asked, what library calls answer, what they say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Characters of a value that is shown to a person.
const SHOWN_CHARS_MAX: usize = 200;

/// A piece of plain data. In MessagePack and JSON it is what it looks like, with no tag around it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text.
    Text(String),
    /// Several in order.
    List(Vec<Value>),
    /// Several by name.
    Map(BTreeMap<String, Value>),
}

impl Value {
    /// A map of these entries.
    pub fn map<const N: usize>(entries: [(&str, Self); N]) -> Self {
        Self::Map(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The entry of that name, when this is a map that has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.get(name),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Text(_) | Self::List(_) => None,
        }
    }

    /// As a person reads it, cut where it gets long.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut shown = String::new();
        self.show(&mut shown);
        if let Some((at, _)) = shown.char_indices().nth(SHOWN_CHARS_MAX) {
            shown.truncate(at);
            shown.push_str(" ...");
        }
        shown
    }

    fn show(&self, to: &mut String) {
        if to.len() > 4 * SHOWN_CHARS_MAX {
            return;
        }
        match self {
            Self::Null => to.push_str("nothing"),
            Self::Bool(value) => to.push_str(if *value { "true" } else { "false" }),
            Self::Int(number) => to.push_str(&number.to_string()),
            Self::Text(text) => {
                let start: String = text.chars().take(SHOWN_CHARS_MAX + 1).collect();
                to.push_str(&format!("{start:?}"));
            }
            Self::List(items) => {
                to.push('[');
                for (at, item) in items.iter().enumerate() {
                    to.push_str(if at == 0 { "" } else { ", " });
                    item.show(to);
                }
                to.push(']');
            }
            Self::Map(entries) => {
                to.push('{');
                for (at, (name, value)) in entries.iter().enumerate() {
                    to.push_str(if at == 0 { " " } else { ", " });
                    to.push_str(name);
                    to.push_str(": ");
                    value.show(to);
                }
                to.push_str(" }");
            }
        }
    }

    /// The text, when this is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::List(_) | Self::Map(_) => None,
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
