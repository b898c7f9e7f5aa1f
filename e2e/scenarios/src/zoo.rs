//! Workloads that have all operators between them: a network of images, one of text, and two of odds and ends.
use crate::workload::{Plan, Size, Workload};
use anyhow::Result;
use assay_core::arith::random::philox;
use assay_core::graph::{PoolKind, Shape, Window};
use assay_engine::import::{Binary, Layer, LayerOp, Model, Param, Reduction, Unary, Value};

/// Few samples and short segments.
const SIZE: Size =
    Size { features: 0, hidden: 0, classes: 0, rows: 24, batch: 4, interval: 3, segments: 4, perturbed: false };

/// Convolutions, pooling, batch norm; Adam with weight decay, label smoothing, gradients clipped by value.
///
/// # Errors
/// Never.
pub fn images() -> Result<Workload> {
    Workload::of(Plan {
        size: SIZE,
        model: Box::new(images_model),
        sample: vec![2, 6, 6],
        below: 256,
        labels: (vec![], 3),
        training: (
            "label-smoothing = 0.1",
            "[training.optimiser]\nkind = \"adam\"\nlearning-rate = 0.01\nweight-decay = 0.01\n[training.clip]\nvalue = 0.5",
        ),
    })
}

/// Embeddings, attention, layer norm, dropout; AdamW on a cosine, gradients accumulated and clipped by norm.
///
/// # Errors
/// Never.
pub fn text() -> Result<Workload> {
    Workload::of(Plan {
        size: SIZE,
        model: Box::new(text_model),
        sample: vec![4],
        below: 7,
        labels: (vec![4], 7),
        training: (
            "accumulate = 2",
            "[training.optimiser]\nkind = \"adamw\"\nlearning-rate = 0.01\nweight-decay = 0.1\n\
             [training.schedule]\nkind = \"cosine\"\nwarmup = 2\n[training.clip]\nnorm = 0.5",
        ),
    })
}

/// Every other function of one or two elements; binary cross-entropy, Nesterov's momentum.
///
/// # Errors
/// Never.
pub fn functions() -> Result<Workload> {
    Workload::of(Plan {
        size: SIZE,
        model: Box::new(functions_model),
        sample: vec![5],
        below: 256,
        labels: (vec![5], 2),
        training: (
            "loss = \"bce-with-logits\"",
            "[training.optimiser]\nlearning-rate = 0.01\nmomentum = 0.9\nnesterov = true",
        ),
    })
}

/// A linear regression by plain gradient descent with weight decay.
///
/// # Errors
/// Never.
pub fn regression() -> Result<Workload> {
    Workload::of(Plan {
        size: SIZE,
        model: Box::new(|batch| {
            let mut net = Net::new(batch, &[3])?;
            let y = net.linear("w", Value::Input, 2)?;
            Ok(net.finish(y))
        }),
        sample: vec![3],
        below: 256,
        labels: (vec![2], 4),
        training: ("loss = \"mse\"", "[training.optimiser]\nlearning-rate = 0.1\nweight-decay = 0.01"),
    })
}

/// A model as it grows.
struct Net {
    model: Model,
}

impl Net {
    fn new(batch: u32, sample: &[u32]) -> Result<Net> {
        let input = Shape::new(&[&[batch], sample].concat())?;
        Ok(Net { model: Model { input, params: Vec::new(), layers: Vec::new(), output: Value::Input } })
    }

    fn batch(&self) -> u32 {
        self.model.batch()
    }

    fn param(&mut self, name: &str, dims: &[u32], value: impl Fn(u64) -> f32, trained: bool) -> Result<Value> {
        let shape = Shape::new(dims)?;
        let values = (0..shape.elements()).map(value).collect();
        self.model.params.push(Param { name: name.into(), shape, values, trained });
        Ok(Value::Param(self.model.params.len() - 1))
    }

    /// A trained parameter of noise from −0.5 to 0.5.
    fn weight(&mut self, name: &str, dims: &[u32]) -> Result<Value> {
        let seed = 50 + self.model.params.len() as u64;
        self.param(name, dims, |at| philox(seed, 1, at)[0] as f32 / u32::MAX as f32 - 0.5, true)
    }

