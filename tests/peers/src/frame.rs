//! WebSocket frames as both sides of a measurement need them: found by their headers alone.

/// Longest frame that is read here.
pub const FRAME_BYTES_MAX: usize = 1 << 20;

/// A frame in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it is for: 2 binary, 8 close, 9 ping, 10 pong.
    pub opcode: u8,
    /// The mask of a client's frame.
    pub mask: Option<[u8; 4]>,
    /// Where its payload begins in the buffer.
    pub payload: usize,
    /// Where it ends in the buffer.
    pub end: usize,
}

/// The frame at `at`, once it has come whole.
///
/// # Errors
/// When it is longer than [`FRAME_BYTES_MAX`].
#[inline]
pub fn find(buffer: &[u8], at: usize) -> Result<Option<Found>, String> {
    let rest = &buffer[at.min(buffer.len())..];
    let [first, second, ..] = *rest else { return Ok(None) };
    let masked = second & 0x80 != 0;
    let (len, header) = match usize::from(second & 0x7f) {
        126 => match rest.get(2..4) {
            Some(b) => (usize::from(u16::from_be_bytes([b[0], b[1]])), 4),
            None => return Ok(None),
        },
        127 => match rest.get(2..10).and_then(|b| b.first_chunk::<8>()) {
            Some(b) => (usize::try_from(u64::from_be_bytes(*b)).unwrap_or(usize::MAX), 10),
            None => return Ok(None),
        },
        len => (len, 2),
    };
    if len > FRAME_BYTES_MAX {
        return Err(format!("a frame of {len} bytes"));
    }
    let payload = header + if masked { 4 } else { 0 };
    if rest.len() < payload + len {
        return Ok(None);
    }
    let mask = masked.then(|| [rest[header], rest[header + 1], rest[header + 2], rest[header + 3]]);
    let (payload, end) = (at + payload, at + payload + len);
    Ok(Some(Found { opcode: first & 0x0f, mask, payload, end }))
}

/// The header of a whole frame: its bytes and how many count. A client's has room for a mask.
#[must_use]
pub fn header(opcode: u8, len: usize, masked: bool) -> ([u8; 14], usize) {
    let mut b = [0; 14];
    let bit = if masked { 0x80 } else { 0 };
    b[0] = 0x80 | opcode;
    let used = match u16::try_from(len) {
        Ok(short @ 0..126) => {
            b[1] = bit | short as u8;
            2
        }
        Ok(short) => {
            b[1] = bit | 126;
            b[2..4].copy_from_slice(&short.to_be_bytes());
            4
        }
        Err(_) => {
            b[1] = bit | 127;
            b[2..10].copy_from_slice(&(len as u64).to_be_bytes());
            10
        }
    };
    // The mask stays zero: it hides nothing from anybody here, and servers apply it all the same.
    (b, if masked { used + 4 } else { used })
}

/// Appends a client's frame.
pub fn write_masked(opcode: u8, payload: &[u8], into: &mut Vec<u8>) {
    let (header, len) = header(opcode, payload.len(), true);
    into.extend_from_slice(&header[..len]);
    into.extend_from_slice(payload);
}

/// Takes a mask off a payload, eight bytes at a time.
pub fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (eights, rest) = payload.as_chunks_mut::<8>();
    for eight in eights {
        *eight = (u64::from_ne_bytes(*eight) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_found_at_every_length_and_not_before_it_is_whole() {
        for len in [0, 1, 125, 126, 65_535, 65_536] {
            for masked in [false, true] {
                let (header, used) = header(2, len, masked);
                let mut bytes = b"before".to_vec();
                bytes.extend_from_slice(&header[..used]);
                bytes.resize(6 + used + len, 7);
                let found = find(&bytes, 6).expect("within bounds").expect("whole");
                assert_eq!((found.opcode, found.end - found.payload), (2, len));
                assert_eq!((found.end, found.mask.is_some()), (bytes.len(), masked));
                bytes.pop();
                assert_eq!(find(&bytes, 6), Ok(None), "{len} bytes, one missing");
            }
        }
    }

    #[test]
    fn a_mask_comes_off() {
        let mut bytes: Vec<u8> = (0..23).collect();
        let mask = [1, 2, 3, 4];
        let masked: Vec<u8> = (0..23u8).map(|at| at ^ mask[usize::from(at) % 4]).collect();
        unmask(&mut bytes, mask);
        assert_eq!(bytes, masked);
    }
}
