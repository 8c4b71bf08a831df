//! The repository as a list of text files, without what is made or fetched.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that nobody writes by hand.
const MADE: [&str; 7] = [".git", "target", "node_modules", "dist", "data", "corpus", "artifacts"];

/// What is written by hand, by the end of its name.
const TEXT: [&str; 16] = [
    "rs", "ts", "tsx", "mjs", "js", "css", "html", "md", "toml", "json", "tsv", "rhai", "xsd",
    "sh", "py", "txt",
];

/// One text file of the repository.
pub(crate) struct File {
    /// Path from the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// The end of the name, without the dot.
    pub(crate) fn kind(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, kind)| kind)
    }

    /// Whether the file lies in that folder.
    pub(crate) fn in_folder(&self, folder: &str) -> bool {
        self.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whether the file is a test: in a `tests` folder of its crate, or in the tests crate.
    pub(crate) fn is_test(&self) -> bool {
        self.path.split('/').any(|part| part == "tests" || part == "tests.rs")
    }

    /// The lines with their numbers.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    /// The lines with their numbers if this is Rust, else nothing.
    pub(crate) fn rust(&self) -> impl Iterator<Item = (usize, &str)> {
        let text = if self.kind() == "rs" { self.text.as_str() } else { "" };
        (1..).zip(text.lines())
    }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the tests crate lies in the repository").to_path_buf()
}

/// Every text file, in order of path.
pub(crate) fn files() -> Vec<File> {
    let mut found = Vec::new();
    walk(&root(), "", &mut found);
    assert!(found.len() > 20, "the walk found only {} files", found.len());
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<File>) {
    for entry in fs::read_dir(folder).expect("a folder of the repository is readable") {
        let entry = entry.expect("a folder of the repository is readable");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().expect("an entry has a type");
        if kind.is_dir() && !MADE.contains(&name.as_str()) {
            walk(&entry.path(), &format!("{path}/"), found);
        } else if kind.is_file() && is_text(&name) {
            let text = fs::read_to_string(entry.path()).expect("text files are UTF-8");
            found.push(File { path, text });
        }
    }
}

fn is_text(name: &str) -> bool {
    let made = name == "package-lock.json";
    !made && name.rsplit_once('.').is_some_and(|(_, kind)| TEXT.contains(&kind))
}

/// The identifiers of a line of code, without its comment.
pub(crate) fn words(line: &str) -> impl Iterator<Item = &str> {
    code(line).split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The line without its comment.
pub(crate) fn code(line: &str) -> &str {
    line.find("//").map_or(line, |at| &line[..at])
}

/// Fails with all findings at once: nobody likes to mend one per run.
pub(crate) fn none(findings: &[String]) {
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}
