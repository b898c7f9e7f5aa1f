//! How fast operators are: `cargo test --release -p assay-engine timings -- --ignored --nocapture`.
use super::*;
use assay_core::graph::function::Function;
use assay_core::graph::{ConvPart, PoolKind, ReduceKind, Window};

/// Seconds that this thread has run: on a busy machine wall time says little.
fn cpu_seconds() -> f64 {
    std::thread::yield_now(); // Which brings the statistics up to date.
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    statistics.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

/// Prints a node's time, also per work unit; integers below `ids` in its last input, if that isn't 0.
fn time(op: Op, shapes: &[&[u32]], out: Option<&[u32]>, ids: usize) {
    let shapes: Vec<Vec<u32>> = shapes.iter().map(|dims| dims.to_vec()).collect();
    let mut tensors: Vec<Vec<f32>> = (0..).zip(&shapes).map(|(i, dims)| values(elements(dims), 4 * i)).collect();
    if ids > 0 {
        let last = tensors.last_mut().unwrap();
        (0..).zip(last).for_each(|(i, x)| *x = (philox(7, 7, i)[0] as usize % ids) as f32);
    }
    let program = program(op, &shapes, &[], out);
    let node = program.nodes[0].clone();
    let state = State::new(program.states.clone(), tensors).unwrap();
    let isa = if std::env::var_os("ASSAY_AVX2").is_some() { Isa::Avx2 } else { Isa::best() };
    let mut executor = Executor::unchecked(program, vec![], isa, 1);
    let mut measure = |runs: u32| {
        let begin = cpu_seconds();
        (0..runs).for_each(|_| executor.run(&[&state], 0, |_| ()).unwrap());
        (cpu_seconds() - begin) / f64::from(runs)
    };
    measure(1);
    let runs = (0.005 / measure(3)).clamp(1.0, 1e4) as u32;
    let best = (0..7).map(|_| measure(runs)).fold(f64::MAX, f64::min);
    let touched = node.shape.elements() as f64 + node.inputs.iter().map(|i| i.shape.elements() as f64).sum::<f64>();
    let name = format!("{} {:?} -> {:?}", op.name(), shapes, node.shape);
    println!(
        "{name:80} {:10.1} us {:7.2} ns/output {:6.2} ns/element touched {:6.1} ps/unit",
        best * 1e6,
        best * 1e9 / node.shape.elements() as f64,
        best * 1e9 / touched,
        best * 1e12 / node.work() as f64
    );
}

#[test]
#[ignore = "a measurement"]
fn timings() {
    let filter = std::env::var("ASSAY_TIME").unwrap_or_default();
    let time = |op: Op, shapes: &[&[u32]], out: Option<&[u32]>, ids: usize| {
        if op.name().contains(&filter) {
            time(op, shapes, out, ids);
        }
    };
    let same = Window { stride: [1; 2], dilation: [1; 2], before: [1; 2], after: [1; 2] };
    let (two, halves) = (Window { stride: [2; 2], ..same }, Window { stride: [2; 2], ..Window::UNIT });
    println!("maps");
    for dims in [&[64, 128][..], &[2048, 512]] {
        for &function in Function::ALL {
            let params = [F32::HALF; 4];
            time(Op::Map { function, params }, &vec![dims; function.arity().into()], None, 0);
        }
    }
    time(Op::map(Function::Add), &[&[2048, 512], &[512]], None, 0);
    time(Op::map(Function::Add), &[&[64, 10], &[10]], None, 0);
    time(Op::map(Function::Sub), &[&[2048, 512], &[2048, 1]], None, 0);
    time(Op::map(Function::SubExp), &[&[16, 4, 128, 128], &[16, 4, 128, 1]], None, 0);
    time(Op::map(Function::SubExp), &[&[64, 10], &[64, 1]], None, 0);
    time(Op::map(Function::MulAdd), &[&[64, 64, 16, 16], &[64, 1, 1], &[64, 1, 1]], None, 0);
    for dims in [[64, 32, 7, 7], [64, 16, 14, 14]] {
        let channels = [dims[1], 1, 1];
        time(Op::map(Function::Sub), &[&dims, &channels], None, 0);
        time(Op::map(Function::MulAdd), &[&dims, &channels, &channels], None, 0);
    }
    time(Op::map(Function::Add), &[&[16, 4, 128, 128], &[128, 128]], None, 0);
    println!("products");
    for (trans_a, trans_b) in [(false, true), (false, false), (true, false)] {
        let dims = |rows, columns, transposed| if transposed { [columns, rows] } else { [rows, columns] };
        for (m, k, n) in [(64, 784, 128), (64, 128, 10), (2048, 128, 512), (128, 2048, 512), (512, 512, 512)] {
            let op = Op::MatMul { trans_a, trans_b };
            time(op, &[&dims(m, k, trans_a), &dims(k, n, trans_b)], None, 0);
        }
        for (m, k, n) in [(128, 32, 128), (128, 128, 32)] {
            let shapes = [[&[16, 4][..], &dims(m, k, trans_a)].concat(), [&[16, 4][..], &dims(k, n, trans_b)].concat()];
            time(Op::MatMul { trans_a, trans_b }, &[&shapes[0], &shapes[1]], None, 0);
        }
    }
    time(Op::MatMul { trans_a: false, trans_b: true }, &[&[16, 128, 128], &[512, 128]], None, 0);
    println!("convolutions");
    let convs: [(Window, u16, [u32; 4], [u32; 4]); 16] = [
        (Window { before: [2; 2], after: [2; 2], ..Window::UNIT }, 1, [64, 1, 28, 28], [6, 1, 5, 5]),
        (Window::UNIT, 1, [64, 6, 14, 14], [16, 6, 5, 5]),
        (same, 1, [32, 3, 32, 32], [16, 3, 3, 3]),
        (same, 1, [32, 16, 32, 32], [16, 16, 3, 3]),
        (same, 1, [32, 64, 8, 8], [64, 64, 3, 3]),
        (two, 1, [32, 32, 16, 16], [64, 32, 3, 3]),
        (same, 1, [8, 64, 56, 56], [64, 64, 3, 3]),
        (Window::UNIT, 1, [8, 256, 14, 14], [64, 256, 1, 1]),
        (same, 64, [32, 64, 16, 16], [64, 1, 3, 3]),
        (same, 1, [64, 1, 28, 28], [8, 1, 3, 3]),
        (same, 1, [64, 8, 28, 28], [8, 8, 3, 3]),
        (two, 1, [64, 8, 28, 28], [16, 8, 3, 3]),
        (same, 1, [64, 16, 14, 14], [16, 16, 3, 3]),
        (halves, 1, [64, 16, 14, 14], [32, 16, 1, 1]),
        (two, 1, [64, 16, 14, 14], [32, 16, 3, 3]),
        (same, 1, [64, 32, 7, 7], [32, 32, 3, 3]),
    ];
    for (window, groups, x, weight) in convs {
        let [yh, yw] = window.output([x[2], x[3]], [weight[2], weight[3]]).unwrap();
        let y = [x[0], weight[0], yh, yw];
        let op = |part| Op::Conv { part, window, groups };
        time(op(ConvPart::Forward), &[&x, &weight], None, 0);
        time(op(ConvPart::Input), &[&y, &weight], Some(&x), 0);
        time(op(ConvPart::Weight), &[&y, &x], Some(&weight), 0);
    }
    println!("pooling");
    for (window, kernel, x) in [
        (halves, [2; 2], [64, 6, 28, 28]),
        (halves, [2; 2], [64, 16, 10, 10]),
        (two, [3; 2], [8, 64, 112, 112]),
        (Window::UNIT, [7; 2], [32, 512, 7, 7]),
    ] {
        let [yh, yw] = window.output([x[2], x[3]], kernel.map(u32::from)).unwrap();
        let y = [x[0], x[1], yh, yw];
        let items = usize::from(kernel[0]) * usize::from(kernel[1]);
        for kind in [PoolKind::Max, PoolKind::Argmax, PoolKind::AverageInside] {
            time(Op::Pool { kind, window, kernel }, &[&x], None, 0);
        }
        time(Op::PoolGrad { kind: PoolKind::Max, window, kernel }, &[&y, &y], Some(&x), items);
        time(Op::PoolGrad { kind: PoolKind::Average, window, kernel }, &[&y], Some(&x), 0);
    }
    println!("reductions");
    for (dims, axes) in [
        (&[64, 10][..], 2),
        (&[64, 10], 1),
        (&[64, 128], 1),
        (&[2048, 128], 2),
        (&[2048, 512], 1),
        (&[16, 4, 128, 128], 8),
        (&[64, 64, 16, 16], 0b1101),
        (&[64, 16, 14, 14], 0b1101),
        (&[64, 32, 7, 7], 0b1101),
        (&[32, 512, 7, 7], 0b1101),
        (&[32, 512, 7, 7], 0b1100),
        (&[1 << 20], 1),
    ] {
        for kind in [ReduceKind::Max, ReduceKind::Sum, ReduceKind::Dot, ReduceKind::SquaredDistance] {
            let inputs = if matches!(kind, ReduceKind::Max | ReduceKind::Sum) { 1 } else { 2 };
            time(Op::Reduce { kind, axes, scale: F32::HALF }, &vec![dims; inputs], None, 0);
        }
    }
    println!("lookups");
    time(Op::Pick, &[&[2048, 65], &[2048]], None, 65);
    time(Op::Embed, &[&[5000, 128], &[16, 128]], None, 5000);
    time(Op::EmbedGrad, &[&[16, 128, 128], &[16, 128]], Some(&[5000, 128]), 5000);
    println!("draws");
    time(Op::Jitter { seed: 3, exponent: -20 }, &[&[1 << 18]], None, 0);
    time(Op::Dropout { seed: 3, keep_below: 1 << 31, scale: F32::TWO }, &[&[1 << 18]], None, 0);
    println!("movements");
    let perm = |first: [u8; 4]| Op::Transpose { perm: [first[0], first[1], first[2], first[3], 4, 5] };
    time(perm([0, 2, 1, 3]), &[&[16, 128, 4, 32]], None, 0);
    time(perm([0, 1, 3, 2]), &[&[16, 4, 128, 32]], None, 0);
    time(perm([1, 0, 2, 3]), &[&[1024, 1024]], None, 0);
    time(perm([0, 2, 3, 1]), &[&[32, 64, 16, 16]], None, 0);
    time(Op::Reshape, &[&[16, 128, 512]], Some(&[2048, 512]), 0);
    time(Op::Slice { axis: 2, start: 128, step: 1 }, &[&[16, 128, 384]], Some(&[16, 128, 128]), 0);
    time(Op::Slice { axis: 1, start: 1, step: 2 }, &[&[2048, 512]], Some(&[2048, 256]), 0);
    time(Op::Pad { axis: 2, start: 128, step: 1 }, &[&[16, 128, 128]], Some(&[16, 128, 384]), 0);
    time(Op::Concat { axis: 2 }, &[&[16, 128, 128], &[16, 128, 256]], None, 0);
}
