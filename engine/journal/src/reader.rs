//! Reading segment files without an index, a lock or a server: what an auditor does, also while a
//! server writes. Blocks that are whole are given out; an unfinished one at the end is not there
//! yet.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::block::Block;
use crate::disk::{Disk, RealDisk};
use crate::scan::{Scan, Step};
use crate::segment::{self, SegmentHeader};
use crate::{Damage, Error};

/// Walks all blocks of a data folder in the node's order.
pub struct SegmentReader {
    disk: Arc<dyn Disk>,
    data: PathBuf,
    number: u64,
    /// Where the next block begins; 0 in front of the segment's header.
    at: u64,
    /// The open segment, and where it ends if a later one says so.
    open: Option<(Scan, Option<u64>)>,
}

/// A block as it lies in its segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawBlock {
    /// The segment's number.
    pub segment: u64,
    /// Its first byte there.
    pub offset: u64,
    /// Its bytes; `Block::read` gives its entries. Payloads are not checked.
    pub bytes: Vec<u8>,
}

impl RawBlock {
    /// Its entries.
    ///
    /// # Errors
    /// `Damaged` when it is.
    pub fn block(&self) -> Result<Block<'_>, Error> {
        let file = || format!("log/{}", segment::name(self.segment));
        Block::read(&self.bytes)
            .map_err(|what| Error::Damaged(Damage::at(file(), self.offset, what)))
    }
}

impl SegmentReader {
    /// From the beginning of the log in a data folder.
    #[must_use]
    pub fn open(data: &Path) -> Self {
        Self::on(Arc::new(RealDisk), data)
    }

    /// The same on any disk.
    #[must_use]
    pub fn on(disk: Arc<dyn Disk>, data: &Path) -> Self {
        Self { disk, data: data.to_owned(), number: 1, at: 0, open: None }
    }

    /// The next block; `None` at the end, and later calls look again.
    ///
    /// # Errors
    /// `Damaged` (call `skip_damage` to go on behind it), `NewerFormat`, or what the disk said.
    pub fn next_block(&mut self) -> Result<Option<RawBlock>, Error> {
        loop {
            let Some((mut scan, end)) = self.open.take() else {
                if !self.open_segment()? {
                    return Ok(None);
                }
                continue;
            };
            let what = match scan.step()? {
                Step::Block(offset, bytes) => {
                    let unfinished = end.is_none() && Block::read(&bytes).is_err();
                    if unfinished && scan.holds_nothing()? {
                        return Ok(None);
                    }
                    self.at = scan.at();
                    self.open = Some((scan, end));
                    return Ok(Some(RawBlock { segment: self.number, offset, bytes }));
                }
                Step::End(_) if end.is_none() => match self.end()? {
                    Some(_) => continue, // A later segment has been begun meanwhile.
                    None => return Ok(None),
                },
                Step::End(at) if end == Some(at) => {
                    (self.number, self.at) = (self.number + 1, 0);
                    continue;
                }
                Step::Bad(at) if end.is_none() && !scan.resync(at)? => return Ok(None),
                Step::Bad(_) => "not a block",
                Step::End(_) => "a segment is cut short",
            };
            return Err(Error::Damaged(Damage::at(self.file(), self.at, what)));
        }
    }

    /// After `Damaged`: moves to the next whole block header, or to the next segment.
    ///
    /// # Errors
    /// What the disk said.
    pub fn skip_damage(&mut self) -> Result<(), Error> {
        self.open = None;
        let begin = segment::SEGMENT_HEADER_BYTES as u64;
        let behind_header = self.at == 0;
        let from = self.at.max(begin);
        let end = self.end()?;
        if let Ok(mut scan) = Scan::open(&*self.disk, &self.data, self.number, Some(from), end) {
            let first = behind_header && matches!(scan.step()?, Step::Block(..));
            if first || scan.resync(from)? {
                self.at = if first { begin } else { scan.at() };
                return Ok(());
            }
        }
        (self.number, self.at) = (self.number + 1, 0);
        Ok(())
    }

    /// The segment of the next block, and its byte there (0: in front of the segment's header).
    #[must_use]
    pub fn position(&self) -> (u64, u64) {
        (self.number, self.at)
    }

    fn file(&self) -> String {
        format!("log/{}", segment::name(self.number))
    }

    /// Opens the segment at `number`; `false` when it is not there yet.
    fn open_segment(&mut self) -> Result<bool, Error> {
        let end = self.end()?;
        if self.at == 0 {
            let numbers = segment::numbers(&*self.disk, &self.data)?;
            if numbers.last().is_none_or(|&last| last < self.number) {
                return Ok(false);
            }
            if !numbers.contains(&self.number) {
                let what = "a segment is missing";
                return Err(Error::Damaged(Damage::at(self.file(), 0, what)));
            }
            match SegmentHeader::load(&*self.disk, &self.data, self.number) {
                Ok(_) => self.at = segment::SEGMENT_HEADER_BYTES as u64,
                Err(Error::Damaged(damage)) => {
                    let mut scan = Scan::open(&*self.disk, &self.data, self.number, None, None)?;
                    if end.is_none() && scan.holds_nothing()? {
                        return Ok(false); // It is just being made.
                    }
                    return Err(Error::Damaged(damage));
                }
                Err(error) => return Err(error),
            }
        }
        let scan = Scan::open(&*self.disk, &self.data, self.number, Some(self.at), end)?;
        self.open = Some((scan, end));
        Ok(true)
    }

    /// Where the current segment ends, as the next one says.
    fn end(&self) -> Result<Option<u64>, Error> {
        match SegmentHeader::load(&*self.disk, &self.data, self.number + 1) {
            Ok(next) => Ok(Some(next.previous_end)),
            Err(error @ Error::NewerFormat { .. }) => Err(error),
            Err(_) => Ok(None),
        }
    }
}
