//! Convolutions and pooling, of images and of sequences.
use super::{Known, Tensor, Translator};
use crate::import::model::{Binary, Reduction};
use crate::import::onnx::node::Node;
use crate::import::onnx::OnnxError;
use crate::import::LayerOp;
use assay_core::graph::{PoolKind, Window};

/// Where a node's windows lie. Sequences are images of one row.
struct Windows {
    window: Window,
    /// Rows and columns of windows.
    count: [u64; 2],
}

impl<'a> Translator<'a> {
    /// `[n, c, w]` as `[n, c, 1, w]`; what has four dimensions stays.
    fn as_image(&mut self, node: &Node, x: Tensor) -> Result<Tensor, OnnxError> {
        match x.dims()[..] {
            [n, c, w] => self.reshape(node, x, &[n, c, 1, w]),
            [_, _, _, _] => Ok(x),
            _ => Err(node.usage(format!("its input {} is neither [n, c, w] nor [n, c, h, w]", x.shape))),
        }
    }

    /// Back to `[n, c, w]`, where it was that.
    fn as_before(&mut self, node: &Node, y: Tensor, rank: usize) -> Result<Tensor, OnnxError> {
        match y.dims()[..] {
            [n, c, 1, w] if rank == 3 => self.reshape(node, y, &[n, c, w]),
            _ => Ok(y),
        }
    }

    pub(super) fn conv(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let (x, weight) = (self.operand(node, 0)?, self.operand(node, 1)?);
        let rank = x.rank();
        if weight.rank() != rank {
            return Err(node.usage(format!("its input {} and its weight {} don't fit", x.shape, weight.shape)));
        }
        let (x, weight) = (self.as_image(node, x)?, self.as_image(node, weight)?);
        // `as_image` has seen to the ranks.
        let [n, c, h, w] = x.dims()[..] else { return Err(node.usage("its input is no image")) };
        let [o, per_group, kh, kw] = weight.dims()[..] else { return Err(node.usage("its weight is no kernel")) };
        let stated = node.ints("kernel_shape")?;
        if stated.is_some_and(|stated| !stated.iter().zip([kh, kw][4 - rank..].iter()).all(|(&a, &b)| a == b as i64)) {
            return Err(node.usage("its kernel_shape isn't its weight's"));
        }
        let groups = node.int("group")?.unwrap_or(1);
        let groups = u16::try_from(groups).ok().filter(|&groups| groups > 0);
        let groups = groups.ok_or_else(|| node.usage("groups must be from 1 to 65535"))?;
        let wide = u64::from(groups);
        if per_group.checked_mul(wide) != Some(c) || !o.is_multiple_of(wide) {
            let why = format!("{c} channels, {groups} groups and a weight {} don't fit each other", weight.shape);
            return Err(node.usage(why));
        }
        let Windows { window, count } = self.windows(node, rank - 2, [h, w], [kh, kw])?;
        let shape = self.shape(node, &[n, o, count[0], count[1]])?;
        let mut y = self.push(node, LayerOp::Conv { window, groups }, &[x, weight], shape)?;
        if self.has_bias(node, 2)? {
            let bias = self.operand(node, 2)?;
            if bias.dims() != [o] {
                return Err(node.usage(format!("its bias {} should have {o} elements", bias.shape)));
            }
            let bias = self.reshape(node, bias, &[o, 1, 1])?;
            y = self.combine(node, Binary::Add, y, bias)?;
        }
        self.as_before(node, y, rank).map(Known::Tensor)
    }

    pub(super) fn pool(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let x = self.operand(node, 0)?;
        let rank = x.rank();
        let x = self.as_image(node, x)?;
        let [n, c, h, w] = x.dims()[..] else { return Err(node.usage("its input is no image")) };
        let lengths = node.ints("kernel_shape")?.unwrap_or_default();
        let kernel = bytes(node, "kernel_shape", Some(lengths), rank - 2)?;
        if lengths.is_empty() || kernel.contains(&0) {
            return Err(node.usage("its kernel_shape is missing or 0"));
        }
        let size = kernel.map(u64::from);
        let Windows { window, count } = self.windows(node, rank - 2, [h, w], size)?;
        for (axis, &length) in size.iter().enumerate() {
            let reach = (length - 1) * u64::from(window.dilation[axis]);
            if u64::from(window.before[axis].max(window.after[axis])) > reach {
                return Err(node.usage("it pads so much that a window holds nothing"));
            }
        }
        let padded = window.before != [0; 2] || window.after != [0; 2];
        let kind = match node.operator() {
            Some("MaxPool") => PoolKind::Max,
            _ if !padded || node.int("count_include_pad")?.unwrap_or(0) != 0 => PoolKind::Average,
            _ => PoolKind::AverageInside,
        };
        let shape = self.shape(node, &[n, c, count[0], count[1]])?;
        let y = self.push(node, LayerOp::Pool { kind, window, kernel }, &[x], shape)?;
        self.as_before(node, y, rank).map(Known::Tensor)
    }

