//! Gather: a batch of rows.
use crate::data::DataTensor;
use crate::exec::lanes::{Isa, Kernel, Lanes};
use crate::exec::pool::Pool;
use assay_core::arith::random::permute;
use assay_core::arith::F32;
use assay_core::graph::{epoch_seed, steps_per_epoch, Dtype};

/// Elements that a thread takes at least.
const GRAIN: usize = 1 << 12;

/// What determines a batch's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::exec) struct Batch {
    pub(in crate::exec) seed: u64,
    pub(in crate::exec) rows: u32,
    pub(in crate::exec) batch: u32,
    pub(in crate::exec) step: u64,
}

/// The rows of the last batch asked for: inputs and labels share them.
#[derive(Debug, Default)]
pub(in crate::exec) struct Rows {
    of: Option<Batch>,
    rows: Vec<usize>,
}

impl Rows {
    /// [`gather_row`](assay_core::graph::gather_row) of every item; the epoch's seed is found only once.
    pub(in crate::exec) fn of(&mut self, batch: Batch) -> &[usize] {
        if self.of != Some(batch) {
            let Batch { seed, rows, batch: size, step } = batch;
            let steps = steps_per_epoch(rows, size);
            let epoch = epoch_seed(seed, step / steps);
            let first = step % steps * u64::from(size); // Within the data's rows.
            self.rows.clear();
            self.rows.extend((first..first + u64::from(size)).map(|i| permute(epoch, rows.into(), i) as usize));
            self.of = Some(batch);
        }
        &self.rows
    }
}

/// `fma(x, scale, shift)` of these rows of the data.
pub(in crate::exec) fn gather(
    isa: Isa,
    pool: &Pool,
    data: &DataTensor,
    rows: &[usize],
    (scale, shift): (F32, F32),
    out: &mut [f32],
) {
    let [scale, shift] = [scale, shift].map(|x| f32::from_bits(x.0));
    let len = out.len() / rows.len();
    pool.share_out((rows.len(), len), GRAIN.div_ceil(len), out.len(), out, &|part, out| {
        isa.run(Gather { data, rows: &rows[part], scale, shift, out });
    });
}

struct Gather<'a> {
    data: &'a DataTensor,
    rows: &'a [usize],
    scale: f32,
    shift: f32,
    out: &'a mut [f32],
}

impl Kernel for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let len = self.out.len() / self.rows.len();
        let size = self.data.dtype().size() as usize;
        let (scale, shift) = (V::splat(self.scale), V::splat(self.shift));
        for (out, row) in self.out.chunks_exact_mut(len).zip(self.rows) {
            let bytes = &self.data.bytes()[row * len * size..][..len * size];
            match self.data.dtype() {
                Dtype::F32 => {
                    for (out, item) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
                        *out = f32::from_le_bytes(*item);
                    }
                }
                Dtype::U8 => {
                    // 16 bytes may be read for 8 numbers: keep off the end.
                    let whole = len.saturating_sub(16) / V::N * V::N;
                    for e in (0..whole).step_by(V::N) {
                        // SAFETY: `e + 16` is inside the row.
                        unsafe { V::load_u8(bytes.as_ptr().add(e)).store(out.as_mut_ptr().add(e)) };
                    }
                    for (out, byte) in out[whole..].iter_mut().zip(&bytes[whole..]) {
                        *out = f32::from(*byte);
                    }
                }
            }
            let whole = len / V::N * V::N;
            for e in (0..whole).step_by(V::N) {
                // SAFETY: `e + N` is inside the row.
                unsafe {
                    let place = out.as_mut_ptr().add(e);
                    V::load(place).fma(scale, shift).canonical().store(place);
                }
            }
            let rest = &mut out[whole..];
            V::load_part(rest).fma(scale, shift).canonical().store_part(rest);
        }
    }
}
