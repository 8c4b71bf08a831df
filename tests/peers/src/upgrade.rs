//! The upgrade from HTTP to WebSocket, as a minimal server answers it and a client asks for it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

/// RFC 6455, 1.3.
const KEY_SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Longest request or answer that is waited for.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Where the head of an HTTP message ends, once it has come.
///
/// # Errors
/// When it does not end within a bound.
pub fn head(bytes: &[u8]) -> Result<Option<usize>, String> {
    match bytes.windows(4).position(|four| four == b"\r\n\r\n") {
        Some(at) => Ok(Some(at + 4)),
        None if bytes.len() > HEAD_BYTES_MAX => Err("a head without an end".into()),
        None => Ok(None),
    }
}

/// The path that a request asks for and the answer that upgrades it; `None` without a key.
#[must_use]
pub fn answer(head: &str) -> Option<(&str, String)> {
    let path = head.split(' ').nth(1)?;
    let key = value(head, "sec-websocket-key")?;
    let mut hash = Sha1::new();
    hash.update(key.as_bytes());
    hash.update(KEY_SUFFIX.as_bytes());
    let accept = STANDARD.encode(hash.finalize());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    Some((path, answer))
}

/// The value of a header, its name in lower case.
#[must_use]
pub fn value<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// The request of a client; `more` are further header lines, each with its end.
#[must_use]
pub fn request(host: &str, path: &str, more: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_that_of_the_rfc() {
        let request = request("localhost", "/sub", "");
        assert_eq!(head(request.as_bytes()), Ok(Some(request.len())));
        let (path, answer) = answer(&request).expect("a request to upgrade");
        assert_eq!(path, "/sub");
        let accept = value(&answer, "sec-websocket-accept");
        assert_eq!(accept, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    }
}
