//! One file of a small data folder is changed: the content is the same, or somebody notices.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Random;
use super::world::{DATA, World, options, read_all};
use crate::disk::{Disk, PowerDisk};
use crate::journal::{Journal, LogReader};
use crate::segments::{Opened, open};
use crate::verify::verify;
use crate::witness::Witness;

/// The most entries that one block of these worlds holds, so the most that can be lost unseen by
/// the witness.
const BLOCK_ENTRIES_MAX: u64 = 5;

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct FlipTally {
    /// Changes made.
    pub cases: u64,
    /// The log was the same to everybody.
    pub same: u64,
    /// Opening, reading or `verify` noticed.
    pub detected: u64,
    /// Only the receipts of clients notice: what is gone is the end of the one block that the
    /// witness does not cover yet, in a folder that was left by kill -9; all before it is the same.
    pub by_receipt: u64,
    /// Nobody noticed and the content was another: must be empty.
    pub silent: Vec<String>,
}

struct Folder {
    disk: PowerDisk,
    world: World,
    older: Vec<(PathBuf, Vec<u8>)>,
    /// Entries that the head witness covers.
    witnessed: u64,
}

/// Makes `cases` changes by seed; with `None`, one bit of every byte of every file instead.
#[must_use]
pub fn flips(cases: Option<u64>, seed: u64) -> FlipTally {
    let mut tally = FlipTally::default();
    let folders = [folder(seed, true), folder(seed, false)];
    match cases {
        Some(cases) => {
            for case in 0..cases {
                let mut random = Random::new(seed ^ case.wrapping_mul(0x0fed_cba9_8765_4321));
                let folder = &folders[random.below(2) as usize];
                let (path, bytes, what) = change(folder, &mut random);
                judge(folder, &path, bytes, &what, &mut tally);
            }
        }
        None => {
            for folder in &folders {
                for (path, bytes) in folder.disk.files() {
                    for at in 0..bytes.len() {
                        let mut flipped = bytes.clone();
                        flipped[at] ^= 1 << (at % 8);
                        let what = format!("byte {at} of {}", path.display());
                        judge(folder, &path, Some(flipped), &what, &mut tally);
                    }
                }
            }
        }
    }
    tally
}

/// A small data folder that was closed, or left by kill -9, with some of its files as they were
/// before.
fn folder(seed: u64, clean: bool) -> Folder {
    let disk = PowerDisk::default();
    let (mut world, mut random) = (World::default(), Random::new(seed));
    let _ = world.live(&options(disk.clone()), &mut random);
    let older = disk.files();
    if let Ok(Opened::Ready(mut log)) = open(&options(disk.clone())) {
        for _ in 0..10 {
            let _ = world.append(&mut log, &mut random);
        }
        let _ = log.tidy();
        if clean {
            let _ = Box::new(log).close();
        }
    }
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let witness = Witness::load(&*shared, DATA.as_ref()).ok().and_then(|(newest, _)| newest);
    let witnessed = witness.map_or(0, |witness| witness.size);
    Folder { disk: disk.copy(), world, older, witnessed }
}

impl Folder {
    /// Whether the only difference is a loss that no witness can know of yet.
    fn lost_only_its_end(&self, reader: &dyn LogReader) -> bool {
        let all: u64 = self.world.accepted.values().map(|entries| entries.len() as u64).sum();
        let found: u64 = reader.streams().iter().map(|(_, tail)| tail.seq).sum();
        let same = |(id, tail): &(convoke_model::StreamId, crate::journal::Tail)| {
            let known = self.world.accepted.get(id).map_or(&[][..], Vec::as_slice);
            let read = read_all(reader, *id).unwrap_or_default();
            read.len() as u64 == tail.seq && known.starts_with(&read)
        };
        self.witnessed <= found
            && all.saturating_sub(found) <= BLOCK_ENTRIES_MAX
            && reader.streams().iter().all(same)
    }
}

fn change(folder: &Folder, random: &mut Random) -> (PathBuf, Option<Vec<u8>>, String) {
    let files = folder.disk.files();
    // Half of the cases by file, half by byte, so that small files are not forgotten.
    let number = if random.below(2) == 0 {
        random.below(files.len() as u64) as usize
    } else {
        let total: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        let mut at = random.below(total as u64) as usize;
        files
            .iter()
            .position(|(_, bytes)| {
                bytes.len() > at || {
                    at -= bytes.len();
                    false
                }
            })
            .unwrap_or(0)
    };
    let (path, mut bytes) = files[number].clone();
    let length = bytes.len() as u64;
    let at = random.below(length) as usize;
    let (bytes, what) = match random.below(10) {
        0 => (None, String::from("deleted")),
        1 => (Some(Vec::new()), String::from("emptied")),
        2 => {
            bytes.truncate(at);
            (Some(bytes), format!("cut at {at}"))
        }
        3 => match folder.older.iter().find(|(other, _)| *other == path) {
            Some((_, older)) => (Some(older.clone()), String::from("an older copy")),
            None => (None, String::from("deleted")),
        },
        4 => {
            let end = bytes.len().min(at + 512);
            bytes[at..end].fill(0);
            (Some(bytes), format!("zeros from {at} to {end}"))
        }
        _ if bytes.is_empty() => (None, String::from("deleted")),
        _ => {
            let bit = random.below(8);
            bytes[at] ^= 1 << bit;
            (Some(bytes), format!("bit {bit} of byte {at} flipped"))
        }
    };
    let what = format!("{}: {what}", path.display());
    (path, bytes, what)
}

fn judge(folder: &Folder, path: &Path, bytes: Option<Vec<u8>>, what: &str, tally: &mut FlipTally) {
    tally.cases += 1;
    let disk = folder.disk.copy();
    disk.put(path, bytes);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let report = verify(&shared, DATA.as_ref(), |_| false, |_, _| {});
    let noticed = !report.is_ok_and(|report| report.is_sound());
    let end_only;
    let content = match open(&options(disk)) {
        Ok(Opened::Ready(log)) => {
            let reader = log.reader();
            end_only = folder.lost_only_its_end(&*reader);
            let whole = folder
                .world
                .accepted
                .iter()
                .all(|(id, all)| reader.tail(*id).seq == all.len() as u64);
            folder.world.compare(&*reader).map(|()| whole)
        }
        Ok(Opened::Quarantined(_)) | Err(_) => {
            tally.detected += 1;
            return;
        }
    };
    match content {
        Ok(true) => tally.same += 1,
        // `compare` fails on a read error, and on another content.
        Err(text) if text.contains("damaged:") => tally.detected += 1,
        _ if noticed => tally.detected += 1,
        _ if end_only => tally.by_receipt += 1,
        other => tally.silent.push(format!("{what}: {other:?}")),
    }
}
