//! NaN, infinities, zeros, bounds.
use super::soft;
use assay_core::graph::function::Function as F;

const INF: f32 = f32::INFINITY;
const TINY: f32 = f32::from_bits(1);

/// Inputs that a comparison can ignore, or moves as they are.
const CHOOSERS: &[(F, usize)] = &[
    (F::ReluGrad, 0),
    (F::ReluGrad, 1),
    (F::LeakyReluGrad, 0),
    (F::LeakyReluGrad, 1),
    (F::ClampGrad, 0),
    (F::ClampGrad, 1),
    (F::Valid, 0),
    (F::XentSmoothLoss, 3),
    (F::XentLoss, 2),
    (F::Where, 0),
    (F::Where, 1),
    (F::Equal, 0),
    (F::Equal, 1),
];

#[test]
fn nan_gives_the_canonical_nan() {
    for &function in F::ALL {
        for input in 0..usize::from(function.arity()) {
            for nan in [0x7fc0_0000, 0xffc0_0000, 0x7f80_0001, 0xffff_ffff] {
                let mut inputs = [1.0_f32; 4];
                inputs[input] = f32::from_bits(nan);
                let got = soft(function, inputs, [0.5, 0.25, 2.0, 1.0], 3).to_bits();
                if !CHOOSERS.contains(&(function, input)) && (function, input) != (F::XentGrad, 2) {
                    assert_eq!(got, 0x7fc0_0000, "{function:?}, input {input}, {nan:08x}");
                }
            }
        }
    }
    let nan = f32::NAN;
    assert_eq!(soft(F::ReluGrad, [3.0, nan], [], 0), 0.0);
    assert_eq!(soft(F::LeakyReluGrad, [3.0, nan], [0.5], 0), 1.5);
    assert_eq!(soft(F::ClampGrad, [3.0, nan], [0.0, 1.0], 0), 0.0);
    assert_eq!(soft(F::Valid, [nan], [0.0], 0), 1.0);
    assert_eq!(soft(F::XentLoss, [3.0, 1.0, nan], [0.0], 0), 2.0);
    assert!(soft(F::ReluGrad, [nan, 1.0], [], 0).is_nan());
    assert!(soft(F::ClampGrad, [nan, 1.0], [0.0, 1.0], 0).is_nan());
    // What doesn't count may be anything.
    assert_eq!(soft(F::XentLoss, [nan, nan, 7.0], [7.0], 0), 0.0);
    assert_eq!(soft(F::XentGrad, [nan, nan, 7.0, nan], [7.0, 0.0, 1.0], 0), 0.0);
}

fn check<const N: usize>(function: F, params: [f32; N], points: &[(f32, f32)]) {
    for &(x, y) in points {
        let got = soft(function, [x], params, 0);
        let same = got.to_bits() == y.to_bits() || got.is_nan() && y.is_nan();
        assert!(same, "{function:?}({x:e}) is {got:e}, not {y:e}");
    }
}

