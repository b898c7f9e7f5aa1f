//! The first level: which step of a segment. The asserter names the states between, the challenger the first part that
//! ends in a state that it disagrees with.
use super::{Fault, Side};
use crate::commit::Hash;
use crate::protocol::error::{ensure, same_count};
use crate::protocol::Error;
use crate::wire::wire;
use alloc::vec::Vec;
use codec::{Decode, Encode};

/// Parts that a range of steps is cut into at most: four times those of a descent, since a root of a state costs 32 bytes
/// here and no opening, and long segments are what takes most moves (decision 0010).
const PARTS: u32 = 64;

/// A range of steps that begins in an agreed state and ends in a disputed one.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Split {
    /// First step, counted from the claim's first.
    pub lo: u32,
    /// Step after the last: at least two more.
    pub hi: u32,
    /// Agreed root of the state before `lo`.
    pub before: Hash,
    /// Disputed root of the state before `hi`.
    pub after: Hash,
    /// What the asserter named, state roots at the inner boundaries. Empty: it is to move.
    pub roots: Vec<Hash>,
}

wire!(struct Split { lo, hi, before, after, roots });

/// Where a range is cut, its ends included: `lo + (hi - lo) * i / parts` with `parts = min(64, hi - lo)`.
pub fn boundaries(lo: u32, hi: u32) -> Vec<u32> {
    let steps = u64::from(hi.saturating_sub(lo));
    let parts = steps.clamp(1, u64::from(PARTS));
    let at = |i: u64| {
        let steps_before = steps.saturating_mul(i).checked_div(parts).unwrap_or(0);
        lo.saturating_add(u32::try_from(steps_before).unwrap_or(u32::MAX))
    };
    (0..=parts).map(at).collect()
}

impl Split {
    pub(super) fn turn(&self) -> Side {
        if self.roots.is_empty() {
            Side::Asserter
        } else {
            Side::Challenger
        }
    }

    /// The asserter names the states at the inner boundaries.
    pub(super) fn reveal(&mut self, roots: Vec<Hash>) -> Result<(), Fault> {
        ensure!(self.turn() == Side::Asserter, Error::WrongMove);
        let expected = boundaries(self.lo, self.hi).len().saturating_sub(2);
        same_count(expected, roots.len())?;
        self.roots = roots;
        Ok(())
    }

    /// The challenger names the first part whose end it disagrees with.
    pub(super) fn pick(&mut self, index: u32) -> Result<(), Fault> {
        ensure!(self.turn() == Side::Challenger, Error::WrongMove);
        let cuts = boundaries(self.lo, self.hi);
        let at = usize::try_from(index).unwrap_or(usize::MAX);
        let next = at.saturating_add(1);
        let (Some(&lo), Some(&hi)) = (cuts.get(at), cuts.get(next)) else {
            let count = u32::try_from(cuts.len().saturating_sub(1)).unwrap_or(u32::MAX);
            return Err(Error::Pick { index, count }.into());
        };
        let before = at.checked_sub(1).and_then(|at| self.roots.get(at)).copied().unwrap_or(self.before);
        let after = self.roots.get(at).copied().unwrap_or(self.after); // The last part ends where the range does.
        *self = Split { lo, hi, before, after, roots: Vec::new() };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_cut_evenly() {
        assert_eq!(boundaries(3, 5), [3, 4, 5]);
        assert_eq!(boundaries(0, 64).len(), 65);
        let cuts = boundaries(7, 407);
        assert_eq!((cuts.len(), cuts[0], cuts[64]), (65, 7, 407));
        assert!(cuts.windows(2).all(|pair| (6..=7).contains(&(pair[1] - pair[0]))));
        let cuts = boundaries(0, u32::MAX);
        assert_eq!(cuts[64], u32::MAX);
        assert!(cuts.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn parts_inherit_their_ends() {
        let root = |byte| Hash([byte; 32]);
        let split = Split { lo: 0, hi: 4, before: root(0), after: root(4), roots: Vec::new() };
        for (index, steps, ends) in [(0, (0, 1), (0, 1)), (1, (1, 2), (1, 2)), (3, (3, 4), (3, 4))] {
            let mut split = split.clone();
            assert!(split.pick(0).is_err());
            assert!(split.reveal(alloc::vec![root(1), root(2)]).is_err());
            assert!(split.reveal(alloc::vec![root(1), root(2), root(3)]).is_ok());
            assert!(split.reveal(alloc::vec![root(1), root(2), root(3)]).is_err());
            assert!(split.pick(4).is_err());
            assert!(split.pick(index).is_ok());
            assert_eq!((split.lo, split.hi), steps);
            assert_eq!((split.before, split.after), (root(ends.0), root(ends.1)));
        }
    }
}
