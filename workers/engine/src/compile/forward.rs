//! The forward pass: from a batch to the model's output. What the backward pass needs of it is kept.
use super::builder::{last_axis, with, Builder};
use super::{norm, CompileError, Layout};
use crate::import::{Binary, Layer, LayerOp, Model, Reduction, Unary, Value};
use crate::task::Training;
use assay_core::graph::function::Function;
use assay_core::graph::{Input, Op, ReduceKind, Shape};

/// How layers behave that train otherwise than they predict.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mode<'a> {
    /// Batch norm by the batch's statistics; with dropout.
    Training {
        /// What dropout's seeds follow from.
        training: &'a Training,
        /// Which forward pass of a step.
        part: u16,
    },
    /// Batch norm by the running statistics, no dropout.
    Evaluation,
}

/// The layers of a model in a program.
pub(super) struct Forward {
    /// Each layer's output.
    pub(super) outputs: Vec<Input>,
    /// What each layer computed on its way: see where it is used.
    pub(super) kept: Vec<Vec<Input>>,
    /// Current values of parameters, which for running statistics are newer than the state's.
    pub(super) params: Vec<Input>,
    batch: Input,
}

impl Forward {
    /// Where a value is.
    pub(super) fn at(&self, value: Value) -> Input {
        match value {
            Value::Input => self.batch,
            Value::Param(index) => self.params[index],
            Value::Layer(index) => self.outputs[index],
        }
    }
}

/// Values of the parameters before any training step has touched them: the state's.
pub(super) fn state_params(builder: &Builder, model: &Model, layout: &Layout) -> Vec<Input> {
    (0..model.params.len()).map(|param| builder.state(layout.param(param))).collect()
}

/// Adds the layers.
pub(super) fn layers(
    builder: &mut Builder,
    model: &Model,
    batch: Input,
    params: Vec<Input>,
    mode: Mode<'_>,
) -> Result<Forward, CompileError> {
    let mut forward = Forward { outputs: Vec::new(), kept: Vec::new(), params, batch };
    for (index, layer) in model.layers.iter().enumerate() {
        let inputs: Vec<Input> =
            layer.inputs.iter().map(|&value| checked(&forward, value, index)).collect::<Result<_, _>>()?;
        let mut kept = Vec::new();
        let output = add(builder, &mut forward, layer, &inputs, (index, mode), &mut kept)?;
        if output.shape != layer.shape {
            let (expected, got) = (layer.shape, output.shape);
            return Err(CompileError::LayerShape { layer: layer.name.clone(), expected, got });
        }
        forward.outputs.push(output);
        forward.kept.push(kept);
    }
    Ok(forward)
}

fn checked(forward: &Forward, value: Value, layer: usize) -> Result<Input, CompileError> {
    match value {
        Value::Layer(index) if index >= forward.outputs.len() => Err(CompileError::Order { layer }),
        Value::Param(param) if param >= forward.params.len() => Err(CompileError::Param { layer, param }),
        value => Ok(forward.at(value)),
    }
}

