//! The check in front of every append: whole entries, of this epoch, each the next of its stream.

use std::collections::BTreeMap;

use convoke_model::StreamId;
use convoke_wire::Hash;
use convoke_wire::entry::{self, EntryRef};

use crate::Refused;
use crate::block::{BLOCK_BYTES_MAX, BLOCK_HEADER_BYTES, DIRECTORY_BYTES};
use crate::journal::Tail;

/// What a batch of entries adds to a log.
#[derive(Debug, Default)]
pub(crate) struct Admitted {
    /// The leaves of its entries.
    pub(crate) leaves: Vec<Hash>,
    /// New ends of the streams they belong to, with the seq of the first one and their number.
    pub(crate) tails: BTreeMap<StreamId, (Tail, u64, u32)>,
}

/// Checks a batch against the tails that `tail_of` knows.
pub(crate) fn admit(
    parts: &[&[u8]],
    epoch: u32,
    tail_of: impl Fn(StreamId) -> Tail,
) -> Result<Admitted, Refused> {
    let mut admitted = Admitted::default();
    let mut bytes = 0;
    for part in parts {
        let mut rest = *part;
        // The entries of a part are mostly of one stream: its end is looked up once for all.
        let mut last: Option<(StreamId, &mut (Tail, u64, u32))> = None;
        while !rest.is_empty() {
            let one = EntryRef::read(rest)
                .map_err(|_| Refused::Malformed(bytes + part.len() - rest.len()))?;
            let header = &one.header;
            if header.epoch != epoch {
                return Err(Refused::Epoch { expected: epoch, found: header.epoch });
            }
            let stream = header.stream;
            let end = match last.take().filter(|(of, _)| *of == stream) {
                Some((_, end)) => end,
                None => {
                    admitted.tails.entry(stream).or_insert_with(|| (tail_of(stream), header.seq, 0))
                }
            };
            let (tail, _, count) = &mut *end;
            if header.seq != tail.seq + 1 {
                let (expected, found) = (tail.seq + 1, header.seq);
                return Err(Refused::NotNext { stream, expected, found });
            }
            let leaf = one.leaf();
            *tail = Tail { seq: header.seq, hash: entry::chain(&tail.hash, &leaf) };
            *count += 1;
            admitted.leaves.push(leaf);
            rest = &rest[one.bytes.len()..];
            last = Some((stream, end));
        }
        bytes += part.len();
    }
    let directory = admitted.leaves.len() * DIRECTORY_BYTES;
    let size = BLOCK_HEADER_BYTES + bytes + directory;
    if admitted.leaves.is_empty() || size > BLOCK_BYTES_MAX {
        return Err(Refused::Size(size));
    }
    Ok(admitted)
}
