//! The elementwise functions: their tables, their values, and the referee's integers against hardware.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
mod support;

#[path = "function/edges.rs"]
mod edges;
#[path = "function/hardware.rs"]
mod hardware;
#[path = "function/table.rs"]
mod table;
#[path = "function/values.rs"]
mod values;

use assay_core::arith::{Soft, F32};
use assay_core::graph::function::{apply, Function};

/// A value by the referee's integers; what isn't given is 0.
fn soft<const N: usize, const M: usize>(function: Function, inputs: [f32; N], params: [f32; M], column: u32) -> f32 {
    let mut four = [F32::ZERO; 4];
    for (slot, param) in four.iter_mut().zip(params) {
        *slot = F32(param.to_bits());
    }
    f32::from_bits(apply::<Soft>(function, &inputs.map(|x| F32(x.to_bits())), &four, column).0)
}
