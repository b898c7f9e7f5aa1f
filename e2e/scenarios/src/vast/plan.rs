//! What is trained, and its program.
use anyhow::Result;
use assay_core::arith::F32;
use assay_core::commit::Hash;
use assay_core::graph::function::Function;
use assay_core::graph::{DataDecl, Dtype, Input, Name, Node, Op, Program, ProgramKind, ScheduleKind, Shape, StateDecl};

/// Words that occur in the data, at most.
const WORDS: u32 = 61;
/// Units that fire, at most.
const FIRING: u32 = 4;
/// Seed of the data's order.
pub(super) const SEED: u64 = 11;
/// How bytes of the data become numbers.
pub(super) const SCALE: f32 = 1.0 / 128.0;
/// The learning rate: parameters that change at all come down to about a third in 10⁵ steps.
pub(super) const RATE: f32 = 1e-7;
/// The momentum.
pub(super) const MOMENTUM: f32 = 0.9;

/// What is trained: some tensors `[features, outputs]`, each times the same samples; half the sum of the squares of all
/// results above 0 is to become small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Numbers of a sample: one for each word there is.
    pub features: u32,
    /// Units that a tensor leads to.
    pub outputs: u32,
    /// Tensors of parameters.
    pub tensors: u32,
    /// Samples of a step.
    pub batch: u32,
    /// Samples, at most 65,535.
    pub rows: u32,
}

/// What a node computes for one tensor, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Samples times parameters.
    Product,
    /// The gradient of that.
    Slope,
    /// The gradient of the parameters.
    Gradient,
    /// The new momentum.
    Momentum,
    /// The new parameters.
    Weight,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The learning rate.
    Rate,
    /// The samples of the step.
    Samples,
    /// Something of a tensor.
    Of(What, u32),
}

impl Plan {
    /// So many parameters in all, powers of ten, in so many tensors; 272 samples a step, so that a gradient's micro-trace
    /// takes more than one chunk.
    pub fn of(parameters: u64, tensors: u32) -> Plan {
        let each = parameters / u64::from(tensors);
        let outputs = 10_u32.pow((each.max(1).ilog10() / 2).min(3));
        let features = u32::try_from(each / u64::from(outputs)).unwrap_or(u32::MAX);
        Plan { features, outputs, tensors, batch: 272, rows: 1024 }
    }

    /// Parameters in all.
    pub fn parameters(&self) -> u64 {
        u64::from(self.tensors) * u64::from(self.features) * u64::from(self.outputs)
    }

    /// Words that occur in the data.
    pub fn words(&self) -> u32 {
        self.features.min(WORDS)
    }

    /// Units of [that tensor](Self::alive) which fire: the first ones.
    pub fn firing(&self) -> u32 {
        self.outputs.min(FIRING)
    }

    /// The tensor that is trained in effect; no unit of the others ever fires.
    pub fn alive(&self) -> u32 {
        self.tensors / 2
    }

    /// The feature of a word that occurs.
    pub(super) fn feature(&self, word: u32) -> u64 {
        u64::from(word) * u64::from(self.features) / u64::from(self.words())
    }

    /// The word of a sample, and the byte that it has in its place.
    pub(super) fn sample(&self, row: u32) -> (u32, u8) {
        (row % self.words(), 64 + (row * 7 % 128) as u8)
    }

    /// The node that computes something of a tensor.
    pub fn node(&self, what: What, tensor: u32) -> u32 {
        match what {
            What::Product => 2 + 3 * tensor,
            What::Slope => 3 + 3 * tensor,
            What::Gradient => 4 + 3 * tensor,
            What::Momentum => 2 + 3 * self.tensors + tensor,
            What::Weight => 2 + 4 * self.tensors + tensor,
        }
    }

    /// What a node is; `None` if there is no such node.
    pub(super) fn role(&self, node: u32) -> Option<Role> {
        let tensors = self.tensors;
        let states = 2 + 3 * tensors;
        Some(match node {
            0 => Role::Rate,
            1 => Role::Samples,
            _ if node < states => {
                let what = [What::Product, What::Slope, What::Gradient][(node - 2) as usize % 3];
                Role::Of(what, (node - 2) / 3)
            }
            _ if node < states + tensors => Role::Of(What::Momentum, node - states),
            _ if node < states + 2 * tensors => Role::Of(What::Weight, node - states - tensors),
            _ => return None,
        })
    }

