//! Programs of random nodes: every operator, random shapes and attributes, values of every kind.
use anyhow::Result;
use assay_core::arith::random::philox;
use assay_core::arith::F32;
use assay_core::graph::function::Function;
use assay_core::graph::{
    ConvPart, Dtype, Input, Name, Node, Op, PoolKind, Program, ReduceKind, ScheduleKind, Shape, StateDecl, Window,
};
use assay_engine::cuda::{CudaExecutor, Device};
use assay_engine::data::DataTensor;
use assay_engine::exec::Executor;
use assay_engine::state::State;

/// What became of a program.
pub(crate) struct Outcome {
    /// Nodes compared.
    pub(crate) nodes: usize,
    /// Those that differ.
    pub(crate) wrong: Vec<String>,
}

/// Numbers of one seed.
struct Draw {
    seed: u64,
    drawn: u64,
}

impl Draw {
    fn word(&mut self) -> u32 {
        self.drawn += 1;
        philox(self.seed, 17, self.drawn)[0]
    }

    /// From 1 to `most`.
    fn size(&mut self, most: u32) -> u32 {
        self.word() % most + 1
    }

    fn coin(&mut self) -> bool {
        self.word() % 2 == 1
    }

    fn number(&mut self) -> F32 {
        F32(((f64::from(self.word()) / f64::from(u32::MAX) * 4.0 - 2.0) as f32).to_bits())
    }

    /// Sizes of two to four axes.
    fn dims(&mut self) -> Vec<u32> {
        let most = [90, 20, 9, 6][self.word() as usize % 4];
        (0..self.size(3) + 1).map(|_| self.size(most)).collect()
    }

    /// Numbers near 1, with NaN, infinities, zeros, subnormals and any bits among them; or whole numbers below `ids`.
    fn values(&mut self, len: u64, ids: u32) -> Vec<f32> {
        let seed = u64::from(self.word());
        let value = |i| {
            let [kind, word, ..] = philox(seed, 99, i);
            match kind % 64 {
                _ if ids > 0 => (word % (ids + 1)) as f32,
                0 if seed % 2 == 1 => f32::from_bits(word),
                1 => f32::from_bits(word & 0x807f_ffff),
                2 => 0.0,
                3 => -0.0,
                4 if seed % 4 == 1 => f32::INFINITY,
                _ => (f64::from(word) / f64::from(u32::MAX) * 6.0 - 3.0) as f32,
            }
        };
        (0..len).map(value).collect()
    }
}

/// A program that is being made: each node reads states of its own, which stay as they are.
struct Making {
    draw: Draw,
    states: Vec<StateDecl>,
    tensors: Vec<Vec<f32>>,
    nodes: Vec<Node>,
}

impl Making {
    fn state(&mut self, dims: &[u32], ids: u32) -> Result<Input> {
        let (index, shape) = (self.states.len() as u32, Shape::new(dims)?);
        self.states.push(StateDecl { name: Name::new(format!("s{index}"))?, shape });
        let values = self.draw.values(shape.elements(), ids);
        self.tensors.push(values);
        Ok(Input::state(index, shape))
    }

    fn node(&mut self, op: Op, inputs: Vec<Input>, out: Option<&[u32]>) -> Result<()> {
        let shape = match out {
            Some(dims) => Shape::new(dims)?,
            None => op.infer(&inputs)?,
        };
        self.nodes.push(Node { name: Name::default(), op, inputs, shape });
        Ok(())
    }

    fn plain(&mut self, op: Op, shapes: &[&[u32]], out: Option<&[u32]>) -> Result<()> {
        let inputs = shapes.iter().map(|dims| self.state(dims, 0)).collect::<Result<_>>()?;
        self.node(op, inputs, out)
    }

    fn maps(&mut self) -> Result<()> {
        for &function in Function::ALL {
            let dims = self.draw.dims();
            let params = [(); 4].map(|()| self.draw.number());
            let mut own = || dims.iter().map(|&dim| if self.draw.word().is_multiple_of(4) { 1 } else { dim }).collect();
            let shapes: Vec<Vec<u32>> = (0..function.arity()).map(|_| own()).collect();
            let shapes: Vec<&[u32]> = shapes.iter().map(Vec::as_slice).collect();
            self.plain(Op::Map { function, params }, &shapes, Some(&dims))?;
        }
        Ok(())
    }

