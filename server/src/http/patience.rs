//! How long the listener waits for whom.

use std::time::Duration;

/// How long is waited for what. The defaults are what a server uses; tests are less patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For the TLS hand-shake, from accepting on.
    pub handshake: Duration,
    /// From the first byte of a head to its end.
    pub head: Duration,
    /// For the body after it.
    pub body: Duration,
    /// For the next request on a kept connection.
    pub keep_alive: Duration,
    /// For the other side to take a byte while we write.
    pub write_stall: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(5),
            head: Duration::from_secs(5),
            body: Duration::from_secs(10),
            keep_alive: Duration::from_secs(30),
            write_stall: Duration::from_secs(15),
        }
    }
}
