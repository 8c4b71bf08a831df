//! What opening makes of a log that was left in every kind of state.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use convoke_journal::conformance::{fact, stream};
use convoke_journal::disk::{Disk, PowerDisk};
use convoke_journal::segments::{Reason, StreamLoss};
use convoke_journal::torture::Random;
use convoke_journal::verify::verify;
use convoke_journal::{Error, Journal, Opened, Options, Segments, open, segment};
use convoke_model::StreamId;

const DATA: &str = "/data";

fn options(disk: &PowerDisk) -> Options {
    Options::quiet(Path::new(DATA), Arc::new(disk.clone()), 11_000)
}

fn ready(disk: &PowerDisk) -> Segments {
    match open(&options(disk)).expect("it opens") {
        Opened::Ready(log) => log,
        Opened::Quarantined(quarantine) => panic!("{}", quarantine.reason()),
    }
}

fn reason(disk: &PowerDisk) -> Reason {
    match open(&options(disk)).expect("it opens") {
        Opened::Ready(_) => panic!("it should be in quarantine"),
        Opened::Quarantined(quarantine) => quarantine.reason().clone(),
    }
}

/// A log with `blocks` blocks of three entries in two streams, not closed.
fn written(blocks: u64) -> PowerDisk {
    let disk = PowerDisk::default();
    let mut log = ready(&disk);
    for block in 0..blocks {
        append(&mut log, block);
    }
    drop(log);
    disk
}

fn append(log: &mut Segments, block: u64) {
    let epoch = log.epoch();
    let mut parts = vec![fact(stream(1), epoch, block * 2 + 1, 200)];
    parts.push(fact(stream(1), epoch, block * 2 + 2, 200));
    parts.push(fact(StreamId::SITE, epoch, block + 1, 40));
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    log.append(&parts).expect("it is the next");
}

fn last_segment(disk: &PowerDisk) -> (PathBuf, Vec<u8>) {
    disk.files()
        .into_iter()
        .rfind(|(path, _)| path.extension().is_some_and(|e| e == "seg"))
        .expect("one")
}

fn used(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|&byte| byte != 0).expect("not empty") + 1
}

#[test]
fn a_new_writer_takes_a_new_epoch_and_goes_on() {
    let disk = written(30);
    for start in 0..4 {
        let mut log = ready(&disk);
        assert_eq!(log.epoch(), start + 2);
        assert_eq!(log.reader().head().size, 90 + u64::from(start) * 3);
        append(&mut log, 30 + u64::from(start));
        if start % 2 == 0 {
            Box::new(log).close().expect("memory");
        }
    }
    let run = ready(&disk).reader().read(stream(1), 1, usize::MAX).expect("all there");
    assert_eq!(run.entries.len(), 68);
}

#[test]
fn an_unfinished_write_is_kept_aside_and_cut_off() {
    let disk = written(5);
    let (path, mut bytes) = last_segment(&disk);
    let end = used(&bytes).next_multiple_of(64);
    // The next block, of which the second half never arrived.
    let mut next = ready(&disk.copy());
    append(&mut next, 5);
    let (_, more) = last_segment(&disk.copy());
    assert_eq!(more, bytes, "a copy is a copy");
    let block = bytes[segment::SEGMENT_HEADER_BYTES..end].to_vec();
    bytes[end..end + 300].copy_from_slice(&block[..300]);
    disk.put(&path, Some(bytes));
    let mut log = ready(&disk);
    assert_eq!(log.reader().head().size, 15);
    append(&mut log, 5);
    drop(log);
    let aside: Vec<_> =
        disk.files().into_iter().filter(|(p, _)| p.starts_with("/data/quarantine")).collect();
    assert_eq!(aside.len(), 1);
    assert_eq!(aside[0].1, block[..300]);
    assert_eq!(ready(&disk).reader().head().size, 18);
}

#[test]
fn a_segment_that_never_got_its_header_is_moved_aside() {
    for content in [Vec::new(), vec![0; 8192], vec![7; 100]] {
        let disk = written(5);
        disk.put(Path::new("/data/log/000000000002.seg"), Some(content));
        let mut log = ready(&disk);
        append(&mut log, 5);
        drop(log);
        assert_eq!(ready(&disk).reader().head().size, 18);
    }
}

