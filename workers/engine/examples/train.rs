//! Trains an example with the reproducible executor and, with feature `torch`, with libtorch; prints accuracy and time.
//!
//! ```text
//! . scripts/env.sh && scripts/libtorch && scripts/datasets
//! cargo run --release -p assay-engine --features torch --example train -- examples/fashion-mlp [--threads 1] [--drift]
//! ```
//! `--drift` compares all segments of a libtorch run with reproducible replays.
use anyhow::{Context, Result};
use assay_engine::cost::Cost;
use assay_engine::project::Project;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

struct Example {
    project: Project,
    threads: usize,
}

fn main() -> Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let flag = |arguments: &mut Vec<String>, name: &str| {
        let found = arguments.iter().position(|argument| argument == name);
        found.map(|index| arguments.remove(index)).is_some()
    };
    let drift = flag(&mut arguments, "--drift");
    let threads = match arguments.iter().position(|argument| argument == "--threads") {
        Some(index) => arguments.drain(index..).nth(1).context("--threads needs a number")?.parse()?,
        None => 1,
    };
    let folder = arguments.first().context("usage: train FOLDER [--threads N] [--drift]")?;
    let project = Project::open(Path::new(folder))?;
    let compiled = &project.compiled;
    println!(
        "{}: {} parameters, {} steps in {} segments, {:.1} million work units per step",
        project.task.name,
        project.models.training.parameters(),
        compiled.steps,
        project.task.segments(project.data.train_inputs.rows()),
        Cost::of(&compiled.step, compiled.steps).work_per_step as f64 / 1e6
    );
    let example = Example { project, threads };
    example.reproducible()?;
    #[cfg(feature = "torch")]
    {
        example.libtorch()?;
        if drift {
            example.drift()?;
        }
    }
    #[cfg(not(feature = "torch"))]
    anyhow::ensure!(!drift, "--drift needs --features torch");
    Ok(())
}

impl Example {
    fn reproducible(&self) -> Result<()> {
        let mut trainer = self.project.compiled.trainer()?.with_threads(self.threads)?;
        let mut state = self.project.compiled.start.clone();
        let interval = u64::from(self.project.task.checkpoints.interval);
        let (begin, mut hashing, mut last) = (Instant::now(), std::time::Duration::ZERO, f32::NAN);
        trainer.run_segment(&mut state, 0, self.project.compiled.steps, |progress| {
            if (progress.step + 1) % interval == 0 {
                let begin = Instant::now();
                std::hint::black_box(progress.state.root());
                hashing += begin.elapsed();
            }
            last = progress.loss;
            ControlFlow::Continue(())
        })?;
        let time = begin.elapsed();
        let test = self.project.compiled.evaluator()?.evaluate(&state, self.project.compiled.evaluation_batches)?;
        println!(
            "reproducible: {}, test loss {:.4}, last loss {last:.4}, {:.2} s of which {:.2} s for checkpoint roots ({:.3} ms per step)",
            test.accuracy,
            test.loss,
            time.as_secs_f64(),
            hashing.as_secs_f64(),
            (time - hashing).as_secs_f64() * 1e3 / self.project.compiled.steps as f64
        );
        println!("final state {}", state.root());
        Ok(())
    }

    #[cfg(feature = "torch")]
    fn torch_trainer(&self) -> Result<assay_engine::torch::TorchTrainer> {
        let Project { models, task, compiled, .. } = &self.project;
        Ok(assay_engine::torch::TorchTrainer::new(&models.training, task, &compiled.training_data(), &compiled.start)?)
    }

    #[cfg(feature = "torch")]
    fn libtorch(&self) -> Result<()> {
        use assay_engine::torch::{baseline, set_threads, TorchError};
        set_threads(self.threads);
        let Project { models, task, data, compiled, .. } = &self.project;
        let plain = baseline(&models.training, &models.evaluation, task, data, compiled.steps)?;
        println!(
            "plain libtorch: {:.2} % right, test loss {:.4}, last loss {:.4}, {:.2} s ({:.3} ms per step)",
            100.0 * plain.test.accuracy().unwrap_or(f64::NAN),
            plain.test.loss,
            plain.losses.last().map_or(f32::NAN, |(_, loss)| *loss),
            plain.time.as_secs_f64(),
            plain.time.as_secs_f64() * 1e3 / self.project.compiled.steps as f64
        );
        let mut trainer = self.torch_trainer()?;
        let begin = Instant::now();
        let mut last = None;
        trainer.run(0, self.project.compiled.steps, self.project.task.checkpoints.interval, |_, state, loss| {
            std::hint::black_box(state.root());
            last = Some((state, loss));
            Ok::<_, TorchError>(())
        })?;
        let time = begin.elapsed();
        let (state, loss) = last.context("no steps")?;
        let accuracy = self.project.compiled.evaluator()?.accuracy(&state, self.project.compiled.evaluation_batches)?;
        println!("libtorch with checkpoints: {accuracy}, loss {loss:.4}, {:.2} s", time.as_secs_f64());
        Ok(())
    }

