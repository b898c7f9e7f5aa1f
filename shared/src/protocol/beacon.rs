//! Seeds that are committed before the proof and revealed after it, and the random value that they make together.
//!
//! Order matters: verifiers reveal first, the submitter last, when all verifiers have or their time is over. A bad draw
//! harms the submitter only, so the submitter alone may have the last word.
use super::types::{AccountId, TaskId, MAX_ROUNDS};
use crate::commit::{hash, Hash};
use alloc::vec::Vec;
use codec::Encode;

/// Hash of a name and SCALE-encoded parts: what is hashed for one purpose is never valid for another.
pub(crate) fn tagged(tag: &str, parts: impl Encode) -> Hash {
    let mut bytes = tag.encode();
    parts.encode_to(&mut bytes);
    hash(&bytes)
}

/// The commitment to a seed. It belongs to one account, so that nobody can commit to another's seed by copying.
pub fn seed_commit(account: &AccountId, seed: &Hash) -> Hash {
    tagged("assay/seed/v1", (account, seed))
}

/// A submitter's chain of seeds: `MAX_ROUNDS` of them in the order in which they are revealed, and the commitment to the
/// first. Each is the commitment to the next, so revealing one commits to the next.
pub fn seed_chain(account: &AccountId, secret: &Hash) -> (Vec<Hash>, Hash) {
    let mut seeds = Vec::new();
    let mut link = *secret;
    for _ in 0..MAX_ROUNDS {
        seeds.push(link);
        link = seed_commit(account, &link);
    }
    seeds.reverse();
    (seeds, link)
}

/// What the beacon is made of.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
pub struct Contributions {
    /// The chain.
    pub chain: Hash,
    /// The escrow.
    pub contract: AccountId,
    /// The task.
    pub task: TaskId,
    /// The round in which it is fixed.
    pub round: u8,
    /// Root of the checkpoint list.
    pub proof: Hash,
    /// The submitter's seed, if it was revealed.
    pub submitter: Option<Hash>,
    /// The verifiers' seeds in slot order, as far as revealed.
    pub verifiers: Vec<Option<Hash>>,
}

impl Contributions {
    /// The random value; `None` if nobody revealed a seed, since then whoever proved could have chosen it.
    pub fn beacon(&self) -> Option<Hash> {
        let seeds = self.submitter.iter().chain(self.verifiers.iter().flatten());
        (seeds.count() > 0).then(|| tagged("assay/beacon/v1", self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::sampling::draws;
    use alloc::vec;

    fn contributions() -> Contributions {
        Contributions {
            chain: Hash([1; 32]),
            contract: [2; 32],
            task: 3,
            round: 0,
            proof: Hash([4; 32]),
            submitter: Some(Hash([5; 32])),
            verifiers: vec![Some(Hash([6; 32])), None, Some(Hash([7; 32]))],
        }
    }

    /// Truebit hashed the current block's hash, which is always zero there: everybody knew every draw.
    #[test]
    fn every_contribution_changes_beacon_and_draws() {
        let base = contributions();
        let changed = [
            Contributions { chain: Hash([9; 32]), ..base.clone() },
            Contributions { contract: [9; 32], ..base.clone() },
            Contributions { task: 9, ..base.clone() },
            Contributions { round: 1, ..base.clone() },
            Contributions { proof: Hash([9; 32]), ..base.clone() },
            Contributions { submitter: Some(Hash([9; 32])), ..base.clone() },
            Contributions { submitter: None, ..base.clone() },
            Contributions { verifiers: vec![Some(Hash([9; 32])), None, Some(Hash([7; 32]))], ..base.clone() },
            Contributions { verifiers: vec![Some(Hash([6; 32])), None, Some(Hash([9; 32]))], ..base.clone() },
            Contributions { verifiers: vec![Some(Hash([6; 32])), Some(Hash([7; 32])), None], ..base.clone() },
            Contributions { verifiers: vec![Some(Hash([6; 32])), None, None], ..base.clone() },
        ];
        let mut seen = vec![base.beacon().unwrap()];
        for contributions in changed {
            let beacon = contributions.beacon().unwrap();
            assert!(!seen.contains(&beacon), "{contributions:?}");
            for other in &seen {
                // 4 of 60,000 segments: equal by chance once in 10^17.
                assert_ne!(draws(other, 0, 4, 60_000), draws(&beacon, 0, 4, 60_000));
            }
            seen.push(beacon);
        }
    }

    #[test]
    fn constants_alone_make_no_beacon() {
        let nobody = Contributions { submitter: None, verifiers: vec![None, None], ..contributions() };
        assert_eq!(nobody.beacon(), None);
        let submitter = Contributions { verifiers: vec![], ..contributions() };
        assert!(submitter.beacon().is_some());
    }

    #[test]
    fn seeds_form_a_chain() {
        let account = [8; 32];
        let (seeds, commit) = seed_chain(&account, &Hash([9; 32]));
        assert_eq!(seeds.len(), usize::from(MAX_ROUNDS));
        let mut expected = commit;
        for seed in &seeds {
            assert_eq!(seed_commit(&account, seed), expected);
            expected = *seed;
        }
        assert_eq!(expected, Hash([9; 32]));
        assert_ne!(seed_commit(&[7; 32], &seeds[0]), commit, "a copied commitment can't be opened by the copier");
    }
}
