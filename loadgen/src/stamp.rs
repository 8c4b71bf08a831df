//! The stamp in every published message: who sent it, which one it is, and when it was meant to go.
//!
//! ```text
//! ~ RRRR PPPP CCCCCC TTTTTTTT .   24 printable bytes: run, publisher, counter, intended time us
//! ```
//! Six bits a character, so that it passes through chat as well as through media unchanged.

use crate::clock::Micros;

/// Bytes of a stamp: no message is smaller.
pub(crate) const STAMP_BYTES: usize = 24;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const FIELDS: [usize; 4] = [4, 4, 6, 8];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Tells this run from others in the same session; 24 bits.
    pub(crate) run: u32,
    /// Number of the publisher within the run; 24 bits.
    pub(crate) publisher: u32,
    /// Its messages, from 0; 36 bits.
    pub(crate) counter: u64,
    /// When it was meant to be sent; 48 bits.
    pub(crate) intended: Micros,
}

impl Stamp {
    /// Appends the stamp, filled up to `size` bytes.
    pub(crate) fn write(&self, size: usize, into: &mut Vec<u8>) {
        let end = into.len() + size.max(STAMP_BYTES);
        into.push(b'~');
        let values = [u64::from(self.run), u64::from(self.publisher), self.counter, self.intended];
        for (value, digits) in values.into_iter().zip(FIELDS) {
            into.extend((0..digits).rev().map(|at| DIGITS[(value >> (6 * at)) as usize & 63]));
        }
        into.push(b'.');
        into.resize(end, b'x');
    }

    /// The stamp at the start of `bytes`; `None` when there is none.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.first_chunk::<STAMP_BYTES>()?;
        if bytes[0] != b'~' || bytes[STAMP_BYTES - 1] != b'.' {
            return None;
        }
        let mut rest = &bytes[1..];
        let mut values = [0u64; 4];
        for (value, digits) in values.iter_mut().zip(FIELDS) {
            let (field, later) = rest.split_at(digits);
            rest = later;
            for digit in field {
                *value = *value << 6 | u64::from(digit_value(*digit)?);
            }
        }
        let [run, publisher, counter, intended] = values;
        Some(Self {
            run: u32::try_from(run).ok()?,
            publisher: u32::try_from(publisher).ok()?,
            counter,
            intended,
        })
    }
}

fn digit_value(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_survives_its_bytes() {
        for stamp in [
            Stamp { run: 0, publisher: 0, counter: 0, intended: 0 },
            Stamp { run: 9, publisher: 12_345, counter: 1 << 35, intended: (1 << 48) - 1 },
            Stamp { run: 0xFF_FFFF, publisher: 0xFF_FFFF, counter: 77, intended: 1_000_000 },
        ] {
            let mut bytes = Vec::new();
            stamp.write(100, &mut bytes);
            assert_eq!(bytes.len(), 100);
            assert!(bytes.iter().all(u8::is_ascii_graphic), "it may be chat");
            assert_eq!(Stamp::read(&bytes), Some(stamp));
        }
    }

    #[test]
    fn what_people_say_is_not_a_stamp() {
        assert_eq!(Stamp::read(b"hello everybody, can you hear me?"), None);
        assert_eq!(Stamp::read(b"~short."), None);
        assert_eq!(Stamp::read(b"~!!!!!!!!!!!!!!!!!!!!!!."), None);
    }
}
