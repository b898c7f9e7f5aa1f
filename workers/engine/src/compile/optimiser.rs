//! The optimiser: from gradients to the new states, which are the last nodes of a step's program.
use super::builder::{with, Builder};
use super::layout::{Layout, ADAM, MOMENTUM};
use super::CompileError;
use crate::import::Model;
use crate::task::{Clip, Rule, Training};
use assay_core::graph::function::Function;
use assay_core::graph::{Input, Op, ReduceKind};

/// What a new state is made of.
#[derive(Clone, Copy)]
enum From {
    /// A value that is there already.
    Value(Input),
    /// Another new state, an earlier one.
    State(usize),
}

/// The new states, in order: operator and inputs of each.
struct States {
    nodes: Vec<(Op, Vec<From>)>,
}

impl States {
    fn set(&mut self, state: usize, op: Op, inputs: impl IntoIterator<Item = From>) {
        self.nodes[state] = (op, inputs.into_iter().collect());
    }

    /// A value that is there already.
    fn copy(&mut self, state: usize, value: Input) {
        self.set(state, Op::map(Function::Copy), [From::Value(value)]);
    }

    /// A parameter's step: `weight − size · update`.
    fn step(&mut self, state: usize, weight: Input, update: From, size: Input) {
        self.set(state, Op::map(Function::Step), [From::Value(weight), update, From::Value(size)]);
    }
}

/// Adds what turns gradients (of the trained parameters, in order) into new states. `params` are the parameters as they
/// are after the forward pass: running statistics have moved.
pub(super) fn add(
    builder: &mut Builder,
    model: &Model,
    layout: &Layout,
    (training, steps): (&Training, u64),
    params: &[Input],
    gradients: Vec<Input>,
) -> Result<(), CompileError> {
    let unset = (Op::map(Function::Copy), Vec::new());
    let mut states = States { nodes: vec![unset; layout.len()] };
    for (param, &value) in params.iter().enumerate() {
        states.copy(layout.param(param), value);
    }
    let gradients = clip(builder, training.clip.as_ref(), gradients)?;
    let rate = builder.node("learning_rate", training.rate_op(steps), [])?;
    let trained = (0..model.params.len()).filter(|&param| model.params[param].trained);
    let updates: Vec<(usize, Input)> = trained.zip(gradients).collect();
    let context = Context { model, layout, training, rate };
    match training.optimiser.rule {
        Rule::Sgd { momentum, nesterov } => context.sgd(builder, &mut states, (momentum, nesterov), &updates)?,
        Rule::Adam { betas, epsilon, decoupled } => {
            context.adam(builder, &mut states, (betas, epsilon, decoupled), &updates)?;
        }
    }
    let first = builder.nodes();
    for (state, (op, inputs)) in states.nodes.into_iter().enumerate() {
        let input = |from| match from {
            From::Value(input) => input,
            From::State(other) => Input::node((first + other) as u32, builder.state(other).shape),
        };
        let inputs: Vec<Input> = inputs.into_iter().map(input).collect();
        let (name, shape) = (builder.state_name(state), builder.state(state).shape);
        builder.node_of_shape(&name, op, inputs, shape)?;
    }
    Ok(())
}

/// What both kinds of optimisers read.
struct Context<'a> {
    model: &'a Model,
    layout: &'a Layout,
    training: &'a Training,
    /// The learning rate.
    rate: Input,
}

