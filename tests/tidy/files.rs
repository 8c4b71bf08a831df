//! How files look: length, width, first line, names.

use super::tree::{File, files, none};

const LINES_MAX: usize = 800;
const COLUMNS_MAX: usize = 100;

/// Code that people read line by line. Prose and data have lines of their own length.
fn code() -> Vec<File> {
    let kinds = ["rs", "ts", "tsx", "mjs", "js", "css"];
    files().into_iter().filter(|file| kinds.contains(&file.kind())).collect()
}

#[test]
fn no_file_of_code_has_more_than_800_lines() {
    let mut findings = Vec::new();
    for file in code() {
        let lines = file.text.lines().count();
        if lines > LINES_MAX {
            findings.push(format!("{}: {lines} lines", file.path));
        }
    }
    none(&findings);
}

#[test]
fn no_line_of_code_is_wider_than_100_columns() {
    let mut findings = Vec::new();
    for file in code() {
        for (number, line) in file.lines() {
            let columns = line.chars().count();
            // A long literal that stands alone reads better whole than in pieces.
            let literal = line.trim_start().starts_with(['"', '`']) || line.contains("b\"");
            if columns > COLUMNS_MAX && !literal {
                findings.push(format!("{}:{number}: {columns} columns", file.path));
            }
        }
    }
    none(&findings);
}

#[test]
fn the_first_line_of_a_file_says_what_it_is() {
    let mut findings = Vec::new();
    for file in code() {
        let first = file.text.lines().next().unwrap_or_default();
        let said = match file.kind() {
            "rs" => first.strip_prefix("//! ").is_some_and(|said| said.len() > 8),
            "ts" | "tsx" | "mjs" => first.starts_with("//") || first.starts_with("/*"),
            _ => true,
        };
        if !said {
            findings.push(format!("{}: {first}", file.path));
        }
    }
    none(&findings);
}

#[test]
fn nothing_is_called_utils() {
    let banned = |name: &str| ["utils", "util", "helpers", "misc", "common"].contains(&name);
    let mut findings = Vec::new();
    for file in code() {
        let stem = file.path.rsplit_once('.').map_or(file.path.as_str(), |(stem, _)| stem);
        if stem.split('/').any(banned) {
            findings.push(format!("{}: name it after what it does", file.path));
        }
        for (number, line) in file.rust() {
            let name = line.split_whitespace().skip_while(|word| *word != "mod").nth(1);
            if name.is_some_and(|name| banned(name.trim_end_matches([';', '{']))) {
                findings.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    none(&findings);
}

#[test]
fn a_file_ends_with_one_newline_and_no_line_ends_with_a_space() {
    let mut findings = Vec::new();
    for file in code() {
        if !file.text.ends_with('\n') || file.text.ends_with("\n\n") {
            findings.push(format!("{}: must end with one newline", file.path));
        }
        for (number, line) in file.lines() {
            if line.ends_with([' ', '\t', '\r']) {
                findings.push(format!("{}:{number}: trailing space", file.path));
            }
        }
    }
    none(&findings);
}
