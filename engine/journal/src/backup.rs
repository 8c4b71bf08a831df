//! Backup of a data folder while a server writes to it, and restore into an empty one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use convoke_model::StreamId;

use crate::Error;
use crate::checkpoint::{self, Checkpoint};
use crate::disk::{Disk, Mode, RealDisk, read_up_to, write_all, write_file};
use crate::media::MediaReader;
use crate::segment;
use crate::verify::{Report, verify};
use crate::witness::{Witness, WitnessFile};

/// A restored log jumps by so many epochs: the node it was taken from may have gone on meanwhile,
/// and no epoch may ever mean two histories.
pub const EPOCHS_SKIPPED: u32 = 1000;

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// Entries of the log.
    pub entries: u64,
    /// Segment files, of which the last was copied up to the durable position.
    pub segments: u64,
    /// Media files, each up to its last whole frame.
    pub media: u64,
}

/// Copies the log, its checkpoints, its media and (with `keys`) its secret key to the new folder
/// `to`. Sealed segments are hard-linked where that is possible. Takes no lock. What the head
/// witness covers is in it; call `Journal::checkpoint` before, so that this is everything.
///
/// # Errors
/// `Format` when `to` is not empty, or what the disk said.
pub fn backup(data: &Path, to: &Path, keys: bool) -> Result<BackedUp, Error> {
    let disk = RealDisk;
    must_be_empty(to)?;
    let (witness, _) = Witness::load(&disk, data)?;
    let witness = witness.ok_or_else(|| {
        Error::Format(format!("{} holds no log, or its head witness is lost", data.display()))
    })?;
    make_folders(to)?;
    for number in 1..=witness.segment {
        let (from, copy) = (segment::path(data, number), segment::path(to, number));
        if number < witness.segment {
            link_or_copy(&from, &copy)?;
        } else {
            copy_start(&from, &copy, witness.offset)?;
        }
    }
    for (name, note) in checkpoint::all(&disk, data)? {
        let text = String::from_utf8_lossy(&note);
        if Checkpoint::parse(&text).is_some_and(|known| known.head.size <= witness.size) {
            write(&checkpoint::folder(to).join(name), &note, Mode::New)?;
        }
    }
    let secret = |name: &str| name.ends_with(".key");
    for name in disk.list(&data.join("keys")).map_err(Error::io("list", data))? {
        let path = data.join("keys").join(&name);
        if (name.ends_with(".vkey") || secret(&name)) && (keys || !secret(&name)) {
            let bytes = fs::read(&path).map_err(Error::io("read", &path))?;
            let mode = if secret(&name) { Mode::NewSecret } else { Mode::New };
            write(&to.join("keys").join(name), &bytes, mode)?;
        }
    }
    let media = copy_media(data, to)?;
    let mut file = WitnessFile::open(&disk, to, witness.number)?;
    file.write(Witness { clean: true, ..witness })?;
    for folder in ["log", "media", "keys", "checkpoints"].map(|name| to.join(name)) {
        disk.sync_folder(&folder).map_err(Error::io("sync", &folder))?;
    }
    Ok(BackedUp { entries: witness.size, segments: witness.segment, media })
}

