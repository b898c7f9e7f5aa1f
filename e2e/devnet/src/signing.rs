//! Signing transactions, for tests and tools that link the runtime.

use crate::{chain::Chain, error::Error};
use assay_runtime::{Nonce, RuntimeCall, SignedPayload, TxExtension, UncheckedExtrinsic};
use codec::Encode;
use sp_core::{sr25519, Pair};
use sp_runtime::{generic::Era, traits::IdentifyAccount, MultiSigner};

/// Signs `call` with the next nonce of the signer.
pub fn sign(chain: &Chain, pair: &sr25519::Pair, call: RuntimeCall) -> Result<Vec<u8>, Error> {
    let account = MultiSigner::from(pair.public()).into_account();
    let nonce = chain.next_nonce(&account)?;
    sign_with_nonce(chain, pair, call, nonce, 0)
}

/// Signs `call` with this nonce and tip; the transaction never expires.
pub fn sign_with_nonce(
    chain: &Chain,
    pair: &sr25519::Pair,
    call: RuntimeCall,
    nonce: Nonce,
    tip: assay_runtime::Balance,
) -> Result<Vec<u8>, Error> {
    let account = MultiSigner::from(pair.public()).into_account();
    let extension: TxExtension = (
        frame_system::CheckNonZeroSender::new(),
        frame_system::CheckSpecVersion::new(),
        frame_system::CheckTxVersion::new(),
        frame_system::CheckGenesis::new(),
        frame_system::CheckEra::from(Era::Immortal),
        frame_system::CheckNonce::from(nonce),
        frame_system::CheckWeight::new(),
        pallet_transaction_payment::ChargeTransactionPayment::from(tip),
    );
    let genesis = chain.genesis_hash();
    let version = assay_runtime::VERSION;
    let implicit = ((), version.spec_version, version.transaction_version, genesis, genesis, (), (), ());
    let payload = SignedPayload::from_raw(call, extension, implicit);
    let signature = payload.using_encoded(|bytes| pair.sign(bytes));
    let (call, extension, _) = payload.deconstruct();
    Ok(UncheckedExtrinsic::new_signed(call, account.into(), signature.into(), extension).encode())
}