    fn products(&mut self) -> Result<()> {
        for _ in 0..6 {
            let (trans_a, trans_b) = (self.draw.coin(), self.draw.coin());
            let [m, n] = [(); 2].map(|()| self.draw.size(300));
            let (k, batch) = (self.draw.size(3000), self.draw.size(3));
            let stored = |rows, columns, turned| if turned { [batch, columns, rows] } else { [batch, rows, columns] };
            self.plain(Op::MatMul { trans_a, trans_b }, &[&stored(m, k, trans_a), &stored(k, n, trans_b)], None)?;
        }
        Ok(())
    }

    fn images(&mut self) -> Result<()> {
        for _ in 0..4 {
            let pair = |draw: &mut Draw, from: u8, most: u32| [(); 2].map(|()| draw.size(most) as u8 + from - 1);
            let draw = &mut self.draw;
            let window = Window {
                stride: pair(draw, 1, 3),
                dilation: pair(draw, 1, 2),
                before: pair(draw, 0, 3),
                after: pair(draw, 0, 3),
            };
            let kernel = [draw.size(4), draw.size(4)];
            let image = [draw.size(20) + 7, draw.size(20) + 7];
            let Some([yh, yw]) = window.output(image, kernel) else { continue };
            let [n, c, o, groups] = [8, 20, 20, 3].map(|most| draw.size(most));
            let x = [n, c * groups, image[0], image[1]];
            let weight = [o * groups, c, kernel[0], kernel[1]];
            let y = [n, o * groups, yh, yw];
            let conv = |part| Op::Conv { part, window, groups: groups as u16 };
            self.plain(conv(ConvPart::Forward), &[&x, &weight], None)?;
            self.plain(conv(ConvPart::Input), &[&y, &weight], Some(&x))?;
            self.plain(conv(ConvPart::Weight), &[&y, &x], Some(&weight))?;
            let (y, items, kernel) = ([n, c * groups, yh, yw], kernel[0] * kernel[1], kernel.map(|k| k as u8));
            for kind in [PoolKind::Max, PoolKind::Argmax, PoolKind::Average, PoolKind::AverageInside] {
                self.plain(Op::Pool { kind, window, kernel }, &[&x], None)?;
            }
            self.plain(Op::PoolGrad { kind: PoolKind::AverageInside, window, kernel }, &[&y], Some(&x))?;
            let inputs = vec![self.state(&y, 0)?, self.state(&y, items)?];
            self.node(Op::PoolGrad { kind: PoolKind::Max, window, kernel }, inputs, Some(&x))?;
        }
        Ok(())
    }

    fn reductions(&mut self) -> Result<()> {
        for long in [false, true] {
            for kind in [ReduceKind::Max, ReduceKind::Sum, ReduceKind::Dot, ReduceKind::SquaredDistance] {
                let mut dims = self.draw.dims();
                let axis = self.draw.word() as usize % dims.len();
                if long {
                    dims[axis] *= 1 + 5000 / dims.iter().product::<u32>().min(5000);
                }
                let axes = (self.draw.word() as u8 % (1 << dims.len())) | 1 << axis;
                let inputs = if matches!(kind, ReduceKind::Max | ReduceKind::Sum) { 1 } else { 2 };
                let scale = if self.draw.coin() { F32::ONE } else { self.draw.number() };
                self.plain(Op::Reduce { kind, axes, scale }, &vec![dims.as_slice(); inputs], None)?;
            }
        }
        Ok(())
    }

    fn movements(&mut self) -> Result<()> {
        for _ in 0..4 {
            let dims = self.draw.dims();
            let mut perm = [0, 1, 2, 3, 4, 5];
            for last in (1..dims.len()).rev() {
                perm.swap(last, self.draw.word() as usize % (last + 1));
            }
            self.plain(Op::Transpose { perm }, &[&dims], None)?;
            self.plain(Op::Reshape, &[&dims], Some(&[dims.iter().product()]))?;
            let at = self.draw.word() as usize % dims.len();
            let (axis, step) = (at as u8, self.draw.size(3));
            let start = self.draw.word() % dims[at];
            let mut cut = dims.clone();
            cut[at] = (dims[at] - start).div_ceil(step);
            self.plain(Op::Slice { axis, start, step }, &[&dims], Some(&cut))?;
            self.plain(Op::Pad { axis, start, step }, &[&cut], Some(&dims))?;
            self.plain(Op::Concat { axis }, &[&dims, &cut], None)?;
        }
        Ok(())
    }

