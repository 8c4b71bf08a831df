//! Memory and segment files are the same log to whoever uses them.

use std::path::Path;
use std::sync::Arc;

use convoke_journal::disk::PowerDisk;
use convoke_journal::{Memory, Opened, Options, Segments, conformance, open};

fn ready(options: &Options) -> Segments {
    match open(options).expect("it opens") {
        Opened::Ready(log) => log,
        Opened::Quarantined(quarantine) => panic!("{}", quarantine.reason()),
    }
}

#[test]
fn memory_is_a_log() {
    conformance::all(Memory::new);
}

#[test]
fn segment_files_are_a_log() {
    let make = || {
        let disk = Arc::new(PowerDisk::default());
        ready(&Options::quiet(Path::new("/data"), disk, 8192))
    };
    conformance::all(make);
}

#[test]
fn segment_files_with_index_and_threads_are_a_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let number = std::sync::atomic::AtomicU32::new(0);
    let make = || {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut options = Options::new(&folder.path().join(number.to_string()));
        options.segment_bytes = 64 << 10;
        ready(&options)
    };
    conformance::all(make);
}