    /// The jittered trainer with another learning rate and strength of jitter.
    #[cfg(feature = "torch")]
    fn variant(&self, factor: f32, strength: i8) -> Result<assay_engine::exec::Executor> {
        use assay_core::graph::Op;
        let mut program = self.project.compiled.jitter.clone();
        for node in &mut program.nodes {
            match &mut node.op {
                Op::Schedule { base, end, .. } => {
                    for rate in [base, end] {
                        *rate = assay_core::arith::F32((f32::from_bits(rate.0) * factor).to_bits());
                    }
                }
                Op::Jitter { exponent, .. } => *exponent = strength,
                _ => {}
            }
        }
        Ok(assay_engine::exec::Executor::new(program, self.project.compiled.training_data())?)
    }

    /// Distances as a verifier measures them, over all segments of a libtorch run.
    #[cfg(feature = "torch")]
    fn drift(&self) -> Result<()> {
        use assay_engine::state::State;
        use assay_engine::torch::TorchError;
        let mut checkpoints = vec![self.project.compiled.start.clone()];
        let interval = self.project.task.checkpoints.interval;
        let mut trainer = self.torch_trainer()?;
        trainer.run(0, self.project.compiled.steps, interval, |_, state, _| {
            checkpoints.push(state);
            Ok::<_, TorchError>(())
        })?;
        let mut honest = self.project.compiled.trainer()?.with_threads(self.threads)?;
        let mut jittered = self.project.compiled.jittered_trainer()?.with_threads(self.threads)?;
        let mut meter = self.project.compiled.meter()?;
        let mut variants = [self.variant(1.0, -16)?, self.variant(1.01, -22)?, self.variant(1.1, -22)?];
        let mut rows = Vec::new();
        for (segment, ends) in (0_u64..).zip(checkpoints.windows(2)) {
            let first = segment * u64::from(interval);
            let steps = u64::from(interval).min(self.project.compiled.steps - first);
            let run = |executor: &mut assay_engine::exec::Executor, first: u64, steps: u64| -> Result<State> {
                let mut state = ends[0].clone();
                executor.run_segment(&mut state, first, steps, |_| ControlFlow::Continue(()))?;
                Ok(state)
            };
            let replayed = run(&mut honest, first, steps)?;
            let skip_last = run(&mut honest, first, steps - 1)?;
            let skip_first = run(&mut honest, first + 1, steps - 1)?;
            let jitter = run(&mut jittered, first, steps)?;
            let mut value = |claimed: &State| -> Result<f64> {
                Ok(f32::from_bits(meter.distance(&ends[0], &replayed, claimed)?.0).into())
            };
            let others = variants.iter_mut().map(|variant| run(variant, first, steps)).collect::<Result<Vec<_>>>()?;
            let claims = [&ends[1], &jitter, &others[0], &skip_last, &skip_first, &others[1], &others[2], &ends[0]];
            let values: Vec<f64> = claims.into_iter().map(&mut value).collect::<Result<_>>()?;
            rows.push(values);
        }
        const NAMES: [&str; 8] = [
            "libtorch",
            "jitter",
            "jitter of 2^-16",
            "last step skipped",
            "first step skipped",
            "rate + 1 %",
            "rate + 10 %",
            "nothing done",
        ];
        for (name, column) in NAMES.into_iter().zip(0..) {
            let mut values: Vec<f64> = rows.iter().map(|row| row[column]).collect();
            let first = values[0];
            values.sort_unstable_by(f64::total_cmp);
            let at = |q: f64| values[((values.len() - 1) as f64 * q) as usize];
            println!(
                "d² {name}: segment 0 {first:.2e}, min {:.2e}, median {:.2e}, p90 {:.2e}, p99 {:.2e}, max {:.2e}",
                at(0.0),
                at(0.5),
                at(0.9),
                at(0.99),
                at(1.0)
            );
        }
        let ratio = rows.iter().map(|row| row[0] / row[1]).fold(0.0, f64::max);
        let from_first = rows.iter().map(|row| row[0] / rows[0][1]).fold(0.0, f64::max);
        println!(
            "greatest d² of libtorch: {ratio:.1} times its own segment's jitter, {from_first:.1} times segment 0's"
        );
        if let Some(path) = std::env::var_os("DRIFT_CSV") {
            let lines = rows.iter().map(|row| row.iter().map(|x| format!("{x:e}")).collect::<Vec<_>>().join(","));
            std::fs::write(path, lines.collect::<Vec<_>>().join("\n"))?;
        }
        Ok(())
    }
}
