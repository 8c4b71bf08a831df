//! An application server that answers with exactly the bytes it is told to, or not at all.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use convoke_plugins::callback::{Callback, Settings};
use convoke_plugins::{NonEmptySecret, Report};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What the server does with a request.
#[derive(Clone)]
pub(crate) enum Deed {
    /// Sends these bytes and closes.
    Send(Vec<u8>),
    /// Sends these bytes one by one, so long apart.
    Drip(Vec<u8>, Duration),
    /// Sends these bytes, then more and more without end.
    Flood(Vec<u8>),
    /// Reads and says nothing.
    Stall,
    /// Closes at once, with a reset.
    Reset,
}

/// A server on loopback. It ends with the runtime of its test.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Connections that were accepted.
    pub(crate) accepted: Arc<AtomicUsize>,
    /// Requests as they came.
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
    deed: Arc<Mutex<Deed>>,
}

impl Server {
    pub(crate) async fn plain(deed: Deed) -> Self {
        Self::start(deed, None).await
    }

    pub(crate) async fn start(deed: Deed, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let server = Self {
            address: listener.local_addr().expect("an address"),
            accepted: Arc::default(),
            requests: Arc::default(),
            deed: Arc::new(Mutex::new(deed)),
        };
        let of = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                of.accepted.fetch_add(1, Ordering::SeqCst);
                let (of, tls) = (of.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None if matches!(*of.deed.lock().expect("whole"), Deed::Reset) => {
                            let _ = stream.set_zero_linger();
                        }
                        None => of.serve(stream).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                of.serve(stream).await;
                            }
                        }
                    }
                });
            }
        });
        server
    }

    pub(crate) fn does(&self, deed: Deed) {
        *self.deed.lock().expect("whole") = deed;
    }

    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub(crate) fn last_request(&self) -> String {
        self.requests.lock().expect("whole").last().cloned().unwrap_or_default()
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            url: format!("http://{}/login", self.address),
            allow_loopback: true,
            deny_cache_s: 0,
            failures_max: 1000,
            ..Settings::default()
        }
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(&self, mut stream: S) {
        let request = read_request(&mut stream).await;
        self.requests.lock().expect("whole").push(request.clone());
        let deed = self.deed.lock().expect("whole").clone();
        match deed {
            Deed::Send(bytes) => {
                let nonce = request.split("nonce=").nth(1).unwrap_or_default();
                let bytes = match String::from_utf8(bytes) {
                    Ok(text) => text.replace("ECHO", nonce).into_bytes(),
                    Err(bytes) => bytes.into_bytes(),
                };
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
            }
            Deed::Drip(bytes, apart) => {
                for byte in bytes {
                    if stream.write_all(&[byte]).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(apart).await;
                }
            }
            Deed::Flood(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let more = vec![b' '; 64 * 1024];
                while stream.write_all(&more).await.is_ok() {}
            }
            Deed::Stall => std::future::pending().await,
            Deed::Reset => {}
        }
    }
}

/// Head and body, by `Content-Length`.
async fn read_request<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok()
            });
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        match stream.read(&mut buffer).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&buffer[..count]),
            Ok(_) | Err(_) => return String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

pub(crate) fn xml(inner: &str) -> String {
    format!("<__Return__>{inner}</__Return__>")
}

pub(crate) fn yes() -> String {
    xml("<__Status__>SUCCEED</__Status__><__FirstName__>John</__FirstName__>\
         <__UserId__>2910-21202</__UserId__><__PrivilegeChat__>Y</__PrivilegeChat__>")
}

pub(crate) fn no(reason: &str) -> String {
    xml(&format!("<__Status__>FAILED</__Status__><__Reason__>{reason}</__Reason__>"))
}

/// An honest answer around a body.
pub(crate) fn http(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

pub(crate) fn secret(text: &str) -> NonEmptySecret {
    NonEmptySecret::new(text).expect("something")
}

pub(crate) fn callback(settings: Settings) -> Callback {
    Callback::new(settings, &[]).expect("good settings")
}

/// One sign-in as ann with the password `right`.
pub(crate) async fn ask(callback: &Callback) -> Report {
    callback.ask("ann@example.org", &secret("right")).await
}

pub(crate) fn code(report: &Report) -> &'static str {
    report.outcome.code()
}
