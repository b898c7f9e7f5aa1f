//! Pooling and its gradients. A window's items count row by row.
use super::conv::{both, read, split};
use super::index::{div_rem, image};
use super::{MicroStep, Operand};
use crate::arith::{from_u32, F32};
use crate::graph::op::window::{item, window_of};
use crate::graph::{GraphError, Node, PoolKind, Window};

/// The pooling that one element is.
pub(super) struct Pooling {
    kind: PoolKind,
    /// Whether it is the gradient.
    gradient: bool,
    axes: [(u8, u8, u8); 2],
    kernel: [u64; 2],
    /// The images that are pooled, and the windows.
    x: [u64; 4],
    y: [u64; 4],
    /// The element's coordinates.
    at: [u64; 4],
}

const ZERO: Operand = Operand::Const(F32::ZERO);

impl Pooling {
    /// That of an element.
    pub(super) fn of(
        node: &Node,
        (kind, window, kernel): (PoolKind, Window, [u8; 2]),
        gradient: bool,
        element: u64,
    ) -> Result<Pooling, GraphError> {
        let (input, output) = (image(node.input_shape(0)?), image(&node.shape));
        let (x, y) = if gradient { (output, input) } else { (input, output) };
        let [_, c, h, w] = output;
        let [outer, row, column] = split(element, h, w);
        let (n, c) = div_rem(outer, c);
        let axis = |at: usize| {
            let of = |pair: [u8; 2]| pair.get(at).copied().unwrap_or(0);
            (of(window.stride), of(window.dilation), of(window.before))
        };
        let kernel = kernel.map(u64::from);
        Ok(Pooling { kind, gradient, axes: [axis(0), axis(1)], kernel, x, y, at: [n, c, row, column] })
    }

    /// Items of a window.
    pub(super) fn items(&self) -> u64 {
        let [h, w] = self.kernel;
        h.wrapping_mul(w)
    }

    /// Number of micro-steps.
    pub(super) fn len(&self) -> u64 {
        match (self.gradient, self.kind) {
            (false, PoolKind::Max) => self.items(),
            (false, PoolKind::Argmax) => self.items().wrapping_mul(2).saturating_sub(1),
            (false, PoolKind::Average | PoolKind::AverageInside) => self.items().wrapping_add(1),
            (true, _) => self.items().wrapping_mul(2),
        }
    }

    /// Micro-step `t`, which is below [`len`](Self::len).
    pub(super) fn step(&self, t: u64) -> MicroStep {
        match (self.gradient, self.kind) {
            (false, PoolKind::Max) => {
                let x = self.item(t, F32::NEG_INFINITY);
                MicroStep::max(previous(t, 1).unwrap_or(x), x)
            }
            // For each item: where the greatest is, which moves only to what is greater; then the greatest.
            (false, PoolKind::Argmax) => {
                let k = t / 2;
                let x = self.item(k, F32::NEG_INFINITY);
                let back = if t & 1 == 1 { 2 } else { 1 };
                let greatest = previous(t, back).unwrap_or(Operand::Const(F32::NEG_INFINITY));
                if t & 1 == 1 {
                    MicroStep::max(greatest, x)
                } else {
                    MicroStep::select_gt(x, greatest, number(k), previous(t, 2).unwrap_or(ZERO))
                }
            }
            (false, _) if t == self.items() => {
                let [_, _, row, column] = self.at;
                MicroStep::div(Operand::Prior(t.wrapping_sub(1)), number(self.size(row, column)))
            }
            (false, _) => MicroStep::add(previous(t, 1).unwrap_or(ZERO), self.item(t, F32::ZERO)),
            (true, _) if t & 1 == 1 => {
                MicroStep::add(previous(t, 2).unwrap_or(ZERO), Operand::Prior(t.wrapping_sub(1)))
            }
            (true, kind) => self.share(kind, t / 2),
        }
    }

    /// What the window whose item `k` the element is gives it.
    fn share(&self, kind: PoolKind, k: u64) -> MicroStep {
        let [n, c, row, column] = self.at;
        let [rows, columns] = self.axes;
        let [_, kr, kc] = self.place(k);
        let [_, _, yh, yw] = self.y;
        let place = both(window_of(row, kr, rows, yh), window_of(column, kc, columns, yw));
        let dy = read(0, self.y, [n, c], place);
        match (kind, place) {
            (_, None) => MicroStep::max(ZERO, ZERO),
            (PoolKind::Max, _) => MicroStep::select_eq(read(1, self.y, [n, c], place), number(k), dy, ZERO),
            (_, Some([row, column])) => MicroStep::div(dy, number(self.size(row, column))),
        }
    }

    /// Row and column of item `k` in a window, behind a 0.
    fn place(&self, k: u64) -> [u64; 3] {
        let [h, w] = self.kernel;
        split(k, h, w)
    }

    /// Item `k` of the element's window.
    fn item(&self, k: u64, outside: F32) -> Operand {
        let [n, c, row, column] = self.at;
        let [rows, columns] = self.axes;
        let [_, _, h, w] = self.x;
        let [_, kr, kc] = self.place(k);
        match both(item(row, kr, rows, h), item(column, kc, columns, w)) {
            None => Operand::Const(outside),
            place => read(0, self.x, [n, c], place),
        }
    }

    /// What the sum of a window is divided by.
    fn size(&self, row: u64, column: u64) -> u64 {
        if self.kind != PoolKind::AverageInside {
            return self.items();
        }
        let [rows, columns] = self.axes;
        let ([_, _, h, w], [kh, kw]) = (self.x, self.kernel);
        let inside = |at, kernel, axis, image| (0..kernel).filter(|&k| item(at, k, axis, image).is_some()).count();
        let (high, wide) = (inside(row, kh, rows, h), inside(column, kw, columns, w));
        u64::try_from(high.saturating_mul(wide)).unwrap_or(u64::MAX)
    }
}

/// The value `back` steps before, if there is one.
fn previous(t: u64, back: u64) -> Option<Operand> {
    t.checked_sub(back).map(Operand::Prior)
}

/// A small number.
fn number(n: u64) -> Operand {
    Operand::Const(from_u32(u32::try_from(n).unwrap_or(u32::MAX)))
}
