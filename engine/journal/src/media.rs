//! Media: one file per session, tracks interleaved in the order they arrived, behind the facts by a
//! known time. Stretches of it are bound by digests that become facts.
//!
//! ```text
//! file header, 64 bytes:
//!  0 [8] "CVKMED\0\0"    8 u32 format version   12 u32 header bytes   16 u32 meeting
//! 20 u32 session        24 36 x 0               60 u32 CRC of bytes 0..60
//! then frames:
//!  0 u32 payload bytes   4 u32 CRC of the payload   8 u64 server time, ms
//! 16 u32 0              20 u32 CRC of bytes 0..20  24 payload
//! ```

mod read;
mod write;

use std::path::{Path, PathBuf};

use convoke_model::StreamId;
use convoke_wire::Hash;

pub(crate) use read::check_stretch;
pub use read::{Frame, MediaReader, erase_stretch, verify_media};
pub use write::{Gap, MediaWriter};

use crate::bytes::{put, u32_at, u64_at};

/// First bytes of every media file.
pub const MAGIC: [u8; 8] = *b"CVKMED\0\0";
/// The format version this code writes, and the newest it reads.
pub const VERSION: u32 = 1;
/// Bytes of the file header; the first frame begins here.
pub const MEDIA_HEADER_BYTES: usize = 64;
/// Bytes in front of each payload.
pub const FRAME_HEADER_BYTES: usize = 24;
/// No payload is larger.
pub const FRAME_BYTES_MAX: usize = 1 << 20;

/// A stretch of a media file: what a `MediaSealed` fact says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// File name, relative to the data folder.
    pub file: String,
    /// First byte.
    pub from: u64,
    /// The byte behind the last one.
    pub to: u64,
    /// SHA-256 of these bytes.
    pub sha256: Hash,
    /// Server time of the first and the last frame in it, in ms.
    pub times: (u64, u64),
}

/// A session's media file, relative to the data folder.
#[must_use]
pub fn name(session: StreamId) -> String {
    format!("media/{}-{}.media", session.meeting, session.session)
}

/// A session's media file.
#[must_use]
pub fn path(data: &Path, session: StreamId) -> PathBuf {
    data.join(name(session))
}

fn file_header(session: StreamId) -> [u8; MEDIA_HEADER_BYTES] {
    let mut bytes = [0; MEDIA_HEADER_BYTES];
    put(&mut bytes, 0, &MAGIC);
    put(&mut bytes, 8, &VERSION.to_le_bytes());
    put(&mut bytes, 12, &(MEDIA_HEADER_BYTES as u32).to_le_bytes());
    put(&mut bytes, 16, &session.meeting.to_le_bytes());
    put(&mut bytes, 20, &session.session.to_le_bytes());
    let crc = crc32fast::hash(&bytes[..60]);
    put(&mut bytes, 60, &crc.to_le_bytes());
    bytes
}

fn frame_header(time: u64, payload: &[u8]) -> [u8; FRAME_HEADER_BYTES] {
    let mut bytes = [0; FRAME_HEADER_BYTES];
    put(&mut bytes, 0, &(payload.len() as u32).to_le_bytes());
    put(&mut bytes, 4, &crc32fast::hash(payload).to_le_bytes());
    put(&mut bytes, 8, &time.to_le_bytes());
    let crc = crc32fast::hash(&bytes[..20]);
    put(&mut bytes, 20, &crc.to_le_bytes());
    bytes
}

/// Payload bytes, payload CRC and time of a frame header; `None` unless it is whole.
fn read_frame_header(bytes: &[u8]) -> Option<(usize, u32, u64)> {
    let bytes = bytes.get(..FRAME_HEADER_BYTES)?;
    let length = u32_at(bytes, 0) as usize;
    let whole = crc32fast::hash(&bytes[..20]) == u32_at(bytes, 20) && u32_at(bytes, 16) == 0;
    (whole && (1..=FRAME_BYTES_MAX).contains(&length))
        .then(|| (length, u32_at(bytes, 4), u64_at(bytes, 8)))
}
