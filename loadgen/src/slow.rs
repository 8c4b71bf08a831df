//! Reading at a trickle: so many bytes a second, and no more.

use crate::clock::Micros;

/// A moment's worth of bytes is read at once.
const MOMENTS_A_SECOND: usize = 20;
/// What a slow reader lets its kernel take in advance.
pub(crate) const RECEIVE_BUFFER_BYTES: usize = 4096;

#[derive(Debug)]
pub(crate) struct Trickle {
    bytes_per_s: u32,
    next: Micros,
}

impl Trickle {
    pub(crate) fn new(bytes_per_s: u32) -> Self {
        Self { bytes_per_s, next: 0 }
    }

    /// Bytes that may be read now, or when some may.
    pub(crate) fn room(&self, now: Micros) -> Result<usize, Micros> {
        if now < self.next {
            return Err(self.next);
        }
        Ok((self.bytes_per_s as usize / MOMENTS_A_SECOND).clamp(1, 64 * 1024))
    }

    /// So many bytes were read.
    pub(crate) fn took(&mut self, bytes: usize, now: Micros) {
        let time = bytes as u64 * 1_000_000 / u64::from(self.bytes_per_s);
        self.next = self.next.max(now) + time;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_read_than_allowed() {
        let mut trickle = Trickle::new(20_000);
        let (mut now, mut read) = (1, 0);
        while now < 10_000_000 {
            match trickle.room(now) {
                Ok(bytes) => {
                    trickle.took(bytes, now);
                    read += bytes;
                }
                Err(later) => now = later,
            }
        }
        assert!((199_000..=201_000).contains(&read), "{read} bytes in 10 s");
    }
}
