//! Strict reading: a key that no scenario has is refused by name and line, with the nearest one.

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

use super::file::KEYS;
use crate::CannotRun;

/// Reads `text` as TOML, knowing exactly the keys of `KEYS`.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, CannotRun> {
    let broken = |error: &toml::de::Error| {
        let line = error.span().map(|span| line_of(text, span.start));
        let line = line.map(|line| format!("line {line}: ")).unwrap_or_default();
        CannotRun(format!("{line}{}", error.message().replace('\n', "; ")))
    };
    let table = DeTable::parse(text).map_err(|error| broken(&error))?;
    check(text, table.get_ref(), "", "")?;
    toml::from_str(text).map_err(|error| broken(&error))
}

/// Checks a table: `place` is how `KEYS` calls it, `prefix` how the person wrote it.
fn check(text: &str, table: &DeTable<'_>, place: &str, prefix: &str) -> Result<(), CannotRun> {
    // What the person names themselves is followed by a table of known keys.
    let named = KEYS.iter().any(|(known, _)| *known == join(place, "*"));
    let known = KEYS.iter().find(|(known, _)| *known == place).map(|(_, keys)| *keys);
    for (key, value) in table {
        let name: &str = key.get_ref();
        if let Some(known) = known.filter(|known| !known.contains(&name)) {
            let line = line_of(text, key.span().start);
            let guess = suggest(name, known.iter().copied(), prefix);
            return Err(format!("line {line}: unknown key `{prefix}{name}`; {guess}").into());
        }
        let inner = join(place, if named { "*" } else { name });
        let shown = format!("{prefix}{name}.");
        match value.get_ref() {
            DeValue::Table(table) => check(text, table, &inner, &shown)?,
            DeValue::Array(items) => {
                for item in items {
                    if let DeValue::Table(table) = item.get_ref() {
                        check(text, table, &inner, &shown)?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn join(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

/// What somebody who wrote `name` may have meant, or everything there is.
pub(super) fn suggest<'a>(
    name: &str,
    known: impl Iterator<Item = &'a str>,
    prefix: &str,
) -> String {
    let known: Vec<_> = known.collect();
    match known.iter().min_by_key(|candidate| distance(name, candidate)) {
        Some(near) if distance(name, near) <= name.chars().count().div_ceil(2) => {
            format!("did you mean `{prefix}{near}`?")
        }
        _ => format!("known here: {}", known.join(", ")),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
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
