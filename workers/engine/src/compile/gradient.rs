//! Reverse-mode differentiation: for each layer, from the gradient of its output to those of its inputs.
use super::builder::{last_axis, Builder};
use super::forward::{rows, Forward, Mode};
use super::{norm, CompileError};
use crate::import::{Binary, Layer, LayerOp, Model, Reduction, Unary, Value};
use assay_core::graph::function::Function;
use assay_core::graph::{ConvPart, Input, Op, PoolKind, ReduceKind};

/// Gradients found so far.
struct Gradients<'a> {
    builder: &'a mut Builder,
    model: &'a Model,
    forward: &'a Forward,
    /// Which layers' gradients lead to a trained parameter.
    wanted: Vec<bool>,
    params: Vec<Option<Input>>,
    layers: Vec<Option<Input>>,
}

/// Adds the backward pass; returns the gradient of every trained parameter, in the model's order. `of_output` is the
/// gradient of the model's output.
pub(super) fn backward(
    builder: &mut Builder,
    model: &Model,
    forward: &Forward,
    of_output: Input,
    mode: Mode<'_>,
) -> Result<Vec<Input>, CompileError> {
    let mut gradients = Gradients {
        builder,
        model,
        forward,
        wanted: wanted(model),
        params: vec![None; model.params.len()],
        layers: vec![None; model.layers.len()],
    };
    gradients.add(model.output, of_output)?;
    for (index, layer) in model.layers.iter().enumerate().rev() {
        // Whatever doesn't lead to the output has none.
        if let Some(dy) = gradients.layers[index] {
            gradients.pull_back(index, layer, dy, mode)?;
        }
    }
    let trained = model.params.iter().zip(gradients.params).filter(|(param, _)| param.trained);
    trained.map(|(param, gradient)| gradient.ok_or_else(|| CompileError::Unused(param.name.clone()))).collect()
}

/// Layers that depend on a trained parameter.
fn wanted(model: &Model) -> Vec<bool> {
    let mut wanted: Vec<bool> = Vec::new();
    for layer in &model.layers {
        let any = layer.inputs.iter().any(|&input| match input {
            Value::Input => false,
            Value::Param(param) => model.params[param].trained,
            Value::Layer(layer) => wanted[layer],
        });
        wanted.push(any);
    }
    wanted
}

