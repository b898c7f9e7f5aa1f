//! Whether a GPU gives the CPU's bits, and how fast it is:
//!
//! ```text
//! . scripts/env.sh && scripts/nvrtc
//! cargo run --release -p assay-engine --features cuda --example cuda -- [--json] [--steps N] [--seeds N] [--device N] [--emulated]
//! ```
//! First programs of random nodes of every operator, output by output; then the examples' training steps on synthetic
//! data, state root by state root; then products of square matrices beside cuBLAS. Ends with an error if a bit differs.
//! `--emulated` does the first two without a GPU. cuBLAS (`ASSAY_CUBLAS`, or where the system's loader finds it) may be
//! missing; then nothing is compared.
#[path = "../../tests/common/mod.rs"]
mod common;
mod cublas;
mod operators;
mod products;
mod programs;

use anyhow::{ensure, Context, Result};
use assay_engine::cuda::{Device, Emulated, Gpu};
use serde_json::json;

/// What was asked for.
struct Options {
    json: bool,
    steps: u64,
    seeds: u64,
    device: usize,
    emulated: bool,
}

impl Options {
    fn parse() -> Result<Options> {
        let mut options = Options { json: false, steps: 3, seeds: 20, device: 0, emulated: false };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut number = || arguments.next().with_context(|| format!("{argument} needs a number"));
            match argument.as_str() {
                "--json" => options.json = true,
                "--emulated" => options.emulated = true,
                "--steps" => options.steps = number()?.parse()?,
                "--seeds" => options.seeds = number()?.parse()?,
                "--device" => options.device = number()?.parse()?,
                other => anyhow::bail!("what is {other}? There are --json, --steps, --seeds, --device and --emulated"),
            }
        }
        Ok(options)
    }

    fn device(&self) -> Result<Box<dyn Device>> {
        Ok(match self.emulated {
            true => Box::new(Emulated::new(4)),
            false => Box::new(Gpu::new(self.device)?),
        })
    }
}

fn main() -> Result<()> {
    let options = Options::parse()?;
    let name = options.device()?.name();
    let say = |line: &str| {
        if !options.json {
            println!("{line}")
        }
    };
    say(&format!("device: {name}"));
    let mut wrong = 0;
    let mut operators = 0;
    for seed in 0..options.seeds {
        let result = operators::check(options.device()?, seed)?;
        operators += result.nodes;
        wrong += result.wrong.len();
        result.wrong.iter().for_each(|node| eprintln!("differs, seed {seed}: {node}"));
    }
    say(&format!("operators: {operators} random nodes, {wrong} differ"));
    let mut examples = Vec::new();
    for name in common::EXAMPLES {
        let result = programs::check(options.device()?, name, options.steps)?;
        wrong += usize::from(!result.equal);
        let verdict = if result.equal { "the same states" } else { "OTHER STATES" };
        let (gpu, cpu) = (result.device_ms, result.cpu_ms);
        say(&format!("{name}: {verdict} for {} steps; {gpu:.2} ms a step, one CPU core {cpu:.2} ms", options.steps));
        examples.push(json!({ "name": name, "equal": result.equal, "device_ms": gpu, "cpu_ms": cpu }));
    }
    let timings = if options.emulated { Vec::new() } else { products::time(&options, say)? };
    if options.json {
        let all = json!({ "device": name, "random_nodes": operators, "examples": examples, "differences": wrong, "gemm": timings });
        println!("{}", serde_json::to_string_pretty(&all)?);
    }
    ensure!(wrong == 0, "{wrong} differences");
    Ok(())
}
