//! The log in segment files: the truth. Opening recovers what is there; see docs/LOG.md.

mod append;
mod erase;
mod quarantine;
mod read;
mod recover;
mod shared;
mod upkeep;
mod witnessing;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use append::Segments;
pub use quarantine::{Loss, Quarantine, Reason, StreamLoss};

use crate::Error;
use crate::disk::{Disk, RealDisk};
use crate::segment;

/// How a log is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// The data folder.
    pub data: PathBuf,
    /// The disk it lies on.
    pub disk: Arc<dyn Disk>,
    /// A segment is closed before it grows beyond this many bytes.
    pub segment_bytes: u64,
    /// Whether there is an index in fjall; it lies on the real disk, whatever `disk` is.
    pub index: bool,
    /// Whether witness, index and checkpoints are written by threads. Without, the witness is
    /// written in front of the next append and the others when asked, so that tests can be
    /// repeated.
    pub background: bool,
    /// Seed of the node's key when there is none yet; random when `None`.
    pub node_seed: Option<[u8; 32]>,
}

impl Options {
    /// As a server opens its data folder: 64 MiB segments, index, threads.
    #[must_use]
    pub fn new(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            disk: Arc::new(RealDisk),
            segment_bytes: 64 << 20,
            index: true,
            background: true,
            node_seed: None,
        }
    }

    /// For tests: this disk, small segments, no index, no threads, a fixed key.
    #[must_use]
    pub fn quiet(data: &Path, disk: Arc<dyn Disk>, segment_bytes: u64) -> Self {
        let data = data.to_owned();
        let node_seed = Some([7; 32]);
        Self { data, disk, segment_bytes, index: false, background: false, node_seed }
    }
}

/// What opening found.
#[derive(Debug)]
pub enum Opened {
    /// The log is whole and may be written.
    Ready(Segments),
    /// Something that was durable is missing or damaged: read-only until somebody decides.
    Quarantined(Quarantine),
}

/// Opens the log of a data folder for writing, as its only writer. A new folder gets an empty log.
///
/// # Errors
/// `InUse`, `NewerFormat`, or what the disk said. Damage is not an error but `Quarantined`.
pub fn open(options: &Options) -> Result<Opened, Error> {
    let disk = &*options.disk;
    let folders = ["log", "checkpoints", "keys", "quarantine", "media"];
    for folder in folders.map(|name| options.data.join(name)) {
        disk.create_folder(&folder).map_err(Error::io("create", &folder))?;
    }
    let path = options.data.join("lock");
    let lock = disk.lock(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::WouldBlock => Error::InUse(options.data.clone()),
        _ => Error::io("lock", &path)(error),
    })?;
    let recovered = recover::recover(options)?;
    match recovered.reason {
        None => Ok(Opened::Ready(Segments::start(options, recovered, lock)?)),
        Some(_) => Ok(Opened::Quarantined(Quarantine::new(options.clone(), recovered, lock))),
    }
}

/// Moves `bytes` of a file that are not part of the log into the quarantine folder.
fn keep_aside(options: &Options, name: &str, bytes: &[u8]) -> Result<(), Error> {
    use crate::disk::{Mode, write_file};
    let folder = options.data.join("quarantine");
    let disk = &*options.disk;
    let taken = disk.list(&folder).map_err(Error::io("list", &folder))?;
    let free = (0..).map(|n| format!("{name}.{n}")).find(|name| !taken.contains(name));
    let path = folder.join(free.unwrap_or_else(|| name.to_owned()));
    write_file(disk, &path, bytes, Mode::New).map_err(Error::io("write", &path))
}

/// The name of a segment file within the data folder.
fn shown(number: u64) -> String {
    format!("log/{}", segment::name(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{fact, stream};
    use crate::journal::Journal;

    #[test]
    fn an_index_that_fails_while_the_log_is_written_is_built_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut options = Options::new(folder.path());
        options.background = false;
        let Opened::Ready(mut log) = open(&options).expect("a new folder") else { panic!("new") };
        for seq in 1..=30 {
            log.append(&[&fact(stream(1), 1, seq, 50)]).expect("it is the next");
            if seq % 7 == 0 {
                log.tidy().expect("room");
            }
            if seq == 15 {
                log.shared.index.as_ref().expect("there is one").lose();
                let run = log.reader().read(stream(1), 1, usize::MAX).expect("searched for");
                assert_eq!(run.entries.len(), 15);
            }
        }
        Box::new(log).close().expect("in order");
        let (index, known) = crate::index::Index::open(&folder.path().join("index"));
        assert_eq!(known.expect("it holds together").0.size, 30);
        for seq in 1..=30 {
            assert_eq!(index.find(stream(1), seq).map(|line| line.first), Some(seq));
        }
    }
}
