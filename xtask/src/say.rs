//! What the commands say: results on standard output, steps and errors on standard error.

use std::io::{IsTerminal, Write};

/// A line of result.
pub(crate) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    // A closed pipe (`cargo xtask help | head -1`) is no failure of ours.
    let _ = writeln!(out, "{}", text.trim_end());
    let _ = out.flush();
}

/// The beginning of a step, so that a long build never looks stuck.
pub(crate) fn step(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = if out.is_terminal() {
        writeln!(out, "\u{1b}[1;36m==>\u{1b}[0m {text}")
    } else {
        writeln!(out, "==> {text}")
    };
}

/// Why the command stops.
pub(crate) fn error(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = writeln!(out, "xtask: {text}");
}
