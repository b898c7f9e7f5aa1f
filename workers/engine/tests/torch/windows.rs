//! Convolutions and pooling against loops over what a [`Window`] means.
use super::build::{bytes, close, data, floats, start, task, Build};
use super::cases::windows;
use assay_core::graph::{PoolKind, Window};
use assay_engine::import::LayerOp;
use assay_engine::torch::gradients;

const IMAGE: [i64; 2] = [6, 7];

/// The item of the image at item k of a window, if it lies inside.
fn place(window: &Window, at: [i64; 2], k: [i64; 2]) -> Option<[i64; 2]> {
    let of = |axis: usize| {
        let place = at[axis] * i64::from(window.stride[axis]) + k[axis] * i64::from(window.dilation[axis]);
        let place = place - i64::from(window.before[axis]);
        (0..IMAGE[axis]).contains(&place).then_some(place)
    };
    Some([of(0)?, of(1)?])
}

fn each([rows, columns]: [i64; 2]) -> impl Iterator<Item = [i64; 2]> {
    (0..rows).flat_map(move |row| (0..columns).map(move |column| [row, column]))
}

/// The output of an operation on noise.
fn output(op: LayerOp, weight: Option<&[u32]>, dims: &[u32]) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let mut build = Build::new(&[2, 1]);
    let x = build.weight("x", &[2, 4, 6, 7]);
    let mut inputs = vec![x];
    inputs.extend(weight.map(|dims| build.weight("w", dims)));
    let y = build.layer(op, &inputs, dims);
    let model = build.finish(y);
    let task = task("", "loss = \"mse\"\nsteps = 5\nbatch = 2", "");
    let per_sample = model.shape(model.output).elements() as u32 / 2;
    let tensors = || [bytes(&[2, 1], 9, 1), floats(&[2, per_sample], |_| 0.0)];
    let found = gradients(&model, &task, &data(&task, tensors(), tensors()), &start(&model, &task), 0).unwrap();
    let values = |param: usize| model.params.get(param).map_or(Vec::new(), |param| param.values.clone());
    (found.output, values(0), values(1))
}

#[test]
fn convolutions() {
    for (window, kernel) in windows() {
        let [kh, kw] = kernel.map(u32::from);
        let [h, w] = window.output([6, 7], [kh, kw]).unwrap();
        let inner = kernel.map(i64::from);
        for groups in [1_u16, 2, 4] {
            let per_group = 4 / i64::from(groups);
            let op = LayerOp::Conv { window, groups };
            let (found, x, weight) = output(op, Some(&[8, per_group as u32, kh, kw]), &[2, 8, h, w]);
            let mut expected = Vec::new();
            for (n, o) in (0..2_i64).flat_map(|n| (0..8_i64).map(move |o| (n, o))) {
                for at in each([h, w].map(i64::from)) {
                    let mut sum = 0.0;
                    for (c, k) in (0..per_group).flat_map(|c| each(inner).map(move |k| (c, k))) {
                        if let Some([row, column]) = place(&window, at, k) {
                            let channel = o / (8 / i64::from(groups)) * per_group + c;
                            let x = x[(((n * 4 + channel) * IMAGE[0] + row) * IMAGE[1] + column) as usize];
                            let w = weight[(((o * per_group + c) * inner[0] + k[0]) * inner[1] + k[1]) as usize];
                            sum += f64::from(x) * f64::from(w);
                        }
                    }
                    expected.push(sum as f32);
                }
            }
            close(&format!("{window:?} {kernel:?} in {groups}"), &found, &expected, 1e-5);
        }
    }
}

#[test]
fn pooling() {
    for (window, kernel) in windows() {
        let [h, w] = window.output([6, 7], kernel.map(u32::from)).unwrap();
        let inner = kernel.map(i64::from);
        for kind in [PoolKind::Max, PoolKind::Average, PoolKind::AverageInside] {
            let (found, x, _) = output(LayerOp::Pool { kind, window, kernel }, None, &[2, 4, h, w]);
            let mut expected = Vec::new();
            for (image, at) in (0..8_i64).flat_map(|image| each([h, w].map(i64::from)).map(move |at| (image, at))) {
                let items: Vec<f64> = each(inner)
                    .filter_map(|k| place(&window, at, k))
                    .map(|[row, column]| x[((image * IMAGE[0] + row) * IMAGE[1] + column) as usize].into())
                    .collect();
                let sum: f64 = items.iter().sum();
                expected.push(match kind {
                    PoolKind::Average => sum / (inner[0] * inner[1]) as f64,
                    PoolKind::AverageInside => sum / items.len() as f64,
                    _ => items.into_iter().fold(f64::NEG_INFINITY, f64::max),
                } as f32);
            }
            close(&format!("{kind:?} {window:?} {kernel:?}"), &found, &expected, 1e-5);
        }
    }
}
