//! WebSocket as a client speaks it (RFC 6455): the upgrade, masked frames out, plain frames in.

use convoke_wire::frame::{Opcode, server_header, unmask};
use convoke_wire::message::SUBPROTOCOL;

/// The example of RFC 6455, 1.3, and the answer it must get. A fresh key for each connection
/// protects against caches between the two ends, which a load test does not go through.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// No answer to an upgrade is longer.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// No frame from the server is longer: snapshots of large sessions are the largest.
const FRAME_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The request that turns a connection into a WebSocket.
pub(crate) fn upgrade_request(authority: &str, origin: &str) -> Vec<u8> {
    format!(
        "GET /ws HTTP/1.1\r\nHost: {authority}\r\nOrigin: {origin}\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\
         Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n"
    )
    .into_bytes()
}

/// Reads the answer to the upgrade: how many bytes it has, or `None` when more are needed.
pub(crate) fn read_upgrade(bytes: &[u8]) -> Result<Option<usize>, String> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        if bytes.len() > ANSWER_BYTES_MAX {
            return Err("the answer to the upgrade has no end".into());
        }
        return Ok(None);
    };
    let head = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("101") {
        let code = status.split(' ').nth(1).unwrap_or_default();
        // What a Convoke server refuses an upgrade with; anything else is somebody else's word.
        let own = ["400", "403", "429", "503"].contains(&code);
        let question = if own { "" } else { ": is this a Convoke server?" };
        return Err(format!("the server refused the upgrade ({status}){question}"));
    }
    let header = |wanted: &str| {
        let of = |line: &str| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
        };
        head.split("\r\n").skip(1).find_map(of).unwrap_or_default()
    };
    if header("sec-websocket-accept") != ACCEPT {
        return Err("the server's answer to the upgrade does not fit the request".into());
    }
    if header("sec-websocket-protocol") != SUBPROTOCOL {
        return Err(format!("the server does not speak {SUBPROTOCOL}"));
    }
    Ok(Some(end + 4))
}

/// Appends one masked frame.
pub(crate) fn write_frame(opcode: Opcode, payload: &[&[u8]], mask: [u8; 4], into: &mut Vec<u8>) {
    let (mut header, len) = server_header(opcode, payload.iter().map(|part| part.len()).sum());
    header[1] |= 0x80;
    into.extend_from_slice(&header[..len]);
    into.extend_from_slice(&mask);
    let start = into.len();
    for part in payload {
        into.extend_from_slice(part);
    }
    unmask(&mut into[start..], mask);
}

/// A frame from the server, at the start of a buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Incoming<'a> {
    pub(crate) opcode: Opcode,
    pub(crate) payload: &'a [u8],
    /// Bytes of the whole frame.
    pub(crate) len: usize,
}

/// Reads one frame; `None` when more bytes are needed.
pub(crate) fn read_frame(bytes: &[u8]) -> Result<Option<Incoming<'_>>, &'static str> {
    let [first, second, ..] = *bytes else { return Ok(None) };
    if second & 0x80 != 0 {
        return Err("the server masked a frame");
    }
    let opcode = match first {
        0x82 => Opcode::Binary,
        0x88 => Opcode::Close,
        0x89 => Opcode::Ping,
        0x8a => Opcode::Pong,
        _ => return Err("the server sent a frame that is not whole and binary"),
    };
    let (payload_len, start) = match second {
        126 => match bytes.get(2..4) {
            Some(len) => (u64::from(u16::from_be_bytes([len[0], len[1]])), 4),
            None => return Ok(None),
        },
        127 => match bytes.get(2..10).and_then(|len| <[u8; 8]>::try_from(len).ok()) {
            Some(len) => (u64::from_be_bytes(len), 10),
            None => return Ok(None),
        },
        len => (u64::from(len), 2),
    };
    let payload_len = usize::try_from(payload_len).unwrap_or(usize::MAX);
    if payload_len > FRAME_BYTES_MAX {
        return Err("the server sent a frame larger than 16 MiB");
    }
    let len = start + payload_len;
    Ok(bytes.get(start..len).map(|payload| Incoming { opcode, payload, len }))
}

/// Frame masks: any numbers do, the same ones for the same seed.
#[derive(Debug)]
pub(crate) struct Masks(u64);

impl Masks {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> [u8; 4] {
        ((crate::schedule::spread(&mut self.0) >> 32) as u32).to_le_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use convoke_wire::frame::{FRAME_BYTES_MAX, read, server_frame};

    #[test]
    fn the_server_reads_what_is_written() {
        let mut masks = Masks::new(7);
        for len in [0, 1, 125, 126, 65_535, 65_536] {
            let payload: Vec<u8> = (0..len).map(|at| at as u8).collect();
            let (front, back) = payload.split_at(len / 2);
            let mut bytes = b"before".to_vec();
            write_frame(Opcode::Binary, &[front, back], masks.next(), &mut bytes);
            let frame = read(&mut bytes[6..], FRAME_BYTES_MAX).expect("sound").expect("whole");
            assert_eq!((frame.opcode, frame.fin), (Opcode::Binary, true));
            assert_eq!(bytes[6 + frame.payload..6 + frame.end], payload[..]);
        }
    }

    #[test]
    fn what_the_server_writes_is_read_at_every_cut() {
        for len in [0, 1, 125, 126, 65_535, 65_536] {
            let payload = vec![9; len];
            let bytes = server_frame(Opcode::Binary, &payload);
            for cut in [0, 1, 2, 3, 9, bytes.len().saturating_sub(1)] {
                assert_eq!(read_frame(&bytes[..cut.min(bytes.len() - 1)]), Ok(None), "{len}");
            }
            let want = Incoming { opcode: Opcode::Binary, payload: &payload, len: bytes.len() };
            assert_eq!(read_frame(&bytes), Ok(Some(want)));
        }
    }

    #[test]
    fn frames_that_no_server_sends_are_refused() {
        assert!(read_frame(&[0x82, 0x80, 0, 0, 0, 0]).is_err(), "masked");
        assert!(read_frame(&[0x81, 0]).is_err(), "text");
        assert!(read_frame(&[0x02, 0]).is_err(), "a fragment");
        assert!(read_frame(&[0x82, 127, 1, 0, 0, 0, 0, 0, 0, 0]).is_err(), "endless");
    }

    #[test]
    fn an_upgrade_must_fit_the_request() {
        let answer = |status: &str, accept: &str| {
            format!(
                "HTTP/1.1 {status}\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
                 SEC-WEBSOCKET-ACCEPT: {accept}\r\nSec-WebSocket-Protocol: convoke.1\r\n\r\n"
            )
            .into_bytes()
        };
        let mut good = answer("101 Switching Protocols", ACCEPT);
        let len = good.len();
        assert_eq!(read_upgrade(&good[..len - 1]), Ok(None));
        good.extend_from_slice(b"\x82\x00");
        assert_eq!(read_upgrade(&good), Ok(Some(len)));
        assert!(read_upgrade(&answer("101 Switching Protocols", "other")).is_err());
        let refused = read_upgrade(&answer("429 Too Many Requests", ACCEPT));
        assert!(refused.is_err_and(|sentence| sentence.contains("429")));
    }
}
