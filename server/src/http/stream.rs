//! A connection's bytes, plain or TLS, with the patience that each part of a request gets.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use tokio_rustls::server::TlsStream;

use super::first_line::{self, FirstLine};
use super::patience::Patience;

const IDLE: u8 = 0;
const HEAD: u8 = 1;
const SERVING: u8 = 2;

/// Where the connection is: between requests, in a head, or being served. Shared with the service,
/// which alone knows when a head is complete.
#[derive(Clone, Default)]
pub(super) struct Phase(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: AtomicU8,
    rewritten: AtomicBool,
}

impl Phase {
    pub(super) fn serving(&self) {
        self.0.state.store(SERVING, Ordering::Relaxed);
    }

    pub(super) fn idle(&self) {
        self.0.state.store(IDLE, Ordering::Relaxed);
    }

    /// The first line of the request had to be rewritten; the connection must not be used again.
    pub(super) fn rewritten(&self) {
        self.0.rewritten.store(true, Ordering::Relaxed);
    }

    pub(super) fn was_rewritten(&self) -> bool {
        self.0.rewritten.load(Ordering::Relaxed)
    }

    fn get(&self) -> u8 {
        self.0.state.load(Ordering::Relaxed)
    }

    fn head(&self) {
        self.0.state.store(HEAD, Ordering::Relaxed);
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
    /// The first line of a later request, until it is whole.
    line: Vec<u8>,
    phase: Phase,
    patience: Patience,
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
        patience: Patience,
        deadline: Instant,
    ) -> Self {
        phase.head();
        Self {
            transport,
            ahead,
            taken: 0,
            line: Vec::new(),
            phase,
            patience,
            scan: Scan::default(),
            head_until: Box::pin(tokio::time::sleep_until(deadline)),
            write_until: None,
        }
    }

    pub(super) fn into_left(self) -> Left {
        Left { transport: self.transport, ahead: self.ahead[self.taken..].to_vec() }
    }

    fn poll_transport(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.transport {
            Transport::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Transport::Tls(tls) => Pin::new(tls.as_mut()).poll_read(cx, buf),
        }
    }

    /// Between requests: gathers the first line of the next one and escapes what is illegal in it,
    /// as was done for the connection's first. One that is wrong otherwise goes on as it is, to be
    /// refused. Of requests sent before the last one was answered only the first is looked at.
    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut scratch = [0; 2048];
        loop {
            let mut buf = ReadBuf::new(&mut scratch);
            match self.poll_transport(cx, &mut buf) {
                Poll::Ready(read) => read?,
                Poll::Pending if self.line.is_empty() => return Poll::Pending,
                Poll::Pending => {
                    ready!(self.head_until.as_mut().poll(cx));
                    return Poll::Ready(Err(late()));
                }
            }
            if self.line.is_empty() && !buf.filled().is_empty() {
                self.begin_head();
            }
            self.line.extend_from_slice(buf.filled());
            let ended = buf.filled().is_empty();
            if ended || first_line::is_whole(&self.line) {
                let line = std::mem::take(&mut self.line);
                self.ahead = match first_line::judge(&line) {
                    Some(FirstLine::Request { bytes, rewritten: true }) => {
                        self.phase.rewritten();
                        bytes
                    }
                    _ => line,
                };
                self.taken = 0;
                return Poll::Ready(Ok(()));
            }
        }
    }

    fn begin_head(&mut self) {
        self.phase.head();
        self.scan = Scan::default();
        self.head_until.as_mut().reset(Instant::now() + self.patience.head);
    }

    fn saw(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.phase.get() == IDLE && !bytes.is_empty() {
            self.begin_head();
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
        let read_ahead = this.taken < this.ahead.len();
        if !this.line.is_empty() || (this.phase.get() == IDLE && !read_ahead) {
            ready!(this.poll_line(cx))?;
            if this.ahead.is_empty() {
                return Poll::Ready(Ok(())); // The other side has closed.
            }
        }
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
            this.poll_transport(cx, buf)
        };
        match polled {
            Poll::Ready(Ok(())) => Poll::Ready(this.saw(&buf.filled()[before..])),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending if this.phase.get() == HEAD => {
                ready!(this.head_until.as_mut().poll(cx));
                Poll::Ready(Err(late()))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "a head took too long")
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
        let stall = self.patience.write_stall;
        let until = self.write_until.get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
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
