//! Secrets and keys in a backup: copied beside the log, so that what is restored can be signed in
//! to.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use crate::control_socket::Answer;
use crate::folder::{Folder, write_private};

const FOLDERS: [&str; 2] = ["keys", "secrets"];

/// Copies keys and secrets of a folder into a backup. Done after the log was copied: a secret too
/// many is harmless, one too few is an account that cannot sign in.
///
/// # Errors
/// Those of the file system.
pub fn keep_secrets(folder: &Folder, to: &Path) -> io::Result<()> {
    FOLDERS.iter().try_for_each(|name| copy(&folder.root().join(name), &to.join(name)))
}

/// Copies keys and secrets of a backup into a folder.
///
/// # Errors
/// Those of the file system.
pub fn bring_secrets(from: &Path, folder: &Folder) -> io::Result<()> {
    FOLDERS.iter().try_for_each(|name| {
        let source = from.join(name);
        if source.is_dir() { copy(&source, &folder.root().join(name)) } else { Ok(()) }
    })
}

/// What to tell the person.
#[must_use]
pub fn answer(done: io::Result<()>, to: &Path) -> Answer {
    match done {
        Ok(()) => Answer::Done(format!("Backed up to {}.", to.display())),
        Err(error) => Answer::Refused(format!("Keys and secrets were not copied: {error}")),
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !to.is_dir() {
        DirBuilder::new().recursive(true).mode(0o700).create(to)?;
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        // Half-written files of this moment are not part of it.
        if entry.file_type()?.is_file() && !name.to_string_lossy().ends_with(".tmp") {
            let bytes = zeroize::Zeroizing::new(fs::read(entry.path())?);
            write_private(&to.join(name), &bytes)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::{SecretOf, Vault};
    use convoke_model::AccountId;

    #[test]
    fn what_is_restored_opens_with_its_own_keys() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let folder = Folder::open(&dir.path().join("data")).expect("opens");
        let of = SecretOf::Account(AccountId(1));
        Vault::open(&folder).expect("opens").put(of, b"material").expect("stored");
        let backup = dir.path().join("backup");
        keep_secrets(&folder, &backup).expect("copied");
        let again = Folder::open(&dir.path().join("again")).expect("opens");
        bring_secrets(&backup, &again).expect("copied");
        let vault = Vault::open(&again).expect("opens");
        assert_eq!(vault.get(of).expect("readable").expect("there").as_slice(), b"material");
    }
}
