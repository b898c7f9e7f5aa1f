//! Models of few layers: together they have every [`LayerOp`] with several attributes, and every gradient.
//!
//! What is tried reads `x`, the batch plus a trained parameter (whose gradient is that of the operation's input), and is
//! followed by a linear layer of [`CLASSES`] logits.
use super::build::{bytes, data, task, Build};
use assay_core::graph::{PoolKind, Window};
use assay_engine::import::{Binary, LayerOp, Model, Reduction, Unary, Value};
use assay_engine::task::{Task, TaskData};

pub(crate) const CLASSES: u32 = 5;

/// A model to be tried.
pub(crate) struct Case {
    pub(crate) name: String,
    /// Dimensions of a sample.
    pub(crate) sample: Vec<u32>,
    /// Samples are numbers below this instead of −1 to 1.
    pub(crate) ids: Option<u32>,
    /// What gradients may differ by, as a share of the greatest.
    pub(crate) tolerance: f32,
    layers: Box<Layers>,
}

/// Adds what is tried; reads a value and gives one.
type Layers = dyn Fn(&mut Build, Value) -> Value;

impl Case {
    /// The model for a size of batch.
    pub(crate) fn model(&self, batch: u32) -> Model {
        let with_batch = |dims: &[u32]| [&[batch], dims].concat();
        let mut build = Build::new(&with_batch(&self.sample));
        let mut x = Value::Input;
        if self.ids.is_none() {
            let pre = build.weight("pre", &self.sample);
            x = build.same(LayerOp::Binary(Binary::Add), &[x, pre]);
        }
        let y = (self.layers)(&mut build, x);
        let elements: u32 = build.dims(y).iter().product();
        let flat = build.layer(LayerOp::Reshape, &[y], &[batch, elements / batch]);
        let head = build.weight("head", &[CLASSES, elements / batch]);
        let logits = build.layer(LayerOp::MatMul { trans_a: false, trans_b: true }, &[flat, head], &[batch, CLASSES]);
        build.finish(logits)
    }
}

/// A task for a case, and random samples.
pub(crate) fn case_data(case: &Case) -> (Task, TaskData) {
    let scaling = if case.ids.is_some() { "" } else { "scale = 0.0078125\nshift = -1.0" };
    let task = task(scaling, "steps = 9\nbatch = 6", "");
    let of = |rows: u32, seed: u64| {
        let dims = [&[rows], &case.sample[..]].concat();
        [bytes(&dims, case.ids.unwrap_or(256), seed), bytes(&[rows], CLASSES, seed + 1)]
    };
    let data = data(&task, of(20, 1), of(10, 3));
    (task, data)
}

fn case(name: impl Into<String>, sample: &[u32], layers: impl Fn(&mut Build, Value) -> Value + 'static) -> Case {
    Case { name: name.into(), sample: sample.to_vec(), ids: None, tolerance: 1e-5, layers: Box::new(layers) }
}

/// All of them.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = unary();
    cases.extend(binary());
    cases.extend(products());
    cases.extend(images());
    cases.extend(reductions());
    cases.extend(norms());
    cases.extend(tables());
    cases.extend(moves());
    cases
}

/// x moved to 0.5 to 2.5: where logarithms and divisions are tame.
fn positive(b: &mut Build, x: Value) -> Value {
    let y = b.same(LayerOp::Unary(Unary::Sigmoid), &[x]);
    b.same(LayerOp::Unary(Unary::Affine { scale: 2.0, shift: 0.5 }), &[y])
}

fn unary() -> Vec<Case> {
    let anywhere = [
        Unary::Relu,
        Unary::LeakyRelu(0.1),
        Unary::Gelu,
        Unary::GeluTanh,
        Unary::Silu,
        Unary::Sigmoid,
        Unary::Tanh,
        Unary::Exp,
        Unary::Erf,
        Unary::Square,
        Unary::Clamp(-0.5, 0.25),
        Unary::Clamp(f32::NEG_INFINITY, 0.25),
        Unary::Affine { scale: -1.5, shift: 0.25 },
    ];
    let above = [Unary::Log, Unary::Sqrt, Unary::Reciprocal];
    let plain = anywhere
        .map(|function| case(format!("{function:?}"), &[7, 3], move |b, x| b.same(LayerOp::Unary(function), &[x])));
    let positive = above.map(|function| {
        case(format!("{function:?}"), &[7, 3], move |b, x| {
            let y = positive(b, x);
            b.same(LayerOp::Unary(function), &[y])
        })
    });
    plain.into_iter().chain(positive).collect()
}

