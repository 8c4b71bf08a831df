//! SHA-256 (FIPS 180-4) of what the log hashes: mostly a header, two digests or a short text. That
//! is put together with its padding on the stack and compressed in one go, without the buffer that
//! a stream of bytes needs.

use sha2::block_api::compress256;
use sha2::{Digest, Sha256};

use crate::entry::Hash;

const BLOCK_BYTES: usize = 64;
const BLOCKS: usize = 4;
/// What follows the bytes: a set bit, and their number of bits.
const PADDING_BYTES: usize = 1 + 8;
/// FIPS 180-4, section 5.3.3.
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// SHA-256 of `parts`, one after the other.
#[must_use]
pub fn of(parts: &[&[u8]]) -> Hash {
    let bytes: usize = parts.iter().map(|part| part.len()).sum();
    if bytes + PADDING_BYTES > BLOCKS * BLOCK_BYTES {
        let mut stream = Sha256::new();
        parts.iter().for_each(|part| stream.update(part));
        return stream.finalize().into();
    }
    let mut blocks = [[0; BLOCK_BYTES]; BLOCKS];
    let flat = blocks.as_flattened_mut();
    let mut at = 0;
    for part in parts {
        flat[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    flat[bytes] = 0x80;
    let used = (bytes + PADDING_BYTES).div_ceil(BLOCK_BYTES);
    let end = used * BLOCK_BYTES;
    flat[end - 8..end].copy_from_slice(&(bytes as u64 * 8).to_be_bytes());
    let mut state = INITIAL;
    compress256(&mut state, &blocks[..used]);
    let mut hash = Hash::default();
    let (words, _) = hash.as_chunks_mut::<4>();
    words.iter_mut().zip(state).for_each(|(bytes, word)| *bytes = word.to_be_bytes());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_hashed_as_by_the_stream() {
        let bytes: Vec<u8> = (0..600_u32).map(|at| (at * 7) as u8).collect();
        for len in 0..bytes.len() {
            let whole = Hash::from(Sha256::digest(&bytes[..len]));
            let (first, rest) = bytes[..len].split_at(len / 3);
            let (second, third) = rest.split_at(rest.len() / 2);
            assert_eq!(of(&[&bytes[..len]]), whole, "{len}");
            assert_eq!(of(&[first, second, third]), whole, "{len} in parts");
        }
    }
}
