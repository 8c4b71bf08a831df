//! A secret as a caller sent it: its text is only handed out on request and never shown by
//! accident.

use std::fmt;
use zeroize::Zeroize;

/// Text that must not reach a log, a trace or an error message.
///
/// `Debug` prints a fixed mark, there is no `Display`, no `PartialEq` (compare in constant time
/// where it matters), and the memory is overwritten when the value goes.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself. Called where a password is checked or stored, and nowhere else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the caller left it empty, which legacy callers do to say "ask the person".
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_in_debug_output() {
        let shown = format!("{:?}", Some(Secret::new("hunter2".to_owned())));
        assert_eq!(shown, "Some(Secret)");
    }
}