fn binary() -> Vec<Case> {
    let mut cases = Vec::new();
    for function in [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div] {
        let op = LayerOp::Binary(function);
        for dims in [&[3, 4][..], &[4], &[3, 1], &[1], &[1, 3, 4], &[1, 1, 1]] {
            let (of, turned) = (op.clone(), op.clone());
            cases.push(case(format!("{function:?} with {dims:?}"), &[3, 4], move |b, x| {
                let y = b.weight("y", dims);
                let y = positive(b, y);
                b.same(of.clone(), &[x, y])
            }));
            cases.push(case(format!("{function:?} of {dims:?}"), &[3, 4], move |b, x| {
                let (y, dims) = (b.weight("y", dims), b.dims(x));
                let x = positive(b, x);
                b.layer(turned.clone(), &[y, x], &dims)
            }));
        }
        cases.push(case(format!("{function:?} both broadcast"), &[1, 4], move |b, x| {
            let y = b.weight("y", &[1, 3, 1]);
            let y = positive(b, y);
            let batch = b.batch();
            b.layer(op.clone(), &[x, y], &[batch, 3, 4])
        }));
        cases.push(case(format!("{function:?} with itself"), &[3, 4], move |b, x| {
            let x = positive(b, x);
            let y = b.same(LayerOp::Binary(function), &[x, x]);
            b.same(LayerOp::Binary(Binary::Add), &[y, x])
        }));
    }
    for otherwise in [0.0, -2.5] {
        for dims in [&[1, 3, 4][..], &[3, 1], &[4]] {
            cases.push(case(format!("Where {otherwise} {dims:?}"), &[3, 4], move |b, x| {
                let mask = b.constant("mask", dims, |i| if i % 3 == 1 { 0.0 } else { 1.0 });
                b.same(LayerOp::Where { otherwise }, &[x, mask])
            }));
        }
    }
    cases
}

fn products() -> Vec<Case> {
    let mut cases = Vec::new();
    for (trans_a, trans_b) in [(false, false), (false, true), (true, false), (true, true)] {
        let op = LayerOp::MatMul { trans_a, trans_b };
        let stored = |rows: u32, columns: u32, trans: bool| if trans { [columns, rows] } else { [rows, columns] };
        let (a, w) = (stored(3, 4, trans_a), stored(4, 6, trans_b));
        let of = op.clone();
        cases.push(case(format!("{op:?} by a weight"), &a, move |b, x| {
            let (batch, w) = (b.batch(), b.weight("w", &w));
            let y = b.layer(of.clone(), &[x, w], &[batch, 3, 6]);
            let bias = b.weight("bias", &[6]);
            b.same(LayerOp::Binary(Binary::Add), &[y, bias])
        }));
        let of = op.clone();
        cases.push(case(format!("{op:?} of a weight"), &w, move |b, x| {
            let (batch, a) = (b.batch(), b.weight("a", &a));
            b.layer(of.clone(), &[a, x], &[batch, 3, 6])
        }));
        let of = op.clone();
        cases.push(case(format!("{op:?} by many weights"), &[1, a[0], a[1]], move |b, x| {
            let (batch, w) = (b.batch(), b.weight("w", &[2, w[0], w[1]]));
            b.layer(of.clone(), &[x, w], &[batch, 2, 3, 6])
        }));
        cases.push(case(format!("{op:?} with itself"), &[4, 4], move |b, x| {
            let y = b.same(LayerOp::Unary(Unary::Tanh), &[x]);
            b.same(op.clone(), &[x, y])
        }));
    }
    cases.push(case("a weight used twice", &[6], |b, x| {
        let (w, bias) = (b.weight("w", &[6, 6]), b.weight("bias", &[6]));
        let y = b.same(LayerOp::MatMul { trans_a: false, trans_b: true }, &[x, w]);
        let dims = b.dims(y);
        let y = b.layer(LayerOp::Binary(Binary::Add), &[bias, y], &dims);
        let y = b.same(LayerOp::Unary(Unary::Relu), &[y]);
        let z = b.same(LayerOp::MatMul { trans_a: false, trans_b: false }, &[y, w]);
        let z = b.same(LayerOp::Binary(Binary::Add), &[z, bias]);
        b.same(LayerOp::Binary(Binary::Add), &[z, y])
    }));
    cases.push(case("attention", &[5, 8], attention));
    cases
}