impl Context<'_> {
    /// PyTorch's `SGD`: v' = mu·v + (g + wd·w), w' = w − lr·v' (or, by Nesterov, w − lr·(g + wd·w + mu·v')).
    fn sgd(
        &self,
        builder: &mut Builder,
        states: &mut States,
        (momentum, nesterov): (f64, bool),
        updates: &[(usize, Input)],
    ) -> Result<(), CompileError> {
        let decay = self.training.optimiser.weight_decay;
        for &(param, gradient) in updates {
            let name = &self.model.params[param].name;
            let state = self.layout.param(param);
            let weight = builder.state(state);
            let Some(slot) = self.layout.slot(param, MOMENTUM) else {
                let gradient = decayed(builder, name, gradient, weight, decay)?;
                states.step(state, weight, From::Value(gradient), self.rate);
                continue;
            };
            let op = with(Function::SgdMomentum, &[momentum, decay]);
            let inputs = [builder.state(slot), weight, gradient];
            let update = if nesterov {
                let buffer = builder.node(&format!("{name}/buffer"), op, inputs)?;
                states.copy(slot, buffer);
                From::Value(builder.node(&format!("{name}/nesterov"), op, [buffer, weight, gradient])?)
            } else {
                states.set(slot, op, inputs.map(From::Value));
                From::State(slot)
            };
            states.step(state, weight, update, self.rate);
        }
        Ok(())
    }

    /// PyTorch's `Adam` and `AdamW` (D. Kingma, J. Ba, *Adam*, 2015, algorithm 1; I. Loshchilov, F. Hutter, *Decoupled
    /// Weight Decay Regularization*, 2019, algorithm 2).
    fn adam(
        &self,
        builder: &mut Builder,
        states: &mut States,
        (betas, epsilon, decoupled): ([f64; 2], f64, bool),
        updates: &[(usize, Input)],
    ) -> Result<(), CompileError> {
        let decay = self.training.optimiser.weight_decay;
        let correction = |beta: f64| Op::BiasCorrection { beta: (beta * 2_f64.powi(63)) as u64 };
        let first = builder.node("first_correction", correction(betas[0]), [])?;
        let second = builder.node("second_correction", correction(betas[1]), [])?;
        let size = builder.map("step_size", Function::Div, [self.rate, first])?;
        let scale = builder.map_with("second_scale", Function::Rsqrt, &[0.0], [second])?;
        for &(param, gradient) in updates {
            let name = &self.model.params[param].name;
            let state = self.layout.param(param);
            let mut weight = builder.state(state);
            let mut gradient = gradient;
            if decoupled && decay != 0.0 {
                let name = format!("{name}/decayed");
                weight = builder.map_with(&name, Function::DecayedWeight, &[decay], [weight, self.rate])?;
            } else {
                gradient = decayed(builder, name, gradient, weight, decay)?;
            }
            let mut moment = |suffix: &str, beta: f64, function: Function| {
                let slot = self.layout.slot(param, suffix).ok_or(CompileError::Param { layer: 0, param })?;
                let inputs = [builder.state(slot), gradient];
                let moment = builder.map_with(&format!("{name}/{suffix}"), function, &[beta, 1.0 - beta], inputs)?;
                states.copy(slot, moment);
                Ok::<Input, CompileError>(moment)
            };
            let mean = moment(ADAM[0], betas[0], Function::AdamFirst)?;
            let square = moment(ADAM[1], betas[1], Function::AdamSecond)?;
            let name = format!("{name}/direction");
            let direction = builder.map_with(&name, Function::AdamDirection, &[epsilon], [mean, square, scale])?;
            states.step(state, weight, From::Value(direction), size);
        }
        Ok(())
    }
}

fn decayed(
    builder: &mut Builder,
    name: &str,
    gradient: Input,
    weight: Input,
    decay: f64,
) -> Result<Input, CompileError> {
    if decay == 0.0 {
        return Ok(gradient);
    }
    builder.map_with(&format!("{name}/decayed"), Function::DecayedGrad, &[decay], [gradient, weight])
}

/// PyTorch's `clip_grad_norm_` or `clip_grad_value_`.
fn clip(builder: &mut Builder, clip: Option<&Clip>, gradients: Vec<Input>) -> Result<Vec<Input>, CompileError> {
    match clip {
        None => Ok(gradients),
        Some(Clip::Value(most)) => {
            let clamp = |gradient| builder.map_with("clipped", Function::Clamp, &[-most, *most], [gradient]);
            gradients.into_iter().map(clamp).collect()
        }
        Some(Clip::Norm(most)) => {
            let mut total: Option<Input> = None;
            for &gradient in &gradients {
                let axes = super::builder::all_axes(&gradient.shape);
                let square = builder.reduce("norm", ReduceKind::Dot, axes, 1.0, [gradient, gradient])?;
                total = Some(match total {
                    None => square,
                    Some(total) => builder.map("norm", Function::Add, [total, square])?,
                });
            }
            let Some(total) = total else { return Ok(gradients) };
            let factor = builder.map_with("clip_factor", Function::ClipFactor, &[*most], [total])?;
            gradients.into_iter().map(|gradient| builder.map("clipped", Function::Mul, [gradient, factor])).collect()
        }
    }
}
