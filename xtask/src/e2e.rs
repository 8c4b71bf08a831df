//! The browser tests: a real server, real Chromium, driven from `tests/e2e`.

use std::path::Path;
use std::process::Command;

use crate::{Failed, Outcome, browser, machine, say, tally::Tally, test, tools};

const FOLDER: &str = "tests/e2e";

/// `cargo xtask e2e [FILTER]`: builds what they need and runs only them.
pub(crate) fn only(words: &[&str]) -> Outcome {
    machine::need_chromium()?;
    browser::build()?;
    tools::build()?;
    test::report(test(words.first().copied())?)
}

/// Runs the browser tests, one file after the other: each starts its own server and browser.
pub(crate) fn test(filter: Option<&str>) -> Result<Tally, Failed> {
    let folder = Path::new(FOLDER);
    let chromium = machine::need_chromium()?;
    browser::packages(folder, "e2e-packages")?;
    say::step("browser tests");
    let mut command = Command::new("node");
    command.args(["--test", "--test-reporter=spec", "--test-concurrency=1"]);
    if let Some(filter) = filter {
        command.arg(format!("--test-name-pattern={filter}"));
    }
    command.args(files()?).current_dir(folder);
    command.env("CHROMIUM", chromium);
    command.env("CONVOKE", tools::program("convoke"));
    command.env("CONVOKE_AUDIT", tools::program("convoke-audit"));
    command.env("LOADGEN", tools::program("loadgen"));
    command.env("E2E_OUT", tools::target().join("e2e"));
    test::counted(&mut command)
}

/// Whether a browser test has the filter in its text, so that a browser is worth starting.
pub(crate) fn names(filter: &str) -> bool {
    let Ok(files) = files() else { return false };
    files.iter().any(|name| {
        let path = Path::new(FOLDER).join(name);
        std::fs::read_to_string(path).is_ok_and(|text| text.contains(filter))
    })
}

/// The names of the test files, in order.
fn files() -> Result<Vec<String>, Failed> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(FOLDER)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".test.mjs") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