#[test]
fn damage_in_front_of_the_end_is_named_and_nothing_is_written() {
    let disk = written(9);
    let (path, mut bytes) = last_segment(&disk);
    let first = segment::SEGMENT_HEADER_BYTES;
    bytes[first + 40] ^= 4; // A field of the first header in this segment.
    disk.put(&path, Some(bytes));
    let before = disk.files();
    let Reason::Damaged { damage, streams } = reason(&disk) else { panic!("damaged") };
    assert_eq!((damage.file.as_str(), damage.offset), ("log/000000000002.seg", first as u64));
    let lost = StreamLoss { stream: stream(1), from: 15, to: 18 };
    assert!(streams.contains(&lost), "{streams:?}");
    assert_eq!(disk.files(), before);
}

#[test]
fn an_end_that_is_gone_is_noticed_and_can_be_given_up() {
    let disk = written(9);
    let path = Path::new("/data/log/000000000002.seg");
    disk.put(path, None);
    let Opened::Quarantined(quarantine) = open(&options(&disk)).expect("it opens") else {
        panic!("the witness knows more")
    };
    let Reason::Missing { by, size, known, .. } = quarantine.reason() else { panic!("missing") };
    assert_eq!((*by, *size, *known), ("head witness", 21, 24));
    assert_eq!(
        quarantine.reader().read(stream(1), 1, usize::MAX).expect("readable").entries.len(),
        14
    );
    let mut log = quarantine
        .accept_loss(|loss| {
            assert_eq!((loss.epoch, loss.site.seq), (2, 7));
            fact(StreamId::SITE, loss.epoch, loss.site.seq + 1, 33)
        })
        .expect("it is writable again");
    log.append(&[&fact(stream(1), 2, 15, 9)]).expect("the stream goes on");
    drop(log);
    let log = ready(&disk);
    assert_eq!((log.epoch(), log.reader().head().size), (3, 23));
    drop(log);
    let shared: Arc<dyn Disk> = Arc::new(disk);
    let report = verify(&shared, Path::new(DATA), |_| false, |_, _| {}).expect("memory");
    assert_eq!((report.findings, report.entries), (Vec::new(), 23));
}

#[test]
fn what_lies_behind_damage_is_moved_aside_when_it_is_given_up() {
    let disk = written(30);
    let path = Path::new("/data/log/000000000002.seg");
    let (_, mut bytes) = disk.files().into_iter().find(|(p, _)| p == path).expect("it is there");
    let length = bytes.len();
    bytes[segment::SEGMENT_HEADER_BYTES + 1000] ^= 1;
    bytes[segment::SEGMENT_HEADER_BYTES + 1031] ^= 1;
    let at = segment::SEGMENT_HEADER_BYTES + 960; // The second block's header.
    bytes[at..at + 32].fill(9);
    disk.put(path, Some(bytes));
    let Opened::Quarantined(quarantine) = open(&options(&disk)).expect("it opens") else {
        panic!("damage goes unnoticed")
    };
    let Reason::Damaged { streams, .. } = quarantine.reason() else { panic!("damaged") };
    assert!(streams.contains(&StreamLoss { stream: stream(1), from: 17, to: 60 }), "{streams:?}");
    let loss = |loss: &convoke_journal::segments::Loss<'_>| {
        fact(StreamId::SITE, loss.epoch, loss.site.seq + 1, 33)
    };
    drop(quarantine.accept_loss(loss).expect("it is writable again"));
    assert_eq!(ready(&disk).reader().tail(stream(1)).seq, 16);
    let aside: usize = disk
        .files()
        .iter()
        .filter(|(path, _)| path.starts_with("/data/quarantine"))
        .map(|(_, bytes)| bytes.len())
        .sum();
    assert!(aside > length - at, "{aside} bytes are kept");
}

#[test]
fn a_lost_witness_is_noticed() {
    let disk = written(3);
    disk.put(Path::new("/data/log/witness"), None);
    assert_eq!(reason(&disk), Reason::WitnessLost);
}

#[test]
fn a_newer_format_is_refused_with_both_versions() {
    let disk = written(3);
    let (path, mut bytes) = last_segment(&disk);
    bytes[8] = 9;
    disk.put(&path, Some(bytes));
    let error = open(&options(&disk)).expect_err("it is newer");
    assert!(matches!(error, Error::NewerFormat { found: 9, known: 1, .. }));
    assert!(error.to_string().contains("version 9") && error.to_string().contains("up to 1"));
}

