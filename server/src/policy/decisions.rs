//! Decisions read out of the log, whether a server runs on it or not.

use std::path::Path;
use std::sync::Arc;

use convoke_journal::disk::{Disk, RealDisk};
use convoke_journal::verify;
use convoke_model::policy::Decided;
use convoke_model::site::scripts::Scripts;
use convoke_model::{Millis, StreamId, meeting, site};
use convoke_wire::codec;
use convoke_wire::entry::EntryRef;

/// A decision and where it stands.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The stream.
    pub stream: StreamId,
    /// Its place there.
    pub seq: u64,
    /// When.
    pub at: Millis,
    /// What was decided.
    pub decided: Decided,
}

impl Kept {
    /// `88137455/1:4`
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}:{}", self.stream.to_string().replace('-', ""), self.seq)
    }
}

/// Everything that the log knows of policies.
#[derive(Default)]
pub struct Known {
    /// The decisions, as they lie in the log.
    pub decisions: Vec<Kept>,
    /// The scripts that were ever loaded.
    pub scripts: Scripts,
}

/// Reads the log of a folder.
///
/// # Errors
/// When it cannot be read at all.
pub fn read(data: &Path, since: Millis) -> Result<Known, String> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let mut known = Known::default();
    let visit = |_, entry: EntryRef<'_>| known.entry(&entry, since);
    verify::verify(&disk, data, |_| true, visit).map_err(|error| error.to_string())?;
    Ok(known)
}

impl Known {
    fn entry(&mut self, entry: &EntryRef<'_>, since: Millis) {
        let header = &entry.header;
        let stream = header.stream;
        let decided = if stream == StreamId::SITE {
            let Ok(record) = codec::decode::<site::Event>(entry) else { return };
            match record.event {
                site::Event::Scripts(event) => {
                    self.scripts.apply(&event);
                    None
                }
                site::Event::Policy(decided) => Some(*decided),
                site::Event::Accounts(_)
                | site::Event::Groups(_)
                | site::Event::Alarm(_)
                | site::Event::Settings(_)
                | site::Event::Rooms(_)
                | site::Event::Webhooks(_)
                | site::Event::Keys(_)
                | site::Event::Connections(_)
                | site::Event::Audit(_)
                | site::Event::Started { .. }
                | site::Event::Lost(_)
                | site::Event::Erased(_)
                | site::Event::Deed(_) => None,
            }
        } else if stream.session != 0 {
            match codec::decode::<meeting::Event>(entry).map(|record| record.event) {
                Ok(meeting::Event::Policy(decided)) => Some(*decided),
                Ok(_) | Err(_) => None,
            }
        } else {
            None
        };
        if let Some(decided) = decided.filter(|_| header.time >= since) {
            self.decisions.push(Kept { stream, seq: header.seq, at: header.time, decided });
        }
    }
}
