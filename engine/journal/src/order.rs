//! Reading the log in the node's order, from any place on, while a server writes it: what tells
//! others of everything that happens.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::block::{ALIGN, BLOCK_HEADER_BYTES, BlockHeader, aligned};
use crate::disk::{Disk, DiskFile, Mode, RealDisk, read_up_to};
use crate::reader::RawBlock;
use crate::scan::{Scan, Step};
use crate::segment::{self, SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::{Damage, Error};

/// Where a block lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Its segment's number; 0 when it is not known.
    pub segment: u64,
    /// Its first byte there.
    pub offset: u64,
}

/// Walks blocks in the node's order from a place on. It is told how much is durable and reads
/// nothing beyond.
pub struct OrderReader {
    disk: Arc<dyn Disk>,
    data: PathBuf,
    /// Place of the entry that comes next.
    next: u64,
    /// Where the block of it begins; its segment is 0 until it was looked for.
    at: Spot,
    file: Option<Box<dyn DiskFile>>,
}

impl OrderReader {
    /// Before the entry at `place`, counted from 0, in a data folder.
    #[must_use]
    pub fn open(data: &Path, place: u64) -> Self {
        Self::on(Arc::new(RealDisk), data, place)
    }

    /// The same on any disk.
    #[must_use]
    pub fn on(disk: Arc<dyn Disk>, data: &Path, place: u64) -> Self {
        let at = Spot { segment: 0, offset: 0 };
        Self { disk, data: data.to_owned(), next: place, at, file: None }
    }

    /// Place of the entry that comes next.
    #[must_use]
    pub fn place(&self) -> u64 {
        self.next
    }

    /// Where the block that comes next begins, as far as that is known.
    #[must_use]
    pub fn spot(&self) -> Spot {
        self.at
    }

    /// Goes to a place, which is said to be in the block at `spot`. A spot that is wrong costs a
    /// look for the right one.
    pub fn go(&mut self, place: u64, spot: Spot) {
        if spot.segment != self.at.segment {
            self.file = None;
        }
        (self.next, self.at) = (place, spot);
    }

    /// The block of the next entry, which may begin with earlier ones; `None` when the log has no
    /// more than `size` entries that are durable. Moves behind the block.
    ///
    /// # Errors
    /// `Damaged`, or what the disk said; nothing has moved then.
    pub fn next_block(&mut self, size: u64) -> Result<Option<RawBlock>, Error> {
        if self.next >= size {
            return Ok(None);
        }
        if self.at.segment == 0 || !self.is_at_block()? {
            self.find()?;
        }
        let Spot { segment, offset } = self.at;
        let header = self.header()?.ok_or_else(|| self.damaged("not a block"))?;
        let bytes = self.read(offset, header.length)?;
        let block = RawBlock { segment, offset, bytes };
        block.block()?;
        self.at.offset = aligned(offset + header.length as u64);
        self.next = header.first + u64::from(header.count);
        Ok(Some(block))
    }

    /// Whether the block of the next entry lies here, or at the start of the next segment.
    fn is_at_block(&mut self) -> Result<bool, Error> {
        for _ in 0..2 {
            if let Some(header) = self.header()? {
                let holds = header.first..header.first + u64::from(header.count);
                return Ok(holds.contains(&self.next));
            }
            let after = SegmentHeader::load(&*self.disk, &self.data, self.at.segment + 1);
            if !after.is_ok_and(|after| after.previous_end == self.at.offset) {
                return Ok(false);
            }
            let offset = SEGMENT_HEADER_BYTES as u64;
            self.go(self.next, Spot { segment: self.at.segment + 1, offset });
        }
        Ok(false)
    }

    fn header(&mut self) -> Result<Option<BlockHeader>, Error> {
        let Spot { offset, .. } = self.at;
        if offset < SEGMENT_HEADER_BYTES as u64 || !offset.is_multiple_of(ALIGN) {
            return Ok(None);
        }
        let bytes = self.read(offset, BLOCK_HEADER_BYTES)?;
        Ok(BlockHeader::read(&bytes))
    }

    fn read(&mut self, offset: u64, length: usize) -> Result<Vec<u8>, Error> {
        let path = segment::path(&self.data, self.at.segment);
        let file = match self.file.take() {
            Some(file) => file,
            None => self.disk.open(&path, Mode::Read).map_err(Error::io("open", &path))?,
        };
        let bytes = read_up_to(&*file, offset, length).map_err(Error::io("read", &path));
        self.file = Some(file);
        bytes
    }

    /// Looks for the block of the next entry: the segment by the headers, halving, and the block by
    /// walking through that one segment.
    fn find(&mut self) -> Result<(), Error> {
        let numbers = segment::numbers(&*self.disk, &self.data)?;
        let (mut low, mut high) = (0, numbers.len());
        while high - low > 1 {
            let middle = usize::midpoint(low, high);
            let header = SegmentHeader::load(&*self.disk, &self.data, numbers[middle]);
            // One that is just being made has no header yet, and no block that is durable.
            let begins = header.map_or(u64::MAX, |header| header.tree.size());
            if begins <= self.next { low = middle } else { high = middle }
        }
        let Some(&segment) = numbers.get(low) else {
            return Err(self.damaged("there is no segment"));
        };
        let mut scan = Scan::open(&*self.disk, &self.data, segment, None, None)?;
        while let Step::Block(offset, bytes) = scan.step()? {
            let Some(header) = BlockHeader::read(&bytes) else { break };
            if header.first + u64::from(header.count) > self.next {
                self.go(self.next, Spot { segment, offset });
                return Ok(());
            }
        }
        self.go(self.next, Spot { segment, offset: scan.at() });
        Err(self.damaged("an entry cannot be found"))
    }

    fn damaged(&self, what: &'static str) -> Error {
        let file = format!("log/{}", segment::name(self.at.segment));
        Error::Damaged(Damage::at(file, self.at.offset, what))
    }
}
