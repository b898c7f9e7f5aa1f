//! Strings of gigabytes: a formula, with exceptions.
use assay_core::commit::{chunk_len, leaf_cv, merge, subtree_cv, CommitError, Hash, Span, CHUNK};
use assay_engine::bytes::{hash_tensor, tensor_bytes};
use assay_roles::game::{Committed, GameError, Generated};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// Chunks that are generated and hashed in one go.
const GROUP: u64 = 1024;
/// Bytes of a number.
const NUMBER: u64 = 4;

/// What a string consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    /// Zeros.
    Zeros,
    /// Numbers of magnitude 0.5 to 1, different for each seed. Rows of so many numbers begin with so many positive ones,
    /// the rest is negative.
    Noise {
        /// The seed.
        seed: u64,
        /// Numbers of a row.
        row: u64,
        /// How many of them are positive.
        positive: u64,
    },
}

impl Fill {
    /// Number `index`.
    fn number(self, index: u64) -> f32 {
        match self {
            Fill::Zeros => 0.0,
            Fill::Noise { seed, row, positive } => noise(seed, index, index % row < positive),
        }
    }

    /// Bytes from one position to another, multiples of 4 if they are numbers.
    fn bytes(self, from: u64, to: u64) -> Vec<u8> {
        let len = (to - from) as usize;
        let Fill::Noise { seed, row, positive } = self else { return vec![0; len] };
        let mut bytes = Vec::with_capacity(len);
        let mut column = from / NUMBER % row;
        for index in from / NUMBER..to / NUMBER {
            bytes.extend_from_slice(&noise(seed, index, column < positive).to_le_bytes());
            column += 1;
            if column == row {
                column = 0;
            }
        }
        bytes
    }
}

/// A mix of the bits of seed and index (the finaliser of D. Stafford's SplitMix64), as a number.
fn noise(seed: u64, index: u64, positive: bool) -> f32 {
    let mut z = (seed << 40 | index).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    let sign = if positive { 0 } else { 1 << 31 };
    f32::from_bits(sign | 0x3f00_0000 | (z >> 41) as u32)
}

/// A string without exceptions. It remembers the hashes that it was asked for.
#[derive(Debug)]
pub(super) struct Base {
    len: u64,
    fill: Fill,
    known: Mutex<HashMap<Span, Hash>>,
}

impl Base {
    pub(super) fn new(len: u64, fill: Fill) -> Arc<Base> {
        Arc::new(Base { len, fill, known: Mutex::default() })
    }

    fn chunk(&self, index: u64) -> Result<Vec<u8>, CommitError> {
        let start = index * CHUNK as u64;
        Ok(self.fill.bytes(start, start + chunk_len(self.len, index)?))
    }

    fn cv(&self, span: Span) -> Result<Hash, CommitError> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cv) = known().get(&span) {
            return Ok(*cv);
        }
        let cv = match span.checked(self.len)?.split() {
            Some((left, right)) if span.chunks() > GROUP => {
                merge(&self.cv(left)?, &self.cv(right)?, span.is_whole(self.len))
            }
            _ => {
                let range = span.byte_range(self.len);
                subtree_cv(&self.fill.bytes(range.start, range.end), span, self.len)?
            }
        };
        known().insert(span, cv);
        Ok(cv)
    }
}

/// A string that differs from a formula in some chunks.
#[derive(Debug, Clone)]
pub(super) struct Patched {
    base: Arc<Base>,
    chunks: BTreeMap<u64, Vec<u8>>,
}

impl Patched {
    /// The formula as it is.
    pub(super) fn plain(base: Arc<Base>) -> Patched {
        Patched { base, chunks: BTreeMap::new() }
    }

    /// The formula but for these bytes at these positions; no piece of them straddles chunks.
    pub(super) fn new<const N: usize>(
        base: &Arc<Base>,
        exceptions: impl IntoIterator<Item = (u64, [u8; N])>,
    ) -> Result<Patched, CommitError> {
        let mut patched = Patched::plain(base.clone());
        for (position, bytes) in exceptions {
            let index = position / CHUNK as u64;
            let chunk = match patched.chunks.entry(index) {
                std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::btree_map::Entry::Vacant(place) => place.insert(base.chunk(index)?),
            };
            let at = (position % CHUNK as u64) as usize;
            chunk[at..at + N].copy_from_slice(&bytes);
        }
        Ok(patched)
    }

