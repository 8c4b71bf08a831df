//! One contiguous ring of ready frames; a position is bytes since the start and never repeats.

use convoke_peers::frame;

/// Small enough to stay in a cache, large enough that nobody waits for the slowest all the time.
pub(crate) const RING_BYTES: usize = 4 << 20;

pub(crate) struct Ring {
    bytes: Vec<u8>,
    pub(crate) head: u64,
}

impl Ring {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0; RING_BYTES], head: 0 }
    }

    /// Appends a message as a frame that is ready to be sent.
    pub(crate) fn append(&mut self, payload: &[u8]) {
        let (header, len) = frame::header(2, payload.len(), false);
        self.put(&header[..len]);
        self.put(payload);
    }

    fn put(&mut self, bytes: &[u8]) {
        let at = index(self.head);
        let first = bytes.len().min(RING_BYTES - at);
        self.bytes[at..at + first].copy_from_slice(&bytes[..first]);
        self.bytes[..bytes.len() - first].copy_from_slice(&bytes[first..]);
        self.head += bytes.len() as u64;
    }

    /// Everything between two positions: two pieces where the ring wraps.
    pub(crate) fn between(&self, from: u64, to: u64) -> [&[u8]; 2] {
        let (at, len) = (index(from), usize::try_from(to - from).unwrap_or(RING_BYTES));
        let first = len.min(RING_BYTES - at);
        [&self.bytes[at..at + first], &self.bytes[..len - first]]
    }

    /// Where the frame at `from` ends.
    pub(crate) fn frame_end(&self, from: u64) -> u64 {
        let mut start = Vec::with_capacity(10);
        let [first, second] = self.between(from, self.head.min(from + 10));
        start.extend_from_slice(first);
        start.extend_from_slice(second);
        let (len, header) = match start.get(1).copied().unwrap_or(0) {
            126 => (u64::from(u16::from_be_bytes([start[2], start[3]])), 4),
            127 => (start[2..10].iter().fold(0, |len, byte| len << 8 | u64::from(*byte)), 10),
            len => (u64::from(len), 2),
        };
        from + header + len
    }
}

fn index(position: u64) -> usize {
    usize::try_from(position % RING_BYTES as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_the_end_of_the_ring() {
        let mut ring = Ring::new();
        ring.head = RING_BYTES as u64 - 60;
        for len in [100, 70_000] {
            let from = ring.head;
            let payload: Vec<u8> = (0..len).map(|at| at as u8).collect();
            ring.append(&payload);
            assert_eq!(ring.frame_end(from), ring.head);
            let bytes = ring.between(from, ring.head).concat();
            assert_eq!(bytes[bytes.len() - len..], payload[..]);
        }
    }
}
