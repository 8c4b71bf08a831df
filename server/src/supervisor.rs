//! The small supervisor: starts the server again when it crashed or gave up its log, and knows when
//! to stop.
//!
//! The only place that starts a process, and it starts nothing but this very program with the words
//! it was itself given.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::say;

/// The code by which the server says "start me again" (EX_TEMPFAIL).
pub const START_AGAIN: u8 = 75;
/// The code by which the supervisor says "I stay down" (EX_SOFTWARE).
const STAYS_DOWN: u8 = 70;
/// A panic that nobody caught.
const PANICKED: i32 = 101;
/// So many restarts within [`WITHIN`], and it stays down.
const RESTARTS_MAX: usize = 5;
const WITHIN: Duration = Duration::from_secs(60);
/// Before a restart: short at first, so that meetings come back at once.
const PAUSES_MS: [u64; RESTARTS_MAX] = [100, 300, 1000, 2000, 2000];
/// How long a server may drain before it is cut off.
const DRAIN: Duration = Duration::from_secs(30);

/// Whether something else already restarts us: systemd, which names the process that it started.
/// Its other variables are handed on to every shell of a session and say nothing.
#[must_use]
pub fn is_supervised_elsewhere() -> bool {
    is_for(env::var_os("SYSTEMD_EXEC_PID").as_deref(), std::process::id())
}

fn is_for(named: Option<&OsStr>, pid: u32) -> bool {
    let named = named.and_then(OsStr::to_str).and_then(|named| named.parse::<u32>().ok());
    named == Some(pid)
}

/// Runs `convoke serve` with the words of this process as a child, again and again, until it ends
/// in good order, is asked to stop, or crashes too often.
pub fn run() -> ExitCode {
    match supervise() {
        Ok(code) => code,
        Err(error) => {
            say::problem(&format!("The supervisor failed: {error}"));
            ExitCode::from(STAYS_DOWN)
        }
    }
}

fn supervise() -> io::Result<ExitCode> {
    let program = env::current_exe()?;
    let mut words: Vec<OsString> = env::args_os().skip(1).collect();
    words.push("--supervised".into());
    let stop = stop_signals()?;
    let mut restarts = Restarts::default();
    loop {
        let mut child = Command::new(&program).args(&words).stdin(Stdio::piped()).spawn()?;
        let status = wait(&mut child, &stop)?;
        let Some(status) = status else { return Ok(ExitCode::SUCCESS) };
        if !is_crash(status) {
            let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
            return Ok(ExitCode::from(code));
        }
        let Some(pause) = restarts.next(Instant::now()) else {
            say::problem(
                "The server ended five times within a minute and stays down. The lines above say \
                 why; start it again when that is mended.",
            );
            return Ok(ExitCode::from(STAYS_DOWN));
        };
        say::problem(&format!("The server ended ({status}) and is started again."));
        if stop.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// Waits for the child; `None` when it was asked to stop and did.
fn wait(child: &mut Child, stop: &Receiver<()>) -> io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        match stop.recv_timeout(Duration::from_millis(50)) {
            Err(RecvTimeoutError::Timeout) => {}
            // The end of its standard input is the request to drain. If we are killed instead, it
            // ends as well, so no server is ever left without its supervisor.
            Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                drop(child.stdin.take());
                let patience = Instant::now() + DRAIN;
                while child.try_wait()?.is_none() {
                    if Instant::now() > patience {
                        say::problem("The server did not drain in time and is cut off.");
                        child.kill()?;
                        child.wait()?;
                        break;
                    }
                    thread::sleep(Duration::from_millis(20));
                }
                return Ok(None);
            }
        }
    }
}

fn stop_signals() -> io::Result<Receiver<()>> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let (tell, told) = channel();
    thread::spawn(move || {
        for _ in signals.forever() {
            if tell.send(()).is_err() {
                break;
            }
        }
    });
    Ok(told)
}

fn is_crash(status: ExitStatus) -> bool {
    match status.code() {
        Some(code) => code == i32::from(START_AGAIN) || code == PANICKED,
        // Ended by a signal.
        None => true,
    }
}

/// The restarts of the last minute.
#[derive(Default)]
struct Restarts(Vec<Instant>);

impl Restarts {
    /// How long to wait before the next one; `None` when there were too many.
    fn next(&mut self, now: Instant) -> Option<Duration> {
        self.0.retain(|at| now.duration_since(*at) < WITHIN);
        let pause = PAUSES_MS.get(self.0.len())?;
        self.0.push(now);
        Some(Duration::from_millis(*pause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_process_that_systemd_started_has_another_supervisor() {
        for (named, expected) in
            [(None, false), (Some("17"), true), (Some("18"), false), (Some("x"), false)]
        {
            assert_eq!(is_for(named.map(OsStr::new), 17), expected, "{named:?}");
        }
    }

    #[test]
    fn five_restarts_in_a_minute_are_the_last() {
        let mut restarts = Restarts::default();
        let start = Instant::now();
        for n in 0..5 {
            let pause = restarts.next(start + Duration::from_secs(n)).expect("goes on");
            assert!(pause <= Duration::from_secs(2));
        }
        assert_eq!(restarts.next(start + Duration::from_secs(30)), None);
        assert!(restarts.next(start + Duration::from_secs(61)).is_some(), "the first has aged out");
    }

    #[test]
    fn only_crashes_and_lost_logs_are_started_again() {
        use std::os::unix::process::ExitStatusExt;
        for (raw, expected) in
            [(75 << 8, true), (101 << 8, true), (9, true), (0, false), (2 << 8, false)]
        {
            assert_eq!(is_crash(ExitStatus::from_raw(raw)), expected, "{raw:#x}");
        }
    }
}
