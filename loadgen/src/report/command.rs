//! The command that made a report, as one would type it again.

/// The program's own arguments, quoted for a shell.
pub(crate) fn own() -> String {
    let mut words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    let program = words.next().unwrap_or_default();
    let program = program.rsplit('/').next().unwrap_or("loadgen").to_owned();
    let words: Vec<String> =
        std::iter::once(program).chain(words).map(|word| quoted(&word)).collect();
    words.join(" ")
}

fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=@,+%".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_are_quoted_when_a_shell_would_change_them() {
        assert_eq!(quoted("--server"), "--server");
        assert_eq!(quoted("http://127.0.0.1:8889"), "http://127.0.0.1:8889");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a b's $HOME"), "'a b'\\''s $HOME'");
    }
}
