//! A checkpoint: a C2SP signed note that says how many entries the node has and the root over them.
//!
//! ```text
//! convoke/<node id>        the origin
//! 123                      entries
//! <base64 of the root>
//! epoch 4
//!
//! — convoke/<node id> <base64 of key id and Ed25519 signature of everything above the empty line>
//! ```

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use convoke_wire::Hash;

use crate::Error;
use crate::disk::{Disk, Mode, read_whole, write_file};
use crate::journal::Head;
use crate::keys::{NodeKey, PublicKey};

/// Where the log stood, as its node signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The signer's name.
    pub origin: String,
    /// Where the log stood.
    pub head: Head,
}

/// The folder of a data folder's checkpoints.
#[must_use]
pub fn folder(data: &Path) -> PathBuf {
    data.join("checkpoints")
}

/// Signs where a log stands.
#[must_use]
pub fn sign(head: &Head, key: &NodeKey) -> String {
    let public = key.public();
    let (name, root) = (public.name(), STANDARD.encode(head.root));
    let text = format!("{name}\n{}\n{root}\nepoch {}\n", head.size, head.epoch);
    let mut signature = public.id().to_vec();
    signature.extend_from_slice(&key.sign(text.as_bytes()));
    format!("{text}\n\u{2014} {name} {}\n", STANDARD.encode(signature))
}

impl Checkpoint {
    /// Reads a signed note without checking who signed it.
    #[must_use]
    pub fn parse(note: &str) -> Option<Self> {
        let (text, _) = note.split_once("\n\n")?;
        let mut lines = text.lines();
        let origin = lines.next()?.to_owned();
        let size = lines.next()?.parse().ok()?;
        let root: Hash = STANDARD.decode(lines.next()?).ok()?.try_into().ok()?;
        let epoch = lines.next()?.strip_prefix("epoch ")?.parse().ok()?;
        lines.next().is_none().then_some(Self { origin, head: Head { epoch, size, root } })
    }

    /// Reads a signed note and checks that `key` signed it.
    #[must_use]
    pub fn verify(note: &str, key: &PublicKey) -> Option<Self> {
        let checkpoint = Self::parse(note)?;
        let (text, signatures) = note.split_once("\n\n")?;
        let message = format!("{text}\n");
        let signed = signatures.lines().any(|line| {
            let Some(rest) = line.strip_prefix("\u{2014} ") else { return false };
            let Some((name, signature)) = rest.split_once(' ') else { return false };
            let Ok(bytes) = STANDARD.decode(signature) else { return false };
            let Some((id, signature)) = bytes.split_first_chunk::<4>() else { return false };
            let Ok(signature) = <[u8; 64]>::try_from(signature) else { return false };
            name == key.name() && *id == key.id() && key.verify(message.as_bytes(), &signature)
        });
        (signed && checkpoint.origin == key.name()).then_some(checkpoint)
    }
}

/// Signs and stores where a log stands: as `latest.note`, and under its size when it is to stay.
pub(crate) fn store(
    disk: &dyn Disk,
    data: &Path,
    head: &Head,
    key: &NodeKey,
    keep: bool,
) -> Result<(), Error> {
    let note = sign(head, key);
    let mut names = vec![String::from("latest.note")];
    if keep {
        names.push(format!("{:020}.note", head.size));
    }
    for name in names {
        let path = folder(data).join(name);
        write_file(disk, &path, note.as_bytes(), Mode::New).map_err(Error::io("write", &path))?;
    }
    Ok(())
}

/// Names and texts of all checkpoints of a data folder.
pub(crate) fn all(disk: &dyn Disk, data: &Path) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let folder = folder(data);
    let names = disk.list(&folder).map_err(Error::io("list", &folder))?;
    let notes = names.into_iter().filter(|name| name.ends_with(".note"));
    notes
        .map(|name| {
            let path = folder.join(&name);
            Ok((name, read_whole(disk, &path).map_err(Error::io("read", &path))?))
        })
        .collect()
}

/// Size and root of the largest checkpoint that the folder's own key signed.
pub(crate) fn newest(disk: &dyn Disk, data: &Path) -> Result<Option<(u64, Hash)>, Error> {
    let keys = PublicKey::all(disk, data).unwrap_or_default();
    let sound = all(disk, data)?.into_iter().filter_map(|(_, note)| {
        let note = String::from_utf8(note).ok()?;
        let checkpoint = keys.iter().find_map(|key| Checkpoint::verify(&note, key))?;
        Some((checkpoint.head.size, checkpoint.head.root))
    });
    Ok(sound.max_by_key(|(size, _)| *size))
}

/// Moves checkpoints of more than `size` entries to the quarantine folder: that history was given
/// up.
pub(crate) fn set_aside(disk: &dyn Disk, data: &Path, size: u64) -> Result<(), Error> {
    for (name, note) in all(disk, data)? {
        let known = String::from_utf8(note).ok().and_then(|note| Checkpoint::parse(&note));
        if known.is_some_and(|checkpoint| checkpoint.head.size > size) {
            let (from, to) = (folder(data).join(&name), data.join("quarantine").join(&name));
            match disk.rename(&from, &to) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::io("move", &from)(error));
                }
                _ => {}
            }
        }
    }
    let folder = folder(data);
    disk.sync_folder(&folder).map_err(Error::io("sync", &folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::PowerDisk;

    #[test]
    fn a_note_is_believed_as_it_was_signed_only() {
        let (disk, data) = (PowerDisk::default(), Path::new("/data"));
        let key = NodeKey::load_or_make(&disk, data, Some([3; 32])).expect("memory");
        let public = PublicKey::load(&disk, data).expect("written").expect("written");
        assert_eq!(public, key.public());
        let head = Head { epoch: 4, size: 123, root: [9; 32] };
        let note = sign(&head, &key);
        assert_eq!(Checkpoint::verify(&note, &public).map(|c| c.head), Some(head));
        for at in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(other) = String::from_utf8(bytes) else { continue };
            let other = Checkpoint::verify(&other, &public);
            assert!(other.is_none_or(|c| c.head == head), "byte {at}");
        }
        let other = NodeKey::load_or_make(&PowerDisk::default(), data, Some([4; 32]));
        let other = other.expect("memory").public();
        assert_eq!(Checkpoint::verify(&note, &other), None);
    }
}
