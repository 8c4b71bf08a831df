//! Source addresses: a loopback server can be reached from many, which spreads ports and limits.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use crate::CannotRun;

/// Connections of one source address, unless told otherwise: below a server's usual limits for one
/// address, and far below the ports it has.
const PER_SOURCE: usize = 500;
const SOURCES_MAX: usize = 250;

/// The addresses that connections come from, in turn. Empty: whatever the system chooses.
#[derive(Clone, Debug)]
pub(crate) struct Sources(Vec<IpAddr>);

impl Sources {
    /// As many as asked for, or as `connections` to `server` need.
    pub(crate) fn choose(
        server: SocketAddr,
        asked: Option<u32>,
        connections: usize,
    ) -> Result<Self, CannotRun> {
        let IpAddr::V4(address) = server.ip() else { return Self::system(asked) };
        if !address.is_loopback() {
            return Self::system(asked);
        }
        let needed = connections.div_ceil(PER_SOURCE).clamp(1, SOURCES_MAX);
        let count = asked.map_or(needed, |asked| asked as usize);
        let count = u8::try_from(count.min(SOURCES_MAX)).unwrap_or(1);
        Ok(Self((1..=count).map(|last| Ipv4Addr::new(127, 0, 0, last).into()).collect()))
    }

    fn system(asked: Option<u32>) -> Result<Self, CannotRun> {
        match asked {
            Some(2..) => Err("--sources needs a server on 127.0.0.1".into()),
            _ => Ok(Self(Vec::new())),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len().max(1)
    }

    fn bound(&self, number: usize, server: SocketAddr) -> std::io::Result<Socket> {
        let socket = Socket::new(Domain::for_address(server), Type::STREAM, Some(Protocol::TCP))?;
        if let Some(source) = self.0.get(number % self.count()) {
            socket.bind(&SocketAddr::new(*source, 0).into())?;
        }
        socket.set_tcp_nodelay(true)?;
        Ok(socket)
    }

    /// Begins to connect, without waiting; `number` chooses the address. The kernel takes in as
    /// much as `room`, where that is given, before it is read.
    pub(crate) fn start(
        &self,
        number: usize,
        to: SocketAddr,
        room: Option<usize>,
    ) -> std::io::Result<TcpStream> {
        let socket = self.bound(number, to)?;
        if let Some(bytes) = room {
            socket.set_recv_buffer_size(bytes)?;
        }
        socket.set_nonblocking(true)?;
        match socket.connect(&to.into()) {
            Ok(()) => {}
            Err(error) if is_under_way(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(socket.into())
    }

    /// Connects and waits for it.
    pub(crate) fn connect(
        &self,
        number: usize,
        to: SocketAddr,
        wait: Duration,
    ) -> std::io::Result<TcpStream> {
        let socket = self.bound(number, to)?;
        socket.connect_timeout(&to.into(), wait)?;
        Ok(socket.into())
    }
}

fn is_under_way(error: &std::io::Error) -> bool {
    // Linux says EINPROGRESS, which has no kind of its own in the standard library's stable part.
    error.kind() == std::io::ErrorKind::WouldBlock || error.raw_os_error() == Some(115)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_loads_on_loopback_come_from_several_addresses() {
        let server = "127.0.0.1:1".parse().expect("an address");
        let count = |asked, connections| {
            Sources::choose(server, asked, connections).expect("loopback").count()
        };
        assert_eq!((count(None, 10), count(None, 1_001), count(Some(7), 10)), (1, 3, 7));
        let elsewhere = "192.0.2.1:1".parse().expect("an address");
        assert_eq!(Sources::choose(elsewhere, None, 100_000).expect("one").count(), 1);
        assert!(Sources::choose(elsewhere, Some(2), 10).is_err());
    }

    #[test]
    fn a_connection_comes_from_the_address_chosen() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let server = listener.local_addr().expect("bound");
        let sources = Sources::choose(server, Some(3), 1).expect("loopback");
        let _under_way = sources.start(2, server, None).expect("begins");
        let (_, peer) = listener.accept().expect("somebody comes");
        assert_eq!(peer.ip().to_string(), "127.0.0.3");
        let waited = sources.connect(1, server, Duration::from_secs(1)).expect("connects");
        assert_eq!(waited.local_addr().expect("connected").ip().to_string(), "127.0.0.2");
    }
}
