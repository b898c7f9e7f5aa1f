//! What the operators mean, written down once more in the plainest way, on hardware floats.
use assay_core::arith::{Soft, F32};
use assay_core::graph::{
    bias_correction, dropout_word, function, gather_row, jitter_sign, scheduled, ConvPart, Env, Node, Op, PoolKind,
    ReduceKind, Shape, Window,
};

fn max(a: f32, b: f32) -> f32 {
    if a.is_nan() || b.is_nan() {
        f32::NAN
    } else if a > b {
        a
    } else if b > a {
        b
    } else {
        f32::from_bits(a.to_bits() & b.to_bits())
    }
}

fn dot(terms: &[(f32, f32)]) -> f32 {
    let mut blocks = terms.chunks(1024).map(|block| block.iter().fold(0.0, |acc: f32, &(a, b)| a.mul_add(b, acc)));
    let first = blocks.next().unwrap();
    blocks.fold(first, |total, block| total + block)
}

fn reduce<T: Copy>(items: &[T], join: impl Fn(f32, T) -> f32) -> f32 {
    let mut blocks = items.chunks(4096).map(|block| {
        let mut lanes = [0.0; 32];
        for (i, &item) in block.iter().enumerate() {
            lanes[i % 32] = join(lanes[i % 32], item);
        }
        for stride in [16, 8, 4, 2, 1] {
            for i in 0..stride {
                lanes[i] += lanes[i + stride];
            }
        }
        lanes[0]
    });
    let first = blocks.next().unwrap();
    blocks.fold(first, |total, block| total + block)
}

/// All coordinates of a shape, in order.
fn everywhere(dims: &[usize]) -> Vec<Vec<usize>> {
    dims.iter().fold(vec![vec![]], |all, &dim| {
        let longer = |at: &Vec<usize>| (0..dim).map(|i| [&at[..], &[i]].concat()).collect::<Vec<_>>();
        all.iter().flat_map(longer).collect()
    })
}

/// A tensor.
struct Tensor {
    dims: Vec<usize>,
    values: Vec<f32>,
}

impl Tensor {
    fn at(&self, at: &[usize]) -> f32 {
        assert_eq!(at.len(), self.dims.len());
        let index = at.iter().zip(&self.dims).fold(0, |index, (&at, &dim)| {
            assert!(at < dim);
            index * dim + at
        });
        self.values[index]
    }

    /// As NumPy broadcasts it to more.
    fn broadcast(&self, at: &[usize]) -> f32 {
        let own = &at[at.len() - self.dims.len()..];
        self.at(&own.iter().zip(&self.dims).map(|(&at, &dim)| if dim == 1 { 0 } else { at }).collect::<Vec<_>>())
    }

    /// An image's item; `outside` beyond its edge.
    fn pixel(&self, n: usize, c: usize, row: i64, column: i64, outside: f32) -> f32 {
        if (0..self.dims[2] as i64).contains(&row) && (0..self.dims[3] as i64).contains(&column) {
            self.at(&[n, c, row as usize, column as usize])
        } else {
            outside
        }
    }
}

fn dims(shape: &Shape) -> Vec<usize> {
    shape.dims().iter().map(|&dim| dim as usize).collect()
}

/// Where item (kr, kc) of window (r, c) lies.
fn place(window: &Window, [r, c]: [usize; 2], [kr, kc]: [usize; 2]) -> [i64; 2] {
    let along = |at: usize, k: usize, axis: usize| {
        at as i64 * i64::from(window.stride[axis]) + k as i64 * i64::from(window.dilation[axis])
            - i64::from(window.before[axis])
    };
    [along(r, kr, 0), along(c, kc, 1)]
}

fn conv(part: ConvPart, window: &Window, groups: usize, inputs: &[Tensor], out: &[usize], at: &[usize]) -> f32 {
    let (a, b) = (&inputs[0], &inputs[1]);
    let (x_dims, w_dims, y_dims) = match part {
        ConvPart::Forward => (a.dims.clone(), b.dims.clone(), out.to_vec()),
        ConvPart::Input => (out.to_vec(), b.dims.clone(), a.dims.clone()),
        ConvPart::Weight => (b.dims.clone(), out.to_vec(), a.dims.clone()),
    };
    let (o_group, c_group) = (w_dims[0] / groups, w_dims[1]);
    let mut terms = Vec::new();
    match part {
        ConvPart::Forward => {
            let group = at[1] / o_group;
            for k in everywhere(&[c_group, w_dims[2], w_dims[3]]) {
                let [r, c] = place(window, [at[2], at[3]], [k[1], k[2]]);
                terms.push((a.pixel(at[0], group * c_group + k[0], r, c, 0.0), b.at(&[at[1], k[0], k[1], k[2]])));
            }
        }
        ConvPart::Input => {
            let group = at[1] / c_group;
            for k in everywhere(&[o_group, w_dims[2], w_dims[3]]) {
                // The window that has this pixel at item k, if any.
                let mut dy = 0.0;
                for row in 0..y_dims[2] {
                    for column in 0..y_dims[3] {
                        if place(window, [row, column], [k[1], k[2]]) == [at[2] as i64, at[3] as i64] {
                            dy = a.at(&[at[0], group * o_group + k[0], row, column]);
                        }
                    }
                }
                terms.push((dy, b.at(&[group * o_group + k[0], at[1] % c_group, k[1], k[2]])));
            }
        }
        ConvPart::Weight => {
            let group = at[0] / o_group;
            for k in everywhere(&[x_dims[0], y_dims[2], y_dims[3]]) {
                let [r, c] = place(window, [k[1], k[2]], [at[2], at[3]]);
                terms.push((a.at(&[k[0], at[0], k[1], k[2]]), b.pixel(k[0], group * c_group + at[1], r, c, 0.0)));
            }
        }
    }
    dot(&terms)
}

