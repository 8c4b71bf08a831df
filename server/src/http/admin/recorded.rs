//! How much of a session's recording is of which track: read off the media file, message by
//! message, without looking at pictures or sound.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use convoke_journal::disk::RealDisk;
use convoke_journal::media::{self, FRAME_HEADER_BYTES, MediaReader};
use convoke_model::{StreamId, TrackId};
use convoke_wire::media::{HEADER_BYTES, MediaHeader};

/// Messages that are passed over between two looks at the clock.
const STRIDE: usize = 4096;

/// Bytes of the file by track. Nothing when the file cannot be read, or not in time.
pub(super) fn by_track(
    data: &Path,
    session: StreamId,
    deadline: Instant,
) -> Option<BTreeMap<TrackId, u64>> {
    let mut sizes = BTreeMap::new();
    if !media::path(data, session).exists() {
        return None;
    }
    let mut reader = MediaReader::open(&RealDisk, data, session).ok()?;
    loop {
        if Instant::now() > deadline {
            return None;
        }
        for _ in 0..STRIDE {
            let Some((length, start)) = reader.skip_frame::<HEADER_BYTES>().ok()? else {
                return Some(sizes);
            };
            if let Some(header) = MediaHeader::read(&start) {
                let bytes = u64::try_from(FRAME_HEADER_BYTES + length).unwrap_or(u64::MAX);
                let sum = sizes.entry(header.track).or_default();
                *sum = u64::saturating_add(*sum, bytes);
            }
        }
    }
}
