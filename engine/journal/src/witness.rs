//! The head witness: a lower bound of what is durable, in two slots written in turn.
//!
//! ```text
//! slot 0 at byte 0, slot 1 at byte 4096, of a file of 8192:
//!  0 [8] "CVKWIT\0\0"   8 u32 format version   12 u32 epoch
//! 16 u64 write number (slot = number mod 2)      24 u64 tree size   32 [32] root
//! 64 u64 segment       72 u64 end of its last block, in bytes
//! 80 u32 1 = written at a clean end   84 8 x 0   92 u32 CRC of bytes 0..92
//! ```

use std::path::{Path, PathBuf};

use convoke_wire::Hash;

use crate::bytes::{hash_at, put, u32_at, u64_at};
use crate::disk::{Disk, DiskFile, Mode, read_whole, write_all};
use crate::segment::{self, VERSION};
use crate::{Error, tree};

/// First bytes of every slot.
pub const MAGIC: [u8; 8] = *b"CVKWIT\0\0";
/// Bytes from one slot to the other.
pub const SLOT_BYTES: usize = 4096;
const USED: usize = 96;

/// What the log held for certain at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Epoch of the writer.
    pub epoch: u32,
    /// Counts the writes of this file.
    pub number: u64,
    /// Entries in the log.
    pub size: u64,
    /// Root of the tree of these entries.
    pub root: Hash,
    /// The segment in which they end; 0 when there is none yet.
    pub segment: u64,
    /// The byte of it where they end.
    pub offset: u64,
    /// Whether the writer closed the log.
    pub clean: bool,
}

impl Default for Witness {
    /// The witness of an empty log that nobody has opened.
    fn default() -> Self {
        let root = tree::empty_root();
        Self { epoch: 0, number: 0, size: 0, root, segment: 0, offset: 0, clean: true }
    }
}

/// The witness file of a data folder.
#[must_use]
pub fn path(data: &Path) -> PathBuf {
    segment::folder(data).join("witness")
}

impl Witness {
    fn to_bytes(self) -> [u8; USED] {
        let mut bytes = [0; USED];
        put(&mut bytes, 0, &MAGIC);
        put(&mut bytes, 8, &VERSION.to_le_bytes());
        put(&mut bytes, 12, &self.epoch.to_le_bytes());
        put(&mut bytes, 16, &self.number.to_le_bytes());
        put(&mut bytes, 24, &self.size.to_le_bytes());
        put(&mut bytes, 32, &self.root);
        put(&mut bytes, 64, &self.segment.to_le_bytes());
        put(&mut bytes, 72, &self.offset.to_le_bytes());
        put(&mut bytes, 80, &u32::from(self.clean).to_le_bytes());
        let crc = crc32fast::hash(&bytes[..92]);
        put(&mut bytes, 92, &crc.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..USED)?;
        if bytes[..8] != MAGIC || crc32fast::hash(&bytes[..92]) != u32_at(bytes, 92) {
            return None;
        }
        Some(Self {
            epoch: u32_at(bytes, 12),
            number: u64_at(bytes, 16),
            size: u64_at(bytes, 24),
            root: hash_at(bytes, 32),
            segment: u64_at(bytes, 64),
            offset: u64_at(bytes, 72),
            clean: u32_at(bytes, 80) == 1,
        })
    }

    /// The newest whole slot of a data folder's witness. `Ok(None)` when there is none.
    /// The flag tells whether a slot is damaged (neither whole nor zeros).
    ///
    /// # Errors
    /// `NewerFormat`, or what the disk said.
    pub fn load(disk: &dyn Disk, data: &Path) -> Result<(Option<Self>, bool), Error> {
        let path = path(data);
        let bytes = match read_whole(disk, &path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((None, false)),
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        let mut newest: Option<Self> = None;
        let mut damaged = bytes.len() != 2 * SLOT_BYTES;
        for slot in bytes.chunks(SLOT_BYTES) {
            if slot.len() >= 12 && slot[..8] == MAGIC && u32_at(slot, 8) > VERSION {
                let found = u32_at(slot, 8);
                return Err(Error::NewerFormat { path, found, known: VERSION });
            }
            match Self::from_bytes(slot) {
                Some(witness) => {
                    damaged |= slot[USED..].iter().any(|&byte| byte != 0);
                    if newest.is_none_or(|other| other.number < witness.number) {
                        newest = Some(witness);
                    }
                }
                None => damaged |= slot.iter().any(|&byte| byte != 0),
            }
        }
        Ok((newest, damaged))
    }
}

/// Writes witnesses.
pub(crate) struct WitnessFile {
    file: Box<dyn DiskFile>,
    path: PathBuf,
    next: u64,
}

impl WitnessFile {
    /// Opens the file, making it when it is missing. `last` is the newest write that is known.
    pub(crate) fn open(disk: &dyn Disk, data: &Path, last: u64) -> Result<Self, Error> {
        let path = path(data);
        let file = match disk.open(&path, Mode::Write) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let file = disk.open(&path, Mode::New).map_err(Error::io("create", &path))?;
                file.reserve(2 * SLOT_BYTES as u64).map_err(Error::io("reserve", &path))?;
                file.sync_data().map_err(Error::io("sync", &path))?;
                let folder = segment::folder(data);
                disk.sync_folder(&folder).map_err(Error::io("sync", &folder))?;
                file
            }
            other => other.map_err(Error::io("open", &path))?,
        };
        if file.length().map_err(Error::io("read", &path))? != 2 * SLOT_BYTES as u64 {
            file.truncate(2 * SLOT_BYTES as u64).map_err(Error::io("truncate", &path))?;
        }
        Ok(Self { file, path, next: last + 1 })
    }

    /// Writes and syncs. The slot that is not written keeps the witness before.
    pub(crate) fn write(&mut self, mut witness: Witness) -> Result<(), Error> {
        witness.number = self.next;
        let mut slot = [0; SLOT_BYTES];
        put(&mut slot, 0, &witness.to_bytes());
        let at = (self.next % 2) * SLOT_BYTES as u64;
        write_all(&*self.file, &slot, at).map_err(Error::io("write", &self.path))?;
        self.file.sync_data().map_err(Error::io("sync", &self.path))?;
        self.next += 1;
        Ok(())
    }
}
