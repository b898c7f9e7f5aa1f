//! Reshape, Transpose, Slice, Pad and Concat.
use super::{elements, Launch, Launches, Places, Plan, THREADS};
use crate::cuda::args::{Concat, Move, Pad, Turn};
use crate::cuda::axes::{merged, strides, Axes, Axis, Length};
use crate::cuda::device::{Address, Device};
use crate::cuda::source::Kernels;
use crate::cuda::CudaError;
use assay_core::graph::{Node, Op};

/// Items of both axes from which on turning them in shared memory is worth it.
const WORTH_TURNING: u32 = 8;
/// Side of a tile that is turned.
const SIDE: u32 = 32;

enum Movement {
    Move(Launch, Move),
    Turn(Launch, Turn),
    Pad(Launch, Pad),
    Concat(Launch, Concat),
}

pub(super) fn plan(node: &Node, kernels: &mut Kernels) -> Option<Plan> {
    let dims = node.shape.dims();
    let input = node.inputs.first()?.shape.dims();
    let n = elements(dims);
    let movement = match node.op {
        Op::Reshape => moved(&[], 0, n, kernels),
        Op::Transpose { perm } => {
            let of_x = strides(input);
            let of_y = perm.iter().take(dims.len()).map(|&axis| of_x.get(usize::from(axis)).copied());
            let axes = merged(dims, &[of_y.collect::<Option<Vec<_>>>()?, strides(dims)]);
            turned(&axes, kernels).unwrap_or_else(|| moved(&axes, 0, n, kernels))
        }
        Op::Slice { axis, start, step } => {
            let mut of_x = strides(input);
            let stride = of_x.get_mut(usize::from(axis))?;
            let first = start * *stride;
            // Of one item, the step is never taken, and may be of any size.
            *stride = stride.saturating_mul(step);
            moved(&merged(dims, &[of_x]), first, n, kernels)
        }
        Op::Pad { axis, start, step } => {
            let at = usize::from(axis);
            let args = Pad {
                x: Address::default(),
                y: Address::default(),
                n,
                start,
                step,
                items: *input.get(at)?,
                step_length: Length::new(step.min(1 << 31)),
                inner: Length::new(elements(dims.get(at + 1..)?)),
                axis: Length::new(*dims.get(at)?),
                fill: 0,
            };
            Movement::Pad(Launch::over(kernels.plain("pad"), n), args)
        }
        Op::Concat { axis } => {
            let runs = |dims: &[u32]| dims.get(usize::from(axis)..).map(elements);
            let (a_run, b_run) = (runs(input)?, runs(node.inputs.get(1)?.shape.dims())?);
            let (a, b, y) = (Address::default(), Address::default(), Address::default());
            let args = Concat { a, b, y, n, a_run, b_run, run: Length::new(a_run + b_run) };
            Movement::Concat(Launch::over(kernels.plain("concat"), n), args)
        }
        _ => return None,
    };
    Some(Plan::new(movement))
}

/// From wherever these axes of the output lead in the input.
fn moved(axes: &[Axis], first: u32, n: u32, kernels: &mut Kernels) -> Movement {
    let is_copy = match axes {
        [] => true,
        [axis] => axis.strides[0] == 1,
        _ => false,
    };
    let kernel = if is_copy && first == 0 { "copy" } else { "strided" };
    let args = Move { x: Address::default(), y: Address::default(), n, first, axes: Axes::new(axes), fill: 0 };
    Movement::Move(Launch::over(kernels.plain(kernel), n), args)
}

/// Where the input's innermost axis isn't the output's: these two turned, for all items of the others.
fn turned(axes: &[Axis], kernels: &mut Kernels) -> Option<Movement> {
    let (columns, others) = axes.split_first()?;
    let at = others.iter().position(|axis| axis.strides[0] == 1)?;
    let rows = others[at];
    if rows.len < WORTH_TURNING || columns.len < WORTH_TURNING {
        return None;
    }
    let others: Vec<Axis> =
        others.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, &axis)| axis).collect();
    let (across, down) = (rows.len.div_ceil(SIDE), columns.len.div_ceil(SIDE));
    let args = Turn {
        x: Address::default(),
        y: Address::default(),
        tiles_across: Length::new(across),
        tiles: Length::new(across * down),
        rows: rows.len,
        columns: columns.len,
        x_column: columns.strides[0],
        y_row: rows.strides[1],
        others: Axes::new(&others),
        fill: 0,
    };
    let matrices: u32 = others.iter().map(|axis| axis.len).product();
    let launch = Launch { kernel: kernels.plain("turn"), blocks: across * down * matrices, threads: THREADS };
    Some(Movement::Turn(launch, args))
}

impl Launches for Movement {
    unsafe fn launch(&self, device: &mut dyn Device, at: &Places, _: u64) -> Result<(), CudaError> {
        let ([x, b, ..], y) = (at.inputs, at.output);
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Movement::Move(launch, args) => launch.run(device, &Move { x, y, ..*args }),
                Movement::Turn(launch, args) => launch.run(device, &Turn { x, y, ..*args }),
                Movement::Pad(launch, args) => launch.run(device, &Pad { x, y, ..*args }),
                Movement::Concat(launch, args) => launch.run(device, &Concat { a: x, b, y, ..*args }),
            }
        }
    }
}
