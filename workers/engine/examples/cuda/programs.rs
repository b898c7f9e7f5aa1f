//! The examples' training steps.
use crate::common::Example;
use anyhow::Result;
use assay_engine::cuda::{CudaExecutor, Device};
use std::time::Instant;

/// What became of an example.
pub(crate) struct Outcome {
    /// Whether every loss and every state is the CPU's.
    pub(crate) equal: bool,
    /// Milliseconds of a step.
    pub(crate) device_ms: f64,
    pub(crate) cpu_ms: f64,
}

/// Trains so many steps on both; then as many again on the device alone, to time them.
pub(crate) fn check(device: Box<dyn Device>, name: &str, steps: u64) -> Result<Outcome> {
    let compiled = Example::read(name).synthetic();
    let mut ours = CudaExecutor::on(device, compiled.step.clone(), compiled.training_data())?;
    let mut trainer = compiled.trainer()?;
    let mut state = compiled.start.clone();
    ours.load(&state)?;
    let (mut equal, mut cpu_ms) = (true, 0.0);
    for step in 0..steps {
        let begin = Instant::now();
        let expected = trainer.step(&mut state, step)?;
        cpu_ms += begin.elapsed().as_secs_f64() * 1e3;
        equal &= ours.step(step)?.to_bits() == expected.to_bits();
        equal &= ours.state()?.root() == state.root();
    }
    let begin = Instant::now();
    for step in steps..2 * steps {
        ours.step(step)?;
    }
    ours.wait()?;
    let each = steps.max(1) as f64;
    Ok(Outcome { equal, device_ms: begin.elapsed().as_secs_f64() * 1e3 / each, cpu_ms: cpu_ms / each })
}
