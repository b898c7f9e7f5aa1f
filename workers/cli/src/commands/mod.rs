//! The subcommands, one file each.

mod baseline;
mod data;
mod deploy;
mod devnet;
mod inspect;
mod status;
mod store;
#[cfg(feature = "torch")]
mod tf32;
mod train;
mod work;

pub(crate) use baseline::{baseline, Answer as Baseline};
pub(crate) use data::{data, DataArgs};
pub(crate) use deploy::deploy;
pub(crate) use devnet::devnet;
pub(crate) use inspect::inspect;
pub(crate) use status::{events_after, status};
pub(crate) use store::store;
#[cfg(feature = "torch")]
pub(crate) use tf32::settle;
pub(crate) use train::train;
pub(crate) use work::{solve, submit, verify, watch};
