//! The browser client: npm packages by the lock file, then Vite; both skipped when nothing changed.

use std::path::Path;
use std::process::Command;

use crate::{Outcome, machine, say, shell, stamp, tally::Tally, test};

const CLIENT: &str = "clients/browser";

/// Builds `clients/browser/dist`, which the server embeds.
pub(crate) fn build() -> Outcome {
    let client = Path::new(CLIENT);
    let digest = stamp::of(&[client])?;
    if client.join("dist/index.html").is_file() && stamp::holds("browser-dist", &digest) {
        return Ok(());
    }
    packages(client, "browser-packages")?;
    say::step("building the browser client");
    shell::run(npm(client).args(["run", "build"]))?;
    // The embedded files are read when the server is compiled, so its build must look again.
    stamp::set("browser-dist", &digest)
}

/// Types and style of the browser client.
pub(crate) fn check() -> Outcome {
    let client = Path::new(CLIENT);
    packages(client, "browser-packages")?;
    say::step("checking the browser client");
    shell::run(npm(client).args(["run", "check"]))
}

/// The browser client's unit tests.
pub(crate) fn test() -> Result<Tally, crate::Failed> {
    let client = Path::new(CLIENT);
    packages(client, "browser-packages")?;
    say::step("browser unit tests");
    let mut command = npm(client);
    command.args(["run", "test"]);
    test::counted(&mut command)
}

/// Installs the npm packages of `folder` exactly as its lock file has them, unless they are there.
pub(crate) fn packages(folder: &Path, name: &str) -> Outcome {
    machine::need_node()?;
    let digest = stamp::of(&[&folder.join("package.json"), &folder.join("package-lock.json")])?;
    if folder.join("node_modules").is_dir() && stamp::holds(name, &digest) {
        return Ok(());
    }
    say::step(&format!("installing npm packages of {}", folder.display()));
    shell::run(npm(folder).args(["ci", "--no-audit", "--no-fund"]))?;
    stamp::set(name, &digest)
}

fn npm(folder: &Path) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(folder);
    command
}
