//! What a transaction costs: its weight, by the scarcer of time and proof size, plus its length.

use crate::{config::MAX_BLOCK, Balance, MICROUNIT, MILLIUNIT};
use frame_support::weights::{constants::ExtrinsicBaseWeight, Weight, WeightToFee as WeightToFeeT};

/// Prices a weight: an empty transaction costs a tenth of a milliunit, and a block that is full in either dimension
/// costs the same in both.
pub struct WeightToFee;

impl WeightToFeeT for WeightToFee {
    type Balance = Balance;

    fn weight_to_fee(weight: &Weight) -> Balance {
        let base = Balance::from(ExtrinsicBaseWeight::get().ref_time().max(1));
        let time = Balance::from(weight.ref_time());
        let proof = Balance::from(weight.proof_size()).saturating_mul(Balance::from(MAX_BLOCK.ref_time()))
            / Balance::from(MAX_BLOCK.proof_size().max(1));
        time.max(proof).saturating_mul(MILLIUNIT / 10) / base
    }
}

/// Prices a byte of a transaction at one microunit.
pub struct LengthToFee;

impl WeightToFeeT for LengthToFee {
    type Balance = Balance;

    /// The length comes as `ref_time`; that is the pallet's convention.
    fn weight_to_fee(length: &Weight) -> Balance {
        Balance::from(length.ref_time()).saturating_mul(MICROUNIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_transaction_costs_a_tenth_of_a_milliunit() {
        assert_eq!(WeightToFee::weight_to_fee(&ExtrinsicBaseWeight::get()), MILLIUNIT / 10);
    }

    #[test]
    fn time_and_proof_cost_the_same_share_of_a_block() {
        let time = Weight::from_parts(MAX_BLOCK.ref_time() / 4, 0);
        let proof = Weight::from_parts(0, MAX_BLOCK.proof_size() / 4);
        assert_eq!(WeightToFee::weight_to_fee(&time), WeightToFee::weight_to_fee(&proof));
    }

    #[test]
    fn absurd_weights_saturate() {
        assert!(WeightToFee::weight_to_fee(&Weight::MAX) > 0);
    }
}