#[test]
fn ends_and_zeros() {
    let nan = f32::NAN;
    check(F::Copy, [], &[(-0.0, -0.0), (INF, INF), (TINY, TINY)]);
    check(F::Exp, [], &[(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (89.0, INF), (-104.0, 0.0), (-103.9, TINY)]);
    check(F::Log, [], &[(1.0, 0.0), (0.0, -INF), (-0.0, -INF), (INF, INF), (-TINY, nan), (-INF, nan)]);
    check(
        F::Erf,
        [],
        &[(0.0, 0.0), (-0.0, 0.0), (INF, 1.0), (-INF, -1.0), (5.0, 1.0), (-f32::MAX, -1.0), (TINY, TINY)],
    );
    check(
        F::Tanh,
        [],
        &[(0.0, 0.0), (-0.0, 0.0), (INF, 1.0), (-INF, -1.0), (20.0, 1.0), (f32::MAX, 1.0), (TINY, TINY)],
    );
    check(F::Sigmoid, [], &[(0.0, 0.5), (-0.0, 0.5), (INF, 1.0), (-INF, 0.0), (-104.0, 0.0), (-103.9, TINY)]);
    check(F::Rsqrt, [0.0], &[(0.0, INF), (INF, 0.0), (-1.0, nan), (4.0, 0.5)]);
    check(F::Sqrt, [], &[(-0.0, -0.0), (INF, INF), (-1.0, nan)]);
    check(F::Relu, [], &[(-0.0, 0.0), (-INF, 0.0), (INF, INF)]);
    check(F::LeakyRelu, [0.5], &[(-0.0, -0.0), (-INF, -INF), (INF, INF), (-3.0, -1.5)]);
    check(F::Clamp, [-1.0, 2.0], &[(-INF, -1.0), (INF, 2.0), (0.5, 0.5), (-1.0, -1.0), (2.0, 2.0)]);
    check(F::Clamp, [2.0, 1.0], &[(0.0, 1.0), (1.5, 1.0), (3.0, 1.0)]);
    // −∞ · 0 is NaN.
    check(F::Gelu, [], &[(0.0, 0.0), (INF, INF), (-INF, nan), (-20.0, -0.0), (20.0, 20.0)]);
    check(F::GeluTanh, [], &[(0.0, 0.0), (INF, INF), (-INF, nan), (20.0, 20.0)]);
    check(F::Silu, [], &[(0.0, 0.0), (INF, INF), (-INF, nan), (100.0, 100.0)]);
    check(F::ClipFactor, [1.0], &[(0.0, 1.0), (INF, 0.0), (0.25, 1.0), (16.0, 0.249_999_94)]);
    check(F::Inverse, [0.5], &[(0.0, INF), (2.0, 0.25)]);
    check(F::Valid, [-100.0], &[(-100.0, 0.0), (0.0, 1.0), (7.0, 1.0)]);
}

#[test]
fn bounds_and_labels() {
    for (x, dx) in [(-1.0, 3.0), (2.0, 3.0), (0.0, 3.0), (-1.000_001, 0.0), (2.000_001, 0.0), (INF, 0.0), (-INF, 0.0)] {
        assert_eq!(soft(F::ClampGrad, [3.0, x], [-1.0, 2.0], 0), dx, "clamp_grad at {x}");
    }
    assert_eq!(soft(F::Ratio, [0.0, 0.0], [], 0), 0.0);
    assert_eq!(soft(F::ReluGrad, [3.0, 0.0], [], 0), 0.0);
    assert_eq!(soft(F::XentGrad, [1.0, 4.0, 5.0, 2.0], [-100.0, 0.0, 1.0], 5), -1.5);
    assert_eq!(soft(F::XentGrad, [1.0, 4.0, 5.0, 2.0], [-100.0, 0.0, 1.0], 4), 0.5);
    assert_eq!(soft(F::XentGrad, [1.0, 4.0, 5.0, 2.0], [5.0, 0.0, 1.0], 5), 0.0);
    assert_eq!(soft(F::XentSmoothLoss, [3.0, 1.0, 2.0, 0.0], [-100.0, 0.75, 0.25], 0), 1.75);
    for large in [200.0, 1e18] {
        assert_eq!(soft(F::GeluTanhGrad, [3.0, large], [], 0), 3.0);
        assert_eq!(soft(F::GeluTanhGrad, [3.0, -large], [], 0), 0.0);
        assert_eq!(soft(F::SiluGrad, [3.0, large], [], 0), 3.0);
        assert_eq!(soft(F::SiluGrad, [3.0, -large], [], 0), 0.0);
        assert_eq!(soft(F::GeluGrad, [3.0, large], [], 0), 3.0);
        assert_eq!(soft(F::GeluGrad, [3.0, -large], [], 0), 0.0);
    }
    assert_eq!(soft(F::Step, [1.0, 2.0, 0.5], [], 0), 0.0);
    assert_eq!(soft(F::BceLoss, [200.0, 0.0], [], 0), 200.0);
    assert_eq!(soft(F::BceLoss, [-200.0, 0.0], [], 0), 0.0);
    // 10⁻⁶ + 10⁻⁶: half of a norm of 10⁻⁶ is left.
    assert!((soft(F::ClipFactor, [1e-12], [1e-6], 0) - 0.5).abs() < 1e-6);
}
