//! The accept loop: every connection gets a place, a hand-shake, a first line, and so much
//! patience.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;

use super::first_line::{self, FirstLine};
use super::routes;
use super::site::Site;
use super::slots::Slot;
use super::stack::{self, Connection};
use super::stream::{Phase, Stream, Transport};

const HEAD_BYTES_MAX: usize = 16 * 1024;
const HEADERS_MAX: usize = 64;
const BACKLOG: u32 = 1024;
/// How long answers under way may take once we stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Why we cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody else does.
    #[error(
        "{0} is in use, perhaps by another Convoke; stop that one, or choose another port with --listen"
    )]
    InUse(SocketAddr),
    /// The port is reserved.
    #[error("{0} may only be listened on by the superuser; choose a port above 1023 with --listen")]
    Reserved(SocketAddr),
    /// Anything else.
    #[error("{0} cannot be listened on: {1}")]
    Other(SocketAddr, io::Error),
}

/// A bound address.
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds an address. Port 0 takes a free one.
    ///
    /// # Errors
    /// Saying what to do about it.
    pub fn bind(address: SocketAddr) -> Result<Self, BindError> {
        let bound = || {
            let socket =
                if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            // A restart need not wait for connections of the last run to time out.
            socket.set_reuseaddr(true)?;
            socket.bind(address)?;
            if address.ip().is_loopback() {
                unpace(&socket);
            }
            let tcp = socket.listen(BACKLOG)?;
            let address = tcp.local_addr()?;
            Ok(Self { tcp, address })
        };
        bound().map_err(|error: io::Error| match error.kind() {
            io::ErrorKind::AddrInUse => BindError::InUse(address),
            io::ErrorKind::PermissionDenied => BindError::Reserved(address),
            _ => BindError::Other(address, error),
        })
    }

    /// Where we listen.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` says so, then lets answers under way finish.
    pub async fn run(self, site: Arc<Site>, mut stop: watch::Receiver<bool>) {
        let tls = site.tls.as_ref().map(|tls| TlsAcceptor::from(Arc::clone(&tls.config)));
        let router = routes::router(Arc::clone(&site));
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.tcp.accept() => accepted,
                Some(_) = connections.join_next() => continue,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let (tcp, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of files, most likely: accepting again at once would spin.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            // No place: closed at once, which costs less than any answer.
            let slot = if site.config.proxy.trusts(peer.ip()) {
                site.slots.enter_for_others()
            } else {
                site.slots.enter(peer.ip())
            };
            let Some(slot) = slot else { continue };
            let newcomer = Newcomer {
                site: Arc::clone(&site),
                router: router.clone(),
                tls: tls.clone(),
                peer,
                slot,
                stop: stop.clone(),
            };
            connections.spawn(newcomer.serve(tcp));
        }
        drop(self.tcp);
        site.end_streams();
        let all = async { while connections.join_next().await.is_some() {} };
        if timeout(DRAIN, all).await.is_err() {
            tracing::warn!("some connections did not end in time and are cut");
        }
    }
}

/// Has connections from this very machine (from a proxy in front of the server) send as soon as
/// there is something. Where the system paces by default (BBR), they would wait on a timer for a
/// link that is not there; that cannot be undone later, so whoever is accepted must inherit it.
/// Reno is in every kernel and open to every program.
fn unpace(socket: &TcpSocket) {
    // Without it, it is only slower.
    let _ = rustix::net::sockopt::set_tcp_congestion(socket, "reno");
}

struct Newcomer {
    site: Arc<Site>,
    router: Router,
    tls: Option<TlsAcceptor>,
    peer: SocketAddr,
    slot: Slot,
    stop: watch::Receiver<bool>,
}

impl Newcomer {
    async fn serve(self, tcp: TcpStream) {
        // Answers are written whole; waiting for more to send only adds delay.
        let _ = tcp.set_nodelay(true);
        let peer = self.peer;
        if let Err(error) = self.try_serve(tcp).await {
            tracing::debug!(%peer, %error, "a connection ended early");
        }
    }

