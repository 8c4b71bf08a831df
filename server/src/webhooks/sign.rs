//! Signatures of calls, as <https://www.standardwebhooks.com> says: HMAC-SHA256 over the event's
//! name, the time and the body, under a secret of the receiver's own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use convoke_model::Millis;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::entropy;

/// How long calls are signed with the secret of before as well.
const BOTH_MS: u64 = 24 * 60 * 60 * 1000;
const SECRET_BYTES: usize = 32;

/// A receiver's secret, and the one it had before.
pub(super) struct Secrets {
    now: Zeroizing<[u8; SECRET_BYTES]>,
    /// With the time until which it is good.
    before: Option<(Zeroizing<[u8; SECRET_BYTES]>, Millis)>,
}

impl Secrets {
    /// A new one, in the place of another since then.
    pub(super) fn draw(old: Option<(Self, Millis)>) -> Self {
        let now = Zeroizing::new(entropy::bytes());
        let before = old.map(|(old, at)| (old.now, at.plus(BOTH_MS)));
        Self { now, before }
    }

    /// As its owner is shown it.
    pub(super) fn shown(&self) -> String {
        format!("whsec_{}", STANDARD.encode(self.now.as_slice()))
    }

    /// As it is kept in the vault.
    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(SECRET_BYTES * 2 + 8));
        bytes.extend_from_slice(self.now.as_slice());
        if let Some((before, until)) = &self.before {
            bytes.extend_from_slice(before.as_slice());
            bytes.extend_from_slice(&until.0.to_le_bytes());
        }
        bytes
    }

    /// From the vault; nothing for what is not of this form.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (now, rest) = bytes.split_at_checked(SECRET_BYTES)?;
        let now = Zeroizing::new(now.try_into().ok()?);
        if rest.is_empty() {
            return Some(Self { now, before: None });
        }
        let (before, until) = rest.split_at_checked(SECRET_BYTES)?;
        let until = Millis(u64::from_le_bytes(until.try_into().ok()?));
        Some(Self { now, before: Some((Zeroizing::new(before.try_into().ok()?), until)) })
    }

    /// The value of `webhook-signature`.
    pub(super) fn sign(&self, id: &str, now: Millis, body: &[u8]) -> String {
        let seconds = now.0 / 1000;
        let mut signatures = signature(&self.now, id, seconds, body);
        if let Some((before, until)) = &self.before
            && now < *until
        {
            signatures.push(' ');
            signatures.push_str(&signature(before, id, seconds, body));
        }
        signatures
    }
}

fn signature(secret: &[u8; SECRET_BYTES], id: &str, seconds: u64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_over_the_name_the_time_and_the_body() {
        // Computed with Python's `hmac` from the same parts.
        let mut secrets = Secrets::draw(None);
        secrets.now = Zeroizing::new([7; SECRET_BYTES]);
        let signed = secrets.sign("evt_1", Millis(1_700_000_000_999), b"{}");
        assert_eq!(signed, "v1,a1DASGgVAakARPzCBfaKZ61ux1lULadh72WCLbrcpuA=");
        assert_eq!(secrets.shown(), "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
    }

    #[test]
    fn after_a_change_both_secrets_sign_for_a_day() {
        let (old, at) = (Secrets::draw(None), Millis(1_000_000));
        let of_old = old.sign("evt_1", at, b"{}");
        let new = Secrets::draw(Some((old, at)));
        let new = Secrets::from_bytes(&new.to_bytes()).expect("just written");
        let both = new.sign("evt_1", at, b"{}");
        assert!(both.ends_with(&format!(" {of_old}")), "{both}");
        let later = new.sign("evt_1", at.plus(BOTH_MS), b"{}");
        assert!(!later.contains(' '), "{later}");
        assert!(Secrets::from_bytes(&[1; 33]).is_none());
    }
}
