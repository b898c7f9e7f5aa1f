//! Reverse-mode differentiation: for each operation, from the gradient of its output to those of its operands.
use super::builder::Builder;
use super::forward::{Done, Forward, Var};
use super::CompileError;
use crate::import::Model;
use assay_core::graph::{Input, Op};

/// Gradients found so far.
struct Gradients {
    params: Vec<Option<Input>>,
    layers: Vec<Option<Input>>,
}

impl Gradients {
    /// Adds a contribution: a value that is used twice has the sum of two gradients.
    fn add(&mut self, builder: &mut Builder, to: Var, gradient: Input) -> Result<(), CompileError> {
        let place = match to {
            Var::Batch => return Ok(()),
            Var::Param(index) => &mut self.params[index],
            Var::Layer(index) => &mut self.layers[index],
        };
        *place = Some(match *place {
            None => gradient,
            Some(so_far) => builder.node("grad.sum", Op::Add, [so_far, gradient])?,
        });
        Ok(())
    }
}

/// Adds the backward pass; returns the gradient of every parameter. `of_logits` is the gradient of the last layer.
pub(super) fn backward(
    builder: &mut Builder,
    model: &Model,
    forward: &Forward,
    of_logits: Input,
) -> Result<Vec<Input>, CompileError> {
    let mut gradients = Gradients { params: vec![None; model.params.len()], layers: vec![None; forward.done.len()] };
    if let Some(last) = gradients.layers.last_mut() {
        *last = Some(of_logits);
    }
    for (layer, done) in forward.done.iter().enumerate().rev() {
        // Whatever doesn't lead to the output has none.
        if let Some(dy) = gradients.layers[layer] {
            pull_back(builder, model, &mut gradients, *done, dy)?;
        }
    }
    let missing = |param: usize| CompileError::Unused(model.params[param].name.clone());
    gradients.params.into_iter().enumerate().map(|(param, gradient)| gradient.ok_or_else(|| missing(param))).collect()
}

/// One operation: `dy` is the gradient of its output.
fn pull_back(
    builder: &mut Builder,
    model: &Model,
    gradients: &mut Gradients,
    done: Done,
    dy: Input,
) -> Result<(), CompileError> {
    let name = |var: Var| match var {
        Var::Batch => "batch/grad".into(),
        Var::Param(index) => format!("{}/grad", model.params[index].name),
        Var::Layer(index) => format!("layer.{index}/grad"),
    };
    match done {
        // y = A'·B', where ' stands for the transposition that the operation does: dA' = dy·B'ᵀ, dB' = A'ᵀ·dy.
        Done::MatMul { a: (a_var, a), b: (b_var, b), trans_a, trans_b } => {
            if a_var != Var::Batch {
                let product = if trans_a {
                    builder.node(&name(a_var), Op::MatMul { trans_a: trans_b, trans_b: true }, [b, dy])?
                } else {
                    builder.node(&name(a_var), Op::MatMul { trans_a: false, trans_b: !trans_b }, [dy, b])?
                };
                gradients.add(builder, a_var, product)?;
            }
            if b_var != Var::Batch {
                let product = if trans_b {
                    builder.node(&name(b_var), Op::MatMul { trans_a: true, trans_b: trans_a }, [dy, a])?
                } else {
                    builder.node(&name(b_var), Op::MatMul { trans_a: !trans_a, trans_b: false }, [a, dy])?
                };
                gradients.add(builder, b_var, product)?;
            }
        }
        Done::Bias { x, b } => {
            let sum = builder.node(&name(b), Op::ColSum, [dy])?;
            gradients.add(builder, b, sum)?;
            gradients.add(builder, x, dy)?;
        }
        Done::Relu { x: (x_var, x) } => {
            if x_var != Var::Batch {
                let masked = builder.node(&name(x_var), Op::ReluGrad, [dy, x])?;
                gradients.add(builder, x_var, masked)?;
            }
        }
        Done::Add { x, y } => {
            gradients.add(builder, x, dy)?;
            gradients.add(builder, y, dy)?;
        }
    }
    Ok(())
}