impl Gradients<'_> {
    /// Whether anyone asks for the gradient of a value.
    fn wants(&self, value: Value) -> bool {
        match value {
            Value::Input => false,
            Value::Param(param) => self.model.params[param].trained,
            Value::Layer(layer) => self.wanted[layer],
        }
    }

    /// Adds a contribution: a value that is used twice has the sum of two gradients.
    fn add(&mut self, to: Value, gradient: Input) -> Result<(), CompileError> {
        if !self.wants(to) {
            return Ok(());
        }
        let name = self.name(to);
        let place = match to {
            Value::Input => return Ok(()),
            Value::Param(index) => &mut self.params[index],
            Value::Layer(index) => &mut self.layers[index],
        };
        *place = Some(match *place {
            None => gradient,
            Some(so_far) => self.builder.map(&name, Function::Add, [so_far, gradient])?,
        });
        Ok(())
    }

    /// Name of a value's gradient.
    fn name(&self, value: Value) -> String {
        match value {
            Value::Input => "batch/grad".into(),
            Value::Param(index) => format!("{}/grad", self.model.params[index].name),
            Value::Layer(index) => format!("{}/grad", self.model.layers[index].name),
        }
    }

    /// Adds a map as a contribution to the gradient of a value, summed over what was broadcast.
    fn map(&mut self, to: Value, function: Function, inputs: &[Input]) -> Result<(), CompileError> {
        self.map_with(to, function, &[], inputs)
    }

    fn map_with(
        &mut self,
        to: Value,
        function: Function,
        params: &[f64],
        inputs: &[Input],
    ) -> Result<(), CompileError> {
        if !self.wants(to) {
            return Ok(());
        }
        let name = self.name(to);
        let full = self.builder.map_with(&name, function, params, inputs)?;
        let gradient = self.builder.unbroadcast(&name, full, self.forward.at(to).shape)?;
        self.add(to, gradient)
    }

    /// Adds a node as a contribution, of the value's shape.
    fn node(&mut self, to: Value, op: Op, inputs: &[Input]) -> Result<(), CompileError> {
        if !self.wants(to) {
            return Ok(());
        }
        let (name, shape) = (self.name(to), self.forward.at(to).shape);
        let gradient = self.builder.node_of_shape(&name, op, inputs, shape)?;
        self.add(to, gradient)
    }

    /// One layer: `dy` is the gradient of its output.
    fn pull_back(&mut self, index: usize, layer: &Layer, dy: Input, mode: Mode<'_>) -> Result<(), CompileError> {
        let forward = self.forward;
        let (y, kept) = (forward.outputs[index], forward.kept[index].as_slice());
        let at = |value: &Value| forward.at(*value);
        match (&layer.op, layer.inputs.as_slice()) {
            (LayerOp::Unary(unary), &[x]) => self.unary(*unary, x, [dy, at(&x), y]),
            (LayerOp::Binary(binary), &[a, b]) => self.binary(*binary, [a, b], dy, y),
            (LayerOp::Where { .. }, &[x, mask]) => self.map(x, Function::ReluGrad, &[dy, at(&mask)]),
            (&LayerOp::MatMul { trans_a, trans_b }, &[a, b]) => self.matmul([a, b], (trans_a, trans_b), dy, kept),
            (&LayerOp::Conv { window, groups }, &[x, weight]) => {
                self.node(x, Op::Conv { part: ConvPart::Input, window, groups }, &[dy, at(&weight)])?;
                self.node(weight, Op::Conv { part: ConvPart::Weight, window, groups }, &[dy, at(&x)])
            }
            (&LayerOp::Pool { kind, window, kernel }, &[x]) => {
                if !self.wants(x) {
                    return Ok(());
                }
                let op = Op::PoolGrad { kind, window, kernel };
                if kind != PoolKind::Max {
                    return self.node(x, op, &[dy]);
                }
                let argmax = Op::Pool { kind: PoolKind::Argmax, window, kernel };
                let argmax = self.builder.node(&format!("{}/argmax", layer.name), argmax, [at(&x)])?;
                self.node(x, op, &[dy, argmax])
            }
            (LayerOp::Reduce { kind: Reduction::Max, axes }, &[x]) => self.greatest(x, *axes, [dy, at(&x), y]),
            (LayerOp::Reduce { kind, .. }, &[x]) => {
                let count = at(&x).shape.elements() / y.shape.elements().max(1);
                let share = if *kind == Reduction::Mean { 1.0 / count as f64 } else { 1.0 };
                self.node(x, super::builder::with(Function::Scale, &[share]), &[dy])
            }
            (LayerOp::Softmax, &[x]) => {
                let along = self.along(&layer.name, ReduceKind::Dot, &[dy, y])?;
                self.map(x, Function::SoftmaxGrad, &[dy, y, along])
            }
            (LayerOp::LogSoftmax, &[x]) => {
                let along = self.along(&layer.name, ReduceKind::Sum, &[dy])?;
                self.map(x, Function::LogSoftmaxGrad, &[dy, y, along])
            }
            (LayerOp::BatchNorm { .. }, &[x, weight, bias, _, _]) => {
                let names = [x, weight, bias].map(|value| self.name(value));
                let names = [&*names[0], &*names[1], &*names[2]];
                let gradients = norm::Batch::backward(self.builder, names, dy, kept, at(&weight).shape)?;
                [x, weight, bias].into_iter().zip(gradients).try_for_each(|(to, gradient)| self.add(to, gradient))
            }
            (&LayerOp::LayerNorm { axis, .. }, &[x, weight, ref bias @ ..]) => {
                self.norm([x, weight], bias.first().copied(), dy, kept, (axis, true))
            }
            (&LayerOp::RmsNorm { axis, .. }, &[x, weight]) => self.norm([x, weight], None, dy, kept, (axis, false)),
            (LayerOp::Embed, &[table, ids]) => self.node(table, Op::EmbedGrad, &[dy, at(&ids)]),
            (LayerOp::Dropout { probability }, &[x]) => match mode {
                Mode::Training { training, part } if *probability > 0.0 => {
                    self.node(x, training.dropout_op(index, part, *probability), &[dy])
                }
                _ => self.add(x, dy),
            },
            (LayerOp::Reshape, &[x]) => self.reshaped(x, dy),
            (LayerOp::Transpose { perm }, &[x]) => {
                let mut inverse = [0; 6];
                for (axis, &from) in (0_u8..).zip(perm) {
                    inverse[usize::from(from)] = axis;
                }
                self.node(x, Op::Transpose { perm: inverse }, &[dy])
            }
            (&LayerOp::Slice { axis, start, step }, &[x]) => self.node(x, Op::Pad { axis, start, step }, &[dy]),
            (&LayerOp::Pad { axis, before }, &[x]) => self.node(x, Op::Slice { axis, start: before, step: 1 }, &[dy]),
            (&LayerOp::Concat { axis }, &[a, b]) => {
                let start = at(&a).shape.dims().get(usize::from(axis)).copied().unwrap_or(0);
                self.node(a, Op::Slice { axis, start: 0, step: 1 }, &[dy])?;
                self.node(b, Op::Slice { axis, start, step: 1 }, &[dy])
            }
            (LayerOp::Expand, &[x]) => self.summed(x, dy),
            (_, inputs) => Err(CompileError::LayerInputs { layer: layer.name.clone(), got: inputs.len() }),
        }
    }

    fn reshaped(&mut self, to: Value, dy: Input) -> Result<(), CompileError> {
        if !self.wants(to) {
            return Ok(());
        }
        let (name, shape) = (self.name(to), self.forward.at(to).shape);
        let gradient = self.builder.reshape(&name, dy, shape)?;
        self.add(to, gradient)
    }

    /// What was broadcast is summed up.
    fn summed(&mut self, to: Value, dy: Input) -> Result<(), CompileError> {
        if !self.wants(to) {
            return Ok(());
        }
        let (name, shape) = (self.name(to), self.forward.at(to).shape);
        let gradient = self.builder.unbroadcast(&name, dy, shape)?;
        self.add(to, gradient)
    }

    /// A reduction of the last axis, which stays with length 1.
    fn along(&mut self, name: &str, kind: ReduceKind, inputs: &[Input]) -> Result<Input, CompileError> {
        let shape = inputs[0].shape;
        let name = format!("{name}/along");
        let keep = shape.with_dim(shape.rank().saturating_sub(1), 1);
        let keep = keep.map_err(|error| super::forward::named(&name, error))?;
        let sum = self.builder.reduce(&name, kind, last_axis(&shape), 1.0, inputs)?;
        self.builder.reshape(&name, sum, keep)
    }

    /// The gradient of a maximum: shared by all that are the greatest, as PyTorch's `amax` does.
    fn greatest(&mut self, to: Value, axes: u8, [dy, x, y]: [Input; 3]) -> Result<(), CompileError> {
        if !self.wants(to) {
            return Ok(());
        }
        let name = self.name(to);
        let are = self.builder.map(&format!("{name}/are"), Function::Equal, [x, y])?;
        let count = self.builder.reduce(&format!("{name}/count"), ReduceKind::Sum, axes, 1.0, [are])?;
        let count = self.builder.reshape(&format!("{name}/count"), count, y.shape)?;
        let share = self.builder.map(&format!("{name}/share"), Function::Div, [dy, count])?;
        self.map(to, Function::Mul, &[are, share])
    }

    fn unary(&mut self, unary: Unary, to: Value, [dy, x, y]: [Input; 3]) -> Result<(), CompileError> {
        if !self.wants(to) {
            return Ok(());
        }
        match unary {
            Unary::Relu => self.map(to, Function::ReluGrad, &[dy, x]),
            Unary::LeakyRelu(slope) => self.map_with(to, Function::LeakyReluGrad, &[slope.into()], &[dy, x]),
            Unary::Gelu => self.map(to, Function::GeluGrad, &[dy, x]),
            Unary::GeluTanh => self.map(to, Function::GeluTanhGrad, &[dy, x]),
            Unary::Silu => self.map(to, Function::SiluGrad, &[dy, x]),
            Unary::Sigmoid => self.map(to, Function::SigmoidGrad, &[dy, y]),
            Unary::Tanh => self.map(to, Function::TanhGrad, &[dy, y]),
            Unary::Exp => self.map(to, Function::Mul, &[dy, y]),
            Unary::Log => self.map(to, Function::Div, &[dy, x]),
            Unary::Sqrt => self.map(to, Function::SqrtGrad, &[dy, y]),
            Unary::Erf => self.map(to, Function::ErfGrad, &[dy, x]),
            Unary::Square => {
                let product = self.builder.map(&format!("{}/product", self.name(to)), Function::Mul, [dy, x])?;
                self.map_with(to, Function::Scale, &[2.0], &[product])
            }
            // −dy · y².
            Unary::Reciprocal => {
                let square = self.builder.map(&format!("{}/square", self.name(to)), Function::Square, [y])?;
                let product = self.builder.map(&format!("{}/product", self.name(to)), Function::Mul, [dy, square])?;
                self.map_with(to, Function::Scale, &[-1.0], &[product])
            }
            Unary::Clamp(least, most) => self.map_with(to, Function::ClampGrad, &[least.into(), most.into()], &[dy, x]),
            Unary::Affine { scale, .. } => self.map_with(to, Function::Scale, &[scale.into()], &[dy]),
        }
    }

    fn binary(&mut self, binary: Binary, [a, b]: [Value; 2], dy: Input, y: Input) -> Result<(), CompileError> {
        let (at_a, at_b) = (self.forward.at(a), self.forward.at(b));
        match binary {
            Binary::Add => {
                self.summed(a, dy)?;
                self.summed(b, dy)
            }
            Binary::Sub => {
                self.summed(a, dy)?;
                self.map_with(b, Function::Scale, &[-1.0], &[dy])
            }
            Binary::Mul => {
                self.map(a, Function::Mul, &[dy, at_b])?;
                self.map(b, Function::Mul, &[dy, at_a])
            }
            // y = a / b: da = dy / b, db = −dy · y / b.
            Binary::Div => {
                self.map(a, Function::Div, &[dy, at_b])?;
                if !self.wants(b) {
                    return Ok(());
                }
                let product = self.builder.map(&format!("{}/product", self.name(b)), Function::Mul, [dy, y])?;
                let share = self.builder.map(&format!("{}/share", self.name(b)), Function::Div, [product, at_b])?;
                self.map_with(b, Function::Scale, &[-1.0], &[share])
            }
        }
    }

    /// y = A'·B', where ' stands for the transposition that the operation does: dA' = dy·B'ᵀ, dB' = A'ᵀ·dy.
    fn matmul(
        &mut self,
        [a, b]: [Value; 2],
        (trans_a, trans_b): (bool, bool),
        dy: Input,
        kept: &[Input],
    ) -> Result<(), CompileError> {
        let (mut at_a, at_b) = (self.forward.at(a), self.forward.at(b));
        let mut dy = dy;
        if let &[of_a] = kept {
            // It was one product of many rows.
            at_a = of_a;
            let name = format!("{}/rows", self.name(a));
            dy = self.builder.reshape(&name, dy, rows(dy.shape)?)?;
        }
        if self.wants(a) {
            let name = self.name(a);
            let product = match trans_a {
                true => self.builder.node(&name, Op::MatMul { trans_a: trans_b, trans_b: true }, [at_b, dy])?,
                false => self.builder.node(&name, Op::MatMul { trans_a: false, trans_b: !trans_b }, [dy, at_b])?,
            };
            let shape = self.forward.at(a).shape;
            let gradient = match kept.is_empty() {
                true => self.builder.unbroadcast(&name, product, shape)?,
                false => self.builder.reshape(&name, product, shape)?,
            };
            self.add(a, gradient)?;
        }
        if self.wants(b) {
            let name = self.name(b);
            let product = match trans_b {
                true => self.builder.node(&name, Op::MatMul { trans_a: true, trans_b: trans_a }, [dy, at_a])?,
                false => self.builder.node(&name, Op::MatMul { trans_a: !trans_a, trans_b: false }, [at_a, dy])?,
            };
            let gradient = self.builder.unbroadcast(&name, product, at_b.shape)?;
            self.add(b, gradient)?;
        }
        Ok(())
    }

    fn norm(
        &mut self,
        [x, weight]: [Value; 2],
        bias: Option<Value>,
        dy: Input,
        kept: &[Input],
        (axis, centred): (u8, bool),
    ) -> Result<(), CompileError> {
        let at_weight = self.forward.at(weight);
        if let Some(bias) = bias {
            self.summed(bias, dy)?;
        }
        if self.wants(weight) {
            let name = self.name(weight);
            let axes = super::builder::axes_from(&dy.shape, 0) & !super::builder::axes_from(&dy.shape, axis);
            let gradient = match axes {
                0 => self.builder.map(&name, Function::Mul, [dy, kept[0]])?,
                axes => self.builder.reduce(&name, ReduceKind::Dot, axes, 1.0, [dy, kept[0]])?,
            };
            let gradient = self.builder.reshape(&name, gradient, at_weight.shape)?;
            self.add(weight, gradient)?;
        }
        if self.wants(x) {
            let name = self.name(x);
            let gradient = norm::backward(self.builder, &name, [dy, at_weight], kept, (axis, centred))?;
            self.add(x, gradient)?;
        }
        Ok(())
    }
}
