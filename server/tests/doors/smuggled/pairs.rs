//! Pairs of requests: one that can be read in two ways, and what is hidden in it.

/// Whose server it is.
pub(super) const HOST: &str = "meet.example.org";

/// The request that is hidden.
fn hidden() -> String {
    format!("GET /readyz HTTP/1.1\r\nHost: {HOST}\r\n\r\n")
}

fn request(line: &str, fields: &str, body: &str) -> Vec<u8> {
    format!("{line}\r\nHost: {HOST}\r\n{fields}\r\n{body}").into_bytes()
}

fn post(fields: &str, body: &str) -> Vec<u8> {
    request("POST /api/v1/join HTTP/1.1", fields, body)
}

/// Spellings of "the body comes in chunks" that one side may not know.
const CHUNKED: [&str; 28] = [
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding:chunked\r\n",
    "Transfer-Encoding:  chunked\r\n",
    "Transfer-Encoding:\tchunked\r\n",
    "Transfer-Encoding: chunked \r\n",
    "Transfer-Encoding: chunked\t\r\n",
    "Transfer-Encoding : chunked\r\n",
    "Transfer-Encoding\t: chunked\r\n",
    " Transfer-Encoding: chunked\r\n",
    "X-A: b\r\n Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding:\r\n chunked\r\n",
    "Transfer-Encoding: chunked\r\n \r\n",
    "X-A: b\nTransfer-Encoding: chunked\r\n",
    "X-A: b\rTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\n",
    "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding: identity, chunked\r\n",
    "Transfer-Encoding: chunked, identity\r\n",
    "Transfer-Encoding: chunked, chunked\r\n",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
    "Transfer-Encoding: \"chunked\"\r\n",
    "Transfer-Encoding: chunked;q=1\r\n",
    "Transfer-Encoding:\u{b}chunked\r\n",
    "Transfer-Encoding: \u{a0}chunked\r\n",
    "Transfer-Encoding: chun\u{212a}ed\r\n",
    "Transfer_Encoding: chunked\r\n",
    "TRANSFER-ENCODING: CHUNKED\r\n",
];

/// Bodies in chunks that end for one side before they do for the other.
const CHUNKS: [&str; 24] = [
    "0\r\n\r\nHIDDEN",
    "0;x=y\r\n\r\nHIDDEN",
    "0;\r\n\r\nHIDDEN",
    "0 ;x\r\n\r\nHIDDEN",
    "0;x=\"\r\n\r\nHIDDEN",
    "0;x\n\r\n\r\nHIDDEN",
    "0;x\r\r\n\r\nHIDDEN",
    "0\n\nHIDDEN",
    "0\r\n\nHIDDEN",
    "0\n\r\nHIDDEN",
    "0\r\rHIDDEN",
    "00000000000000000\r\n\r\nHIDDEN",
    "0x0\r\n\r\nHIDDEN",
    "+0\r\n\r\nHIDDEN",
    "-0\r\n\r\nHIDDEN",
    " 0\r\n\r\nHIDDEN",
    "0 \r\n\r\nHIDDEN",
    "\r\n0\r\n\r\nHIDDEN",
    "10000000000000000\r\n\r\n0\r\n\r\nHIDDEN",
    "2\r\nabX\r\n0\r\n\r\nHIDDEN",
    "2\r\nab0\r\n\r\nHIDDEN",
    "2\nab\n0\r\n\r\nHIDDEN",
    "0\r\nHIDDEN",
    "0\r\nX-A: b\nHIDDEN",
];

/// Lengths that one side may read as another number, with a body of 4 bytes in front.
const LENGTHS: [&str; 26] = [
    "Content-Length: 4\r\nContent-Length: ALL\r\n",
    "Content-Length: ALL\r\nContent-Length: 4\r\n",
    "Content-Length: 4, ALL\r\n",
    "Content-Length: ALL, 4\r\n",
    "Content-Length: 4,4\r\nContent-Length: ALL\r\n",
    "Content-Length: +4\r\n",
    "Content-Length: -4\r\n",
    "Content-Length: 0x4\r\n",
    "Content-Length: 04\r\n",
    "Content-Length: 4.0\r\n",
    "Content-Length: 4e0\r\n",
    "Content-Length: 4 4\r\n",
    "Content-Length: 4;\r\n",
    "Content-Length: \"4\"\r\n",
    "Content-Length:\r\n",
    "Content-Length: \r\n 4\r\n",
    "Content-Length: 18446744073709551620\r\n",
    "Content-Length: 340282366920938463463374607431768211460\r\n",
    "Content-Length : ALL\r\nContent-Length: 4\r\n",
    " Content-Length: ALL\r\nContent-Length: 4\r\n",
    "X-A: b\r\n Content-Length: ALL\r\nContent-Length: 4\r\n",
    "X-A: b\nContent-Length: ALL\r\nContent-Length: 4\r\n",
    "Content-Length: ALL\nContent-Length: 4\r\n",
    "Content-Length:\u{b}ALL\r\nContent-Length: 4\r\n",
    "Content_Length: 4\r\nContent-Length: ALL\r\n",
    "Content-Length\u{0}: ALL\r\nContent-Length: 4\r\n",
];

