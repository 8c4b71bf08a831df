//! Values as legacy callers write them: percent escapes, `+`, raw bytes, UTF-8 or GBK.

use std::borrow::Cow;

/// Undoes `+` and percent escapes, then reads the bytes as UTF-8, else as GBK.
///
/// Bytes that are neither become U+FFFD, as browsers show them. A `%` without two hexadecimal
/// digits stands for itself. GBK never uses `&`, `=`, `%` or `+` as a second byte, so splitting
/// before decoding is safe.
pub(super) fn value(raw: &[u8]) -> String {
    let spaced: Vec<u8> = raw.iter().map(|&b| if b == b'+' { b' ' } else { b }).collect();
    let bytes: Cow<'_, [u8]> = percent_encoding::percent_decode(&spaced).into();
    match std::str::from_utf8(&bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::GBK.decode_without_bom_handling(&bytes).0.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn values_are_read_in_every_form_seen() {
        let table: &[(&[u8], &str)] = &[
            (b"Brian Smith", "Brian Smith"),
            (b"Brian+Smith", "Brian Smith"),
            (b"Brian%20Smith", "Brian Smith"),
            ("张伟".as_bytes(), "张伟"),
            (b"%E5%BC%A0%E4%BC%9F", "张伟"),
            (b"\xD5\xC5\xCE\xB0", "张伟"),
            (b"%D5%C5%CE%B0", "张伟"),
            // a lead byte escaped, its second byte sent as a letter
            (b"%81A", "\u{4E04}"),
            (b"100%", "100%"),
            (b"%zz%4", "%zz%4"),
            (b"a%2Bb", "a+b"),
            (b"", ""),
        ];
        for (raw, expected) in table {
            assert_eq!(value(raw), *expected, "{raw:?}");
        }
    }

    #[test]
    fn bytes_that_are_neither_utf8_nor_gbk_still_give_text() {
        assert!(value(b"\xFF\xFF\x80").contains('\u{FFFD}'));
    }
}
