//! What every thread was doing when the log could not be written, for whoever has to find out why.
//! It goes to the program's log and to one file in the data folder, which the next dump replaces.

use std::backtrace::Backtrace;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::folder::write_private;

/// The file in the data folder.
pub const NAME: &str = "stack-dump.txt";
/// The file is on the disk that may be what hangs: it is not waited for longer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Dumps the calling thread's stack and what all threads wait for.
pub fn keep(data: &Path, reason: &str) {
    let text = text(reason);
    tracing::error!(reason, "what every thread was doing:\n{text}");
    let path = data.join(NAME);
    let (done, waits) = mpsc::channel();
    let writer = thread::Builder::new().name("stack-dump".into()).spawn(move || {
        // Nobody waits any more when this took too long.
        let _ = done.send(write_private(&path, text.as_bytes()));
    });
    match writer.map(|_| waits.recv_timeout(PATIENCE)) {
        Ok(Ok(Ok(()))) => {}
        Ok(Ok(Err(error))) => tracing::warn!(%error, "the dump is not in the data folder"),
        Ok(Err(_)) => tracing::warn!("the dump is not in the data folder: the disk is too slow"),
        Err(error) => tracing::warn!(%error, "the dump is not in the data folder"),
    }
}

fn text(reason: &str) -> String {
    let (version, pid) = (env!("CARGO_PKG_VERSION"), std::process::id());
    let at = SystemClock::new().now().0;
    let seen = Backtrace::force_capture();
    let name = thread::current().name().unwrap_or("?").to_owned();
    let mut text = format!(
        "Convoke {version}, process {pid}, {at} ms since the epoch: {reason}\n\n\
         Thread {name}, which noticed it:\n{seen}\n\
         All threads: number, name, state, and the place in the kernel where each waits:\n"
    );
    threads(&mut text);
    text
}

/// What Linux tells about the threads of this process; nothing elsewhere.
fn threads(text: &mut String) {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else {
        text.push_str("(this system does not tell)\n");
        return;
    };
    for task in tasks.flatten() {
        let read = |name: &str| fs::read_to_string(task.path().join(name)).unwrap_or_default();
        let status = read("status");
        let state = status.lines().find_map(|line| line.strip_prefix("State:")).unwrap_or("?");
        let (number, name, place) = (task.file_name(), read("comm"), read("wchan"));
        let (number, name) = (number.to_string_lossy(), name.trim());
        let place = if place.is_empty() || place == "0" { "-" } else { place.trim() };
        // Writing to a string does not fail.
        let _ = writeln!(text, "{number:>8} {name:<16} {:<18} {place}", state.trim());
        // Only the superuser may read this one.
        for line in read("stack").lines() {
            let _ = writeln!(text, "             {line}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_names_the_reason_the_stack_and_every_thread() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (stop, stopped) = mpsc::channel::<()>();
        let other = thread::Builder::new().name("waits-for-disk".into());
        let other = other.spawn(move || stopped.recv()).expect("a thread");
        let noticing = thread::Builder::new().name("log-watch".into());
        let path = dir.path().to_owned();
        let noticing = noticing.spawn(move || keep(&path, "the disk did not answer"));
        noticing.expect("a thread").join().expect("it ends");
        let text = fs::read_to_string(dir.path().join(NAME)).expect("there");
        assert!(text.contains("the disk did not answer\n\nThread log-watch, which"), "{text}");
        assert!(text.contains("dump.rs:"), "the stack leads here: {text}");
        let line = text.lines().find(|line| line.contains(" waits-for-disk "));
        assert!(line.is_some_and(|line| line.contains("S (sleeping)")), "{text}");
        keep(dir.path(), "another reason");
        let text = fs::read_to_string(dir.path().join(NAME)).expect("there");
        assert!(text.contains("another reason") && !text.contains("did not answer"), "replaced");
        assert_eq!(fs::read_dir(dir.path()).expect("there").count(), 1);
        drop(stop);
        let _ = other.join();
    }
}
