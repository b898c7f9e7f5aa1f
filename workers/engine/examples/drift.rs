//! Distances between libtorch's training and reproducible replays of it, segment by segment: what a verifier of a tolerant
//! task measures, beside the profile that its threshold is made of and what some cheats would show.
//!
//! ```text
//! . scripts/env.sh && scripts/libtorch && scripts/examples
//! cargo run --release -p assay-engine --features torch --example drift -- examples/fashion-mlp [--threads 1]
//! ... drift -- examples/fashion-mlp --arithmetic bf16                     the task allows bfloat16
//! ... drift -- examples/fashion-mlp --solver bf16                         it doesn't, and libtorch takes it
//! ```
//! `DRIFT_CSV` names a file for the distances of all segments.
use anyhow::{Context, Result};
use assay_core::graph::Op;
use assay_core::protocol::Parameters;
use assay_engine::data::Roots;
use assay_engine::device::Device;
use assay_engine::exec::Executor;
use assay_engine::project::Project;
use assay_engine::state::State;
use assay_engine::task::{Arithmetic, Changes};
use assay_engine::torch::{set_threads, TorchError, TorchTrainer};
use std::ops::ControlFlow;
use std::path::Path;

struct Example {
    project: Project,
    threads: usize,
    /// libtorch's, if it isn't the task's.
    solver: Option<Arithmetic>,
}

fn main() -> Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut option = |name: &str| -> Result<Option<String>> {
        let Some(index) = arguments.iter().position(|argument| argument == name) else { return Ok(None) };
        Ok(Some(arguments.drain(index..(index + 2).min(arguments.len())).nth(1).context("an option without a value")?))
    };
    let threads = option("--threads")?.map_or(Ok(1), |threads| threads.parse())?;
    let arithmetic = option("--arithmetic")?.map(|name| named(&name)).transpose()?;
    let solver = option("--solver")?.map(|name| named(&name)).transpose()?;
    let folder = arguments.first().context("usage: drift FOLDER [--threads N] [--arithmetic NAME] [--solver NAME]")?;
    let (folder, changes) = (Path::new(folder), Changes { arithmetic, ..Changes::default() });
    let project = Project::open_with(folder, &Roots::standard(folder), changes)?;
    set_threads(threads);
    Example { project, threads, solver }.drift()
}

fn named(name: &str) -> Result<Arithmetic> {
    let all = [Arithmetic::Binary32, Arithmetic::Tf32, Arithmetic::Bf16];
    all.into_iter().find(|arithmetic| arithmetic.name() == name).with_context(|| format!("no arithmetic: {name}"))
}

impl Example {
    fn torch_trainer(&self) -> Result<TorchTrainer> {
        let Project { models, task, compiled, .. } = &self.project;
        let mut task = task.clone();
        task.terms.arithmetic = self.solver.unwrap_or(task.terms.arithmetic);
        Ok(TorchTrainer::new(&models.training, &task, &compiled.training_data(), &compiled.start, Device::Cpu)?)
    }

    /// The profile's trainer with another learning rate and strength of jitter.
    fn variant(&self, factor: f32, strength: i8) -> Result<Executor> {
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
        Ok(Executor::new(program, self.project.compiled.training_data())?)
    }

    /// Distances as a verifier measures them, over all segments of a libtorch run.
    fn drift(&self) -> Result<()> {
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
            let run = |executor: &mut Executor, first: u64, steps: u64| -> Result<State> {
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
            "profile",
            "profile with jitter of 2^-16",
            "last step skipped",
            "first step skipped",
            "rate + 1 %",
            "rate + 10 %",
            "nothing done",
        ];
        let tau2 = threshold(rows[0][1]);
        println!("threshold τ² {tau2:.2e}, of {} segments", rows.len());
        for (name, column) in NAMES.into_iter().zip(0..) {
            let mut values: Vec<f64> = rows.iter().map(|row| row[column]).collect();
            let first = values[0];
            values.sort_unstable_by(f64::total_cmp);
            let at = |q: f64| values[((values.len() - 1) as f64 * q) as usize];
            println!(
                "d² {name}: segment 0 {first:.2e}, min {:.2e}, median {:.2e}, p90 {:.2e}, p99 {:.2e}, max {:.2e}, above τ² {}",
                at(0.0),
                at(0.5),
                at(0.9),
                at(0.99),
                at(1.0),
                values.iter().filter(|&&value| value > tau2).count()
            );
        }
        let ratio = rows.iter().map(|row| row[0] / row[1]).fold(0.0, f64::max);
        let from_first = rows.iter().map(|row| row[0] / rows[0][1]).fold(0.0, f64::max);
        println!(
            "greatest d² of libtorch: {ratio:.1} times its own segment's profile, {from_first:.1} times segment 0's"
        );
        if let Some(path) = std::env::var_os("DRIFT_CSV") {
            let lines = rows.iter().map(|row| row.iter().map(|x| format!("{x:e}")).collect::<Vec<_>>().join(","));
            std::fs::write(path, lines.collect::<Vec<_>>().join("\n"))?;
        }
        Ok(())
    }
}

/// What the contract makes of a profile.
fn threshold(profile: f64) -> f64 {
    let [safety, floor, ceiling] = {
        let parameters = Parameters::default();
        [parameters.tau_safety2, parameters.tau_floor2, parameters.tau_ceiling2].map(|x| f64::from(f32::from_bits(x.0)))
    };
    (profile * safety).clamp(floor, ceiling)
}