#[test]
fn a_second_writer_is_told_and_a_third_may_come_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut options = Options::new(folder.path());
    options.index = false;
    let Opened::Ready(first) = open(&options).expect("a new folder") else { panic!("new") };
    let error = open(&options).expect_err("it is in use");
    assert!(matches!(error, Error::InUse(_)), "{error}");
    drop(first);
    assert!(matches!(open(&options), Ok(Opened::Ready(_))));
}

#[test]
fn a_damaged_payload_is_named_and_an_erased_one_is_told_apart() {
    let disk = written(3);
    let mut log = ready(&disk);
    log.erase(stream(1), 4).expect("it is there");
    drop(log);
    let (path, mut bytes) = last_segment(&disk);
    let at = segment::SEGMENT_HEADER_BYTES + 32 + 96 + 30;
    bytes[at] ^= 1;
    disk.put(&path, Some(bytes));
    let log = ready(&disk);
    let reader = log.reader();
    let Err(Error::Damaged(damage)) = reader.read(stream(1), 1, usize::MAX) else {
        panic!("damaged")
    };
    assert_eq!((damage.stream, damage.seqs), (Some(stream(1)), Some((1, 1))));
    let run = reader.read(stream(1), 2, usize::MAX).expect("the others are whole");
    let erased: Vec<bool> = run.entries.iter().map(|entry| entry.erased).collect();
    assert_eq!(erased, [false, false, true, false, false]);
}

#[test]
fn a_sealed_segment_that_is_cut_short_is_noticed_without_reading_it() {
    let disk = written(30);
    let path = Path::new("/data/log/000000000002.seg");
    let (_, mut bytes) = disk.files().into_iter().find(|(p, _)| p == path).expect("it is there");
    bytes.truncate(bytes.len() - 1);
    disk.put(path, Some(bytes));
    assert!(matches!(reason(&disk), Reason::Damaged { .. }));
}

#[test]
fn an_index_that_is_gone_or_broken_is_built_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut options = Options::new(folder.path());
    options.segment_bytes = 8192;
    options.background = false;
    for round in 0..6_u64 {
        let Opened::Ready(mut log) = open(&options).expect("it opens") else {
            panic!("round {round}")
        };
        let run = log.reader().read(stream(1), 1, usize::MAX).expect("all there");
        assert_eq!(run.entries.len() as u64, round * 20);
        for block in round * 10..round * 10 + 10 {
            append(&mut log, block);
            if block % 4 == 0 {
                log.tidy().expect("it is written");
            }
        }
        let run = log.reader().read(stream(1), 1, usize::MAX).expect("old and new");
        assert_eq!(run.entries.len() as u64, round * 20 + 20);
        if round % 2 == 0 {
            Box::new(log).close().expect("in order");
        } else {
            drop(log);
        }
        match round {
            1 => std::fs::remove_dir_all(folder.path().join("index")).expect("gone"),
            3 => break_files(&folder.path().join("index")),
            _ => {}
        }
    }
}

/// Puts the files of `older` over those of `disk`, but for what `keep` says.
fn roll_back(disk: &PowerDisk, older: &PowerDisk, keep: impl Fn(&Path) -> bool) {
    for (path, _) in disk.files() {
        if !keep(&path) {
            disk.put(&path, None);
        }
    }
    for (path, bytes) in older.files() {
        if !keep(&path) {
            disk.put(&path, Some(bytes));
        }
    }
}

#[test]
fn a_roll_back_is_noticed_where_anything_newer_is_left() {
    let disk = written(12);
    let older = disk.copy();
    let mut log = ready(&disk);
    (12..20).for_each(|block| append(&mut log, block));
    Box::new(log).close().expect("memory");
    for newer in ["/data/checkpoints", "/data/log/witness", "/data/log/000000000004.seg"] {
        let disk = disk.copy();
        roll_back(&disk, &older, |path| path.starts_with(newer));
        reason(&disk);
    }
    // All of it is older: only receipts and checkpoints elsewhere can tell.
    let disk = disk.copy();
    roll_back(&disk, &older, |_| false);
    assert_eq!(ready(&disk).reader().head().size, 36);
}

