//! Breaks logs on purpose: changed files, power losses, processes killed while they write. Short by
//! itself;
//! `cargo xtask torture flips|power|kill9 [--n N]` runs the long forms (`--n all`: every byte of
//! every file).

use std::io::Write as _;
use std::process::Command;

use convoke_journal::torture;

/// How many cases are asked for; `Err` holds a word that is not a number.
fn cases(short: u64) -> Result<u64, String> {
    match std::env::var("CONVOKE_TORTURE_N") {
        Ok(asked) => asked.parse().map_err(|_| asked),
        Err(_) => Ok(short),
    }
}

fn say(tally: &impl std::fmt::Debug) {
    let _ = writeln!(std::io::stdout(), "{tally:?}");
}

#[test]
fn flips_of_any_file_are_harmless_or_noticed() {
    let cases = match cases(200) {
        Ok(cases) => Some(cases),
        Err(word) => (word != "all").then(|| panic!("`{word}` is neither a number nor `all`")),
    };
    let tally = torture::flips(cases, 7);
    say(&tally);
    assert_eq!(tally.silent, Vec::<String>::new());
    assert!(tally.detected > 0 && tally.same > 0);
}

#[test]
fn power_losses_take_nothing_that_was_accepted() {
    let points = cases(50).expect("a number");
    let tally = torture::power(points, 7);
    say(&tally);
    assert_eq!(tally.failures, Vec::<String>::new());
    assert!(tally.points == points && tally.accepted > 0);
}

#[test]
fn kill9_under_load_takes_nothing_that_was_accepted() {
    let cycles = cases(20).expect("a number");
    let folder = tempfile::tempdir().expect("a folder");
    let child = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_log-writer"));
        command.arg(folder.path());
        command
    };
    let tally = torture::kill9(child, folder.path(), cycles, 7).expect("children run");
    say(&tally);
    assert_eq!(tally.failures, Vec::<String>::new());
    assert!(tally.cycles == cycles && tally.accepted > cycles);
}
