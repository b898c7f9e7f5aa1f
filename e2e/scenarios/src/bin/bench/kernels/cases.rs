//! What is measured: operators at the shapes that the examples have, and products of some sizes.
use super::excerpt::{Excerpt, Recorded};
use anyhow::{Context as _, Result};
use assay_core::arith::random::philox;
use assay_core::graph::{ConvPart, Input, Name, Node, Op, Program, Shape, Source, StateDecl, Window};
use assay_engine::compile::Layout;
use assay_engine::import::{LayerOp, Model, Unary, Value};
use assay_engine::task::Optimiser;

/// What libtorch is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Product { trans_a: bool, trans_b: bool },
    Conv { part: ConvPart, window: Window, groups: u16 },
    Softmax,
    LayerNorm { axis: u8, epsilon: f32 },
    BatchNorm { epsilon: f32, momentum: f32 },
    Gelu { tanh: bool },
    EmbedGrad,
    Optimiser(Optimiser),
}

/// A computation to be timed.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) excerpt: Excerpt,
    /// Where its operands are among the excerpt's: in the order that libtorch takes them.
    pub(super) operands: Vec<usize>,
    /// Speed that one execution a second is.
    pub(super) work: f64,
    pub(super) unit: &'static str,
    /// What the speed must be over libtorch's.
    pub(super) bar: f64,
}

/// Reproducible products against libtorch's.
const PRODUCTS: f64 = 0.95;
/// Convolutions.
const CONVOLUTIONS: f64 = 0.8;
/// Nothing may be slower than this.
const OTHERS: f64 = 0.6;

/// Products of matrices of random numbers: rows, terms, columns.
const SIZES: [[u32; 3]; 4] = [[64, 784, 128], [512; 3], [1024; 3], [2048; 3]];

/// Products of some sizes.
///
/// # Errors
/// Never.
pub(super) fn products() -> Result<Vec<Case>> {
    let product = |[m, k, n]: [u32; 3]| {
        let (a, b) = (Shape::new(&[m, k])?, Shape::new(&[k, n])?);
        let op = Op::MatMul { trans_a: false, trans_b: false };
        let inputs = vec![Input::state(0, a), Input::state(1, b)];
        let node = Node { name: Name::default(), op, inputs, shape: Shape::new(&[m, n])? };
        let states = [("a", a), ("b", b)].map(|(name, shape)| Ok(StateDecl { name: Name::new(name)?, shape }));
        let states = states.into_iter().collect::<Result<Vec<_>>>()?;
        let lengths: Vec<u64> = states.iter().map(|decl| decl.shape.elements()).collect();
        let program = Program { states, data: Vec::new(), nodes: vec![node] };
        let values = |source| match source {
            Source::State { index, .. } => noise(index.into(), lengths[index as usize]),
            _ => Vec::new(), // There is nothing else.
        };
        of_node(&program.nodes[0], format!("product/{m}×{k}×{n}"), Excerpt::of(&program, &[0], values)?)
    };
    SIZES.into_iter().map(product).collect()
}

/// Numbers from −1 to 1.
fn noise(seed: u64, len: u64) -> Vec<f32> {
    let words = (0..len.div_ceil(4)).flat_map(|at| philox(seed, 3, at));
    words.map(|word| (f64::from(word) / f64::from(u32::MAX) * 2.0 - 1.0) as f32).take(len as usize).collect()
}

/// All products, convolutions and gradients of embeddings of an example's training step, each shape once.
///
/// # Errors
/// Those of the engine.
pub(super) fn operators(example: &Recorded) -> Result<Vec<Case>> {
    let nodes = &example.program().nodes;
    let chosen = distinct(nodes);
    let name = |node: &Node| format!("{}/{}", example.project.task.name, describe(node));
    chosen.into_iter().map(|at| of_node(&nodes[at], name(&nodes[at]), example.excerpt(&[at])?)).collect()
}

