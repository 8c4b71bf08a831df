//! Small writers that several renderings share: instants, markup, letters that XML cannot have.

use convoke_model::Millis;
use jiff::Timestamp;

/// `2026-11-30T09:00:00Z`
pub(super) fn instant(at: Millis) -> String {
    timestamp(at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `20261130T090000Z`, as calendars write it.
pub(super) fn compact(at: Millis) -> String {
    timestamp(at).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// What no calendar can hold is its last moment.
fn timestamp(at: Millis) -> Timestamp {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

/// Text without the letters that XML 1.0 cannot have, in any spelling.
pub(super) fn for_xml(text: &str) -> String {
    let fits = |c: char| {
        matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
            || c >= '\u{10000}'
    };
    text.chars().filter(|&c| fits(c)).collect()
}

/// Adds text to a page as text: nothing in it is markup, in an element or in a quoted attribute.
pub(super) fn escape(to: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '"' => to.push_str("&quot;"),
            '\'' => to.push_str("&#39;"),
            other => to.push(other),
        }
    }
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
