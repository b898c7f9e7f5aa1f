//! Every primitive on every instruction set, against the referee's integers.
use super::*;
use assay_core::arith::{Arith, Soft, F32};
use assay_core::graph::{eval_prim, Prim};
use proptest::prelude::*;

/// `ASSAY_ISA=Avx512` says what must be found: with less the other tests would pass, too (`scripts/avx512`).
#[test]
fn the_expected_instruction_set_is_found() {
    if let Ok(expected) = std::env::var("ASSAY_ISA") {
        assert_eq!(format!("{:?}", Isa::best()), expected);
    }
}

struct One {
    prim: Prim,
    args: [[f32; MAX_LANES]; 4],
}

impl Kernel for One {
    type Output = Vec<u32>;
    #[inline(always)]
    fn run<V: Lanes>(self) -> Vec<u32> {
        let mut out = [0.0; MAX_LANES];
        for start in (0..MAX_LANES).step_by(V::N) {
            // SAFETY: V::N divides MAX_LANES.
            unsafe {
                let args = self.args.map(|arg| V::load(arg.as_ptr().add(start)));
                perform(self.prim, args).canonical().store(out.as_mut_ptr().add(start));
            }
        }
        out.iter().map(|x| x.to_bits()).collect()
    }
}

/// One primitive; arguments beyond its arity are ignored.
#[inline(always)]
fn perform<V: Lanes>(prim: Prim, [a, b, c, d]: [V; 4]) -> V {
    match prim {
        Prim::Add => a.add(b),
        Prim::Sub => a.sub(b),
        Prim::Mul => a.mul(b),
        Prim::Fma => a.fma(b, c),
        Prim::Div => a.div(b),
        Prim::Sqrt => a.sqrt(),
        Prim::Max => a.max(b),
        Prim::SelectGt => a.select_gt(b, c, d),
        Prim::SelectEq => a.select_eq(b, c, d),
        Prim::ScaleB => a.scale_b(b),
        Prim::Exponent => a.exponent(),
        Prim::Significand => a.significand(),
    }
}

/// All primitives.
pub(in crate::exec) const PRIMS: [Prim; 12] = [
    Prim::Add,
    Prim::Sub,
    Prim::Mul,
    Prim::Fma,
    Prim::Div,
    Prim::Sqrt,
    Prim::Max,
    Prim::SelectGt,
    Prim::SelectEq,
    Prim::ScaleB,
    Prim::Exponent,
    Prim::Significand,
];

fn edge() -> impl Strategy<Value = u32> {
    let special = [
        0,
        0x8000_0000,
        1,
        0x8000_0001,
        0x007f_ffff,
        0x0080_0000,
        0x3f80_0000,
        0xbf80_0000,
        0x3f80_0001,
        0x3f7f_ffff,
        0x7f7f_ffff,
        0xff7f_ffff,
        0x7f80_0000,
        0xff80_0000,
        0x7fc0_0000,
        0xffc0_1234,
        0x3f00_0000,
        0x4b00_0000,
        0x4b40_0000,
        0xc316_0000,
        0x4316_0000,
    ];
    prop_oneof![
        any::<u32>(),
        prop::sample::select(special.to_vec()),
        // Numbers near 1, whose sums and products cancel and tie.
        (0x3e80_0000_u32..0x4080_0000, any::<bool>()).prop_map(|(bits, sign)| bits | u32::from(sign) << 31),
        (0x3f80_0000_u32..0x3f80_0010),
        // Small integers and halves, for ScaleB.
        (-320_i32..320).prop_map(|n| (n as f32 * 0.5).to_bits()),
    ]
}

