//! A block: the entries of one commit, and how they are framed.
//!
//! ```text
//!  0 u32 magic "CVB1"   4 u32 length (header, entries, directory)
//!  8 u32 count         12 u32 entry bytes
//! 16 u64 place in the node's order of the first entry   24 u32 CRC of headers and directory
//! 28 u32 CRC of bytes 0..28     32 entries as sent     then per entry: u64 place, [32] leaf
//! ```
//!
//! Blocks begin at multiples of 64, so a block header never straddles a sector: it is there or not.
//! Payloads are under no CRC: their own digest checks them, so that they can be erased.

use convoke_wire::Hash;
use convoke_wire::entry::{EntryRef, HEADER_BYTES};

use crate::bytes::{hash_at, put, u32_at, u64_at};

/// First bytes of every block.
pub const MAGIC: [u8; 4] = *b"CVB1";
/// Bytes before the entries.
pub const BLOCK_HEADER_BYTES: usize = 32;
/// Bytes of the directory per entry.
pub const DIRECTORY_BYTES: usize = 40;
/// Blocks begin at multiples of this.
pub const ALIGN: u64 = 64;
/// No block is longer (16 MiB).
pub const BLOCK_BYTES_MAX: usize = 16 << 20;
/// The pieces in which a disk keeps or loses what was written.
const SECTOR: usize = 512;

/// The next multiple of `ALIGN`.
#[must_use]
pub fn aligned(at: u64) -> u64 {
    at.div_ceil(ALIGN) * ALIGN
}

/// The fixed part of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockHeader {
    /// Bytes of the block without its padding.
    pub length: usize,
    /// Number of entries.
    pub count: u32,
    /// Bytes of all entries.
    pub entry_bytes: usize,
    /// Place in the node's order of the first entry, from 0.
    pub first: u64,
    crc: u32,
}

impl BlockHeader {
    /// The header at the start of `bytes`; `None` unless it is whole and makes sense.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..BLOCK_HEADER_BYTES)?;
        if bytes[..4] != MAGIC || crc32fast::hash(&bytes[..28]) != u32_at(bytes, 28) {
            return None;
        }
        let header = Self {
            length: u32_at(bytes, 4) as usize,
            count: u32_at(bytes, 8),
            entry_bytes: u32_at(bytes, 12) as usize,
            first: u64_at(bytes, 16),
            crc: u32_at(bytes, 24),
        };
        let directory = header.count as usize * DIRECTORY_BYTES;
        let fits = header.length == BLOCK_HEADER_BYTES + header.entry_bytes + directory
            && header.length <= BLOCK_BYTES_MAX
            && header.count > 0;
        fits.then_some(header)
    }
}

/// One entry of a block, with what the committer added outside of it.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// The entry.
    pub entry: EntryRef<'a>,
    /// Its leaf.
    pub leaf: Hash,
    /// Its place in the node's order, from 0.
    pub place: u64,
    /// Its first byte, counted from the start of the block.
    pub at: usize,
}

/// The entries of a block.
#[derive(Debug)]
pub struct Block<'a> {
    /// The block's header.
    pub header: BlockHeader,
    /// Its entries in order.
    pub entries: Vec<Placed<'a>>,
}

/// Frames `parts` (whole entries, one after the other, with their leaves) as one block, padded.
pub(crate) fn write(parts: &[&[u8]], leaves: &[Hash], first: u64) -> Vec<u8> {
    let entry_bytes: usize = parts.iter().map(|part| part.len()).sum();
    let length = BLOCK_HEADER_BYTES + entry_bytes + leaves.len() * DIRECTORY_BYTES;
    let mut block = Vec::with_capacity(length + ALIGN as usize);
    block.resize(BLOCK_HEADER_BYTES, 0);
    parts.iter().for_each(|part| block.extend_from_slice(part));
    for (place, leaf) in (first..).zip(leaves) {
        block.extend_from_slice(&place.to_le_bytes());
        block.extend_from_slice(leaf);
    }
    put(&mut block, 0, &MAGIC);
    put(&mut block, 4, &(length as u32).to_le_bytes());
    put(&mut block, 8, &(leaves.len() as u32).to_le_bytes());
    put(&mut block, 12, &(entry_bytes as u32).to_le_bytes());
    put(&mut block, 16, &first.to_le_bytes());
    let mut crc = crc32fast::Hasher::new();
    crc.update(&block[..24]);
    let (mut at, directory) = (BLOCK_HEADER_BYTES, BLOCK_HEADER_BYTES + entry_bytes);
    while let Some(header) = block[..directory].get(at..at + HEADER_BYTES) {
        crc.update(header);
        at += HEADER_BYTES + u32_at(header, 4) as usize;
    }
    crc.update(&block[directory..]);
    put(&mut block, 24, &crc.finalize().to_le_bytes());
    let crc = crc32fast::hash(&block[..28]);
    put(&mut block, 28, &crc.to_le_bytes());
    block.resize(aligned(length as u64) as usize, 0);
    block
}

