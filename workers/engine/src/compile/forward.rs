//! The forward pass: from a batch to logits and a loss. What was done is kept for [`gradient`](super::gradient).
use super::builder::Builder;
use super::{CompileError, Layout};
use crate::import::{Layer, Model, Value};
use assay_core::arith::F32;
use assay_core::graph::{Input, Op};

/// Something whose gradient may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Var {
    /// The batch.
    Batch,
    /// A parameter.
    Param(usize),
    /// The output of a layer.
    Layer(usize),
}

impl From<Value> for Var {
    fn from(value: Value) -> Var {
        match value {
            Value::Batch => Var::Batch,
            Value::Layer(index) => Var::Layer(index),
        }
    }
}

/// A differentiable operation that was done, with its operands and their places in the program.
#[derive(Clone, Copy, Debug)]
pub(super) enum Done {
    MatMul { a: (Var, Input), b: (Var, Input), trans_a: bool, trans_b: bool },
    Bias { x: Var, b: Var },
    Relu { x: (Var, Input) },
    Add { x: Var, y: Var },
}

/// The layers of a model in a program.
pub(super) struct Forward {
    /// What each layer did.
    pub(super) done: Vec<Done>,
    /// The last layer's output.
    pub(super) logits: Input,
}

/// Adds the layers. `batch` is the samples' node. The last layer's node is called `last`, if that is given.
pub(super) fn layers(
    builder: &mut Builder,
    model: &Model,
    batch: Input,
    last: Option<&str>,
) -> Result<Forward, CompileError> {
    let layout = Layout::of(model);
    let mut done = Vec::new();
    let mut outputs: Vec<Input> = Vec::new();
    for (layer, what) in model.layers.iter().enumerate() {
        let value = |value: Value| match value {
            Value::Batch => Ok(batch),
            Value::Layer(index) => outputs.get(index).copied().ok_or(CompileError::Order { layer }),
        };
        let param = |param: usize| match model.params.get(param) {
            Some(found) => Ok((builder.state(layout.param(param)), found.name.as_str())),
            None => Err(CompileError::Param { layer, param }),
        };
        let (name, op, inputs, operation) = match *what {
            Layer::MatMul { x, weight, transposed } => {
                let (a, (b, name)) = (value(x)?, param(weight)?);
                let op = Op::MatMul { trans_a: false, trans_b: transposed };
                let factors = ((x.into(), a), (Var::Param(weight), b));
                let operation = Done::MatMul { a: factors.0, b: factors.1, trans_a: false, trans_b: transposed };
                (format!("{name}/product"), op, vec![a, b], operation)
            }
            Layer::Bias { x, bias } => {
                let (b, name) = param(bias)?;
                (
                    format!("{name}/sum"),
                    Op::BiasAdd,
                    vec![value(x)?, b],
                    Done::Bias { x: x.into(), b: Var::Param(bias) },
                )
            }
            Layer::Relu { x } => {
                let input = value(x)?;
                (format!("relu.{layer}"), Op::Relu, vec![input], Done::Relu { x: (x.into(), input) })
            }
            Layer::Add { x, y } => {
                (format!("add.{layer}"), Op::Add, vec![value(x)?, value(y)?], Done::Add { x: x.into(), y: y.into() })
            }
        };
        let name = last.filter(|_| layer + 1 == model.layers.len()).unwrap_or(&name);
        outputs.push(builder.node(name, op, inputs)?);
        done.push(operation);
    }
    let logits = outputs.last().copied().ok_or(CompileError::Order { layer: 0 })?;
    Ok(Forward { done, logits })
}

/// Adds the mean cross-entropy of softmax; returns the gradient of the logits.
pub(super) fn cross_entropy(
    builder: &mut Builder,
    logits: Input,
    labels: Input,
    batch: u32,
) -> Result<Input, CompileError> {
    let scale = F32((1.0 / batch as f32).to_bits());
    let max = builder.node("max", Op::RowMax, [logits])?;
    let exp = builder.node("exp", Op::SubExp, [logits, max])?;
    let sum = builder.node("sum", Op::RowSum, [exp])?;
    let picked = builder.node("picked", Op::Pick, [logits, labels])?;
    let losses = builder.node("losses", Op::XentLoss, [sum, max, picked])?;
    builder.node(crate::exec::LOSS, Op::SumAll { scale }, [losses])?;
    builder.node("logits/grad", Op::XentGrad { scale }, [exp, sum, labels])
}
