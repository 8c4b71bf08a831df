//! Calendar objects (RFC 5545) as text: content lines, folded and escaped. What goes into them is
//! for the caller to say.

/// Bytes of a line, without its end (RFC 5545, 3.1).
const LINE_BYTES_MAX: usize = 75;

/// A calendar object that is being written.
#[derive(Clone, Debug, Default)]
pub struct Ics(String);

impl Ics {
    /// One line as it is: a name with parameters, and a value that is no free text.
    pub fn line(&mut self, name: &str, value: &str) -> &mut Self {
        if name.len() + 1 + value.len() <= LINE_BYTES_MAX && is_plain(name) && is_plain(value) {
            for part in [name, ":", value, "\r\n"] {
                self.0.push_str(part);
            }
            return self;
        }
        let mut width = 0;
        for letter in name.chars().chain([':']).chain(value.chars()) {
            // Line ends in a value would be lines of somebody else's.
            if letter.is_control() {
                continue;
            }
            if width + letter.len_utf8() > LINE_BYTES_MAX {
                self.0.push_str("\r\n ");
                width = 1;
            }
            self.0.push(letter);
            width += letter.len_utf8();
        }
        self.0.push_str("\r\n");
        self
    }

    /// One line of free text.
    pub fn text(&mut self, name: &str, value: &str) -> &mut Self {
        if !value.contains(['\\', ';', ',', '\n']) {
            return self.line(name, value);
        }
        let mut escaped = String::with_capacity(value.len() + 8);
        for letter in value.chars() {
            match letter {
                '\\' => escaped.push_str("\\\\"),
                ';' => escaped.push_str("\\;"),
                ',' => escaped.push_str("\\,"),
                '\n' => escaped.push_str("\\n"),
                other => escaped.push(other),
            }
        }
        self.line(name, &escaped)
    }

    /// Begins a component: `VEVENT`.
    pub fn begin(&mut self, component: &str) -> &mut Self {
        self.line("BEGIN", component)
    }

    /// Ends a component.
    pub fn end(&mut self, component: &str) -> &mut Self {
        self.line("END", component)
    }

    /// What was written.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Whether nothing in it is left out, and each byte is a letter.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_control())
}

/// A parameter's value, quoted where it has to be (RFC 5545, 3.2): no quote can be in it.
#[must_use]
pub fn parameter(value: &str) -> String {
    let plain: String = value
        .chars()
        .map(|c| if c == '"' { '\'' } else { c })
        .filter(|c| !c.is_control())
        .collect();
    if plain.contains([':', ';', ',']) { format!("\"{plain}\"") } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_folded_between_letters() {
        let mut ics = Ics::default();
        ics.text("SUMMARY", &"安".repeat(60));
        let text = ics.into_string();
        assert!(text.split("\r\n").all(|line| line.len() <= LINE_BYTES_MAX));
        assert_eq!(text.replace("\r\n ", ""), format!("SUMMARY:{}\r\n", "安".repeat(60)));
    }

    #[test]
    fn nothing_in_a_text_becomes_a_line() {
        let mut ics = Ics::default();
        ics.text("SUMMARY", "a\r\nATTACH:http://x;b,c\\d");
        ics.line("UID", "x\r\nATTACH:y");
        assert_eq!(
            ics.into_string(),
            "SUMMARY:a\\nATTACH:http://x\\;b\\,c\\\\d\r\nUID:xATTACH:y\r\n"
        );
        assert_eq!(parameter("O\"Brien: x"), "\"O'Brien: x\"");
    }
}
