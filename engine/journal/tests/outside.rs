//! What leaves the data folder or looks at it from outside: verify, archives, backups, live
//! readers.

use std::path::Path;
use std::sync::Arc;

use convoke_journal::archive::{self, Archive};
use convoke_journal::backup::{EPOCHS_SKIPPED, backup, restore};
use convoke_journal::conformance::{fact, stream};
use convoke_journal::disk::{Disk, PowerDisk, RealDisk};
use convoke_journal::keys::PublicKey;
use convoke_journal::media::{MediaWriter, Stretch};
use convoke_journal::order::{OrderReader, Spot};
use convoke_journal::reader::SegmentReader;
use convoke_journal::torture::Random;
use convoke_journal::verify::{Finding, verify};
use convoke_journal::{Journal, Opened, Options, Segments, open};
use convoke_model::StreamId;

const DATA: &str = "/data";

fn ready(options: &Options) -> Segments {
    match open(options).expect("it opens") {
        Opened::Ready(log) => log,
        Opened::Quarantined(quarantine) => panic!("{}", quarantine.reason()),
    }
}

fn quiet(disk: &PowerDisk) -> Options {
    Options::quiet(Path::new(DATA), Arc::new(disk.clone()), 11_000)
}

/// Rounds of: two entries of session 1, one of its meeting, one of session 2.
fn write(log: &mut Segments, rounds: std::ops::Range<u64>) {
    let epoch = log.epoch();
    let meeting = StreamId { session: 0, ..stream(1) };
    for n in rounds {
        let a = [fact(stream(1), epoch, n * 2 + 1, 99), fact(stream(1), epoch, n * 2 + 2, 99)];
        let b = [fact(meeting, epoch, n + 1, 50), fact(stream(2), epoch, n + 1, 50)];
        log.append(&[&a.concat(), &b.concat()]).expect("they are the next");
    }
}

fn session(disk: &PowerDisk) -> Vec<Stretch> {
    let mut log = ready(&quiet(disk));
    write(&mut log, 0..25);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let (mut media, _) = MediaWriter::open(&shared, Path::new(DATA), stream(1), 0).expect("memory");
    let mut claims = Vec::new();
    for n in 0..40_u64 {
        media.write(&[(n, &[n as u8 | 1; 700])], n).expect("memory");
        if n % 10 == 9 {
            claims.extend(media.stretch(n).expect("memory"));
        }
    }
    media.close(99).expect("memory");
    Box::new(log).close().expect("memory");
    claims
}

/// The places of all entries from the reader's place on, of those that are durable.
fn places(reader: &mut OrderReader, size: u64) -> Vec<u64> {
    let mut found = Vec::new();
    loop {
        let from = reader.place();
        let Some(raw) = reader.next_block(size).expect("it is whole") else { return found };
        let block = raw.block().expect("it is whole");
        found.extend(block.entries.iter().map(|placed| placed.place).filter(|&p| p >= from));
    }
}

#[test]
fn the_order_is_read_from_any_place_on_over_many_segments() {
    let disk = PowerDisk::default();
    let mut log = ready(&quiet(&disk));
    write(&mut log, 0..25);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    for place in 0..=100 {
        let mut reader = OrderReader::on(shared.clone(), Path::new(DATA), place);
        assert_eq!(places(&mut reader, 100), Vec::from_iter(place..100));
    }
    // Only what is said to be durable, then what came meanwhile; and a wrong spot is no matter.
    let mut reader = OrderReader::on(shared.clone(), Path::new(DATA), 90);
    assert_eq!(places(&mut reader, 90), []);
    assert_eq!(places(&mut reader, 100), Vec::from_iter(90..100));
    write(&mut log, 25..50);
    assert_eq!(places(&mut reader, 200), Vec::from_iter(100..200));
    for spot in [Spot { segment: 1, offset: 4096 }, Spot { segment: 2, offset: 77 }] {
        reader.go(150, spot);
        assert_eq!(places(&mut reader, 200), Vec::from_iter(150..200));
    }
    assert!(reader.next_block(201).is_err(), "what is durable and not there is damage");
}

