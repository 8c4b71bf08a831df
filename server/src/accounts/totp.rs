//! Time-based codes (RFC 6238 with SHA-1, 30 seconds, 6 digits: what every app can do).

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

/// Bytes of a key: as many as the hash has (RFC 4226, 4).
pub const KEY_BYTES: usize = 20;
/// How long a code is good, in seconds.
const STEP_S: u64 = 30;
const DIGITS: usize = 6;
/// Codes of this many steps before and after now are taken: clocks differ.
const DRIFT_STEPS: u64 = 1;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The step that a code is of, if it fits around this time and is later than the last that was
/// used: each code is good once.
pub(super) fn step_of(
    key: &[u8; KEY_BYTES],
    typed: &str,
    now_s: u64,
    last: Option<u64>,
) -> Option<u64> {
    let now = now_s / STEP_S;
    let mut found = None;
    // Every step is computed, so that the time tells nothing of which one fits.
    for step in now.saturating_sub(DRIFT_STEPS)..=now + DRIFT_STEPS {
        let fits = bool::from(code(key, step).as_bytes().ct_eq(typed.as_bytes()));
        if fits && last.is_none_or(|last| step > last) {
            found = Some(step);
        }
    }
    found
}

/// The code of the step that this time is in.
#[must_use]
pub fn code_at(key: &[u8; KEY_BYTES], now_s: u64) -> String {
    code(key, now_s / STEP_S)
}

fn code(key: &[u8; KEY_BYTES], step: u64) -> String {
    let number = truncated(key, step) % 10_u32.pow(6);
    format!("{number:0DIGITS$}")
}

/// RFC 4226, 5.3.
fn truncated(key: &[u8], step: u64) -> u32 {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("HMAC takes any key length");
    mac.update(&step.to_be_bytes());
    let tag: [u8; 20] = mac.finalize().into_bytes().into();
    let at = usize::from(tag[19] & 0x0f);
    u32::from_be_bytes([tag[at] & 0x7f, tag[at + 1], tag[at + 2], tag[at + 3]])
}

/// Bytes as base32 without padding (RFC 4648, 6), as apps take a key.
#[must_use]
pub(super) fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(BASE32[(held >> bits) as usize & 31]));
        }
    }
    if bits > 0 {
        text.push(char::from(BASE32[(held << (5 - bits)) as usize & 31]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8; KEY_BYTES] = b"12345678901234567890";

    /// RFC 6238, appendix B, SHA-1: eight digits each.
    const VECTORS: [(u64, u32); 6] = [
        (59, 94_287_082),
        (1_111_111_109, 7_081_804),
        (1_111_111_111, 14_050_471),
        (1_234_567_890, 89_005_924),
        (2_000_000_000, 69_279_037),
        (20_000_000_000, 65_353_130),
    ];

    #[test]
    fn the_vectors_of_the_rfc_hold() {
        for (time, expected) in VECTORS {
            assert_eq!(truncated(KEY, time / STEP_S) % 100_000_000, expected, "{time}");
            assert_eq!(code_at(KEY, time), format!("{:06}", expected % 1_000_000));
        }
        // RFC 4226, appendix D: HOTP by counter.
        let hotp = [755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583];
        for (counter, expected) in hotp.into_iter().enumerate() {
            assert_eq!(truncated(KEY, counter as u64) % 1_000_000, expected);
        }
    }

    #[test]
    fn base32_is_that_of_the_rfc() {
        let table = [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ];
        for (plain, expected) in table {
            assert_eq!(base32(plain.as_bytes()), expected);
        }
        assert_eq!(base32(KEY), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn a_code_fits_half_a_minute_around_and_once() {
        let now = 1_111_111_109;
        let step = now / STEP_S;
        for (at, expected) in [
            (now, Some(step)),
            (now - 30, Some(step - 1)),
            (now + 30, Some(step + 1)),
            (now - 61, None),
            (now + 61, None),
        ] {
            assert_eq!(step_of(KEY, &code_at(KEY, at), now, None), expected, "{at}");
        }
        let used = step_of(KEY, &code_at(KEY, now), now, None);
        assert_eq!(step_of(KEY, &code_at(KEY, now), now, used), None, "a replay");
        assert_eq!(step_of(KEY, &code_at(KEY, now - 30), now, used), None, "an older one");
        assert_eq!(step_of(KEY, &code_at(KEY, now + 30), now, used), Some(step + 1));
        for typed in ["", "1", "0818041", "81804", "08180x"] {
            assert_eq!(step_of(KEY, typed, now, None), None, "{typed}");
        }
    }
}
