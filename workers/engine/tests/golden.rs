//! Every example's first state roots, as checked in: no machine, no number of threads and no later version may change
//! them.
mod common;

use assay_engine::compile::Compiled;
use assay_engine::exec::Isa;
use common::{folder, Example, EXAMPLES};
use serde_json::{json, Value as Json};
use std::path::Path;

/// Steps whose states are recorded.
const STEPS: u64 = 20;

/// Steps that are checked: all, or the first `ASSAY_GOLDEN_STEPS`, for a processor that is emulated (`scripts/neon`,
/// `scripts/avx512`).
fn steps() -> u64 {
    std::env::var("ASSAY_GOLDEN_STEPS").map_or(STEPS, |steps| steps.parse().unwrap()).clamp(1, STEPS)
}

/// What is compiled from an example, and the data that it can be checked on.
fn programs(name: &str) -> Vec<(&'static str, Compiled)> {
    let example = Example::read(name);
    let mut all = vec![("synthetic", example.synthetic())];
    match example.real() {
        Ok(real) => all.push(("real", real)),
        Err(error) => eprintln!("{name}: skipped on its real data: {error}"),
    }
    all
}

fn roots(compiled: &Compiled, isa: Isa, threads: usize, steps: u64) -> Vec<String> {
    let mut trainer = compiled.trainer().unwrap().with_isa(isa).with_threads(threads).unwrap();
    let mut state = compiled.start.clone();
    let mut roots = vec![state.root().to_string()];
    for step in 0..steps {
        trainer.step(&mut state, step).unwrap();
        roots.push(state.root().to_string());
    }
    roots
}

fn golden(folder: &Path) -> Json {
    serde_json::from_slice(&std::fs::read(folder.join("golden.json")).unwrap()).unwrap()
}

#[test]
fn every_example_on_every_machine() {
    let steps = steps();
    for name in EXAMPLES {
        let golden = golden(&folder(name));
        for (key, compiled) in programs(name) {
            let mut expected: Vec<String> = serde_json::from_value(golden[key]["state_roots"].clone()).unwrap();
            assert_eq!(expected.len() as u64, STEPS + 1, "{name}, {key}");
            expected.truncate(steps as usize + 1);
            assert_eq!(compiled.step.root().to_string(), golden[key]["program"], "{name}, {key}: the program");
            for isa in Isa::available().filter(|&isa| isa != Isa::Portable) {
                for threads in [1, 2] {
                    let roots = roots(&compiled, isa, threads, steps);
                    assert_eq!(roots, expected, "{name}, {key} on {isa:?} with {threads} threads");
                }
            }
            let roots = roots(&compiled, Isa::Portable, 2, steps);
            assert_eq!(roots, expected, "{name}, {key} on any machine");
        }
    }
}

/// `ASSAY_BLESS=1 cargo test --release -p assay-engine --test golden -- --ignored` writes every example's golden.json
/// anew, after a deliberate change; it needs all data (`scripts/examples`).
#[test]
#[ignore = "writes, not checks"]
fn write() {
    assert!(std::env::var_os("ASSAY_BLESS").is_some());
    for name in EXAMPLES {
        let entry = |compiled: &Compiled| json!({ "program": compiled.step.root().to_string(), "state_roots": roots(compiled, Isa::best(), 1, STEPS) });
        let all = programs(name);
        assert_eq!(all.len(), 2, "{name}: its data isn't there");
        let golden: serde_json::Map<String, Json> =
            all.iter().map(|(key, compiled)| ((*key).into(), entry(compiled))).collect();
        let text = serde_json::to_string_pretty(&golden).unwrap() + "\n";
        std::fs::write(folder(name).join("golden.json"), text).unwrap();
    }
}
