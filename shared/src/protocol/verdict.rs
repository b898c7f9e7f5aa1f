//! Verdicts: committed blind, then revealed, and whether they let the solver pass.
use super::beacon::tagged;
use super::types::{AccountId, Mode, SegmentReport, TaskId};
use crate::arith::{ge, F32};
use crate::commit::Hash;

/// The commitment to a verdict. Bound to chain, contract, task, round and account, so that it can't be copied.
pub fn verdict_commitment(
    chain: &Hash,
    contract: &AccountId,
    task: TaskId,
    round: u8,
    account: &AccountId,
    reports: &[SegmentReport],
    salt: &Hash,
) -> Hash {
    tagged("assay/verdict/v1", (chain, contract, task, round, account, reports, salt))
}

/// Whether a segment passes: bit for bit, or in tolerant mode by a distance within the threshold (a NaN isn't).
pub fn passes(mode: Mode, replayed: &Hash, claimed: &Hash, value: F32, tau2: F32) -> bool {
    replayed == claimed || (mode == Mode::Tolerant && ge(tau2, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn everything_is_bound() {
        let report = SegmentReport { replayed: Hash([1; 32]), value: F32::ONE, openings: vec![] };
        let base = |chain: u8, contract: u8, task, round, account: u8, report: &SegmentReport, salt: u8| {
            let reports = [report.clone()];
            verdict_commitment(
                &Hash([chain; 32]),
                &[contract; 32],
                task,
                round,
                &[account; 32],
                &reports,
                &Hash([salt; 32]),
            )
        };
        let other = SegmentReport { value: F32::TWO, ..report.clone() };
        let all = [
            base(1, 1, 1, 1, 1, &report, 1),
            base(2, 1, 1, 1, 1, &report, 1),
            base(1, 2, 1, 1, 1, &report, 1),
            base(1, 1, 2, 1, 1, &report, 1),
            base(1, 1, 1, 2, 1, &report, 1),
            base(1, 1, 1, 1, 2, &report, 1),
            base(1, 1, 1, 1, 1, &other, 1),
            base(1, 1, 1, 1, 1, &report, 2),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one));
        }
    }

    #[test]
    fn passing() {
        let (a, b) = (Hash([1; 32]), Hash([2; 32]));
        assert!(passes(Mode::Exact, &a, &a, F32::NAN, F32::ZERO));
        assert!(!passes(Mode::Exact, &a, &b, F32::ZERO, F32::ONE));
        assert!(passes(Mode::Tolerant, &a, &b, F32::HALF, F32::ONE));
        assert!(passes(Mode::Tolerant, &a, &b, F32::ONE, F32::ONE));
        assert!(!passes(Mode::Tolerant, &a, &b, F32::TWO, F32::ONE));
        assert!(!passes(Mode::Tolerant, &a, &b, F32::NAN, F32::ONE));
        assert!(passes(Mode::Tolerant, &a, &a, F32::NAN, F32::ONE));
    }
}
