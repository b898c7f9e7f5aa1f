//! The two blobs that workers exchange besides raw files: MessagePack with named fields.
use assay_core::commit::Hash;
use serde::{Deserialize, Serialize};

/// A blob that isn't what it should be.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The bytes aren't a bundle, or a proof.
    #[error("blob is not a {what}: {why}; whoever published it has to publish it again")]
    Decode {
        /// What it should be.
        what: &'static str,
        /// What the decoder says.
        why: rmp_serde::decode::Error,
    },
    /// The value can't be written.
    #[error("cannot encode a {what}: {why}")]
    Encode {
        /// What it should be.
        what: &'static str,
        /// What the encoder says.
        why: rmp_serde::encode::Error,
    },
}

/// What a task's `metadata` addresses: the text of `task.toml` and the addresses of all other inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// The text of `task.toml`.
    pub toml: String,
    /// The model file.
    pub model: Hash,
    /// The records of the training step; the address is the program's root.
    pub program: Hash,
    /// The same with jitter on every gradient.
    pub jitter: Hash,
    /// The distance.
    pub distance: Hash,
    /// Names and addresses of the data sets' raw bytes; an address is the `DataDecl`'s root.
    pub data: Vec<(String, Hash)>,
    /// The safetensors file of the first state.
    pub start: Hash,
}

/// A checkpoint in a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// The state's root, an item of the list that `prove` committed to.
    pub state: Hash,
    /// Its safetensors file.
    pub blob: Hash,
}

/// What a proof's `blob` addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofBlob {
    /// The checkpoints, from the first state to the last.
    pub checkpoints: Vec<Checkpoint>,
}

impl Bundle {
    /// A bundle of at most this many bytes is downloaded.
    pub const MAX_LEN: u64 = 1 << 20;

    /// The blob.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BlobError> {
        rmp_serde::to_vec_named(self).map_err(|why| BlobError::Encode { what: "bundle", why })
    }

    /// The bundle of a blob.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BlobError> {
        rmp_serde::from_slice(bytes).map_err(|why| BlobError::Decode { what: "bundle", why })
    }
}

impl ProofBlob {
    /// The most bytes that the proof of a task with so many segments may have: two hashes and their names each.
    pub fn max_len(segments: u64) -> u64 {
        segments.saturating_add(1).saturating_mul(128).saturating_add(1024)
    }

    /// The blob.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BlobError> {
        rmp_serde::to_vec_named(self).map_err(|why| BlobError::Encode { what: "proof", why })
    }

    /// The proof of a blob.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BlobError> {
        rmp_serde::from_slice(bytes).map_err(|why| BlobError::Decode { what: "proof", why })
    }

    /// The string that `prove` commits to: the state roots in order.
    pub fn list(&self) -> Vec<u8> {
        self.checkpoints.iter().flat_map(|checkpoint| checkpoint.state.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blobs_survive_the_round_trip() {
        let bundle = Bundle {
            toml: "steps = 3".into(),
            model: Hash([1; 32]),
            program: Hash([2; 32]),
            jitter: Hash([3; 32]),
            distance: Hash([4; 32]),
            data: vec![("images".into(), Hash([5; 32]))],
            start: Hash([6; 32]),
        };
        assert_eq!(Bundle::from_bytes(&bundle.to_bytes().unwrap()).unwrap(), bundle);
        let checkpoint = Checkpoint { state: Hash([7; 32]), blob: Hash([8; 32]) };
        let proof = ProofBlob { checkpoints: vec![checkpoint; 1000] };
        let bytes = proof.to_bytes().unwrap();
        assert!(bytes.len() as u64 <= ProofBlob::max_len(999));
        assert_eq!(ProofBlob::from_bytes(&bytes).unwrap(), proof);
        assert_eq!(proof.list().len(), 32_000);
        assert!(Bundle::from_bytes(&bytes).is_err());
    }
}
