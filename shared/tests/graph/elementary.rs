//! `exp` and `log` against binary64.
use super::naive;
use assay_core::arith::{Soft, F32};
use assay_core::graph::eval_prim;
use assay_core::graph::micro::{elementary, Prim};

/// Distance in units of the last place of the exact result.
fn ulps(got: f32, exact: f64) -> f64 {
    if f64::from(got) == exact || (got.is_infinite() && exact >= 2_f64.powi(128) - 2_f64.powi(103)) {
        return 0.0;
    }
    let exponent = exact.abs().log2().floor().max(-126.0);
    (f64::from(got) - exact).abs() / 2_f64.powi(exponent as i32 - 23)
}

fn exp(x: f32) -> f32 {
    f32::from_bits(elementary::exp::<Soft>(F32(x.to_bits())).0)
}

fn log(x: f32) -> f32 {
    f32::from_bits(elementary::log::<Soft>(F32(x.to_bits())).0)
}

/// About `count` bit patterns from `start` to `end`, the ends among them.
fn sweep(start: u32, end: u32, count: u32) -> impl Iterator<Item = f32> {
    let stride = ((end - start) / count).max(1) as usize;
    (start..=end).step_by(stride).chain([end]).map(f32::from_bits)
}

#[test]
fn exp_is_off_by_one_ulp_at_most() {
    let bits = |x: f32| x.to_bits();
    let ranges = [
        (bits(1e-9), bits(88.8), 6_000_000),
        (bits(-1e-9), bits(-104.1), 6_000_000),
        (bits(88.0), bits(88.8), 200_000),
        (bits(-86.0), bits(-104.1), 500_000),
        (bits(0.0), bits(100.0), 100_000),
        (bits(-0.0), bits(-110.0), 100_000),
    ];
    let mut worst = (0.0, 0.0);
    for (start, end, count) in ranges {
        for x in sweep(start, end, count) {
            let y = exp(x);
            assert_eq!(y.to_bits(), naive::exp(x).to_bits(), "exp({x:?})");
            let error = ulps(y, f64::from(x).exp());
            if error > worst.0 {
                worst = (error, x);
            }
        }
    }
    println!("exp: at most {:.4} ulp, at {:?}", worst.0, worst.1);
    assert!(worst.0 <= 1.0, "{worst:?}");
}

#[test]
fn log_is_off_by_one_ulp_at_most() {
    let bits = |x: f32| x.to_bits();
    let ranges = [
        (1, bits(f32::MAX), 8_000_000),
        (1, 0x0080_0000, 300_000),
        (bits(0.5), bits(2.0), 4_000_000),
        (bits(0.999), bits(1.001), 30_000),
    ];
    let mut worst = (0.0, 0.0);
    for (start, end, count) in ranges {
        for x in sweep(start, end, count) {
            let y = log(x);
            assert_eq!(y.to_bits(), naive::log(x).to_bits(), "log({x:?})");
            let error = ulps(y, f64::from(x).ln());
            if error > worst.0 {
                worst = (error, x);
            }
        }
    }
    println!("log: at most {:.4} ulp, at {:?}", worst.0, worst.1);
    assert!(worst.0 <= 1.0, "{worst:?}");
}

/// The greatest error of the plain definitions, which are the micro-programs bit for bit, over all bit patterns.
fn worst_of_all(f: fn(f32) -> f32, exact: fn(f64) -> f64, start: u32, end: u32) -> (f64, f32) {
    (start..=end).map(f32::from_bits).map(|x| (ulps(f(x), exact(f64::from(x))), x)).fold((0.0, 0.0), |worst, found| {
        if found.0 > worst.0 {
            found
        } else {
            worst
        }
    })
}

#[test]
#[ignore = "every binary32 number: minutes"]
fn every_exp_and_log() {
    let bits = |x: f32| x.to_bits();
    let all = [
        ("exp, positive", worst_of_all(naive::exp, f64::exp, 0, bits(88.73))),
        ("exp, negative", worst_of_all(naive::exp, f64::exp, bits(-0.0), bits(-104.1))),
        ("log", worst_of_all(naive::log, f64::ln, 1, bits(f32::MAX))),
    ];
    for (name, (error, x)) in all {
        println!("{name}: at most {error:.4} ulp, at {x:?}");
        assert!(error <= 1.0);
    }
}

#[test]
fn exp_of_everything_special() {
    let cases = [
        (0.0, 1.0),
        (-0.0, 1.0),
        (f32::from_bits(1), 1.0),
        (-f32::from_bits(1), 1.0),
        (f32::INFINITY, f32::INFINITY),
        (f32::NEG_INFINITY, 0.0),
        (f32::MAX, f32::INFINITY),
        (f32::MIN, 0.0),
        (88.722_84, f32::INFINITY),
        (-103.972_09, 0.0),
        (-104.5, 0.0),
        (-103.0, f32::from_bits(1)), // 1.4 times the smallest number
    ];
    for (x, y) in cases {
        assert_eq!(exp(x).to_bits(), f32::to_bits(y), "exp({x:?})");
    }
    assert!(exp(88.722_83).is_finite());
    for nan in [0x7fc0_0000, 0xffc0_0000, 0x7f80_0001, 0xffff_ffff] {
        assert_eq!(elementary::exp::<Soft>(F32(nan)), F32::NAN);
        assert_eq!(elementary::log::<Soft>(F32(nan)), F32::NAN);
    }
}

#[test]
fn log_of_everything_special() {
    let cases = [
        (1.0, 0.0),
        (0.0, f32::NEG_INFINITY),
        (-0.0, f32::NEG_INFINITY),
        (f32::INFINITY, f32::INFINITY),
        (2.0, std::f32::consts::LN_2),
        (f32::from_bits(1), -103.278_93),
    ];
    for (x, y) in cases {
        assert_eq!(log(x).to_bits(), f32::to_bits(y), "log({x:?})");
    }
    for x in [-1.0, f32::NEG_INFINITY, f32::MIN, -f32::from_bits(1)] {
        assert_eq!(elementary::log::<Soft>(F32(x.to_bits())), F32::NAN, "log({x:?})");
    }
}

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
