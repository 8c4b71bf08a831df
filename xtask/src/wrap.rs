//! `cargo xtask fmt`: rustfmt, and what it leaves alone: comments wider than 100 columns.

use std::path::{Path, PathBuf};

use crate::{Failed, Outcome, shell, tools};

const COLUMNS_MAX: usize = 100;

/// Formats every Rust file of the repository.
pub(crate) fn fmt() -> Outcome {
    for file in rust_files(Path::new("."))? {
        let text = std::fs::read_to_string(&file)?;
        let wrapped = wrap(&text);
        if wrapped != text {
            std::fs::write(&file, wrapped)?;
        }
    }
    shell::run(tools::cargo().args(["fmt", "--all"]))
}

fn rust_files(folder: &Path) -> Result<Vec<PathBuf>, Failed> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let skipped = name.starts_with('.') || name == "target" || name == "node_modules";
        if path.is_dir() && !skipped {
            found.extend(rust_files(&path)?);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
    Ok(found)
}

/// A comment line in its parts: what stands before the words, and the words.
struct Comment<'a> {
    prefix: &'a str,
    words: &'a str,
}

fn comment(line: &str) -> Option<Comment<'_>> {
    let indent = line.len() - line.trim_start().len();
    let marks = ["///", "//!", "//"].into_iter().find(|m| line[indent..].starts_with(m))?;
    let (prefix, words) = line.split_at(indent + marks.len());
    Some(Comment { prefix, words: words.strip_prefix(' ').unwrap_or(words) })
}

/// Moves the words that stand too far right to the next line of the same paragraph.
fn wrap(text: &str) -> String {
    let mut rest: Vec<String> = text.lines().rev().map(str::to_owned).collect();
    let mut done = Vec::new();
    let mut fenced = false;
    while let Some(line) = rest.pop() {
        let Some(Comment { prefix, words }) = comment(&line) else {
            done.push(line);
            continue;
        };
        fenced ^= words.trim_start().starts_with("```");
        let fits = line.chars().count() <= COLUMNS_MAX;
        let Some(cut) = (!fits && !fenced && !words.starts_with('|')).then(|| cut(prefix, words))
        else {
            done.push(line);
            continue;
        };
        let Some((kept, moved)) = cut else {
            done.push(line);
            continue;
        };
        let hang = " ".repeat(hanging(words));
        let next = rest.last().and_then(|next| continues(prefix, next));
        let joined = next.map(|next| format!("{prefix} {hang}{moved} {next}"));
        if joined.is_some() {
            rest.pop();
        }
        rest.push(joined.unwrap_or_else(|| format!("{prefix} {hang}{moved}")));
        done.push(format!("{prefix} {kept}"));
    }
    done.push(String::new());
    done.join("\n")
}

/// The words that fit and those that do not; nothing when there is no place to cut.
fn cut<'a>(prefix: &str, words: &'a str) -> Option<(&'a str, &'a str)> {
    let room = COLUMNS_MAX - prefix.chars().count() - 1;
    let end = words.char_indices().nth(room).map_or(words.len(), |(at, _)| at + 1);
    let end = (0..=end).rev().find(|&at| words.is_char_boundary(at))?;
    let at = words[..end].rfind(' ').filter(|&at| at > hanging(words))?;
    Some((words[..at].trim_end(), words[at..].trim_start()))
}

/// How far the text of a list item stands from its mark.
fn hanging(words: &str) -> usize {
    let indent = words.len() - words.trim_start().len();
    let item = words.trim_start();
    let mark = if item.starts_with("- ") || item.starts_with("* ") {
        2
    } else {
        let digits = item.len() - item.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits > 0 && item[digits..].starts_with(". ") { digits + 2 } else { 0 }
    };
    indent + mark
}

/// The words of the next line when they belong to the same paragraph.
fn continues<'a>(prefix: &str, next: &'a str) -> Option<&'a str> {
    let next = comment(next).filter(|next| next.prefix == prefix)?;
    let plain = !next.words.is_empty()
        && !next.words.starts_with([' ', '#', '|', '`', '['])
        && hanging(next.words) == 0;
    plain.then_some(next.words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_comment_flows_into_the_next_line_of_its_paragraph() {
        let word = "word ".repeat(21);
        let text = format!("    /// {word}last\n    /// next line\n    ///\n    /// other\n");
        let wrapped = wrap(&text);
        assert!(wrapped.lines().all(|line| line.chars().count() <= COLUMNS_MAX), "{wrapped}");
        assert!(wrapped.contains("last next line\n    ///\n    /// other\n"), "{wrapped}");
        assert_eq!(wrap(&wrapped), wrapped);
    }

    #[test]
    fn code_tables_fences_and_words_without_a_gap_stay() {
        let wide = "x".repeat(120);
        let gap = "y ".repeat(60);
        let text =
            format!("let a = \"{gap}\";\n/// {wide}\n/// ```\n/// {gap}\n/// ```\n/// |{gap}\n");
        assert_eq!(wrap(&text), text);
    }

    #[test]
    fn a_list_item_keeps_its_hanging_indent() {
        let text = format!("//! - {}end\n//! - second\n", "item ".repeat(20));
        let wrapped = wrap(&text);
        assert!(wrapped.contains("\n//!   "), "{wrapped}");
        assert!(wrapped.ends_with("\n//! - second\n"), "{wrapped}");
    }
}
