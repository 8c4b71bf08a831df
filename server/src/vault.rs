//! The secrets vault: password hashes and meeting passwords, encrypted under a key file, outside
//! the log.
//!
//! ```text
//! secrets/NAME = "CVKVLT01" | u32 version (LE) | 24 bytes nonce | XChaCha20-Poly1305(material)
//!                authenticated with it: the 12 bytes before the nonce, and NAME
//! ```
//!
//! NAME is in the authenticated data, so one person's hash cannot be put in another's place by
//! moving files. The log holds facts that say *that* a secret changed; the material only lies here.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Mutex;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key as CipherKey, XChaCha20Poly1305, XNonce};
use convoke_model::site::connections::SecretNumber;
use convoke_model::{AccountId, ApiKeyId, MeetingId, WebhookId};
use zeroize::Zeroizing;

use crate::entropy;
use crate::folder::{Folder, write_private};

const MAGIC: &[u8; 8] = b"CVKVLT01";
const HEADER_BYTES: usize = 12;
const NONCE_BYTES: usize = 24;

/// What a secret belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretOf {
    /// The password hash of an account.
    Account(AccountId),
    /// The key and the recovery codes of an account's authenticator app.
    Codes(AccountId),
    /// The hash of an account's link to set a new password.
    Reset(AccountId),
    /// The password of a meeting, which its invitations show again.
    Meeting(MeetingId),
    /// The hash of a key by which programs act for an account.
    ApiKey(ApiKeyId),
    /// What integrations of the legacy interface share with this server.
    IntegrationCode,
    /// What signs the calls of a webhook.
    Webhook(WebhookId),
    /// The password of a connection that administrators set, or what a bridge shows.
    Connection(SecretNumber),
}

impl fmt::Display for SecretOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => write!(f, "account-{id}.password"),
            Self::Codes(id) => write!(f, "account-{id}.codes"),
            Self::Reset(id) => write!(f, "account-{id}.reset"),
            Self::ApiKey(id) => write!(f, "api-key-{id}.hash"),
            Self::Meeting(id) => write!(f, "meeting-{}.password", id.number()),
            Self::IntegrationCode => f.write_str("integration.code"),
            Self::Webhook(id) => write!(f, "webhook-{id}.secret"),
            Self::Connection(SecretNumber(n)) => write!(f, "connection-{n:016x}.secret"),
        }
    }
}

/// Why a secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The file system failed.
    #[error("the secrets folder: {0}")]
    Disk(#[from] io::Error),
    /// The file was changed, or the key file is not the one it was written under.
    #[error("{0} does not open with this key: it was damaged, or keys/vault.key is another one")]
    Sealed(String),
}

/// Encrypted material, one file per secret.
pub struct Vault {
    dir: PathBuf,
    cipher: XChaCha20Poly1305,
    /// Versions count up; two writers at once would give the same number twice.
    writing: Mutex<()>,
}

impl Vault {
    /// Opens the vault of a folder, drawing its key at first use.
    ///
    /// # Errors
    /// When the key file cannot be read or made.
    pub fn open(folder: &Folder) -> io::Result<Self> {
        let key = folder.key("vault.key")?;
        let cipher = XChaCha20Poly1305::new(&CipherKey::from(*key));
        Ok(Self { dir: folder.secrets(), cipher, writing: Mutex::new(()) })
    }

