//! Walking the blocks of one segment file, in order, without an index.

use std::path::Path;

use crate::Error;
use crate::block::{ALIGN, BLOCK_HEADER_BYTES, BlockHeader, aligned};
use crate::disk::{Disk, DiskFile, Mode, read_up_to};
use crate::segment::{self, SEGMENT_HEADER_BYTES};

/// Bytes read ahead.
const WINDOW: usize = 1 << 20;

/// What comes next in a segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Bytes of a block whose header is whole.
    Block(u64, Vec<u8>),
    /// Nothing more: zeros, or the end of the file.
    End(u64),
    /// Something that is not a block.
    Bad(u64),
}

/// A walk over one segment file.
pub(crate) struct Scan {
    file: Box<dyn DiskFile>,
    window: Vec<u8>,
    window_at: u64,
    at: u64,
    end: u64,
}

impl Scan {
    /// Opens segment `number`; `end` is where its blocks end, where that is known.
    pub(crate) fn open(
        disk: &dyn Disk,
        data: &Path,
        number: u64,
        from: Option<u64>,
        end: Option<u64>,
    ) -> Result<Self, Error> {
        let path = segment::path(data, number);
        let file = disk.open(&path, Mode::Read).map_err(Error::io("open", &path))?;
        let length = file.length().map_err(Error::io("read", &path))?;
        let at = from.unwrap_or(SEGMENT_HEADER_BYTES as u64);
        let end = end.unwrap_or(length).min(length);
        Ok(Self { file, window: Vec::new(), window_at: 0, at, end })
    }

    /// Bytes `at..at + length`, fewer at the end.
    fn bytes(&mut self, at: u64, length: usize) -> Result<&[u8], Error> {
        let length = length.min(usize::try_from(self.end.saturating_sub(at)).unwrap_or(usize::MAX));
        let have = self.window_at..self.window_at + self.window.len() as u64;
        if !(have.start <= at && at + length as u64 <= have.end) {
            let most = WINDOW.max(length);
            self.window = read_up_to(&*self.file, at, most)
                .map_err(Error::io("read", Path::new("a segment")))?;
            self.window_at = at;
        }
        let from = (at - self.window_at) as usize;
        let to = (from + length).min(self.window.len());
        Ok(&self.window[from.min(to)..to])
    }

    /// The next block, or why there is none. Moves on after a block only.
    pub(crate) fn step(&mut self) -> Result<Step, Error> {
        let at = self.at;
        let head = self.bytes(at, BLOCK_HEADER_BYTES)?;
        if let Some(header) = BlockHeader::read(head) {
            let bytes = self.bytes(at, header.length)?.to_vec();
            self.at = aligned(at + header.length as u64);
            return Ok(Step::Block(at, bytes));
        }
        let zeros = head.iter().all(|&byte| byte == 0);
        if zeros && self.rest_is_zero()? { Ok(Step::End(at)) } else { Ok(Step::Bad(at)) }
    }

    /// Everything from here to the end of the file.
    pub(crate) fn rest(&mut self, at: u64) -> Result<Vec<u8>, Error> {
        let length = usize::try_from(self.end.saturating_sub(at)).unwrap_or(usize::MAX);
        Ok(self.bytes(at, length)?.to_vec())
    }

    /// After something bad: moves to the next whole block header, if there is one.
    pub(crate) fn resync(&mut self, at: u64) -> Result<bool, Error> {
        let mut at = at + ALIGN;
        while at < self.end {
            if BlockHeader::read(self.bytes(at, BLOCK_HEADER_BYTES)?).is_some() {
                self.at = at;
                return Ok(true);
            }
            at += ALIGN;
        }
        Ok(false)
    }

    /// Where the next step begins.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// Whether nothing but zeros follows.
    pub(crate) fn holds_nothing(&mut self) -> Result<bool, Error> {
        self.rest_is_zero()
    }

    fn rest_is_zero(&mut self) -> Result<bool, Error> {
        let mut at = self.at;
        while at < self.end {
            let piece = self.bytes(at, WINDOW)?;
            if piece.is_empty() || piece.iter().any(|&byte| byte != 0) {
                return Ok(piece.is_empty());
            }
            at += piece.len() as u64;
        }
        Ok(true)
    }
}