    fn layer(&mut self, op: LayerOp, inputs: &[Value], dims: &[u32]) -> Result<Value> {
        let name = format!("layer{}", self.model.layers.len());
        self.model.layers.push(Layer { name, op, inputs: inputs.to_vec(), shape: Shape::new(dims)? });
        Ok(Value::Layer(self.model.layers.len() - 1))
    }

    /// A layer that leaves the first input's shape as it is.
    fn same(&mut self, op: LayerOp, inputs: &[Value]) -> Result<Value> {
        let dims = self.model.shape(inputs[0]).dims().to_vec();
        self.layer(op, inputs, &dims)
    }

    fn unary(&mut self, unary: Unary, x: Value) -> Result<Value> {
        self.same(LayerOp::Unary(unary), &[x])
    }

    fn binary(&mut self, binary: Binary, x: Value, y: Value) -> Result<Value> {
        self.same(LayerOp::Binary(binary), &[x, y])
    }

    /// `x · Wᵀ` to so many columns.
    fn linear(&mut self, name: &str, x: Value, columns: u32) -> Result<Value> {
        let mut dims = self.model.shape(x).dims().to_vec();
        let inner = dims.pop().unwrap_or(1);
        dims.push(columns);
        let weight = self.weight(name, &[columns, inner])?;
        self.layer(LayerOp::MatMul { trans_a: false, trans_b: true }, &[x, weight], &dims)
    }

    fn finish(mut self, output: Value) -> Model {
        self.model.output = output;
        self.model
    }
}

fn images_model(batch: u32) -> Result<Model> {
    let mut net = Net::new(batch, &[2, 6, 6])?;
    let padded = Window { before: [1, 1], after: [1, 1], ..Window::UNIT };
    let weight = net.weight("first.weight", &[4, 2, 3, 3])?;
    let y = net.layer(LayerOp::Conv { window: padded, groups: 1 }, &[Value::Input, weight], &[batch, 4, 6, 6])?;
    let bias = net.weight("first.bias", &[4, 1, 1])?;
    let y = net.binary(Binary::Add, y, bias)?;
    let norm = [
        y,
        net.param("norm.weight", &[4], |_| 1.0, true)?,
        net.param("norm.bias", &[4], |_| 0.0, true)?,
        net.param("norm.running_mean", &[4], |_| 0.0, false)?,
        net.param("norm.running_var", &[4], |_| 1.0, false)?,
    ];
    let y = net.same(LayerOp::BatchNorm { epsilon: 1e-5, momentum: 0.1 }, &norm)?;
    let y = net.unary(Unary::LeakyRelu(0.1), y)?;
    let halves = Window { stride: [2, 2], ..Window::UNIT };
    let y =
        net.layer(LayerOp::Pool { kind: PoolKind::Max, window: halves, kernel: [2, 2] }, &[y], &[batch, 4, 3, 3])?;
    let weight = net.weight("second.weight", &[4, 2, 3, 3])?;
    let strided = Window { stride: [2, 2], ..padded };
    let y = net.layer(LayerOp::Conv { window: strided, groups: 2 }, &[y, weight], &[batch, 4, 2, 2])?;
    let y = net.unary(Unary::Silu, y)?;
    let average = LayerOp::Pool { kind: PoolKind::Average, window: Window::UNIT, kernel: [2, 1] };
    let y = net.layer(average, &[y], &[batch, 4, 1, 2])?;
    let y = net.layer(LayerOp::Pad { axis: 3, before: 1 }, &[y], &[batch, 4, 1, 4])?;
    let z = net.layer(LayerOp::Slice { axis: 3, start: 0, step: 2 }, &[y], &[batch, 4, 1, 2])?;
    let y = net.layer(LayerOp::Slice { axis: 3, start: 1, step: 1 }, &[y], &[batch, 4, 1, 2])?;
    let y = net.layer(LayerOp::Concat { axis: 1 }, &[y, z], &[batch, 8, 1, 2])?;
    let y = net.layer(LayerOp::Reduce { kind: Reduction::Mean, axes: 0b1100 }, &[y], &[batch, 8, 1, 1])?;
    let y = net.layer(LayerOp::Reshape, &[y], &[batch, 8])?;
    let y = net.linear("head.weight", y, 3)?;
    Ok(net.finish(y))
}

