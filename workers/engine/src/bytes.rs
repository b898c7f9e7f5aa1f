//! Tensors as bytes, and their commitments.
use assay_core::commit::Hash;

#[cfg(target_endian = "big")]
compile_error!("tensors are committed as little-endian bytes, which this crate takes from memory as they are");

/// The committed bytes of a tensor.
pub fn tensor_bytes(values: &[f32]) -> &[u8] {
    bytemuck::cast_slice(values)
}

/// Commitment to bytes: [`assay_core::commit::hash`], compiled for the machine.
pub fn hash_bytes(bytes: &[u8]) -> Hash {
    Hash(*blake3::hash(bytes).as_bytes())
}

/// Bytes that are hashed at once: they stay in a level-2 cache, and are enough for all lanes of the widest vectors.
const PIECE: usize = 256 << 10;

/// The same, calling `also` with every piece of the bytes before it is hashed: who copies a piece reads it from its begin
/// to its end, and so brings it to the cache sooner than hashing does, which reads many places of it at once.
pub(crate) fn hash_while(bytes: &[u8], mut also: impl FnMut(&[u8])) -> Hash {
    let mut hasher = blake3::Hasher::new();
    for piece in bytes.chunks(PIECE) {
        also(piece);
        hasher.update(piece);
    }
    Hash(*hasher.finalize().as_bytes())
}

/// Commitment to a tensor.
pub fn hash_tensor(values: &[f32]) -> Hash {
    hash_bytes(tensor_bytes(values))
}

/// Commitment to a list of commitments: the root of a state, a trace or a list of checkpoints.
pub fn hash_list(items: &[Hash]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    for item in items {
        hasher.update(item.as_bytes());
    }
    Hash(*hasher.finalize().as_bytes())
}
