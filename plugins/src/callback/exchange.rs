//! One question to an application server: resolve, check, connect, TLS, HTTP, the answer's bytes.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use super::address::AddressPolicy;
use super::settings::{Method, Target};
use crate::dial::dial;
use crate::outcome::{Fault, Steps};
use crate::said::Said;

/// Most bytes of the answer's body.
const BODY_BYTES_MAX: usize = convoke_wire::turbo::ANSWER_BYTES_MAX;
/// Most bytes of its head.
pub(super) const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Most of its headers.
pub(super) const HEADERS_MAX: usize = 64;
/// What a form leaves as it is.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Addresses, when they are found.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;

/// Finds the addresses of a host.
pub trait Resolve: Send + Sync {
    /// All addresses of a host, with the port.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a>;
}

/// Asks the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}

/// An answer's body and what its head says about it.
pub(super) struct Reply {
    pub(super) body: Vec<u8>,
    pub(super) charset: Option<String>,
}

/// How to get there.
pub(super) struct Line<'a> {
    pub(super) target: &'a Target,
    pub(super) policy: &'a AddressPolicy,
    pub(super) tls: &'a Arc<ClientConfig>,
    pub(super) resolver: &'a dyn Resolve,
    pub(super) method: Method,
    pub(super) connect: Duration,
    pub(super) form: AnswerForm,
}

/// What an answer may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnswerForm {
    /// XML, or what calls itself text.
    Xml,
    /// JSON, or what calls itself text.
    Json,
}

impl AnswerForm {
    fn accept(self) -> &'static str {
        match self {
            Self::Xml => "text/xml, application/xml",
            Self::Json => "application/json, text/plain",
        }
    }

    fn takes(self, media: &str) -> bool {
        let own = match self {
            Self::Xml => ["application/xml", "+xml"],
            Self::Json => ["application/json", "+json"],
        };
        media.starts_with("text/") || media == own[0] || media.ends_with(own[1])
    }
}

impl Line<'_> {
    /// Sends these fields and reads the answer. The caller bounds the time of it.
    pub(super) async fn ask(
        &self,
        fields: &[(&str, &[u8])],
        steps: &mut Steps,
    ) -> Result<Reply, Fault> {
        let Target { tls, host, authority, .. } = self.target;
        let Self { target, policy, resolver, .. } = self;
        let stream = reach(target, policy, *resolver, self.connect, steps).await?;
        if !tls {
            let words = "NONE: name and password travel in clear text";
            steps.done("tls", Said::new("clear_text", [], words));
            return self.exchange(stream, fields, steps).await;
        }
        let name = ServerName::try_from(host.clone()).map_err(|_| {
            Fault::Tls(format!("`{authority}` is no name a certificate could have"))
        })?;
        let stream = tokio_rustls::TlsConnector::from(Arc::clone(self.tls))
            .connect(name, stream)
            .await
            .map_err(|error| Fault::Tls(error.to_string()))?;
        let version = stream.get_ref().1.protocol_version();
        steps.done("tls", version.map_or_else(String::new, |version| format!("{version:?}")));
        self.exchange(stream, fields, steps).await
    }

    async fn exchange<S>(
        &self,
        stream: S,
        fields: &[(&str, &[u8])],
        steps: &mut Steps,
    ) -> Result<Reply, Fault>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let broken = |error: hyper::Error| Fault::BadAnswer(http_error(&error));
        let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
            .max_buf_size(HEAD_BYTES_MAX)
            .max_headers(HEADERS_MAX)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(broken)?;
        // Ends with this function, whichever way it does.
        let _connection = Driven(tokio::spawn(async move {
            let _ = connection.await;
        }));
        let reply = sender.send_request(self.request(fields)?).await.map_err(broken)?;
        let (head, mut body) = reply.into_parts();
        let charset = check_head(head.status, &head.headers, self.form)?;
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
            if bytes.len() + data.len() > BODY_BYTES_MAX {
                return Err(Fault::TooLong);
            }
            bytes.extend_from_slice(&data);
        }
        let (status, count) = (head.status.to_string(), bytes.len());
        let words = format!("{status}, {count} bytes");
        steps.done("answer", Said::new("answered", [status, count.to_string()], words));
        Ok(Reply { body: bytes, charset })
    }

    fn request(&self, fields: &[(&str, &[u8])]) -> Result<Request<Full<Bytes>>, Fault> {
        let form = form(fields);
        let path = &self.target.path;
        let request = Request::builder()
            .header(header::HOST, &self.target.authority)
            .header(header::ACCEPT, self.form.accept())
            .header(header::ACCEPT_ENCODING, "identity")
            .header(header::USER_AGENT, "Convoke")
            .header(header::CONNECTION, "close");
        let request = match self.method {
            Method::Get => request.uri(format!("{path}?{}", form.as_str())).body(Full::default()),
            Method::Post => {
                // The bytes are overwritten when the request is gone.
                let body = Bytes::from_owner(Form(form));
                request
                    .method("POST")
                    .uri(path)
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(Full::new(body))
            }
        };
        let mut request = request.map_err(|error| Fault::BadAnswer(error.to_string()))?;
        request.headers_mut().values_mut().for_each(|value| value.set_sensitive(true));
        Ok(request)
    }
}

