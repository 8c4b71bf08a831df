//! An archive: one session's stream, its meeting's stream and its media as one self-contained file,
//! with the node's checkpoint and the proof that these entries are the ones it signed.
//!
//! ```text
//! file header, 64 bytes:
//!  0 [8] "CVKARC\0\0"    8 u32 format version   12 u32 header bytes   16 u32 meeting
//! 20 u32 session        24 u32 sections         28 32 x 0             60 u32 CRC of bytes 0..60
//! then each section, 64 bytes and its content:
//!  0 [4] "CVS1"   4 u32 kind   8 u64 content bytes   16 [32] SHA-256 of the content
//! 48 12 x 0      60 u32 CRC of bytes 0..60          64 content
//! kinds, in this order:
//! 1 meeting stream, 2 session stream (per entry: u64 place, the entry)
//! 3 checkpoint (signed note), 4 verifier key, 5 proof (u64 tree size, then [32]s)
//! 6 media file up to its last whole frame
//! ```

mod read;
mod write;

pub use read::Archive;
pub use write::{Archived, write};

/// First bytes of every archive.
pub const MAGIC: [u8; 8] = *b"CVKARC\0\0";
/// First bytes of every section.
pub const SECTION_MAGIC: [u8; 4] = *b"CVS1";
/// The format version this code writes, and the newest it reads.
pub const VERSION: u32 = 1;
/// Bytes of the file header, and of each section's.
pub const HEADER_BYTES: usize = 64;

const MEETING: u32 = 1;
const SESSION: u32 = 2;
const CHECKPOINT: u32 = 3;
const KEY: u32 = 4;
const PROOF: u32 = 5;
const MEDIA: u32 = 6;
