//! The index in fjall: where each stream's entries lie, and how far it has come. It trails the log
//! and is never trusted: it checks itself when opened, and whoever follows a line checks what lies
//! there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use convoke_model::StreamId;
use convoke_wire::Hash;
use fjall::{Database, Keyspace, KeyspaceCreateOptions};
use sha2::{Digest, Sha256};

use crate::bytes::{hash_at, put, u32_at, u64_at};
use crate::journal::Tail;
use crate::locations::Location;
use crate::tree::empty_root;

const VERSION: u32 = 1;
const META: &str = "position";

/// How far the index has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Indexed {
    /// Entries of the log it knows.
    pub(crate) size: u64,
    /// Root of the tree over them.
    pub(crate) root: Hash,
    /// Segment in which they end.
    pub(crate) segment: u64,
    /// Byte of it where they end.
    pub(crate) offset: u64,
    /// Exclusive or of a digest per stream's tail: a lost line shows.
    digest: Hash,
}

impl Indexed {
    fn nothing() -> Self {
        Self { size: 0, root: empty_root(), segment: 0, offset: 0, digest: [0; 32] }
    }
}

/// What an index knows: how far it has come, and the tails up to there.
pub(crate) type Known = (Indexed, BTreeMap<StreamId, Tail>);

/// The index. Its faults never reach a caller: a lookup finds nothing, and a failed flush is tried
/// again on a fresh database later.
pub(crate) struct Index {
    folder: PathBuf,
    inner: Mutex<Inner>,
}

struct Inner {
    store: Option<Store>,
    at: Indexed,
}

struct Store {
    database: Database,
    lines: Keyspace,
    tails: Keyspace,
    meta: Keyspace,
}

impl Store {
    fn open(folder: &Path) -> fjall::Result<Self> {
        let database = Database::builder(folder)
            .max_journaling_size(128 << 20)
            .worker_threads(1)
            .cache_size(32 << 20)
            .open()?;
        let small = || KeyspaceCreateOptions::default().max_memtable_size(16 << 20);
        let lines = database.keyspace("lines", small)?;
        let tails = database.keyspace("tails", small)?;
        let meta = database.keyspace("meta", small)?;
        Ok(Self { database, lines, tails, meta })
    }

    /// What it holds, if it holds together: every tail is there and counts up to the position.
    fn check(&self) -> Option<Known> {
        let at = read_meta(&self.meta.get(META).ok()??)?;
        let mut tails = BTreeMap::new();
        let mut digest = [0; 32];
        let mut size = 0_u64;
        for line in self.tails.iter() {
            let (key, value) = line.into_inner().ok()?;
            let (stream, tail) = (read_stream(&key)?, read_tail(&value)?);
            mix(&mut digest, stream, &tail);
            size = size.checked_add(tail.seq)?;
            tails.insert(stream, tail);
        }
        (size == at.size && digest == at.digest).then_some((at, tails))
    }
}

