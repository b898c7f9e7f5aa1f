//! The same bits from integers and from this machine's floating point, for every function.
use crate::support::hardware::Hardware;
use crate::support::operands::{edges, Operands};
use crate::support::primitive::Primitive;
use assay_core::arith::{Arith, Soft, F32};
use assay_core::graph::function::{apply, Function};
use proptest::prelude::*;

fn check(function: Function, inputs: [u32; 4], params: [u32; 4], column: u32) {
    let params4 = params.map(F32);
    let soft = apply::<Soft>(function, &inputs.map(F32), &params4, column).0;
    let hard = Hardware::bits(apply::<Hardware>(function, &inputs.map(f32::from_bits), &params4, column));
    assert_eq!(soft, hard, "{function:?} {inputs:08x?} {params:08x?} {column}: {soft:08x}, hardware {hard:08x}");
}

#[test]
fn pairs_of_edges() {
    let params = [2.0_f32, -0.5, 1e-3, 1.0].map(f32::to_bits);
    let edges = edges();
    let mut operands = Operands::new(2);
    for &function in Function::ALL {
        for &x in &edges {
            let others = if function.arity() == 1 { &edges[..1] } else { &edges[..] };
            for &y in others {
                let [z, w, ..] = operands.draw(Primitive::SelectGt);
                check(function, [x, y, z, w], params, 1);
            }
        }
    }
}

#[test]
fn related_operands() {
    let count = if cfg!(debug_assertions) { 2_000 } else { 100_000 };
    for (seed, &function) in (10..).zip(Function::ALL) {
        let mut operands = Operands::new(seed);
        for _ in 0..count {
            let primitives = [Primitive::Fma, Primitive::Div, Primitive::SelectGt, Primitive::Add];
            let primitive = primitives[operands.word() as usize % 4];
            let column = operands.word() as u32 >> (operands.word() % 32);
            check(function, operands.draw(primitive), operands.draw(primitive), column);
        }
    }
}

proptest! {
    #[test]
    fn any_operands(inputs: [u32; 4], params: [u32; 4], column: u32) {
        for &function in Function::ALL {
            check(function, inputs, params, column);
        }
    }

    #[test]
    fn ordinary_operands(inputs in [-20_f32..20.0, -20_f32..20.0, 0_f32..4.0, 0_f32..4.0], column in 0_u32..9) {
        for &function in Function::ALL {
            check(function, inputs.map(f32::to_bits), inputs.map(f32::to_bits), column);
        }
    }
}
