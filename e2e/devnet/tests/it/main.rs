//! The devnet from outside: transactions, blocks, restarts, RPC.

mod blocks;
mod contracts;
mod process;
mod restart;
mod rpc;
mod support;
