//! What can go wrong with the log, in words an operator can act on.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use convoke_model::StreamId;

/// Why an operation on the log did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system said no.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Another process writes to this data folder.
    #[error("{} is in use by another Convoke process; stop it first", .0.display())]
    InUse(PathBuf),
    /// Written by a newer Convoke.
    #[error(
        "{} has format version {found}, but this Convoke knows versions up to {known}; use the newer Convoke",
        path.display()
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The version it says.
        found: u32,
        /// The newest version this code reads.
        known: u32,
    },
    /// Something that was durable cannot be read as it was written.
    #[error("damaged: {0}")]
    Damaged(Damage),
    /// An earlier write or sync failed; nothing is accepted any more.
    #[error("the log is stopped after a storage error; restart the server")]
    Stopped,
    /// The bytes are not what this function reads.
    #[error("{0}")]
    Format(String),
}

impl Error {
    pub(crate) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}

/// A stretch of the log that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The stream, where it is known.
    pub stream: Option<StreamId>,
    /// First and last seq that cannot be read, where they are known.
    pub seqs: Option<(u64, u64)>,
    /// First and last place in the node's order that cannot be read, where they are known.
    pub places: Option<(u64, u64)>,
    /// File name, relative to the data folder.
    pub file: String,
    /// Byte in the file.
    pub offset: u64,
    /// What is wrong.
    pub what: &'static str,
}

impl Damage {
    pub(crate) fn at(file: impl Into<String>, offset: u64, what: &'static str) -> Self {
        Self { stream: None, seqs: None, places: None, file: file.into(), offset, what }
    }

    pub(crate) fn of(mut self, stream: StreamId, first: u64, last: u64) -> Self {
        self.stream = Some(stream);
        self.seqs = Some((first, last));
        self
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {} of {}", self.what, self.offset, self.file)?;
        if let Some(stream) = self.stream {
            write!(f, ", stream {stream}")?;
        }
        if let Some((first, last)) = self.seqs {
            write!(f, ", seq {first} to {last}")?;
        }
        if let Some((first, last)) = self.places {
            write!(f, ", places {first} to {last}")?;
        }
        Ok(())
    }
}

/// Why an append was refused. Nothing was written and the log goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The bytes are not whole entries.
    #[error("the bytes at {0} are not an entry")]
    Malformed(usize),
    /// The fence: the entry does not follow its stream's tail.
    #[error("stream {stream}: seq {found} does not follow the tail, {expected} would")]
    NotNext {
        /// The stream.
        stream: StreamId,
        /// The seq that would have been accepted.
        expected: u64,
        /// The seq the entry has.
        found: u64,
    },
    /// The entry was written for another epoch.
    #[error("epoch {found} is not that of the log, {expected}")]
    Epoch {
        /// The epoch of the log.
        expected: u32,
        /// The epoch in the entry.
        found: u32,
    },
    /// No entries, or more bytes than a block may have.
    #[error("a block of {0} bytes is empty or too large")]
    Size(usize),
}

/// What became of an append that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Nothing was written; correct the batch and go on.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The disk failed; nothing more is accepted.
    #[error(transparent)]
    Failed(#[from] Error),
}
