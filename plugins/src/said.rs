//! One sentence of what came of asking somebody outside: in English, and as a stable code with its
//! values, of which other languages make a sentence of their own.

use std::fmt;

/// Every code there is: the pages have words for each of them.
#[rustfmt::skip]
const CODES: &[&str] = &[
    "allowed", "readable", "letter_taken", "unusable", "refused", "unknown_person", "ambiguous",
    "bad_name", "wrong_password", "account_disabled", "account_expired", "account_locked",
    "password_expired", "must_change_password", "not_now", "refused_before", "unresolved",
    "unreachable", "tls", "late", "busy", "resting", "redirected", "status", "content_type",
    "answer_too_long", "bad_answer", "service_bind", "search", "silent", "server_failed",
    "server_rests", "address_metadata", "address_none", "address_private", "address_loopback",
    "address_never", "address_own", "address_form", "address_http", "address_port", "places",
    "clear_text", "answered", "succeed", "not_granted", "grace", "odd_yes_or_no",
    "odd_time_zone", "odd_element", "odd_no_reason", "odd_long_reason", "odd_gbk", "bound",
    "bound_again", "would_bind", "password_right", "password_refused", "groups", "groups_cut",
    "privileges", "found", "found_none", "private_now", "private_at_once", "signed_in",
    "greeted", "mail_refused", "mail_tls", "mail_late", "mail_answer", "mail_offer",
    "mail_connection",
];

/// One sentence. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// What is said.
    pub code: &'static str,
    /// Of what, in the order in which the sentence has them.
    pub values: Vec<String>,
    text: String,
}

impl Said {
    /// A sentence of these values.
    #[must_use]
    pub fn new(
        code: &'static str,
        values: impl IntoIterator<Item = String>,
        text: impl Into<String>,
    ) -> Self {
        debug_assert!(CODES.contains(&code), "{code} is not in the list of codes");
        Self { code, values: values.into_iter().collect(), text: text.into() }
    }

    /// The same, cut to so many characters, in its values too.
    #[must_use]
    pub fn cut(self, chars_max: usize) -> Self {
        let cut = |text: String| text.chars().take(chars_max).collect();
        Self {
            code: self.code,
            values: self.values.into_iter().map(cut).collect(),
            text: cut(self.text),
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<Said> for String {
    fn from(said: Said) -> Self {
        said.text
    }
}
