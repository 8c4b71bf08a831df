//! A disk in memory that can lose its power: what was synced stays, of the rest a random part.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Disk, DiskFile, Mode};
use crate::torture::Random;

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct PowerDisk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    files: Vec<Content>,
    /// What a running program sees.
    names: BTreeMap<PathBuf, usize>,
    /// What a power loss leaves for sure.
    durable: BTreeMap<PathBuf, usize>,
    locked: BTreeSet<PathBuf>,
}

#[derive(Clone, Debug, Default)]
struct Content {
    now: Vec<u8>,
    synced: Vec<u8>,
    since: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Bytes(usize, Vec<u8>),
    Length(usize),
}

impl PowerDisk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The disk as a power loss might leave it: every write since the last sync is there or not,
    /// piece by piece of `tear` bytes, and so is every name since the last folder sync.
    #[must_use]
    pub fn after_power_loss(&self, random: &mut Random, tear: usize) -> Self {
        let state = self.state();
        let mut names = state.durable.clone();
        for (path, &file) in &state.names {
            if state.durable.get(path) != Some(&file) && random.below(2) == 0 {
                names.retain(|_, &mut other| other != file);
                names.insert(path.clone(), file);
            }
        }
        let mut left = State::default();
        for (path, file) in names {
            let content = &state.files[file];
            let mut bytes = content.synced.clone();
            for change in &content.since {
                keep_some(&mut bytes, change, random, tear);
            }
            let number = left.files.len();
            left.files.push(Content { now: bytes.clone(), synced: bytes, since: Vec::new() });
            left.names.insert(path.clone(), number);
            left.durable.insert(path, number);
        }
        Self(Arc::new(Mutex::new(left)))
    }

    /// A copy of the disk as a running program sees it (kill -9: nothing is lost).
    #[must_use]
    pub fn copy(&self) -> Self {
        let state = self.state();
        let mut copy = State::default();
        for (path, &file) in &state.names {
            let now = state.files[file].now.clone();
            let number = copy.files.len();
            copy.files.push(Content { synced: now.clone(), now, since: Vec::new() });
            copy.names.insert(path.clone(), number);
            copy.durable.insert(path.clone(), number);
        }
        Self(Arc::new(Mutex::new(copy)))
    }

    /// Every file and its bytes, sorted by path.
    #[must_use]
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let state = self.state();
        state
            .names
            .iter()
            .map(|(path, &file)| (path.clone(), state.files[file].now.clone()))
            .collect()
    }

    /// Puts a file there (`Some`) or takes it away (`None`), durably: for tests that damage things.
    pub fn put(&self, path: &Path, bytes: Option<Vec<u8>>) {
        let mut state = self.state();
        state.names.remove(path);
        state.durable.remove(path);
        if let Some(now) = bytes {
            let number = state.files.len();
            state.files.push(Content { synced: now.clone(), now, since: Vec::new() });
            state.names.insert(path.to_owned(), number);
            state.durable.insert(path.to_owned(), number);
        }
    }
}

fn keep_some(bytes: &mut Vec<u8>, change: &Change, random: &mut Random, tear: usize) {
    match change {
        Change::Length(length) => {
            if random.below(2) == 0 {
                bytes.resize(*length, 0);
            }
        }
        Change::Bytes(at, data) => {
            let mut from = 0;
            while from < data.len() {
                let to = ((at + from) / tear * tear + tear - at).min(data.len());
                if random.below(2) == 0 {
                    if bytes.len() < at + to {
                        bytes.resize(at + to, 0);
                    }
                    bytes[at + from..at + to].copy_from_slice(&data[from..to]);
                }
                from = to;
            }
        }
    }
}

impl Disk for PowerDisk {
    fn open(&self, path: &Path, mode: Mode) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state();
        let file = match (state.names.get(path), mode) {
            (Some(&file), Mode::Read | Mode::Write) => file,
            (Some(_), _) => return Err(io::ErrorKind::AlreadyExists.into()),
            (None, Mode::Read | Mode::Write) => return Err(io::ErrorKind::NotFound.into()),
            (None, _) => {
                let file = state.files.len();
                state.files.push(Content::default());
                state.names.insert(path.to_owned(), file);
                file
            }
        };
        Ok(Box::new(PowerFile { disk: self.clone(), file }))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let state = self.state();
        let here = state.names.keys().filter(|path| path.parent() == Some(folder));
        Ok(here.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
    }

    fn create_folder(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.state();
        let State { names, durable, .. } = &mut *state;
        durable.retain(|path, _| path.parent() != Some(folder));
        let here = names.iter().filter(|(path, _)| path.parent() == Some(folder));
        durable.extend(here.map(|(path, &file)| (path.clone(), file)));
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        let file = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), file);
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        if !self.state().locked.insert(path.to_owned()) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(Box::new(Locked { disk: self.clone(), path: path.to_owned() }))
    }
}

struct Locked {
    disk: PowerDisk,
    path: PathBuf,
}

impl Drop for Locked {
    fn drop(&mut self) {
        self.disk.state().locked.remove(&self.path);
    }
}

struct PowerFile {
    disk: PowerDisk,
    file: usize,
}

impl PowerFile {
    fn with<T>(&self, act: impl FnOnce(&mut Content) -> T) -> T {
        act(&mut self.disk.state().files[self.file])
    }
}

impl DiskFile for PowerFile {
    fn read_at(&self, into: &mut [u8], at: u64) -> io::Result<usize> {
        self.with(|content| {
            let from = usize::try_from(at).unwrap_or(usize::MAX).min(content.now.len());
            let length = into.len().min(content.now.len() - from);
            into[..length].copy_from_slice(&content.now[from..from + length]);
            Ok(length)
        })
    }

    fn write_at(&self, from: &[u8], at: u64) -> io::Result<usize> {
        let at = usize::try_from(at).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.with(|content| {
            if content.now.len() < at + from.len() {
                content.now.resize(at + from.len(), 0);
            }
            content.now[at..at + from.len()].copy_from_slice(from);
            content.since.push(Change::Bytes(at, from.to_vec()));
        });
        Ok(from.len())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.with(|content| {
            for change in std::mem::take(&mut content.since) {
                match change {
                    Change::Length(length) => content.synced.resize(length, 0),
                    Change::Bytes(at, data) => {
                        let end = at + data.len();
                        if content.synced.len() < end {
                            content.synced.resize(end, 0);
                        }
                        content.synced[at..end].copy_from_slice(&data);
                    }
                }
            }
        });
        Ok(())
    }

    fn reserve(&self, length: u64) -> io::Result<()> {
        if length > self.length()? { self.truncate(length) } else { Ok(()) }
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.with(|content| {
            content.now.resize(length, 0);
            content.since.push(Change::Length(length));
        });
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.with(|content| content.now.len() as u64))
    }
}
