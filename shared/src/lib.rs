//! The rules of Assay as pure functions: no I/O, no clock, no chain types, no hardware floats.
//!
//! - [`arith`]: IEEE-754 binary32 in integers, the referee's arithmetic;
//! - [`commit`]: BLAKE3 trees: roots, openings, descents;
//! - [`graph`]: programs: nodes, operators, shapes, micro-programs;
//! - [`protocol`]: the rules: task, verification, dispute, settlement, parameters;
//! - [`wire`]: reading SCALE in little code, for contracts.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )
)]
extern crate alloc;

pub mod arith;
pub mod commit;
pub mod graph;
pub mod protocol;
pub mod wire;
