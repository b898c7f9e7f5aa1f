//! A worker's secrets, derived from one key file: seeds and salts are recomputed after a crash, never stored.
use assay_core::commit::Hash;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Domain of the derivation; a change here changes every secret.
const DOMAIN: &str = "assay 2026 worker secrets v1";

/// The key file couldn't be read or made.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The file can't be read or written.
    #[error("cannot use the key file {path}: {source}; check the home folder's permissions")]
    File {
        /// The key file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file isn't a key.
    #[error("the key file {path} has {len} bytes, 32 expected; restore it, or move it away if no task is in progress")]
    Length {
        /// The key file.
        path: PathBuf,
        /// Its length.
        len: usize,
    },
    /// The system gave no random bytes.
    #[error("the system gave no random bytes for a new key: {0}")]
    Random(getrandom::Error),
}

/// The secrets of one worker.
#[derive(Clone)]
pub struct Secrets {
    key: [u8; 32],
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(..)")
    }
}

impl Secrets {
    /// The secrets of the key file `secret` in this home; a new key if there is none.
    pub fn open(home: &Path) -> Result<Self, SecretsError> {
        let path = home.join("secret");
        match std::fs::read(&path) {
            Ok(bytes) => {
                let key = <[u8; 32]>::try_from(bytes.as_slice())
                    .map_err(|_| SecretsError::Length { path, len: bytes.len() })?;
                Ok(Self { key })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let mut key = [0; 32];
                getrandom::fill(&mut key).map_err(SecretsError::Random)?;
                store(&path, &key).map_err(|source| SecretsError::File { path, source })?;
                Ok(Self { key })
            }
            Err(source) => Err(SecretsError::File { path, source }),
        }
    }

    /// The secrets under a given key, for tests.
    pub fn of_key(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// The secret for a purpose; every part of `about` is length-prefixed.
    pub fn derive(&self, purpose: &str, about: &[&[u8]]) -> Hash {
        let mut hasher = blake3::Hasher::new_keyed(&blake3::derive_key(DOMAIN, &self.key));
        for part in std::iter::once(purpose.as_bytes()).chain(about.iter().copied()) {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Hash(*hasher.finalize().as_bytes())
    }

    /// A verifier's seed for one round of a task of the contract `contract`.
    pub fn verifier_seed(&self, contract: &[u8; 32], task: u32, round: u8) -> Hash {
        self.derive("verifier seed", &[contract, &task.to_le_bytes(), &[round]])
    }

    /// The salt of a verdict.
    pub fn salt(&self, contract: &[u8; 32], task: u32, round: u8) -> Hash {
        self.derive("verdict salt", &[contract, &task.to_le_bytes(), &[round]])
    }

    /// The secret under a submitter's chain of seeds. `nonce` tells repeated purchases of one bundle apart.
    pub fn submitter_secret(&self, contract: &[u8; 32], bundle: &Hash, nonce: u32) -> Hash {
        self.derive("submitter seeds", &[contract, bundle.as_ref(), &nonce.to_le_bytes()])
    }
}

/// Writes the key where only its owner can read it, whole or not at all.
fn store(path: &Path, key: &[u8; 32]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let new = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(key)?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_made_once() {
        let home = tempfile::tempdir().unwrap();
        let first = Secrets::open(home.path()).unwrap();
        let again = Secrets::open(home.path()).unwrap();
        assert_eq!(first.derive("x", &[b"y"]), again.derive("x", &[b"y"]));
        let other = Secrets::open(tempfile::tempdir().unwrap().path()).unwrap();
        assert_ne!(first.derive("x", &[b"y"]), other.derive("x", &[b"y"]));
    }

    #[test]
    fn parts_do_not_run_together() {
        let secrets = Secrets::of_key([7; 32]);
        assert_ne!(secrets.derive("a", &[b"bc", b"d"]), secrets.derive("a", &[b"b", b"cd"]));
        assert_ne!(secrets.derive("ab", &[]), secrets.derive("a", &[b"b"]));
    }

    #[test]
    fn a_short_key_file_is_refused() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("secret"), [1, 2, 3]).unwrap();
        assert!(matches!(Secrets::open(home.path()), Err(SecretsError::Length { len: 3, .. })));
    }
}