    /// Stores material and gives its version, counted from 1. When this returns, a power cut cannot
    /// bring the old one back.
    ///
    /// # Errors
    /// Those of the file system, or a damaged file that is in the way.
    pub fn put(&self, of: SecretOf, material: &[u8]) -> Result<u32, VaultError> {
        let _writing = self.writing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let version = self.read(of)?.map_or(0, |(version, _)| version).saturating_add(1);
        let mut file = header(version).to_vec();
        let nonce = entropy::bytes::<NONCE_BYTES>();
        let bound = bound_to(of, version);
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), Payload { msg: material, aad: &bound })
            .map_err(|_| VaultError::Sealed(of.to_string()))?;
        file.extend_from_slice(&nonce);
        file.extend_from_slice(&sealed);
        write_private(&self.dir.join(of.to_string()), &file)?;
        Ok(version)
    }

    /// The material, or `None` when there never was one.
    ///
    /// # Errors
    /// Those of the file system, or a file that does not open with this key.
    pub fn get(&self, of: SecretOf) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        Ok(self.read(of)?.map(|(_, material)| material))
    }

    /// Takes material away, if there is any. When this returns, a power cut cannot bring it back.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn remove(&self, of: SecretOf) -> Result<(), VaultError> {
        let _writing = self.writing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match std::fs::remove_file(self.dir.join(of.to_string())) {
            Ok(()) => Ok(std::fs::File::open(&self.dir)?.sync_all()?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    #[expect(clippy::type_complexity, reason = "a pair used in two places of this file")]
    fn read(&self, of: SecretOf) -> Result<Option<(u32, Zeroizing<Vec<u8>>)>, VaultError> {
        let file = match std::fs::read(self.dir.join(of.to_string())) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let sealed = || VaultError::Sealed(of.to_string());
        let (head, rest) = file.split_at_checked(HEADER_BYTES).ok_or_else(sealed)?;
        let (nonce, ciphertext) = rest.split_at_checked(NONCE_BYTES).ok_or_else(sealed)?;
        let version = head
            .strip_prefix(MAGIC)
            .and_then(|version| version.try_into().ok())
            .map(u32::from_le_bytes)
            .ok_or_else(sealed)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| sealed())?;
        let bound = bound_to(of, version);
        let material = self
            .cipher
            .decrypt(&XNonce::from(nonce), Payload { msg: ciphertext, aad: &bound })
            .map_err(|_| sealed())?;
        Ok(Some((version, Zeroizing::new(material))))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("dir", &self.dir).finish_non_exhaustive()
    }
}

fn header(version: u32) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..8].copy_from_slice(MAGIC);
    header[8..].copy_from_slice(&version.to_le_bytes());
    header
}

fn bound_to(of: SecretOf, version: u32) -> Vec<u8> {
    let mut bound = header(version).to_vec();
    bound.extend_from_slice(of.to_string().as_bytes());
    bound
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> (tempfile::TempDir, Vault) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let vault = Vault::open(&Folder::open(dir.path()).expect("opens")).expect("opens");
        (dir, vault)
    }

    const ANN: SecretOf = SecretOf::Account(AccountId(1));
    const BOB: SecretOf = SecretOf::Account(AccountId(2));

    #[test]
    fn what_was_put_comes_back_and_versions_count_up() {
        let (dir, vault) = vault();
        assert!(vault.get(ANN).expect("readable").is_none());
        assert_eq!(vault.put(ANN, b"one").expect("stored"), 1);
        assert_eq!(vault.put(ANN, b"two").expect("stored"), 2);
        let again = Vault::open(&Folder::open(dir.path()).expect("opens")).expect("opens");
        assert_eq!(again.get(ANN).expect("readable").expect("there").as_slice(), b"two");
    }

    #[test]
    fn what_was_removed_is_gone() {
        let (_dir, vault) = vault();
        let (codes, link) = (SecretOf::Codes(AccountId(1)), SecretOf::Reset(AccountId(1)));
        for of in [ANN, codes, link] {
            vault.put(of, of.to_string().as_bytes()).expect("stored");
        }
        vault.remove(codes).expect("removed");
        vault.remove(codes).expect("nothing to do");
        assert!(vault.get(codes).expect("readable").is_none());
        assert!(vault.get(ANN).expect("readable").is_some());
        assert!(vault.get(link).expect("readable").is_some());
    }

    #[test]
    fn the_material_is_not_on_the_disk_in_clear() {
        let (dir, vault) = vault();
        vault.put(ANN, b"canary-material").expect("stored");
        let file = std::fs::read(dir.path().join("secrets/account-1.password")).expect("there");
        assert!(!file.windows(6).any(|w| w == b"canary"));
    }

    #[test]
    fn every_flipped_byte_and_every_swapped_file_is_noticed() {
        let (dir, vault) = vault();
        vault.put(ANN, b"ann").expect("stored");
        vault.put(BOB, b"bob").expect("stored");
        let secrets = dir.path().join("secrets");
        let (ann, bob) = (secrets.join("account-1.password"), secrets.join("account-2.password"));
        let good = std::fs::read(&ann).expect("there");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&ann, bad).expect("written");
            assert!(matches!(vault.get(ANN), Err(VaultError::Sealed(_))), "byte {at}");
        }
        for length in 0..good.len() {
            std::fs::write(&ann, &good[..length]).expect("written");
            assert!(vault.get(ANN).is_err(), "cut to {length}");
        }
        std::fs::copy(&bob, &ann).expect("copied");
        assert!(vault.get(ANN).is_err(), "bob's secret does not open as ann's");
    }
}
