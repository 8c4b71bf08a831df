//! How far a receiver was told: one small file for each, made durable after every call that went
//! well. Without it, or with one that is not of this log, everything since the webhook was added is
//! told again, under the same names.

use std::io;
use std::path::{Path, PathBuf};

use convoke_model::{Millis, Position, StreamId, WebhookId};
use serde::{Deserialize, Serialize};

use crate::folder::write_private;

/// Where a receiver stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// Place in the node's order of the next entry.
    pub next: u64,
    /// The entry in front of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<(StreamId, Position)>,
    /// How often the next event was tried without success.
    pub failures: u32,
    /// When it is tried again; 0 for at once.
    pub retry_at: Millis,
    /// What went wrong the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Place {
    /// Before the entry at `next`, with nothing tried.
    pub(super) fn at(next: u64, last: Option<(StreamId, Position)>) -> Self {
        Self { next, last, ..Self::default() }
    }

    /// What was noted; nothing when there is no note that can be read.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn load(folder: &Path, webhook: WebhookId) -> io::Result<Option<Self>> {
        match std::fs::read(path(folder, webhook)) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Notes it. When this returns, a power cut cannot bring the old one back.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn save(&self, folder: &Path, webhook: WebhookId) -> io::Result<()> {
        let bytes = serde_json::to_vec(self)?;
        let path = path(folder, webhook);
        match write_private(&path, &bytes) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                std::fs::create_dir_all(folder)?;
                write_private(&path, &bytes)
            }
            done => done,
        }
    }

    /// Takes the note away.
    pub(super) fn forget(folder: &Path, webhook: WebhookId) {
        // One that stays is of a number that is never given again.
        let _ = std::fs::remove_file(path(folder, webhook));
    }
}

fn path(folder: &Path, webhook: WebhookId) -> PathBuf {
    folder.join(format!("{webhook}.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_read_and_a_broken_note_is_none() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (folder, one) = (dir.path().join("webhooks"), WebhookId(1));
        assert_eq!(Place::load(&folder, one).expect("readable"), None);
        let last = Some((StreamId::SITE, Position { epoch: 2, seq: 9 }));
        let place = Place { failures: 2, retry_at: Millis(7), ..Place::at(12, last) };
        place.save(&folder, one).expect("written");
        assert_eq!(Place::load(&folder, one).expect("readable"), Some(place));
        std::fs::write(path(&folder, one), b"{\"next\":").expect("written");
        assert_eq!(Place::load(&folder, one).expect("readable"), None);
        Place::forget(&folder, one);
        Place::forget(&folder, one);
        assert_eq!(Place::load(&folder, one).expect("readable"), None);
    }
}
