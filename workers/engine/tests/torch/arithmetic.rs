//! Coarser arithmetic and other devices: libtorch really takes them, and the profile of a task covers them.
use super::build::start;
use super::cases::{case_data, cases};
use super::training::{model as perceptron, setting, trainings, BATCH};
use assay_core::protocol::Parameters;
use assay_engine::compile::Compiled;
use assay_engine::data::Roots;
use assay_engine::device::Device;
use assay_engine::exec::Executor;
use assay_engine::import::LayerOp;
use assay_engine::project::Project;
use assay_engine::state::State;
use assay_engine::task::{Arithmetic, Changes, Task, TaskData};
use assay_engine::torch::{check, gradients, set_threads, TorchError, TorchTrainer};
use std::ops::ControlFlow;
use std::path::PathBuf;

/// How far a gradient is from another one, as a share of its norm.
fn apart(found: &[f32], expected: &[f32]) -> f64 {
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>().sqrt();
    let difference = norm(&mut found.iter().zip(expected).map(|(a, b)| f64::from(a - b)));
    difference / norm(&mut expected.iter().map(|&x| f64::from(x))).max(1e-20)
}

/// The profile's step is as far from binary32 as libtorch's in bfloat16 is, for every kind of layer. Their roundings aren't
/// the same ones: libtorch adds a bias before it rounds.
#[test]
fn a_profiles_products_are_those_of_libtorch() {
    let mut products = 0;
    for case in cases() {
        let (task, data) = case_data(&case);
        let coarse = with(&task, Arithmetic::Bf16);
        let model = case.model(task.training.batch);
        let has_product = |op: &LayerOp| matches!(op, LayerOp::MatMul { .. } | LayerOp::Conv { .. });
        // Every case ends in a product that makes logits.
        products += usize::from(model.layers.iter().filter(|layer| has_product(&layer.op)).count() > 1);
        let compiled = Compiled::new(&model, &case.model(5), &coarse, &data).unwrap();
        let trace = compiled.jittered_trainer().unwrap().trace(&[&compiled.start], 0).unwrap();
        let exact = gradients(&model, &task, &data, &compiled.start, 0).unwrap();
        let theirs = gradients(&model, &coarse, &data, &compiled.start, 0).unwrap();
        assert_ne!(theirs.output, exact.output, "{}", case.name);
        // All gradients as one: that of what a norm takes away is nothing but rounding.
        let all =
            |params: &[(usize, Vec<f32>)]| params.iter().flat_map(|(_, values)| values.clone()).collect::<Vec<_>>();
        let ours = exact.params.iter().flat_map(|(param, _)| {
            let name = format!("{}/grad", model.params[*param].name);
            trace.output(compiled.jitter.nodes.iter().rposition(|node| node.name.as_str() == name).unwrap()).to_vec()
        });
        let ours: Vec<f32> = ours.collect();
        let (of_theirs, of_ours) =
            (apart(&all(&theirs.params), &all(&exact.params)), apart(&ours, &all(&exact.params)));
        let near = |a: f64, b: f64| a < 4.0 * b + 5e-3;
        assert!(near(of_ours, of_theirs) && near(of_theirs, of_ours), "{}: {of_ours:e}, {of_theirs:e}", case.name);
        assert!(of_theirs > 1e-5 && of_theirs < 0.5, "{}: {of_theirs:e}", case.name);
    }
    assert!(products >= 4, "{products}");
}

fn with(task: &Task, arithmetic: Arithmetic) -> Task {
    let mut task = task.clone();
    task.terms.arithmetic = arithmetic;
    task
}

fn trained(task: &Task, data: &TaskData, start: &State) -> State {
    let inputs = [data.train_inputs.clone(), data.train_labels.clone()];
    let mut trainer = TorchTrainer::new(&perceptron(BATCH), task, &inputs, start, Device::Cpu).unwrap();
    for step in 0..5 {
        trainer.step(step).unwrap();
    }
    trainer.state().unwrap()
}

