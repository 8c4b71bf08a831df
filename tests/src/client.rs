//! A client without a browser: the wire's own client half on a plain socket.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use convoke_wire::frame::{Opcode, client_frame};

/// How long a read waits before it says that nothing came.
const READ_WAIT: Duration = Duration::from_millis(20);

/// One WebSocket connection; what it carries is up to its owner.
pub struct Socket {
    stream: TcpStream,
    bytes: Vec<u8>,
    closed: Option<u16>,
}

impl Socket {
    /// Connects and upgrades.
    ///
    /// # Errors
    /// Those of the network, and `InvalidData` when the server does not switch protocols.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(2))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\n\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: convoke.1\r\n\r\n"
        );
        stream.write_all(request.as_bytes())?;
        let mut bytes = Vec::new();
        loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
                if !head.starts_with("HTTP/1.1 101") {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, head));
                }
                bytes.drain(..end + 4);
                stream.set_read_timeout(Some(READ_WAIT))?;
                return Ok(Self { stream, bytes, closed: None });
            }
            fill(&mut stream, &mut bytes)?;
        }
    }

    /// Sends one binary message.
    ///
    /// # Errors
    /// Those of the network.
    pub fn send(&mut self, message: &[u8]) -> io::Result<()> {
        self.stream.write_all(&client_frame(Opcode::Binary, message, [1, 2, 3, 4]))
    }

    /// Sends bytes as they are: what a peer sends that is no client of ours.
    ///
    /// # Errors
    /// Those of the network.
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The code in the server's close frame, once it has come.
    #[must_use]
    pub fn closed(&self) -> Option<u16> {
        self.closed
    }

    /// The next binary message; `None` when none came for a moment.
    ///
    /// # Errors
    /// Those of the network, `UnexpectedEof` when the server closed the connection.
    pub fn receive(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some((opcode, payload, end)) = frame(&self.bytes) {
                let payload = self.bytes[payload..end].to_vec();
                self.bytes.drain(..end);
                match opcode {
                    2 => return Ok(Some(payload)),
                    8 => {
                        let code = payload.first_chunk().copied().map(u16::from_be_bytes);
                        self.closed = code.or(self.closed);
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    9 => {
                        let pong = client_frame(Opcode::Pong, &payload, [1, 2, 3, 4]);
                        self.stream.write_all(&pong)?;
                    }
                    _ => {}
                }
                continue;
            }
            match fill(&mut self.stream, &mut self.bytes) {
                Ok(()) => {}
                Err(error) if is_silence(&error) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }
}

fn is_silence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn fill(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut part = [0; 16 * 1024];
    let count = stream.read(&mut part)?;
    if count == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    bytes.extend_from_slice(&part[..count]);
    Ok(())
}

/// Opcode, start and end of the payload of the first frame, when all of it is there. The server
/// sends each message in one frame, unmasked.
fn frame(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let [first, second, ..] = *bytes else { return None };
    let (payload, length) = match second & 0x7f {
        126 => (4_usize, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => {
            let length = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
            (10, usize::try_from(length).ok()?)
        }
        short => (2, usize::from(short)),
    };
    let end = payload.checked_add(length)?;
    (bytes.len() >= end).then_some((first & 0x0f, payload, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use convoke_wire::frame::server_frame;

    #[test]
    fn frames_of_every_length_are_read_when_they_are_whole() {
        for length in [0, 5, 125, 126, 65_535, 65_536] {
            let payload = vec![7; length];
            let bytes = server_frame(Opcode::Binary, &payload);
            let (opcode, start, end) = frame(&bytes).expect("whole");
            assert_eq!((opcode, &bytes[start..end]), (2, payload.as_slice()));
            assert!(length == 0 || frame(&bytes[..bytes.len() - 1]).is_none());
        }
    }
}
