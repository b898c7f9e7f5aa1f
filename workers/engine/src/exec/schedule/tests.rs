//! Any program gives the same bits as node by node.
use super::*;
use crate::exec::Executor;
use crate::state::State;
use assay_core::arith::random::philox;
use assay_core::graph::function::Function;
use assay_core::graph::{Input, Name, Node, Op, ReduceKind, Shape, StateDecl};
use proptest::prelude::*;

/// Any numbers, one after the other.
struct Draw(u64, u64);

impl Draw {
    fn below(&mut self, count: usize) -> usize {
        self.1 += 1;
        philox(self.0, 11, self.1)[0] as usize % count
    }
}

fn shape(dims: &[u32]) -> Shape {
    Shape::new(dims).unwrap()
}

/// One more node, which is valid; returns what reads its output.
fn add(program: &mut Program, op: Op, inputs: Vec<Input>, shape: Shape) -> Input {
    let node = Node { name: Name::default(), op, inputs, shape };
    node.check().unwrap();
    program.nodes.push(node);
    Input::node(program.nodes.len() as u32 - 1, shape)
}

/// States of these shapes.
fn states(shapes: impl IntoIterator<Item = Shape>) -> Vec<StateDecl> {
    let state = |(i, shape)| StateDecl { name: Name::new(format!("s{i}")).unwrap(), shape };
    shapes.into_iter().enumerate().map(state).collect()
}

/// New states, each made of two values of its shape, one of them among the last.
fn add_results(program: &mut Program, draw: &mut Draw, values: &[Input]) {
    let mut results: Vec<Input> = Vec::new();
    for state in 0..program.states.len() {
        let own = program.states[state].shape;
        let fits: Vec<Input> = values.iter().chain(&results).copied().filter(|it| it.shape == own).collect();
        let inputs = vec![fits[fits.len() - 1 - draw.below(fits.len().min(4))], fits[draw.below(fits.len())]];
        let function = [Function::Add, Function::Max][draw.below(2)];
        results.push(add(program, Op::map(function), inputs, own));
    }
}

/// A step program of so many nodes, mostly maps: of one size in two shapes, and of single numbers.
fn program(seed: u64, nodes: usize) -> Program {
    let mut draw = Draw(seed, 0);
    let shapes = [shape(&[6, 20]), shape(&[120]), shape(&[1])];
    let states = states([0, 0, 1, 2].map(|shape| shapes[shape]));
    let mut program = Program { states, data: Vec::new(), nodes: Vec::new() };
    let mut values: Vec<Input> = (0..4).map(|i| Input::state(i, program.states[i as usize].shape)).collect();
    for _ in 0..nodes {
        // Recent ones more often.
        let from = draw.below(values.len());
        let x = values[from.max(draw.below(values.len()))];
        let value = match draw.below(10) {
            0 if x.shape != shapes[2] => {
                let other = if x.shape == shapes[0] { shapes[1] } else { shapes[0] };
                add(&mut program, Op::Reshape, vec![x], other)
            }
            1 if x.shape == shapes[1] => {
                let op = Op::Reduce { kind: ReduceKind::Max, axes: 1, scale: assay_core::arith::F32::ONE };
                add(&mut program, op, vec![x], shapes[2])
            }
            _ => {
                let function = Function::ALL[draw.below(Function::ALL.len())];
                let fits: Vec<Input> =
                    values.iter().copied().filter(|it| it.shape == x.shape || it.shape == shapes[2]).collect();
                let mut inputs = vec![x];
                (1..function.arity()).for_each(|_| inputs.push(fits[draw.below(fits.len())]));
                add(&mut program, Op::map(function), inputs, x.shape)
            }
        };
        values.push(value);
    }
    add_results(&mut program, &mut draw, &values);
    program
}

