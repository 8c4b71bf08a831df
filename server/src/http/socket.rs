//! `GET /ws`: checks the hand-shake, then gives the bare connection to the data plane.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use convoke_model::Refusal;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use sha1::{Digest, Sha1};

use super::refusal::No;
use super::site::{Caller, Site};
use super::slots::Slot;
use super::stream::{Stream, Transport};

/// The subprotocol we speak.
const PROTOCOL: &str = "convoke.1";
/// RFC 6455, 1.3.
const KEY_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A connection that left HTTP: the answer to its upgrade has been sent, nothing more.
pub struct UpgradedSocket {
    /// The socket, non-blocking.
    pub socket: std::net::TcpStream,
    /// The TLS state, which may hold plaintext already received; `None` on plain HTTP.
    pub tls: Option<rustls::ServerConnection>,
    /// Plaintext that was read behind the request; it comes before anything else from the socket.
    pub read_ahead: Vec<u8>,
    /// The other end.
    pub peer: SocketAddr,
    /// The connection's place. Call [`Slot::admit`] when its ticket was good; drop it at the end.
    pub slot: Slot,
}

/// Who takes over upgraded connections. Must not block.
pub trait Handover: Send + Sync {
    /// Takes a connection over.
    fn accept(&self, socket: UpgradedSocket);
}

/// `GET /ws`
pub(super) async fn upgrade(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    mut request: Request,
) -> Result<Response, No> {
    let headers = request.headers();
    check_origin(headers, &caller)?;
    let shaped = request.version() == Version::HTTP_11
        && has_token(headers, &header::CONNECTION, "upgrade")
        && has_token(headers, &header::UPGRADE, "websocket");
    if !shaped {
        return Err(No::with(Refusal::Malformed, StatusCode::UPGRADE_REQUIRED));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        let no = No::with(Refusal::Malformed, StatusCode::UPGRADE_REQUIRED);
        return Ok(([(header::SEC_WEBSOCKET_VERSION, "13")], no).into_response());
    }
    if !has_token(headers, &header::SEC_WEBSOCKET_PROTOCOL, PROTOCOL) {
        return Err(No::because(Refusal::Malformed));
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or(Refusal::Malformed)?;
    if STANDARD.decode(key).map(|key| key.len()) != Ok(16) {
        return Err(No::because(Refusal::Malformed));
    }
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update(KEY_SUFFIX);
    let accept = HeaderValue::try_from(STANDARD.encode(hash.finalize()))
        .map_err(|_| No::because(Refusal::Malformed))?;
    let on_upgrade = request.extensions_mut().remove::<OnUpgrade>().ok_or(Refusal::Malformed)?;
    tokio::spawn(hand_over(site, caller, on_upgrade));
    // permessage-deflate is never offered back, whatever was asked for.
    let headers = [
        (header::CONNECTION, HeaderValue::from_static("upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_ACCEPT, accept),
        (header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL)),
    ];
    Ok((StatusCode::SWITCHING_PROTOCOLS, headers).into_response())
}

/// Browsers always say where a page is from; a page of another origin is refused. Programs that are
/// no browsers send nothing. That opens no door, because a socket is only good with a ticket and
/// never with a cookie.
fn check_origin(headers: &HeaderMap, caller: &Caller) -> Result<(), No> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => Ok(()),
        (Some(origin), None) if caller.own.is(origin.as_bytes()) => Ok(()),
        _ => Err(No::because(Refusal::ForeignOrigin)),
    }
}

/// Whether a comma-separated header holds a word.
fn has_token(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|token| token.trim().eq_ignore_ascii_case(word))
}

async fn hand_over(site: Arc<Site>, caller: Caller, on_upgrade: OnUpgrade) {
    let Ok(upgraded) = on_upgrade.await else { return };
    let Ok(parts) = upgraded.downcast::<TokioIo<Stream>>() else {
        tracing::error!("an upgraded connection is of an unknown kind");
        return;
    };
    let slot = caller.place.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    let Some(slot) = slot else { return };
    let peer = caller.peer;
    let left = parts.io.into_inner().into_left();
    let mut read_ahead = parts.read_buf.to_vec();
    read_ahead.extend_from_slice(&left.ahead);
    let (socket, tls) = match left.transport {
        Transport::Plain(tcp) => (tcp, None),
        Transport::Tls(tls) => {
            let (tcp, tls) = tls.into_inner();
            (tcp, Some(tls))
        }
    };
    match socket.into_std() {
        Ok(socket) => {
            site.handover.accept(UpgradedSocket { socket, tls, read_ahead, peer, slot });
        }
        Err(error) => tracing::warn!(%error, "a connection was lost at its hand-over"),
    }
}