    fn lookups(&mut self) -> Result<()> {
        let [rows, classes, columns] = [(); 3].map(|()| self.draw.size(200));
        let (x, table) = (self.state(&[rows, classes], 0)?, self.state(&[classes, columns], 0)?);
        let (ids, dy) = (self.state(&[rows], classes)?, self.state(&[rows, columns], 0)?);
        self.node(Op::Pick, vec![x, ids], None)?;
        self.node(Op::Embed, vec![table, ids], None)?;
        self.node(Op::EmbedGrad, vec![dy, ids], Some(&[classes, columns]))
    }

    fn drawn(&mut self, data: &[DataTensor]) -> Result<()> {
        let seed = u64::from(self.draw.word());
        let n = self.draw.size(10_000);
        let (scale, shift) = (self.draw.number(), self.draw.number());
        let (exponent, keep_below) = (-(self.draw.size(23) as i8), self.draw.word());
        self.plain(Op::Jitter { seed, exponent }, &[&[n]], None)?;
        self.plain(Op::Dropout { seed, keep_below, scale }, &[&[n]], None)?;
        for (index, data) in (0..).zip(data) {
            let (rows, parts) = (data.rows(), self.draw.size(3) as u16);
            let op = Op::Gather { seed, rows, scale, shift, part: parts - 1, parts };
            let shape = [&[self.draw.size(rows)], &data.shape().dims()[1..]].concat();
            self.node(op, vec![Input::data(index, data.dtype(), data.shape())], Some(&shape))?;
        }
        let kind = ScheduleKind::Cosine;
        self.node(Op::Schedule { kind, base: scale, end: shift, warmup: 3, period: 100 }, vec![], None)?;
        let beta = u64::from(self.draw.word()) << 30;
        self.node(Op::BiasCorrection { beta }, vec![], None)
    }
}

/// Bytes, and numbers.
fn data(draw: &mut Draw) -> Result<[DataTensor; 2]> {
    let [rows, columns] = [(); 2].map(|()| draw.size(300));
    let shape = Shape::new(&[rows, columns])?;
    let bytes: Vec<u8> = (0..shape.elements()).map(|_| draw.word() as u8).collect();
    let floats: Vec<u8> = (0..shape.elements()).flat_map(|_| draw.number().to_le_bytes()).collect();
    Ok([DataTensor::new(Dtype::U8, shape, bytes)?, DataTensor::new(Dtype::F32, shape, floats)?])
}

/// Runs one seed's program on both.
pub(crate) fn check(device: Box<dyn Device>, seed: u64) -> Result<Outcome> {
    let mut draw = Draw { seed, drawn: 0 };
    let data = data(&mut draw)?;
    let mut making = Making { draw, states: vec![], tensors: vec![], nodes: vec![] };
    making.maps()?;
    making.products()?;
    making.images()?;
    making.reductions()?;
    making.movements()?;
    making.lookups()?;
    making.drawn(&data)?;
    let Making { states, tensors, mut nodes, .. } = making;
    let compared = nodes.len();
    for (index, state) in (0..).zip(&states) {
        let (op, inputs) = (Op::map(Function::Copy), vec![Input::state(index, state.shape)]);
        nodes.push(Node { name: Name::default(), op, inputs, shape: state.shape });
    }
    let decls = [data[0].decl("bytes")?, data[1].decl("floats")?].to_vec();
    let program = Program { states: states.clone(), data: decls, nodes };
    let state = State::new(states, tensors)?;
    let expected = Executor::new(program.clone(), data.clone())?.trace(&[&state], seed)?;
    let got = CudaExecutor::on(device, program.clone(), data)?.trace(&[&state], seed)?;
    let differs = |node: &usize| expected.roots()[*node] != got.roots()[*node];
    let wrong = (0..compared).filter(differs).map(|node| format!("{:?}", program.nodes[node])).collect();
    Ok(Outcome { nodes: compared, wrong })
}
