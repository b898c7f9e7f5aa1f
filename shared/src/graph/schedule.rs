//! Numbers that depend on the step alone, in fixed point: the same on every machine, and as close to the real numbers as
//! binary32 can be.
use super::ScheduleKind;
use crate::arith::{fma, from_u32, mul, scale_b, sub, F32};

/// 2³¹, the one of the fixed-point numbers here.
const ONE: u64 = 1 << 31;
/// π / 2 · 2³¹.
const HALF_PI: u64 = 3_373_259_426;
/// `cos(x) = 1 − x²/2·(1 − x²/12·(1 − x²/30·…))`: the divisors, innermost first. Seven terms leave less than 2⁻³⁶ at π/2.
const COSINE_DIVISORS: [u64; 7] = [14 * 13, 12 * 11, 10 * 9, 8 * 7, 6 * 5, 4 * 3, 2];

/// The value of a [`Schedule`](super::Op::Schedule) at a step.
pub fn scheduled(kind: ScheduleKind, (base, end): (F32, F32), (warmup, period): (u32, u32), step: u64) -> F32 {
    let (warmup, period) = (u64::from(warmup), u64::from(period));
    if step < warmup {
        return mul(base, fraction(step.wrapping_add(1), warmup));
    }
    let share = |done: u64| fraction(done, period.saturating_sub(warmup));
    let done = step.min(period).saturating_sub(warmup);
    match kind {
        ScheduleKind::Constant => base,
        ScheduleKind::Linear => fma(share(done), sub(end, base), base),
        ScheduleKind::Cosine => {
            let angle = times(parts(done, period.saturating_sub(warmup)), HALF_PI);
            let cosine = cosine(angle);
            // (1 + cos πx) / 2 = cos²(πx / 2).
            fma(value(times(cosine, cosine)), sub(base, end), end)
        }
        ScheduleKind::Exponential => {
            let times = step.saturating_sub(warmup).checked_div(period).unwrap_or(0);
            mul(base, power(end, times))
        }
    }
}

/// `1 − β^(step + 1)`, for `beta` = β · 2⁶³.
pub fn bias_correction(beta: u64, step: u64) -> F32 {
    let times = |a: u64, b: u64| u64::try_from(u128::from(a).wrapping_mul(u128::from(b)) >> 63).unwrap_or(0);
    let (mut power, mut square, mut left) = (1 << 63, beta, step.saturating_add(1));
    while left > 0 {
        if left & 1 == 1 {
            power = times(power, square);
        }
        square = times(square, square);
        left >>= 1;
    }
    let rest = (1_u64 << 63).saturating_sub(power);
    // 31 bits and more are left of the leading one, of which binary32 keeps 24.
    let shift = rest.leading_zeros().min(63);
    let leading = u32::try_from(rest.unbounded_shl(shift) >> 32).unwrap_or(u32::MAX);
    scale_b(from_u32(leading), 0_i32.wrapping_sub(shift.cast_signed()).wrapping_sub(31))
}

/// `base^n`, n times rounded at most 2·log₂ n.
fn power(base: F32, n: u64) -> F32 {
    let (mut power, mut square, mut left) = (F32::ONE, base, n);
    while left > 0 {
        if left & 1 == 1 {
            power = mul(power, square);
        }
        square = mul(square, square);
        left >>= 1;
    }
    power
}

/// `a / b` in fixed point, for `a <= b < 2^32`; 1 if b is 0.
fn parts(a: u64, b: u64) -> u64 {
    a.wrapping_mul(ONE).checked_div(b).unwrap_or(ONE)
}

/// `a / b` as a number.
fn fraction(a: u64, b: u64) -> F32 {
    value(parts(a, b))
}

/// A fixed-point number up to 1 as a number.
fn value(fixed: u64) -> F32 {
    scale_b(from_u32(u32::try_from(fixed).unwrap_or(u32::MAX)), -31)
}

/// Product of two fixed-point numbers below 2.
fn times(a: u64, b: u64) -> u64 {
    a.wrapping_mul(b) >> 31
}

/// The cosine of an angle from 0 to π / 2.
fn cosine(angle: u64) -> u64 {
    let square = times(angle, angle); // Below 2.47: a product with at most 1 stays below 2^64.
    COSINE_DIVISORS.into_iter().fold(ONE, |inner, divisor| {
        let term = times(square, inner).checked_div(divisor).unwrap_or(0);
        ONE.saturating_sub(term)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::F32;

    fn real(x: F32) -> f64 {
        f64::from(f32::from_bits(x.0))
    }

    #[test]
    fn cosine_is_close() {
        for n in 0..=1000_u32 {
            let share = f64::from(n) / 1000.0;
            let expected = 1e-4 + (1e-2 - 1e-4) * (1.0 + (std::f64::consts::PI * share).cos()) / 2.0;
            let range = (F32(1e-2_f32.to_bits()), F32(1e-4_f32.to_bits()));
            let got = real(scheduled(ScheduleKind::Cosine, range, (0, 1000), u64::from(n)));
            assert!((got - expected).abs() < 2e-7 * expected + 1e-11, "{n}: {got} {expected}");
        }
    }

    #[test]
    fn warm_up_line_and_steps() {
        let base = F32(0.5_f32.to_bits());
        let at = |kind, end: f32, times, step| real(scheduled(kind, (base, F32(end.to_bits())), times, step));
        assert_eq!(at(ScheduleKind::Constant, 0.0, (4, 0), 0), 0.125);
        assert_eq!(at(ScheduleKind::Constant, 0.0, (4, 0), 3), 0.5);
        assert_eq!(at(ScheduleKind::Constant, 0.0, (4, 0), 1 << 60), 0.5);
        assert_eq!(at(ScheduleKind::Linear, 0.0, (4, 8), 4), 0.5);
        assert_eq!(at(ScheduleKind::Linear, 0.0, (4, 8), 6), 0.25);
        assert_eq!(at(ScheduleKind::Linear, 0.0, (4, 8), 100), 0.0);
        assert_eq!(at(ScheduleKind::Exponential, 0.5, (0, 10), 9), 0.5);
        assert_eq!(at(ScheduleKind::Exponential, 0.5, (0, 10), 30), 0.0625);
        assert_eq!(at(ScheduleKind::Cosine, 0.0, (0, 8), 8), 0.0);
    }

    #[test]
    fn bias_corrections_are_right_to_the_last_bit() {
        for beta in [0.0, 0.5, 0.9, 0.95, 0.999, 0.9999] {
            let fixed = (beta * 2_f64.powi(63)) as u64;
            for step in [0_u64, 1, 2, 9, 100, 1000, 100_000, 10_000_000] {
                let expected = (-(step as f64 + 1.0).mul_add(f64::ln(beta), 0.0).exp_m1()) as f32;
                let got = f32::from_bits(bias_correction(fixed, step).0);
                let ulps = (i64::from(got.to_bits()) - i64::from(expected.to_bits())).abs();
                assert!(ulps <= 1, "{beta} {step}: {got:e} {expected:e}");
            }
        }
    }
}