impl Index {
    /// Opens the index in a folder of its own. What it knows is `None` when it is new, failed a
    /// check or could not be opened: then it is empty and wants everything.
    pub(crate) fn open(folder: &Path) -> (Self, Option<Known>) {
        let store = Store::open(folder).ok();
        let known = store.as_ref().and_then(Store::check);
        let at = known.as_ref().map_or_else(Indexed::nothing, |(at, _)| *at);
        let index = Self { folder: folder.to_owned(), inner: Mutex::new(Inner { store, at }) };
        if known.is_none() {
            index.restart();
        }
        (index, known)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Throws everything away and begins with an empty database.
    pub(crate) fn restart(&self) {
        let mut inner = self.inner();
        inner.store = None;
        inner.at = Indexed::nothing();
        let gone = match std::fs::remove_dir_all(&self.folder) {
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
            Ok(()) => true,
        };
        if gone && std::fs::create_dir_all(&self.folder).is_ok() {
            inner.store = Store::open(&self.folder).ok();
        }
    }

    /// The line that holds (stream, seq), as far as the index knows.
    pub(crate) fn find(&self, stream: StreamId, seq: u64) -> Option<Location> {
        let lines = self.inner().store.as_ref()?.lines.clone();
        let range = key(stream, 0)..=key(stream, seq);
        let (key, value) = lines.range(range).next_back()?.into_inner().ok()?;
        let line = read_line(&key, &value)?;
        (seq <= line.last()).then_some(line)
    }

    /// Whether there is a database to write to.
    pub(crate) fn is_open(&self) -> bool {
        self.inner().store.is_some()
    }

    /// When there is no database, tries to get an empty one. `true` means that it is there now and
    /// needs everything.
    pub(crate) fn revive(&self) -> bool {
        if self.is_open() {
            return false;
        }
        self.restart();
        self.is_open()
    }

    /// Gives the database up, as a failed write does.
    #[cfg(test)]
    pub(crate) fn lose(&self) {
        self.inner().store = None;
    }

    /// Writes new lines and tails, and the position they bring it to. `false`: not written, and the
    /// database is given up.
    pub(crate) fn write(
        &self,
        lines: &[(StreamId, Location)],
        new_tails: &[(StreamId, Tail)],
        position: (u64, Hash, u64, u64),
    ) -> bool {
        let mut inner = self.inner();
        let (size, root, segment, offset) = position;
        let mut at = Indexed { size, root, segment, offset, digest: inner.at.digest };
        let Some(store) = &inner.store else { return false };
        let mut batch = store.database.batch();
        for (stream, line) in lines {
            batch.insert(&store.lines, key(*stream, line.first), line_bytes(*stream, line));
        }
        for (stream, tail) in new_tails {
            let key = key(*stream, 0)[..8].to_vec();
            match store.tails.get(&key) {
                Ok(Some(old)) => match read_tail(&old) {
                    Some(old) => mix(&mut at.digest, *stream, &old),
                    None => return self.give_up(inner),
                },
                Ok(None) => {}
                Err(_) => return self.give_up(inner),
            }
            mix(&mut at.digest, *stream, tail);
            batch.insert(&store.tails, key, tail_bytes(tail));
        }
        batch.insert(&store.meta, META, meta_bytes(&at));
        if batch.commit().is_err() {
            return self.give_up(inner);
        }
        inner.at = at;
        true
    }

    fn give_up(&self, mut inner: MutexGuard<'_, Inner>) -> bool {
        inner.store = None;
        false
    }
}

fn mix(digest: &mut Hash, stream: StreamId, tail: &Tail) {
    let one: Hash = Sha256::new()
        .chain_update(&key(stream, tail.seq)[..])
        .chain_update(tail.hash)
        .finalize()
        .into();
    digest.iter_mut().zip(one).for_each(|(byte, other)| *byte ^= other);
}

fn key(stream: StreamId, seq: u64) -> [u8; 16] {
    let mut key = [0; 16];
    put(&mut key, 0, &stream.meeting.to_be_bytes());
    put(&mut key, 4, &stream.session.to_be_bytes());
    put(&mut key, 8, &seq.to_be_bytes());
    key
}

fn read_stream(key: &[u8]) -> Option<StreamId> {
    let key: &[u8; 8] = key.get(..8)?.try_into().ok()?;
    let (meeting, session) = (u32_at(key, 0).swap_bytes(), u32_at(key, 4).swap_bytes());
    Some(StreamId { meeting, session })
}

fn line_bytes(stream: StreamId, line: &Location) -> Vec<u8> {
    let mut bytes = vec![0; 24];
    put(&mut bytes, 0, &line.segment.to_le_bytes());
    put(&mut bytes, 8, &line.offset.to_le_bytes());
    put(&mut bytes, 16, &line.count.to_le_bytes());
    let crc = line_crc(&key(stream, line.first), &bytes[..20]);
    put(&mut bytes, 20, &crc.to_le_bytes());
    bytes
}

fn line_crc(key: &[u8], value: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(key);
    crc.update(value);
    crc.finalize()
}

fn read_line(key: &[u8], value: &[u8]) -> Option<Location> {
    let whole = key.len() == 16 && value.len() == 24;
    if !whole || line_crc(key, &value[..20]) != u32_at(value, 20) {
        return None;
    }
    Some(Location {
        segment: u64_at(value, 0),
        offset: u64_at(value, 8),
        first: u64_at(key, 8).swap_bytes(),
        count: u32_at(value, 16).max(1),
    })
}

fn tail_bytes(tail: &Tail) -> Vec<u8> {
    let mut bytes = vec![0; 40];
    put(&mut bytes, 0, &tail.seq.to_le_bytes());
    put(&mut bytes, 8, &tail.hash);
    bytes
}

fn read_tail(value: &[u8]) -> Option<Tail> {
    (value.len() == 40).then(|| Tail { seq: u64_at(value, 0), hash: hash_at(value, 8) })
}

fn meta_bytes(at: &Indexed) -> Vec<u8> {
    let mut bytes = vec![0; 96];
    put(&mut bytes, 0, &VERSION.to_le_bytes());
    put(&mut bytes, 4, &at.size.to_le_bytes());
    put(&mut bytes, 12, &at.segment.to_le_bytes());
    put(&mut bytes, 20, &at.offset.to_le_bytes());
    put(&mut bytes, 28, &at.root);
    put(&mut bytes, 60, &at.digest);
    let crc = crc32fast::hash(&bytes[..92]);
    put(&mut bytes, 92, &crc.to_le_bytes());
    bytes
}

fn read_meta(value: &[u8]) -> Option<Indexed> {
    if value.len() != 96
        || crc32fast::hash(&value[..92]) != u32_at(value, 92)
        || u32_at(value, 0) != VERSION
    {
        return None;
    }
    Some(Indexed {
        size: u64_at(value, 4),
        segment: u64_at(value, 12),
        offset: u64_at(value, 20),
        root: hash_at(value, 28),
        digest: hash_at(value, 60),
    })
}
