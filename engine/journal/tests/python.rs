//! The verifier in Python, which shares no code with this crate, agrees with it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use convoke_journal::conformance::{fact, stream};
use convoke_journal::disk::{Disk, PowerDisk};
use convoke_journal::torture::Random;
use convoke_journal::{Journal, Opened, Options, archive, open};
use convoke_model::StreamId;

/// Exit code and output of the Python verifier.
fn python(path: &Path) -> (i32, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients/auditor/verify.py");
    let run = Command::new("python3").arg(script).arg(path).output().expect("python3 is installed");
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    (run.status.code().unwrap_or(-1), text + &String::from_utf8_lossy(&run.stderr))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    ["log", "checkpoints"]
        .iter()
        .flat_map(|name| std::fs::read_dir(folder.join(name)).expect("a folder").flatten())
        .map(|entry| entry.path())
        .collect()
}

#[test]
fn both_verifiers_say_the_same_of_sound_and_of_changed_folders_and_archives() {
    let folder = tempfile::tempdir().expect("a folder");
    // Written in memory and copied out, so that nobody waits for syncs.
    let memory = PowerDisk::default();
    let meeting = StreamId { session: 0, ..stream(1) };
    for life in 0..2_u64 {
        let options = Options::quiet(folder.path(), Arc::new(memory.clone()), 12_000);
        let Opened::Ready(mut log) = open(&options).expect("it opens") else { panic!("sound") };
        let epoch = log.epoch();
        for n in life * 20..life * 20 + 20 {
            let part = [fact(stream(1), epoch, n + 1, 120), fact(meeting, epoch, n + 1, 30)];
            log.append(&[&part.concat()]).expect("they are the next");
        }
        Box::new(log).close().expect("in order");
    }
    let disk: Arc<dyn Disk> = Arc::new(memory.clone());
    let archived = folder.path().join("session.archive");
    archive::write(&disk, folder.path(), stream(1), &archived).expect("it is whole");
    for (path, bytes) in memory.files() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    }
    let (code, text) = python(folder.path());
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("80 entries, 0 erased, 0 findings"), "{text}");
    let (code, text) = python(&archived);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("80 entries, 0 erased, 0 findings"), "{text}");

    let mut random = Random::new(3);
    let mut all = files(folder.path());
    all.sort();
    for case in 0..24 {
        let path =
            if case % 4 == 0 { &archived } else { &all[random.below(all.len() as u64) as usize] };
        let good = std::fs::read(path).expect("a file");
        let mut bytes = good.clone();
        // What is zero may be padding, which no checksum covers and nobody reads.
        let used: Vec<usize> = (0..bytes.len()).filter(|&at| bytes[at] != 0).collect();
        let at = used[random.below(used.len() as u64) as usize];
        bytes[at] ^= 1 << random.below(8);
        std::fs::write(path, &bytes).expect("a file");
        let (code, text) = python(if case % 4 == 0 { path } else { folder.path() });
        assert!(code == 1 || code == 2, "byte {at} of {}: {text}", path.display());
        std::fs::write(path, &good).expect("a file");
    }
}
