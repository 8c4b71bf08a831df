//! Free ports on loopback for programs that a test or a benchmark starts.
//!
//! A program cannot be handed a bound socket, so its port is looked for first and may be taken
//! before it listens. Two things keep that from happening here: no port is given twice by one
//! process, and all of them lie below those that the system gives to connecting sockets (32,768 to
//! 60,999 on Linux, `net.ipv4.ip_local_port_range`), of which a test that runs beside may open
//! hundreds. A client that tries a dead server again and again could otherwise even be given the
//! very port that the server is to come back on.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

const FIRST: u16 = 20_000;
const COUNT: u32 = 12_000;

/// An address on loopback on which nobody listens by TCP, nor by UDP.
///
/// # Panics
/// When every port that may be given is in use or was given before.
#[must_use]
pub fn free() -> SocketAddr {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    for _ in 0..COUNT {
        let given = GIVEN.fetch_add(1, Ordering::Relaxed);
        assert!(given < COUNT, "this process was given every port there is");
        let offset = (start() + given) % COUNT;
        let port = FIRST + u16::try_from(offset).expect("below 12,000");
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok() {
            return address;
        }
    }
    panic!("every port from {FIRST} on is in use")
}

/// The port alone of such an address.
///
/// # Panics
/// As [`free`].
#[must_use]
pub fn free_port() -> u16 {
    free().port()
}

/// Where this process begins to look: processes that run side by side begin far apart.
fn start() -> u32 {
    static START: OnceLock<u32> = OnceLock::new();
    *START.get_or_init(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let mixed = std::process::id().wrapping_mul(2_654_435_761)
            ^ now.map_or(0, |time| time.subsec_nanos());
        mixed % COUNT
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_port_is_given_twice_and_each_is_free_and_below_those_of_connecting_sockets() {
        let threads: Vec<_> = (0..8)
            .map(|_| std::thread::spawn(|| (0..50).map(|_| free()).collect::<Vec<_>>()))
            .collect();
        let given = threads.into_iter().flat_map(|thread| thread.join().expect("no panic"));
        let given: Vec<_> = given.collect();
        let ports: BTreeSet<u16> = given.iter().map(SocketAddr::port).collect();
        assert_eq!(ports.len(), 400);
        assert!(ports.iter().all(|port| (20_000..32_000).contains(port)), "{ports:?}");
        assert!(TcpListener::bind(given[0]).is_ok());
    }
}