/// The first node of every operator that is measured alone, and of every shape of its operands.
fn distinct(nodes: &[Node]) -> Vec<usize> {
    let mut seen = Vec::new();
    let mut chosen = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        let shapes: Vec<Shape> = node.inputs.iter().map(|input| input.shape).collect();
        let key = (node.op, shapes, node.shape);
        if matches!(node.op, Op::MatMul { .. } | Op::Conv { .. } | Op::EmbedGrad) && !seen.contains(&key) {
            seen.push(key);
            chosen.push(at);
        }
    }
    chosen
}

/// Operator and shapes.
fn describe(node: &Node) -> String {
    let transposed = match node.op {
        Op::MatMul { trans_a, trans_b } => [trans_a, trans_b],
        _ => [false; 2],
    };
    let inputs = node.inputs.iter().zip(transposed).map(|(input, transposed)| {
        let dims: Vec<String> = input.shape.dims().iter().map(u32::to_string).collect();
        format!("{}{}", dims.join("×"), if transposed { "ᵀ" } else { "" })
    });
    let strides = match node.op {
        Op::Conv { window, .. } if window.stride != [1, 1] => format!(", stride {}", window.stride[0]),
        _ => String::new(),
    };
    format!("{} {}{strides}", node.op.name(), inputs.collect::<Vec<_>>().join(" · "))
}

/// One node.
fn of_node(node: &Node, name: String, excerpt: Excerpt) -> Result<Case> {
    let elements = |input: usize| node.inputs.get(input).map_or(1, |input| input.shape.elements()) as f64;
    let dim = |shape: &Shape, axis: usize| f64::from(shape.dims().get(axis).copied().unwrap_or(1));
    let (kind, operations, bar) = match node.op {
        Op::MatMul { trans_a, trans_b } => {
            let rank = node.inputs.first().map_or(0, |input| input.shape.dims().len());
            let terms = node.inputs.first().map_or(1.0, |input| dim(&input.shape, rank - if trans_a { 2 } else { 1 }));
            (Kind::Product { trans_a, trans_b }, 2.0 * node.shape.elements() as f64 * terms, PRODUCTS)
        }
        Op::Conv { part, window, groups } => {
            // Products of the forward pass, whichever part it is: output items times items of a kernel.
            let (outputs, kernel, channels) = match part {
                ConvPart::Forward => (node.shape.elements() as f64, elements(1), dim(&node.shape, 1)),
                ConvPart::Input => (elements(0), elements(1), dim(&node.inputs[0].shape, 1)),
                ConvPart::Weight => (elements(0), node.shape.elements() as f64, dim(&node.inputs[0].shape, 1)),
            };
            (Kind::Conv { part, window, groups }, 2.0 * outputs * kernel / channels, CONVOLUTIONS)
        }
        Op::EmbedGrad => (Kind::EmbedGrad, elements(0), OTHERS),
        _ => anyhow::bail!("{} isn't measured alone", node.op.name()),
    };
    let (unit, work) = match kind {
        Kind::EmbedGrad => ("M/s", operations / 1e6),
        _ => ("GFLOP/s", operations / 1e9),
    };
    // A node may read the same tensor twice.
    let operands = node.inputs.iter().map(|input| excerpt.sources().iter().position(|source| *source == input.source));
    let operands = operands.collect::<Option<_>>().context("an operand is lost")?;
    Ok(Case { name, kind, excerpt, operands, work, unit, bar })
}

