//! Products of square matrices: how long ours take, and cuBLAS.
use crate::cublas::{matrices, Cublas};
use crate::Options;
use anyhow::Result;
use assay_core::graph::function::Function;
use assay_core::graph::{Input, Name, Node, Op, Program, Shape, StateDecl};
use assay_engine::cuda::{CudaExecutor, Gpu};
use assay_engine::state::State;
use serde_json::{json, Value};
use std::time::Instant;

/// Products of one measurement: their launches follow each other.
const REPEATS: u32 = 20;
/// Measurements, of which the median counts.
const ROUNDS: usize = 9;

/// A step of so many products of the state's two matrices, which it leaves as they are.
fn program(n: u32, (trans_a, trans_b): (bool, bool), products: u32) -> Result<Program> {
    let shape = Shape::new(&[n, n])?;
    let node = |op, inputs| Node { name: Name::default(), op, inputs, shape };
    let inputs = [Input::state(0, shape), Input::state(1, shape)];
    let product = || node(Op::MatMul { trans_a, trans_b }, inputs.to_vec());
    let copies = inputs.iter().map(|&input| node(Op::map(Function::Copy), vec![input]));
    let state = |name: &str| Ok::<_, anyhow::Error>(StateDecl { name: Name::new(name)?, shape });
    let nodes = (0..products).map(|_| product()).chain(copies).collect();
    Ok(Program { states: vec![state("a")?, state("b")?], data: vec![], nodes })
}

/// The median of several measurements.
fn median(mut measure: impl FnMut() -> Result<f64>) -> Result<f64> {
    measure()?;
    let mut all = (0..ROUNDS).map(|_| measure()).collect::<Result<Vec<f64>>>()?;
    all.sort_by(f64::total_cmp);
    Ok(all[ROUNDS / 2])
}

/// Seconds of a step.
fn step(options: &Options, program: Program) -> Result<f64> {
    let values = |seed: f32| move |i: u64| (i as f32 * seed).sin();
    let tensor = |state: &StateDecl, seed| (0..state.shape.elements()).map(values(seed)).collect();
    let tensors = vec![tensor(&program.states[0], 0.3), tensor(&program.states[1], 0.7)];
    let state = State::new(program.states.clone(), tensors)?;
    let mut executor = CudaExecutor::new(program, [], options.device)?;
    executor.load(&state)?;
    median(|| {
        let begin = Instant::now();
        executor.step(0)?;
        executor.wait()?;
        Ok(begin.elapsed().as_secs_f64())
    })
}

/// Times all sizes.
pub(crate) fn time(options: &Options, say: impl Fn(&str)) -> Result<Vec<Value>> {
    let mut gpu = Gpu::new(options.device)?;
    let cublas = Cublas::load();
    if let Err(error) = &cublas {
        eprintln!("no cuBLAS to compare with: {error:#}");
    }
    let mut all = Vec::new();
    for n in [512, 1024, 2048, 4096_u32] {
        let places = matrices(&mut gpu, n)?;
        for (name, turned) in [("nn", (false, false)), ("nt", (false, true)), ("tn", (true, false))] {
            let rest = step(options, program(n, turned, 0)?)?;
            let ours = (step(options, program(n, turned, REPEATS)?)? - rest) / f64::from(REPEATS);
            let theirs = match &cublas {
                Ok(cublas) => Some(median(|| cublas.time(&mut gpu, places, n, turned, REPEATS))?),
                Err(_) => None,
            };
            let flops = 2.0 * f64::from(n).powi(3);
            let ratio = theirs.map(|theirs| theirs / ours);
            let beside = match (theirs, ratio) {
                (Some(theirs), Some(ratio)) => {
                    format!(", cuBLAS {:.2}: {ratio:.2} of its speed", flops / theirs / 1e12)
                }
                _ => String::new(),
            };
            say(&format!("{n}³ {name}: {:.3} ms, {:.2} TFLOP/s{beside}", ours * 1e3, flops / ours / 1e12));
            all.push(json!({ "n": n, "operands": name, "seconds": ours, "cublas_seconds": theirs, "ratio": ratio }));
        }
    }
    Ok(all)
}
