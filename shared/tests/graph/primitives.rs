//! Primitives that are bit moves.
use assay_core::arith::{Soft, F32};
use assay_core::graph::{eval_prim, Prim};

#[test]
fn exponent_and_significand_take_any_number_apart() {
    let zero = F32::ZERO;
    let take = |prim, bits| eval_prim::<Soft>(prim, [F32(bits), zero, zero, zero]);
    for bits in (0..u32::MAX).step_by(9973).chain([0, 1, 2, 3, 0x007f_ffff, 0x0080_0000, 0x7f7f_ffff]) {
        let x = f32::from_bits(bits);
        let (e, m) = (take(Prim::Exponent, bits), take(Prim::Significand, bits));
        let (e, m) = (f32::from_bits(e.0), f32::from_bits(m.0));
        if x.is_nan() {
            assert_eq!((e, m.to_bits()), (0.0, 0x7fc0_0000));
        } else if x == 0.0 || x.is_infinite() {
            assert_eq!((e.to_bits(), m), (0, x.abs()));
        } else {
            assert!((1.0..2.0).contains(&m));
            assert_eq!(f64::from(m) * 2_f64.powi(e as i32), f64::from(x.abs()));
        }
    }
}

#[test]
fn scale_b_rounds_its_exponent_to_even() {
    let scaled = |a: f32, b: f32| {
        f32::from_bits(eval_prim::<Soft>(Prim::ScaleB, [F32(a.to_bits()), F32(b.to_bits()), F32::ZERO, F32::ZERO]).0)
    };
    assert_eq!(scaled(3.0, 2.0), 12.0);
    assert_eq!(scaled(3.0, 2.5), 12.0);
    assert_eq!(scaled(3.0, 3.5), 48.0);
    assert_eq!(scaled(1.0, -149.0), f32::from_bits(1));
    assert_eq!(scaled(1.0, 1e9), f32::INFINITY);
    assert_eq!(scaled(1.0, f32::NEG_INFINITY), 0.0);
}