fn pool(kind: PoolKind, window: &Window, kernel: [usize; 2], x: &Tensor, at: &[usize]) -> f32 {
    let mut best = (f32::NEG_INFINITY, 0.0);
    let (mut sum, mut inside) = (0.0, 0.0);
    for (number, k) in everywhere(&kernel).iter().enumerate() {
        let [r, c] = place(window, [at[2], at[3]], [k[0], k[1]]);
        let item = x.pixel(at[0], at[1], r, c, f32::NEG_INFINITY);
        if item > best.0 {
            best.1 = number as f32;
        }
        best.0 = if number == 0 { item } else { max(best.0, item) };
        sum += x.pixel(at[0], at[1], r, c, 0.0);
        if (0..x.dims[2] as i64).contains(&r) && (0..x.dims[3] as i64).contains(&c) {
            inside += 1.0;
        }
    }
    match kind {
        PoolKind::Max => best.0,
        PoolKind::Argmax => best.1,
        PoolKind::Average => sum / (kernel[0] * kernel[1]) as f32,
        PoolKind::AverageInside => sum / inside,
    }
}

fn pool_grad(kind: PoolKind, window: &Window, kernel: [usize; 2], inputs: &[Tensor], x: &[usize], at: &[usize]) -> f32 {
    let dy = &inputs[0];
    let mut sum = 0.0;
    for (number, k) in everywhere(&kernel).iter().enumerate() {
        let mut share = 0.0;
        for y in everywhere(&dy.dims[2..]) {
            if place(window, [y[0], y[1]], [k[0], k[1]]) != [at[2] as i64, at[3] as i64] {
                continue;
            }
            let here = [at[0], at[1], y[0], y[1]];
            let inside = everywhere(&kernel).into_iter().filter(|k| {
                let [r, c] = place(window, [y[0], y[1]], [k[0], k[1]]);
                (0..x[2] as i64).contains(&r) && (0..x[3] as i64).contains(&c)
            });
            share = match kind {
                PoolKind::Max if inputs[1].at(&here) == number as f32 => dy.at(&here),
                PoolKind::Max => 0.0,
                PoolKind::Average => dy.at(&here) / (kernel[0] * kernel[1]) as f32,
                _ => dy.at(&here) / inside.count() as f32,
            };
        }
        sum += share;
    }
    sum
}

fn reduction(kind: ReduceKind, axes: u8, inputs: &[Tensor], number: usize) -> f32 {
    let x = &inputs[0];
    let of = |reduced: bool| -> Vec<usize> {
        let dim = |(axis, &dim): (usize, &usize)| if (axes >> axis & 1 == 1) == reduced { dim } else { 1 };
        x.dims.iter().enumerate().map(dim).collect()
    };
    let at = &everywhere(&of(false))[number];
    let items: Vec<Vec<usize>> = everywhere(&of(true))
        .into_iter()
        .map(|item| item.iter().zip(at).map(|(item, at)| item + at).collect())
        .collect();
    let values: Vec<f32> = items.iter().map(|item| x.at(item)).collect();
    let pairs = || items.iter().map(|item| (x.at(item), inputs[1].at(item))).collect::<Vec<_>>();
    match kind {
        ReduceKind::Max => values.into_iter().reduce(max).unwrap(),
        ReduceKind::Sum => reduce(&values, |lane, x| lane + x),
        ReduceKind::Dot => reduce(&pairs(), |lane, (x, y)| x.mul_add(y, lane)),
        ReduceKind::SquaredDistance => reduce(&pairs(), |lane, (x, y)| (x - y).mul_add(x - y, lane)),
    }
}

