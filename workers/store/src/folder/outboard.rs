//! The inner nodes of a blob's tree, 64 bytes for every 16 KiB: kept for large blobs, computed for small ones.
use super::disk::Disk;
use super::writer::Writer;
use crate::slice::{root, tree};
use crate::{Result, StoreError};
use assay_core::commit::Hash;
use bao_tree::io::outboard::PostOrderMemOutboard;
use bao_tree::io::sync::outboard_post_order;
use std::fs::{self, File};
use std::io::BufReader;

/// Blobs from this length on have their inner nodes kept: hashing less takes under a millisecond.
const KEPT_FROM: u64 = 1 << 20;

pub(crate) type Outboard = PostOrderMemOutboard<Vec<u8>>;

/// The inner nodes of a blob's tree.
pub(super) fn load(disk: &Disk, hash: Hash, file: &File, len: u64) -> Result<Outboard> {
    match kept(disk, hash, len) {
        Some(data) => Ok(PostOrderMemOutboard { root: root(hash), tree: tree(len), data }),
        None => build(disk, hash, file, len),
    }
}

/// Kept inner nodes, if they are there and as they were written: their hash follows them.
fn kept(disk: &Disk, hash: Hash, len: u64) -> Option<Vec<u8>> {
    let mut data = fs::read(disk.outboard_path(hash)).ok()?;
    let nodes = data.len().checked_sub(32)?;
    let checksum = data.split_off(nodes);
    let sound = nodes as u64 == tree(len).outboard_size() && checksum == blake3::hash(&data).as_bytes();
    sound.then_some(data)
}

/// Computes the inner nodes anew, and with that checks the whole blob.
fn build(disk: &Disk, hash: Hash, file: &File, len: u64) -> Result<Outboard> {
    let place = || disk.root().display().to_string();
    let tree = tree(len);
    let mut data = Vec::with_capacity(usize::try_from(tree.outboard_size()).unwrap_or(0));
    let reader = BufReader::with_capacity(1 << 20, file);
    let got = outboard_post_order(reader, tree, &mut data).map_err(StoreError::io("read", disk.blob_path(hash)))?;
    if got != root(hash) {
        return Err(StoreError::Corrupt { expected: hash, got: Hash(*got.as_bytes()), place: place() });
    }
    if len >= KEPT_FROM {
        let kept = Writer::create(&disk.incoming()).and_then(|mut writer| {
            writer.write(&data)?;
            writer.write(blake3::hash(&data).as_bytes())?;
            writer.publish(&disk.outboard_path(hash))
        });
        if let Err(error) = kept {
            tracing::warn!(%error, "inner nodes are not kept; they are computed again next time");
        }
    }
    Ok(PostOrderMemOutboard { root: got, tree, data })
}
