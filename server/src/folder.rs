//! The data folder: where each thing lies, and who may read it.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::entropy;

/// Bytes of every key file.
pub const KEY_BYTES: usize = 32;

/// A key read from the folder, wiped when dropped.
pub type Key = Zeroizing<[u8; KEY_BYTES]>;

/// An opened data folder: it exists and only its owner may enter it.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Opens the folder, making it and its `keys` and `secrets` where they are missing.
    ///
    /// # Errors
    /// When a folder can be neither made nor closed to others.
    pub fn open(root: &Path) -> io::Result<Self> {
        private_dir(root)?;
        // An absolute path, so that a later change of working directory changes nothing.
        let folder = Self { root: root.canonicalize()? };
        private_dir(&folder.root.join("keys"))?;
        private_dir(&folder.secrets())?;
        Ok(folder)
    }

    /// The folder itself; the journal keeps its segments here.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Encrypted material, one file per secret.
    #[must_use]
    pub fn secrets(&self) -> PathBuf {
        self.root.join("secrets")
    }

    /// A file in `keys`.
    #[must_use]
    pub fn key_path(&self, name: &str) -> PathBuf {
        self.root.join("keys").join(name)
    }

    /// The socket by which commands reach a running server.
    #[must_use]
    pub fn control_socket(&self) -> PathBuf {
        self.root.join("control.sock")
    }

    /// Reads a key, drawing it at first use. Keys lie apart from what they encrypt, so that a copy
    /// of the one without the other is worth nothing.
    ///
    /// # Errors
    /// When the file cannot be read or written, or is not exactly [`KEY_BYTES`] long.
    pub fn key(&self, name: &str) -> io::Result<Key> {
        let path = self.key_path(name);
        match OpenOptions::new().read(true).open(&path) {
            Ok(mut file) => {
                let mut bytes = Zeroizing::new(Vec::new());
                file.read_to_end(&mut bytes)?;
                let key: [u8; KEY_BYTES] = bytes.as_slice().try_into().map_err(|_| {
                    let reason = format!(
                        "{} must hold {KEY_BYTES} bytes, and holds {}; put the right file back \
                         from a backup",
                        path.display(),
                        bytes.len()
                    );
                    io::Error::new(io::ErrorKind::InvalidData, reason)
                })?;
                Ok(Zeroizing::new(key))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = Zeroizing::new(entropy::bytes::<KEY_BYTES>());
                write_private(&path, key.as_slice())?;
                Ok(key)
            }
            Err(error) => Err(error),
        }
    }
}

/// Writes a file of mode 0600 so that after a power cut it is either wholly there or not at all.
///
/// # Errors
/// Those of the file system.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    // Random, so that two writers never share a half-written file.
    name.push(format!(".{}.tmp", entropy::token::<8>()));
    let temporary = parent.join(name);
    let written = (|| {
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        fs::File::open(parent)?.sync_all()
    })();
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn private_dir(path: &Path) -> io::Result<()> {
    if !path.is_dir() {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_drawn_once_and_only_their_owner_may_read_them() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let folder = Folder::open(&dir.path().join("data")).expect("opens");
        let first = folder.key("vault.key").expect("drawn");
        assert_eq!(first, folder.key("vault.key").expect("read"));
        assert_ne!(first, folder.key("pepper.key").expect("drawn"));
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&folder.key_path("vault.key")), 0o600);
        assert_eq!(mode(folder.root()), 0o700);
        assert_eq!(mode(&folder.secrets()), 0o700);
    }

    #[test]
    fn a_cut_key_is_refused_and_not_replaced() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let folder = Folder::open(dir.path()).expect("opens");
        write_private(&folder.key_path("vault.key"), b"short").expect("written");
        let error = folder.key("vault.key").expect_err("refused");
        assert!(error.to_string().contains("must hold 32 bytes"), "{error}");
    }
}
