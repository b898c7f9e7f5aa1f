//! What the operators mean, written down once more in the plainest way, on hardware floats.
use assay_core::arith::F32;
use assay_core::graph::{gather_row, jitter_sign, Env, Node, Op};

fn max(a: f32, b: f32) -> f32 {
    if a.is_nan() || b.is_nan() {
        f32::NAN
    } else if a > b {
        a
    } else if b > a {
        b
    } else {
        f32::from_bits(a.to_bits() & b.to_bits())
    }
}

fn dot(terms: &[(f32, f32)]) -> f32 {
    let mut blocks = terms.chunks(1024).map(|block| block.iter().fold(0.0, |acc: f32, &(a, b)| a.mul_add(b, acc)));
    let first = blocks.next().unwrap();
    blocks.fold(first, |total, block| total + block)
}

fn reduce<T: Copy>(items: &[T], join: impl Fn(f32, T) -> f32) -> f32 {
    let mut blocks = items.chunks(4096).map(|block| {
        let mut lanes = [0.0; 32];
        for (i, &item) in block.iter().enumerate() {
            lanes[i % 32] = join(lanes[i % 32], item);
        }
        for stride in [16, 8, 4, 2, 1] {
            for i in 0..stride {
                lanes[i] += lanes[i + stride];
            }
        }
        lanes[0]
    });
    let first = blocks.next().unwrap();
    blocks.fold(first, |total, block| total + block)
}

fn sum(items: &[f32]) -> f32 {
    reduce(items, |lane, x| lane + x)
}

/// 2^n · a, rounded once.
fn scale(a: f32, n: i32) -> f32 {
    (f64::from(a) * 2_f64.powi(n)) as f32
}

pub(crate) fn exp(x: f32) -> f32 {
    let c = if x > 89.0 { 89.0 } else { x };
    let c = max(c, -104.0);
    let k = c.mul_add(std::f32::consts::LOG2_E, 12_582_912.0) - 12_582_912.0;
    let r = k.mul_add(-f32::from_bits(0x3f31_7200), c);
    let r = k.mul_add(-f32::from_bits(0x35bf_be8e), r);
    let coefficients = [0x3c09_1d7a, 0x3d2a_ac17, 0x3e2a_aa41, 0x3eff_fffe, 0x3f80_0000, 0x3f80_0000];
    let p = coefficients.iter().fold(f32::from_bits(0x3ab5_43cf), |p, &c| p.mul_add(r, f32::from_bits(c)));
    if k.is_nan() {
        f32::NAN
    } else {
        scale(p, k as i32)
    }
}

pub(crate) fn log(x: f32) -> f32 {
    if x.is_nan() || x < 0.0 {
        return f32::NAN;
    }
    if x == 0.0 {
        return f32::NEG_INFINITY;
    }
    if x.is_infinite() {
        return x;
    }
    let mut k = f64::from(x).log2().floor();
    if 2_f64.powi(k as i32) > f64::from(x) {
        k -= 1.0; // log2 rounded up to an integer.
    }
    let mut m = (f64::from(x) / 2_f64.powi(k as i32)) as f32;
    let mut k = k as f32;
    if m > std::f32::consts::SQRT_2 {
        (m, k) = (m * 0.5, k + 1.0);
    }
    let f = m - 1.0;
    let s = f / (f + 2.0);
    let z = s * s;
    let [c3, c2, c1] = [0x3e97_760e, 0x3ecc_be02, 0x3f2a_aaae].map(f32::from_bits);
    let p = z * z.mul_add(z.mul_add(c3, c2), c1);
    let half_square = f * 0.5 * f;
    let low = s.mul_add(half_square + p, k * f32::from_bits(0x35bf_be8e));
    k.mul_add(f32::from_bits(0x3f31_7200), f - (half_square - low))
}

