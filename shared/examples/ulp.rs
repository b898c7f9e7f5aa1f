//! How far the elementwise functions are from the exact values, over all arguments, as a Markdown table.
//!
//! ```text
//! RUSTFLAGS='-C target-cpu=native' cargo run --release -p assay-core --example ulp -- [FUNCTION…] [--stride N] [--threads T]
//! ```
//! Without names: all functions of one input, and gradients of one. What isn't swept is fixed: dy = 1, z = 1, the
//! parameters as in `fixed`. With a stride, only every N-th bit pattern is tried. One result in 4,096 is compared with
//! [`apply`] bit for bit. The exact values are binary64's.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
use assay_core::arith::{Arith, F32};
use assay_core::graph::function::{apply, source, Function, Row, Source};
use assay_core::graph::{eval_prim, Prim};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

#[path = "../tests/support/mod.rs"]
mod support;
use support::functions::{reference, ulps};
use support::hardware::Hardware;

/// Arguments computed side by side.
const LANES: usize = 128;
type Lanes = [f32; LANES];

/// Arguments that a thread takes at a time.
const CHUNK: u64 = 1 << 20;

/// What is measured without names.
fn usual() -> Vec<Function> {
    use Function as F;
    let gradients = [F::GeluGrad, F::GeluTanhGrad, F::SiluGrad, F::ErfGrad, F::BceLoss];
    Function::ALL.iter().copied().filter(|f| f.arity() == 1).chain(gradients).collect()
}

/// Which input is swept, the inputs otherwise, and the parameters.
fn fixed(function: Function) -> (usize, [f32; 4], [f32; 4]) {
    use Function as F;
    match function {
        F::GeluGrad | F::GeluTanhGrad | F::SiluGrad | F::ErfGrad => (1, [1.0; 4], [0.0; 4]),
        F::Affine => (0, [1.0; 4], [3.0, 0.1, 0.0, 0.0]),
        F::Rsqrt | F::Valid => (0, [1.0; 4], [0.0; 4]),
        F::Clamp => (0, [1.0; 4], [-1.0, 1.0, 0.0, 0.0]),
        F::LeakyRelu => (0, [1.0; 4], [0.01, 0.0, 0.0, 0.0]),
        _ => (0, [1.0; 4], [1.0, 0.0, 0.0, 0.0]),
    }
}

/// All arguments that a row can name.
struct Machine {
    function: Function,
    values: Vec<Lanes>,
}

impl Machine {
    fn new(function: Function, inputs: [f32; 4], params: [f32; 4]) -> Self {
        let values = (0..=255).map(|arg| match source(arg) {
            Source::Input(i) => inputs[usize::from(i)],
            Source::Param(i) => params[usize::from(i)],
            Source::Const(value) => f32::from_bits(value.0),
            _ => 0.0,
        });
        Machine { function, values: values.map(|value| [value; LANES]).collect() }
    }

    fn run(&mut self, swept: usize, x: &Lanes) -> &Lanes {
        self.values[96 + swept] = *x;
        let rows = self.function.rows();
        let (values, rest) = self.values.split_at_mut(96);
        for (i, row) in rows.iter().enumerate() {
            let (before, after) = values.split_at_mut(i);
            step(row, &mut after[0], |arg| before.get(arg).unwrap_or_else(|| &rest[arg - 96]));
        }
        &self.values[rows.len() - 1]
    }
}

/// One row: [`eval_prim`] in loops over a known primitive, which become vector instructions.
#[inline]
fn step<'a>(&(prim, args): &Row, out: &mut Lanes, find: impl Fn(usize) -> &'a Lanes) {
    type H = Hardware;
    let [a, b, c, d] = args.map(|arg| find(usize::from(arg)));
    match prim {
        Prim::Add => lanes(out, |i| H::add(a[i], b[i])),
        Prim::Sub => lanes(out, |i| H::sub(a[i], b[i])),
        Prim::Mul => lanes(out, |i| H::mul(a[i], b[i])),
        Prim::Fma => lanes(out, |i| H::fma(a[i], b[i], c[i])),
        Prim::Div => lanes(out, |i| H::div(a[i], b[i])),
        Prim::Sqrt => lanes(out, |i| H::sqrt(a[i])),
        Prim::Max => lanes(out, |i| H::max(a[i], b[i])),
        Prim::SelectGt => lanes(out, |i| H::select_gt(a[i], b[i], c[i], d[i])),
        Prim::SelectEq => lanes(out, |i| if a[i] == b[i] { c[i] } else { d[i] }),
        Prim::ScaleB => lanes(out, |i| H::scale_b(a[i], H::round_to_i32(b[i]))),
        _ => lanes(out, |i| eval_prim::<H>(prim, [a[i], b[i], c[i], d[i]])),
    }
}