/// Makes the empty folder `data` a data folder with what a backup holds. The next start takes a new
/// epoch, far from those of the node the backup came from; without the secret key it makes a new
/// one and keeps the old public key, so that old checkpoints still verify. Returns what `verify`
/// says.
///
/// # Errors
/// `Format` when `data` is not empty or `from` is no backup, or what the disk said.
pub fn restore(from: &Path, data: &Path) -> Result<Report, Error> {
    let disk = RealDisk;
    must_be_empty(data)?;
    let (witness, _) = Witness::load(&disk, from)?;
    let witness =
        witness.ok_or_else(|| Error::Format(format!("{} is not a backup", from.display())))?;
    make_folders(data)?;
    for name in ["log", "checkpoints", "keys", "media"] {
        for file in disk.list(&from.join(name)).map_err(Error::io("list", from))? {
            let (source, copy) = (from.join(name).join(&file), data.join(name).join(&file));
            if file != "witness" {
                copy_start(&source, &copy, u64::MAX)?;
            }
        }
    }
    let keys = data.join("keys");
    if !keys.join("node.key").exists() && keys.join("node.vkey").exists() {
        let kept = keys.join(format!("before-{}.vkey", witness.epoch));
        fs::rename(keys.join("node.vkey"), &kept).map_err(Error::io("rename to", &kept))?;
    }
    let mut file = WitnessFile::open(&disk, data, witness.number)?;
    let epoch = witness.epoch.saturating_add(EPOCHS_SKIPPED);
    file.write(Witness { epoch, clean: true, ..witness })?;
    for folder in ["log", "media", "keys", "checkpoints"].map(|name| data.join(name)) {
        disk.sync_folder(&folder).map_err(Error::io("sync", &folder))?;
    }
    // Whether a hole is covered by an `Erased` fact is for the auditor to say, with the facts at
    // hand.
    let disk: Arc<dyn Disk> = Arc::new(disk);
    verify(&disk, data, |_| true, |_, _| {})
}

fn must_be_empty(folder: &Path) -> Result<(), Error> {
    match fs::read_dir(folder) {
        Ok(names) => match names.count() {
            0 => Ok(()),
            _ => Err(Error::Format(format!("{} is not empty", folder.display()))),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::io("list", folder)(error)),
    }
}

fn make_folders(to: &Path) -> Result<(), Error> {
    for folder in ["log", "checkpoints", "keys", "media", "quarantine"].map(|name| to.join(name)) {
        RealDisk.create_folder(&folder).map_err(Error::io("create", &folder))?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), Error> {
    write_file(&RealDisk, path, bytes, mode).map_err(Error::io("write", path))
}

fn link_or_copy(from: &Path, to: &Path) -> Result<(), Error> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(_) => copy_start(from, to, u64::MAX),
    }
}

/// Copies the first `length` bytes of a file to a new one, durably.
fn copy_start(from: &Path, to: &Path, length: u64) -> Result<(), Error> {
    let source = RealDisk.open(from, Mode::Read).map_err(Error::io("open", from))?;
    let secret = from.extension().is_some_and(|name| name == "key");
    let mode = if secret { Mode::NewSecret } else { Mode::New };
    let copy = RealDisk.open(to, mode).map_err(Error::io("create", to))?;
    let mut at = 0;
    while at < length {
        let piece = usize::try_from(length - at).unwrap_or(usize::MAX).min(1 << 20);
        let bytes = read_up_to(&*source, at, piece).map_err(Error::io("read", from))?;
        if bytes.is_empty() {
            break;
        }
        write_all(&*copy, &bytes, at).map_err(Error::io("write", to))?;
        at += bytes.len() as u64;
    }
    copy.sync_data().map_err(Error::io("sync", to))
}

fn copy_media(data: &Path, to: &Path) -> Result<u64, Error> {
    let mut count = 0;
    let folder = data.join("media");
    for name in RealDisk.list(&folder).map_err(Error::io("list", &folder))? {
        let session = name.strip_suffix(".media").and_then(|name| {
            let (meeting, session) = name.split_once('-')?;
            Some(StreamId { meeting: meeting.parse().ok()?, session: session.parse().ok()? })
        });
        let Some(session) = session else { continue };
        let from: PathBuf = folder.join(&name);
        let length = match MediaReader::open(&RealDisk, data, session) {
            Ok(mut frames) => {
                while frames.next_frame()?.is_some() {}
                frames.position()
            }
            // Whatever it is, it is kept as it is.
            Err(_) => u64::MAX,
        };
        copy_start(&from, &to.join("media").join(&name), length)?;
        count += 1;
    }
    Ok(count)
}