/// The output of a node. NaNs are canonical.
pub(crate) fn eval(node: &Node, env: Env, inputs: &[Vec<F32>]) -> Vec<F32> {
    let inputs: Vec<Vec<f32>> = inputs.iter().map(|x| x.iter().map(|x| f32::from_bits(x.0)).collect()).collect();
    let dim = |input: usize, axis: usize| node.inputs[input].shape.dims()[axis] as usize;
    let x = &inputs[0];
    let constant = |c: F32| f32::from_bits(c.0);
    let value = |e: usize| -> f32 {
        let of = |input: usize| inputs[input][e];
        let columns = || dim(0, 1);
        let row = || &x[e * columns()..(e + 1) * columns()];
        match node.op {
            Op::Gather { seed, rows, scale, shift } => {
                let batch = node.shape.dims()[0];
                let row_len = x.len() / rows as usize;
                let b = (e / row_len) as u32;
                let r = gather_row(seed, rows, batch, env.step, b) as usize;
                x[r * row_len + e % row_len].mul_add(constant(scale), constant(shift))
            }
            Op::Jitter { seed, exponent } => {
                let u = jitter_sign(seed, env.step, e as u64) as f32;
                of(0) * (1.0 + u * 2_f32.powi(i32::from(exponent)))
            }
            Op::MatMul { trans_a, trans_b } => {
                let k = dim(0, usize::from(!trans_a));
                let n = dim(1, usize::from(!trans_b));
                let (i, j) = (e / n, e % n);
                let a = |l: usize| {
                    if trans_a {
                        x[l * dim(0, 1) + i]
                    } else {
                        x[i * k + l]
                    }
                };
                let b = |l: usize| {
                    if trans_b {
                        inputs[1][j * k + l]
                    } else {
                        inputs[1][l * n + j]
                    }
                };
                dot(&(0..k).map(|l| (a(l), b(l))).collect::<Vec<_>>())
            }
            Op::BiasAdd => of(0) + inputs[1][e % columns()],
            Op::Relu => max(of(0), 0.0),
            Op::ReluGrad => {
                if of(1) > 0.0 {
                    of(0)
                } else {
                    0.0
                }
            }
            Op::RowMax => row().iter().copied().reduce(max).unwrap(),
            Op::SubExp => exp(of(0) - inputs[1][e / columns()]),
            Op::RowSum => sum(row()),
            Op::Pick => {
                let label = inputs[1][e];
                row().iter().enumerate().fold(0.0, |v, (j, &x)| if label == j as f32 { x } else { v })
            }
            Op::XentLoss => (log(of(0)) + of(1)) - of(2),
            Op::XentGrad { scale } => {
                let (i, j) = (e / columns(), e % columns());
                let hit = if inputs[2][i] == j as f32 { 1.0 } else { 0.0 };
                (of(0) / inputs[1][i] - hit) * constant(scale)
            }
            Op::SumAll { scale } => sum(x) * constant(scale),
            Op::ColSum => sum(&(0..dim(0, 0)).map(|i| x[i * columns() + e]).collect::<Vec<_>>()),
            Op::SgdMomentum { mu, wd } => constant(mu).mul_add(of(0), constant(wd).mul_add(of(1), of(2))),
            Op::SgdStep { lr } => (-constant(lr)).mul_add(of(1), of(0)),
            Op::SqDist => {
                let pairs: Vec<(f32, f32)> = x.iter().copied().zip(inputs[1].iter().copied()).collect();
                reduce(&pairs, |lane, (x, y)| (x - y).mul_add(x - y, lane))
            }
            Op::Add => of(0) + of(1),
            Op::Max => max(of(0), of(1)),
            Op::Ratio => of(0) / max(of(1), f32::MIN_POSITIVE),
        }
    };
    let canonical = |v: f32| {
        if v.is_nan() {
            F32::NAN
        } else {
            F32(v.to_bits())
        }
    };
    (0..node.shape.elements() as usize).map(|e| canonical(value(e))).collect()
}