    /// The program of a step; all momentum buffers come before all parameters.
    ///
    /// # Errors
    /// Sizes that no program can have.
    pub(super) fn program(&self, data: Hash) -> Result<Program> {
        let shape = |rows, columns| Shape::new(&[rows, columns]);
        let (table, samples) = (shape(self.rows, self.features)?, shape(self.batch, self.features)?);
        let (weight, product) = (shape(self.features, self.outputs)?, shape(self.batch, self.outputs)?);
        let node = |name: String, op, inputs: &[Input], shape| -> Result<Node> {
            Ok(Node { name: Name::new(name)?, op, inputs: inputs.to_vec(), shape })
        };
        let map = |function, params| Op::Map { function, params };
        let zeros = [F32::ZERO; 4];
        let number = |x: f32| F32(x.to_bits());
        let rate =
            Op::Schedule { kind: ScheduleKind::Constant, base: number(RATE), end: number(RATE), warmup: 0, period: 0 };
        let gather =
            Op::Gather { seed: SEED, rows: self.rows, scale: number(SCALE), shift: F32::ZERO, part: 0, parts: 1 };
        let mut nodes = vec![
            node("rate".into(), rate, &[], Shape::SCALAR)?,
            node("samples".into(), gather, &[Input::data(0, Dtype::U8, table)], samples)?,
        ];
        let (x, a) = (Input::node(1, samples), Input::node(0, Shape::SCALAR));
        let of = |what, at, shape| Input::node(self.node(what, at), shape);
        let state = |at| Input::state(at, weight);
        for at in 0..self.tensors {
            let forward = Op::MatMul { trans_a: false, trans_b: false };
            nodes.push(node(format!("product.{at}"), forward, &[x, state(self.tensors + at)], product)?);
            let y = of(What::Product, at, product);
            nodes.push(node(format!("slope.{at}"), map(Function::Relu, zeros), &[y], product)?);
            let backward = Op::MatMul { trans_a: true, trans_b: false };
            let dy = of(What::Slope, at, product);
            nodes.push(node(format!("gradient.{at}"), backward, &[x, dy], weight)?);
        }
        for at in 0..self.tensors {
            let op = map(Function::SgdMomentum, [number(MOMENTUM), F32::ZERO, F32::ZERO, F32::ZERO]);
            let inputs = [state(at), state(self.tensors + at), of(What::Gradient, at, weight)];
            nodes.push(node(format!("momentum.{at}"), op, &inputs, weight)?);
        }
        for at in 0..self.tensors {
            let inputs = [state(self.tensors + at), of(What::Momentum, at, weight), a];
            nodes.push(node(format!("weight.{at}"), map(Function::Step, zeros), &inputs, weight)?);
        }
        let states = ["momentum", "weight"].into_iter().flat_map(|kind| {
            (0..self.tensors).map(move |at| Ok(StateDecl { name: Name::new(format!("{kind}.{at}"))?, shape: weight }))
        });
        let data = DataDecl { name: Name::new("table")?, dtype: Dtype::U8, shape: table, root: data };
        let program = Program { states: states.collect::<Result<_>>()?, data: vec![data], nodes };
        program.validate_as(ProgramKind::Step)?;
        Ok(program)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_and_roles_agree() {
        let plan = Plan::of(1_000_000, 10);
        assert_eq!((plan.features, plan.outputs, plan.parameters()), (1000, 100, 1_000_000));
        let program = plan.program(Hash::default()).unwrap();
        for (index, node) in (0..).zip(&program.nodes) {
            let role = plan.role(index).unwrap();
            let name = match role {
                Role::Rate => "rate".into(),
                Role::Samples => "samples".into(),
                Role::Of(what, at) => format!("{what:?}.{at}").to_lowercase(),
            };
            assert_eq!(node.name.as_str(), name);
            assert!(!matches!(role, Role::Of(what, at) if plan.node(what, at) != index));
        }
        assert_eq!(plan.role(program.nodes.len() as u32), None);
    }
}
