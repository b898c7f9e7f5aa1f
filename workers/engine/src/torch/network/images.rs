//! Convolutions and pooling. libtorch pads both sides alike; what a window has beyond that is padded beforehand.
use assay_core::graph::{PoolKind, Window};
use tch::{Kind, TchError, Tensor};

/// Row and column.
type Pair = [i64; 2];

fn pair(items: [u8; 2]) -> Pair {
    items.map(i64::from)
}

/// The image with explicit padding, and the padding that is left to libtorch.
fn padded(x: &Tensor, window: &Window, most: Pair, value: f64) -> Result<(Tensor, Pair), TchError> {
    let ([top, left], [bottom, right]) = (pair(window.before), pair(window.after));
    if [top, left] == [bottom, right] && top <= most[0] && left <= most[1] {
        return Ok((x.shallow_clone(), [top, left]));
    }
    Ok((x.f_pad([left, right, top, bottom], "constant", value)?, [0, 0]))
}

pub(super) fn convolution(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    window: &Window,
    groups: u16,
) -> Result<Tensor, TchError> {
    let (x, padding) = padded(x, window, [i64::MAX; 2], 0.0)?;
    let bias = bias.map(|bias| bias.f_view(-1)).transpose()?;
    x.f_conv2d(weight, bias, pair(window.stride), padding, pair(window.dilation), groups.into())
}

pub(super) fn pool(x: &Tensor, kind: PoolKind, window: &Window, kernel: [u8; 2]) -> Result<Tensor, TchError> {
    let (kernel, stride, dilation) = (pair(kernel), pair(window.stride), pair(window.dilation));
    // libtorch's limit.
    let most = kernel.map(|length| length / 2);
    match kind {
        PoolKind::Max | PoolKind::Argmax => {
            let (x, padding) = padded(x, window, most, f64::NEG_INFINITY)?;
            x.f_max_pool2d(kernel, stride, padding, dilation, false)
        }
        PoolKind::Average | PoolKind::AverageInside => {
            let inside = kind == PoolKind::AverageInside;
            let (whole, padding) = padded(x, window, most, 0.0)?;
            let asymmetrical = whole.size() != x.size();
            if dilation == [1, 1] && !(inside && asymmetrical) {
                return whole.f_avg_pool2d(kernel, stride, padding, false, !inside, None);
            }
            average(x, window, kernel, inside)
        }
    }
}

/// An average that libtorch's own pooling doesn't have: a convolution with ones, divided.
fn average(x: &Tensor, window: &Window, [kh, kw]: Pair, inside: bool) -> Result<Tensor, TchError> {
    let (n, c, h, w) = x.size4()?;
    let ones = Tensor::f_ones([1, 1, kh, kw], (Kind::Float, x.device()))?;
    let sums = |x: &Tensor| convolution(x, &ones, None, window, 1);
    let sum = sums(&x.f_reshape([n * c, 1, h, w])?)?;
    let mean = if inside {
        sum.f_div(&sums(&Tensor::f_ones([1, 1, h, w], (Kind::Float, x.device()))?)?)?
    } else {
        sum.f_div_scalar(kh * kw)?
    };
    let (_, _, yh, yw) = mean.size4()?;
    mean.f_reshape([n, c, yh, yw])
}