fn canonical(bits: u32) -> u32 {
    if F32(bits).is_nan() {
        F32::NAN.0
    } else {
        bits
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn all_instruction_sets_do_what_the_referee_does(bits in prop::collection::vec(edge(), 4 * MAX_LANES), related in any::<bool>()) {
        let mut args = [[0.0; MAX_LANES]; 4];
        for (arg, bits) in args.iter_mut().zip(bits.chunks(MAX_LANES)) {
            *arg = std::array::from_fn(|i| f32::from_bits(bits[i]));
        }
        if related {
            // c close to -a·b, where a fused multiply-add cancels.
            args[2] = std::array::from_fn(|i| -(args[0][i] * args[1][i]));
        }
        for prim in PRIMS {
            let expected: Vec<u32> = (0..MAX_LANES)
                .map(|i| canonical(Soft::bits(eval_prim::<Soft>(prim, args.map(|arg| F32(arg[i].to_bits()))))))
                .collect();
            for isa in Isa::available() {
                prop_assert_eq!(&isa.run(One { prim, args }), &expected, "{:?} on {:?}", prim, isa);
            }
        }
    }
}

/// Operations for certain operands, each with the primitive that it stands for, of one of several vectors.
struct Shortcuts {
    args: [[f32; MAX_LANES]; 3],
    constant: f32,
}

impl Kernel for Shortcuts {
    type Output = Option<&'static str>;
    #[inline(always)]
    fn run<V: Lanes>(self) -> Option<&'static str> {
        let wide = |constant| Several([V::splat(7.0), V::splat(constant), V::splat(-0.0)]);
        // SAFETY: MAX_LANES >= N values are there.
        let [a, x, y] =
            self.args.map(|arg| Several([V::splat(f32::NAN), unsafe { V::load(arg.as_ptr()) }, V::splat(3.0)]));
        let (constant, rounder) = (wide(self.constant), wide(12_582_912.0));
        let rounded = x.fma(y, rounder).sub(rounder);
        let all = [
            ("neg", a.neg(), a.mul(wide(-1.0))),
            ("at_least", a.at_least(constant), a.max(constant)),
            ("at_most", a.at_most(constant), a.select_gt(constant, constant, a)),
            ("scale", a.scale(rounded), a.scale_b(rounded)),
        ];
        all.into_iter().find(|(_, got, expected)| lanes(got.0[1]) != lanes(expected.0[1])).map(|(name, ..)| name)
    }
}

/// Lanes' bits.
#[inline(always)]
fn lanes<V: Lanes>(x: V) -> [u32; MAX_LANES] {
    let mut out = [0.0; MAX_LANES];
    // SAFETY: MAX_LANES >= N places are there.
    unsafe { x.canonical().store(out.as_mut_ptr()) };
    out.map(f32::to_bits)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]
    #[test]
    fn shortcuts_do_what_they_stand_for(
        bits in prop::collection::vec(edge(), 3 * MAX_LANES),
        constant in edge().prop_map(f32::from_bits).prop_filter("neither zero nor NaN", |c| *c != 0.0 && !c.is_nan()),
    ) {
        let mut args = [[0.0; MAX_LANES]; 3];
        for (arg, bits) in args.iter_mut().zip(bits.chunks(MAX_LANES)) {
            *arg = std::array::from_fn(|i| f32::from_bits(bits[i]));
        }
        for isa in Isa::available() {
            prop_assert_eq!(isa.run(Shortcuts { args, constant }), None, "on {:?}", isa);
        }
    }
}

/// What primitives make of NaNs, each with `canonical` right behind it, where a compiler may take it for nothing.
struct Nans([f32; MAX_LANES]);

impl Kernel for Nans {
    type Output = bool;
    #[inline(always)]
    fn run<V: Lanes>(self) -> bool {
        // SAFETY: MAX_LANES >= N values are there.
        let x = unsafe { V::load(self.0.as_ptr()) };
        let one = V::splat(1.0);
        let all = [
            x,
            x.add(one),
            x.sub(one),
            x.mul(one),
            x.fma(one, one),
            x.div(one),
            x.sqrt(),
            x.max(one),
            one.max(x),
            one.select_gt(x, one, x),
            one.select_eq(x, one, x),
            x.scale_b(one),
            x.significand(),
        ];
        all.into_iter().all(|x| {
            let mut out = [0.0; MAX_LANES];
            // SAFETY: MAX_LANES >= N places are there.
            unsafe { x.canonical().store(out.as_mut_ptr()) };
            out[..V::N].iter().all(|x| x.to_bits() == NAN.to_bits())
        })
    }
}

#[test]
fn every_nan_becomes_the_protocols() {
    for isa in Isa::available() {
        for bits in [0x7fc0_0000, 0xffc0_0000, 0xffc0_0001, 0x7f80_0001, 0xff80_0001, 0x7fff_ffff] {
            let nans = std::hint::black_box([f32::from_bits(bits); MAX_LANES]);
            assert!(isa.run(Nans(nans)), "{bits:08x} on {isa:?}");
        }
    }
}

struct Transpose;

impl Kernel for Transpose {
    type Output = bool;
    #[inline(always)]
    fn run<V: Lanes>(self) -> bool {
        let from: Vec<f32> = (0..V::N * 20).map(|i| i as f32).collect();
        let mut to = vec![0.0; V::N * 24];
        // SAFETY: strides 20 and 24 are at least N values.
        unsafe { V::transpose(from.as_ptr(), 20, to.as_mut_ptr(), 24) };
        (0..V::N).all(|i| (0..V::N).all(|j| to[j * 24 + i] == from[i * 20 + j]))
    }
}