    /// The formula but for these numbers.
    pub(super) fn with_numbers(
        base: &Arc<Base>,
        exceptions: impl IntoIterator<Item = (u64, f32)>,
    ) -> Result<Patched, CommitError> {
        Patched::new(base, exceptions.into_iter().map(|(index, value)| (index * NUMBER, value.to_le_bytes())))
    }

    /// Its commitment.
    pub(super) fn root(&self) -> Result<Hash, CommitError> {
        self.cv(Span::whole(self.byte_len()))
    }

    /// Number `index`.
    pub(super) fn number(&self, index: u64) -> f32 {
        let position = index * NUMBER;
        let at = (position % CHUNK as u64) as usize;
        match self.chunks.get(&(position / CHUNK as u64)).and_then(|chunk| chunk.get(at..)?.first_chunk()) {
            Some(bytes) => f32::from_le_bytes(*bytes),
            None => self.base.fill.number(index),
        }
    }
}

impl Generated for Patched {
    fn byte_len(&self) -> u64 {
        self.base.len
    }

    fn chunk(&self, index: u64) -> Result<Vec<u8>, CommitError> {
        self.chunks.get(&index).cloned().map_or_else(|| self.base.chunk(index), Ok)
    }

    fn cv(&self, span: Span) -> Result<Hash, CommitError> {
        if self.chunks.range(span.start..span.end).next().is_none() {
            return self.base.cv(span);
        }
        match span.checked(self.base.len)?.split() {
            Some((left, right)) => Ok(merge(&self.cv(left)?, &self.cv(right)?, span.is_whole(self.base.len))),
            None => leaf_cv(&self.chunk(span.start)?, span.start, self.base.len),
        }
    }
}

/// A tensor of numbers.
#[derive(Debug)]
pub(super) enum Tensor {
    /// Made where it is asked for.
    Patched(Patched),
    /// Kept.
    Dense(Vec<f32>),
}

impl Tensor {
    /// Its commitment.
    pub(super) fn root(&self) -> Result<Hash, CommitError> {
        match self {
            Tensor::Patched(string) => string.root(),
            Tensor::Dense(values) => Ok(hash_tensor(values)),
        }
    }

    /// Number `index`; `None` beyond the end.
    pub(super) fn number(&self, index: u64) -> Option<f32> {
        match self {
            Tensor::Patched(string) => (index < string.byte_len() / NUMBER).then(|| string.number(index)),
            Tensor::Dense(values) => values.get(index as usize).copied(),
        }
    }

    /// As a player shows it.
    pub(super) fn committed(self) -> Result<Committed, GameError> {
        match self {
            Tensor::Patched(string) => Committed::generated(string),
            Tensor::Dense(values) => Committed::new(tensor_bytes(&values).to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_core::commit::{hash, Tree};

    /// Strings of one group, of several, with a cut chunk at the end: as if they were kept.
    #[test]
    fn generated_strings_hash_as_kept_ones() {
        let noise = Fill::Noise { seed: 3, row: 7, positive: 2 };
        for (len, fill) in
            [(4, noise), (5000, noise), (3 << 20, noise), ((2 << 20) + 1028, noise), (1 << 21, Fill::Zeros)]
        {
            let base = Base::new(len, fill);
            let mut kept = fill.bytes(0, len);
            assert_eq!(Patched::plain(base.clone()).root().unwrap(), hash(&kept), "{len}");
            let exceptions = [0, len / 4 / 2, len / 4 - 1].map(|index| (index, index as f32 + 0.5));
            let patched = Patched::with_numbers(&base, exceptions).unwrap();
            for (index, value) in exceptions {
                kept[index as usize * 4..][..4].copy_from_slice(&value.to_le_bytes());
            }
            let tree = Tree::new(&kept).unwrap();
            assert_eq!(patched.root().unwrap(), tree.root(), "{len}");
            for index in (0..len / 4).step_by(997) {
                assert_eq!(patched.number(index).to_le_bytes(), kept[index as usize * 4..][..4]);
            }
            let mut span = Some(Span::whole(len));
            while let Some(at) = span {
                assert_eq!(patched.cv(at).unwrap(), tree.cv(at).unwrap(), "{at:?}");
                assert_eq!(patched.chunk(at.start).unwrap(), tree.chunk(&kept, at.start).unwrap());
                span = at.split().map(|(left, right)| if at.start % 3 == 0 { right } else { left });
            }
        }
    }
}
