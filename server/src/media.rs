//! Where media is kept: one file per session, sealed in stretches that become facts.

use std::path::Path;

use convoke_model::meeting::recording::Command;
use convoke_model::{Millis, StreamId};

use crate::worker::Media;

/// The media folder of a data folder.
pub struct MediaFiles {}

impl MediaFiles {
    /// The media of this data folder.
    #[must_use]
    pub fn new(_root: &Path) -> Self {
        Self {}
    }
}

impl Media for MediaFiles {
    fn append(&self, _: StreamId, _: &[u8], _: Millis) -> std::io::Result<Vec<Command>> {
        Ok(Vec::new())
    }

    fn close(&self, _: StreamId) -> std::io::Result<Vec<Command>> {
        Ok(Vec::new())
    }
}