/// A step program of so many nodes on rows: maps of them with numbers of their own, with a row that all share and with
/// other rows, reductions along rows and across, other shapes, one of which makes rows' numbers a row for all.
fn rows_program(seed: u64, nodes: usize) -> Program {
    let mut draw = Draw(seed, 0);
    let rows = [shape(&[4, 32, 128]), shape(&[128, 128])];
    let numbers = [shape(&[4, 32, 1]), shape(&[128, 1])];
    let (row, scalar) = (shape(&[1, 128]), shape(&[1]));
    let shapes = [rows[0], rows[1], numbers[0], numbers[1], row, scalar];
    let mut program = Program { states: states(shapes), data: Vec::new(), nodes: Vec::new() };
    let mut values: Vec<Input> = (0..shapes.len()).map(|i| Input::state(i as u32, shapes[i])).collect();
    let fits = |own: Shape, to: Shape| {
        let (own, to) = (own.dims(), to.dims());
        own.len() <= to.len() && own.iter().rev().zip(to.iter().rev()).all(|(own, to)| own == to || *own == 1)
    };
    for _ in 0..nodes {
        // Mostly the last rows and what came last, so that little is computed for nobody.
        let of_rows: Vec<Input> = values.iter().copied().filter(|it| rows.contains(&it.shape)).collect();
        let x = if draw.below(4) > 0 { of_rows[of_rows.len() - 1] } else { values[draw.below(values.len())] };
        let recent = |draw: &mut Draw, list: &[Input]| list[list.len() - 1 - draw.below(list.len()).min(draw.below(3))];
        let other = |shape: Shape| {
            let pairs = [(rows[0], rows[1]), (numbers[0], numbers[1]), (numbers[1], row), (row, numbers[1])];
            pairs.into_iter().find(|(one, _)| *one == shape).map_or(shape, |(_, other)| other)
        };
        let reduce = |axes: u8, kind| Op::Reduce { kind, axes, scale: assay_core::arith::F32::ONE };
        let value = match draw.below(8) {
            0 if other(x.shape) != x.shape => add(&mut program, Op::Reshape, vec![x], other(x.shape)),
            1 | 2 if rows.contains(&x.shape) => {
                let kind =
                    [ReduceKind::Max, ReduceKind::Sum, ReduceKind::Dot, ReduceKind::SquaredDistance][draw.below(4)];
                let same: Vec<Input> = values.iter().copied().filter(|it| it.shape == x.shape).collect();
                let pair = matches!(kind, ReduceKind::Dot | ReduceKind::SquaredDistance);
                let inputs = if pair { vec![x, same[draw.below(same.len())]] } else { vec![x] };
                match (x.shape == rows[0], draw.below(4)) {
                    (true, _) => add(&mut program, reduce(4, kind), inputs, numbers[0]),
                    (false, 0) => add(&mut program, reduce(1, kind), inputs, row),
                    (false, _) => add(&mut program, reduce(2, kind), inputs, numbers[1]),
                }
            }
            _ => {
                let several: Vec<Function> = Function::ALL.iter().copied().filter(|it| it.arity() > 1).collect();
                let function = several[draw.below(several.len())];
                let fitting: Vec<Input> = values.iter().copied().filter(|it| fits(it.shape, x.shape)).collect();
                let mut inputs = vec![x];
                (1..function.arity()).for_each(|_| inputs.push(recent(&mut draw, &fitting)));
                add(&mut program, Op::map(function), inputs, x.shape)
            }
        };
        values.push(value);
    }
    add_results(&mut program, &mut draw, &values);
    program
}

/// Three steps of a program, fast and node by node, have the same bits.
fn is_plain(program: &Program, seed: u64, threads: usize) -> Result<(), TestCaseError> {
    let tensors = program
        .states
        .iter()
        .map(|state| (0..state.shape.elements()).map(|i| philox(seed, 3, i)[0] as f32 / 1e9 - 2.0).collect());
    let start = State::new(program.states.clone(), tensors.collect()).unwrap();
    let mut fast = Executor::new(program.clone(), []).unwrap().with_threads(threads).unwrap();
    let mut plain = Executor::new(program.clone(), []).unwrap().node_by_node();
    let (mut a, mut b) = (start.clone(), start);
    for step in 0..3 {
        let losses = [fast.step(&mut a, step).unwrap(), plain.step(&mut b, step).unwrap()];
        prop_assert_eq!(losses[0].to_bits(), losses[1].to_bits());
        prop_assert_eq!(a.roots(), b.roots(), "seed {}, step {}", seed, step);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn fast_is_plain(seed: u64, nodes in 1_usize..60, threads in 1_usize..3) {
        is_plain(&program(seed, nodes), seed, threads)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn rows_are_plain(seed: u64, nodes in 1_usize..60, threads in 1_usize..3) {
        is_plain(&rows_program(seed, nodes), seed, threads)?;
    }
}

/// What an optimiser does to a parameter is one pass, and leaves nothing behind but the new states.
#[test]
fn updates_are_one_pass() {
    let wide = shape(&[40, 50]);
    let names = ["w", "m", "v", "x", "rate"];
    let shapes = [wide, wide, wide, wide, Shape::SCALAR];
    let state = |(name, shape)| StateDecl { name: Name::new(name).unwrap(), shape };
    let mut program =
        Program { states: names.into_iter().zip(shapes).map(state).collect(), data: Vec::new(), nodes: Vec::new() };
    let [w, m, v, x, rate] = [0, 1, 2, 3, 4].map(|i| Input::state(i, shapes[i as usize]));
    let mut map = |function, inputs: &[Input], shape| {
        program.nodes.push(Node { name: Name::default(), op: Op::map(function), inputs: inputs.to_vec(), shape });
        Input::node(program.nodes.len() as u32 - 1, shape)
    };
    let gradient = map(Function::Tanh, &[x], wide);
    let decayed = map(Function::DecayedWeight, &[w, rate], wide);
    let mean = map(Function::AdamFirst, &[m, gradient], wide);
    let square = map(Function::AdamSecond, &[v, gradient], wide);
    let direction = map(Function::AdamDirection, &[mean, square, rate], wide);
    map(Function::Step, &[decayed, direction, rate], wide);
    map(Function::Copy, &[mean], wide);
    map(Function::Copy, &[square], wide);
    map(Function::Copy, &[x], wide);
    map(Function::Copy, &[rate], Shape::SCALAR);
    let schedule = Schedule::fast(&program, &[false; 10]);
    let nodes: Vec<&[usize]> = schedule.works.iter().map(Work::nodes).collect();
    assert!(nodes.iter().any(|nodes| nodes.len() == 8), "{nodes:?}");
    assert_eq!(schedule.buffers.iter().sum::<usize>(), 4 * 2000 + 1);
}
