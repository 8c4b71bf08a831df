//! WebSocket frames (RFC 6455) as the server reads them: masked, bounded, never compressed.

/// No frame is larger than this.
pub const FRAME_BYTES_MAX: usize = 1024 * 1024;
/// A message may come in this many fragments.
pub const FRAGMENTS_MAX: u32 = 64;

use crate::close::Close;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// More of the message before.
    Continuation,
    /// A binary message.
    Binary,
    /// The peer goes.
    Close,
    /// Are you there?
    Ping,
    /// I am here.
    Pong,
}

/// One frame at the start of a buffer, its payload unmasked in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Whether the message ends with it.
    pub fin: bool,
    /// What it is for.
    pub opcode: Opcode,
    /// Where its payload begins in the buffer.
    pub payload: usize,
    /// Where it ends in the buffer.
    pub end: usize,
}

/// Reads one masked client frame at the start of `buffer` and unmasks it there. `None` when more
/// bytes are needed.
///
/// # Errors
/// `Framing` for reserved bits, unknown opcodes, unmasked or malformed frames, `Text` for a text
/// frame, `TooBig` above `bytes_max` (checked before the payload has come).
pub fn read(buffer: &mut [u8], bytes_max: usize) -> Result<Option<Frame>, Close> {
    let [first, second, ..] = *buffer else { return Ok(None) };
    if first & 0x70 != 0 || second & 0x80 == 0 {
        return Err(Close::Framing);
    }
    let fin = first & 0x80 != 0;
    let opcode = match first & 0x0f {
        0x0 => Opcode::Continuation,
        0x1 => return Err(Close::Text),
        0x2 => Opcode::Binary,
        0x8 => Opcode::Close,
        0x9 => Opcode::Ping,
        0xa => Opcode::Pong,
        _ => return Err(Close::Framing),
    };
    let short = usize::from(second & 0x7f);
    let is_control = matches!(opcode, Opcode::Close | Opcode::Ping | Opcode::Pong);
    if is_control && (!fin || short > 125) {
        return Err(Close::Framing);
    }
    let (len, mask_at) = match short {
        126 => match buffer.get(2..4) {
            Some(b) => (usize::from(u16::from_be_bytes([b[0], b[1]])), 4),
            None => return Ok(None),
        },
        127 => match buffer.get(2..10) {
            Some(b) => {
                let len = u64::from_be_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]);
                (usize::try_from(len).map_err(|_| Close::TooBig)?, 10)
            }
            None => return Ok(None),
        },
        len => (len, 2),
    };
    if len > bytes_max.min(FRAME_BYTES_MAX) {
        return Err(Close::TooBig);
    }
    let payload = mask_at + 4;
    let end = payload + len;
    if buffer.len() < end {
        return Ok(None);
    }
    let mask = [buffer[mask_at], buffer[mask_at + 1], buffer[mask_at + 2], buffer[mask_at + 3]];
    unmask(&mut buffer[payload..end], mask);
    Ok(Some(Frame { fin, opcode, payload, end }))
}

/// Applies a mask to a payload, eight bytes at a time.
pub fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let wide = u64::from_ne_bytes([
        mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3],
    ]);
    let (eights, rest) = payload.as_chunks_mut::<8>();
    for eight in eights {
        *eight = (u64::from_ne_bytes(*eight) ^ wide).to_ne_bytes();
    }
    for (at, byte) in rest.iter_mut().enumerate() {
        *byte ^= mask[at % 4];
    }
}

/// The header of an unmasked server frame: its bytes and how many of them count.
#[must_use]
pub fn server_header(opcode: Opcode, payload_len: usize) -> ([u8; 10], usize) {
    let mut b = [0; 10];
    b[0] = 0x80
        | match opcode {
            Opcode::Continuation => 0x0,
            Opcode::Binary => 0x2,
            Opcode::Close => 0x8,
            Opcode::Ping => 0x9,
            Opcode::Pong => 0xa,
        };
    match payload_len {
        0..126 => {
            b[1] = payload_len as u8;
            (b, 2)
        }
        126..65_536 => {
            b[1] = 126;
            b[2..4].copy_from_slice(&(payload_len as u16).to_be_bytes());
            (b, 4)
        }
        _ => {
            b[1] = 127;
            b[2..10].copy_from_slice(&(payload_len as u64).to_be_bytes());
            (b, 10)
        }
    }
}

/// A whole unmasked server frame.
#[must_use]
pub fn server_frame(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let (header, len) = server_header(opcode, payload.len());
    let mut bytes = Vec::with_capacity(len + payload.len());
    bytes.extend_from_slice(&header[..len]);
    bytes.extend_from_slice(payload);
    bytes
}

/// The payload of a close frame.
#[must_use]
pub fn close_payload(close: Close) -> Vec<u8> {
    let mut payload = close.code().to_be_bytes().to_vec();
    payload.extend_from_slice(close.word().as_bytes());
    payload
}

/// A masked client frame, for clients and tests.
#[must_use]
pub fn client_frame(opcode: Opcode, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let (mut header, len) = server_header(opcode, payload.len());
    header[1] |= 0x80;
    let mut bytes = Vec::with_capacity(len + 4 + payload.len());
    bytes.extend_from_slice(&header[..len]);
    bytes.extend_from_slice(&mask);
    bytes.extend_from_slice(payload);
    let at = len + 4;
    unmask(&mut bytes[at..], mask);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_written_at_every_size_and_cut() {
        for len in [0, 1, 125, 126, 127, 65_535, 65_536, 70_000] {
            let payload: Vec<u8> = (0..len).map(|at| at as u8).collect();
            let mut bytes = client_frame(Opcode::Binary, &payload, [1, 2, 3, 4]);
            for cut in [0, 1, 2, 3, 5, 9, bytes.len() - 1] {
                let cut = cut.min(bytes.len() - 1);
                let mut part = bytes[..cut].to_vec();
                assert_eq!(read(&mut part, FRAME_BYTES_MAX), Ok(None), "{len} cut at {cut}");
            }
            let frame = read(&mut bytes, FRAME_BYTES_MAX).expect("sound").expect("whole");
            assert_eq!(bytes[frame.payload..frame.end], payload[..]);
        }
    }

    #[test]
    fn what_rfc_6455_forbids_is_refused() {
        let cases: [(&[u8], Close); 7] = [
            (&[0xc2, 0x80, 0, 0, 0, 0], Close::Framing),
            (&[0x82, 0x00], Close::Framing),
            (&[0x81, 0x80, 0, 0, 0, 0], Close::Text),
            (&[0x83, 0x80, 0, 0, 0, 0], Close::Framing),
            (&[0x09, 0x80, 0, 0, 0, 0], Close::Framing),
            (&[0x89, 0xfe, 0, 126], Close::Framing),
            (&[0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Close::TooBig),
        ];
        for (bytes, close) in cases {
            assert_eq!(read(&mut bytes.to_vec(), 1000), Err(close), "{bytes:?}");
        }
    }
}
