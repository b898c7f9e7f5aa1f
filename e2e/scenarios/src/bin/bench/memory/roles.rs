//! What each role does, in a process of its own.
use super::EXAMPLE;
use crate::kernels::example;
use anyhow::{Context as _, Result};
use assay_core::arith::F32;
use assay_engine::data::Roots;
use assay_engine::device::Device;
use assay_engine::import::onnx;
use assay_engine::project::{Models, Project};
use assay_engine::state::{Checkpoint, Draft, State};
use assay_engine::task::{Task, TaskData};
use assay_engine::torch::{set_threads, PlainTrainer, TorchTrainer};
use assay_roles::game::{Piece, Prover as _, Replayer, Target};
use assay_scenarios::process::repository;
use clap::ValueEnum;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Segments that solvers train.
const SEGMENTS: u64 = 3;
/// Checkpoints that a solver uploads at once.
const UPLOADS: usize = 4;

/// Who takes memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Who {
    /// Nobody: libtorch is loaded, and has multiplied a number.
    Loaded,
    /// Plain training with libtorch.
    Plain,
    /// A solver of a tolerant task: libtorch, checkpoints.
    Tolerant,
    /// A solver of an exact task: the reproducible engine, checkpoints.
    Exact,
    /// A verifier, of one segment.
    Verifier,
    /// A prover of a dispute, about one segment.
    Prover,
}

impl Who {
    /// Does what it does, on one thread; prints the most bytes that this process has had.
    ///
    /// # Errors
    /// Those of the engine and of libtorch; the kernel doesn't count.
    pub(crate) fn run(self) -> Result<()> {
        set_threads(1);
        match self {
            Who::Loaded => {
                let one = tch::Tensor::from(1.0_f32);
                let _ = one.f_mul(&one)?;
            }
            Who::Plain => plain()?,
            Who::Tolerant => tolerant(example(EXAMPLE)?)?,
            Who::Exact => exact(example(EXAMPLE)?)?,
            Who::Verifier => verifier(example(EXAMPLE)?)?,
            Who::Prover => prover(example(EXAMPLE)?)?,
        }
        println!("{}", peak(&std::fs::read_to_string("/proc/self/status")?)?);
        Ok(())
    }
}

/// The most memory that a process had, in bytes.
fn peak(status: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("the kernel counts no VmHWM")?;
    let number = line.trim().strip_suffix("kB").with_context(|| format!("VmHWM is {line}"))?.trim();
    Ok(number.parse::<u64>()? * 1024)
}

/// Plain training: model and data, no programs.
fn plain() -> Result<()> {
    let folder = repository().join("examples").join(EXAMPLE);
    let task = Task::read(&folder.join("task.toml"))?;
    let data = TaskData::load(&task, &Roots::standard(&folder))?;
    let file = onnx::File::parse(onnx::read_whole(&folder.join(&task.model))?)?;
    let models = Models::of(&file, &task, &data)?;
    drop(file);
    let training_data = [data.train_inputs.clone(), data.train_labels.clone()];
    let mut trainer = PlainTrainer::new(&models.training, &task, &training_data, Device::Cpu)?;
    (0..SEGMENTS * u64::from(task.checkpoints.interval)).try_for_each(|step| Ok(trainer.step(step)?))
}

/// Publishes a checkpoint, as long as it takes.
fn publish(uploads: &mut VecDeque<Vec<u8>>, step: u64, state: &State) {
    if uploads.len() >= UPLOADS {
        uploads.pop_front();
    }
    uploads.push_back(Draft::new(step, state, Vec::new()).seal().1);
}

fn tolerant(Project { task, models, compiled, .. }: Project) -> Result<()> {
    let mut trainer =
        TorchTrainer::new(&models.training, &task, &compiled.training_data(), &compiled.start, Device::Cpu)?;
    let (interval, mut uploads) = (task.checkpoints.interval, VecDeque::new());
    trainer.run(0, SEGMENTS * u64::from(interval), interval, |step, state, _| {
        publish(&mut uploads, step, &state);
        Ok::<_, anyhow::Error>(())
    })
}

fn exact(Project { task, compiled, .. }: Project) -> Result<()> {
    let (mut executor, mut state) = (compiled.trainer()?, compiled.start.clone());
    let (interval, mut uploads) = (u64::from(task.checkpoints.interval), VecDeque::new());
    for segment in 0..SEGMENTS {
        executor.run_segment(&mut state, segment * interval, interval, |_| ControlFlow::Continue(()))?;
        publish(&mut uploads, (segment + 1) * interval, &state);
    }
    Ok(())
}

/// What `Worker::executed` and `Worker::distance` do with a segment's two checkpoints.
fn verifier(Project { task, compiled, .. }: Project) -> Result<()> {
    let read = |step| -> Result<Arc<State>> {
        let bytes = Checkpoint { step, state: compiled.start.clone() }.to_bytes();
        Ok(Arc::new(Checkpoint::from_bytes(&bytes, compiled.step.states.clone())?.state))
    };
    // What a solver claims doesn't matter: it is as large.
    let interval = task.checkpoints.interval.into();
    let (start, claimed) = (read(0)?, read(interval)?);
    let mut executor = compiled.trainer()?;
    let mut end = State::clone(&start);
    executor.run_segment(&mut end, 0, interval, |_| ControlFlow::Continue(()))?;
    drop(executor); // A worker makes one for each segment.
    anyhow::ensure!(end.root() != claimed.root(), "the model doesn't learn");
    let distance = compiled.meter()?.distance(&start, &end, &claimed)?;
    anyhow::ensure!(distance != F32::ZERO, "a distance of zero between different states");
    Ok(())
}

/// Everything that a dispute about the middle of a product may ask for.
fn prover(Project { task, compiled, .. }: Project) -> Result<()> {
    let interval = u64::from(task.checkpoints.interval);
    let start = Arc::new(compiled.start.clone());
    let mut prover = Replayer::execution(compiled.step.clone(), &compiled.training_data(), 0, start)?;
    for step in 0..=interval {
        prover.state_root(step)?;
    }
    let place = Target::typical(&compiled.step, interval - 1);
    let Target { step, node, element, .. } = place;
    let record = compiled.step.nodes.get(node as usize).context("no node")?;
    let inputs = record.inputs.iter().map(|input| Piece::of_source(input.source, step));
    let largest = (0_u32..).zip(&compiled.step.nodes).max_by_key(|(_, node)| node.shape.elements());
    let largest = largest.map_or(node, |(node, _)| node);
    let pieces = [
        Piece::States { step: step + 1, snapshot: 0 },
        Piece::Trace { step },
        Piece::Program,
        Piece::Output { step, node: largest },
        Piece::Output { step, node },
        Piece::Micro { step, node, element },
        Piece::States { step, snapshot: 0 },
        Piece::Data { index: 0 },
    ];
    pieces.into_iter().chain(inputs).try_for_each(|piece| prover.open(piece).map(drop))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_count_is_read() {
        assert_eq!(peak("VmPeak:\t 9 kB\nVmHWM:\t   12 kB\nVmRSS:\t 1 kB\n").unwrap(), 12 * 1024);
        assert!(peak("VmPeak:\t 9 kB\n").is_err());
    }
}
