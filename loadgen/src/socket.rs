//! A connection that never waits, plain or through TLS.

use std::io::{self, Read, Write};

use mio::net::TcpStream;
use rustls::ClientConnection;

use crate::server::Tls;

#[derive(Debug)]
pub(crate) enum Socket {
    Plain(TcpStream),
    Tls(Box<TlsSocket>),
}

#[derive(Debug)]
pub(crate) struct TlsSocket {
    stream: TcpStream,
    tls: ClientConnection,
}

impl Socket {
    /// Around a stream that may still be connecting.
    pub(crate) fn new(stream: TcpStream, tls: Option<&Tls>) -> Result<Self, rustls::Error> {
        Ok(match tls {
            None => Self::Plain(stream),
            Some(tls) => {
                let tls = ClientConnection::new(tls.config.clone(), tls.name.clone())?;
                Self::Tls(Box::new(TlsSocket { stream, tls }))
            }
        })
    }

    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(socket) => &mut socket.stream,
        }
    }

    /// Bytes read; 0 at the end; `WouldBlock` when there is nothing now.
    pub(crate) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(into),
            Self::Tls(socket) => socket.read(into),
        }
    }

    /// Sends what lies in the TLS buffer.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Tls(socket) => socket.flush(),
        }
    }

    /// Bytes taken; `WouldBlock` when none can be taken now.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(socket) => socket.write(bytes),
        }
    }
}

impl TlsSocket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.tls.reader().read(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                told => return told,
            }
            // A handshake has something to say in between.
            self.flush()?;
            if self.tls.read_tls(&mut self.stream)? == 0 {
                return Ok(0);
            }
            self.tls.process_new_packets().map_err(io::Error::other)?;
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.flush()?;
        let taken = self.tls.writer().write(bytes)?;
        // What the socket does not take now stays in the TLS buffer, and goes before the next
        // bytes.
        match self.flush() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && taken > 0 => Ok(taken),
            Err(error) => Err(error),
            Ok(()) if taken == 0 && !bytes.is_empty() => Err(io::ErrorKind::WouldBlock.into()),
            Ok(()) => Ok(taken),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            if self.tls.write_tls(&mut self.stream)? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }
}
