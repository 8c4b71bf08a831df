//! What this machine has: Node, npm, Chromium, and a package manager that may install the rest.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Failed, Outcome, say, shell};

/// The oldest Node that runs the browser build and the tests.
const NODE_MIN: (u32, u32) = (20, 19);

/// The oldest Python that runs the second verifier.
const PYTHON_MIN: (u32, u32) = (3, 8);

const NODE_HOW: &str = "get it from your distribution, https://nodejs.org or a version manager \
     (`nvm install 22`), then run this command again";

/// The folder of the workspace, wherever the command was typed.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// Fails with what is missing and how to get it, unless Node and npm can build the browser client.
pub(crate) fn need_node() -> Outcome {
    let Some(version) = shell::output(Command::new("node").arg("--version")) else {
        let (major, minor) = NODE_MIN;
        return Err(Failed(format!("Node {major}.{minor} or newer is missing: {NODE_HOW}.")));
    };
    if node_number(&version).is_none_or(|found| found < NODE_MIN) {
        let (major, minor) = NODE_MIN;
        return Err(Failed(format!(
            "Node {version} is too old, {major}.{minor} or newer is needed: {NODE_HOW}."
        )));
    }
    if shell::output(Command::new("npm").arg("--version")).is_none() {
        return Err(Failed(
            "npm is missing (Node is there): install your distribution's `npm` package, or a Node \
             that brings it from https://nodejs.org, then run this command again."
                .to_owned(),
        ));
    }
    Ok(())
}

/// Finds Python 3, which the second verifier of archives is written in, or installs Debian's
/// package when this is root; else says what is missing.
pub(crate) fn need_python() -> Outcome {
    let found = || shell::output(Command::new("python3").arg("--version"));
    if found().as_deref().and_then(python_number).is_some_and(|found| found >= PYTHON_MIN) {
        return Ok(());
    }
    if !may_install() {
        let (major, minor) = PYTHON_MIN;
        return Err(Failed(format!(
            "Python {major}.{minor} or newer is missing, the tests check archives with it: `sudo \
             apt-get install python3` (Debian, Ubuntu), then run this command again."
        )));
    }
    say::step("installing python3 (apt-get)");
    apt(&["update"])?;
    apt(&["install", "--yes", "--no-install-recommends", "python3"])?;
    match found() {
        Some(_) => Ok(()),
        None => Err(Failed("apt-get installed python3, but it is not in PATH.".to_owned())),
    }
}

/// The system's Python, which is the one that Debian's package adds the library to.
const SYSTEM_PYTHON: &str = "/usr/bin/python3";

/// Finds openpyxl, with which reports are opened again, or installs Debian's package when this is
/// root; else says what is missing.
pub(crate) fn need_openpyxl() -> Outcome {
    let there =
        || shell::output(Command::new(SYSTEM_PYTHON).args(["-c", "import openpyxl; print(1)"]));
    if there().is_some() {
        return Ok(());
    }
    if !may_install() {
        return Err(Failed(
            "openpyxl is missing, the tests open reports with it: `sudo apt-get install \
             python3-openpyxl` (Debian, Ubuntu), then run this command again."
                .to_owned(),
        ));
    }
    say::step("installing python3-openpyxl (apt-get)");
    apt(&["update"])?;
    apt(&["install", "--yes", "--no-install-recommends", "python3-openpyxl"])?;
    match there() {
        Some(_) => Ok(()),
        None => Err(Failed("apt-get installed openpyxl, but Python does not find it.".to_owned())),
    }
}

/// Major and minor of `v20.19.1`.
fn node_number(version: &str) -> Option<(u32, u32)> {
    number(version.strip_prefix('v')?)
}

/// Major and minor of `Python 3.11.2`.
fn python_number(version: &str) -> Option<(u32, u32)> {
    number(version.strip_prefix("Python ")?)
}

fn number(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The Chromium that the tests drive: `$CHROMIUM`, or the first that is installed.
pub(crate) fn chromium() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Some(PathBuf::from(named));
    }
    let folders: Vec<PathBuf> =
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
}

/// Finds Chromium, or installs Debian's package when this is root; else says what is missing.
pub(crate) fn need_chromium() -> Result<PathBuf, Failed> {
    if let Some(found) = chromium() {
        return Ok(found);
    }
    if !may_install() {
        return Err(Failed(
            "Chromium is missing, the browser tests need it: `sudo apt-get install chromium` \
             (Debian, Ubuntu), or set CHROMIUM to the program, then run this command again."
                .to_owned(),
        ));
    }
    say::step("installing chromium (apt-get)");
    apt(&["update"])?;
    apt(&["install", "--yes", "--no-install-recommends", "chromium"])?;
    chromium()
        .ok_or_else(|| Failed("apt-get installed chromium, but it is not in PATH.".to_owned()))
}

