//! Purity: model and wire are told everything; they ask no clock, disk, socket or dice.

use super::tree::{code, files, none, root, words};

const PURE: [&str; 2] = ["engine/model", "engine/wire"];

/// Words that do not occur in pure code, nor in its unit tests.
const BANNED_WORDS: [&str; 8] = [
    "SystemTime",
    "Instant",
    "HashMap",
    "HashSet",
    "RandomState",
    "getrandom",
    "println",
    "eprintln",
];

/// Paths that do not occur in pure code.
const BANNED_PATHS: [&str; 6] =
    ["std::fs", "std::net", "std::io::std", "std::thread", "std::process", "std::env::var"];

#[test]
fn the_source_of_model_and_wire_is_pure() {
    let mut findings = Vec::new();
    for file in files() {
        if !PURE.iter().any(|place| file.in_folder(&format!("{place}/src"))) {
            continue;
        }
        for (number, line) in file.rust() {
            let word = words(line).any(|word| BANNED_WORDS.contains(&word));
            let path = BANNED_PATHS.iter().any(|path| code(line).contains(path));
            if word || path {
                findings.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    none(&findings);
}

#[test]
fn clippy_bans_the_impure_in_model_and_wire() {
    let methods = ["std::time::SystemTime::now", "std::time::Instant::now", "std::thread::sleep"];
    let types = ["std::collections::HashMap", "std::collections::HashSet", "std::fs::File"];
    for place in PURE {
        let path = root().join(place).join("clippy.toml");
        let text = std::fs::read_to_string(&path).expect("a pure crate has a clippy.toml");
        let table: toml::Table = text.parse().expect("clippy.toml is TOML");
        for (key, wanted) in [("disallowed-methods", methods), ("disallowed-types", types)] {
            let listed = table[key].as_array().expect("a list of bans");
            for name in wanted {
                let there = listed.iter().any(|ban| ban["path"].as_str() == Some(name));
                assert!(there, "{place}/clippy.toml: {key} lacks {name}");
            }
        }
    }
}
