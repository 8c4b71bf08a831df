//! A disk whose n-th operation fails, to see what the log makes of it.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{Disk, DiskFile, Mode};

/// What the n-th operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Fails with an input/output error.
    Broken,
    /// Fails for want of space.
    Full,
    /// Is interrupted by a signal.
    Interrupted,
    /// Writes only half; other operations fail with an input/output error.
    Short,
    /// Writes half, then this and every later operation fails: the machine stopped here.
    Stop,
}

/// A disk that hands everything on to another one but for its n-th changing operation (from 0):
/// write, sync, reserve, truncate, create, rename, folder sync.
#[derive(Clone, Debug)]
pub struct FaultyDisk<D> {
    inner: D,
    plan: Arc<Plan>,
}

#[derive(Debug)]
struct Plan {
    count: AtomicU64,
    at: u64,
    fault: Fault,
    fired: AtomicBool,
}

impl Plan {
    /// Whether this operation is the one (or comes after the machine stopped).
    fn next(&self) -> bool {
        let number = self.count.fetch_add(1, Ordering::SeqCst);
        let hit = number == self.at || (self.fault == Fault::Stop && number > self.at);
        if hit {
            self.fired.store(true, Ordering::SeqCst);
        }
        hit
    }

    fn error(&self) -> io::Error {
        match self.fault {
            Fault::Full => io::ErrorKind::StorageFull.into(),
            Fault::Interrupted => io::ErrorKind::Interrupted.into(),
            Fault::Broken | Fault::Short | Fault::Stop => io::Error::from_raw_os_error(5),
        }
    }

    fn gate(&self) -> io::Result<()> {
        if self.next() { Err(self.error()) } else { Ok(()) }
    }
}

impl<D: Disk> FaultyDisk<D> {
    /// A disk on top of `inner` whose operation number `at` meets `fault`.
    pub fn new(inner: D, at: u64, fault: Fault) -> Self {
        let plan = Plan { count: AtomicU64::new(0), at, fault, fired: AtomicBool::new(false) };
        Self { inner, plan: Arc::new(plan) }
    }

    /// Whether the fault has happened.
    #[must_use]
    pub fn fired(&self) -> bool {
        self.plan.fired.load(Ordering::SeqCst)
    }

    /// Changing operations so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.plan.count.load(Ordering::SeqCst)
    }
}

impl<D: Disk> Disk for FaultyDisk<D> {
    fn open(&self, path: &Path, mode: Mode) -> io::Result<Box<dyn DiskFile>> {
        if matches!(mode, Mode::New | Mode::NewSecret) {
            self.plan.gate()?;
        }
        let inner = self.inner.open(path, mode)?;
        Ok(Box::new(FaultyFile { inner, plan: Arc::clone(&self.plan) }))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.inner.list(folder)
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        self.inner.create_folder(folder)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.plan.gate()?;
        self.inner.sync_folder(folder)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.plan.gate()?;
        self.inner.rename(from, to)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        self.inner.lock(path)
    }
}

struct FaultyFile {
    inner: Box<dyn DiskFile>,
    plan: Arc<Plan>,
}

impl DiskFile for FaultyFile {
    fn read_at(&self, into: &mut [u8], at: u64) -> io::Result<usize> {
        self.inner.read_at(into, at)
    }

    fn write_at(&self, from: &[u8], at: u64) -> io::Result<usize> {
        if !self.plan.next() {
            return self.inner.write_at(from, at);
        }
        let half = &from[..from.len() / 2];
        match self.plan.fault {
            Fault::Short if !half.is_empty() => self.inner.write_at(half, at),
            Fault::Stop if self.plan.count.load(Ordering::SeqCst) == self.plan.at + 1 => {
                self.inner.write_at(half, at)?;
                Err(self.plan.error())
            }
            _ => Err(self.plan.error()),
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        self.plan.gate()?;
        self.inner.sync_data()
    }

    fn reserve(&self, length: u64) -> io::Result<()> {
        self.plan.gate()?;
        self.inner.reserve(length)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.plan.gate()?;
        self.inner.truncate(length)
    }

    fn length(&self) -> io::Result<u64> {
        self.inner.length()
    }
}
