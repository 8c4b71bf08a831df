//! One connection to a directory: TCP, TLS, and a guard between its bytes and the parser.
//!
//! TLS is ours, not the LDAP library's: it is built without any, so that nothing in this program
//! can leave the check of a certificate out. The library talks to one end of a socket pair; what
//! comes from the directory goes through [`Guard`] before it reaches that end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, StdStream};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use super::guard::{self, Guard};
use super::settings::{Address, TlsMode};
use crate::callback::AddressPolicy;
use crate::dial::dial;
use crate::outcome::Fault;

/// Bytes read at once.
const READ_BYTES: usize = 16 * 1024;

/// A connection, ready to be asked.
pub(super) struct Connection {
    pub(super) ldap: Ldap,
    /// `TLSv1_3` or `NONE`.
    pub(super) tls: String,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Connection {
    /// Connects, with TLS unless a test says otherwise. Nothing secret has been sent yet.
    pub(super) async fn open(
        address: &Address,
        policy: Option<&AddressPolicy>,
        mode: TlsMode,
        tls: &Arc<ClientConfig>,
        connect: Duration,
    ) -> Result<Self, Fault> {
        let late = Fault::Unreachable(format!("{address} did not answer in time"));
        let work = Self::connect(address, policy, mode, tls, connect);
        tokio::time::timeout(connect, work).await.unwrap_or(Err(late))
    }

    async fn connect(
        address: &Address,
        policy: Option<&AddressPolicy>,
        mode: TlsMode,
        tls: &Arc<ClientConfig>,
        connect: Duration,
    ) -> Result<Self, Fault> {
        let unreachable = |error: io::Error| Fault::Unreachable(format!("{address}: {error}"));
        let found = match policy {
            Some(policy) => {
                policy.find(&address.host, address.port).await.map_err(Fault::AddressDenied)?
            }
            None => {
                let found = tokio::net::lookup_host((address.host.as_str(), address.port));
                found.await.map_err(unreachable)?.collect()
            }
        };
        let (mut stream, _) = dial(&found, connect).await.map_err(unreachable)?;
        match mode {
            TlsMode::ClearTextForTestsOnly => return Self::over(stream, "NONE".to_owned()).await,
            TlsMode::Ldaps => {}
            TlsMode::StartTls => start_tls(&mut stream).await?,
        }
        let name = ServerName::try_from(address.host.clone())
            .map_err(|_| Fault::Tls(format!("{address} is no name a certificate could have")))?;
        let stream = tokio_rustls::TlsConnector::from(Arc::clone(tls))
            .connect(name, stream)
            .await
            .map_err(|error| Fault::Tls(format!("{address}: {error}")))?;
        let version = stream.get_ref().1.protocol_version();
        Self::over(stream, version.map_or_else(String::new, |version| format!("{version:?}"))).await
    }

    async fn over<S>(stream: S, tls: String) -> Result<Self, Fault>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let broken = |error: io::Error| Fault::Unreachable(error.to_string());
        let (ours, theirs) = UnixStream::pair().map_err(broken)?;
        let theirs = theirs.into_std().map_err(broken)?;
        let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(theirs));
        let (driver, ldap) = LdapConnAsync::with_settings(settings, "ldapi:///")
            .await
            .map_err(|error| Fault::Unreachable(error.to_string()))?;
        let driver = tokio::spawn(async move {
            let _ = driver.drive().await;
        });
        let pump = tokio::spawn(async move {
            let _ = pump(stream, ours).await;
        });
        Ok(Self { ldap, tls, tasks: [driver, pump] })
    }

    /// Whether it can still be asked.
    pub(super) fn is_open(&mut self) -> bool {
        !self.ldap.is_closed() && !self.tasks.iter().any(JoinHandle::is_finished)
    }
}

/// Carries bytes both ways until either end closes or the directory sends what is no answer.
async fn pump<S>(stream: S, library: UnixStream) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
{
    let (mut from_directory, mut to_directory) = tokio::io::split(stream);
    let (mut from_library, mut to_library) = library.into_split();
    // Each question has its own count of bytes that may come back.
    let asked = AtomicBool::new(false);
    let inward = async {
        let mut guard = Guard::default();
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let count = from_directory.read(&mut buffer).await?;
            if count == 0 {
                return Ok(());
            }
            let hostile = |_| io::Error::from(io::ErrorKind::InvalidData);
            if asked.swap(false, Ordering::Relaxed) {
                guard.count_anew();
            }
            guard.push(&buffer[..count]).map_err(hostile)?;
            while let Some(message) = guard.take().map_err(hostile)? {
                to_library.write_all(&message).await?;
            }
        }
    };
    let outward = async {
        let mut buffer = Zeroizing::new(vec![0; READ_BYTES]);
        loop {
            let count = from_library.read(&mut buffer).await?;
            if count == 0 {
                return to_directory.shutdown().await;
            }
            asked.store(true, Ordering::Relaxed);
            to_directory.write_all(&buffer[..count]).await?;
            to_directory.flush().await?;
        }
    };
    // Whichever ends first ends the other: half a connection is of no use.
    tokio::select! {
        ended = inward => ended,
        ended = outward => ended,
    }
}

/// Asks for TLS on a plain connection. A no, silence, or anything that follows the yes before TLS
/// has begun ends the connection: no bind is sent over it.
async fn start_tls(stream: &mut TcpStream) -> Result<(), Fault> {
    let broken = |error: io::Error| Fault::Tls(format!("StartTLS: {error}"));
    stream.write_all(guard::START_TLS).await.map_err(broken)?;
    let mut guard = Guard::default();
    let mut buffer = [0; 512];
    loop {
        let count = stream.read(&mut buffer).await.map_err(broken)?;
        if count == 0 {
            return Err(Fault::Tls("StartTLS: the server closed the connection".to_owned()));
        }
        let hostile = |_| Fault::Tls("StartTLS: the answer is not LDAP".to_owned());
        guard.push(&buffer[..count]).map_err(hostile)?;
        let Some(answer) = guard.take().map_err(hostile)? else { continue };
        if !guard::says_yes(&answer) {
            return Err(Fault::Tls("the server refuses StartTLS".to_owned()));
        }
        if !guard.is_empty() {
            return Err(Fault::Tls("StartTLS: plain bytes came after the answer".to_owned()));
        }
        return Ok(());
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}
