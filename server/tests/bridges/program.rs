//! Programs that a test starts and ends.

use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

/// How long a program has to end in good order.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// A running program; it ends with the test.
pub(crate) struct Program(pub(crate) Child);

impl Drop for Program {
    fn drop(&mut self) {
        // Asked first: one that has started others ends them, which it cannot do when it is killed.
        let asked = rustix::process::Pid::from_child(&self.0);
        let _ = rustix::process::kill_process(asked, rustix::process::Signal::TERM);
        let until = Instant::now() + ENDS_WITHIN;
        while Instant::now() < until {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where a program is, or a test that fails with one clear sentence.
pub(crate) fn need(path: &'static str, package: &str) -> &'static str {
    assert!(
        Path::new(path).exists(),
        "{path} is missing: `sudo apt-get install {package}` (Debian, Ubuntu) or `.ci/run` brings it."
    );
    path
}
