//! Suite `commit`: what a checkpoint costs: the state's root and the file, on one core.
//!
//! Nothing of libtorch's is like it, so that the bar is a speed. It is that of the thread's own processor time, writing
//! included, however busy the machine is; where there is memory to write to (/dev/shm), no disk is in it.
use crate::clock::Clock;
use crate::figure::{Bar, Figure};
use anyhow::Result;
use assay_core::graph::{Name, Shape, StateDecl};
use assay_engine::state::{Checkpoint, State};
use std::hint::black_box;
use std::path::{Path, PathBuf};

/// Tensors of the state.
const TENSORS: u32 = 16;
/// Elements of a tensor: a gibibyte in all.
const ELEMENTS: u32 = 1 << 24;
/// Bytes in a second of a core.
const BAR: f64 = 2.0;
/// Measurements of each.
const RUNS: u16 = 5;

/// Measures roots and files of a synthetic state.
///
/// # Errors
/// There is no place for it.
pub(crate) fn run(runs: u16) -> Result<Vec<Figure>> {
    eprintln!("bench: making up a state of a gibibyte");
    let checkpoint = Checkpoint { step: 1, state: state(TENSORS, ELEMENTS)? };
    let folder = tempfile::tempdir_in(place())?;
    let (path, plain) = (folder.path().join("checkpoint"), folder.path().join("plain"));
    let runs = runs.max(RUNS);
    let mut seconds: [Vec<f64>; 4] = Default::default();
    // A solver keeps it from checkpoint to checkpoint; the first time isn't measured.
    let mut buffer = Vec::new();
    checkpoint.commit_to(&mut buffer);
    for run in 1..=runs {
        eprintln!("bench: roots and files, {run} of {runs}");
        let state = &checkpoint.state;
        let [root, file, whole, memory] = &mut seconds;
        let kept = |root| {
            black_box(root);
            Ok(())
        };
        root.push(timed(|| kept(state.root()))?);
        file.push(timed(|| write(state, &plain))?);
        std::fs::remove_file(&plain)?;
        whole.push(timed(|| kept(checkpoint.write_file(&path)?))?);
        std::fs::remove_file(&path)?;
        memory.push(timed(|| kept(checkpoint.commit_to(&mut buffer)))?);
    }
    let bytes = f64::from(TENSORS) * f64::from(ELEMENTS) * 4.0;
    let figure = |name: &str, seconds: &[f64]| {
        let speeds = seconds.iter().map(|seconds| bytes / 1e9 / seconds).collect();
        Figure::median(format!("a state of 1 GiB, one core/{name}"), speeds, "GB/s")
    };
    let [root, file, whole, memory] = &seconds;
    let place = place().display().to_string();
    Ok(vec![
        figure("root", root).bar(Bar::ValueAtLeast(BAR)).note("BLAKE3 of all tensors"),
        figure("file alone", file).note(format!("the same bytes, not hashed, to {place}")),
        figure("root and file", whole).bar(Bar::ValueAtLeast(BAR)).note(format!("a checkpoint, to {place}")),
        figure("root and file in memory", memory).note("a checkpoint, as a solver hands it to the store"),
    ])
}

/// Where files lie in memory, if the machine has such a place.
fn place() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        memory.into()
    } else {
        std::env::temp_dir()
    }
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

fn write(state: &State, path: &Path) -> Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::File::create(path)?;
    (0..state.len()).try_for_each(|index| file.write_all(state.bytes(index)))?;
    Ok(file.sync_all()?)
}

/// Seconds of this thread's processor time.
fn timed(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    Ok(Clock::Thread.time(work)?.as_secs_f64())
}