/// Causal self-attention with two heads.
fn attention(b: &mut Build, x: Value) -> Value {
    let n = b.batch();
    let part = |b: &mut Build, name: &str| {
        let w = b.weight(name, &[8, 8]);
        let y = b.same(LayerOp::MatMul { trans_a: false, trans_b: true }, &[x, w]);
        let y = b.layer(LayerOp::Reshape, &[y], &[n, 5, 2, 4]);
        b.layer(LayerOp::Transpose { perm: [0, 2, 1, 3, 4, 5] }, &[y], &[n, 2, 5, 4])
    };
    let (q, k, v) = (part(b, "q"), part(b, "k"), part(b, "v"));
    let scores = b.layer(LayerOp::MatMul { trans_a: false, trans_b: true }, &[q, k], &[n, 2, 5, 5]);
    let scores = b.same(LayerOp::Unary(Unary::Affine { scale: 0.5, shift: 0.0 }), &[scores]);
    let mask = b.constant("mask", &[1, 1, 5, 5], |i| if i % 5 <= i / 5 { 1.0 } else { 0.0 });
    let scores = b.same(LayerOp::Where { otherwise: f32::NEG_INFINITY }, &[scores, mask]);
    let shares = b.same(LayerOp::Softmax, &[scores]);
    let y = b.layer(LayerOp::MatMul { trans_a: false, trans_b: false }, &[shares, v], &[n, 2, 5, 4]);
    let y = b.layer(LayerOp::Transpose { perm: [0, 2, 1, 3, 4, 5] }, &[y], &[n, 5, 2, 4]);
    let y = b.layer(LayerOp::Reshape, &[y], &[n, 5, 8]);
    b.same(LayerOp::Binary(Binary::Add), &[x, y])
}

/// Windows that differ in everything.
pub(crate) fn windows() -> Vec<(Window, [u8; 2])> {
    let unit = Window::UNIT;
    vec![
        (unit, [1, 1]),
        (unit, [3, 2]),
        (Window { stride: [2, 2], ..unit }, [2, 2]),
        (Window { stride: [2, 1], before: [1, 1], after: [1, 1], ..unit }, [3, 3]),
        (Window { before: [0, 1], after: [1, 0], ..unit }, [2, 2]),
        (Window { stride: [3, 2], before: [1, 0], after: [2, 1], ..unit }, [3, 2]),
        (Window { dilation: [2, 1], before: [1, 0], after: [1, 1], ..unit }, [2, 2]),
        (Window { dilation: [2, 2], stride: [2, 2], ..unit }, [2, 2]),
    ]
}

fn images() -> Vec<Case> {
    let mut cases = Vec::new();
    for (window, kernel) in windows() {
        let [h, w] = window.output([6, 7], kernel.map(u32::from)).unwrap();
        let [kh, kw] = kernel.map(u32::from);
        for groups in [1_u16, 2, 4] {
            cases.push(case(format!("Conv {window:?} {kernel:?} in {groups}"), &[4, 6, 7], move |b, x| {
                let (n, weight) = (b.batch(), b.weight("w", &[8, 4 / u32::from(groups), kh, kw]));
                let y = b.layer(LayerOp::Conv { window, groups }, &[x, weight], &[n, 8, h, w]);
                let bias = b.weight("bias", &[8, 1, 1]);
                b.same(LayerOp::Binary(Binary::Add), &[y, bias])
            }));
        }
        for kind in [PoolKind::Max, PoolKind::Average, PoolKind::AverageInside] {
            cases.push(case(format!("{kind:?} {window:?} {kernel:?}"), &[2, 6, 7], move |b, x| {
                let n = b.batch();
                b.layer(LayerOp::Pool { kind, window, kernel }, &[x], &[n, 2, h, w])
            }));
        }
    }
    cases.push(case("a convolution along one axis", &[3, 1, 9], |b, x| {
        let window = Window { stride: [1, 2], before: [0, 1], after: [0, 1], ..Window::UNIT };
        let (n, weight) = (b.batch(), b.weight("w", &[4, 3, 1, 3]));
        b.layer(LayerOp::Conv { window, groups: 1 }, &[x, weight], &[n, 4, 1, 5])
    }));
    cases
}

