//! Substrate's JSON-RPC, as far as clients of a development chain use it.

mod author;
mod chain;
mod dev;
mod payment;
mod state;
mod subscriptions;
mod system;

use crate::{error::Error, node::Node, pool::PoolError};
use assay_runtime::Hash;
use jsonrpsee::{
    core::RegisterMethodError,
    types::{params::ParamsSequence, ErrorObjectOwned},
    RpcModule,
};
use serde::{de::DeserializeOwned, Serialize};
use sp_core::Bytes;
use std::sync::Arc;

type Answer<R> = Result<R, ErrorObjectOwned>;
type Module = RpcModule<Node>;

/// All methods.
pub(crate) fn methods(node: Arc<Node>) -> Result<Module, RegisterMethodError> {
    let mut module = RpcModule::from_arc(node);
    system::register(&mut module)?;
    state::register(&mut module)?;
    chain::register(&mut module)?;
    author::register(&mut module)?;
    payment::register(&mut module)?;
    dev::register(&mut module)?;
    subscriptions::register(&mut module)?;
    let mut names: Vec<String> = module.method_names().map(str::to_string).collect();
    names.push("rpc_methods".into());
    names.sort_unstable();
    module.register_method("rpc_methods", move |_, _, _| serde_json::json!({ "methods": names }))?;
    Ok(module)
}

/// Adds a method. It runs where blocking is allowed: a call into the runtime may take a while.
fn method<R: Serialize + Clone + Send + 'static>(
    module: &mut Module,
    name: &'static str,
    answer: fn(&Node, &mut ParamsSequence<'_>) -> Answer<R>,
) -> Result<(), RegisterMethodError> {
    module.register_blocking_method(name, move |params, node, _| answer(&node, &mut params.sequence()))?;
    Ok(())
}

/// A parameter that may be left out or null.
fn optional<T: DeserializeOwned>(params: &mut ParamsSequence<'_>) -> Answer<Option<T>> {
    params.optional_next::<T>()
}

/// A parameter that must be there.
fn required<T: DeserializeOwned>(params: &mut ParamsSequence<'_>) -> Answer<T> {
    params.next::<T>()
}

/// The block that a trailing parameter names.
fn at(params: &mut ParamsSequence<'_>) -> Answer<Option<Hash>> {
    optional(params)
}

fn hex(bytes: Vec<u8>) -> Bytes {
    Bytes(bytes)
}

fn error(code: i32, message: impl Into<String>, data: Option<String>) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(code, message, data)
}

impl From<Error> for ErrorObjectOwned {
    fn from(failure: Error) -> Self {
        match failure {
            Error::Transaction(refusal) => refusal.into(),
            // What Substrate's client errors use.
            failure => error(4003, format!("Client error: {failure}"), None),
        }
    }
}

impl From<PoolError> for ErrorObjectOwned {
    fn from(refusal: PoolError) -> Self {
        use sp_runtime::transaction_validity::InvalidTransaction;
        match refusal {
            PoolError::Format(reason) => error(1001, format!("Extrinsic has invalid format: {reason}"), None),
            PoolError::Verification(reason) => error(1002, format!("Verification Error: {reason}"), None),
            PoolError::Invalid(InvalidTransaction::Custom(code)) => {
                error(1010, "Invalid Transaction", Some(format!("Custom error: {code}")))
            }
            PoolError::Invalid(reason) => {
                error(1010, "Invalid Transaction", Some(<&'static str>::from(reason).to_string()))
            }
            PoolError::Unknown(reason) => {
                error(1011, "Unknown Transaction Validity", Some(<&'static str>::from(reason).to_string()))
            }
            PoolError::Banned => error(1012, "Transaction is temporarily banned", None),
            PoolError::AlreadyImported(hash) => {
                error(1013, "Transaction Already Imported", Some(format!("[{hash:?}]")))
            }
            PoolError::TooLowPriority { old, new } => error(
                1014,
                format!("Priority is too low: ({old} vs {new})"),
                Some("The transaction has too low priority to replace another transaction already in the pool.".into()),
            ),
            PoolError::Full { .. } => error(
                1016,
                "Immediately Dropped",
                Some("The transaction couldn't enter the pool because of the limit".into()),
            ),
        }
    }
}
