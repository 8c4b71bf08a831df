//! The first line of a request, read before the HTTP parser sees it.
//!
//! Legacy callers put raw spaces and raw bytes into addresses, which no HTTP parser takes. What is
//! illegal in the target is percent-encoded here; such a connection is closed after its answer, so
//! that nothing behind a mis-split line can be taken for a second request.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Longest request target.
pub(super) const TARGET_BYTES_MAX: usize = 8 * 1024;
/// Longest head of the first request that is waited for here.
const LINE_BYTES_MAX: usize = TARGET_BYTES_MAX + 64;

/// What came first.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FirstLine {
    /// Pass these bytes on: the line, perhaps rewritten, and whatever was read behind it.
    Request {
        /// The bytes.
        bytes: Vec<u8>,
        /// Whether the line was changed; then the connection must not be used again.
        rewritten: bool,
    },
    /// Answer with this status and hang up.
    Refused(u16),
    /// Nothing came.
    Closed,
}

/// Reads up to the end of the first line.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<FirstLine> {
    let mut bytes = Vec::with_capacity(1024);
    loop {
        if let Some(judged) = judge(&bytes) {
            return Ok(judged);
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(FirstLine::Closed);
        }
    }
}

/// Whether enough has come to judge the line.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    bytes.len() > LINE_BYTES_MAX || bytes.contains(&b'\n')
}

/// What to do with these bytes, once the line is whole.
pub(super) fn judge(bytes: &[u8]) -> Option<FirstLine> {
    match bytes.iter().position(|&b| b == b'\n') {
        Some(end) => Some(judge_line(bytes, end)),
        None => (bytes.len() > LINE_BYTES_MAX).then_some(FirstLine::Refused(414)),
    }
}

fn judge_line(bytes: &[u8], end: usize) -> FirstLine {
    if end > LINE_BYTES_MAX {
        return FirstLine::Refused(414);
    }
    let Some(line) = bytes[..end].strip_suffix(b"\r") else {
        return FirstLine::Refused(400);
    };
    let Some(first) = line.iter().position(|&b| b == b' ') else {
        return FirstLine::Refused(400);
    };
    let last = line.iter().rposition(|&b| b == b' ').unwrap_or(first);
    let version = &line[last + 1..];
    if last == first || !(version == b"HTTP/1.1" || version == b"HTTP/1.0") {
        return FirstLine::Refused(400);
    }
    let target = &line[first + 1..last];
    if target.len() > TARGET_BYTES_MAX {
        return FirstLine::Refused(414);
    }
    if target.iter().all(|&b| is_legal(b)) {
        return FirstLine::Request { bytes: bytes.to_vec(), rewritten: false };
    }
    let mut rewritten = line[..=first].to_vec();
    for &byte in target {
        if is_legal(byte) {
            rewritten.push(byte);
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            rewritten.extend([b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
    rewritten.extend_from_slice(&line[last..]);
    rewritten.extend_from_slice(b"\r");
    rewritten.extend_from_slice(&bytes[end..]);
    FirstLine::Request { bytes: rewritten, rewritten: true }
}

/// What RFC 3986 allows in a path or query, and `%` wherever it stands. `#` is no part of a request
/// target, so a caller who sends it raw means the letter.
fn is_legal(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?@!$&'()*+,;=%[]".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn rewritten(input: &[u8]) -> FirstLine {
        read(&mut &input[..]).await.expect("a slice does not fail")
    }

    #[tokio::test]
    async fn raw_bytes_in_the_target_are_escaped_and_the_rest_is_kept() {
        let table: &[(&[u8], &[u8])] = &[
            (
                b"GET /a?name=Brian Smith&x=1 HTTP/1.1\r\nHost: a\r\n\r\n",
                b"GET /a?name=Brian%20Smith&x=1 HTTP/1.1\r\nHost: a\r\n\r\n",
            ),
            (
                b"GET /id=1&name=\xD5\xC5 HTTP/1.0\r\n\r\n",
                b"GET /id=1&name=%D5%C5 HTTP/1.0\r\n\r\n",
            ),
            (
                b"GET /a?b=\"<>\\^`{|}#\t HTTP/1.1\r\n",
                b"GET /a?b=%22%3C%3E%5C%5E%60%7B%7C%7D%23%09 HTTP/1.1\r\n",
            ),
            (b"GET /a?b=x HTTP/1.1 HTTP/1.1\r\n", b"GET /a?b=x%20HTTP/1.1 HTTP/1.1\r\n"),
        ];
        for (input, expected) in table {
            let expected = FirstLine::Request { bytes: expected.to_vec(), rewritten: true };
            assert_eq!(rewritten(input).await, expected);
        }
        let plain = b"POST /a?b=%20+ HTTP/1.1\r\nX: y\r\n";
        let kept = FirstLine::Request { bytes: plain.to_vec(), rewritten: false };
        assert_eq!(rewritten(plain).await, kept);
    }

    #[tokio::test]
    async fn lines_that_are_no_request_are_refused() {
        let long = format!("GET /{} HTTP/1.1\r\n", "a".repeat(9000));
        let endless = "a".repeat(20_000);
        let table: &[(&[u8], FirstLine)] = &[
            (b"GET / HTTP/1.1\nHost: a\r\n", FirstLine::Refused(400)),
            (b"GET /\r\n", FirstLine::Refused(400)),
            (b"\r\n", FirstLine::Refused(400)),
            (b"GET / HTTP/2.0\r\n", FirstLine::Refused(400)),
            (b"GET / HTTP/1.1 \r\n", FirstLine::Refused(400)),
            (b"GET / HTTP", FirstLine::Closed),
            (b"", FirstLine::Closed),
            (long.as_bytes(), FirstLine::Refused(414)),
            (endless.as_bytes(), FirstLine::Refused(414)),
        ];
        for (input, expected) in table {
            assert_eq!(rewritten(input).await, *expected, "{:?}", input.get(..20));
        }
    }
}