/// Resolves once, checks every address, and connects to one that was checked.
pub(super) async fn reach(
    target: &Target,
    policy: &AddressPolicy,
    resolver: &dyn Resolve,
    within: Duration,
    steps: &mut Steps,
) -> Result<TcpStream, Fault> {
    let Target { host, port, .. } = target;
    let work = async {
        let addresses = match resolver.resolve(host, *port).await {
            Ok(addresses) if !addresses.is_empty() => addresses,
            Ok(_) | Err(_) => return Err(Fault::Unresolved),
        };
        let shown: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        steps.done("resolve", format!("{host}: {}", shown.join(", ")));
        for address in &addresses {
            policy.check(*address).map_err(Fault::AddressDenied)?;
        }
        let found = dial(&addresses, within).await;
        let (stream, address) = found.map_err(|error| Fault::Unreachable(error.to_string()))?;
        steps.done("connect", address.to_string());
        Ok(stream)
    };
    let late = || Fault::Unreachable(format!("{host} did not answer"));
    tokio::time::timeout(within, work).await.unwrap_or_else(|_| Err(late()))
}

/// A task that ends with whoever started it.
pub(super) struct Driven(pub(super) tokio::task::JoinHandle<()>);

impl Drop for Driven {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Form(Zeroizing<String>);

impl AsRef<[u8]> for Form {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

fn form(fields: &[(&str, &[u8])]) -> Zeroizing<String> {
    let length: usize = fields.iter().map(|(name, value)| name.len() + value.len() * 3 + 2).sum();
    // Of its full size from the start: a string that grows leaves copies behind.
    let mut form = Zeroizing::new(String::with_capacity(length));
    for (name, value) in fields {
        if !form.is_empty() {
            form.push('&');
        }
        form.push_str(name);
        form.push('=');
        form.extend(percent_encode(value, FORM));
    }
    form
}

/// What of a head is accepted; gives the charset.
fn check_head(
    status: StatusCode,
    headers: &HeaderMap,
    form: AnswerForm,
) -> Result<Option<String>, Fault> {
    if status.is_redirection() {
        return Err(Fault::Redirected);
    }
    if status != StatusCode::OK {
        return Err(Fault::Status(status.as_u16()));
    }
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
    let kind = headers.get(header::CONTENT_TYPE).map(text).unwrap_or_default();
    let mut parts = kind.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default();
    if !form.takes(media) {
        let shown: String = media.chars().take(80).collect();
        return Err(Fault::ContentType(if shown.is_empty() { "of no type".into() } else { shown }));
    }
    match headers.get(header::CONTENT_ENCODING).map(text).as_deref() {
        None | Some("" | "identity") => {}
        Some(_) => return Err(Fault::ContentType("compressed".to_owned())),
    }
    let length = headers.get(header::CONTENT_LENGTH).map(text);
    if length.and_then(|l| l.parse::<u64>().ok()).is_some_and(|l| l > BODY_BYTES_MAX as u64) {
        return Err(Fault::TooLong);
    }
    let charset = parts.find_map(|part| part.strip_prefix("charset="));
    Ok(charset.map(|name| name.trim_matches('"').to_owned()))
}

/// What went wrong with HTTP, without anything that was sent.
pub(super) fn http_error(error: &hyper::Error) -> String {
    if error.is_parse() {
        "it is not HTTP, or its head is too large".to_owned()
    } else if error.is_incomplete_message() {
        "the connection ended in the middle of it".to_owned()
    } else {
        "the connection failed".to_owned()
    }
}
