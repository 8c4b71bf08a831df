//! Headers of WebSocket frames as a server sends them (RFC 6455, 5.2): final, not masked.

/// The longest header of a server's frame, in bytes.
pub const HEADER_BYTES_MAX: usize = 10;

const FINAL: u8 = 0x80;

/// What a frame carries (RFC 6455, 11.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// A message of bytes.
    Binary = 0x2,
    /// The closing handshake: a code and a reason.
    Close = 0x8,
    /// A question whether the peer is there.
    Ping = 0x9,
    /// The answer to a ping.
    Pong = 0xA,
}

/// The header of a binary message of `payload_len` bytes, and how many of the bytes it has.
#[must_use]
pub fn header(payload_len: usize) -> ([u8; HEADER_BYTES_MAX], usize) {
    header_of(Opcode::Binary, payload_len)
}

/// The header of an unfragmented frame, and how many of the bytes it has: 2, 4 or 10.
#[must_use]
pub fn header_of(opcode: Opcode, payload_len: usize) -> ([u8; HEADER_BYTES_MAX], usize) {
    let mut bytes = [0; HEADER_BYTES_MAX];
    bytes[0] = FINAL | opcode as u8;
    let len = match (u8::try_from(payload_len), u16::try_from(payload_len)) {
        (Ok(short @ 0..=125), _) => {
            bytes[1] = short;
            2
        }
        (_, Ok(middle)) => {
            bytes[1] = 126;
            bytes[2..4].copy_from_slice(&middle.to_be_bytes());
            4
        }
        (_, Err(_)) => {
            bytes[1] = 127;
            bytes[2..].copy_from_slice(&(payload_len as u64).to_be_bytes());
            10
        }
    };
    (bytes, len)
}

/// The whole length (header and payload) of the unmasked frame that begins with `bytes`, or `None`
/// when more bytes are needed to tell.
#[must_use]
pub fn length(bytes: &[u8]) -> Option<u64> {
    match bytes.get(1)? & 0x7F {
        126 => {
            let long = bytes.get(2..4)?.try_into().expect("two bytes were taken");
            Some(4 + u64::from(u16::from_be_bytes(long)))
        }
        127 => {
            let long = bytes.get(2..10)?.try_into().expect("eight bytes were taken");
            u64::from_be_bytes(long).checked_add(10)
        }
        short => Some(2 + u64::from(short)),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_header_takes_the_shortest_form() {
        for (payload, want) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let (bytes, len) = header(payload);
            assert_eq!(len, want, "for {payload} bytes");
            assert_eq!(bytes[0], 0x82);
            assert_eq!(length(&bytes[..len]), Some((len + payload) as u64));
        }
    }

    #[test]
    fn a_header_cut_short_is_not_guessed() {
        let (bytes, len) = header(70_000);
        for cut in 0..len {
            let told = length(&bytes[..cut]);
            assert_eq!(told, None, "from {cut} bytes");
        }
    }

    #[test]
    fn a_close_frame_has_its_opcode() {
        assert_eq!(header_of(Opcode::Close, 2).0[..2], [0x88, 2]);
    }
}
