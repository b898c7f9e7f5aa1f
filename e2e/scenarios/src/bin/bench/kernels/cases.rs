//! What is measured: operators at the shapes that the examples have, and products of some sizes.
use super::excerpt::{producer, Excerpt, Recorded};
use anyhow::{Context as _, Result};
use assay_core::arith::random::philox;
use assay_core::graph::{ConvPart, Input, Name, Node, Op, Program, Shape, Source, StateDecl, Window};
use assay_engine::compile::Layout;
use assay_engine::import::{LayerOp, Model, Unary, Value};
use assay_engine::task::{Optimiser, Rule};

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
    AdamW(Optimiser),
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
    let inputs = node.inputs.iter().zip(transposed);
    let inputs = inputs.map(|(input, turned)| format!("{}{}", times(&input.shape), if turned { "ᵀ" } else { "" }));
    let inputs = inputs.collect::<Vec<_>>().join(" · ");
    match node.op {
        // The kernel's size is in the output alone, or the window's stride.
        Op::Conv { .. } => format!("{} {inputs} → {}", node.op.name(), times(&node.shape)),
        _ => format!("{} {inputs}", node.op.name()),
    }
}

/// A shape in print.
fn times(shape: &Shape) -> String {
    shape.dims().iter().map(u32::to_string).collect::<Vec<_>>().join("×")
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
        let name = format!("{}/{what} {}", example.project.task.name, times(&layer.shape));
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

/// The whole optimiser, if it is Adam: from gradients to the next state.
///
/// # Errors
/// Those of the engine.
pub(super) fn adam(example: &Recorded) -> Result<Option<Case>> {
    let rule = example.project.task.training.optimiser;
    if !matches!(rule.rule, Rule::Adam { decoupled: true, .. }) {
        return Ok(None);
    }
    let nodes = &example.program().nodes;
    let rate = nodes.iter().position(|node| matches!(node.op, Op::Schedule { .. })).context("no learning rate")?;
    let mut own: Vec<usize> = (rate..nodes.len()).collect();
    // As the executor does: the new states, a program's last nodes, as soon as there is what they are made of.
    let results = nodes.len() - example.program().states.len();
    let made_of = |node: &Node| node.inputs.iter().filter_map(producer).max();
    own.sort_by_key(|&at| if at < results { at } else { made_of(&nodes[at]).unwrap_or(at) });
    let excerpt = example.excerpt(&own)?;
    let model = &example.project.models.training;
    let trained = (0..model.params.len()).filter(|&param| model.params[param].trained);
    let inputs: Vec<Value> = trained.clone().map(Value::Param).collect();
    let operands = operands(model, &Layout::new(model, &rule), &inputs, excerpt.sources());
    let operands = operands.context("a trained parameter isn't updated")?;
    let elements: u64 = trained.map(|param| model.params[param].shape.elements()).sum();
    let name = format!("{}/AdamW of {elements} parameters", example.project.task.name);
    let (kind, work) = (Kind::AdamW(rule), elements as f64 / 1e6);
    Ok(Some(Case { name, kind, excerpt, operands, work, unit: "M/s", bar: OTHERS }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_core::graph::function::Function;

    fn node(name: &str, op: Op, inputs: &[&[u32]], shape: &[u32]) -> Node {
        let shape_of = |dims: &[u32]| Shape::new(dims).unwrap();
        let inputs = (0..).zip(inputs).map(|(at, dims)| Input::state(at, shape_of(dims))).collect();
        Node { name: Name::new(name).unwrap(), op, inputs, shape: shape_of(shape) }
    }

    #[test]
    fn shapes_are_measured_once() {
        let product = |trans_b| Op::MatMul { trans_a: false, trans_b };
        let nodes = [
            node("a", product(false), &[&[2, 3], &[3, 4]], &[2, 4]),
            node("b", product(false), &[&[2, 3], &[3, 4]], &[2, 4]),
            node("c", product(true), &[&[2, 3], &[4, 3]], &[2, 4]),
            node("d", Op::map(Function::Copy), &[&[2]], &[2]),
        ];
        assert_eq!(distinct(&nodes), [0, 2]);
        assert_eq!(describe(&nodes[2]), "matmul 2×3 · 4×3ᵀ");
    }

    #[test]
    fn a_layers_nodes_lie_together() {
        let copy = |name: &str| node(name, Op::map(Function::Copy), &[&[2]], &[2]);
        let nodes = ["x", "soft", "soft/max", "soft", "softer", "soft/grad"].map(copy);
        assert_eq!(named(&nodes, "soft"), [1, 2, 3]);
        assert!(named(&nodes, "none").is_empty());
    }

    #[test]
    fn operations_are_counted() {
        let case = |node: &Node| {
            let program = Program { states: Vec::new(), data: Vec::new(), nodes: vec![node.clone()] };
            let values = |source| match source {
                Source::State { index, .. } => vec![1.0; node.inputs[index as usize].shape.elements() as usize],
                _ => Vec::new(),
            };
            of_node(node, String::new(), Excerpt::of(&program, &[0], values).unwrap()).unwrap()
        };
        let transposed = Op::MatMul { trans_a: true, trans_b: false };
        let product = case(&node("", transposed, &[&[5, 7, 2], &[5, 7, 3]], &[5, 2, 3]));
        assert_eq!((product.work * 1e9).round(), 2.0 * 5.0 * 7.0 * 2.0 * 3.0);
        // All parts of a convolution are as many operations.
        let window = Window { stride: [1, 1], before: [1, 1], after: [1, 1], dilation: [1, 1] };
        let conv = |part| Op::Conv { part, window, groups: 1 };
        let (x, weight, y): (&[u32], &[u32], &[u32]) = (&[2, 3, 8, 8], &[4, 3, 3, 3], &[2, 4, 8, 8]);
        let expected = 2.0 * (2.0 * 4.0 * 64.0) * 27.0;
        for node in [
            node("", conv(ConvPart::Forward), &[x, weight], y),
            node("", conv(ConvPart::Input), &[y, weight], x),
            node("", conv(ConvPart::Weight), &[y, x], weight),
        ] {
            assert_eq!((case(&node).work * 1e9).round(), expected);
        }
    }
}
