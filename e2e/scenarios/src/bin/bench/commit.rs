//! Suite `commit`: what a checkpoint costs: the state's root and the file, on one core.
//!
//! Nothing of libtorch's is like it, so that the bar is a speed. It is that of the process' own processor time, writing
//! included, however busy the disk is; what the wall's clock says stands beside it. Each measurement waits for a moment in
//! which nobody else computes on the core, as half a core's time would count as a core's.
use crate::clock::Clock;
use crate::figure::{Bar, Figure};
use crate::quiet::Quiet;
use anyhow::Result;
use assay_core::graph::{Name, Shape, StateDecl};
use assay_engine::state::{Checkpoint, State};
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

/// Tensors of the state.
const TENSORS: u32 = 16;
/// Elements of a tensor: a gibibyte in all.
const ELEMENTS: u32 = 1 << 24;
/// Bytes in a second of a core.
const BAR: f64 = 2.0;
/// Measurements of each.
const RUNS: u16 = 5;
/// How long each waits for a quiet moment at most.
const PATIENCE: Duration = Duration::from_secs(2);

/// Measures roots and files of a synthetic state.
///
/// # Errors
/// There is no place for it.
pub(crate) fn run(runs: u16) -> Result<Vec<Figure>> {
    eprintln!("bench: making up a state of a gibibyte");
    let checkpoint = Checkpoint { step: 1, state: state(TENSORS, ELEMENTS)? };
    let (runs, quiet) = (runs.max(RUNS), &mut Quiet::new(1));
    let [mut root, mut memory]: [Vec<f64>; 2] = Default::default();
    // A solver keeps it from checkpoint to checkpoint; the first time isn't measured.
    let mut buffer = Vec::new();
    checkpoint.commit_to(&mut buffer);
    for run in 1..=runs {
        eprintln!("bench: roots, {run} of {runs}");
        root.push(timed(quiet, || Ok(checkpoint.state.root()))?.core);
        memory.push(timed(quiet, || Ok(checkpoint.commit_to(&mut buffer)))?.core);
    }
    drop(buffer);
    let mut figures = vec![
        figure("root", &root).bar(Bar::ValueAtLeast(BAR)).note("BLAKE3 of all tensors"),
        figure("root and file in memory", &memory).note("a checkpoint, as a solver hands it to the store"),
    ];
    let disk = std::env::temp_dir();
    let [core, wall] = files(&checkpoint, "a disk", &disk, runs, quiet)?;
    figures.extend([core.bar(Bar::ValueAtLeast(BAR)), wall]);
    let shared = Path::new("/dev/shm");
    if shared.is_dir() {
        figures.extend(files(&checkpoint, "memory", shared, runs, quiet)?);
    }
    Ok(figures)
}

/// Checkpoints written to a folder: bytes in a second of a core, and of the wall's clock.
fn files(checkpoint: &Checkpoint, what: &str, folder: &Path, runs: u16, quiet: &mut Quiet) -> Result<[Figure; 2]> {
    let place = tempfile::tempdir_in(folder)?;
    let path = place.path().join("checkpoint");
    let one = |run| {
        eprintln!("bench: files on {what}, {run} of {runs}");
        let seconds = timed(quiet, || Ok(checkpoint.write_file(&path)?))?;
        std::fs::remove_file(&path)?;
        Ok(seconds)
    };
    let seconds = (1..=runs).map(one).collect::<Result<Vec<Seconds>>>()?;
    let each = |of: fn(&Seconds) -> f64| seconds.iter().map(of).collect::<Vec<f64>>();
    Ok([
        figure(&format!("root and file on {what}"), &each(|seconds| seconds.core))
            .note(format!("a checkpoint in {}, synced", folder.display())),
        figure(&format!("root and file on {what}, by the wall's clock"), &each(|seconds| seconds.wall)),
    ])
}

fn figure(name: &str, seconds: &[f64]) -> Figure {
    let bytes = f64::from(TENSORS) * f64::from(ELEMENTS) * 4.0;
    let speeds = seconds.iter().map(|seconds| bytes / 1e9 / seconds).collect();
    Figure::median(format!("a state of 1 GiB, one core/{name}"), speeds, "GB/s")
}

/// A state of so many tensors of so many numbers, which no two tensors share.
///
/// # Errors
/// A size that no tensor has.
pub(crate) fn state(tensors: u32, elements: u32) -> Result<State> {
    let decl = |index| Ok(StateDecl { name: Name::new(format!("tensor {index}"))?, shape: Shape::new(&[elements])? });
    let decls = (0..tensors).map(decl).collect::<Result<Vec<_>>>()?;
    let tensor =
        |index: u32| (0..elements).map(|at| f32::from_bits(0x3f80_0000 | (at ^ index << 18) & 0x7f_ffff)).collect();
    Ok(State::new(decls, (0..tensors).map(tensor).collect())?)
}

/// What something took.
struct Seconds {
    /// Of a core, all threads together.
    core: f64,
    /// Of the wall's clock.
    wall: f64,
}

fn timed<R>(quiet: &mut Quiet, work: impl FnOnce() -> Result<R>) -> Result<Seconds> {
    let mut patience = PATIENCE;
    quiet.wait(&mut patience);
    let begins = [Clock::Process, Clock::Wall].map(|clock| (clock, clock.now()));
    black_box(work()?);
    let [core, wall] = begins.map(|(clock, begin)| clock.now().saturating_sub(begin).as_secs_f64());
    Ok(Seconds { core, wall })
}
