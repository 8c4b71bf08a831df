//! Words for the person at the terminal: the only place that writes to standard output and error.

use std::fmt::Write as _;
use std::io::{BufWriter, StdoutLock, Write as _};

/// Standard output. When nobody reads any more, nothing is written; the exit code still tells.
pub(crate) struct Out {
    to: BufWriter<StdoutLock<'static>>,
    closed: bool,
}

impl Out {
    pub(crate) fn new() -> Self {
        Self { to: BufWriter::new(std::io::stdout().lock()), closed: false }
    }

    /// One line; text from people in it must have gone through `plain`.
    pub(crate) fn line(&mut self, text: impl std::fmt::Display) {
        self.closed = self.closed || writeln!(self.to, "{text}").is_err();
    }

    pub(crate) fn flush(&mut self) {
        self.closed = self.closed || self.to.flush().is_err();
    }

    /// Whether nobody reads any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }
}

/// One line to standard error.
pub(crate) fn problem(sentence: &str) {
    let _ = writeln!(std::io::stderr(), "convoke-audit: {}", plain(sentence));
}

/// Text from people as one line that a terminal shows and does not obey: control characters and
/// those that turn or hide text are spelt out.
pub(crate) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            _ if is_hidden(c) => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
            _ => shown.push(c),
        }
    }
    shown
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

/// `count` of something, in words.
pub(crate) fn count(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn escape_sequences_and_turned_text_are_spelt_out() {
        assert_eq!(plain("a\u{1b}[31mb\r\nc"), "a\\u{1b}[31mb\\u{d}\\nc");
        assert_eq!(plain("\u{202e}abc\u{200b}"), "\\u{202e}abc\\u{200b}");
        assert_eq!(plain("会议 <b>é</b>"), "会议 <b>é</b>");
    }
}
