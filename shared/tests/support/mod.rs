//! What the tests and the example `arith_vs_hardware` share: this machine's floating point as the oracle, and operands
//! that go where rounding is hard.
#![allow(dead_code, unreachable_pub, missing_docs)] // Each user takes a part.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
pub mod functions;
pub mod hardware;
pub mod operands;
pub mod primitive;
