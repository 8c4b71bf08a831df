//! Strict reading: an unknown setting is refused by name and line, with the nearest known one.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

/// In a table of the known settings, it stands for any name.
pub(super) const ANY_NAME: &str = "*";

/// What is wrong with the settings, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    file: Option<String>,
    line: Option<usize>,
    reason: String,
}

impl ConfigError {
    pub(super) fn file(path: &Path, reason: &str) -> Self {
        Self { file: Some(path.display().to_string()), line: None, reason: reason.to_owned() }
    }

    pub(super) fn within(mut self, path: &Path) -> Self {
        self.file = Some(path.display().to_string());
        self
    }
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}: ")?;
        }
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.reason)
    }
}

impl std::error::Error for ConfigError {}

/// Reads `text`, knowing exactly the settings that `every` has.
pub(super) fn read<T: Serialize + DeserializeOwned>(
    text: &str,
    every: &T,
) -> Result<T, ConfigError> {
    let broken = |error: &toml::de::Error| ConfigError {
        file: None,
        line: error.span().map(|span| line_of(text, span.start)),
        reason: error.message().replace('\n', "; "),
    };
    let table = DeTable::parse(text).map_err(|error| broken(&error))?;
    let known = toml::Table::try_from(every).map_err(|error| ConfigError {
        file: None,
        line: None,
        reason: error.to_string(),
    })?;
    check(text, table.get_ref(), &known, "")?;
    toml::from_str(text).map_err(|error| broken(&error))
}

/// An error about the value of a setting, with the line the setting stands on.
pub(super) fn at(text: &str, name: &str, reason: &str) -> ConfigError {
    let on_line = |line: &str| {
        let line = line.trim_start();
        line.split('=').next().is_some_and(|key| key.trim().rsplit('.').next() == Some(name))
    };
    ConfigError {
        file: None,
        line: text.lines().position(on_line).map(|at| at + 1),
        reason: format!("`{name}` {reason}"),
    }
}

fn check(
    text: &str,
    table: &DeTable<'_>,
    known: &toml::Table,
    prefix: &str,
) -> Result<(), ConfigError> {
    for (key, value) in table {
        let name: &str = key.get_ref();
        let Some(expected) = known.get(name).or_else(|| known.get(ANY_NAME)) else {
            return Err(ConfigError {
                file: None,
                line: Some(line_of(text, key.span().start)),
                reason: unknown(name, known, prefix),
            });
        };
        if let (DeValue::Table(inner), toml::Value::Table(known)) = (value.get_ref(), expected) {
            check(text, inner, known, &format!("{prefix}{name}."))?;
        }
    }
    Ok(())
}

fn unknown(name: &str, known: &toml::Table, prefix: &str) -> String {
    let nearest = known.keys().min_by_key(|candidate| distance(name, candidate));
    match nearest {
        Some(near) if distance(name, near) <= name.chars().count().div_ceil(2) => {
            format!("unknown setting `{prefix}{name}`; did you mean `{prefix}{near}`?")
        }
        _ => {
            let names: Vec<&str> = known.keys().map(String::as_str).collect();
            format!("unknown setting `{prefix}{name}`; known here: {}", names.join(", "))
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&b| b == b'\n').count() + 1
}

/// Levenshtein distance: letters to add, drop or change.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}
