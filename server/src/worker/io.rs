//! A connection's socket, plain or TLS, as something that reads and writes without waiting.

use std::io::{self, IoSlice, Read, Write};

use mio::net::TcpStream;

/// Plain bytes that TLS may hold sealed but unsent: what is staler than that is decided in the
/// lanes.
const TLS_BUFFER_BYTES: usize = 256 * 1024;

/// No more bytes than this are put together for one write.
const TOGETHER_BYTES_MAX: usize = 2048;

/// A non-blocking socket.
pub(super) enum Io {
    /// Bytes as they are.
    Plain(TcpStream),
    /// Sealed bytes.
    Tls(TcpStream, Box<rustls::ServerConnection>),
}

impl Io {
    pub(super) fn new(socket: std::net::TcpStream, tls: Option<rustls::ServerConnection>) -> Self {
        let socket = TcpStream::from_std(socket);
        match tls {
            None => Self::Plain(socket),
            Some(mut session) => {
                session.set_buffer_limit(Some(TLS_BUFFER_BYTES));
                Self::Tls(socket, Box::new(session))
            }
        }
    }

    pub(super) fn socket(&mut self) -> &mut TcpStream {
        match self {
            Self::Plain(socket) | Self::Tls(socket, _) => socket,
        }
    }

    /// Whether bytes go through the socket as they are.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    /// Reads what is there. `Ok(0)` at the end, `WouldBlock` when there is nothing.
    pub(super) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(into),
            Self::Tls(socket, session) => loop {
                match session.reader().read(into) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    done => return done,
                }
                if session.read_tls(socket)? == 0 {
                    return Ok(0);
                }
                session
                    .process_new_packets()
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            },
        }
    }

    /// Writes as much as is taken at once: the number of bytes that need not be offered again.
    pub(super) fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => loop {
                match write_plain(socket, slices) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    done => return done,
                }
            },
            Self::Tls(socket, session) => {
                seal_out(socket, session)?;
                if session.wants_write() {
                    return Ok(0);
                }
                let taken = session.writer().write_vectored(slices)?;
                seal_out(socket, session)?;
                Ok(taken)
            }
        }
    }

    /// Whether sealed bytes wait for the socket, though all plain bytes were taken.
    pub(super) fn holds_back(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(_, session) => session.wants_write(),
        }
    }

    /// Says goodbye, as far as the transport has a word for it.
    pub(super) fn finish(&mut self) {
        if let Self::Tls(socket, session) = self {
            session.send_close_notify();
            // The peer may be gone already; there is nobody left to tell.
            let _ = seal_out(socket, session);
        }
        let _ = self.socket().shutdown(std::net::Shutdown::Write);
    }
}

/// One write. A few small slices, such as one message from each track, are put together first: a
/// copy of them costs less than what the system does for a list of slices.
fn write_plain(socket: &mut TcpStream, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    if let [one] = slices {
        return socket.write(one);
    }
    let bytes = slices.iter().map(|slice| slice.len()).sum::<usize>();
    if bytes > TOGETHER_BYTES_MAX {
        return socket.write_vectored(slices);
    }
    let (mut together, mut at) = ([0; TOGETHER_BYTES_MAX], 0);
    for slice in slices {
        together[at..at + slice.len()].copy_from_slice(slice);
        at += slice.len();
    }
    socket.write(&together[..at])
}

fn seal_out(socket: &mut TcpStream, session: &mut rustls::ServerConnection) -> io::Result<()> {
    while session.wants_write() {
        match session.write_tls(socket) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
