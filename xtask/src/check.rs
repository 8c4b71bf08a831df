//! `cargo xtask check`: format, lints and house rules; `cargo xtask audit`: what we depend on.

use std::process::Command;

use crate::{Failed, Outcome, browser, say, shell, tools};

/// Everything that can be said about the code without running the product.
pub(crate) fn check() -> Outcome {
    say::step("format");
    shell::run(tools::cargo().args(["fmt", "--all", "--check"]))?;
    // The server embeds the built client, so even a lint of it needs the files to be there.
    browser::build()?;
    browser::check()?;
    say::step("clippy");
    let words = ["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"];
    shell::run(tools::cargo().args(words))?;
    say::step("house rules");
    shell::run(tools::cargo().args(["test", "--package", "convoke-tests", "--test", "tidy"]))
}

/// Advisories, licences and bans of every dependency, by cargo-deny when it is installed.
pub(crate) fn audit() -> Outcome {
    let there = shell::output(Command::new("cargo-deny").arg("--version")).is_some();
    if !there {
        return Err(Failed(
            "cargo-deny is missing: `cargo install --locked cargo-deny`, then run this again."
                .to_owned(),
        ));
    }
    shell::run(tools::cargo().args(["deny", "check"]))
}
