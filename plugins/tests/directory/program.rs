//! Programs that a test starts and ends.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running program; it ends with the test.
pub(crate) struct Program(pub(crate) Child);

impl Drop for Program {
    fn drop(&mut self) {
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

/// Runs a command to its end; its output is the test's when it fails.
pub(crate) fn run(command: &mut Command) -> String {
    let out = command.stdin(Stdio::null()).output().expect("the program starts");
    let said =
        format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{command:?}: {said}");
    said
}

/// Waits until somebody listens; a program that ends before has said why in its log.
pub(crate) fn wait_for(port: u16, child: &mut Child, log: &Path, patience: Duration) {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let began = Instant::now();
    while TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_err() {
        if let Ok(Some(status)) = child.try_wait() {
            let said = std::fs::read_to_string(log).unwrap_or_default();
            panic!("the program ended before it listened: {status}\n{said}");
        }
        assert!(began.elapsed() < patience, "nobody listens on {address}");
        std::thread::sleep(Duration::from_millis(30));
    }
}
