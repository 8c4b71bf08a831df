//! Invitations: a token in a join link that lets people in without the password.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use convoke_model::MeetingId;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::folder::Key;

/// Makes and checks invitations: HMAC-SHA256 over the meeting number under a key file, cut to 128
/// bits. It names the meeting and nothing else; there is no role in it to be raised.
pub struct Invitations {
    key: Key,
}

impl Invitations {
    /// Invitations under this key.
    #[must_use]
    pub fn new(key: Key) -> Self {
        Self { key }
    }

    /// The invitation to a meeting, as base64url.
    #[must_use]
    pub fn of(&self, meeting: MeetingId) -> String {
        URL_SAFE_NO_PAD.encode(self.tag(meeting))
    }

    /// Whether this is the invitation to that meeting. Compared in constant time.
    #[must_use]
    pub fn fits(&self, meeting: MeetingId, token: &str) -> bool {
        let given = URL_SAFE_NO_PAD.decode(token.trim()).unwrap_or_default();
        given.ct_eq(self.tag(meeting).as_slice()).into()
    }

    fn tag(&self, meeting: MeetingId) -> [u8; 16] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.key.as_slice()).expect("HMAC takes any key length");
        mac.update(b"convoke invitation 1");
        mac.update(&meeting.number().to_be_bytes());
        let full: [u8; 32] = mac.finalize().into_bytes().into();
        let mut tag = [0; 16];
        tag.copy_from_slice(&full[..16]);
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_fits_its_meeting_only() {
        let invitations = Invitations::new(Key::new([7; 32]));
        let other = Invitations::new(Key::new([8; 32]));
        let (a, b) = (MeetingId::new(88_137_455), MeetingId::new(88_137_456));
        let (a, b) = (a.expect("an id"), b.expect("an id"));
        let token = invitations.of(a);
        assert_eq!(token.len(), 22);
        assert!(invitations.fits(a, &token));
        assert!(!invitations.fits(b, &token));
        assert!(!other.fits(a, &token));
        for bad in ["", "A", &token[..20], &format!("{token}A"), "!!!!"] {
            assert!(!invitations.fits(a, bad), "{bad}");
        }
    }
}