/// With every optimiser: bfloat16 gives other weights, binary32 numbers all the same; TF32 is binary32 on a processor.
#[test]
fn libtorch_computes_in_the_tasks_arithmetic() {
    for (training, tables) in trainings() {
        let (task, data) = setting(training, tables);
        let start = start(&perceptron(BATCH), &task);
        let [exact, tf32, bf16] = [Arithmetic::Binary32, Arithmetic::Tf32, Arithmetic::Bf16]
            .map(|arithmetic| trained(&with(&task, arithmetic), &data, &start));
        assert!(exact == tf32, "{training} {tables}");
        assert!(exact != bf16, "{training} {tables}");
        let head = bf16.decls().iter().rposition(|decl| decl.name.as_str() == "head").unwrap();
        assert!(bf16.tensor(head).iter().any(|x| x.to_bits() & 0xffff != 0), "weights were rounded");
        let error = apart(bf16.tensor(head), exact.tensor(head));
        assert!(error > 1e-6 && error < 0.05, "{training} {tables}: {error:.1e}");
    }
}

/// On the example, in segments of five steps: honest ones in bfloat16 are far from binary32, as far as their profile says, and
/// below the threshold; one with a step left out is above it.
#[test]
fn honest_segments_in_bf16_stay_below_the_profiled_threshold() {
    const STEPS: u64 = 5;
    set_threads(1);
    let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../../examples/fashion-mlp");
    let roots = Roots::standard(&folder);
    if let Err(error) = TaskData::load(&Task::read(&folder).unwrap(), &roots) {
        return eprintln!("skipped: {error}");
    }
    let changes = Changes { arithmetic: Some(Arithmetic::Bf16), ..Changes::default() };
    let Project { task, models, compiled, .. } = Project::open_with(&folder, &roots, changes).unwrap();
    let mut checkpoints = vec![compiled.start.clone()];
    let data = compiled.training_data();
    let mut torch = TorchTrainer::new(&models.training, &task, &data, &compiled.start, Device::Cpu).unwrap();
    let collect = |_, state, _| -> Result<(), TorchError> {
        checkpoints.push(state);
        Ok(())
    };
    torch.run(0, 150, STEPS as u32, collect).unwrap();
    let (mut honest, mut noisy) = (compiled.trainer().unwrap(), compiled.jittered_trainer().unwrap());
    let mut meter = compiled.meter().unwrap();
    let number = |x: assay_core::arith::F32| f32::from_bits(x.0);
    let parameters = Parameters::default();
    let mut rows = Vec::new();
    for (segment, ends) in (0..).zip(checkpoints.windows(2)) {
        let run = |executor: &mut Executor, steps| {
            let mut state = ends[0].clone();
            executor.run_segment(&mut state, segment * STEPS, steps, |_| ControlFlow::Continue(())).unwrap();
            state
        };
        let replayed = run(&mut honest, STEPS);
        let mut value = |end: &State| number(meter.distance(&ends[0], &replayed, end).unwrap());
        rows.push([value(&ends[1]), value(&run(&mut noisy, STEPS)), value(&run(&mut honest, STEPS - 1))]);
    }
    let tau2 = (rows[0][1] * number(parameters.tau_safety2))
        .clamp(number(parameters.tau_floor2), number(parameters.tau_ceiling2));
    assert_eq!(Arithmetic::Bf16.prudent(rows[0][1], tau2), Arithmetic::Bf16);
    for (segment, [torch, _, skipped]) in rows.iter().enumerate() {
        assert!(*torch > 1e-7 && *torch < tau2 / 2.0, "segment {segment}: {torch:e} against {tau2:e}");
        assert!(*skipped > tau2, "segment {segment} without its last step: {skipped:e} against {tau2:e}");
    }
    let mean = |column: usize| rows.iter().map(|row| row[column]).sum::<f32>() / rows.len() as f32;
    assert!(mean(0) < 2.0 * mean(1) && mean(1) < 2.0 * mean(0), "{:e}, profiles {:e}", mean(0), mean(1));
}

#[test]
fn a_device_that_is_not_there_is_an_error_that_helps() {
    let (task, data) = setting("", trainings()[0].1);
    let start = start(&perceptron(BATCH), &task);
    let inputs = [data.train_inputs.clone(), data.train_labels.clone()];
    let far = Device::Cuda { ordinal: 999 };
    let error = TorchTrainer::new(&perceptron(BATCH), &task, &inputs, &start, far).map(drop).unwrap_err();
    let message = error.to_string();
    match error {
        TorchError::NoCuda => assert!(message.contains("LIBTORCH") && message.contains("--device cpu"), "{message}"),
        TorchError::NoGpu { ordinal: 999, .. } => assert!(message.contains("driver"), "{message}"),
        _ => panic!("{message}"),
    }
    assert!(check(far, Arithmetic::Bf16).is_err());
    assert!(check(Device::Cpu, Arithmetic::Binary32).is_ok());
}
