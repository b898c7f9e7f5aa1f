//! What depends on the step: Gather, Jitter, Dropout, Schedule and BiasCorrection.
use super::{elements, Launch, Launches, Places, Plan};
use crate::cuda::args::{Constant, Drawn, Gather, Order};
use crate::cuda::axes::Length;
use crate::cuda::device::{Address, Device};
use crate::cuda::source::Kernels;
use crate::cuda::CudaError;
use assay_core::arith::{add, from_i32, max, scale_b, F32};
use assay_core::graph::{
    bias_correction, epoch_seed, scheduled, steps_per_epoch, Dtype, Node, Op, ScheduleKind, DROPOUT_STREAM,
};

/// A batch: first the numbers of its rows, in the workspace.
struct Batch {
    order: Launch,
    gather: Launch,
    args: Gather,
    seed: u64,
    of_data: u32,
    batch: u32,
    part: u16,
    parts: u16,
}

/// Elements times factors that are drawn.
struct Factors {
    launch: Launch,
    args: Drawn,
    /// The stream of step 0.
    stream: u64,
}

/// A number.
struct Number {
    launch: Launch,
    of: NumberOf,
}

#[derive(Clone, Copy)]
enum NumberOf {
    Schedule { kind: ScheduleKind, range: (F32, F32), times: (u32, u32) },
    BiasCorrection { beta: u64 },
}

pub(super) fn plan(node: &Node, kernels: &mut Kernels) -> Option<Plan> {
    let n = elements(node.shape.dims());
    let (x, y) = (Address::default(), Address::default());
    let factors = |name: &str, kernels: &mut Kernels, seed, stream, keep_below, factors| {
        let args = Drawn { x, y, seed, stream, n, keep_below, factors, fill: 0 };
        Plan::new(Factors { launch: Launch::over(kernels.plain(name), n), args, stream })
    };
    Some(match node.op {
        Op::Gather { seed, rows, scale, shift, part, parts } => {
            let [batch, row @ ..] = node.shape.dims() else { return None };
            let kernel = match node.inputs.first()?.dtype {
                Dtype::U8 => kernels.plain("gather_bytes"),
                Dtype::F32 => kernels.plain("gather_floats"),
            };
            let row = Length::new(elements(row));
            let args = Gather { x, rows: x, y, n, scale: scale.0, shift: shift.0, row };
            let order = Launch::over(kernels.plain("order"), *batch);
            let gather = Launch::over(kernel, n);
            let launches = Batch { order, gather, args, seed, of_data: rows, batch: *batch, part, parts };
            Plan::with_workspace(launches, u64::from(*batch) * 8)
        }
        Op::Jitter { seed, exponent } => {
            let factor = |sign| add(F32::ONE, scale_b(from_i32(sign), exponent.into())).0;
            factors("jitter", kernels, seed, 0, 0, [-1, 0, 1].map(factor))
        }
        Op::Dropout { seed, keep_below, scale } => {
            factors("dropout", kernels, seed, DROPOUT_STREAM, keep_below, [scale.0, 0, 0])
        }
        Op::Schedule { kind, base, end, warmup, period } => {
            let of = NumberOf::Schedule { kind, range: (base, end), times: (warmup, period) };
            Plan::new(Number { launch: Launch::over(kernels.plain("constant"), 1), of })
        }
        Op::BiasCorrection { beta } => {
            let of = NumberOf::BiasCorrection { beta };
            Plan::new(Number { launch: Launch::over(kernels.plain("constant"), 1), of })
        }
        _ => return None,
    })
}

impl Launches for Batch {
    unsafe fn launch(&self, device: &mut dyn Device, at: &Places, step: u64) -> Result<(), CudaError> {
        let Batch { seed, of_data, batch, .. } = *self;
        let step = step.wrapping_mul(self.parts.into()).wrapping_add(self.part.into());
        let steps = steps_per_epoch(of_data, batch);
        // Half of the bits of the smallest power of four that holds all rows.
        let bits = u64::BITS - u64::from(of_data).saturating_sub(1).leading_zeros();
        let order = Order {
            rows: at.workspace,
            seed: epoch_seed(seed, step / steps),
            of_data: of_data.into(),
            first: step % steps * u64::from(batch),
            batch,
            half: bits.div_ceil(2),
        };
        let args = Gather { x: at.inputs[0], rows: at.workspace, y: at.output, ..self.args };
        // SAFETY: the caller's promise.
        unsafe {
            self.order.run(device, &order)?;
            self.gather.run(device, &args)
        }
    }
}

impl Launches for Factors {
    unsafe fn launch(&self, device: &mut dyn Device, at: &Places, step: u64) -> Result<(), CudaError> {
        let stream = self.stream.wrapping_add(step);
        // SAFETY: the caller's promise.
        unsafe { self.launch.run(device, &Drawn { x: at.inputs[0], y: at.output, stream, ..self.args }) }
    }
}

impl Launches for Number {
    unsafe fn launch(&self, device: &mut dyn Device, at: &Places, step: u64) -> Result<(), CudaError> {
        let value = match self.of {
            NumberOf::Schedule { kind, range, times } => scheduled(kind, range, times, step),
            NumberOf::BiasCorrection { beta } => bias_correction(beta, step),
        };
        // SAFETY: the caller's promise.
        unsafe { self.launch.run(device, &Constant { y: at.output, value: max(value, value).0, fill: 0 }) }
    }
}
