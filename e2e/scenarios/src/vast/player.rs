//! Who shows what a game about a vast program asks for.
use super::strings::Tensor;
use super::training::{Hot, Step, Trajectory};
use super::world::bits;
use super::{Lie, World};
use assay_core::arith::{from_u32, Soft, F32};
use assay_core::commit::Hash;
use assay_core::graph::{eval_element, Env, GraphError, Program, Source};
use assay_roles::game::{Committed, GameError, Piece, Prover};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A side of a game: honest, or with a lie to defend.
#[derive(Debug)]
pub struct Player {
    world: Arc<World>,
    lie: Option<Lie>,
    /// From the lie on.
    after: Option<Trajectory>,
    roots: BTreeMap<u64, Hash>,
    strings: BTreeMap<Piece, Arc<Committed>>,
}

impl Player {
    /// Who knows the truth, or says that this is it.
    pub fn new(world: &Arc<World>, lie: Option<Lie>) -> Player {
        let after = lie.map(|lie| Trajectory::new(lie.step, world.honest(lie.step)));
        Player { world: world.clone(), lie, after, roots: BTreeMap::new(), strings: BTreeMap::new() }
    }

    /// The state before a step.
    fn state(&mut self, step: u64) -> Hot {
        let (plan, lie) = (&self.world.plan, self.lie.as_ref());
        let after = self.after.as_mut().and_then(|after| after.at(plan, step, lie));
        after.unwrap_or_else(|| self.world.honest(step))
    }

    fn step(&mut self, step: u64) -> Step {
        let before = self.state(step);
        self.world.plan.step(&before, step, self.lie.as_ref())
    }

    fn tensor(&mut self, piece: Piece) -> Result<Tensor, GameError> {
        let world = self.world.clone();
        match piece {
            Piece::State { step, index, .. } => world.state(&self.state(step), index),
            Piece::Output { step, node } => world.output(&self.step(step), node),
            _ => Ok(world.data()),
        }
    }

    fn make(&mut self, piece: Piece) -> Result<Committed, GameError> {
        let world = self.world.clone();
        match piece {
            Piece::Program => Committed::new(world.program.to_bytes()),
            Piece::States { step, .. } => Committed::list(&world.state_roots(&self.state(step))?),
            Piece::Trace { step } => {
                let step = self.step(step);
                let root = |node| Ok(world.output(&step, node)?.root()?);
                let roots = (0..world.program.nodes.len() as u32).map(root).collect::<Result<Vec<_>, GameError>>()?;
                Committed::list(&roots)
            }
            Piece::State { .. } | Piece::Output { .. } | Piece::Data { .. } => self.tensor(piece)?.committed(),
            Piece::Micro { step, node, element } => {
                let values = self.micro(step, node, element)?;
                Committed::numbers(&values)
            }
        }
    }

    /// All micro-steps of an element, in the referee's arithmetic; only the last can be a lie.
    fn micro(&mut self, step: u64, node: u32, element: u64) -> Result<Vec<F32>, GameError> {
        let program = self.world.program.clone();
        let missing = GameError::Missing { what: "node", index: node.into(), count: program.nodes.len() as u64 };
        let of_node = program.nodes.get(node as usize).ok_or(missing)?;
        let read = |input: &assay_core::graph::Input| self.tensor(Piece::of_source(input.source, step));
        let inputs = of_node.inputs.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let claimed = self.tensor(Piece::Output { step, node })?.number(element);
        let data = bytes_of(&self.world);
        let fetch = |input: u8, index: u64| {
            let at = usize::from(input);
            let (of, tensor) = of_node.inputs.get(at).zip(inputs.get(at)).ok_or(GraphError::NoInput(input))?;
            let found = match of.source {
                Source::Data { .. } => data(index).map(|byte| from_u32(byte.into())),
                _ => tensor.number(index).map(bits),
            };
            found.ok_or(GraphError::ElementIndex { index, elements: of.shape.elements() })
        };
        let mut values = Vec::new();
        eval_element::<Soft, GraphError>(of_node, Env { step }, element, fetch, Some(&mut values))?;
        if let (Some(last), Some(claimed)) = (values.last_mut(), claimed) {
            *last = bits(claimed);
        }
        Ok(values)
    }
}

/// Reads the data.
fn bytes_of(world: &World) -> impl Fn(u64) -> Option<u8> + '_ {
    let (rows, features) = (u64::from(world.plan.rows), u64::from(world.plan.features));
    move |index| {
        let row = index / features;
        let (word, byte) = world.plan.sample(u32::try_from(row).ok().filter(|_| row < rows)?);
        Some(if index % features == world.plan.feature(word) { byte } else { 0 })
    }
}

impl Prover for Player {
    fn program(&self) -> Arc<Program> {
        self.world.program.clone()
    }

    fn state_root(&mut self, step: u64) -> Result<Hash, GameError> {
        if let Some(root) = self.roots.get(&step) {
            return Ok(*root);
        }
        let state = self.state(step);
        let roots = self.world.state_roots(&state)?;
        let root = Committed::list(&roots)?.root();
        self.roots.insert(step, root);
        Ok(root)
    }

    fn open(&mut self, piece: Piece) -> Result<Arc<Committed>, GameError> {
        if let Some(known) = self.strings.get(&piece) {
            return Ok(known.clone());
        }
        let made = Arc::new(self.make(piece)?);
        self.strings.insert(piece, made.clone());
        Ok(made)
    }
}
