//! `name=value` pairs: splitting, bounds, and what a repeated name means.

use super::secret::Secret;
use super::text;

/// Most bytes of one call that are looked at; the server's own body limit is the same.
const CALL_BYTES_MAX: usize = 64 * 1024;
/// Most pairs in one call; the longest legacy call has fewer than twenty.
const PAIRS_MAX: usize = 64;

/// Why a legacy call cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// More bytes or more parameters than any legacy call has.
    TooLong,
    /// The named parameter is given twice with different values.
    Ambiguous(&'static str),
    /// `role` is missing.
    RoleMissing,
    /// `role` is neither `host` nor `attendee`.
    RoleUnknown,
    /// Not one of the known launch addresses.
    NotALaunch,
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLong => f.write_str("the call is longer than any known call"),
            Self::Ambiguous(name) => write!(f, "{name} is given twice with different values"),
            Self::RoleMissing => f.write_str("role is missing; it is host or attendee"),
            Self::RoleUnknown => f.write_str("role must be host or attendee"),
            Self::NotALaunch => f.write_str("not a launch address"),
        }
    }
}

impl std::error::Error for Unreadable {}

/// The pairs of one call, still undecoded.
pub(super) struct Pairs<'a> {
    pairs: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> Pairs<'a> {
    /// Splits `name=value&name=value`. Empty pairs are skipped.
    pub(super) fn split(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        if bytes.len() > CALL_BYTES_MAX {
            return Err(Unreadable::TooLong);
        }
        let mut pairs = Vec::new();
        for pair in bytes.split(|&b| b == b'&').filter(|pair| !pair.is_empty()) {
            if pairs.len() == PAIRS_MAX {
                return Err(Unreadable::TooLong);
            }
            // Links copied out of HTML source keep the escaped ampersand.
            let pair = pair.strip_prefix(b"amp;").unwrap_or(pair);
            let (name, value) = match pair.iter().position(|&b| b == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &b""[..]),
            };
            pairs.push((name, value));
        }
        Ok(Self { pairs })
    }

    /// The decoded value of a parameter, by any of its spellings; `None` when it is absent.
    pub(super) fn get(&self, names: &[&'static str]) -> Result<Option<String>, Unreadable> {
        let mut found: Option<String> = None;
        for (name, value) in &self.pairs {
            let name = text::value(name);
            let Some(known) = names.iter().find(|n| name.trim().eq_ignore_ascii_case(n)) else {
                continue;
            };
            let value = text::value(value);
            match &found {
                None => found = Some(value),
                Some(first) if *first == value => {}
                Some(_) => return Err(Unreadable::Ambiguous(known)),
            }
        }
        Ok(found)
    }

    /// As [`Pairs::get`], trimmed, with an empty value taken as absent.
    pub(super) fn text(&self, names: &[&'static str]) -> Result<Option<String>, Unreadable> {
        Ok(self.get(names)?.map(|v| v.trim().to_owned()).filter(|v| !v.is_empty()))
    }

    /// As [`Pairs::get`], wrapped at once; blanks in a password are part of it.
    pub(super) fn secret(&self, names: &[&'static str]) -> Result<Option<Secret>, Unreadable> {
        Ok(self.get(names)?.map(Secret::new).filter(|s| !s.is_empty()))
    }
}