/// Debian's packages for the servers that tests run against (directories, mail, a SIP proxy, and
/// proxies in front of ours), and a file of each.
const SERVERS: [(&str, &str); 13] = [
    ("slapd", "/usr/sbin/slapd"),
    ("samba", "/usr/bin/samba-tool"),
    ("samba-ad-dc", "/usr/sbin/samba"),
    ("samba-ad-provision", "/usr/share/samba/setup/provision.ldif"),
    ("python3-aiosmtpd", "/usr/lib/python3/dist-packages/aiosmtpd/controller.py"),
    ("python3-venv", "/usr/share/doc/python3-venv/copyright"),
    ("python3-icalendar", "/usr/lib/python3/dist-packages/icalendar/__init__.py"),
    ("kamailio", "/usr/sbin/kamailio"),
    ("kamailio-utils-modules", "/usr/share/doc/kamailio-utils-modules"),
    ("sip-tester", "/usr/bin/sipp"),
    ("openssl", "/usr/bin/openssl"),
    ("nginx-light", "/usr/sbin/nginx"),
    ("haproxy", "/usr/sbin/haproxy"),
];

/// Finds OpenLDAP, Samba, a mail server for tests, Kamailio, sipp, nginx and HAProxy, or installs
/// Debian's packages when this is root; else says what is missing. The system's own are not
/// started: the tests start theirs, on ports those would take.
pub(crate) fn need_servers() -> Outcome {
    let missing = || -> Vec<&str> {
        let gone = |(_, file): &&(&str, &str)| !Path::new(file).exists();
        SERVERS.iter().filter(gone).map(|(package, _)| *package).collect()
    };
    let wanted = missing();
    if wanted.is_empty() {
        return Ok(());
    }
    let names = wanted.join(" ");
    if !may_install() {
        return Err(Failed(format!(
            "{names} missing, directories, letters, bridges and proxies are tested with it: `sudo \
             apt-get install {names}` (Debian, Ubuntu), then run this command again."
        )));
    }
    say::step(&format!("installing {names} (apt-get)"));
    apt(&["update"])?;
    let _stopped = NoServices::while_installing()?;
    let mut words = vec!["install", "--yes", "--no-install-recommends"];
    words.extend(&wanted);
    apt(&words)?;
    match missing().as_slice() {
        [] => Ok(()),
        gone => Err(Failed(format!(
            "apt-get installed {names}, but {} is not where it belongs.",
            gone.join(" ")
        ))),
    }
}

/// What public lists are read with by the tests: Debian's packages, and what shows that each is
/// there.
const READERS: [(&str, &[&str]); 4] = [
    ("libxml2-utils", &["xmllint", "--version"]),
    ("python3-jsonschema", &["/usr/bin/python3", "-c", "import jsonschema"]),
    ("python3-icalendar", &["/usr/bin/python3", "-c", "import icalendar"]),
    ("python3-feedparser", &["/usr/bin/python3", "-c", "import feedparser"]),
];

/// Finds the programs that check public lists, or installs Debian's packages when this is root;
/// else says what is missing.
pub(crate) fn need_readers() -> Outcome {
    let missing = || -> Vec<&str> {
        let gone = |words: &[&str]| {
            let mut command = Command::new(words[0]);
            let output = command.args(&words[1..]).output();
            !output.is_ok_and(|output| output.status.success())
        };
        READERS.iter().filter(|(_, words)| gone(words)).map(|(package, _)| *package).collect()
    };
    let wanted = missing();
    if wanted.is_empty() {
        return Ok(());
    }
    let names = wanted.join(" ");
    if !may_install() {
        return Err(Failed(format!(
            "{names} missing, public lists are checked with it: `sudo apt-get install {names}` \
             (Debian, Ubuntu), then run this command again."
        )));
    }
    say::step(&format!("installing {names} (apt-get)"));
    apt(&["update"])?;
    let mut words = vec!["install", "--yes", "--no-install-recommends"];
    words.extend(&wanted);
    apt(&words)?;
    match missing().as_slice() {
        [] => Ok(()),
        gone => Err(Failed(format!("apt-get installed {names}, but not {}.", gone.join(" ")))),
    }
}

/// Where Debian's packages ask whether they may start what they install.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Packages start no service while this lives.
struct NoServices {
    made: bool,
}

impl NoServices {
    fn while_installing() -> Result<Self, Failed> {
        if Path::new(POLICY).exists() {
            return Ok(Self { made: false });
        }
        // 101: "action forbidden by policy".
        std::fs::write(POLICY, "#!/bin/sh\nexit 101\n")?;
        let made = Self { made: true };
        std::fs::set_permissions(POLICY, std::fs::Permissions::from_mode(0o755))?;
        Ok(made)
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.made {
            let _ = std::fs::remove_file(POLICY);
        }
    }
}

fn may_install() -> bool {
    let root = shell::output(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
    root && shell::output(Command::new("apt-get").arg("--version")).is_some()
}

fn apt(words: &[&str]) -> Outcome {
    let mut command = Command::new("apt-get");
    shell::run(command.arg("--quiet").args(words).env("DEBIAN_FRONTEND", "noninteractive"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_version_is_compared_by_number() {
        assert_eq!(node_number("v20.19.1"), Some((20, 19)));
        assert!(node_number("v9.30.0") < Some(NODE_MIN));
        assert!(node_number("v22.4.0") > Some(NODE_MIN));
        assert_eq!(node_number("20"), None);
        assert_eq!(python_number("Python 3.11.2"), Some((3, 11)));
        assert!(python_number("Python 2.7.18") < Some(PYTHON_MIN));
    }
}
