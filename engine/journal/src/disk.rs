//! The file-system port: the few things the log asks of a disk, so that tests can stand in for one.

mod faulty;
mod power;
mod real;

use std::fmt;
use std::io;
use std::path::Path;

pub use faulty::{Fault, FaultyDisk};
pub use power::PowerDisk;
pub use real::RealDisk;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It exists and is only read.
    Read,
    /// It exists and is read and written.
    Write,
    /// It must not exist yet.
    New,
    /// A new file that only its owner may read (0600).
    NewSecret,
}

/// A folder tree. Paths are whole paths; every operation may fail.
pub trait Disk: Send + Sync + fmt::Debug {
    /// Opens a file.
    ///
    /// # Errors
    /// As the operating system says.
    fn open(&self, path: &Path, mode: Mode) -> io::Result<Box<dyn DiskFile>>;
    /// Names (not paths) of the plain files in a folder, sorted; empty when there is no such
    /// folder.
    ///
    /// # Errors
    /// As the operating system says.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// Makes a folder and its parents durable; no error when it exists.
    ///
    /// # Errors
    /// As the operating system says.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// As the operating system says.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Renames, replacing what was there.
    ///
    /// # Errors
    /// As the operating system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Takes the writer's lock of a folder; held until the guard is dropped.
    ///
    /// # Errors
    /// `WouldBlock` when another process holds it.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>>;
}

/// One open file.
pub trait DiskFile: Send + Sync {
    /// Reads up to `into.len()` bytes at `at`; 0 at the end of the file.
    ///
    /// # Errors
    /// As the operating system says.
    fn read_at(&self, into: &mut [u8], at: u64) -> io::Result<usize>;
    /// Writes some of `from` at `at`, and says how many bytes.
    ///
    /// # Errors
    /// As the operating system says.
    fn write_at(&self, from: &[u8], at: u64) -> io::Result<usize>;
    /// Makes what was written durable (data and the length of the file).
    ///
    /// # Errors
    /// As the operating system says. After an error nothing is known about what was written.
    fn sync_data(&self) -> io::Result<()>;
    /// Asks that these bytes be on their way to the disk, and returns at once: the next sync, of
    /// this or of another file, has less to wait for. Promises nothing, so nothing can fail.
    fn begin_writing(&self, _from: u64, _length: u64) {}
    /// Reserves space up to `length` bytes, which read as zeros.
    ///
    /// # Errors
    /// `StorageFull` when there is no space, so that a commit never finds out.
    fn reserve(&self, length: u64) -> io::Result<()>;
    /// Cuts the file to `length` bytes.
    ///
    /// # Errors
    /// As the operating system says.
    fn truncate(&self, length: u64) -> io::Result<()>;
    /// Bytes of the file.
    ///
    /// # Errors
    /// As the operating system says.
    fn length(&self) -> io::Result<u64>;
}

/// Writes all of `from`; interrupted and short writes go on.
pub(crate) fn write_all(file: &dyn DiskFile, mut from: &[u8], mut at: u64) -> io::Result<()> {
    while !from.is_empty() {
        match file.write_at(from, at) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                from = &from[written..];
                at += written as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads up to `length` bytes at `at`; fewer only at the end of the file.
pub(crate) fn read_up_to(file: &dyn DiskFile, at: u64, length: usize) -> io::Result<Vec<u8>> {
    let end = file.length()?;
    let length = length.min(usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX));
    let mut bytes = vec![0; length];
    let mut done = 0;
    while done < length {
        match file.read_at(&mut bytes[done..], at + done as u64) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(done);
    Ok(bytes)
}

/// All bytes of a file.
pub(crate) fn read_whole(disk: &dyn Disk, path: &Path) -> io::Result<Vec<u8>> {
    read_up_to(&*disk.open(path, Mode::Read)?, 0, usize::MAX)
}

/// Writes a small file so that it is there whole or not at all, durably: a new file beside it,
/// data sync, rename, folder sync.
pub(crate) fn write_file(disk: &dyn Disk, path: &Path, bytes: &[u8], mode: Mode) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = Path::new(&fresh);
    let file = match disk.open(fresh, mode) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let file = disk.open(fresh, Mode::Write)?;
            file.truncate(0)?;
            file
        }
        other => other?,
    };
    write_all(&*file, bytes, 0)?;
    file.sync_data()?;
    disk.rename(fresh, path)?;
    disk.sync_folder(folder)
}
