//! A media message: one part of an encoded frame. The same bytes are sent, relayed, recorded and
//! replayed.
//!
//! ```text
//!  0 u8 kind = 0x10   1 u8 flags   2 u16 part   4 u32 track   8 u32 generation   12 u32 frame
//! 16 u64 publisher's time, us     24 u64 server's time, ms *   32 u64 durable fact seq *   40
//! payload
//! ```
//! Little endian; the fields marked * are stamped by the server.

use convoke_model::{Millis, TrackId};

/// First byte of every media message.
pub const KIND: u8 = 0x10;
/// Bytes before the payload.
pub const HEADER_BYTES: usize = 40;
/// No media message is larger than this.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024;

/// The frame can be decoded without the ones before it.
pub const FLAG_KEY: u8 = 1;
/// The message holds the first part of its frame.
pub const FLAG_FIRST: u8 = 2;
/// The message holds the last part of its frame.
pub const FLAG_LAST: u8 = 4;
/// The payload is the decoder's configuration, not a frame.
pub const FLAG_CONFIG: u8 = 8;

/// The fixed part of a media message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaHeader {
    /// `FLAG_` bits.
    pub flags: u8,
    /// Number of this part within its frame, from 0.
    pub part: u16,
    /// The track.
    pub track: TrackId,
    /// The track's generation it was encoded for.
    pub generation: u32,
    /// Number of the frame within the track.
    pub frame: u32,
    /// When it was captured, on the publisher's clock, microseconds.
    pub captured_us: u64,
    /// When it arrived at the server.
    pub arrived: Millis,
    /// Last durable fact of the session when it arrived: ties media to facts.
    pub fact_seq: u64,
}

impl MediaHeader {
    /// The header of `message`; `None` unless it is a media message within its bounds.
    #[must_use]
    pub fn read(message: &[u8]) -> Option<Self> {
        let b = message.first_chunk::<HEADER_BYTES>()?;
        if b[0] != KIND || message.len() > MESSAGE_BYTES_MAX {
            return None;
        }
        let u32_at = |at: usize| u32::from_le_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]]);
        let u64_at = |at: usize| u64::from(u32_at(at)) | (u64::from(u32_at(at + 4)) << 32);
        Some(Self {
            flags: b[1],
            part: u16::from_le_bytes([b[2], b[3]]),
            track: TrackId(u32_at(4)),
            generation: u32_at(8),
            frame: u32_at(12),
            captured_us: u64_at(16),
            arrived: Millis(u64_at(24)),
            fact_seq: u64_at(32),
        })
    }

    /// The header's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let mut b = [0; HEADER_BYTES];
        b[0] = KIND;
        b[1] = self.flags;
        b[2..4].copy_from_slice(&self.part.to_le_bytes());
        b[4..8].copy_from_slice(&self.track.0.to_le_bytes());
        b[8..12].copy_from_slice(&self.generation.to_le_bytes());
        b[12..16].copy_from_slice(&self.frame.to_le_bytes());
        b[16..24].copy_from_slice(&self.captured_us.to_le_bytes());
        b[24..32].copy_from_slice(&self.arrived.0.to_le_bytes());
        b[32..40].copy_from_slice(&self.fact_seq.to_le_bytes());
        b
    }

    /// Whether a decoder may start here: the first message of a key frame or its configuration.
    #[must_use]
    pub fn is_start(&self) -> bool {
        let starts = FLAG_KEY | FLAG_FIRST;
        self.flags & FLAG_CONFIG != 0 || self.flags & starts == starts
    }
}

/// Writes the server's two fields into a media message in place.
///
/// Does nothing when `message` is shorter than a header.
pub fn stamp(message: &mut [u8], arrived: Millis, fact_seq: u64) {
    if let Some(b) = message.first_chunk_mut::<HEADER_BYTES>() {
        b[24..32].copy_from_slice(&arrived.0.to_le_bytes());
        b[32..40].copy_from_slice(&fact_seq.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_written_and_stamped_in_place() {
        let header = MediaHeader {
            flags: FLAG_KEY | FLAG_FIRST,
            part: 3,
            track: TrackId(7),
            generation: 2,
            frame: 99,
            captured_us: 1 << 40,
            arrived: Millis(0),
            fact_seq: 0,
        };
        let mut message = header.to_bytes().to_vec();
        message.extend_from_slice(b"payload");
        stamp(&mut message, Millis(5), 6);
        let stamped = MediaHeader { arrived: Millis(5), fact_seq: 6, ..header };
        assert_eq!(MediaHeader::read(&message), Some(stamped));
        assert!(stamped.is_start());
        assert_eq!(MediaHeader::read(&message[..39]), None);
        assert_eq!(MediaHeader::read(&vec![KIND; MESSAGE_BYTES_MAX + 1]), None);
    }
}
