//! How work units compare with time: every example's training step on one thread, as a whole and node by node.
//!
//! ```text
//! . scripts/env.sh && scripts/examples
//! cargo run --release -p assay-engine --example calibrate -- [--rounds N] [--nodes] examples/*/
//! ```
//! Rounds go over all examples in turn, so that whatever else the machine does falls on all of them. In a round an
//! example makes steps for a fifth of a second: every other one as a whole, the others node by node, with the clock read
//! behind each. The clock is the thread's processor time, less what reading it takes. Of each, the median counts. `--nodes` also
//! prints a line for each node: nanoseconds, units, what it is.
use anyhow::{ensure, Context, Result};
use assay_core::graph::{Node, Op};
use assay_engine::exec::Executor;
use assay_engine::project::Project;
use assay_engine::state::State;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// How long an example runs in a round.
const TURN: Duration = Duration::from_millis(200);
/// Steps of a turn that aren't measured: the caches still hold another example.
const WARM: u64 = 2;
/// What the price may be off.
const BAR: f64 = 0.3;

struct Example {
    name: String,
    executor: Executor,
    /// The same, node by node.
    single: Executor,
    state: State,
    steps: u64,
    /// The step that comes next.
    step: u64,
    /// Nanoseconds of whole steps.
    whole: Vec<f64>,
    /// Of every node.
    nodes: Vec<Vec<f64>>,
}

fn main() -> Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut rounds = 15;
    if let Some(at) = arguments.iter().position(|argument| argument == "--rounds") {
        rounds = arguments.get(at + 1).context("--rounds needs a number")?.parse()?;
        arguments.drain(at..at + 2);
    }
    let lists_nodes = arguments.iter().any(|argument| argument == "--nodes");
    arguments.retain(|argument| argument != "--nodes");
    ensure!(!arguments.is_empty(), "usage: calibrate [--rounds N] [--nodes] FOLDER...");
    let mut examples = arguments.iter().map(|folder| Example::open(Path::new(folder))).collect::<Result<Vec<_>>>()?;
    let clock = clock();
    for _ in 0..rounds {
        for example in &mut examples {
            example.turn(clock)?;
        }
    }
    if lists_nodes {
        examples.iter().for_each(Example::print_nodes);
    }
    families(&examples);
    models(&examples);
    Ok(())
}

/// Nanoseconds that this thread has run.
fn now() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// Nanoseconds between two readings of the clock.
fn clock() -> f64 {
    let between = |_| {
        let begin = now();
        now() - begin
    };
    median(&(0..1001).map(between).collect::<Vec<_>>())
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

impl Example {
    fn open(folder: &Path) -> Result<Example> {
        let Project { task, compiled, .. } =
            Project::open(folder).with_context(|| format!("cannot use {}", folder.display()))?;
        let (executor, single) = (compiled.trainer()?, compiled.trainer()?.node_by_node());
        let nodes = vec![Vec::new(); executor.program().nodes.len()];
        let (state, steps) = (compiled.start.clone(), compiled.steps);
        Ok(Example { name: task.name, executor, single, state, steps, step: 0, whole: Vec::new(), nodes })
    }

    fn turn(&mut self, clock: f64) -> Result<()> {
        let end = now() + TURN.as_nanos() as f64;
        for turn in 0.. {
            let step = self.step % self.steps;
            self.step += 1;
            if turn < WARM {
                self.executor.step(&mut self.state, step)?;
            } else if turn % 2 == 0 {
                let begin = now();
                self.executor.step(&mut self.state, step)?;
                self.whole.push(now() - begin - clock);
            } else {
                let (nodes, mut last) = (&mut self.nodes, now());
                self.single.step_observed(&mut self.state, step, |index| {
                    let time = now() - last - clock;
                    nodes[index].push(time);
                    last = now();
                })?;
            }
            if turn > WARM + 1 && now() >= end {
                break;
            }
        }
        Ok(())
    }

    /// Every node with its nanoseconds.
    fn timed(&self) -> impl Iterator<Item = (&Node, f64)> {
        self.executor.program().nodes.iter().zip(self.nodes.iter().map(|times| median(times)))
    }

    fn print_nodes(&self) {
        for (node, time) in self.timed() {
            let inputs: Vec<String> = node.inputs.iter().map(|input| input.shape.to_string()).collect();
            let op = match node.op {
                Op::MatMul { trans_a, trans_b } => format!("matmul {trans_a} {trans_b}"),
                Op::Map { function, .. } => format!("map {}", function.name()),
                op => op.name().to_owned(),
            };
            println!("{}\t{time:.0}\t{}\t{op}\t{}\t{}", self.name, node.work(), inputs.join(" x "), node.shape);
        }
        println!();
    }
}

/// What every family of operators takes, over all examples.
fn families(examples: &[Example]) {
    let mut families: BTreeMap<&str, (usize, f64, u64)> = BTreeMap::new();
    for (node, time) in examples.iter().flat_map(Example::timed) {
        let name = if matches!(node.op, Op::Map { .. }) { "map" } else { node.op.name() };
        let (nodes, ns, work) = families.entry(name).or_default();
        (*nodes, *ns, *work) = (*nodes + 1, *ns + time, *work + node.work());
    }
    println!("{:<18} {:>6} {:>12} {:>14} {:>14}", "family", "nodes", "us", "units", "ps per unit");
    for (name, (nodes, ns, work)) in families {
        println!("{name:<18} {nodes:>6} {:>12.1} {work:>14} {:>14.2}", ns / 1e3, ns * 1e3 / work as f64);
    }
    println!();
}

/// What every example's step takes, and how far its price is off.
fn models(examples: &[Example]) {
    let rates = examples.iter().map(|example| median(&example.whole) / example.executor.program().work() as f64);
    let rates: Vec<f64> = rates.collect();
    let mean = (rates.iter().map(|rate| rate.ln()).sum::<f64>() / rates.len() as f64).exp();
    println!(
        "{:<18} {:>6} {:>6} {:>12} {:>16} {:>14} {:>14} {:>10}",
        "example", "nodes", "steps", "us per step", "sum of nodes, us", "units", "ps per unit", "off"
    );
    for (example, rate) in examples.iter().zip(&rates) {
        let off = rate / mean - 1.0;
        println!(
            "{:<18} {:>6} {:>6} {:>12.1} {:>16.1} {:>14} {:>14.2} {:>+8.1} %{}",
            example.name,
            example.nodes.len(),
            example.whole.len(),
            median(&example.whole) / 1e3,
            example.timed().map(|(_, time)| time).sum::<f64>() / 1e3,
            example.executor.program().work(),
            rate * 1e3,
            off * 100.0,
            if off.abs() > BAR { "  beyond the bar" } else { "" }
        );
    }
    println!("geometric mean {:.2} ps per unit; bar +-{:.0} %", mean * 1e3, BAR * 100.0);
}
