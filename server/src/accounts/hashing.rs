//! Argon2id over a peppered password, never more at once than there are cores.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::entropy;
use crate::folder::Key;

const SALT_BYTES: usize = 16;
const TAG_BYTES: usize = 32;

/// How much work a hash is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// m = 19456 KiB, t = 2, p = 1 (OWASP's first choice).
    Everybody,
    /// m = 65536 KiB, t = 3, p = 1.
    Administrator,
}

/// Why a password was not hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HashError {
    /// The queue is full.
    Busy,
    /// The stored material cannot be read, or the machine failed.
    Broken(String),
}

/// What the vault holds for an account. The costs are in it, so that raising them later breaks
/// nobody.
#[derive(Serialize, Deserialize)]
struct Material {
    v: u32,
    m: u32,
    t: u32,
    p: u32,
    salt: [u8; SALT_BYTES],
    tag: [u8; TAG_BYTES],
}

/// Hashes and checks passwords on blocking threads, with a bounded queue before them.
pub struct Hasher {
    pepper: Arc<Key>,
    /// Permits: one for each password at work or waiting.
    queue: Arc<Semaphore>,
    /// Permits: one for each core.
    cores: Arc<Semaphore>,
}

impl Hasher {
    /// At most `cores` at work and `queue_max` waiting.
    #[must_use]
    pub fn new(pepper: Key, cores: usize, queue_max: usize) -> Self {
        Self {
            pepper: Arc::new(pepper),
            queue: Arc::new(Semaphore::new(cores + queue_max)),
            cores: Arc::new(Semaphore::new(cores)),
        }
    }

    /// The material to store for a password.
    ///
    /// # Errors
    /// [`HashError::Busy`] when too many wait.
    pub async fn hash(
        &self,
        password: Zeroizing<String>,
        strength: Strength,
    ) -> Result<Vec<u8>, HashError> {
        let (m, t, p) = match strength {
            Strength::Everybody => (19_456, 2, 1),
            Strength::Administrator => (65_536, 3, 1),
        };
        self.run(move |pepper| {
            let salt = entropy::bytes();
            let tag = tag(pepper, &password, m, t, p, &salt)?;
            serde_json::to_vec(&Material { v: 1, m, t, p, salt, tag })
                .map_err(|error| HashError::Broken(error.to_string()))
        })
        .await
    }

    /// Whether a password fits the material. Without material the same work is done for nothing, so
    /// that an unknown account takes as long as a known one.
    ///
    /// # Errors
    /// [`HashError::Busy`] when too many wait; [`HashError::Broken`] when the material is
    /// unreadable.
    pub async fn fits(
        &self,
        password: Zeroizing<String>,
        material: Option<Zeroizing<Vec<u8>>>,
    ) -> Result<bool, HashError> {
        self.run(move |pepper| {
            let Some(material) = material else {
                tag(pepper, &password, 19_456, 2, 1, &[0; SALT_BYTES])?;
                return Ok(false);
            };
            let stored: Material = serde_json::from_slice(&material)
                .map_err(|error| HashError::Broken(error.to_string()))?;
            if stored.v != 1 {
                let reason = "a password was stored by a newer version of Convoke";
                return Err(HashError::Broken(reason.to_owned()));
            }
            let tag = tag(pepper, &password, stored.m, stored.t, stored.p, &stored.salt)?;
            Ok(tag.ct_eq(&stored.tag).into())
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Key) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let place = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| HashError::Busy)?;
        let core = Arc::clone(&self.cores)
            .acquire_owned()
            .await
            .map_err(|error| HashError::Broken(error.to_string()))?;
        let pepper = Arc::clone(&self.pepper);
        // The permits go along, so that a caller who hangs up does not free a core that is at work.
        tokio::task::spawn_blocking(move || {
            let done = work(&pepper);
            drop((place, core));
            done
        })
        .await
        .map_err(|error| HashError::Broken(error.to_string()))?
    }
}

fn tag(
    pepper: &Key,
    password: &str,
    m: u32,
    t: u32,
    p: u32,
    salt: &[u8],
) -> Result<[u8; TAG_BYTES], HashError> {
    let broken = |error: argon2::Error| HashError::Broken(error.to_string());
    let mut mac =
        Hmac::<Sha256>::new_from_slice(pepper.as_slice()).expect("HMAC takes any key length");
    mac.update(password.as_bytes());
    let peppered: Zeroizing<[u8; 32]> = Zeroizing::new(mac.finalize().into_bytes().into());
    let params = Params::new(m, t, p, Some(TAG_BYTES)).map_err(broken)?;
    let mut tag = [0; TAG_BYTES];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(peppered.as_slice(), salt, &mut tag)
        .map_err(broken)?;
    Ok(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Zeroizing<String> {
        Zeroizing::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_fits_its_own_material_under_its_own_pepper() {
        let hasher = Hasher::new(Key::new([1; 32]), 2, 8);
        let other = Hasher::new(Key::new([2; 32]), 2, 8);
        let material = Zeroizing::new(
            hasher.hash(word("correct horse"), Strength::Everybody).await.expect("hashed"),
        );
        assert_eq!(hasher.fits(word("correct horse"), Some(material.clone())).await, Ok(true));
        assert_eq!(hasher.fits(word("wrong horse"), Some(material.clone())).await, Ok(false));
        assert_eq!(other.fits(word("correct horse"), Some(material)).await, Ok(false));
        assert_eq!(hasher.fits(word("correct horse"), None).await, Ok(false));
    }

    #[tokio::test]
    async fn administrators_cost_more() {
        let hasher = Hasher::new(Key::new([1; 32]), 1, 8);
        let material = hasher.hash(word("x"), Strength::Administrator).await.expect("hashed");
        let stored: Material = serde_json::from_slice(&material).expect("readable");
        assert_eq!((stored.m, stored.t, stored.p), (65_536, 3, 1));
    }

    #[tokio::test]
    async fn beyond_the_queue_the_answer_is_busy() {
        let hasher = Arc::new(Hasher::new(Key::new([1; 32]), 1, 2));
        let tries = (0..20).map(|_| {
            let hasher = Arc::clone(&hasher);
            tokio::spawn(async move { hasher.fits(word("x"), None).await })
        });
        let tries: Vec<_> = tries.collect();
        let mut busy = 0;
        for each in tries {
            busy += i32::from(each.await.expect("ran") == Err(HashError::Busy));
        }
        assert!(busy > 0, "twenty at once do not fit into three places");
        assert_eq!(hasher.fits(word("x"), None).await, Ok(false), "the places are free again");
    }
}
