//! Every function against its formula in binary64.
use super::soft;
use crate::support::functions::{reference, ulps};
use crate::support::operands::Operands;
use assay_core::graph::function::Function;

/// Draws inputs and parameters from where the formula is tame: there, no result is further off than a few times 2⁻²⁴ of
/// the greatest intermediate value, which is below 20.
fn draw(function: Function, operands: &mut Operands) -> ([f32; 4], [f32; 4], u32) {
    use Function as F;
    let mut uniform = |from: f32, to: f32| from + (to - from) * (operands.word() >> 40) as f32 / (1 << 24) as f32;
    let mut inputs = [0; 4].map(|_| uniform(-2.0, 2.0));
    let mut params = [0; 4].map(|_| uniform(-1.0, 1.0));
    let label = uniform(0.0, 4.0).floor();
    let column = uniform(0.0, 4.0) as u32;
    let positive = match function {
        F::Sqrt | F::Log | F::Rsqrt | F::LogSumExp | F::ClipFactor | F::Inverse => 0,
        F::Ratio | F::Div | F::SqrtGrad | F::AdamDirection | F::XentGrad => 1,
        _ => 3,
    };
    inputs[positive] = inputs[positive].abs() + 0.25;
    match function {
        F::Rsqrt | F::ClipFactor => params[0] = params[0].abs(),
        F::Clamp | F::ClampGrad => params[1] = params[0] + 0.5,
        F::AdamDirection => (inputs[2], params[0]) = (inputs[2].abs() + 0.5, params[0].abs()),
        F::Valid => (inputs[0], params[0]) = (label, 2.0),
        F::XentLoss | F::XentGrad => (inputs[2], params[0]) = (label, 2.0),
        F::XentSmoothLoss => (inputs[3], params[0]) = (label, 2.0),
        _ => {}
    }
    (inputs, params, column)
}

#[test]
fn close_to_the_formula() {
    let count = if cfg!(debug_assertions) { 3_000 } else { 100_000 };
    for (seed, &function) in (100..).zip(Function::ALL) {
        let mut operands = Operands::new(seed);
        let mut worst = (0.0, [0.0; 4]);
        for _ in 0..count {
            let (inputs, params, column) = draw(function, &mut operands);
            let exact = reference(function, inputs.map(f64::from), params.map(f64::from), column);
            let got = soft(function, inputs, params, column);
            let error = (f64::from(got) - exact).abs() / exact.abs().max(1.0);
            assert!(error < 5e-7, "{function:?} {inputs:?} {params:?}: {got}, exactly {exact}");
            if error > worst.0 {
                worst = (error, inputs);
            }
        }
        println!("{}: {:.3} · 2⁻²⁴ at {:?}", function.name(), worst.0 * f64::from(1 << 24), worst.1);
    }
}

/// All arguments: the example `ulp`.
#[test]
fn elementary_functions_within_two_ulp() {
    use Function as F;
    let stride = if cfg!(debug_assertions) { 65_521 } else { 4_099 };
    for function in [F::Exp, F::Log, F::Erf, F::Tanh, F::Sigmoid, F::Rsqrt] {
        for x in (0..=u32::MAX).step_by(stride).map(f32::from_bits) {
            let got = soft(function, [x], [], 0);
            let exact = reference(function, [f64::from(x), 0.0, 0.0, 0.0], [0.0; 4], 0);
            let error = ulps(got, exact);
            assert!(error <= 2.0, "{function:?}({x:e}) is {got:e}, exactly {exact:e}: {error} ulp");
        }
    }
}

#[test]
fn odd_functions_are_odd() {
    let mut operands = Operands::new(5);
    for x in (0..10_000).map(|_| f32::from_bits(operands.word() as u32)).filter(|&x| x != 0.0) {
        for function in [Function::Erf, Function::Tanh] {
            let (y, minus_y) = (soft(function, [x], [], 0), soft(function, [-x], [], 0));
            assert!(y == -minus_y || y.is_nan() && minus_y.is_nan(), "{function:?}({x:e})");
        }
    }
}
