//! Things that have one place: unsafe code, starting programs, a legacy spelling, this machine.

use super::tree::{code, files, none, words};

#[test]
fn unsafe_code_lives_only_in_the_lanes() {
    let mut findings = Vec::new();
    for file in files() {
        if file.in_folder("engine/fanout") || file.in_folder("tests/tidy") {
            continue;
        }
        for (number, line) in file.rust() {
            if words(line).any(|word| word == "unsafe") {
                findings.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    none(&findings);
}

#[test]
fn only_supervisors_and_developer_commands_start_programs() {
    let mut findings = Vec::new();
    for file in files() {
        let supervisor = file.path.starts_with("server/src/supervisor")
            || file.path == "plugins/src/rhai/launch.rs";
        // The torture takes a command that is handed to it; what it starts is a test's business.
        let torture = file.path == "engine/journal/src/torture/kill9.rs";
        if supervisor || torture || file.in_folder("xtask") || file.is_test() {
            continue;
        }
        for (number, line) in file.rust() {
            let line = code(line);
            let imported = line.contains("std::process::{") && line.contains("Command");
            if line.contains("process::Command") || imported {
                findings.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    none(&findings);
}

#[test]
fn the_vendors_spelling_of_submit_stays_in_the_legacy_forms() {
    // Put together, so that this file does not hold it.
    let spelling = ["sum", "bit"].concat();
    let mut findings = Vec::new();
    for file in files() {
        let home = file.path.starts_with("engine/wire/src/turbo") || file.is_test();
        let told = matches!(file.kind(), "md" | "tsv" | "txt") || file.in_folder("schemas/turbo");
        if !home && !told && file.text.contains(&spelling) {
            findings.push(format!("{}: only wire::turbo knows the legacy forms", file.path));
        }
    }
    none(&findings);
}

#[test]
fn no_file_names_a_folder_of_somebodys_machine() {
    let starts = |c: char| c.is_whitespace() || ['"', '\'', '`', '(', '=', ':'].contains(&c);
    let mut findings = Vec::new();
    for file in files() {
        if file.in_folder("tests/tidy") {
            continue;
        }
        for (number, line) in file.lines() {
            let named = ["/home/", "/root/", "/work/", "/Users/"].iter().any(|place| {
                line.match_indices(place)
                    .any(|(at, _)| line[..at].chars().last().is_none_or(starts))
            });
            if named {
                findings.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    none(&findings);
}

#[test]
fn an_exception_from_a_lint_is_expected_and_has_a_reason() {
    let mut findings = Vec::new();
    for file in files() {
        for (number, line) in file.rust() {
            let line = line.trim();
            if line.starts_with("#[allow(") || line.starts_with("#![allow(") {
                findings.push(format!("{}:{number}: {line}", file.path));
            }
        }
    }
    none(&findings);
}
