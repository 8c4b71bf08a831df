//! Words for the person at the terminal: the only place that writes to standard output and error.

use std::io::Write;

/// One line to standard output. A closed pipe is not an error worth dying for.
pub fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", plain(text));
    let _ = out.flush();
}

/// One line to standard error.
pub fn problem(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = writeln!(out, "{}", plain(text));
}

/// Control characters are shown, not obeyed: a name must not move somebody's cursor.
fn plain(text: &str) -> String {
    let shown = |c: char| c == '\n' || c == '\t' || !c.is_control();
    text.chars().map(|c| if shown(c) { c } else { '\u{FFFD}' }).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        assert_eq!(super::plain("a\u{1b}[31mb\r"), "a\u{FFFD}[31mb\u{FFFD}");
    }
}