#[test]
fn an_older_index_catches_up_and_a_newer_one_tells_of_a_roll_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut options = Options::new(&folder.path().join("data"));
    options.background = false;
    let log_folder = options.data.join("log");
    let copy = folder.path().join("older");
    for (life, name) in ["older", "newer"].into_iter().enumerate() {
        let Opened::Ready(mut log) = open(&options).expect("it opens") else { panic!("sound") };
        (0..5).for_each(|block| append(&mut log, life as u64 * 5 + block));
        Box::new(log).close().expect("in order");
        if name == "older" {
            std::fs::create_dir(&copy).expect("room");
            for entry in std::fs::read_dir(&log_folder).expect("a folder").flatten() {
                std::fs::copy(entry.path(), copy.join(entry.file_name())).expect("room");
            }
        }
    }
    std::fs::remove_dir_all(&log_folder).expect("there");
    std::fs::rename(&copy, &log_folder).expect("room");
    std::fs::remove_dir_all(options.data.join("checkpoints")).expect("there");
    let Opened::Quarantined(quarantine) = open(&options).expect("it opens") else {
        panic!("the index knows more")
    };
    let Reason::Missing { by, size, known, streams } = quarantine.reason() else {
        panic!("missing")
    };
    assert_eq!((*by, *size, *known), ("index", 15, 30));
    assert!(streams.contains(&StreamLoss { stream: stream(1), from: 11, to: 20 }), "{streams:?}");
}

#[test]
fn a_lost_or_foreign_key_is_told() {
    let disk = written(3);
    disk.put(Path::new("/data/keys/node.key"), None);
    let error = open(&options(&disk)).expect_err("the key is gone").to_string();
    assert!(error.contains("node.key is lost"), "{error}");
    disk.put(Path::new("/data/keys/node.key"), Some(vec![1; 32]));
    let error = open(&options(&disk)).expect_err("another key").to_string();
    assert!(error.contains("does not belong"), "{error}");
}

#[test]
fn an_index_of_which_any_file_is_changed_never_changes_what_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut options = Options::new(folder.path());
    (options.background, options.segment_bytes) = (false, 8192);
    let mut random = Random::new(11);
    let mut blocks = 0;
    for round in 0..24 {
        let Opened::Ready(mut log) = open(&options).expect("it opens") else {
            panic!("round {round}")
        };
        let run = log.reader().read(stream(1), 1, usize::MAX).expect("all there");
        assert_eq!(run.entries.len() as u64, blocks * 2, "round {round}");
        for _ in 0..3 {
            append(&mut log, blocks);
            blocks += 1;
            log.tidy().expect("room");
        }
        drop(log);
        let mut files = Vec::new();
        all_files(&folder.path().join("index"), &mut files);
        let path = &files[random.below(files.len() as u64) as usize];
        let mut bytes = std::fs::read(path).expect("a file");
        match (random.below(4), bytes.len()) {
            (0, _) => std::fs::remove_file(path).expect("there"),
            (1, length) => {
                bytes.truncate(random.below(length as u64) as usize);
                std::fs::write(path, bytes).expect("room");
            }
            (_, 0) => {}
            (_, length) => {
                let used = bytes.iter().rposition(|&byte| byte != 0).map_or(length, |at| at + 1);
                bytes[random.below(used as u64) as usize] ^= 1 << random.below(8);
                std::fs::write(path, bytes).expect("room");
            }
        }
    }
}

fn all_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() { all_files(&path, files) } else { files.push(path) }
    }
    files.sort();
}

fn break_files(folder: &Path) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            break_files(&path);
        } else {
            let bytes = std::fs::read(&path).expect("a file");
            std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("a file");
        }
    }
}

#[test]
fn an_index_that_does_not_follow_is_behind_for_as_long_as_it_does_not() {
    let folder = tempfile::tempdir().expect("a folder");
    // Without threads the index is written when that is asked for, and else not at all.
    let options = Options { background: false, ..Options::new(folder.path()) };
    let Ok(Opened::Ready(mut log)) = open(&options) else { panic!("it is new") };
    let reader = log.reader();
    let pause = std::time::Duration::from_millis(30);
    std::thread::sleep(pause);
    assert!(reader.index_lag().is_zero(), "there is nothing to follow");
    append(&mut log, 0);
    std::thread::sleep(pause);
    assert!(reader.index_lag() >= pause);
    log.tidy().expect("the disk takes it");
    assert!(reader.index_lag().is_zero());
}
