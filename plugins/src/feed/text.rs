//! Small writers that several renderings share: instants, markup, letters that XML cannot have.

use std::borrow::Cow;

use convoke_model::Millis;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// `2026-11-30T09:00:00Z`
pub(super) fn instant(at: Millis) -> String {
    let at = utc(at);
    let (year, month, day) = (at.year(), at.month(), at.day());
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// `20261130T090000Z`, as calendars write it.
pub(super) fn compact(at: Millis) -> String {
    let at = utc(at);
    let (year, month, day) = (at.year(), at.month(), at.day());
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// What no calendar can hold is its last moment.
fn utc(at: Millis) -> DateTime {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    TimeZone::UTC.to_datetime(Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX))
}

/// Text without the letters that XML 1.0 cannot have, in any spelling.
pub(super) fn for_xml(text: &str) -> Cow<'_, str> {
    let fits = |c: char| {
        matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
            || c >= '\u{10000}'
    };
    if text.chars().all(fits) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|&c| fits(c)).collect())
}

/// Adds text to a page as text: nothing in it is markup, in an element or in a quoted attribute.
pub(super) fn escape(to: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        let (plain, special) = rest.split_at(at);
        to.push_str(plain);
        to.push_str(match special.as_bytes().first() {
            Some(b'&') => "&amp;",
            Some(b'<') => "&lt;",
            Some(b'>') => "&gt;",
            Some(b'"') => "&quot;",
            _ => "&#39;",
        });
        rest = &special[1..];
    }
    to.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_has_the_forms_of_rfc_3339_and_rfc_5545() {
        let at = Millis(1_796_029_200_123);
        assert_eq!(instant(at), "2026-11-30T09:00:00Z");
        assert_eq!(compact(at), "20261130T090000Z");
        assert!(instant(Millis(u64::MAX)).starts_with("9999-"));
    }

    #[test]
    fn nothing_in_a_text_is_markup() {
        let mut page = String::new();
        escape(&mut page, "<img src=x onerror='a'>&\"");
        assert_eq!(page, "&lt;img src=x onerror=&#39;a&#39;&gt;&amp;&quot;");
        assert_eq!(for_xml("a\u{0}\u{fffe}\u{b}b\u{10ffff}"), "ab\u{10ffff}");
    }
}