/// The output of a node. NaNs are canonical.
pub(crate) fn eval(node: &Node, env: Env, inputs: &[Vec<F32>]) -> Vec<F32> {
    let constant = |c: F32| f32::from_bits(c.0);
    let inputs: Vec<Tensor> = inputs
        .iter()
        .zip(&node.inputs)
        .map(|(x, input)| Tensor { dims: dims(&input.shape), values: x.iter().map(|&x| constant(x)).collect() })
        .collect();
    let out = dims(&node.shape);
    let all = everywhere(&out);
    let value = |e: usize| -> f32 {
        let at = &all[e];
        let same = || inputs[0].values[e];
        let with = |axis: u8, place: usize| {
            let mut at = at.clone();
            at[usize::from(axis)] = place;
            at
        };
        let of = |kernel: [u8; 2]| kernel.map(usize::from);
        match node.op {
            Op::Gather { seed, rows, scale, shift, part, parts } => {
                let row_len = inputs[0].values.len() / rows as usize;
                let step = env.step * u64::from(parts) + u64::from(part);
                let r = gather_row(seed, rows, node.shape.dims()[0], step, (e / row_len) as u32) as usize;
                inputs[0].values[r * row_len + e % row_len].mul_add(constant(scale), constant(shift))
            }
            Op::Jitter { seed, exponent } => {
                let u = jitter_sign(seed, env.step, e as u64) as f32;
                same() * (1.0 + u * 2_f32.powi(i32::from(exponent)))
            }
            Op::Dropout { seed, keep_below, scale } => {
                let kept = dropout_word(seed, env.step, e as u64) < keep_below;
                same() * if kept { constant(scale) } else { 0.0 }
            }
            Op::Map { function, params } => {
                let column = at.last().copied().unwrap_or(0) as u32;
                let args: Vec<F32> = inputs.iter().map(|x| F32(x.broadcast(at).to_bits())).collect();
                constant(function::apply::<Soft>(function, &args, &params, column))
            }
            Op::MatMul { trans_a, trans_b } => {
                let (lead, last) = at.split_at(at.len() - 2);
                let factor = |x: &Tensor, i: usize, j: usize| {
                    let own = &lead[lead.len() - (x.dims.len() - 2)..];
                    let lead = own.iter().zip(&x.dims).map(|(&at, &dim)| if dim == 1 { 0 } else { at });
                    x.at(&lead.chain([i, j]).collect::<Vec<_>>())
                };
                let a_dims = &inputs[0].dims;
                let k = a_dims[a_dims.len() - if trans_a { 2 } else { 1 }];
                let a = |l| if trans_a { factor(&inputs[0], l, last[0]) } else { factor(&inputs[0], last[0], l) };
                let b = |l| if trans_b { factor(&inputs[1], last[1], l) } else { factor(&inputs[1], l, last[1]) };
                dot(&(0..k).map(|l| (a(l), b(l))).collect::<Vec<_>>())
            }
            Op::Conv { part, window, groups } => conv(part, &window, groups.into(), &inputs, &out, at),
            Op::Pool { kind, window, kernel } => pool(kind, &window, of(kernel), &inputs[0], at),
            Op::PoolGrad { kind, window, kernel } => pool_grad(kind, &window, of(kernel), &inputs, &out, at),
            Op::Reduce { kind, axes, scale } => {
                let value = reduction(kind, axes, &inputs, e);
                if scale == F32::ONE {
                    value
                } else {
                    value * constant(scale)
                }
            }
            Op::Pick => {
                let n = *inputs[0].dims.last().unwrap();
                let label = inputs[1].values[e];
                (0..n).find(|&j| label == j as f32).map_or(0.0, |j| inputs[0].values[e * n + j])
            }
            Op::Embed => {
                let [v, c] = [inputs[0].dims[0], inputs[0].dims[1]];
                let id = inputs[1].values[e / c];
                (0..v).find(|&row| id == row as f32).map_or(0.0, |row| inputs[0].at(&[row, e % c]))
            }
            Op::EmbedGrad => {
                let c = out[1];
                let ids = inputs[1].values.iter().enumerate().filter(|(_, &id)| id == at[0] as f32);
                ids.fold(0.0, |sum, (i, _)| sum + inputs[0].values[i * c + at[1]])
            }
            Op::Reshape => same(),
            Op::Transpose { perm } => {
                let from = (0..at.len()).map(|axis| at[perm.iter().position(|&p| usize::from(p) == axis).unwrap()]);
                inputs[0].at(&from.collect::<Vec<_>>())
            }
            Op::Slice { axis, start, step } => {
                inputs[0].at(&with(axis, start as usize + at[usize::from(axis)] * step as usize))
            }
            Op::Pad { axis, start, step } => {
                let items = 0..inputs[0].dims[usize::from(axis)];
                let item = items.into_iter().find(|i| start as usize + i * step as usize == at[usize::from(axis)]);
                item.map_or(0.0, |item| inputs[0].at(&with(axis, item)))
            }
            Op::Concat { axis } => {
                let first = inputs[0].dims[usize::from(axis)];
                match at[usize::from(axis)].checked_sub(first) {
                    None => inputs[0].at(at),
                    Some(behind) => inputs[1].at(&with(axis, behind)),
                }
            }
            Op::Schedule { kind, base, end, warmup, period } => {
                constant(scheduled(kind, (base, end), (warmup, period), env.step))
            }
            Op::BiasCorrection { beta } => constant(bias_correction(beta, env.step)),
        }
    };
    let canonical = |v: f32| {
        if v.is_nan() {
            F32::NAN
        } else {
            F32(v.to_bits())
        }
    };
    (0..node.shape.elements() as usize).map(|e| canonical(value(e))).collect()
}