#[test]
fn transposes() {
    assert!(Isa::available().all(|isa| isa.run(Transpose)));
}

struct Pairs;

impl Kernel for Pairs {
    type Output = bool;
    #[inline(always)]
    fn run<V: Lanes>(self) -> bool {
        let from: Vec<f32> = (0..2 * V::N).map(|i| i as f32).collect();
        let mut to = vec![0.0; 2 * V::N];
        let (mut even, mut odd) = ([0.0; MAX_LANES], [0.0; MAX_LANES]);
        // SAFETY: 2 N values are there, and N <= MAX_LANES.
        unsafe {
            let pairs = V::load_pairs(from.as_ptr());
            pairs[0].store(even.as_mut_ptr());
            pairs[1].store(odd.as_mut_ptr());
            pairs[0].store_pairs(pairs[1], to.as_mut_ptr());
        }
        to == from && (0..V::N).all(|i| even[i] == (2 * i) as f32 && odd[i] == (2 * i + 1) as f32)
    }
}

#[test]
fn pairs() {
    assert!(Isa::available().all(|isa| isa.run(Pairs)));
}

/// Operands of a fused multiply-add of one of many kinds, which follow from two random numbers.
fn operands(kind: u32, words: [u32; 4]) -> [f32; 3] {
    let [x, y, z, w] = words;
    // Exponent `from + r`, r below `count`, and as many bits of fraction.
    let number = |word: u32, from: u32, count: u32, bits: u32| {
        let fraction = (word << 9 >> 9) & !((1_u32 << (23 - bits)) - 1);
        f32::from_bits(word & 0x8000_0000 | (from + (word >> 23 & 0xff) % count) << 23 | fraction)
    };
    let any = f32::from_bits;
    let (near, short) = (|word| number(word, 120, 15, 23), |word| number(word, 120, 15, w % 13));
    match kind % 10 {
        0 => [any(x), any(y), any(z)],
        1 => [near(x), near(y), near(z)],
        // Cancels.
        2 => [near(x), near(y), -(near(x) * near(y))],
        3 => [near(x), near(y), f32::from_bits((-(near(x) * near(y))).to_bits().wrapping_add(z % 5).wrapping_sub(2))],
        // Few bits, whose sums are halves.
        4 => [short(x), short(y), short(z)],
        5 => [short(x), near(y), short(z)],
        // A half, and something far below it.
        6 => [number(x, 60, 60, 3), number(y, 60, 60, 3), near(z)],
        7 => [number(x, 115, 4, 12), number(y, 115, 4, 12), number(z, 126, 14, 23)],
        // Subnormal results.
        8 => [number(x, 50, 30, w % 24), number(y, 50, 30, 23), number(z, 0, 30, 23)],
        // Up to the greatest ones.
        _ => [number(x, 180, 12, 23), number(y, 180, 12, w % 24), number(z, 240, 15, 23)],
    }
}

/// The first of so many operands of which the portable fused multiply-add isn't the referee's.
fn other_fma(first: u64, count: u64) -> Option<[f32; 3]> {
    let one = |i: u64| operands(i as u32, assay_core::arith::random::philox(first, 11, i));
    (first..first + count).step_by(MAX_LANES).find_map(|i| {
        let all: [[f32; 3]; MAX_LANES] = std::array::from_fn(|lane| one(i + lane as u64));
        let arg = |n: usize| all.map(|operands| operands[n]);
        let got = Isa::Portable.run(One { prim: Prim::Fma, args: [arg(0), arg(1), arg(2), [0.0; MAX_LANES]] });
        let expected = |[a, b, c]: [f32; 3]| canonical(Soft::fma(bits(a), bits(b), bits(c)).0);
        all.into_iter().zip(got).find(|&(operands, got)| got != expected(operands)).map(|(operands, _)| operands)
    })
}

fn bits(x: f32) -> F32 {
    F32(x.to_bits())
}

#[test]
fn portable_fma_is_the_referees() {
    assert_eq!(other_fma(0, 2_000_000), None);
}

/// `cargo test --release -p assay-engine fma_at_length -- --ignored`: half a minute.
#[test]
#[ignore = "long"]
fn portable_fma_at_length() {
    for part in 0..8 {
        assert_eq!(other_fma(part << 32, 25_000_000), None);
    }
}