#[inline]
fn lanes(out: &mut Lanes, f: impl Fn(usize) -> f32) {
    for (i, value) in out.iter_mut().enumerate() {
        *value = f(i);
    }
}

/// What was found.
#[derive(Clone, Copy, Default)]
struct Found {
    tried: u64,
    exact: u64,
    worst: f64,
    at: f32,
    /// Greatest error in units of 2⁻²³ times the greatest of argument, value and 1; where they are finite.
    beside: f64,
}

impl Found {
    fn join(self, other: Found) -> Found {
        let worse = if other.worst > self.worst { other } else { self };
        Found {
            tried: self.tried + other.tried,
            exact: self.exact + other.exact,
            beside: self.beside.max(other.beside),
            ..worse
        }
    }
}

impl Found {
    /// With some lanes more. (The loops become vector instructions.)
    fn with(mut self, x: &Lanes, y: &Lanes, exact: &[f64; LANES], lanes: usize) -> Found {
        let mut errors = [0.0; LANES];
        for i in 0..lanes {
            errors[i] = ulps(y[i], exact[i]);
        }
        self.tried += lanes as u64;
        self.exact += (0..lanes).map(|i| u64::from((errors[i] == 0.0) | (y[i] == exact[i] as f32))).sum::<u64>();
        let mut beside = [0.0; LANES];
        for i in 0..lanes {
            let (x, y) = (f64::from(x[i]), f64::from(y[i]));
            let size = x.abs().max(exact[i].abs()).max(1.0);
            let error = (y - exact[i]).abs() / size * f64::from(1 << 23);
            beside[i] = if x.is_finite() & y.is_finite() { error } else { 0.0 };
        }
        self.beside = beside.into_iter().fold(self.beside, f64::max);
        if errors.iter().any(|&error| error > self.worst) {
            let (worst, at) = errors.into_iter().zip(x).fold((self.worst, self.at), |(worst, at), (error, &x)| {
                if error > worst {
                    (error, x)
                } else {
                    (worst, at)
                }
            });
            (self.worst, self.at) = (worst, at);
        }
        self
    }
}

fn measure(function: Function, stride: u64, threads: usize) -> Found {
    let (swept, inputs, params) = fixed(function);
    let (inputs64, params64) = (inputs.map(f64::from), params.map(f64::from));
    let param_bits = params.map(|param| F32(param.to_bits()));
    let next = AtomicU64::new(0);
    let work = || {
        let mut machine = Machine::new(function, inputs, params);
        let mut found = Found::default();
        loop {
            let start = next.fetch_add(CHUNK, Ordering::Relaxed);
            if start * stride >= 1 << 32 {
                return found;
            }
            for first in (start..start + CHUNK).step_by(LANES) {
                let x: Lanes = std::array::from_fn(|i| f32::from_bits(((first + i as u64) * stride) as u32));
                let y = *machine.run(swept, &x);
                if first % (4096 * LANES as u64) == 0 {
                    let mut inputs = inputs;
                    inputs[swept] = x[1];
                    let y1 = apply::<Hardware>(function, &inputs, &param_bits, 0);
                    assert_eq!(Hardware::bits(y1), y[1].to_bits(), "{function:?} {:?}", x[1]);
                }
                let exact: [f64; LANES] = std::array::from_fn(|i| {
                    let mut inputs = inputs64;
                    inputs[swept] = f64::from(x[i]);
                    reference(function, inputs, params64, 0)
                });
                let left = ((1_u64 << 32).saturating_sub(first * stride)).div_ceil(stride);
                found = found.with(&x, &y, &exact, left.min(LANES as u64) as usize);
            }
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).fold(Found::default(), Found::join)
    })
}

fn main() -> ExitCode {
    let (mut stride, mut threads, mut functions) = (1, 2, Vec::new());
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        let mut number = || given.next().and_then(|text| text.parse::<u32>().ok()).filter(|&number| number > 0);
        match name.as_str() {
            "--stride" => stride = number().unwrap_or(1),
            "--threads" => threads = number().unwrap_or(2),
            _ => match Function::ALL.iter().find(|function| function.name() == name) {
                Some(&function) => functions.push(function),
                None => {
                    eprintln!("no function {name}; see the top of this file");
                    return ExitCode::from(2);
                }
            },
        }
    }
    if functions.is_empty() {
        functions = usual();
    }
    println!("| function | rows | most ulp | at | rounded correctly | error / max(1, abs x, abs y), in 2⁻²³ |");
    println!("|---|---|---|---|---|---|");
    for function in functions {
        let found = measure(function, u64::from(stride), threads as usize);
        let Found { tried, exact, worst, at, beside } = found;
        let (name, rows, share) = (function.name(), function.rows().len(), 100.0 * exact as f64 / tried as f64);
        println!("| {name} | {rows} | {worst:.3} | {at:e} | {share:.2} % | {beside:.3} |");
    }
    ExitCode::SUCCESS
}
