//! Whole programs by the kernels for GPUs, compiled by the machine's C++ compiler: the CPU executor's bits. With `ASSAY_GPU`
//! set they run on the first GPU.
#![cfg(feature = "cuda")]
mod common;

use assay_core::graph::Program;
use assay_engine::cuda::{CudaExecutor, Device, Emulated, Gpu};
use assay_engine::data::DataTensor;
use common::Example;
use std::ops::ControlFlow;

fn on(program: &Program, data: impl Into<Vec<DataTensor>>) -> CudaExecutor {
    let device: Box<dyn Device> = match std::env::var_os("ASSAY_GPU") {
        Some(_) => Box::new(Gpu::new(0).unwrap()),
        None => Box::new(Emulated::new(2)),
    };
    CudaExecutor::on(device, program.clone(), data).unwrap()
}

/// Trains some steps on both, and compares losses and states.
fn check(name: &str, steps: u64) {
    let compiled = Example::read(name).synthetic();
    let mut ours = on(&compiled.step, compiled.training_data());
    let mut trainer = compiled.trainer().unwrap();
    let mut state = compiled.start.clone();
    ours.load(&state).unwrap();
    let done = ours.run_segment(0, steps, |step, loss| {
        let expected = trainer.step(&mut state, step).unwrap();
        assert_eq!(loss.to_bits(), expected.to_bits(), "{name}, the loss of step {step}");
        ControlFlow::Continue(())
    });
    assert_eq!(done.unwrap(), steps);
    assert_eq!(ours.state().unwrap().root(), state.root(), "{name} after {steps} steps");
}

#[test]
fn a_perceptron() {
    check("digits-mlp", 20);
    check("digits-logistic", 20);
}

#[test]
fn convolutions() {
    check("fashion-cnn", 2);
}

#[test]
fn residuals() {
    check("fashion-resnet", 1);
}

#[test]
fn a_transformer() {
    check("shakespeare-gpt", 1);
}

#[test]
fn an_adapter() {
    check("milton-lora", 1);
}

/// The programs beside the training step.
#[test]
fn traces_distances_and_evaluations() {
    let compiled = Example::read("digits-mlp").synthetic();
    let mut trainer = compiled.trainer().unwrap();
    let (start, mut end) = (compiled.start.clone(), compiled.start.clone());
    let mut ours = on(&compiled.step, compiled.training_data());
    assert_eq!(ours.trace(&[&start], 3).unwrap().root(), trainer.trace(&[&start], 3).unwrap().root());
    trainer.step(&mut end, 0).unwrap();
    let mut jittered = compiled.jittered_trainer().unwrap();
    let mut other = start.clone();
    jittered.step(&mut other, 0).unwrap();
    let mut ours = on(&compiled.jitter, compiled.training_data());
    ours.load(&start).unwrap();
    ours.step(0).unwrap();
    assert_eq!(ours.state().unwrap(), other);
    let expected = compiled.meter().unwrap().distance(&start, &end, &other).unwrap();
    assert_eq!(on(&compiled.distance, []).distance(&start, &end, &other).unwrap(), expected);
    let batches = compiled.evaluation_batches;
    let expected = compiled.evaluator().unwrap().evaluate(&end, batches).unwrap();
    let ours = on(&compiled.evaluation, compiled.evaluation_data()).evaluate(&end, batches).unwrap();
    assert_eq!(format!("{ours:?}"), format!("{expected:?}"));
}
