//! The one cookie: who signed in.

use http::{HeaderMap, HeaderValue, header};

use super::origin::Origin;

/// The value of the sign-in cookie. Over TLS only the `__Host-` name counts: a sub-domain or a
/// plain-HTTP answer cannot set it.
pub(super) fn sign_in<'a>(headers: &'a HeaderMap, own: &Origin) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name(own))?.strip_prefix('='))
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
