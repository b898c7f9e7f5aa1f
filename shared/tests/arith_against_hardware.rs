//! The referee's integers against this machine's floating point, bit for bit.
//!
//! The example `arith_vs_hardware` runs the same comparison longer.
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
use assay_core::arith::Soft;

mod support;
use support::hardware::Hardware;
use support::operands::{edges, exponents, Operands};
use support::primitive::Primitive;

fn check(primitive: Primitive, operands: [u32; 4]) {
    let soft = primitive.eval::<Soft>(operands);
    let hard = primitive.eval::<Hardware>(operands);
    assert_eq!(soft, hard, "{}{operands:08x?}: integers {soft:08x}, hardware {hard:08x}", primitive.name());
}

const RANDOM: u64 = if cfg!(debug_assertions) { 200_000 } else { 3_000_000 };

#[test]
fn arith_random_operands() {
    for (seed, primitive) in (1..).zip(Primitive::ALL) {
        let mut operands = Operands::new(seed);
        for _ in 0..RANDOM {
            check(primitive, operands.draw(primitive));
        }
    }
}

#[test]
fn arith_edge_pairs() {
    for a in edges() {
        for b in edges() {
            for primitive in Primitive::ALL {
                if primitive != Primitive::Fma {
                    check(primitive, [a, b, 0x7fa0_0001, 0xffc1_2345]);
                }
            }
        }
        for n in exponents() {
            check(Primitive::ScaleB, [a, n, 0, 0]);
        }
    }
    for n in exponents() {
        check(Primitive::FromI32, [n, 0, 0, 0]);
        check(Primitive::FromU32, [n, 0, 0, 0]);
    }
}

#[test]
fn arith_edge_triples() {
    for a in edges() {
        for b in edges() {
            for c in edges() {
                check(Primitive::Fma, [a, b, c, 0]);
            }
        }
    }
}

/// All significands at one exponent, in steps that a test can afford: every rounding boundary near 1, of halving into
/// the subnormals, and of squares and roots.
#[test]
fn arith_sweep_of_significands() {
    let step = if cfg!(debug_assertions) { 101 } else { 1 };
    for fraction in (0..1_u32 << 23).step_by(step) {
        let one = 0x3f80_0000 | fraction;
        let small = 0x0080_0000 | fraction;
        check(Primitive::Sqrt, [one, 0, 0, 0]);
        check(Primitive::Sqrt, [one + (1 << 23), 0, 0, 0]);
        check(Primitive::Sqrt, [fraction, 0, 0, 0]);
        check(Primitive::Mul, [small, 0x3f00_0000, 0, 0]);
        check(Primitive::Mul, [one, one, 0, 0]);
        check(Primitive::Div, [0x3f80_0000, one, 0, 0]);
        check(Primitive::Div, [small, 0x4000_0000, 0, 0]);
        check(Primitive::Fma, [one, one, one | 0x8000_0000, 0]);
        check(Primitive::ScaleB, [small, (-(fraction as i32 % 26)) as u32, 0, 0]);
        check(Primitive::RoundToI32, [0x4a80_0000 | fraction, 0, 0, 0]);
    }
}