fn text_model(batch: u32) -> Result<Model> {
    let mut net = Net::new(batch, &[4])?;
    let table = net.weight("tokens", &[7, 6])?;
    let y = net.layer(LayerOp::Embed, &[table, Value::Input], &[batch, 4, 6])?;
    let positions = net.weight("positions", &[4, 6])?;
    let x = net.binary(Binary::Add, y, positions)?;
    let norm = [x, net.weight("norm.weight", &[6])?, net.weight("norm.bias", &[6])?];
    let y = net.same(LayerOp::LayerNorm { axis: 2, epsilon: 1e-5 }, &norm)?;
    let [q, k, v] = [net.heads("q", y)?, net.heads("k", y)?, net.heads("v", y)?];
    let scores = net.layer(LayerOp::MatMul { trans_a: false, trans_b: true }, &[q, k], &[batch, 2, 4, 4])?;
    let scores = net.unary(Unary::Affine { scale: 0.577, shift: 0.0 }, scores)?;
    let mask = net.param("mask", &[4, 4], |at| if at % 4 <= at / 4 { 1.0 } else { 0.0 }, false)?;
    let scores = net.same(LayerOp::Where { otherwise: f32::NEG_INFINITY }, &[scores, mask])?;
    let weights = net.same(LayerOp::Softmax, &[scores])?;
    let weights = net.same(LayerOp::Dropout { probability: 0.25 }, &[weights])?;
    let y = net.layer(LayerOp::MatMul { trans_a: false, trans_b: false }, &[weights, v], &[batch, 2, 4, 3])?;
    let y = net.layer(LayerOp::Transpose { perm: [0, 2, 1, 3, 4, 5] }, &[y], &[batch, 4, 2, 3])?;
    let y = net.layer(LayerOp::Reshape, &[y], &[batch, 4, 6])?;
    let x = net.binary(Binary::Add, x, y)?;
    let scale = net.weight("root.weight", &[6])?;
    let y = net.same(LayerOp::RmsNorm { axis: 2, epsilon: 1e-5 }, &[x, scale])?;
    let y = net.linear("up", y, 8)?;
    let y = net.unary(Unary::Gelu, y)?;
    let y = net.linear("down", y, 6)?;
    let y = net.unary(Unary::GeluTanh, y)?;
    let x = net.binary(Binary::Add, x, y)?;
    let y = net.linear("head", x, 7)?;
    Ok(net.finish(y))
}

impl Net {
    /// A projection of `[batch, 4, 6]`, as two heads.
    fn heads(&mut self, name: &str, x: Value) -> Result<Value> {
        let batch = self.batch();
        let y = self.linear(name, x, 6)?;
        let y = self.layer(LayerOp::Reshape, &[y], &[batch, 4, 2, 3])?;
        self.layer(LayerOp::Transpose { perm: [0, 2, 1, 3, 4, 5] }, &[y], &[batch, 2, 4, 3])
    }
}

fn functions_model(batch: u32) -> Result<Model> {
    let mut net = Net::new(batch, &[5])?;
    let x = net.linear("w", Value::Input, 5)?;
    // From 0.5 to 2.5: where logarithms and divisions are tame.
    let positive = net.unary(Unary::Sigmoid, x)?;
    let positive = net.unary(Unary::Affine { scale: 2.0, shift: 0.5 }, positive)?;
    let mut sum = x;
    for (unary, of) in [
        (Unary::Log, positive),
        (Unary::Sqrt, positive),
        (Unary::Reciprocal, positive),
        (Unary::Square, x),
        (Unary::Erf, x),
        (Unary::Clamp(-0.25, 0.25), x),
        (Unary::Tanh, x),
        (Unary::Exp, x),
    ] {
        let y = net.unary(unary, of)?;
        sum = net.binary(Binary::Add, sum, y)?;
    }
    let scale = net.weight("scale", &[5])?;
    let y = net.binary(Binary::Mul, sum, scale)?;
    let y = net.binary(Binary::Div, y, positive)?;
    let log = net.same(LayerOp::LogSoftmax, &[y])?;
    let greatest = net.layer(LayerOp::Reduce { kind: Reduction::Max, axes: 0b10 }, &[y], &[batch, 1])?;
    let greatest = net.layer(LayerOp::Expand, &[greatest], &[batch, 5])?;
    let y = net.binary(Binary::Sub, log, greatest)?;
    Ok(net.finish(y))
}
