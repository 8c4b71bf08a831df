//! The one writer of a lane: appends whole frames, marks, trims, closes, and waits for nobody.
#![expect(unsafe_code, reason = "the writer fills chunks that readers share, and uses them again")]

use std::collections::VecDeque;

use crate::chunk::{CHUNK_BYTES, Owned};
use crate::lane::{Lane, Shared, place};
use crate::sync::{Arc, Ordering};

const CHUNK: u64 = CHUNK_BYTES as u64;

/// Why a frame was not appended. Readers see nothing of it; only old frames may have made room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendError {
    /// The frame is longer than the whole lane may be.
    TooLong,
    /// The pool is at its bound and none of this lane's dropped chunks is free of pins yet.
    NoChunk,
    /// The lane was closed.
    Closed,
}

impl std::fmt::Display for AppendError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::TooLong => "the frame is longer than the lane may be",
            Self::NoChunk => "the pool of chunks is at its bound",
            Self::Closed => "the lane is closed",
        })
    }
}

impl std::error::Error for AppendError {}

/// Appends to a lane. There is one per lane; dropping it closes the lane.
pub struct LaneWriter {
    shared: Arc<Shared>,
    bytes_max: u64,
    head: u64,
    tail: u64,
    /// Chunks in the lane, oldest first; the first is of stretch `first`.
    held: VecDeque<Held>,
    first: u64,
    /// Dropped chunks with their tags, oldest first, until no pin is as old.
    retired: VecDeque<(u64, Owned)>,
}

struct Held {
    chunk: Owned,
    /// The first frame that starts in this chunk: where the lane may begin when the ones before go.
    frame: Option<u64>,
}

impl LaneWriter {
    pub(crate) fn new(shared: Arc<Shared>, bytes_max: usize) -> Self {
        Self {
            shared,
            bytes_max: bytes_max as u64,
            head: 0,
            tail: 0,
            held: VecDeque::new(),
            first: 0,
            retired: VecDeque::new(),
        }
    }

    /// Another handle for readers.
    #[must_use]
    pub fn lane(&self) -> Lane {
        Lane(self.shared.clone())
    }

