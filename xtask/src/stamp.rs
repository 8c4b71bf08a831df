//! Stamps: what a build was made from, so that a second one is skipped.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::Failed;

/// Folders that are made, not written.
const MADE: [&str; 4] = ["node_modules", "dist", "target", ".git"];

/// A digest of every file under `paths`: names and contents.
pub(crate) fn of(paths: &[&Path]) -> Result<String, Failed> {
    let mut hasher = DefaultHasher::new();
    for path in paths {
        add(path, &mut hasher)?;
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn add(path: &Path, hasher: &mut DefaultHasher) -> Result<(), Failed> {
    if path.is_dir() {
        let mut inside: Vec<PathBuf> =
            std::fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
        inside.sort();
        for entry in inside {
            let made = entry.file_name().is_some_and(|n| MADE.iter().any(|m| n == *m));
            if !made {
                add(&entry, hasher)?;
            }
        }
    } else if path.is_file() {
        path.hash(hasher);
        std::fs::read(path)?.hash(hasher);
    }
    Ok(())
}

/// Whether the stamp called `name` says `digest`.
pub(crate) fn holds(name: &str, digest: &str) -> bool {
    std::fs::read_to_string(place(name)).is_ok_and(|was| was == digest)
}

/// Writes the stamp called `name`.
pub(crate) fn set(name: &str, digest: &str) -> Result<(), Failed> {
    let place = place(name);
    if let Some(folder) = place.parent() {
        std::fs::create_dir_all(folder)?;
    }
    Ok(std::fs::write(place, digest)?)
}

fn place(name: &str) -> PathBuf {
    Path::new("target/xtask").join(format!("{name}.stamp"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_or_renamed_file_changes_the_digest_and_made_folders_do_not() {
        let folder = std::env::temp_dir().join(format!("convoke-stamp-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("dist")).expect("a folder of our own");
        std::fs::write(folder.join("a"), "1").expect("a file of our own");
        let first = of(&[&folder]).expect("readable");
        std::fs::write(folder.join("dist/x"), "made").expect("a file of our own");
        assert_eq!(of(&[&folder]).expect("readable"), first);
        std::fs::write(folder.join("a"), "2").expect("a file of our own");
        let second = of(&[&folder]).expect("readable");
        assert_ne!(second, first);
        std::fs::rename(folder.join("a"), folder.join("b")).expect("a file of our own");
        assert_ne!(of(&[&folder]).expect("readable"), second);
        std::fs::remove_dir_all(&folder).expect("a folder of our own");
    }
}