    async fn try_serve(self, tcp: TcpStream) -> io::Result<()> {
        let late = || io::Error::from(io::ErrorKind::TimedOut);
        let patience = self.site.patience;
        let deadline = Instant::now() + patience.handshake;
        let (mut transport, tls) = match &self.tls {
            None => (Transport::Plain(tcp), false),
            Some(acceptor) => {
                let mut first = [0; 1];
                timeout_at(deadline, tcp.peek(&mut first)).await.map_err(|_| late())??;
                // 0x16 begins a TLS hand-shake and no HTTP method.
                if first[0] == 0x16 {
                    let accepted = timeout_at(deadline, acceptor.accept(tcp)).await;
                    (Transport::Tls(Box::new(accepted.map_err(|_| late())??)), true)
                } else {
                    (Transport::Plain(tcp), false)
                }
            }
        };
        let deadline = Instant::now() + patience.head;
        let first = match &mut transport {
            Transport::Plain(tcp) => timeout_at(deadline, first_line::read(tcp)).await,
            Transport::Tls(tls) => timeout_at(deadline, first_line::read(tls)).await,
        };
        let (ahead, once) = match first.map_err(|_| late())?? {
            FirstLine::Request { bytes, rewritten } => (bytes, rewritten),
            FirstLine::Closed => return Ok(()),
            FirstLine::Refused(status) => return refuse(transport, status).await,
        };
        let phase = Phase::default();
        if once {
            phase.rewritten();
        }
        let stream = Stream::new(transport, ahead, phase.clone(), patience, deadline);
        let connection = Arc::new(Connection {
            site: self.site,
            router: self.router,
            peer: self.peer,
            tls,
            phase,
            place: Arc::new(Mutex::new(Some(self.slot))),
        });
        let service = service_fn(move |request| {
            let connection = Arc::clone(&connection);
            async move { Ok::<_, Infallible>(stack::serve(&connection, request).await) }
        });
        let serving = http1::Builder::new()
            .timer(TokioTimer::new())
            // Between requests; within a head the stream is less patient.
            .header_read_timeout(patience.keep_alive)
            .max_buf_size(HEAD_BYTES_MAX)
            .max_headers(HEADERS_MAX)
            // Simple callers close their side as soon as they have asked, and still want the
            // answer.
            .half_close(true)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::pin!(serving);
        let mut stop = self.stop;
        let stopped = async move {
            // A dropped sender means the same as a stop.
            let _ = stop.wait_for(|stop| *stop).await;
        };
        tokio::pin!(stopped);
        let mut stopping = false;
        loop {
            tokio::select! {
                done = &mut serving => return done.map_err(io::Error::other),
                () = &mut stopped, if !stopping => {
                    stopping = true;
                    serving.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

/// Answers what never reached the HTTP parser, and hangs up.
async fn refuse(transport: Transport, status: u16) -> io::Result<()> {
    let (reason, body) = match status {
        414 => ("URI Too Long", r#"{"code":"too_long","sentence":"The address is too long."}"#),
        _ => (
            "Bad Request",
            r#"{"code":"malformed","sentence":"The request could not be understood."}"#,
        ),
    };
    let answer = format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\
         Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    let farewell = async {
        match transport {
            Transport::Plain(mut tcp) => say(&mut tcp, answer.as_bytes()).await,
            Transport::Tls(mut tls) => say(tls.as_mut(), answer.as_bytes()).await,
        }
    };
    timeout(Duration::from_secs(2), farewell).await.unwrap_or(Ok(()))
}

/// What is still on its way here is read and dropped, or the closing would cut the answer off.
async fn say(
    stream: &mut (impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin),
    answer: &[u8],
) -> io::Result<()> {
    stream.write_all(answer).await?;
    stream.shutdown().await?;
    let mut scratch = [0; 4096];
    let mut dropped = 0;
    while dropped < 256 * 1024 {
        match stream.read(&mut scratch).await? {
            0 => break,
            n => dropped += n,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(socket: &impl std::os::fd::AsFd) -> String {
        rustix::net::sockopt::tcp_congestion(socket).expect("the system has one")
    }

    #[tokio::test]
    async fn whoever_is_accepted_on_loopback_is_not_paced_and_others_are_left_alone() {
        let system = control(&TcpSocket::new_v4().expect("a socket"));
        for (address, expected) in [("127.0.0.1:0", "reno"), ("0.0.0.0:0", system.as_str())] {
            let listener = Listener::bind(address.parse().expect("an address")).expect("a port");
            let to = SocketAddr::from(([127, 0, 0, 1], listener.address().port()));
            let (there, accepted) = tokio::join!(TcpStream::connect(to), listener.tcp.accept());
            there.expect("somebody listens");
            assert_eq!(control(&accepted.expect("the same").0), expected, "{address}");
        }
    }
}
