//! A span: the bytes from a reader's position to the head, in as few slices as chunks allow.
#![expect(unsafe_code, reason = "a span walks chunks that a pin keeps alive")]

use std::io::IoSlice;
use std::marker::PhantomData;

use crate::chunk::{CHUNK_BYTES, Chunk, filled, following, lend};
use crate::frame;
use crate::memory::FileRange;

/// Bytes of a lane, valid while the pin and the lane handle live. Nothing is copied.
#[derive(Clone, Copy, Debug)]
pub struct Span<'a> {
    chunk: *const Chunk,
    start: u64,
    end: u64,
    kept_by: PhantomData<&'a [u8]>,
}

impl<'a> Span<'a> {
    pub(crate) fn empty(position: u64) -> Self {
        Self { chunk: std::ptr::null(), start: position, end: position, kept_by: PhantomData }
    }

    /// # Safety
    /// `chunk` holds `start`; it and the chunks after it up to `end` stay as they are for `'a`;
    /// `end` is an acquired head beyond `start`.
    pub(crate) unsafe fn new(chunk: *const Chunk, start: u64, end: u64) -> Self {
        Self { chunk, start, end, kept_by: PhantomData }
    }

    /// The reader's position.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The head as it was when the span was read: the end of a frame.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Bytes in the span.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::try_from(self.end - self.start).expect("a lane is smaller than memory")
    }

    /// Whether the reader has everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The bytes, one slice per chunk.
    #[must_use]
    pub fn slices(&self) -> Slices<'a> {
        Slices { chunk: self.chunk, at: self.start, end: self.end, kept_by: PhantomData }
    }

    /// The bytes as ranges of the pool's file, one per chunk, for `sendfile`: the socket keeps the
    /// pages and copies nothing. Their chunks get new pages before they are written again, which
    /// pays when many readers are sent the same. `None` for a chunk that is in no file.
    pub fn lend(&self) -> impl Iterator<Item = Option<FileRange>> {
        let mut left = self.slices();
        std::iter::from_fn(move || {
            let (chunk, offset, len) = left.stretch()?;
            // SAFETY: as for the bytes themselves, in `Slices::next`.
            Some(unsafe { lend(chunk, offset, len) })
        })
    }

    /// Adds the slices to a vectored write until it holds `slices_max`, and tells the bytes added.
    pub fn gather(&self, into: &mut Vec<IoSlice<'a>>, slices_max: usize) -> usize {
        let mut bytes = 0;
        let free = slices_max.saturating_sub(into.len());
        for slice in self.slices().take(free) {
            bytes += slice.len();
            into.push(IoSlice::new(slice));
        }
        bytes
    }

    /// After a write that took only `sent` bytes of this span: appends what is missing of the frame
    /// that was cut to `rest`, and tells where the next frame starts. With the rest kept by the
    /// connection, its position stays on a frame start, and it may jump or change lanes as it
    /// likes. The span must begin at a frame start. Walks the frames sent, so its cost is theirs.
    pub fn rest_of_frame(&self, sent: usize, rest: &mut Vec<u8>) -> u64 {
        let sent = self.start + (sent as u64).min(self.end - self.start);
        let mut next = self.start;
        let mut bytes = self.slices();
        while next < sent {
            let mut header = [0; frame::HEADER_BYTES_MAX];
            bytes.skip_to(next);
            let peeked = bytes.clone().copy_to(&mut header);
            let Some(frame_len) = frame::length(&header[..peeked]) else { break };
            next += frame_len;
        }
        if next > sent {
            bytes = self.slices();
            bytes.skip_to(sent);
            bytes.end = next;
            bytes.for_each(|slice| rest.extend_from_slice(slice));
        }
        next
    }
}

impl<'a> IntoIterator for Span<'a> {
    type Item = &'a [u8];
    type IntoIter = Slices<'a>;

    fn into_iter(self) -> Slices<'a> {
        self.slices()
    }
}

/// The slices of a [`Span`], from front to back.
#[derive(Clone, Debug)]
pub struct Slices<'a> {
    chunk: *const Chunk,
    at: u64,
    end: u64,
    kept_by: PhantomData<&'a [u8]>,
}

impl Slices<'_> {
    /// Moves forward to `position`, which is not behind.
    fn skip_to(&mut self, position: u64) {
        let last = position.min(self.end);
        while self.at < last {
            let step = (last - self.at).min(left_in_chunk(self.at));
            self.advance(step);
        }
    }

    /// Moves by at most what is left in the chunk.
    fn advance(&mut self, bytes: u64) {
        let leaves = bytes == left_in_chunk(self.at);
        self.at += bytes;
        if leaves && self.at < self.end {
            // SAFETY: the chunk is kept for `'a` and the acquired head lies beyond it.
            self.chunk = unsafe { following(self.chunk) };
        }
    }

    /// What lies in the next chunk: the chunk, where in it, and how many bytes.
    fn stretch(&mut self) -> Option<(*const Chunk, usize, usize)> {
        if self.at == self.end {
            return None;
        }
        let chunk = self.chunk;
        let offset = (self.at % CHUNK_BYTES as u64) as usize;
        let len = (self.end - self.at).min(left_in_chunk(self.at));
        self.advance(len);
        Some((chunk, offset, len as usize))
    }

    fn copy_to(self, into: &mut [u8]) -> usize {
        let mut copied = 0;
        for slice in self {
            let step = slice.len().min(into.len() - copied);
            into[copied..copied + step].copy_from_slice(&slice[..step]);
            copied += step;
            if copied == into.len() {
                break;
            }
        }
        copied
    }
}

impl<'a> Iterator for Slices<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (chunk, offset, len) = self.stretch()?;
        // SAFETY: the span's maker promised that the chunk stays for `'a` and that all below `end`
        // is filled; the stretch stays within both the chunk and the span.
        Some(unsafe { filled(chunk, offset, len) })
    }
}

fn left_in_chunk(position: u64) -> u64 {
    CHUNK_BYTES as u64 - position % CHUNK_BYTES as u64
}
