//! What an account signs in with.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An e-mail address as an account's name: lower case, one `@`, no white space.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// How long it may be, in bytes (RFC 5321, 4.5.3.1.3).
    pub const BYTES_MAX: usize = 254;

    /// Takes what a person typed; `None` when it is not an e-mail address.
    #[must_use]
    pub fn new(typed: &str) -> Option<Self> {
        let typed = typed.trim();
        let (local, domain) = typed.split_once('@')?;
        let plain = !typed.chars().any(|c| c.is_control() || c.is_whitespace());
        let shaped = !local.is_empty() && !domain.is_empty() && !domain.contains('@');
        let short = typed.len() <= Self::BYTES_MAX;
        (plain && shaped && short).then(|| Self(typed.to_lowercase()))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let typed = String::deserialize(from)?;
        Self::new(&typed).ok_or_else(|| serde::de::Error::custom("not an e-mail address"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_an_address_is_not_taken() {
        for typed in ["", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a\u{0}@b"] {
            assert_eq!(Email::new(typed), None, "{typed:?}");
        }
    }
}
