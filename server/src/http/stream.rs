//! A connection's bytes, plain or TLS, with the patience that each part of a request gets.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use tokio_rustls::server::TlsStream;

/// From the first byte of a head to its end.
pub(super) const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// Without a byte taken by the other side while we write.
const WRITE_STALL: Duration = Duration::from_secs(15);

const IDLE: u8 = 0;
const HEAD: u8 = 1;
const SERVING: u8 = 2;

/// Where the connection is: between requests, in a head, or being served. Shared with the service,
/// which alone knows when a head is complete.
#[derive(Clone, Default)]
pub(super) struct Phase(Arc<AtomicU8>);

impl Phase {
    pub(super) fn serving(&self) {
        self.0.store(SERVING, Ordering::Relaxed);
    }

    pub(super) fn idle(&self) {
        self.0.store(IDLE, Ordering::Relaxed);
    }

    fn get(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }

    fn head(&self) {
        self.0.store(HEAD, Ordering::Relaxed);
    }
}

/// The bytes below HTTP.
pub(super) enum Transport {
    /// As they are.
    Plain(TcpStream),
    /// Sealed.
    Tls(Box<TlsStream<TcpStream>>),
}

/// One connection.
pub(super) struct Stream {
    transport: Transport,
    /// Read already, not yet handed on.
    ahead: Vec<u8>,
    taken: usize,
    phase: Phase,
    scan: Scan,
    head_until: Pin<Box<Sleep>>,
    write_until: Option<Pin<Box<Sleep>>>,
}

/// What is left of a connection that leaves HTTP.
pub(super) struct Left {
    pub(super) transport: Transport,
    pub(super) ahead: Vec<u8>,
}

impl Stream {
    /// A connection of which `ahead` was read; its first head has to be complete by `deadline`.
    pub(super) fn new(
        transport: Transport,
        ahead: Vec<u8>,
        phase: Phase,
        deadline: Instant,
    ) -> Self {
        phase.head();
        Self {
            transport,
            ahead,
            taken: 0,
            phase,
            scan: Scan::default(),
            head_until: Box::pin(tokio::time::sleep_until(deadline)),
            write_until: None,
        }
    }

    pub(super) fn into_left(self) -> Left {
        Left { transport: self.transport, ahead: self.ahead[self.taken..].to_vec() }
    }

    fn saw(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.phase.get() == IDLE && !bytes.is_empty() {
            self.phase.head();
            self.scan = Scan::default();
            self.head_until.as_mut().reset(Instant::now() + HEAD_TIMEOUT);
        }
        if self.phase.get() == HEAD && !self.scan.goes_on(bytes) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a bare line feed in a head"));
        }
        Ok(())
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let polled = if this.taken < this.ahead.len() {
            let count = (this.ahead.len() - this.taken).min(buf.remaining());
            buf.put_slice(&this.ahead[this.taken..this.taken + count]);
            this.taken += count;
            if this.taken == this.ahead.len() {
                this.ahead = Vec::new();
                this.taken = 0;
            }
            Poll::Ready(Ok(()))
        } else {
            match &mut this.transport {
                Transport::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
                Transport::Tls(tls) => Pin::new(tls.as_mut()).poll_read(cx, buf),
            }
        };
        match polled {
            Poll::Ready(Ok(())) => Poll::Ready(this.saw(&buf.filled()[before..])),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending if this.phase.get() == HEAD => {
                ready!(this.head_until.as_mut().poll(cx));
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "a head took too long")))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Stream {
    /// Watches a write that does not get on.
    fn stalled<T>(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.write_until = None;
            return polled;
        }
        let until =
            self.write_until.get_or_insert_with(|| Box::pin(tokio::time::sleep(WRITE_STALL)));
        ready!(until.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the other side does not read")))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = match &mut this.transport {
            Transport::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Transport::Tls(tls) => Pin::new(tls.as_mut()).poll_write(cx, buf),
        };
        this.stalled(cx, polled)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = match &mut this.transport {
            Transport::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Transport::Tls(tls) => Pin::new(tls.as_mut()).poll_flush(cx),
        };
        this.stalled(cx, polled)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = match &mut this.transport {
            Transport::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Transport::Tls(tls) => Pin::new(tls.as_mut()).poll_shutdown(cx),
        };
        this.stalled(cx, polled)
    }
}

/// Looks through a head for line feeds without a carriage return, which two parsers in a row may
/// take for different things.
#[derive(Default)]
struct Scan {
    last: [u8; 3],
    done: bool,
}

impl Scan {
    /// `false` at a bare line feed; what comes after the head is not looked at.
    fn goes_on(&mut self, bytes: &[u8]) -> bool {
        for &byte in bytes {
            if self.done {
                break;
            }
            if byte == b'\n' {
                if self.last[2] != b'\r' {
                    return false;
                }
                self.done = self.last[0] == b'\r' && self.last[1] == b'\n';
            }
            self.last = [self.last[1], self.last[2], byte];
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::Scan;

    #[test]
    fn bare_line_feeds_are_seen_in_heads_and_not_in_bodies() {
        let table: &[(&[u8], bool)] = &[
            (b"GET / HTTP/1.1\r\nA: b\r\n\r\n", true),
            (b"POST / HTTP/1.1\r\nA: b\r\n\r\n{\n\n}", true),
            (b"GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", false),
            (b"GET / HTTP/1.1\n\n", false),
            (b"GET / HTTP/1.1\r\n\n", false),
        ];
        for (bytes, expected) in table {
            assert_eq!(Scan::default().goes_on(bytes), *expected, "{bytes:?}");
            let mut scan = Scan::default();
            assert_eq!(bytes.iter().all(|b| scan.goes_on(&[*b])), *expected, "byte by byte");
        }
    }
}
