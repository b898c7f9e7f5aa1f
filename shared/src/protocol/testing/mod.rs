//! For tests: small programs, their executions (true or with a lie in one micro-step), and players of the game.
use super::dispute::{boundaries, Claim, Game, Move, OperandProof, Side, Stage};
use crate::arith::{from_u32, Soft, F32};
use crate::commit::descent::{first_difference, first_item_difference, Descent, Expected, Revealed};
use crate::commit::{hash, Hash, Opening, Tree};
use crate::graph::function::Function;
use crate::graph::{
    eval_element, eval_step, DataDecl, Dtype, Env, GraphError, Input, Name, Node, Op, Operand, Program, ProgramRef,
    ReduceKind, ScheduleKind, Shape, Source, StateDecl,
};
use alloc::vec;
use alloc::vec::Vec;

/// Little-endian bytes of a tensor.
pub(crate) fn tensor_bytes(values: &[F32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The list of tensors' roots.
pub(crate) fn root_list(tensors: &[Vec<F32>]) -> Vec<u8> {
    tensors.iter().flat_map(|tensor| hash(&tensor_bytes(tensor)).0).collect()
}

/// Root of a state.
pub(crate) fn state_root(tensors: &[Vec<F32>]) -> Hash {
    hash(&root_list(tensors))
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn shape(dims: &[u32]) -> Shape {
    Shape::new(dims).unwrap()
}

fn bits(value: f32) -> F32 {
    F32(value.to_bits())
}

fn map(function: Function, params: &[f32]) -> Op {
    let mut all = [F32::ZERO; 4];
    all.iter_mut().zip(params).for_each(|(to, &param)| *to = bits(param));
    Op::Map { function, params: all }
}

fn reduce(kind: ReduceKind, axes: u8) -> Op {
    Op::Reduce { kind, axes, scale: F32::ONE }
}

fn constant(value: f32) -> Op {
    Op::Schedule { kind: ScheduleKind::Constant, base: bits(value), end: F32::ZERO, warmup: 0, period: 0 }
}

/// Appends a node; its index.
fn push(nodes: &mut Vec<Node>, op: Op, inputs: Vec<Input>, shape: Shape) -> Input {
    let index = nodes.len() as u32;
    nodes.push(Node { name: name(op.name()), op, inputs, shape });
    Input::node(index, shape)
}

pub(crate) const ROWS: u32 = 4;
const BATCH: u32 = 2;
const CLASSES: u32 = 2;

/// Data of the program with `k` features: X as bytes, labels.
pub(crate) fn data(k: u32) -> Vec<Vec<u8>> {
    let x = (0..ROWS * k).map(|i| (i * 37 % 256) as u8).collect();
    vec![x, vec![0, 1, 1, 0]]
}

/// A training step of a linear classifier with a relu; `counters` further state tensors that double in each step.
pub(crate) fn step_program(k: u32, counters: u32, jitter: bool) -> Program {
    let mut states: Vec<_> =
        (0..counters).map(|i| StateDecl { name: name(&alloc::format!("c{i}")), shape: shape(&[1]) }).collect();
    let weights = shape(&[k, CLASSES]);
    states.push(StateDecl { name: name("v"), shape: weights });
    states.push(StateDecl { name: name("w"), shape: weights });
    let tables = data(k);
    let (x_shape, y_shape) = (shape(&[ROWS, k]), shape(&[ROWS]));
    let data = vec![
        DataDecl { name: name("x"), dtype: Dtype::U8, shape: x_shape, root: hash(&tables[0]) },
        DataDecl { name: name("y"), dtype: Dtype::U8, shape: y_shape, root: hash(&tables[1]) },
    ];

    let mut nodes = Vec::new();
    let v = Input::state(counters, weights);
    let w = Input::state(counters + 1, weights);
    let gather = |scale| Op::Gather { seed: 7, rows: ROWS, scale: bits(scale), shift: F32::ZERO, part: 0, parts: 1 };
    let x =
        push(&mut nodes, gather(1.0 / (64 * k) as f32), vec![Input::data(0, Dtype::U8, x_shape)], shape(&[BATCH, k]));
    let y = push(&mut nodes, gather(1.0), vec![Input::data(1, Dtype::U8, y_shape)], shape(&[BATCH]));
    let (logits, row) = (shape(&[BATCH, CLASSES]), shape(&[BATCH, 1]));
    let h = push(&mut nodes, Op::MatMul { trans_a: false, trans_b: false }, vec![x, w], logits);
    let a = push(&mut nodes, Op::map(Function::Relu), vec![h], logits);
    let max = push(&mut nodes, reduce(ReduceKind::Max, 0b10), vec![a], row);
    let e = push(&mut nodes, Op::map(Function::SubExp), vec![a, max], logits);
    let sum = push(&mut nodes, reduce(ReduceKind::Sum, 0b10), vec![e], row);
    let y = push(&mut nodes, Op::Reshape, vec![y], row);
    let half = push(&mut nodes, constant(0.5), vec![], Shape::SCALAR);
    let da = push(&mut nodes, map(Function::XentGrad, &[-1.0, 0.0, 1.0]), vec![e, sum, y, half], logits);
    let dh = push(&mut nodes, Op::map(Function::ReluGrad), vec![da, h], logits);
    let mut g = push(&mut nodes, Op::MatMul { trans_a: true, trans_b: false }, vec![x, dh], weights);
    if jitter {
        g = push(&mut nodes, Op::Jitter { seed: 3, exponent: -20 }, vec![g], weights);
    }
    let rate = push(&mut nodes, constant(0.1), vec![], Shape::SCALAR);
    for counter in 0..counters {
        let c = Input::state(counter, shape(&[1]));
        push(&mut nodes, Op::map(Function::Add), vec![c, c], shape(&[1]));
    }
    let v = push(&mut nodes, map(Function::SgdMomentum, &[0.9, 0.001]), vec![v, w, g], weights);
    push(&mut nodes, Op::map(Function::Step), vec![w, v, rate], weights);
    let program = Program { states, data, nodes };
    program.validate().unwrap();
    program
}

/// d² between snapshots 1 and 2, over the squared length from snapshot 0 to 1.
pub(crate) fn distance_program(step: &Program) -> Program {
    let mut nodes = Vec::new();
    let of = |snapshot, index: usize| Input {
        source: Source::State { snapshot, index: index as u32 },
        dtype: Dtype::F32,
        shape: step.states[index].shape,
    };
    let mut sums = Vec::new();
    for (from, to) in [(1, 2), (0, 1)] {
        let mut total: Option<Input> = None;
        for index in 0..step.states.len() {
            let axes = if step.states[index].shape.rank() == 1 { 0b1 } else { 0b11 };
            let squared = reduce(ReduceKind::SquaredDistance, axes);
            let d = push(&mut nodes, squared, vec![of(from, index), of(to, index)], Shape::SCALAR);
            total = Some(match total {
                Some(total) => push(&mut nodes, Op::map(Function::Add), vec![total, d], Shape::SCALAR),
                None => d,
            });
        }
        sums.push(total.unwrap());
    }
    push(&mut nodes, Op::map(Function::Ratio), sums, Shape::SCALAR);
    let program = Program { states: step.states.clone(), data: vec![], nodes };
    program.validate().unwrap();
    program
}

/// The first state.
pub(crate) fn start_state(program: &Program) -> Vec<Vec<F32>> {
    let value = |i: u64, tensor: usize| bits(((i * 7 + tensor as u64 * 3) % 11) as f32 / 16.0 - 0.3);
    let tensors = program.states.iter().enumerate();
    tensors.map(|(tensor, state)| (0..state.shape.elements()).map(|i| value(i, tensor)).collect()).collect()
}

/// One false micro-step (the last one of the element if `micro` is beyond).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lie {
    pub(crate) step: u64,
    pub(crate) node: usize,
    pub(crate) element: u64,
    pub(crate) micro: u64,
}

/// An execution as one side sees it.
#[derive(Clone)]
pub(crate) struct View {
    pub(crate) program: Program,
    reference: ProgramRef,
    data: Vec<Vec<u8>>,
    first_step: u64,
    /// States before each step and after the last (of a distance: the three snapshots).
    pub(crate) states: Vec<Vec<Vec<F32>>>,
    /// Outputs of all nodes of each step.
    pub(crate) traces: Vec<Vec<Vec<F32>>>,
    is_distance: bool,
    lie: Option<Lie>,
}

impl View {
    /// Runs steps from a state.
    pub(crate) fn run(
        program: &Program,
        data: &[Vec<u8>],
        first_step: u64,
        steps: u32,
        start: &[Vec<F32>],
        lie: Option<Lie>,
    ) -> View {
        let mut view = View {
            program: program.clone(),
            reference: program.reference(),
            data: data.to_vec(),
            first_step,
            states: vec![start.to_vec()],
            traces: vec![],
            is_distance: false,
            lie,
        };
        for step in 0..u64::from(steps) {
            let before = [view.states.last().unwrap().clone()];
            let trace = view.execute(first_step + step, &before);
            view.states.push(trace[trace.len() - program.states.len()..].to_vec());
            view.traces.push(trace);
        }
        view
    }

    /// Computes a distance.
    pub(crate) fn distance(program: &Program, snapshots: [&[Vec<F32>]; 3], lie: Option<Lie>) -> View {
        let mut view = View {
            program: program.clone(),
            reference: program.reference(),
            data: vec![],
            first_step: 0,
            states: snapshots.iter().map(|it| it.to_vec()).collect(),
            traces: vec![],
            is_distance: true,
            lie,
        };
        view.traces = vec![view.execute(0, &view.states)];
        view
    }

    pub(crate) fn end(&self) -> Hash {
        state_root(self.states.last().unwrap())
    }

    pub(crate) fn end_state(&self) -> &[Vec<F32>] {
        self.states.last().unwrap()
    }

    pub(crate) fn value(&self) -> F32 {
        self.traces[0].last().unwrap()[0]
    }

    pub(crate) fn execution_claim(&self) -> Claim {
        Claim::Execution {
            program: self.reference,
            first_step: self.first_step,
            steps: self.traces.len() as u32,
            start: state_root(&self.states[0]),
            end: self.end(),
        }
    }

    pub(crate) fn distance_claim(&self) -> Claim {
        let [start, replayed, claimed] = [0, 1, 2].map(|at| state_root(&self.states[at]));
        Claim::Distance { program: self.reference, start, replayed, claimed, value: self.value() }
    }

    fn execute(&self, step: u64, snapshots: &[Vec<Vec<F32>>]) -> Vec<Vec<F32>> {
        let mut trace: Vec<Vec<F32>> = Vec::new();
        for (at, node) in self.program.nodes.iter().enumerate() {
            let element = |element| *self.micro(step, at, node, element, snapshots, &trace).last().unwrap();
            let output = (0..node.shape.elements()).map(element).collect();
            trace.push(output);
        }
        trace
    }

    fn fetch(&self, source: Source, index: u64, snapshots: &[Vec<Vec<F32>>], trace: &[Vec<F32>]) -> F32 {
        let at = index as usize;
        match source {
            Source::State { snapshot, index } => snapshots[snapshot as usize][index as usize][at],
            Source::Node { index } => trace[index as usize][at],
            Source::Data { index } => from_u32(u32::from(self.data[index as usize][at])),
        }
    }

    /// The micro-trace of an element, with the lie if it is there.
    fn micro(
        &self,
        step: u64,
        at: usize,
        node: &Node,
        element: u64,
        snapshots: &[Vec<Vec<F32>>],
        trace: &[Vec<F32>],
    ) -> Vec<F32> {
        let env = Env { step };
        let fetch = |input: u8, index| Ok(self.fetch(node.inputs[input as usize].source, index, snapshots, trace));
        let mut values = Vec::new();
        let Some(lie) = self.lie.filter(|lie| (lie.step, lie.node, lie.element) == (step, at, element)) else {
            eval_element::<Soft, GraphError>(node, env, element, fetch, Some(&mut values)).unwrap();
            return values;
        };
        let len = node.micro_len();
        for t in 0..len {
            let micro_step = node.micro_step(env, element, t).unwrap();
            let mut value =
                eval_step::<Soft, GraphError>(&micro_step, fetch, |prior| Ok(values[prior as usize])).unwrap();
            if t == lie.micro.min(len - 1) {
                value = F32(value.0 ^ 0x0040_0000); // Far off, so that it isn't rounded away again.
            }
            values.push(value);
        }
        values
    }

    fn micro_of(&self, game: &Game) -> Vec<F32> {
        let at = game.focus.node as usize;
        let node = &game.focus.node().unwrap();
        let (snapshots, trace) = self.before(game);
        self.micro(game.focus.step, at, node, game.focus.element, snapshots, trace)
    }

    /// Snapshots and trace of the disputed step.
    fn before(&self, game: &Game) -> (&[Vec<Vec<F32>>], &[Vec<F32>]) {
        let at = (game.focus.step - self.first_step) as usize;
        let snapshots = if self.is_distance { &self.states[..] } else { &self.states[at..=at] };
        (snapshots, &self.traces[at])
    }

    /// The string that the game is descending.
    fn string(&self, game: &Game) -> Vec<u8> {
        let at = (game.focus.step - self.first_step) as usize;
        match game.stage {
            Stage::State(_) => root_list(&self.states[at + 1]),
            Stage::Trace(_) => root_list(&self.traces[at]),
            Stage::Element(_) => tensor_bytes(&self.traces[at][game.focus.node as usize]),
            Stage::Micro(_) => tensor_bytes(&self.micro_of(game)),
            _ => panic!("no descent"),
        }
    }

    /// The asserter's move.
    pub(crate) fn assert(&self, game: &Game) -> Move {
        match &game.stage {
            Stage::Split(split) => {
                let cuts = boundaries(split.lo, split.hi);
                let inner = &cuts[1..cuts.len() - 1];
                Move::Split { roots: inner.iter().map(|&at| state_root(&self.states[at as usize])).collect() }
            }
            Stage::State(descent) | Stage::Trace(descent) | Stage::Element(descent) | Stage::Micro(descent) => {
                reveal(descent, &self.string(game))
            }
            Stage::AwaitTrace => {
                let list = root_list(self.before(game).1);
                Move::Trace { root: hash(&list), out: item(&list, u64::from(game.focus.output), 32) }
            }
            Stage::AwaitNode => {
                let record = item(&self.program.to_bytes(), self.reference.node_record(game.focus.node), 256);
                Move::Node { record }
            }
            Stage::AwaitMicro => {
                let values = self.micro_of(game);
                let bytes = tensor_bytes(&values);
                Move::Micro { root: hash(&bytes), last: item(&bytes, values.len() as u64 - 1, 4) }
            }
            Stage::AwaitOperands => self.operands(game),
            Stage::Over { .. } => panic!("over"),
        }
    }

    fn operands(&self, game: &Game) -> Move {
        let node = game.focus.node().unwrap();
        let (env, element) = (Env { step: game.focus.step }, game.focus.element);
        let range = game.focus.micro.map_or(0..node.micro_len(), |(t, _)| t..t + 1);
        let operands = node.operands(env, element, range).unwrap();
        let (snapshots, trace) = self.before(game);
        let open = |&(input, index): &(u8, u64)| {
            let (list, tensor, size) = match node.inputs[input as usize].source {
                Source::State { snapshot, index } => {
                    let state = &snapshots[snapshot as usize];
                    (item(&root_list(state), u64::from(index), 32), tensor_bytes(&state[index as usize]), 4)
                }
                Source::Node { index } => {
                    (item(&root_list(trace), u64::from(index), 32), tensor_bytes(&trace[index as usize]), 4)
                }
                Source::Data { index } => {
                    let record = item(&self.program.to_bytes(), self.reference.data_record(index), 256);
                    (record, self.data[index as usize].clone(), 1)
                }
            };
            OperandProof { list: Some(list), element: item(&tensor, index, size) }
        };
        let openings = operands.iter().map(open).collect();
        let mut prior = Vec::new();
        if let Some((t, _)) = game.focus.micro {
            let bytes = tensor_bytes(&self.micro_of(game));
            let mut seen = Vec::new();
            for operand in node.micro_step(env, element, t).unwrap().args {
                if let Operand::Prior(at) = operand {
                    if !seen.contains(&at) {
                        seen.push(at);
                        prior.push(item(&bytes, at, 4));
                    }
                }
            }
        }
        Move::Operands { openings, prior }
    }

    /// The challenger's move: the first thing that differs from its own view; the last if nothing does.
    pub(crate) fn challenge(&self, game: &Game) -> Move {
        let index = match &game.stage {
            Stage::Split(split) => {
                let cuts = boundaries(split.lo, split.hi);
                let mine = cuts[1..].iter().map(|&at| state_root(&self.states[at as usize]));
                let mut theirs = split.roots.clone();
                theirs.push(split.after);
                let differs = mine.zip(&theirs).position(|(mine, theirs)| mine != *theirs);
                differs.unwrap_or(theirs.len() - 1) as u32
            }
            Stage::State(descent) | Stage::Trace(descent) | Stage::Element(descent) | Stage::Micro(descent) => {
                let mine = self.string(game);
                let tree = Tree::new(&mine).unwrap();
                let (differs, count) = match descent.revealed() {
                    Revealed::Children(cvs) => {
                        let mine = tree.children_cvs(descent.span()).unwrap();
                        (first_difference(&mine, cvs), cvs.len())
                    }
                    Revealed::Leaf(chunk) => {
                        let mine = tree.chunk(&mine, descent.span().start).unwrap();
                        let size = descent.item_bytes();
                        (first_item_difference(mine, chunk, size), chunk.len() / usize::from(size))
                    }
                    Revealed::Nothing => panic!("not the challenger's turn"),
                };
                differs.unwrap_or(count as u32 - 1)
            }
            _ => panic!("not the challenger's turn"),
        };
        Move::Pick { index }
    }

    /// The move of whoever is to move.
    pub(crate) fn respond(&self, game: &Game) -> Move {
        match game.turn().unwrap() {
            Side::Asserter => self.assert(game),
            Side::Challenger => self.challenge(game),
        }
    }
}

/// The opening of an item.
pub(crate) fn item(bytes: &[u8], index: u64, size: u64) -> Opening {
    Tree::new(bytes).unwrap().opening(bytes, index * size / 1024).unwrap()
}

/// The asserter's move in a descent.
fn reveal(descent: &Descent, bytes: &[u8]) -> Move {
    let tree = Tree::new(bytes).unwrap();
    match descent.expects() {
        Expected::Children(_) => Move::Children { cvs: tree.children_cvs(descent.span()).unwrap() },
        Expected::Leaf(_) => Move::Leaf { chunk: tree.chunk(bytes, descent.span().start).unwrap().to_vec() },
    }
}

#[cfg(feature = "serde")]
mod vectors;
pub(crate) mod world;
