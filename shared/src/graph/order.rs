//! What is drawn for a step: the order of the data, the signs of jitter, what dropout keeps.
use crate::arith::random::{permute, philox};

/// Stream of a seed from which the seeds of its epochs are drawn ("epoc"): far from permutations' streams and from
/// steps, the streams of jitter.
const EPOCH_STREAM: u64 = 0x6570_6f63_0000_0000;

/// Stream of a seed in which dropout's words for step 0 are ("drop"); those of later steps follow.
pub const DROPOUT_STREAM: u64 = 0x6472_6f70_0000_0000;

/// Steps of an epoch: `rows / batch`, the last partial batch being dropped (rows left out change from epoch to epoch).
///
/// `batch` is 1 to `rows`; otherwise the answer is 1.
pub const fn steps_per_epoch(rows: u32, batch: u32) -> u64 {
    match rows.checked_div(batch) {
        None | Some(0) => 1,
        Some(steps) => steps as u64,
    }
}

/// The seed of one epoch's permutation.
pub fn epoch_seed(seed: u64, epoch: u64) -> u64 {
    let [low, high, ..] = philox(seed, EPOCH_STREAM, epoch);
    u64::from(low) | (u64::from(high) << 32)
}

/// The row of the data set that is item `b` of the batch of step `step`: within an epoch no row comes twice.
///
/// The one definition of data order, for micro-programs, executors and baselines. `batch` is 1 to `rows`, `b` below
/// `batch`; otherwise the answer may be no row.
pub fn gather_row(seed: u64, rows: u32, batch: u32, step: u64, b: u32) -> u64 {
    let steps = steps_per_epoch(rows, batch);
    let epoch = step.checked_div(steps).unwrap_or(0);
    let step_of_epoch = step.checked_rem(steps).unwrap_or(0);
    let position = step_of_epoch.wrapping_mul(u64::from(batch)).wrapping_add(u64::from(b));
    permute(epoch_seed(seed, epoch), u64::from(rows), position)
}

/// The sign −1, 0 or 1 with which [`Jitter`](super::Op::Jitter) disturbs an element at a step, each about as likely.
pub fn jitter_sign(seed: u64, step: u64, element: u64) -> i32 {
    let [word, ..] = philox(seed, step, element);
    match word % 3 {
        0 => -1,
        1 => 0,
        _ => 1,
    }
}

/// The word that decides whether [`Dropout`](super::Op::Dropout) keeps an element at a step: any of 2³², each as likely.
pub fn dropout_word(seed: u64, step: u64, element: u64) -> u32 {
    let [word, ..] = philox(seed, DROPOUT_STREAM.wrapping_add(step), element);
    word
}