#[test]
fn verify_tells_an_erased_entry_from_a_damaged_one() {
    let disk = PowerDisk::default();
    session(&disk);
    let mut log = ready(&quiet(&disk));
    log.erase(stream(1), 7).expect("it is there");
    drop(log);
    let shared: Arc<dyn Disk> = Arc::new(disk);
    let mut seen = 0;
    let report = verify(&shared, DATA.as_ref(), |h| h.seq == 7, |_, _| seen += 1).expect("memory");
    assert_eq!(report.findings, []);
    assert_eq!((report.entries, report.erased, seen), (100, 1, 100));
    assert_eq!(report.checkpoint.map(|head| head.size), Some(100));
    let report = verify(&shared, DATA.as_ref(), |_| false, |_, _| {}).expect("memory");
    let [Finding::Damaged(damage)] = &report.findings[..] else { panic!("{:?}", report.findings) };
    assert_eq!((damage.stream, damage.seqs), (Some(stream(1)), Some((7, 7))));
}

#[test]
fn a_log_rewritten_without_the_key_does_not_verify() {
    let (disk, other) = (PowerDisk::default(), PowerDisk::default());
    session(&disk);
    // The same history with one entry changed, written by a node with another key.
    let mut options = quiet(&other);
    options.node_seed = Some([8; 32]);
    let mut log = ready(&options);
    log.append(&[&fact(stream(3), 1, 1, 9)]).expect("the first");
    write(&mut log, 0..25);
    Box::new(log).close().expect("memory");
    for (path, bytes) in other.files() {
        if path.starts_with("/data/log") {
            disk.put(&path, Some(bytes));
        }
    }
    let shared: Arc<dyn Disk> = Arc::new(disk);
    let report = verify(&shared, DATA.as_ref(), |_| false, |_, _| {}).expect("memory");
    assert!(report.findings.iter().any(|f| matches!(f, Finding::Root { .. })), "{report:?}");
}

#[test]
fn an_archive_stands_alone() {
    let disk = PowerDisk::default();
    let claims = session(&disk);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let to = Path::new("/data/session.archive");
    let written = archive::write(&shared, DATA.as_ref(), stream(1), to).expect("it is whole");
    assert_eq!((written.session, written.meeting, written.unsigned), (50, 25, 0));
    let key = PublicKey::load(&disk, DATA.as_ref()).expect("memory").expect("there");
    let alone = PowerDisk::default();
    let bytes = disk.files().into_iter().find(|(path, _)| path == to).expect("there").1;
    alone.put(to, Some(bytes.clone()));
    let check = |disk: &PowerDisk, key: Option<&PublicKey>| {
        let archive = Archive::open(disk, to).map_err(|error| error.to_string())?;
        let report = archive.verify(key, &claims, |_| false, |_| false).expect("memory");
        if report.is_sound() { Ok(archive) } else { Err(report.findings[0].to_string()) }
    };
    let archive = check(&alone, Some(&key)).expect("it is sound");
    assert_eq!(archive.entries().count(), 75);
    let mut media = archive.media().expect("whole").expect("there are media");
    let mut frames = 0;
    while let Some(frame) = media.next_frame().expect("whole") {
        assert!(!frame.erased && !frame.damaged);
        frames += 1;
    }
    assert_eq!(frames, 40);
    let other = ready(&Options { node_seed: Some([8; 32]), ..quiet(&PowerDisk::default()) });
    assert!(check(&alone, Some(&other.key().public())).is_err(), "another key");
    let mut random = Random::new(5);
    for case in 0..500 {
        let mut changed = bytes.clone();
        if case % 5 == 0 {
            changed.truncate(random.below(bytes.len() as u64) as usize);
        } else {
            changed[random.below(bytes.len() as u64) as usize] ^= 1 << random.below(8);
        }
        alone.put(to, Some(changed));
        assert!(check(&alone, Some(&key)).is_err(), "case {case}");
    }
}

