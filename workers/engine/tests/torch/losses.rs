//! Losses against their formulas.
use super::build::{bytes, data, floats, noise, start, task, Build};
use assay_engine::data::DataTensor;
use assay_engine::import::{Binary, LayerOp, Model};
use assay_engine::torch::{evaluate, gradients};

/// Logits that are a parameter: 4 samples of 2 rows of 3 classes.
fn model(batch: u32) -> Model {
    let mut build = Build::new(&[batch, 2]);
    let logits = build.weight("logits", &[1, 2, 3]);
    let zeros = build.constant("zeros", &[batch, 2, 3], |_| 0.0);
    let y = build.layer(LayerOp::Binary(Binary::Add), &[logits, zeros], &[batch, 2, 3]);
    build.finish(y)
}

fn logit(row: usize, class: usize) -> f64 {
    noise(100, (row * 3 + class) as u64).into()
}

/// Loss of the training, loss and correct labels of the evaluation on the same labels.
fn losses(training: &str, labels: DataTensor) -> (f64, f64, Option<u64>, u64) {
    let task = task("", &format!("steps = 3\nbatch = 4\n{training}"), "");
    let tensors = || [bytes(&[4, 2], 9, 1), labels.clone()];
    let data = data(&task, tensors(), tensors());
    let (model, start) = (model(4), start(&model(4), &task));
    let loss = gradients(&model, &task, &data, &start, 0).unwrap().loss;
    // Constants are states too: the evaluation has the same batch here.
    let metric = evaluate(&model, &task, &data, &start).unwrap();
    (loss.into(), metric.loss, metric.correct, metric.total)
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6 * b.abs().max(1.0)
}

#[test]
fn cross_entropy_smooths_and_ignores() {
    let labels = [0.0, 1.0, -100.0, 2.0, 2.0, -100.0, -100.0, 1.0_f32];
    for (smoothing, ignore) in [(0.0, true), (0.1, true), (0.1, false), (0.0, false)] {
        let label = |i: usize| if ignore { labels[i] } else { labels[i].max(0.0) };
        let mut sum = 0.0;
        let (mut count, mut correct) = (0, 0);
        for i in (0..8).filter(|&i| label(i) >= 0.0) {
            let (row, class) = (i % 2, label(i) as usize);
            let all = (0..3).map(|class| logit(row, class).exp()).sum::<f64>().ln();
            let share = |c: usize| smoothing / 3.0 + if c == class { 1.0 - smoothing } else { 0.0 };
            sum += (0..3).map(|c| share(c) * (all - logit(row, c))).sum::<f64>();
            count += 1;
            correct += u64::from((0..3).all(|c| logit(row, c) <= logit(row, class)));
        }
        let mut training = format!("label-smoothing = {smoothing:?}");
        if ignore {
            training += "\nignore-index = -100";
        }
        let (loss, tested, hit, total) = losses(&training, floats(&[4, 2], |i| label(i as usize)));
        let expected = sum / f64::from(count);
        assert!(near(loss, expected) && near(tested, expected), "{loss} {tested} {expected}");
        assert_eq!((hit, total), (Some(correct), count as u64));
    }
}

#[test]
fn targets_of_the_outputs_shape() {
    let target = |i: u64| noise(7, i) + 0.5;
    let labels = || floats(&[4, 2, 3], target);
    let each = |f: &dyn Fn(f64, f64) -> f64| {
        (0..24_u64).map(|i| f(logit(i as usize / 3 % 2, i as usize % 3), target(i).into())).sum::<f64>() / 24.0
    };
    let (loss, tested, correct, total) = losses("loss = \"mse\"", labels());
    let expected = each(&|y, t| (y - t) * (y - t));
    assert!(near(loss, expected) && near(tested, expected), "{loss} {tested} {expected}");
    assert_eq!((correct, total), (None, 24));
    let (loss, tested, ..) = losses("loss = \"bce-with-logits\"", labels());
    let expected = each(&|y, t| (1.0 + y.exp()).ln() - t * y);
    assert!(near(loss, expected) && near(tested, expected), "{loss} {tested} {expected}");
}
