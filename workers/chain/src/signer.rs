//! Keys.
use crate::{address, ChainError, Result};
use assay_core::protocol::AccountId;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use subxt::config::substrate::{AccountId32, MultiSignature};
use subxt::config::SubstrateConfig;
use subxt_signer::sr25519::Keypair;
use subxt_signer::SecretUri;
use zeroize::Zeroizing;

/// A key that signs, of the kind sr25519. Never shown: printing it gives the address.
#[derive(Clone)]
pub struct Signer {
    pair: Keypair,
    account: AccountId,
}

impl Signer {
    /// A key from a phrase or a `0x…` seed, either with derivations, as in `//Alice`; or `file:PATH` for a file with one.
    pub fn load(text: &str) -> Result<Self> {
        match text.strip_prefix("file:") {
            Some(path) => Self::from_file(Path::new(path)),
            None => Self::from_uri(text),
        }
    }

    /// A key from a phrase or a `0x…` seed, either with derivations, as in `//Alice`.
    pub fn from_uri(uri: &str) -> Result<Self> {
        // Substrate takes nothing for the phrase that everybody knows.
        if uri.trim().is_empty() {
            return Err(ChainError::Key { why: "it is empty" });
        }
        let uri = SecretUri::from_str(uri.trim()).map_err(|_| ChainError::Key { why: "it has another form" })?;
        // What is wrong with a phrase would tell part of it.
        let pair = Keypair::from_uri(&uri).map_err(|_| ChainError::Key { why: "the phrase or seed is wrong" })?;
        let account = pair.public_key().0;
        Ok(Signer { pair, account })
    }

    /// A key from a file whose only line is what [`Signer::from_uri`] takes.
    pub fn from_file(path: &Path) -> Result<Self> {
        let failed =
            |error: std::io::Error| ChainError::File { doing: "read", path: path.into(), why: error.to_string() };
        warn_if_open(path);
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(failed)?);
        Self::from_uri(&text)
    }

    /// The account that it signs for.
    pub fn account(&self) -> AccountId {
        self.account
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", address(&self.account))
    }
}

impl subxt::tx::Signer<SubstrateConfig> for Signer {
    fn account_id(&self) -> AccountId32 {
        AccountId32(self.account)
    }

    fn sign(&self, payload: &[u8]) -> MultiSignature {
        MultiSignature::Sr25519(self.pair.sign(payload).0)
    }
}

#[cfg(unix)]
fn warn_if_open(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map_or(0, |meta| meta.permissions().mode());
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "others can read this key file: chmod 600 it");
    }
}

#[cfg(not(unix))]
fn warn_if_open(_path: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

    #[test]
    fn development_keys_have_their_well_known_addresses() {
        let alice = Signer::load("//Alice").unwrap();
        assert_eq!(address(&alice.account()), ALICE);
        assert_eq!(format!("{alice:?}"), format!("Signer({ALICE})"));
        let phrase = "bottom drive obey lake curtain smoke basket hold race lonely fit walk//Alice";
        assert_eq!(Signer::load(phrase).unwrap().account(), alice.account());
    }

    #[test]
    fn a_file_may_hold_the_key() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "//Alice\n").unwrap();
        let signer = Signer::load(&format!("file:{}", file.path().display())).unwrap();
        assert_eq!(address(&signer.account()), ALICE);
        assert!(matches!(Signer::load("file:/nowhere/key"), Err(ChainError::File { .. })));
    }

    #[test]
    fn a_wrong_secret_is_not_repeated() {
        for secret in [
            "correct horse battery staple",
            "0x123",
            "0xzz",
            "",
            "bottom drive obey lake curtain smoke basket hold race lonely fit walc",
        ] {
            let error = Signer::load(secret).unwrap_err();
            assert!(matches!(error, ChainError::Key { .. }));
            for word in secret.split(' ').filter(|word| word.len() > 3) {
                assert!(!error.to_string().contains(word), "{error}");
            }
        }
    }
}
