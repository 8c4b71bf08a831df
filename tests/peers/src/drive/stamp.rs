//! The stamp at the start of every published payload: its number and when it was meant to be sent.
//! Two little-endian words, or ten printable digits of 6 bits for each where only text is carried.

use crate::clock::Micros;

/// Bytes of a stamp that is text.
pub(crate) const TEXT_BYTES: usize = 2 * DIGITS;
/// Digits of a word, the highest first; the four bits that do not fit are never set.
const DIGITS: usize = 10;

/// Writes the stamp over the start of `payload`.
pub(crate) fn write(payload: &mut [u8], text: bool, number: u64, due: Micros) {
    if !text {
        payload[..8].copy_from_slice(&number.to_le_bytes());
        payload[8..16].copy_from_slice(&due.to_le_bytes());
        return;
    }
    for (at, byte) in payload[..TEXT_BYTES].iter_mut().enumerate() {
        let word = if at < DIGITS { number } else { due };
        *byte = b'0' + ((word >> (6 * (DIGITS - 1 - at % DIGITS))) as u8 & 63);
    }
}

/// Number and time; zeros when `payload` has none.
pub(crate) fn read(payload: &[u8], text: bool) -> (u64, Micros) {
    if !text {
        let word = |at: usize| {
            let bytes = payload.get(at..at + 8).and_then(|bytes| bytes.first_chunk::<8>());
            bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
        };
        return (word(0), word(8));
    }
    let word = |at: usize| {
        let digits = payload.get(at..at + DIGITS).unwrap_or_default();
        digits.iter().fold(0, |word, digit| word << 6 | u64::from(digit.wrapping_sub(b'0') & 63))
    };
    (word(0), word(DIGITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_survives_its_bytes() {
        for text in [false, true] {
            let mut payload = [b'x'; 40];
            write(&mut payload, text, 0x0123_4567_89ab_cdef, 98_765_432_100);
            assert_eq!(read(&payload, text), (0x0123_4567_89ab_cdef, 98_765_432_100));
            assert_eq!(read(&payload[..9], true), (0, 0));
        }
    }
}
