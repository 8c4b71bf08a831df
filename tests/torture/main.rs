//! The torture program, each kind short: `cargo xtask torture flips|kill9|power|faults` runs it
//! long. How many cases every test run does of the rest is in the journal's own tests.

use std::process::Command;

/// Runs the program: its exit code, and what it said.
fn torture(words: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_torture"));
    let output = command.args(words).output().expect("the program runs");
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.code(), String::from_utf8(said).expect("UTF-8"))
}

fn number_before(said: &str, word: &str) -> u64 {
    let words: Vec<&str> = said.split(' ').collect();
    let at = words.iter().position(|found| found.trim_end_matches([',', ';']) == word);
    let number = at.and_then(|at| words.get(at.checked_sub(1)?)?.parse().ok());
    number.unwrap_or_else(|| panic!("no number before `{word}`: {said}"))
}

#[test]
fn kill9_under_load_takes_nothing_that_was_accepted() {
    let (code, said) = torture(&["kill9", "--n", "20"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(number_before(&said, "kills"), 20);
    assert!(number_before(&said, "entries") > 20, "{said}");
}

#[test]
fn every_kind_runs_as_long_as_it_is_told_to() {
    for (kind, count) in [("flips", "changes:"), ("power", "losses")] {
        let (code, said) = torture(&[kind, "--n", "5", "--seed", "3"]);
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(number_before(&said, count), 5, "{said}");
        assert!(said.contains("seed 3"), "{said}");
    }
    let (code, said) = torture(&["faults", "--n", "3"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(number_before(&said, "failures") >= 3 && said.contains("there are more"), "{said}");
}

#[test]
fn what_it_does_not_know_is_answered_with_what_it_does() {
    for words in [&[][..], &["flip"], &["flips", "--n"], &["flips", "--n", "all"]] {
        let (code, said) = torture(words);
        assert_eq!(code, Some(2), "{words:?}: {said}");
        assert!(said.starts_with("Say `torture flips|kill9|power|faults"), "{said}");
    }
}
