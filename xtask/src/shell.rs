//! Starting programs: their output stays visible, and a failure names the command.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::{Failed, Outcome, say};

/// Runs a command with its output on ours; fails when it does.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let shown = shown(command);
    let status = command.stdin(Stdio::null()).status().map_err(|e| not_started(&shown, &e))?;
    if status.success() { Ok(()) } else { Err(Failed(format!("`{shown}` failed ({status})."))) }
}

/// Runs a command quietly and returns what it printed, or nothing when it is missing or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let done = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    done.status.success().then(|| String::from_utf8_lossy(&done.stdout).trim().to_owned())
}

/// Runs a command, passing each line of its standard output on and to `each`; says if it succeeded.
pub(crate) fn lines(command: &mut Command, mut each: impl FnMut(&str)) -> Result<bool, Failed> {
    let shown = shown(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| not_started(&shown, &e))?;
    let Some(stdout) = child.stdout.take() else {
        return Err(Failed(format!("`{shown}` has no output to read.")));
    };
    let mut reader = BufReader::new(stdout);
    let mut bytes = Vec::new();
    while reader.read_until(b'\n', &mut bytes)? > 0 {
        let text = String::from_utf8_lossy(&bytes);
        say::line(&text);
        each(text.trim_end());
        bytes.clear();
    }
    Ok(child.wait()?.success())
}

fn shown(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for word in command.get_args() {
        text.push(' ');
        text.push_str(&word.to_string_lossy());
    }
    text
}

fn not_started(shown: &str, error: &std::io::Error) -> Failed {
    Failed(format!("`{shown}` could not be started: {error}."))
}
