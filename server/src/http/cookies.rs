//! Two cookies: who signed in, and which browser this is.

use http::{HeaderMap, HeaderValue, header};
use sha2::{Digest, Sha256};

use super::origin::Origin;
use crate::entropy;

/// The value of the sign-in cookie. Over TLS only the `__Host-` name counts: a sub-domain or a
/// plain-HTTP answer cannot set it.
pub(super) fn sign_in<'a>(headers: &'a HeaderMap, own: &Origin) -> Option<&'a str> {
    find(headers, name(own))
}

/// Which browser this is, so that somebody whom a host removed does not come back by another
/// ticket. It opens nothing, and says nothing about a person.
#[derive(Clone)]
pub(super) struct Browser {
    value: String,
    /// It came without one and is to be given this.
    fresh: bool,
}

impl Browser {
    /// The browser that sent these headers; one that has no cookie yet gets one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        match find(headers, BROWSER).filter(|value| value.len() == BROWSER_CHARS) {
            Some(value) => Self { value: value.to_owned(), fresh: false },
            None => Self { value: entropy::token::<16>(), fresh: true },
        }
    }

    /// Its number in tickets and in the log.
    pub(super) fn family(&self) -> u64 {
        let digest: [u8; 32] = Sha256::digest(self.value.as_bytes()).into();
        let [a, b, c, d, e, f, g, h, ..] = digest;
        // 0 stands for "unknown".
        u64::from_le_bytes([a, b, c, d, e, f, g, h]).max(1)
    }

    /// The cookie to set, unless it has one.
    pub(super) fn to_set(&self, own: &Origin) -> Option<HeaderValue> {
        let secure = if own.is_https() { "; Secure" } else { "" };
        let text = format!(
            "{BROWSER}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age=15552000{secure}",
            self.value
        );
        self.fresh.then(|| HeaderValue::try_from(text).ok()).flatten()
    }
}

const BROWSER: &str = "browser";
/// 16 bytes as base64url.
const BROWSER_CHARS: usize = 22;

fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Sets the sign-in cookie; administrators get it `Strict`.
pub(super) fn set(value: &str, own: &Origin, administrator: bool) -> HeaderValue {
    header(value, own, if administrator { "Strict" } else { "Lax" }, "")
}

/// Takes the sign-in cookie away.
pub(super) fn clear(own: &Origin) -> HeaderValue {
    header("", own, "Lax", "; Max-Age=0")
}

fn header(value: &str, own: &Origin, same_site: &str, more: &str) -> HeaderValue {
    let secure = if own.is_https() { "; Secure" } else { "" };
    let text =
        format!("{}={value}; Path=/; HttpOnly; SameSite={same_site}{secure}{more}", name(own));
    HeaderValue::try_from(text).expect("a token and fixed words are a legal header")
}

fn name(own: &Origin) -> &'static str {
    // Browsers refuse the prefix without TLS, even on localhost.
    if own.is_https() { "__Host-sid" } else { "sid" }
}
