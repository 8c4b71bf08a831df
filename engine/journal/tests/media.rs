//! Media files: written in flushes, read while written, cut after a crash, bound by digests,
//! erased.

use std::path::Path;
use std::sync::Arc;

use convoke_journal::conformance::stream;
use convoke_journal::disk::{Disk, PowerDisk};
use convoke_journal::media::{self, MediaReader, MediaWriter, Stretch};
use convoke_journal::torture::Random;

const DATA: &str = "/data";

fn open(disk: &PowerDisk, sealed: u64) -> (MediaWriter, Option<media::Gap>) {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    MediaWriter::open(&disk, Path::new(DATA), stream(1), sealed).expect("memory")
}

fn frames(disk: &PowerDisk) -> Vec<media::Frame> {
    let mut reader = MediaReader::open(disk, Path::new(DATA), stream(1)).expect("it is there");
    std::iter::from_fn(|| reader.next_frame().expect("readable")).collect()
}

fn payload(n: u64) -> Vec<u8> {
    (0..500 + n * 37 % 3000).map(|byte| (byte + n) as u8 | 1).collect()
}

fn write(writer: &mut MediaWriter, numbers: std::ops::Range<u64>) {
    for n in numbers {
        let (a, b) = (payload(n), payload(n + 1000));
        writer.write(&[(n * 10, &a), (n * 10 + 5, &b)], n * 10).expect("memory");
        writer.sync_if_due(n * 10).expect("memory");
    }
}

fn findings(disk: &PowerDisk, claims: &[Stretch], covered: bool) -> usize {
    media::verify_media(disk, Path::new(DATA), stream(1), claims, |_| covered)
        .expect("memory")
        .len()
}

#[test]
fn what_is_written_is_read_and_bound() {
    let disk = PowerDisk::default();
    let (mut writer, gap) = open(&disk, 0);
    assert_eq!(gap, None);
    write(&mut writer, 0..50);
    let first = writer.stretch(500).expect("memory").expect("something");
    assert_eq!(first.times, (0, 495));
    write(&mut writer, 50..80);
    let last = writer.close(800).expect("memory").expect("something");
    assert_eq!((first.from, first.to, last.times), (64, last.from, (500, 795)));
    let read = frames(&disk);
    assert_eq!(read.len(), 160);
    for (n, pair) in (0..).zip(read.chunks(2)) {
        assert_eq!((&pair[0].payload, &pair[1].payload), (&payload(n), &payload(n + 1000)));
    }
    let claims = [first, last];
    assert_eq!(findings(&disk, &claims, false), 0);
    let path = media::path(Path::new(DATA), stream(1));
    let bytes = disk.files().into_iter().find(|(p, _)| *p == path).expect("there").1;
    for at in (64..bytes.len()).step_by(997) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 16;
        disk.put(&path, Some(flipped));
        assert_eq!(findings(&disk, &claims, true), 1, "byte {at}");
    }
    disk.put(&path, None);
    assert_eq!(findings(&disk, &claims, true), 1);
}

#[test]
fn an_erased_stretch_is_told_from_a_damaged_one() {
    let disk = PowerDisk::default();
    let (mut writer, _) = open(&disk, 0);
    write(&mut writer, 0..10);
    let first = writer.stretch(100).expect("memory").expect("something");
    write(&mut writer, 10..20);
    let second = writer.close(200).expect("memory").expect("something");
    media::erase_stretch(&disk, Path::new(DATA), stream(1), first.from, first.to).expect("whole");
    let claims = [first, second];
    assert_eq!((findings(&disk, &claims, true), findings(&disk, &claims, false)), (0, 1));
    let erased: Vec<bool> = frames(&disk).iter().map(|frame| frame.erased).collect();
    assert_eq!(erased, [[true; 20], [false; 20]].concat());
}

#[test]
fn a_file_is_synced_ten_times_a_second_at_most() {
    let disk = PowerDisk::default();
    let (mut writer, _) = open(&disk, 0);
    let mut syncs = 0;
    for now in (1000..2000).step_by(10) {
        writer.write(&[(now, b"x")], now).expect("memory");
        syncs += usize::from(writer.sync_if_due(now).expect("memory"));
        assert!(writer.oldest_unsynced().is_none_or(|oldest| now - oldest < 100));
    }
    assert_eq!(syncs, 10);
}

#[test]
fn after_a_power_loss_what_was_synced_is_there_and_writing_goes_on() {
    for seed in 0..50 {
        let disk = PowerDisk::default();
        let (mut writer, _) = open(&disk, 0);
        write(&mut writer, 0..30);
        let sealed = writer.stretch(300).expect("memory").expect("something");
        for n in 30..45 {
            writer.write(&[(n * 10, &payload(n))], n * 10).expect("memory");
        }
        drop(writer);
        let left = disk.after_power_loss(&mut Random::new(seed), 512);
        let (mut writer, gap) = open(&left, sealed.to);
        assert!(gap.is_none_or(|gap| gap.at >= sealed.to));
        let length = frames(&left).len();
        assert!((60..=75).contains(&length), "{length} frames");
        writer.write(&[(900, b"again")], 900).expect("memory");
        let next = writer.close(1000).expect("memory").expect("something");
        assert_eq!(next.from, sealed.to);
        assert_eq!(
            frames(&left).last().map(|frame| frame.payload.clone()),
            Some(b"again".to_vec())
        );
        assert_eq!(findings(&left, &[sealed, next], false), 0);
    }
}
