//! Chain values in words, for the log.

use assay_runtime::{config::MAX_BLOCK, AllPalletsWithSystem, UncheckedExtrinsic};
use frame_support::{
    traits::{GetCallMetadata, PalletsInfoAccess},
    weights::Weight,
};
use sp_runtime::{DispatchError, ModuleError};

/// Which call a transaction makes, e.g. `Contracts.call`.
pub(crate) fn call(extrinsic: &UncheckedExtrinsic) -> String {
    let metadata = extrinsic.function.get_call_metadata();
    format!("{}.{}", metadata.pallet_name, metadata.function_name)
}

/// An error with the names of the pallet and of its variant, e.g. `Contracts.ContractTrapped`.
pub(crate) fn dispatch_error(error: &DispatchError) -> String {
    match error {
        DispatchError::Module(ModuleError { index, error, message }) => {
            let pallet = AllPalletsWithSystem::infos().into_iter().find(|pallet| pallet.index == usize::from(*index));
            let pallet = pallet.map_or_else(|| format!("pallet {index}"), |pallet| pallet.name.to_string());
            message.map_or_else(|| format!("{pallet}.{error:?}"), |message| format!("{pallet}.{message}"))
        }
        other => <&'static str>::from(*other).to_string(),
    }
}

/// How much of a block a weight takes, by the scarcer of time and proof size.
pub(crate) fn share_of_block(weight: Weight) -> String {
    let share = |used: u64, limit: u64| used as f64 * 100.0 / limit.max(1) as f64;
    let time = share(weight.ref_time(), MAX_BLOCK.ref_time());
    let proof = share(weight.proof_size(), MAX_BLOCK.proof_size());
    format!("{:.2} %", time.max(proof))
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_runtime::Runtime;

    #[test]
    fn errors_have_names() {
        let error: DispatchError = pallet_contracts::Error::<Runtime>::CodeNotFound.into();
        assert_eq!(dispatch_error(&error), "Contracts.CodeNotFound");
        assert_eq!(dispatch_error(&DispatchError::BadOrigin), "Bad origin");
    }

    #[test]
    fn the_scarcer_dimension_counts() {
        assert_eq!(share_of_block(Weight::from_parts(0, MAX_BLOCK.proof_size() / 4)), "25.00 %");
    }
}
