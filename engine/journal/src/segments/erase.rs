//! Erasure in place: the payload becomes zeros, chain and tree stay as they are.

use convoke_model::StreamId;
use convoke_wire::entry::HEADER_BYTES;

use super::append::Segments;
use crate::block::Block;
use crate::disk::{Mode, write_all};
use crate::segment;
use crate::{Damage, Error};

impl Segments {
    /// Overwrites the payload of one entry with zeros, durably, in place. The `Erased` fact that
    /// covers the hole is the caller's to append.
    ///
    /// # Errors
    /// `Damaged` when the entry cannot be found, or what the disk said.
    pub fn erase(&mut self, stream: StreamId, seq: u64) -> Result<(), Error> {
        // A hole behind the witness would look like a write that never finished.
        self.witnessing.flush()?;
        let payload_in = |bytes: &[u8]| {
            let block = Block::read(bytes).ok()?;
            let is_it =
                |header: &convoke_wire::entry::Header| header.stream == stream && header.seq == seq;
            let placed = block.entries.iter().find(|placed| is_it(&placed.entry.header))?;
            Some((placed.at + HEADER_BYTES, placed.entry.payload().len()))
        };
        let quick = self.shared.find(stream, seq).and_then(|line| {
            let place = payload_in(&self.shared.block_at(&line).ok()?)?;
            Some((line, place))
        });
        let found = match quick {
            Some(found) => Some(found),
            None => self
                .shared
                .search(stream, seq)?
                .and_then(|(line, bytes)| Some((line, payload_in(&bytes)?))),
        };
        let (line, (at, length)) = found.ok_or_else(|| {
            let damage = Damage::at("log", 0, "the entry to erase cannot be found");
            Error::Damaged(damage.of(stream, seq, seq))
        })?;
        let path = segment::path(&self.options.data, line.segment);
        let file = self.options.disk.open(&path, Mode::Write).map_err(Error::io("open", &path))?;
        write_all(&*file, &vec![0; length], line.offset + at as u64)
            .map_err(Error::io("write", &path))?;
        file.sync_data().map_err(Error::io("sync", &path))
    }
}