fn reductions() -> Vec<Case> {
    let mut cases = Vec::new();
    for kind in [Reduction::Sum, Reduction::Mean, Reduction::Max] {
        for axes in [0b1000_u8, 0b0100, 0b0010, 0b1100, 0b1010, 0b1110] {
            cases.push(case(format!("{kind:?} over {axes:#b}"), &[2, 3, 4], move |b, x| {
                let dims = b.dims(x);
                let left = |(axis, &dim)| if axes >> axis & 1 == 1 { 1 } else { dim };
                let dims: Vec<u32> = dims.iter().enumerate().map(left).collect();
                b.layer(LayerOp::Reduce { kind, axes }, &[x], &dims)
            }));
        }
        // Also over the batch; and what is left of it is taken away from every sample.
        for axes in [0b001_u8, 0b111] {
            cases.push(case(format!("{kind:?} over the batch {axes:#b}"), &[3, 4], move |b, x| {
                let dims: &[u32] = if axes == 1 { &[1, 3, 4] } else { &[1, 1, 1] };
                let y = b.layer(LayerOp::Reduce { kind, axes }, &[x], dims);
                b.same(LayerOp::Binary(Binary::Mul), &[x, y])
            }));
        }
    }
    cases.push(case("Softmax", &[3, 7], |b, x| b.same(LayerOp::Softmax, &[x])));
    cases.push(case("LogSoftmax", &[3, 7], |b, x| b.same(LayerOp::LogSoftmax, &[x])));
    cases
}

fn norms() -> Vec<Case> {
    let mut cases = Vec::new();
    for sample in [&[3][..], &[3, 5], &[3, 4, 5]] {
        cases.push(case(format!("BatchNorm of {sample:?}"), sample, |b, x| {
            let (weight, bias) = (b.weight("weight", &[3]), b.weight("bias", &[3]));
            let mean = b.constant("running_mean", &[3], |i| i as f32 / 4.0);
            let variance = b.constant("running_var", &[3], |i| 1.0 + i as f32);
            b.same(LayerOp::BatchNorm { epsilon: 1e-5, momentum: 0.1 }, &[x, weight, bias, mean, variance])
        }));
    }
    for (axis, dims) in [(2_u8, &[6][..]), (1, &[4, 6])] {
        let epsilon = 1e-5;
        cases.push(case(format!("LayerNorm from axis {axis}"), &[4, 6], move |b, x| {
            let (weight, bias) = (b.weight("weight", dims), b.weight("bias", dims));
            b.same(LayerOp::LayerNorm { axis, epsilon }, &[x, weight, bias])
        }));
        cases.push(case(format!("LayerNorm without bias from axis {axis}"), &[4, 6], move |b, x| {
            let weight = b.weight("weight", dims);
            b.same(LayerOp::LayerNorm { axis, epsilon }, &[x, weight])
        }));
        cases.push(case(format!("RmsNorm from axis {axis}"), &[4, 6], move |b, x| {
            let weight = b.weight("weight", dims);
            b.same(LayerOp::RmsNorm { axis, epsilon }, &[x, weight])
        }));
    }
    cases
}