fn add(
    builder: &mut Builder,
    forward: &mut Forward,
    layer: &Layer,
    inputs: &[Input],
    (index, mode): (usize, Mode<'_>),
    kept: &mut Vec<Input>,
) -> Result<Input, CompileError> {
    let name = layer.name.as_str();
    let shape = layer.shape;
    match (&layer.op, inputs) {
        (LayerOp::Unary(unary), &[x]) => builder.node(name, function(*unary), [x]),
        (LayerOp::Binary(binary), &[x, y]) => {
            let function = match binary {
                Binary::Add => Function::Add,
                Binary::Sub => Function::Sub,
                Binary::Mul => Function::Mul,
                Binary::Div => Function::Div,
            };
            builder.map(name, function, [x, y])
        }
        (LayerOp::Where { otherwise }, &[x, mask]) => {
            builder.map_with(name, Function::Where, &[f64::from(*otherwise)], [x, mask])
        }
        (&LayerOp::MatMul { trans_a, trans_b }, &[a, b]) => {
            // A weight serves all leading axes at once: one product of many rows.
            let op = Op::MatMul { trans_a, trans_b };
            if trans_a || a.shape.rank() <= 2 || b.shape.rank() != 2 {
                return builder.node(name, op, [a, b]);
            }
            let rows = builder.reshape(&format!("{name}/rows"), a, rows(a.shape)?)?;
            kept.push(rows);
            let product = builder.node(name, op, [rows, b])?;
            builder.reshape(name, product, shape)
        }
        (&LayerOp::Conv { window, groups }, &[x, weight]) => {
            let op = Op::Conv { part: assay_core::graph::ConvPart::Forward, window, groups };
            builder.node(name, op, [x, weight])
        }
        (&LayerOp::Pool { kind, window, kernel }, &[x]) => builder.node(name, Op::Pool { kind, window, kernel }, [x]),
        (LayerOp::Reduce { kind, axes }, &[x]) => {
            let count = x.shape.elements() / shape.elements().max(1);
            let (kind, scale) = match kind {
                Reduction::Sum => (ReduceKind::Sum, 1.0),
                Reduction::Mean => (ReduceKind::Sum, 1.0 / count as f64),
                Reduction::Max => (ReduceKind::Max, 1.0),
            };
            let reduced = builder.reduce(name, kind, *axes, scale, [x])?;
            builder.reshape(name, reduced, shape)
        }
        (LayerOp::Softmax, &[x]) => {
            let (exp, sum, _) = exponentials(builder, name, x)?;
            builder.map(name, Function::Div, [exp, sum])
        }
        (LayerOp::LogSoftmax, &[x]) => {
            let (_, sum, max) = exponentials(builder, name, x)?;
            let log = builder.map(&format!("{name}/log"), Function::LogSumExp, [sum, max])?;
            builder.map(name, Function::Sub, [x, log])
        }
        (LayerOp::BatchNorm { epsilon, momentum }, &[x, weight, bias, mean, variance]) => {
            let norm = norm::Batch { epsilon: f64::from(*epsilon), momentum: f64::from(*momentum) };
            let running = [layer.inputs[3], layer.inputs[4]];
            norm.forward(builder, forward, name, [x, weight, bias, mean, variance], (running, mode), kept)
        }
        (LayerOp::LayerNorm { axis, epsilon }, &[x, weight, ref bias @ ..]) if bias.len() <= 1 => {
            norm::layer(builder, name, [x, weight], bias.first().copied(), (*axis, f64::from(*epsilon)), kept)
        }
        (LayerOp::RmsNorm { axis, epsilon }, &[x, weight]) => {
            norm::root_mean_square(builder, name, [x, weight], (*axis, f64::from(*epsilon)), kept)
        }
        (LayerOp::Embed, &[table, ids]) => builder.node(name, Op::Embed, [table, ids]),
        (LayerOp::Dropout { probability }, &[x]) => match mode {
            Mode::Training { training, part } if *probability > 0.0 => {
                builder.node(name, training.dropout_op(index, part, *probability), [x])
            }
            _ => Ok(x),
        },
        (LayerOp::Reshape, &[x]) => builder.reshape(name, x, shape),
        (&LayerOp::Transpose { perm }, &[x]) => builder.node(name, Op::Transpose { perm }, [x]),
        (&LayerOp::Slice { axis, start, step }, &[x]) => {
            builder.node_of_shape(name, Op::Slice { axis, start, step }, [x], shape)
        }
        (&LayerOp::Pad { axis, before }, &[x]) => {
            builder.node_of_shape(name, Op::Pad { axis, start: before, step: 1 }, [x], shape)
        }
        (&LayerOp::Concat { axis }, &[x, y]) => builder.node(name, Op::Concat { axis }, [x, y]),
        (LayerOp::Expand, &[x]) => builder.node_of_shape(name, Op::map(Function::Copy), [x], shape),
        _ => Err(CompileError::LayerInputs { layer: name.into(), got: inputs.len() }),
    }
}

fn function(unary: Unary) -> Op {
    match unary {
        Unary::Relu => Op::map(Function::Relu),
        Unary::LeakyRelu(slope) => with(Function::LeakyRelu, &[slope.into()]),
        Unary::Gelu => Op::map(Function::Gelu),
        Unary::GeluTanh => Op::map(Function::GeluTanh),
        Unary::Silu => Op::map(Function::Silu),
        Unary::Sigmoid => Op::map(Function::Sigmoid),
        Unary::Tanh => Op::map(Function::Tanh),
        Unary::Exp => Op::map(Function::Exp),
        Unary::Log => Op::map(Function::Log),
        Unary::Sqrt => Op::map(Function::Sqrt),
        Unary::Erf => Op::map(Function::Erf),
        Unary::Square => Op::map(Function::Square),
        Unary::Reciprocal => with(Function::Inverse, &[1.0]),
        Unary::Clamp(least, most) => with(Function::Clamp, &[least.into(), most.into()]),
        Unary::Affine { scale, shift } => with(Function::Affine, &[scale.into(), shift.into()]),
    }
}

/// Exponentials of the distances to the last axis's greatest, their sum, and the greatest.
pub(super) fn exponentials(builder: &mut Builder, name: &str, x: Input) -> Result<(Input, Input, Input), CompileError> {
    let axes = last_axis(&x.shape);
    let keep = x.shape.with_dim(x.shape.rank().saturating_sub(1), 1).map_err(|error| named(name, error))?;
    let max = builder.reduce(&format!("{name}/max"), ReduceKind::Max, axes, 1.0, [x])?;
    let max = builder.reshape(&format!("{name}/max"), max, keep)?;
    let exp = builder.map(&format!("{name}/exp"), Function::SubExp, [x, max])?;
    let sum = builder.reduce(&format!("{name}/sum"), ReduceKind::Sum, axes, 1.0, [exp])?;
    let sum = builder.reshape(&format!("{name}/sum"), sum, keep)?;
    Ok((exp, sum, max))
}

/// All but the last axis as one.
pub(super) fn rows(shape: Shape) -> Result<Shape, CompileError> {
    let columns = shape.dims().last().copied().unwrap_or(1);
    let rows = shape.elements() / u64::from(columns.max(1));
    let rows = u32::try_from(rows).map_err(|_| CompileError::Rows { shape })?;
    Shape::new(&[rows, columns]).map_err(|error| named("rows", error))
}

pub(super) fn named(name: &str, error: assay_core::graph::GraphError) -> CompileError {
    CompileError::Node { name: name.into(), error }
}