#[test]
fn an_archive_whose_checksums_were_made_anew_does_not_verify() {
    let disk = PowerDisk::default();
    session(&disk);
    let key = PublicKey::load(&disk, DATA.as_ref()).expect("memory").expect("there");
    // Somebody without the key rewrites the log with another entry in front, and archives that.
    let forged = PowerDisk::default();
    let mut log = ready(&Options { node_seed: Some([8; 32]), ..quiet(&forged) });
    log.append(&[&fact(stream(3), 1, 1, 9)]).expect("the first");
    write(&mut log, 0..25);
    Box::new(log).close().expect("memory");
    let to = Path::new("/data/session.archive");
    let shared: Arc<dyn Disk> = Arc::new(forged.clone());
    archive::write(&shared, DATA.as_ref(), stream(1), to).expect("it is whole");
    let archive = Archive::open(&forged, to).expect("its checksums are right");
    let own = archive.verify(None, &[], |_| false, |_| false).expect("memory");
    assert!(own.is_sound(), "to whoever believes its own key");
    let report = archive.verify(Some(&key), &[], |_| false, |_| false).expect("memory");
    assert!(matches!(report.findings[..], [Finding::Unsigned(_)]), "{report:?}");
}

#[test]
fn readers_without_a_lock_follow_a_running_writer() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut options = Options::new(folder.path());
    options.segment_bytes = 20_000;
    let mut log = ready(&options);
    let data = folder.path().to_owned();
    std::thread::scope(|scope| {
        let follower = scope.spawn(move || {
            let mut reader = SegmentReader::open(&data);
            let mut seen = 0;
            while seen < 800 {
                while let Some(block) = reader.next_block().expect("no damage") {
                    for placed in block.block().expect("whole").entries {
                        assert_eq!(placed.place, seen);
                        seen += 1;
                    }
                }
                std::thread::yield_now();
            }
        });
        write(&mut log, 0..200);
        follower.join().expect("it saw everything");
    });
    let shared: Arc<dyn Disk> = Arc::new(RealDisk);
    let report = verify(&shared, folder.path(), |_| false, |_, _| {}).expect("readable");
    assert_eq!((report.findings, report.entries), (Vec::new(), 800));
}

#[test]
fn a_backup_taken_while_writing_is_restored_elsewhere() {
    for keys in [true, false] {
        let folder = tempfile::tempdir().expect("a folder");
        let [data, kept, new] = ["data", "kept", "new"].map(|name| folder.path().join(name));
        let mut options = Options::new(&data);
        options.segment_bytes = 20_000;
        let mut log = ready(&options);
        write(&mut log, 0..50);
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        let (mut media, _) = MediaWriter::open(&disk, &data, stream(1), 0).expect("a file");
        media.write(&[(1, b"picture")], 1).expect("a file");
        log.checkpoint().expect("a file");
        let taken = std::thread::scope(|scope| {
            let (from, to) = (data.clone(), kept.clone());
            let taken = scope.spawn(move || backup(&from, &to, keys).expect("room"));
            write(&mut log, 50..150);
            taken.join().expect("it ran")
        });
        assert!(taken.entries >= 200 && taken.media == 1, "{taken:?}");
        let report = restore(&kept, &new).expect("room");
        assert_eq!((report.findings, report.entries), (Vec::new(), taken.entries));
        assert!(restore(&kept, &new).is_err(), "it is not empty any more");
        let mut again = ready(&Options::new(&new));
        assert_eq!(again.epoch(), 1 + EPOCHS_SKIPPED + 1);
        assert_eq!(again.key().public() == log.key().public(), keys);
        let from = again.reader().tail(stream(2)).seq;
        assert_eq!(from, taken.entries / 4);
        write(&mut again, from..from + 10);
        Box::new(again).close().expect("in order");
        let report = verify(&disk, &new, |_| false, |_, _| {}).expect("readable");
        assert_eq!((report.findings, report.entries), (Vec::new(), taken.entries + 40));
    }
}