impl<'a> Block<'a> {
    /// The block at the start of `bytes`, its headers and directory checked; payloads are not.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(bytes: &'a [u8]) -> Result<Self, &'static str> {
        let header = BlockHeader::read(bytes).ok_or("the block header is not whole")?;
        let bytes = bytes.get(..header.length).ok_or("the block is cut short")?;
        let directory = BLOCK_HEADER_BYTES + header.entry_bytes;
        let mut crc = crc32fast::Hasher::new();
        crc.update(&bytes[..24]);
        let mut entries = Vec::with_capacity(header.count as usize);
        let mut at = BLOCK_HEADER_BYTES;
        for number in 0..header.count as usize {
            let rest = &bytes[at..directory];
            let entry = EntryRef::read(rest).map_err(|_| "an entry's header is damaged")?;
            crc.update(&entry.bytes[..HEADER_BYTES]);
            let line = directory + number * DIRECTORY_BYTES;
            let (place, leaf) = (u64_at(bytes, line), hash_at(bytes, line + 8));
            entries.push(Placed { entry, leaf, place, at });
            at += entry.bytes.len();
        }
        crc.update(&bytes[directory..]);
        if at != directory || crc.finalize() != header.crc {
            return Err("headers or directory do not match their checksum");
        }
        let in_order =
            entries.iter().zip(header.first..).all(|(entry, place)| entry.place == place);
        let leaves = entries.iter().all(|placed| placed.entry.leaf() == placed.leaf);
        if in_order && leaves {
            Ok(Self { header, entries })
        } else {
            Err("the directory is wrong")
        }
    }

    /// Whether every payload is what its header promises.
    #[must_use]
    pub fn payloads_are_sound(&self) -> bool {
        self.entries.iter().all(|placed| placed.entry.payload_is_sound())
    }
}

/// Entries of a damaged block that can be trusted one by one, since their leaf stands in the
/// directory: place, leaf, entry.
pub(crate) fn salvage(bytes: &[u8]) -> Vec<(u64, Hash, EntryRef<'_>)> {
    let Some(header) = BlockHeader::read(bytes) else { return Vec::new() };
    let directory = BLOCK_HEADER_BYTES + header.entry_bytes;
    let mut found = Vec::new();
    let mut at = BLOCK_HEADER_BYTES;
    for number in 0..header.count as usize {
        let line = directory + number * DIRECTORY_BYTES;
        let Some(listed) = bytes.get(line..line + DIRECTORY_BYTES) else { break };
        let Ok(entry) = EntryRef::read(&bytes[at..directory]) else { break };
        let leaf = hash_at(listed, 8);
        if entry.leaf() == leaf {
            found.push((header.first + number as u64, leaf, entry));
        }
        at += entry.bytes.len();
    }
    found
}

/// Whether the unreadable bytes at the end of a segment (from the last good block to the end of the
/// file) can be a write that never finished. Segments are zeros before they are written, and a disk
/// keeps or loses whole sectors, so such a write lacks a sector or its end; bytes that are all
/// there and wrong are damage, and so is a file that is shorter than the block (its space was
/// reserved).
pub(crate) fn is_torn(rest: &[u8], offset: u64) -> bool {
    let used = rest.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let first = &rest[..BLOCK_HEADER_BYTES.min(rest.len())];
    if used < BLOCK_HEADER_BYTES || first.iter().all(|&byte| byte == 0) {
        return true;
    }
    let Some(header) = BlockHeader::read(first) else { return false };
    let Some(block) = rest.get(..header.length) else { return false };
    if used > aligned(header.length as u64) as usize {
        return false;
    }
    let last_leaf = &block[header.length - 32..];
    let mut from = 0;
    let mut lacks_sector = false;
    while from < block.len() {
        let end = (offset as usize + from) / SECTOR * SECTOR + SECTOR - offset as usize;
        let to = end.min(block.len());
        lacks_sector |= block[from..to].iter().all(|&byte| byte == 0);
        from = to;
    }
    lacks_sector || last_leaf.iter().all(|&byte| byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::fact;
    use convoke_model::StreamId;
    use convoke_wire::entry;

    fn block() -> Vec<u8> {
        let stream = StreamId { meeting: 12_345_678, session: 1 };
        let parts: Vec<Vec<u8>> = (1..5).map(|seq| fact(stream, 1, seq, 300)).collect();
        let leaves: Vec<Hash> = parts.iter().map(|p| entry::leaf(&p[..HEADER_BYTES])).collect();
        write(&[&parts.concat()], &leaves, 7)
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = block();
        let block = Block::read(&bytes).expect("just written");
        assert!(block.payloads_are_sound());
        let places: Vec<u64> = block.entries.iter().map(|placed| placed.place).collect();
        assert_eq!(places, [7, 8, 9, 10]);
        assert_eq!(bytes.len() % 64, 0);
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let good = block();
        let length = BlockHeader::read(&good).expect("just written").length;
        for bit in 0..length * 8 {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok(block) = Block::read(&bytes) {
                assert!(!block.payloads_are_sound(), "bit {bit} went unnoticed");
            }
            assert!(!is_torn(&bytes, 4096), "bit {bit} was taken for an unfinished write");
        }
    }

    #[test]
    fn a_block_that_lacks_a_sector_is_torn() {
        let good = block();
        for sector in 0..good.len().div_ceil(512) {
            let mut bytes = good.clone();
            let end = bytes.len().min(sector * 512 + 512);
            bytes[sector * 512..end].fill(0);
            bytes.resize(8192, 0);
            assert!(is_torn(&bytes, 4096), "sector {sector}");
            let damaged = !Block::read(&bytes).is_ok_and(|block| block.payloads_are_sound());
            assert!(damaged, "sector {sector}");
        }
    }

    #[test]
    fn the_sound_entries_of_a_damaged_block_are_told() {
        let mut bytes = block();
        bytes[BLOCK_HEADER_BYTES + 412 * 2 + 50] ^= 1;
        assert!(Block::read(&bytes).is_err());
        let sound: Vec<u64> = salvage(&bytes).iter().map(|(place, ..)| *place).collect();
        assert_eq!(sound, [7, 8, 10]);
    }
}
