//! Philox over many indices at once.
use assay_core::arith::random::philox;

/// Lanes of 64 bits that are computed side by side.
const WIDE: usize = 16;
/// Philox's multipliers and the Weyl increments of its key, as in `assay_core::arith::random`.
const MULTIPLIERS: [u64; 2] = [0xd251_1f53, 0xcd9e_8d57];
const WEYL: [u64; 2] = [0x9e37_79b9, 0xbb67_ae85];
const ROUNDS: usize = 10;
const LOW: u64 = 0xffff_ffff;

/// The first words of numbers `first..first + words.len()` of a stream: `philox(seed, stream, index)[0]`.
///
/// 32-bit words in lanes of 64 bits, as vectors multiply them.
#[inline(always)]
pub(super) fn first_words(seed: u64, stream: u64, first: u64, words: &mut [u32]) {
    let whole = words.len() / WIDE * WIDE;
    let (chunks, rest) = words.split_at_mut(whole);
    for (chunk, first) in chunks.chunks_exact_mut(WIDE).zip((first..).step_by(WIDE)) {
        let mut c0: [u64; WIDE] = std::array::from_fn(|i| first.wrapping_add(i as u64) & LOW);
        let mut c1: [u64; WIDE] = std::array::from_fn(|i| first.wrapping_add(i as u64) >> 32);
        let (mut c2, mut c3) = ([stream & LOW; WIDE], [stream >> 32; WIDE]);
        let (mut k0, mut k1) = (seed & LOW, seed >> 32);
        for _ in 0..ROUNDS {
            for i in 0..WIDE {
                let (p0, p1) = (MULTIPLIERS[0] * (c0[i] & LOW), MULTIPLIERS[1] * (c2[i] & LOW));
                c0[i] = (p1 >> 32) ^ c1[i] ^ k0;
                c1[i] = p1 & LOW;
                c2[i] = (p0 >> 32) ^ c3[i] ^ k1;
                c3[i] = p0 & LOW;
            }
            (k0, k1) = ((k0 + WEYL[0]) & LOW, (k1 + WEYL[1]) & LOW);
        }
        chunk.iter_mut().zip(c0).for_each(|(word, c0)| *word = c0 as u32);
    }
    for (word, index) in rest.iter_mut().zip(first.wrapping_add(whole as u64)..) {
        *word = philox(seed, stream, index)[0];
    }
}