    pub(super) fn global_pool(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let x = self.operand(node, 0)?;
        if x.rank() < 3 {
            return Err(node.usage("its input is no image"));
        }
        let kind = if node.operator() == Some("GlobalMaxPool") { Reduction::Max } else { Reduction::Mean };
        self.reduced(node, x, kind, &(2..x.rank()).collect::<Vec<_>>()).map(Known::Tensor)
    }

    /// The windows that the attributes describe, of a kernel on an image.
    fn windows(&self, node: &Node, axes: usize, image: [u64; 2], kernel: [u64; 2]) -> Result<Windows, OnnxError> {
        if kernel.iter().any(|&length| length > 255) {
            return Err(node.usage(format!("its kernel {kernel:?} is longer than 255")));
        }
        let stride = bytes(node, "strides", node.ints("strides")?, axes)?;
        let dilation = bytes(node, "dilations", node.ints("dilations")?, axes)?;
        if stride.contains(&0) || dilation.contains(&0) {
            return Err(node.usage("a stride or a dilation of 0"));
        }
        let pads = node.ints("pads")?.unwrap_or_default();
        let (mut before, mut after) = ([0; 2], [0; 2]);
        match node.string("auto_pad")?.unwrap_or("NOTSET") {
            "NOTSET" if !pads.is_empty() => {
                let (first, last) = pads.split_at(pads.len() / 2);
                before = bytes(node, "pads", Some(first), axes)?;
                after = bytes(node, "pads", Some(last), axes)?;
                // An axis that isn't there isn't padded.
                if axes == 1 {
                    (before[0], after[0]) = (0, 0);
                }
            }
            "NOTSET" | "VALID" => {}
            same @ ("SAME_UPPER" | "SAME_LOWER") => {
                for axis in 0..2 {
                    let reach = (kernel[axis] - 1) * u64::from(dilation[axis]) + 1;
                    let step = u64::from(stride[axis]);
                    let windows = image[axis].div_ceil(step);
                    let pad = ((windows - 1) * step + reach).saturating_sub(image[axis]);
                    let (less, more) = (pad / 2, pad - pad / 2);
                    let fits = |pad| u8::try_from(pad).map_err(|_| node.usage("it pads more than 255"));
                    let (less, more) = (fits(less)?, fits(more)?);
                    (before[axis], after[axis]) = if same == "SAME_UPPER" { (less, more) } else { (more, less) };
                }
            }
            other => return Err(node.usage(format!("auto_pad {other:?} isn't supported"))),
        }
        let window = Window { stride, dilation, before, after };
        let narrow = |pair: [u64; 2]| pair.map(|length| u32::try_from(length).unwrap_or(u32::MAX));
        let count = window.output(narrow(image), narrow(kernel));
        let count =
            count.ok_or_else(|| node.usage(format!("its kernel {kernel:?} is larger than the padded image")))?;
        if node.int("ceil_mode")?.unwrap_or(0) != 0 {
            for axis in 0..2 {
                let reach = (kernel[axis] - 1) * u64::from(dilation[axis]) + 1;
                let padded = image[axis] + u64::from(before[axis]) + u64::from(after[axis]);
                if !(padded - reach).is_multiple_of(u64::from(stride[axis])) {
                    return Err(node.usage("ceil_mode=1 would add a partial window; only ceil_mode=0 is supported"));
                }
            }
        }
        Ok(Windows { window, count: count.map(u64::from) })
    }
}

/// An attribute with a number from 0 to 255 for each axis; 1 where there is none. Of sequences the row comes first.
fn bytes(node: &Node, name: &str, list: Option<&[i64]>, axes: usize) -> Result<[u8; 2], OnnxError> {
    let Some(list) = list.filter(|list| !list.is_empty()) else { return Ok([1; 2]) };
    let number = |number: i64| {
        u8::try_from(number).map_err(|_| node.usage(format!("{name} holds {number}; 0 to 255 is supported")))
    };
    match *list {
        [w] if axes == 1 => Ok([1, number(w)?]),
        [h, w] if axes == 2 => Ok([number(h)?, number(w)?]),
        _ => Err(node.usage(format!("{name} has {} numbers for {axes} axes", list.len()))),
    }
}
