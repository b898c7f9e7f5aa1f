//! `assay model inspect`: what is in a model, what training it costs, and how each node of it would be disputed.

use std::path::Path;

use anyhow::{Context, Result};
use assay_core::{
    graph::{Node, Program},
    protocol::dispute::execution_moves,
};
use assay_engine::{
    cost::Cost,
    import::{onnx, Layer, Model, Value},
    project::Project,
};
use serde::Serialize;

use crate::{args::InspectArgs, money};

/// What the command reports.
#[derive(Debug, Serialize)]
struct Answer {
    parameters: Vec<Tensor>,
    parameter_count: u64,
    layers: Vec<String>,
    /// Of a task folder only.
    training: Option<Training>,
}

/// A tensor of the model.
#[derive(Debug, Serialize)]
struct Tensor {
    name: String,
    shape: String,
    elements: u64,
    /// Training changes it.
    trained: bool,
}

/// What a task makes of a model.
#[derive(Debug, Serialize)]
struct Training {
    /// Of the program of a step.
    program: String,
    steps: u64,
    /// Steps between two checkpoints.
    interval: u32,
    /// In work units.
    work_per_step: u64,
    work: u128,
    /// At the ceiling of task.toml, in the chain's smallest unit.
    max_price: u128,
    /// Parameters and optimiser.
    state_bytes: u64,
    /// All nodes' outputs.
    output_bytes: u64,
    data_bytes: u64,
    nodes: Vec<Row>,
}

/// A node and a dispute about it.
#[derive(Debug, Serialize)]
struct Row {
    index: usize,
    name: String,
    operator: &'static str,
    shape: String,
    work: u64,
    /// Of one element.
    micro_steps: u64,
    /// The contract performs a whole element, not one of its micro-steps.
    at_once: bool,
    /// Of the asserter, at most, in a dispute about a segment.
    moves: u32,
}

/// Prints what is in a model file or a task folder.
pub(crate) fn inspect(args: &InspectArgs, json: bool) -> Result<()> {
    let (model, training) = match args.path.is_dir() {
        true => {
            let project = Project::open(&args.path)?;
            let training = training(&project);
            (project.models.training, Some(training))
        }
        false => (read(&args.path)?, None),
    };
    let parameters = model.params.iter().map(|param| Tensor {
        name: param.name.clone(),
        shape: param.shape.to_string(),
        elements: param.shape.elements(),
        trained: param.trained,
    });
    let answer = Answer {
        parameters: parameters.collect(),
        parameter_count: model.parameters(),
        layers: model.layers.iter().map(|layer| formula(layer, &model)).collect(),
        training,
    };
    if json {
        println!("{}", serde_json::to_string(&answer)?);
    } else {
        print(&answer, &model);
    }
    Ok(())
}

/// A model file, for the batches that it was exported for, or else for single samples.
fn read(path: &Path) -> Result<Model> {
    let read = || {
        let file = onnx::File::read(path)?;
        file.model(file.batch().unwrap_or(1))
    };
    read().with_context(|| format!("cannot use the model {}", path.display()))
}

/// What a layer computes, and the shape of what comes out.
fn formula(layer: &Layer, model: &Model) -> String {
    let value = |value: &Value| match *value {
        Value::Input => "batch".to_owned(),
        Value::Param(index) => model.params.get(index).map_or_else(String::new, |param| param.name.clone()),
        Value::Layer(index) => format!("layer {index}"),
    };
    let inputs: Vec<String> = layer.inputs.iter().map(value).collect();
    format!("{:?} ({}) = {}", layer.op, inputs.join(", "), layer.shape)
}

fn training(project: &Project) -> Training {
    let (task, compiled) = (&project.task, &project.compiled);
    let program = &compiled.step;
    let cost = Cost::of(program, compiled.steps);
    let bytes = |elements: u64| elements.saturating_mul(4);
    Training {
        program: program.root().to_string(),
        steps: compiled.steps,
        interval: task.checkpoints.interval,
        work_per_step: cost.work_per_step,
        work: cost.work(),
        max_price: cost.price(task.terms.max_price.into()),
        state_bytes: program.states.iter().map(|state| bytes(state.shape.elements())).sum(),
        output_bytes: program.nodes.iter().map(|node| bytes(node.shape.elements())).sum(),
        data_bytes: program.data.iter().map(|data| data.shape.elements().saturating_mul(data.dtype.size())).sum(),
        nodes: program.nodes.iter().enumerate().map(|row| describe(row, program, task.checkpoints.interval)).collect(),
    }
}

fn describe((index, node): (usize, &Node), program: &Program, interval: u32) -> Row {
    Row {
        index,
        name: node.name.to_string(),
        operator: node.op.name(),
        shape: node.shape.to_string(),
        work: node.work(),
        micro_steps: node.micro_len(),
        at_once: node.at_once(),
        moves: execution_moves(&program.reference(), interval, node),
    }
}

fn print(answer: &Answer, model: &Model) {
    let output = model.shape(model.output);
    println!("model      batch {} to {output}, {} trained values", model.input, answer.parameter_count);
    for tensor in &answer.parameters {
        let kept = if tensor.trained { "" } else { "not trained" };
        println!("  {:<40} {:<20} {:>12}  {kept}", tensor.name, tensor.shape, tensor.elements);
    }
    println!("layers");
    for (index, layer) in answer.layers.iter().enumerate() {
        println!("  {index:>3}  {layer}");
    }
    let Some(training) = &answer.training else {
        println!("\ngive the task folder instead of the model to see what training costs and how it is disputed.");
        return;
    };
    println!("training   {} steps, a checkpoint every {}", training.steps, training.interval);
    println!("  program  {}", training.program);
    println!("  work     {} work units a step, {} in all", training.work_per_step, training.work);
    println!("  price    at most {}", money::text(training.max_price));
    println!(
        "  memory   {} state, {} outputs of nodes, {} data",
        mebibytes(training.state_bytes),
        mebibytes(training.output_bytes),
        mebibytes(training.data_bytes)
    );
    println!(
        "\n{:>4}  {:<32} {:<13} {:<15} {:>14} {:>13}   {:<21} {:>7}",
        "node", "name", "operator", "output", "share of work", "micro-steps", "the contract performs", "moves"
    );
    for row in &training.nodes {
        println!(
            "{:>4}  {:<32} {:<13} {:<15} {:>12.2} % {:>13}   {:<21} {:>7}",
            row.index,
            row.name,
            row.operator,
            row.shape,
            100.0 * row.work as f64 / training.work_per_step.max(1) as f64,
            row.micro_steps,
            if row.at_once { "a whole element" } else { "one micro-step" },
            row.moves
        );
    }
    println!("\nmoves: of the asserter, at most, in a dispute about a segment that ends at this node");
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