fn tables() -> Vec<Case> {
    let tokens = |b: &mut Build, ids: Value| {
        let (n, table) = (b.batch(), b.weight("wte", &[11, 4]));
        b.layer(LayerOp::Embed, &[table, ids], &[n, 6, 4])
    };
    let mut embed = case("Embed", &[6], move |b, x| tokens(b, x));
    embed.ids = Some(11);
    let mut positions = case("Embed with positions and a tied head", &[6], move |b, x| {
        let y = tokens(b, x);
        let (table, ids) = (b.weight("wpe", &[6, 4]), b.constant("positions", &[1, 6], |i| (5 - i) as f32));
        let z = b.layer(LayerOp::Embed, &[table, ids], &[1, 6, 4]);
        let y = b.same(LayerOp::Binary(Binary::Add), &[y, z]);
        let n = b.batch();
        let wte = Value::Param(b.model.params.iter().position(|param| param.name == "wte").unwrap());
        b.layer(LayerOp::MatMul { trans_a: false, trans_b: true }, &[y, wte], &[n, 6, 11])
    });
    positions.ids = Some(11);
    vec![embed, positions]
}

fn moves() -> Vec<Case> {
    let mut cases = Vec::new();
    for probability in [0.0, 0.3] {
        cases.push(case(format!("Dropout {probability}"), &[3, 8], move |b, x| {
            let y = b.same(LayerOp::Dropout { probability }, &[x]);
            let y = b.same(LayerOp::Unary(Unary::Tanh), &[y]);
            b.same(LayerOp::Dropout { probability: 0.5 }, &[y])
        }));
    }
    cases.push(case("Reshape", &[3, 4], |b, x| {
        let n = b.batch();
        let y = b.layer(LayerOp::Reshape, &[x], &[n * 4, 3]);
        b.same(LayerOp::Softmax, &[y])
    }));
    for perm in [[0, 2, 1, 3, 4, 5], [2, 0, 1, 3, 4, 5], [0, 1, 2, 3, 4, 5]] {
        cases.push(case(format!("Transpose {perm:?}"), &[3, 4], move |b, x| {
            let had = b.dims(x);
            let dims: Vec<u32> = perm.iter().take(3).map(|&axis| had[usize::from(axis)]).collect();
            let y = b.layer(LayerOp::Transpose { perm }, &[x], &dims);
            b.same(LayerOp::Softmax, &[y])
        }));
    }
    for (axis, start, step, items) in [(1_u8, 0, 1, 3), (1, 1, 2, 3), (2, 3, 1, 1), (2, 0, 3, 2)] {
        cases.push(case(format!("Slice of axis {axis} from {start} by {step}"), &[6, 5], move |b, x| {
            let mut dims = b.dims(x);
            dims[usize::from(axis)] = items;
            b.layer(LayerOp::Slice { axis, start, step }, &[x], &dims)
        }));
    }
    for (axis, before, length) in [(1_u8, 1, 6), (2, 0, 7), (2, 2, 6), (1, 0, 3)] {
        cases.push(case(format!("Pad of axis {axis} by {before} to {length}"), &[3, 4], move |b, x| {
            let mut dims = b.dims(x);
            dims[usize::from(axis)] = length;
            let y = b.layer(LayerOp::Pad { axis, before }, &[x], &dims);
            b.same(LayerOp::Softmax, &[y])
        }));
    }
    for axis in [1_u8, 2] {
        cases.push(case(format!("Concat along axis {axis}"), &[3, 4], move |b, x| {
            let y = b.same(LayerOp::Unary(Unary::Tanh), &[x]);
            let mut dims = b.dims(x);
            dims[usize::from(axis)] *= 2;
            b.layer(LayerOp::Concat { axis }, &[x, y], &dims)
        }));
    }
    cases.push(case("Expand of what is read", &[1, 4], |b, x| {
        let n = b.batch();
        let y = b.layer(LayerOp::Expand, &[x], &[n, 3, 4]);
        let scale = b.weight("scale", &[3, 4]);
        b.same(LayerOp::Binary(Binary::Mul), &[y, scale])
    }));
    cases.push(case("Expand of a class token", &[3, 4], |b, x| {
        let n = b.batch();
        let token = b.weight("token", &[1, 1, 4]);
        let token = b.layer(LayerOp::Expand, &[token], &[n, 1, 4]);
        let y = b.layer(LayerOp::Concat { axis: 1 }, &[token, x], &[n, 4, 4]);
        b.same(LayerOp::Softmax, &[y])
    }));
    cases
}
