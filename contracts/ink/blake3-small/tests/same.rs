//! The same results as the real crate's.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)]
use blake3::hazmat::HasherExt as _;
use real::hazmat::HasherExt as _;

/// Bytes that look random, and differ from chunk to chunk.
fn bytes(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..len).map(next).collect()
}

#[test]
fn hashes() {
    let input = bytes(70_000);
    let short = 0..=4_100;
    let around_boundaries = (4..=68).flat_map(|chunk| (0..=2).map(move |more| chunk * 1_024 - 1 + more));
    for len in short.chain(around_boundaries) {
        assert_eq!(blake3::hash(&input[..len]).as_bytes(), real::hash(&input[..len]).as_bytes(), "{len} bytes");
    }
}

/// From BLAKE3's published test vectors: the bytes 0, 1, …, 250, 0, … of these lengths.
#[test]
fn published_vectors() {
    let input: Vec<u8> = (0..=250).cycle().take(31_744).collect();
    for (len, expected) in [
        (0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"),
        (1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"),
        (1_023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11"),
        (1_024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"),
        (1_025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"),
        (31_744, "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47"),
    ] {
        let got: String = blake3::hash(&input[..len]).as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(got, expected, "{len} bytes");
    }
}

#[test]
fn subtrees() {
    let input = bytes(16 * 1_024);
    for first in [0_u64, 1, 2, 4, 8, 16, 3 << 20, 1 << 40] {
        for len in [1, 63, 64, 65, 1_023, 1_024, 1_025, 2_048, 3_000, 4_096, 16_384] {
            let offset = first * 16 * 1_024;
            let got = blake3::Hasher::new().set_input_offset(offset).update(&input[..len]).finalize_non_root();
            let expected = real::Hasher::new().set_input_offset(offset).update(&input[..len]).finalize_non_root();
            assert_eq!(got, expected, "{len} bytes at {offset}");
        }
    }
}

#[test]
fn merging() {
    let [left, right] = [bytes(32), bytes(64)].map(|bytes| <[u8; 32]>::try_from(&bytes[bytes.len() - 32..]).unwrap());
    let (small, real_mode) = (blake3::hazmat::Mode::Hash, real::hazmat::Mode::Hash);
    assert_eq!(
        blake3::hazmat::merge_subtrees_non_root(&left, &right, small),
        real::hazmat::merge_subtrees_non_root(&left, &right, real_mode)
    );
    assert_eq!(
        blake3::hazmat::merge_subtrees_root(&left, &right, blake3::hazmat::Mode::Hash).as_bytes(),
        real::hazmat::merge_subtrees_root(&left, &right, real::hazmat::Mode::Hash).as_bytes()
    );
}