/// Layers that are several nodes, each kind and shape once: their forward passes.
///
/// # Errors
/// Those of the engine.
pub(super) fn layers(example: &Recorded) -> Result<Vec<Case>> {
    let model = &example.project.models.training;
    let layout = Layout::new(model, &example.project.task.training.optimiser);
    let mut seen = Vec::new();
    let mut cases = Vec::new();
    for layer in &model.layers {
        let kind = match layer.op {
            LayerOp::Softmax => Kind::Softmax,
            LayerOp::LayerNorm { axis, epsilon } => Kind::LayerNorm { axis, epsilon },
            LayerOp::BatchNorm { epsilon, momentum } => Kind::BatchNorm { epsilon, momentum },
            LayerOp::Unary(Unary::Gelu) => Kind::Gelu { tanh: false },
            LayerOp::Unary(Unary::GeluTanh) => Kind::Gelu { tanh: true },
            _ => continue,
        };
        let key = (kind.clone(), layer.shape);
        if seen.contains(&key) {
            continue;
        }
        seen.push(key);
        let nodes = named(&example.program().nodes, &layer.name);
        let excerpt = example.excerpt(&nodes).with_context(|| format!("layer {}", layer.name))?;
        let operands = operands(model, &layout, &layer.inputs, excerpt.sources())
            .with_context(|| format!("layer {} has no nodes of its own", layer.name))?;
        let what = match &kind {
            Kind::Softmax => "softmax",
            Kind::LayerNorm { .. } => "layer norm",
            Kind::BatchNorm { .. } => "batch norm",
            _ => "GELU",
        };
        let dims: Vec<String> = layer.shape.dims().iter().map(u32::to_string).collect();
        let name = format!("{}/{what} {}", example.project.task.name, dims.join("×"));
        let work = layer.shape.elements() as f64 / 1e6;
        cases.push(Case { name, kind, excerpt, operands, work, unit: "M/s", bar: OTHERS });
    }
    Ok(cases)
}

/// The nodes of a layer's forward pass: those of its name and of `name/…` that lie together, from the first.
fn named(nodes: &[Node], name: &str) -> Vec<usize> {
    let is_of = |node: &Node| {
        let rest = node.name.as_str().strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let first = nodes.iter().position(is_of).unwrap_or(nodes.len());
    (first..nodes.len()).take_while(|&at| is_of(&nodes[at])).collect()
}

/// Where a layer's inputs are among what its nodes read: parameters by their place in the state, the rest is x.
fn operands(model: &Model, layout: &Layout, inputs: &[Value], sources: &[Source]) -> Option<Vec<usize>> {
    let state = |param: usize| Source::State { snapshot: 0, index: layout.param(param) as u32 };
    let is_param = |source: &Source| (0..model.params.len()).any(|param| *source == state(param));
    let place = |input: &Value| match input {
        Value::Param(param) => sources.iter().position(|source| *source == state(*param)),
        _ => sources.iter().position(|source| !is_param(source)),
    };
    inputs.iter().map(place).collect()
}

/// The whole optimiser: from gradients to the next state.
///
/// # Errors
/// Those of the engine.
pub(super) fn optimiser(example: &Recorded) -> Result<Case> {
    let nodes = &example.program().nodes;
    let rate = nodes.iter().position(|node| matches!(node.op, Op::Schedule { .. })).context("no learning rate")?;
    let excerpt = example.excerpt(&(rate..nodes.len()).collect::<Vec<_>>())?;
    let model = &example.project.models.training;
    let layout = Layout::new(model, &example.project.task.training.optimiser);
    let trained = (0..model.params.len()).filter(|&param| model.params[param].trained);
    let state = |param: usize| Source::State { snapshot: 0, index: layout.param(param) as u32 };
    let operands = trained.clone().map(|param| excerpt.sources().iter().position(|source| *source == state(param)));
    let operands = operands.collect::<Option<Vec<_>>>().context("a parameter isn't trained")?;
    let elements: u64 = trained.map(|param| model.params[param].shape.elements()).sum();
    let kind = Kind::Optimiser(example.project.task.training.optimiser);
    let name = format!("{}/AdamW of {elements} parameters", example.project.task.name);
    Ok(Case { name, kind, excerpt, operands, work: elements as f64 / 1e6, unit: "M/s", bar: OTHERS })
}