    /// The position after the last frame.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.head
    }

    /// The position of the oldest frame.
    #[must_use]
    pub fn tail(&self) -> u64 {
        self.tail
    }

    /// Appends one complete frame, header included, given in parts, and returns where it starts.
    /// Readers see all of it or nothing. What would exceed the lane's bound is dropped from its old
    /// end first.
    ///
    /// # Errors
    /// See [`AppendError`]; nothing of the frame is visible then.
    pub fn append(&mut self, parts: &[&[u8]]) -> Result<u64, AppendError> {
        if self.shared.closed.load(Ordering::Relaxed) {
            return Err(AppendError::Closed);
        }
        let len = parts.iter().map(|part| part.len() as u64).sum::<u64>();
        if len > self.bytes_max {
            return Err(AppendError::TooLong);
        }
        if len == 0 {
            return Ok(self.head);
        }
        while self.head + len - self.tail > self.bytes_max {
            self.advance_tail(self.next_cut());
        }
        self.extend_to(self.head + len)?;

        let start = self.head;
        let mut at = start;
        for part in parts {
            at = self.copy(at, part);
        }
        let stretch = self.index(start);
        self.held[stretch].frame.get_or_insert(start);
        self.head = at;
        self.shared.head.0.store(at, Ordering::Release);
        Ok(start)
    }

    /// Marks a frame (by the position that [`Self::append`] returned) as a good place to begin.
    pub fn mark(&mut self, frame: u64) {
        debug_assert!((self.tail..=self.head).contains(&frame), "a mark lies in the lane");
        self.shared.mark.store(frame, Ordering::Release);
    }

    /// Drops everything before `frame`, a position that [`Self::append`] returned. Memory goes back
    /// a whole chunk at a time. Does nothing when the lane already begins later.
    pub fn trim_to(&mut self, frame: u64) {
        if frame > self.tail {
            self.advance_tail(frame.min(self.head));
        }
    }

    /// Drops everything, and the memory too: an idle lane costs no chunk.
    pub fn clear(&mut self) {
        self.advance_tail(self.head);
        self.drop_chunks(self.held.len());
        self.reclaim();
    }

    /// Gives dropped chunks that nobody can reach any more back to the pool. Appending and trimming
    /// do it too; only a lane that is left alone for long needs the call.
    pub fn reclaim(&mut self) {
        if self.retired.is_empty() {
            return;
        }
        let oldest = self.shared.pool.pins().oldest();
        while let Some(chunk) = self.free_chunk(oldest) {
            // SAFETY: `free_chunk` hands out only what no pin can reach.
            unsafe { self.shared.pool.give(chunk) };
        }
    }

    /// Ends the lane: readers get what is there and then find it finished.
    pub fn close(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
    }

    /// Where the lane begins if its oldest chunk goes: at the first frame of a later chunk.
    fn next_cut(&self) -> u64 {
        let later = self.tail / CHUNK + 1;
        self.held
            .iter()
            .skip(
                usize::try_from(later.saturating_sub(self.first))
                    .expect("held chunks fit in memory"),
            )
            .find_map(|held| held.frame)
            .unwrap_or(self.head)
    }

    /// Moves the tail to `to`, which is a frame start, and drops the chunks before it.
    fn advance_tail(&mut self, to: u64) {
        self.tail = to;
        self.shared.tail.0.store(to, Ordering::Release);
        let gone = (to / CHUNK).saturating_sub(self.first);
        let gone = usize::try_from(gone).expect("held chunks fit in memory");
        self.drop_chunks(gone.min(self.held.len()));
    }

    fn drop_chunks(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        let places = self.shared.table.len();
        for stretch in self.first..self.first + count as u64 {
            // After the tail: whoever finds the place empty, or refilled, also finds the tail
            // raised.
            let empty = std::ptr::null_mut();
            self.shared.table[place(stretch, places)].store(empty, Ordering::Release);
        }
        let tag = self.shared.pool.pins().retire();
        self.retired.extend(self.held.drain(..count).map(|held| (tag, held.chunk)));
        self.first += count as u64;
    }

    /// Makes chunks up to the one that holds the byte before `end`.
    fn extend_to(&mut self, end: u64) -> Result<(), AppendError> {
        if self.held.is_empty() {
            self.first = self.head / CHUNK;
        }
        let places = self.shared.table.len();
        while (self.first + self.held.len() as u64) * CHUNK < end {
            // What readers find in a place relies on it, so it is checked in every build.
            assert!(self.held.len() < places, "the table has a place for every chunk");
            let chunk = self.take_chunk().ok_or(AppendError::NoChunk)?;
            let stretch = self.first + self.held.len() as u64;
            if let Some(last) = self.held.back() {
                last.chunk.link(&chunk);
            }
            self.shared.table[place(stretch, places)].store(chunk.as_ptr(), Ordering::Release);
            self.held.push_back(Held { chunk, frame: None });
        }
        Ok(())
    }

    fn take_chunk(&mut self) -> Option<Owned> {
        if self.retired.is_empty() {
            return self.shared.pool.take();
        }
        let oldest = self.shared.pool.pins().oldest();
        let Some(chunk) = self.free_chunk(oldest) else { return self.shared.pool.take() };
        while let Some(more) = self.free_chunk(oldest) {
            // SAFETY: `free_chunk` hands out only what no pin can reach.
            unsafe { self.shared.pool.give(more) };
        }
        // SAFETY: the same; the chunks of a lane are of its pool.
        let again = unsafe { chunk.recycle(self.shared.pool.memory()) };
        again.or_else(|| self.shared.pool.take())
    }

    /// The oldest dropped chunk, if no pin is as old as its drop (`oldest` is a fresh scan).
    fn free_chunk(&mut self, oldest: u64) -> Option<Owned> {
        let (tag, _) = self.retired.front()?;
        if *tag >= oldest {
            return None;
        }
        self.retired.pop_front().map(|(_, chunk)| chunk)
    }

    fn index(&self, position: u64) -> usize {
        usize::try_from(position / CHUNK - self.first).expect("held chunks fit in memory")
    }

    /// Copies `bytes` to `at`, over as many chunks as they take, and tells where they end.
    fn copy(&self, mut at: u64, mut bytes: &[u8]) -> u64 {
        while !bytes.is_empty() {
            let offset = (at % CHUNK) as usize;
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK_BYTES - offset));
            // SAFETY: `&mut self` in `append` makes this the only writer, and the range lies above
            // the head, which is stored only after the copy.
            unsafe { self.held[self.index(at)].chunk.write(offset, now) };
            at += now.len() as u64;
            bytes = later;
        }
        at
    }
}

impl Drop for LaneWriter {
    fn drop(&mut self) {
        self.close();
        self.reclaim();
        let held = self.held.drain(..).map(|held| held.chunk);
        let left = held.chain(self.retired.drain(..).map(|(_, chunk)| chunk));
        match self.shared.left.lock() {
            Ok(mut place) => place.extend(left),
            Err(poisoned) => poisoned.into_inner().extend(left),
        }
    }
}

impl std::fmt::Debug for LaneWriter {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "LaneWriter({}..{})", self.tail, self.head)
    }
}
