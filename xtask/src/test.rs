//! `cargo xtask test`: everything that proves something, summed in one line.

use std::process::Command;

use crate::{Failed, Outcome, browser, e2e, machine, proofs, say, shell, tally::Tally, tools};

/// Runs every test, or those whose name holds the filter.
pub(crate) fn test(words: &[&str]) -> Outcome {
    let filter = match words {
        [] => None,
        [one] => Some(*one),
        _ => return Err(Failed("`cargo xtask test` takes one filter at most.".to_owned())),
    };
    machine::need_node()?;
    machine::need_python()?;
    machine::need_servers()?;
    machine::need_readers()?;
    machine::need_openpyxl()?;
    let with_browser = filter.is_none_or(e2e::names);
    if with_browser {
        machine::need_chromium()?;
    }
    browser::build()?;
    tools::build()?;
    let mut sum = rust(filter)?;
    if filter.is_none() {
        sum = sum.plus(proofs::models()?);
        sum = sum.plus(browser::test()?);
    }
    if with_browser {
        sum = sum.plus(e2e::test(filter)?);
    }
    report(sum)
}

/// Prints the one line that sums up, and fails when a test did or none ran.
pub(crate) fn report(sum: Tally) -> Outcome {
    say::line(&format!("{} passed, {} failed", sum.passed, sum.failed));
    match sum {
        Tally { failed: 0, passed: 0 } => Err(Failed("No test has that name.".to_owned())),
        Tally { failed: 0, .. } => Ok(()),
        Tally { failed, .. } => Err(Failed(format!("Tests failed: {failed}."))),
    }
}

fn rust(filter: Option<&str>) -> Result<Tally, Failed> {
    say::step("tests of the workspace");
    let mut command = tools::cargo();
    command.args(["test", "--workspace", "--no-fail-fast", "--color", "never"]);
    command.args(filter);
    counted(&mut command)
}

/// Runs a test runner and reads its closing lines. One that ends badly without naming a failed test
/// (it did not compile, it was killed) counts as one failure, so that it is never overlooked.
pub(crate) fn counted(command: &mut Command) -> Result<Tally, Failed> {
    let mut tally = Tally::default();
    let well = shell::lines(command, |line| tally.read(line))?;
    if !well && tally.failed == 0 {
        tally.failed = 1;
    }
    Ok(tally)
}
