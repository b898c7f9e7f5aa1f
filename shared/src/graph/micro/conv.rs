//! Terms of convolutions and their gradients. What lies outside an image is +0.
use super::index::{div_rem, image};
use super::Operand;
use crate::arith::F32;
use crate::graph::op::window::{item, window_of};
use crate::graph::{ConvPart, GraphError, Node, Window};

/// The dot product that one element of a convolution is.
pub(super) struct Convolution {
    part: ConvPart,
    /// Stride, dilation and padding of rows and of columns.
    axes: [(u8, u8, u8); 2],
    /// `[n, c, h, w]`.
    x: [u64; 4],
    /// `[o, c / groups, kh, kw]`.
    weight: [u64; 4],
    /// `[n, o, yh, yw]`.
    y: [u64; 4],
    /// Output channels of a group.
    group: u64,
    /// The element's coordinates.
    at: [u64; 4],
}

impl Convolution {
    /// That of an element.
    pub(super) fn of(
        node: &Node,
        (part, window, groups): (ConvPart, Window, u16),
        element: u64,
    ) -> Result<Convolution, GraphError> {
        let (a, b, output) = (image(node.input_shape(0)?), image(node.input_shape(1)?), image(&node.shape));
        let (x, weight, y) = match part {
            ConvPart::Forward => (a, b, output),
            ConvPart::Input => (output, b, a),
            ConvPart::Weight => (b, output, a),
        };
        let [_, o_len, h, w] = output;
        let (rest, column) = div_rem(element, w);
        let (rest, row) = div_rem(rest, h);
        let (first, channel) = div_rem(rest, o_len);
        let [o, ..] = weight;
        let (group, _) = div_rem(o, u64::from(groups));
        let axis = |at: usize| {
            let of = |pair: [u8; 2]| pair.get(at).copied().unwrap_or(0);
            (of(window.stride), of(window.dilation), of(window.before))
        };
        Ok(Convolution { part, axes: [axis(0), axis(1)], x, weight, y, group, at: [first, channel, row, column] })
    }

    /// Number of terms.
    pub(super) fn terms(&self) -> u64 {
        let ([_, c_group, kh, kw], [n, _, yh, yw]) = (self.weight, self.y);
        let [a, b, c] = match self.part {
            ConvPart::Forward => [c_group, kh, kw],
            ConvPart::Input => [self.group, kh, kw],
            ConvPart::Weight => [n, yh, yw],
        };
        a.wrapping_mul(b).wrapping_mul(c)
    }

    /// Both factors of term `i`.
    pub(super) fn term(&self, i: u64) -> [Operand; 2] {
        let [_, c_group, kh, kw] = self.weight;
        let [_, _, h, w] = self.x;
        let [_, _, yh, yw] = self.y;
        let [rows, columns] = self.axes;
        let [first, channel, row, column] = self.at;
        match self.part {
            ConvPart::Forward => {
                let [c, kr, kc] = split(i, kh, kw);
                let (group, _) = div_rem(channel, self.group);
                let place = both(item(row, kr, rows, h), item(column, kc, columns, w));
                let c_x = group.wrapping_mul(c_group).wrapping_add(c);
                [read(0, self.x, [first, c_x], place), read(1, self.weight, [channel, c], Some([kr, kc]))]
            }
            ConvPart::Input => {
                let [o, kr, kc] = split(i, kh, kw);
                let (group, c) = div_rem(channel, c_group);
                let place = both(window_of(row, kr, rows, yh), window_of(column, kc, columns, yw));
                let o = group.wrapping_mul(self.group).wrapping_add(o);
                [read(0, self.y, [first, o], place), read(1, self.weight, [o, c], Some([kr, kc]))]
            }
            ConvPart::Weight => {
                let [n, y_row, y_column] = split(i, yh, yw);
                let (group, _) = div_rem(first, self.group);
                let place = both(item(y_row, row, rows, h), item(y_column, column, columns, w));
                let c_x = group.wrapping_mul(c_group).wrapping_add(channel);
                [read(0, self.y, [n, first], Some([y_row, y_column])), read(1, self.x, [n, c_x], place)]
            }
        }
    }
}

/// Position along three axes, of which the last two have these lengths.
pub(super) fn split(i: u64, rows: u64, columns: u64) -> [u64; 3] {
    let (rest, column) = div_rem(i, columns);
    let (outer, row) = div_rem(rest, rows);
    [outer, row, column]
}

/// Row and column, if both are inside.
pub(super) fn both(row: Option<u64>, column: Option<u64>) -> Option<[u64; 2]> {
    Some([row?, column?])
}

/// An item of an image, +0 if it lies outside.
pub(super) fn read(input: u8, dims: [u64; 4], [a, b]: [u64; 2], place: Option<[u64; 2]>) -> Operand {
    match place {
        Some([c, d]) => Operand::Input { input, index: at(dims, [a, b, c, d]) },
        None => Operand::Const(F32::ZERO),
    }
}

/// The element at these coordinates.
fn at(dims: [u64; 4], at: [u64; 4]) -> u64 {
    dims.into_iter().zip(at).fold(0, |element, (dim, at)| element.wrapping_mul(dim).wrapping_add(at))
}
