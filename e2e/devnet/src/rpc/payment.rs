//! `payment_*`: what a transaction would cost.

use super::{at, error, method, required, Answer, Module};
use crate::node::Node;
use assay_runtime::Balance;
use codec::{Decode, Encode};
use jsonrpsee::{core::RegisterMethodError, types::params::ParamsSequence};
use pallet_transaction_payment::FeeDetails;
use pallet_transaction_payment_rpc_runtime_api::RuntimeDispatchInfo;
use serde_json::{json, Value};
use sp_core::Bytes;

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "payment_queryInfo", |node, params| {
        let info: RuntimeDispatchInfo<Balance> = ask(node, params, "TransactionPaymentApi_query_info")?;
        let class = format!("{:?}", info.class).to_lowercase();
        Ok(json!({ "weight": info.weight, "class": class, "partialFee": info.partial_fee.to_string() }))
    })?;
    method(module, "payment_queryFeeDetails", |node, params| {
        let details: FeeDetails<Balance> = ask(node, params, "TransactionPaymentApi_query_fee_details")?;
        let number = |fee: Balance| Value::String(format!("{fee:#x}"));
        Ok(json!({ "inclusionFee": details.inclusion_fee.map(|fee| json!({
            "baseFee": number(fee.base_fee),
            "lenFee": number(fee.len_fee),
            "adjustedWeightFee": number(fee.adjusted_weight_fee),
        })) }))
    })
}

fn ask<R: Decode>(node: &Node, params: &mut ParamsSequence<'_>, function: &str) -> Answer<R> {
    let mut args = required::<Bytes>(params)?.0;
    let at = at(params)?;
    let length = u32::try_from(args.len()).unwrap_or(u32::MAX);
    args.extend(length.encode());
    let answer = node.read(|chain| chain.runtime_call(at, function, &args))?;
    R::decode(&mut answer.as_slice()).map_err(|reason| error(4003, format!("Client error: {reason}"), None))
}
