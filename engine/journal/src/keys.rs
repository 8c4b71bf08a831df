//! The node's Ed25519 key: `keys/node.key` (32 bytes, 0600) and `keys/node.vkey` (public, C2SP).

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::Error;
use crate::bytes::hex;
use crate::disk::{Disk, Mode, read_whole, write_file};

/// Who signs the checkpoints of a node.
#[derive(Clone, Debug)]
pub struct NodeKey {
    secret: SigningKey,
}

/// Who is believed to have signed: a name and a public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    key: VerifyingKey,
}

fn secret_path(data: &Path) -> PathBuf {
    data.join("keys").join("node.key")
}

fn public_path(data: &Path) -> PathBuf {
    data.join("keys").join("node.vkey")
}

impl NodeKey {
    /// The key of a data folder; a new one is made when there is none (from `seed`, or random).
    ///
    /// # Errors
    /// `Format` when the key is lost or is not that of `node.vkey`, or what the disk said.
    pub fn load_or_make(
        disk: &dyn Disk,
        data: &Path,
        seed: Option<[u8; 32]>,
    ) -> Result<Self, Error> {
        let path = secret_path(data);
        let public = PublicKey::load(disk, data)?;
        let fresh = match read_whole(disk, &path) {
            Ok(bytes) => {
                let seed: [u8; 32] = bytes.as_slice().try_into().map_err(|_| {
                    Error::Format(format!("{} is not a node key (32 bytes)", path.display()))
                })?;
                let key = Self { secret: SigningKey::from_bytes(&seed) };
                if public.as_ref().is_some_and(|public| *public != key.public()) {
                    let path = path.display();
                    return Err(Error::Format(format!("{path} does not belong to node.vkey")));
                }
                key
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && public.is_some() => {
                return Err(Error::Format(format!(
                    "{} is lost; put it back, or move node.vkey away to begin with a new key",
                    path.display()
                )));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut fresh = [0; 32];
                match seed {
                    Some(seed) => fresh = seed,
                    None => getrandom::fill(&mut fresh)
                        .map_err(|error| Error::io("make", &path)(io::Error::other(error)))?,
                }
                write_file(disk, &path, &fresh, Mode::NewSecret)
                    .map_err(Error::io("write", &path))?;
                Self { secret: SigningKey::from_bytes(&fresh) }
            }
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        if public.is_none() {
            let (path, text) = (public_path(data), fresh.public().to_text() + "\n");
            write_file(disk, &path, text.as_bytes(), Mode::New)
                .map_err(Error::io("write", &path))?;
        }
        Ok(fresh)
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let key = self.secret.verifying_key();
        PublicKey { name: format!("convoke/{}", hex(&node_id(&key))), key }
    }

    /// The node's id: the start of the SHA-256 of its public key.
    #[must_use]
    pub fn node_id(&self) -> [u8; 16] {
        node_id(&self.secret.verifying_key())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.secret.sign(message).to_bytes()
    }
}

fn node_id(key: &VerifyingKey) -> [u8; 16] {
    let digest = Sha256::digest(key.as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    id
}

impl PublicKey {
    /// The public key a data folder names; `None` when there is none.
    ///
    /// # Errors
    /// `Format` when the file is not a key, or what the disk said.
    pub fn load(disk: &dyn Disk, data: &Path) -> Result<Option<Self>, Error> {
        Self::load_from(disk, &public_path(data))
    }

    fn load_from(disk: &dyn Disk, path: &Path) -> Result<Option<Self>, Error> {
        match read_whole(disk, path) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                let key = Self::from_text(text.trim_end());
                let wrong = || Error::Format(format!("{} is not a public key", path.display()));
                key.map(Some).ok_or_else(wrong)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("read", path)(error)),
        }
    }

    /// Every public key in a data folder: its own, and those of nodes whose log it was restored
    /// from.
    ///
    /// # Errors
    /// `Format` when a file is not a key, or what the disk said.
    pub fn all(disk: &dyn Disk, data: &Path) -> Result<Vec<Self>, Error> {
        let folder = data.join("keys");
        let names = disk.list(&folder).map_err(Error::io("list", &folder))?;
        let mut keys = Vec::new();
        for name in names.iter().filter(|name| name.ends_with(".vkey")) {
            keys.extend(Self::load_from(disk, &folder.join(name))?);
        }
        Ok(keys)
    }

    /// The name that signatures carry.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// C2SP key id: the start of SHA-256(name, newline, 1, key).
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        let mut hash = Sha256::new();
        hash.update(self.name.as_bytes());
        hash.update([b'\n', 1]);
        hash.update(self.key.as_bytes());
        let digest = hash.finalize();
        [digest[0], digest[1], digest[2], digest[3]]
    }

    /// C2SP verifier key: `name+id+base64(1, key)`.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut key = vec![1];
        key.extend_from_slice(self.key.as_bytes());
        format!("{}+{}+{}", self.name, hex(&self.id()), STANDARD.encode(key))
    }

    /// Reads what `to_text` wrote.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once('+')?;
        let (id, key) = rest.split_once('+')?;
        let key = STANDARD.decode(key).ok()?;
        let (&1, key) = key.split_first()? else { return None };
        let key = VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
        let key = Self { name: name.to_owned(), key };
        (hex(&key.id()) == id).then_some(key)
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}
