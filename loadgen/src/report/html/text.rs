//! Text for the page: what comes from outside made harmless, numbers as people read them.

/// Text that may stand anywhere in the page, attributes included.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter if letter.is_control() => out.push('\u{FFFD}'),
            letter => out.push(letter),
        }
    }
    out
}

/// 1234567 as `1,234,567`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Three digits that count, with `k` or `M` behind.
pub(super) fn short(number: f64) -> String {
    let (number, unit) = match number.abs() {
        size if size >= 999_500.0 => (number / 1e6, " M"),
        size if size >= 9_995.0 => (number / 1e3, " k"),
        _ => (number, ""),
    };
    format!("{}{unit}", digits(number))
}

/// A time in microseconds, in the unit that suits it.
pub(super) fn time(us: f64) -> String {
    match us {
        us if us >= 9_995_000.0 => format!("{} s", digits(us / 1e6)),
        us if us >= 999.5 => format!("{} ms", digits(us / 1e3)),
        us if us > 0.0 => format!("{us:.0} µs"),
        _ => "0".to_owned(),
    }
}

fn digits(number: f64) -> String {
    let places = match number.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        _ => 2,
    };
    let text = format!("{number:.places$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false if number.abs() >= 1_000.0 => count(number.abs().round() as u64),
        false => text,
    }
}

/// A share of one as percent.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", digits(share * 100.0))
}

/// `1 person`, `2 people`.
pub(super) fn of(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_is_markup() {
        assert_eq!(
            escape("<a b='c'>&\"\u{1b}[0m"),
            "&lt;a b=&#39;c&#39;&gt;&amp;&quot;\u{FFFD}[0m"
        );
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(
            (count(0), count(999), count(1_234_567)),
            ("0".into(), "999".into(), "1,234,567".into())
        );
        for (number, want) in [
            (0.0, "0"),
            (7.0, "7"),
            (12.345, "12.3"),
            (1_234.0, "1,234"),
            (12_345.0, "12.3 k"),
            (2.5e6, "2.5 M"),
        ] {
            assert_eq!(short(number), want);
        }
        for (us, want) in [
            (0.0, "0"),
            (7.0, "7 µs"),
            (999.0, "999 µs"),
            (1_500.0, "1.5 ms"),
            (250_100.0, "250 ms"),
            (1_250_000.0, "1,250 ms"),
            (12_500_000.0, "12.5 s"),
        ] {
            assert_eq!(time(us), want);
        }
        assert_eq!(percent(0.4567), "45.7 %");
    }
}