/// Whole requests whose bodies one side may leave unread, or whose ends it may see elsewhere: the
/// line, the fields.
const BODIES: [(&str, &str); 24] = [
    ("GET /healthz HTTP/1.1", "Content-Length: ALL\r\n"),
    ("HEAD /healthz HTTP/1.1", "Content-Length: ALL\r\n"),
    ("OPTIONS /healthz HTTP/1.1", "Content-Length: ALL\r\n"),
    ("DELETE /healthz HTTP/1.1", "Content-Length: ALL\r\n"),
    ("TRACE / HTTP/1.1", "Content-Length: ALL\r\n"),
    ("BREW / HTTP/1.1", "Content-Length: ALL\r\n"),
    ("POST /nowhere HTTP/1.1", "Content-Length: ALL\r\n"),
    ("POST /healthz HTTP/1.1", "Content-Length: ALL\r\n"),
    ("POST /assets/x HTTP/1.1", "Content-Length: ALL\r\n"),
    ("GET /ws HTTP/1.1", "Content-Length: ALL\r\n"),
    ("POST /api/v1/join HTTP/1.1", "Content-Length: ALL\r\nExpect: 100-continue\r\n"),
    ("GET /healthz HTTP/1.1", "Content-Length: ALL\r\nExpect: 100-continue\r\n"),
    ("POST /nowhere HTTP/1.1", "Content-Length: ALL\r\nExpect: x 100-continue\r\n"),
    ("POST /nowhere HTTP/1.1", "Content-Length: ALL\r\nConnection: Content-Length\r\n"),
    ("POST /nowhere HTTP/1.1", "Content-Length: ALL\r\nConnection: close, Content-Length\r\n"),
    ("POST /nowhere HTTP/1.1", "Content-Length: ALL\r\nKeep-Alive: 1\r\nTE: trailers\r\n"),
    ("GET /healthz HTTP/1.0", "Content-Length: ALL\r\nConnection: keep-alive\r\n"),
    (
        "GET /ws HTTP/1.1",
        "Content-Length: ALL\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 777\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    ),
    (
        "GET /ws HTTP/1.1",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Content-Length: ALL\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    ),
    (
        "GET /healthz HTTP/1.1",
        "Content-Length: ALL\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
         HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
    ),
    ("GET  /healthz HTTP/1.1", "Content-Length: ALL\r\n"),
    ("GET /healthz\tHTTP/1.1", "Content-Length: ALL\r\n"),
    ("GET http://meet.example.org/healthz HTTP/1.1", "Content-Length: ALL\r\n"),
    ("GET /healthz HTTP/1.1 HTTP/1.1", "Content-Length: ALL\r\n"),
];

/// All of them, by what is odd about each.
pub(super) fn pairs() -> Vec<(String, Vec<u8>)> {
    let hidden = hidden();
    let mut pairs = Vec::new();
    for field in CHUNKED {
        let body = format!("0\r\n\r\n{hidden}");
        let fields = format!("Content-Length: {}\r\n{field}", body.len());
        pairs.push((format!("a length for the first, {field:?}"), post(&fields, &body)));
        let body = format!("{:x}\r\n{hidden}\r\n0\r\n\r\n", hidden.len());
        let fields = format!("Content-Length: 4\r\n{field}");
        pairs.push((format!("chunks for the first, {field:?}"), post(&fields, &body)));
    }
    for chunks in CHUNKS {
        let body = chunks.replace("HIDDEN", &hidden);
        pairs.push((format!("{chunks:?}"), post("Transfer-Encoding: chunked\r\n", &body)));
    }
    for field in LENGTHS {
        let body = format!("abcd{hidden}");
        let fields = field.replace("ALL", &body.len().to_string());
        pairs.push((format!("{field:?}"), post(&fields, &body)));
    }
    for (line, field) in BODIES {
        let fields = field.replace("ALL", &hidden.len().to_string());
        pairs.push((format!("{line:?} {field:?}"), request(line, &fields, &hidden)));
    }
    assert!(pairs.len() >= 120);
    pairs
}
