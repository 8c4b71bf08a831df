//! A segment file: its name and its header of 4,096 bytes.
//!
//! ```text
//!    0 [8] "CVKSEG\0\0"    8 u32 format version    12 u32 header bytes    16 [16] node id
//!   32 u64 number, from 1  40 u64 place of its first entry  48 u64 end of the previous segment
//!   56 u32 epoch           60 u32 peaks            64 [32] root of the tree before it
//! 1024 [64][32] peaks of the tree before it      4092 u32 CRC of bytes 0..4092
//! ```

use std::path::{Path, PathBuf};

use convoke_wire::Hash;

use crate::bytes::{hash_at, put, u32_at, u64_at};
use crate::disk::{Disk, Mode, read_up_to};
use crate::tree::Tree;
use crate::{Damage, Error};

/// First bytes of every segment file.
pub const MAGIC: [u8; 8] = *b"CVKSEG\0\0";
/// The format version this code writes, and the newest it reads.
pub const VERSION: u32 = 1;
/// Bytes of the header; the first block begins here.
pub const SEGMENT_HEADER_BYTES: usize = 4096;

/// What stands at the start of a segment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The node that wrote it.
    pub node: [u8; 16],
    /// Its number, from 1.
    pub number: u64,
    /// Where the previous segment ends, in bytes; 0 for the first.
    pub previous_end: u64,
    /// The epoch in which it was begun.
    pub epoch: u32,
    /// The tree of everything before it.
    pub tree: Tree,
}

/// The folder of segments and witness in a data folder.
#[must_use]
pub fn folder(data: &Path) -> PathBuf {
    data.join("log")
}

/// A segment's file name.
#[must_use]
pub fn name(number: u64) -> String {
    format!("{number:012}.seg")
}

/// A segment's path in a data folder.
#[must_use]
pub fn path(data: &Path, number: u64) -> PathBuf {
    folder(data).join(name(number))
}

/// Numbers of the segments in a data folder, sorted.
pub(crate) fn numbers(disk: &dyn Disk, data: &Path) -> Result<Vec<u64>, Error> {
    let folder = folder(data);
    let names = disk.list(&folder).map_err(Error::io("list", &folder))?;
    let mut numbers: Vec<u64> =
        names.iter().filter_map(|name| name.strip_suffix(".seg")?.parse().ok()).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

impl SegmentHeader {
    /// The header as it is stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; SEGMENT_HEADER_BYTES];
        put(&mut bytes, 0, &MAGIC);
        put(&mut bytes, 8, &VERSION.to_le_bytes());
        put(&mut bytes, 12, &(SEGMENT_HEADER_BYTES as u32).to_le_bytes());
        put(&mut bytes, 16, &self.node);
        put(&mut bytes, 32, &self.number.to_le_bytes());
        put(&mut bytes, 40, &self.tree.size().to_le_bytes());
        put(&mut bytes, 48, &self.previous_end.to_le_bytes());
        put(&mut bytes, 56, &self.epoch.to_le_bytes());
        put(&mut bytes, 60, &(self.tree.peaks().len() as u32).to_le_bytes());
        put(&mut bytes, 64, &self.tree.root());
        for (number, peak) in self.tree.peaks().iter().enumerate() {
            put(&mut bytes, 1024 + number * 32, peak);
        }
        let crc = crc32fast::hash(&bytes[..4092]);
        put(&mut bytes, 4092, &crc.to_le_bytes());
        bytes
    }

    /// The header in `bytes`; `None` unless it is whole and makes sense.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..SEGMENT_HEADER_BYTES)?;
        if bytes[..8] != MAGIC || crc32fast::hash(&bytes[..4092]) != u32_at(bytes, 4092) {
            return None;
        }
        let peaks = usize::try_from(u32_at(bytes, 60)).ok().filter(|&count| count <= 64)?;
        let peaks: Vec<Hash> = (0..peaks).map(|n| hash_at(bytes, 1024 + n * 32)).collect();
        let tree = Tree::from_peaks(u64_at(bytes, 40), peaks)?;
        if tree.root() != hash_at(bytes, 64) {
            return None;
        }
        let mut node = [0; 16];
        node.copy_from_slice(&bytes[16..32]);
        Some(Self {
            node,
            number: u64_at(bytes, 32),
            previous_end: u64_at(bytes, 48),
            epoch: u32_at(bytes, 56),
            tree,
        })
    }

    /// Reads the header of segment `number`.
    ///
    /// # Errors
    /// `NewerFormat`, `Damaged`, or what the disk said.
    pub fn load(disk: &dyn Disk, data: &Path, number: u64) -> Result<Self, Error> {
        let path = path(data, number);
        let file = disk.open(&path, Mode::Read).map_err(Error::io("open", &path))?;
        let bytes =
            read_up_to(&*file, 0, SEGMENT_HEADER_BYTES).map_err(Error::io("read", &path))?;
        if bytes.len() >= 12 && bytes[..8] == MAGIC && u32_at(&bytes, 8) > VERSION {
            return Err(Error::NewerFormat { path, found: u32_at(&bytes, 8), known: VERSION });
        }
        let file = format!("log/{}", name(number));
        Self::from_bytes(&bytes)
            .filter(|header| header.number == number)
            .ok_or_else(|| Error::Damaged(Damage::at(file, 0, "the segment header is damaged")))
    }
}
