//! What the people of each meeting were told last, kept over restarts: a letter is noted once the
//! mail server has it, so that one is sent twice at worst, and none is forgotten.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use convoke_model::site::accounts::Email;
use convoke_model::{MeetingId, Millis};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::folder::write_private;

/// The state of a meeting that somebody was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Version {
    /// How often its plan had been changed.
    pub(super) changes: u32,
    /// Whether it was called off.
    pub(super) cancelled: bool,
}

/// What was told of one meeting.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Told {
    /// By person; a person is a digest of the address, which has no business in another file.
    people: BTreeMap<String, Version>,
    /// The beginning of the meeting that each was reminded of last, in ms.
    reminded: BTreeMap<String, u64>,
}

/// The file.
pub(super) struct Ledger {
    path: PathBuf,
    meetings: BTreeMap<u32, Told>,
    changed: bool,
}

impl Ledger {
    /// Opens it. `None` for a file that is not there yet: nobody was told anything by letter.
    pub(super) fn open(path: PathBuf) -> io::Result<(Self, bool)> {
        let (meetings, was_there) = match std::fs::read(&path) {
            Ok(bytes) => (serde_json::from_slice(&bytes).map_err(io::Error::other)?, true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (BTreeMap::new(), false),
            Err(error) => return Err(error),
        };
        Ok((Self { path, meetings, changed: !was_there }, was_there))
    }

    /// What somebody was told.
    pub(super) fn version(&self, meeting: MeetingId, who: &Email) -> Option<Version> {
        self.meetings.get(&meeting.number())?.people.get(&digest(who)).copied()
    }

    /// Notes what somebody was told.
    pub(super) fn told(&mut self, meeting: MeetingId, who: &Email, version: Version) {
        let told = self.meetings.entry(meeting.number()).or_default();
        told.people.insert(digest(who), version);
        self.changed = true;
    }

    /// Whether somebody was reminded of the meeting that begins then.
    pub(super) fn is_reminded(&self, meeting: MeetingId, who: &Email, begins: Millis) -> bool {
        let told = self.meetings.get(&meeting.number());
        told.and_then(|told| told.reminded.get(&digest(who))) == Some(&begins.0)
    }

    /// Notes that somebody was reminded.
    pub(super) fn reminded(&mut self, meeting: MeetingId, who: &Email, begins: Millis) {
        let told = self.meetings.entry(meeting.number()).or_default();
        told.reminded.insert(digest(who), begins.0);
        self.changed = true;
    }

    /// Writes what changed.
    pub(super) fn save(&mut self) -> io::Result<()> {
        if self.changed {
            let bytes = serde_json::to_vec(&self.meetings).map_err(io::Error::other)?;
            write_private(&self.path, &bytes)?;
            self.changed = false;
        }
        Ok(())
    }
}

fn digest(who: &Email) -> String {
    let hash = Sha256::digest(who.as_str().as_bytes());
    hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_known_after_a_restart_and_names_nobody() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("told.json");
        let ann = Email::new("ann@example.org").expect("an address");
        let meeting = MeetingId::new(88_137_455).expect("eight digits");
        let (mut ledger, was_there) = Ledger::open(path.clone()).expect("opens");
        assert!(!was_there && ledger.version(meeting, &ann).is_none());
        let version = Version { changes: 2, cancelled: true };
        ledger.told(meeting, &ann, version);
        ledger.reminded(meeting, &ann, Millis(5));
        ledger.save().expect("saved");
        let (again, was_there) = Ledger::open(path.clone()).expect("opens");
        assert!(was_there && again.version(meeting, &ann) == Some(version));
        assert!(again.is_reminded(meeting, &ann, Millis(5)));
        assert!(!again.is_reminded(meeting, &ann, Millis(6)));
        let bytes = std::fs::read_to_string(path).expect("there");
        assert!(!bytes.contains("ann") && !bytes.contains("example"));
    }
}
