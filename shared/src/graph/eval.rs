//! Performing micro-steps over any arithmetic.
use super::{Env, GraphError, MicroStep, Node, Operand, Prim};
use crate::arith::{Arith, F32};
use alloc::vec::Vec;

/// One primitive; arguments beyond its arity are ignored.
pub fn eval_prim<A: Arith>(prim: Prim, [a, b, c, d]: [A::V; 4]) -> A::V {
    match prim {
        Prim::Add => A::add(a, b),
        Prim::Sub => A::sub(a, b),
        Prim::Mul => A::mul(a, b),
        Prim::Fma => A::fma(a, b, c),
        Prim::Div => A::div(a, b),
        Prim::Sqrt => A::sqrt(a),
        Prim::Max => A::max(a, b),
        Prim::SelectGt => A::select_gt(a, b, c, d),
        Prim::SelectEq => {
            if A::eq(a, b) {
                c
            } else {
                d
            }
        }
        Prim::ScaleB => A::scale_b(a, A::round_to_i32(b)),
        Prim::Exponent => A::from_i32(exponent(A::bits(a))),
        Prim::Significand => significand::<A>(a),
    }
}

/// Bits of the fraction.
const FRACTION_BITS: u32 = 23;

/// See [`Prim::Exponent`].
fn exponent(bits: u32) -> i32 {
    let magnitude = bits & 0x7fff_ffff;
    match magnitude >> FRACTION_BITS {
        // Subnormal: the place of the leading bit, of which bit 0 is 2^-149.
        0 => match magnitude.checked_ilog2() {
            Some(place) => place.cast_signed().wrapping_sub(149),
            None => 0,
        },
        0xff => 0,
        biased => biased.cast_signed().wrapping_sub(127),
    }
}

/// See [`Prim::Significand`].
fn significand<A: Arith>(a: A::V) -> A::V {
    let magnitude = A::bits(a) & 0x7fff_ffff;
    let one = F32::ONE.0;
    A::of_bits(match magnitude >> FRACTION_BITS {
        0 => match magnitude.checked_ilog2() {
            // The leading bit moves to the hidden bit's place and out of the fraction.
            Some(place) => (magnitude << FRACTION_BITS.wrapping_sub(place)).wrapping_sub(1 << FRACTION_BITS) | one,
            None => 0,
        },
        0xff if magnitude > F32::INFINITY.0 => F32::NAN.0,
        0xff => F32::INFINITY.0,
        _ => (magnitude & 0x007f_ffff) | one,
    })
}

/// One micro-step: `fetch(input, index)` gives elements of inputs, `prior(t)` values of earlier steps.
///
/// # Errors
/// Those of [`Node::micro_step`], of `fetch` and of `prior`.
pub fn eval_step<A: Arith, E>(
    step: &MicroStep,
    mut fetch: impl FnMut(u8, u64) -> Result<A::V, E>,
    mut prior: impl FnMut(u64) -> Result<A::V, E>,
) -> Result<A::V, E> {
    let mut args = [A::of_bits(0); 4];
    for (arg, operand) in args.iter_mut().zip(step.args) {
        *arg = match operand {
            Operand::Const(value) => A::of_bits(value.0),
            Operand::Input { input, index } => fetch(input, index)?,
            Operand::Prior(t) => prior(t)?,
        };
    }
    Ok(eval_prim::<A>(step.prim, args))
}

/// One element by its micro-program: `fetch(input, index)` gives elements of inputs (bytes as numbers). If `trace` is
/// given, it becomes the values of all micro-steps.
///
/// Keeps all values: 4 bytes times [`Node::micro_len`], twice with a trace.
///
/// # Errors
/// Those of [`Node::micro_step`] and of `fetch`.
pub fn eval_element<A: Arith, E: From<GraphError>>(
    node: &Node,
    env: Env,
    element: u64,
    mut fetch: impl FnMut(u8, u64) -> Result<A::V, E>,
    trace: Option<&mut Vec<F32>>,
) -> Result<A::V, E> {
    let len = node.micro_len();
    let mut values: Vec<A::V> = Vec::new();
    // At least one step, so that a node without any is an error of micro_step.
    for t in 0..len.max(1) {
        let step = node.micro_step(env, element, t)?;
        let value = eval_step::<A, E>(&step, &mut fetch, |prior| {
            let value = usize::try_from(prior).ok().and_then(|prior| values.get(prior));
            value.copied().ok_or_else(|| GraphError::StepIndex { index: prior, len: t }.into())
        })?;
        values.push(value);
    }
    if let Some(trace) = trace {
        trace.clear();
        trace.extend(values.iter().map(|&value| F32(A::bits(value))));
    }
    values.last().copied().ok_or_else(|| GraphError::StepIndex { index: 0, len }.into())
}
