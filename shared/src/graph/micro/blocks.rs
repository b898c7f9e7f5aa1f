//! Blocks of micro-steps: a full block has `per_block` steps, and every block but the first has one more at its end
//! that adds its result to the total so far.

/// Where a micro-step lies.
pub(super) struct Place {
    /// Its block.
    pub(super) block: u64,
    /// The block's first step.
    pub(super) start: u64,
    /// Its position within the block.
    pub(super) offset: u64,
}

/// Finds step `t`.
///
/// Block 0 has steps `0..p`, block b > 0 begins at `b·(p + 1) − 1`. The total before block b > 0 is the value of the
/// step before its first.
pub(super) fn place(t: u64, per_block: u64) -> Place {
    let pitch = per_block.wrapping_add(1);
    let (block, _) = super::index::div_rem(t.wrapping_add(1), pitch);
    let start = block.wrapping_mul(pitch).saturating_sub(1);
    Place { block, start, offset: t.wrapping_sub(start) }
}
