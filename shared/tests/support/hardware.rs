//! The primitives on this machine's floating-point unit.
use assay_core::arith::Arith;

/// [`Arith`] by `f32`, every computed NaN made canonical.
///
/// `f32::mul_add` is one instruction where the target has FMA and the C library's correctly rounded `fmaf` elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Hardware;

const NAN: u32 = 0x7fc0_0000;

/// Decided on the bits, not by `is_nan`: LLVM (22 at least) turns "if sqrt(x) is NaN then this NaN, else sqrt(x)" into the
/// bare square root, whose NaN on x86 is 0xffc00000.
#[inline]
fn canonical(x: f32) -> f32 {
    let bits = x.to_bits();
    f32::from_bits(if bits & 0x7fff_ffff > 0x7f80_0000 { NAN } else { bits })
}

impl Arith for Hardware {
    type V = f32;

    #[inline]
    fn of_bits(bits: u32) -> f32 {
        f32::from_bits(bits)
    }
    #[inline]
    fn bits(a: f32) -> u32 {
        a.to_bits()
    }
    #[inline]
    fn add(a: f32, b: f32) -> f32 {
        canonical(a + b)
    }
    #[inline]
    fn sub(a: f32, b: f32) -> f32 {
        canonical(a - b)
    }
    #[inline]
    fn mul(a: f32, b: f32) -> f32 {
        canonical(a * b)
    }
    #[inline]
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        canonical(a.mul_add(b, c))
    }
    #[inline]
    fn div(a: f32, b: f32) -> f32 {
        canonical(a / b)
    }
    #[inline]
    fn sqrt(a: f32) -> f32 {
        canonical(a.sqrt())
    }
    #[inline]
    fn max(a: f32, b: f32) -> f32 {
        if a.is_nan() || b.is_nan() {
            f32::from_bits(NAN)
        } else if a > b || (a == b && a.is_sign_positive()) {
            a
        } else {
            b
        }
    }
    #[inline]
    fn gt(a: f32, b: f32) -> bool {
        a > b
    }
    #[inline]
    fn ge(a: f32, b: f32) -> bool {
        a >= b
    }
    #[inline]
    fn eq(a: f32, b: f32) -> bool {
        a == b
    }
    #[inline]
    fn select_gt(a: f32, b: f32, x: f32, y: f32) -> f32 {
        if a > b {
            x
        } else {
            y
        }
    }
    #[inline]
    fn from_u32(n: u32) -> f32 {
        n as f32
    }
    #[inline]
    fn from_i32(n: i32) -> f32 {
        n as f32
    }
    #[inline]
    fn round_to_i32(a: f32) -> i32 {
        a.round_ties_even() as i32
    }
    #[inline]
    fn scale_b(a: f32, n: i32) -> f32 {
        // In binary64 the product is exact; the conversion rounds once.
        let n = n.clamp(-600, 600) + 1023;
        let power = f64::from_bits((n as u64) << 52);
        canonical((f64::from(a) * power) as f32)
    }
    #[inline]
    fn neg(a: f32) -> f32 {
        canonical(-a)
    }
    #[inline]
    fn abs(a: f32) -> f32 {
        canonical(a.abs())
    }
}
