//! Where windows lie on an image.
use codec::{Decode, Encode};

/// Windows over the last two axes of an image: of convolutions and of pooling. Arrays are (row, column).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Window {
    /// From one window to the next, from 1.
    pub stride: [u8; 2],
    /// From one item of a window to the next, from 1.
    pub dilation: [u8; 2],
    /// Items before the image.
    pub before: [u8; 2],
    /// Items behind the image.
    pub after: [u8; 2],
}

impl Window {
    /// Side by side, without padding.
    pub const UNIT: Window = Window { stride: [1; 2], dilation: [1; 2], before: [0; 2], after: [0; 2] };

    /// Whether it means something.
    pub(super) fn is_valid(&self) -> bool {
        !self.stride.contains(&0) && !self.dilation.contains(&0)
    }

    /// Rows and columns of windows of this size that an image of that size has; `None` if it has none.
    pub fn output(&self, image: [u32; 2], kernel: [u32; 2]) -> Option<[u32; 2]> {
        let [ih, iw] = image;
        let [kh, kw] = kernel;
        let ([sh, sw], [dh, dw], [bh, bw], [ah, aw]) = (self.stride, self.dilation, self.before, self.after);
        Some([count(ih, kh, sh, dh, bh, ah)?, count(iw, kw, sw, dw, bw, aw)?])
    }
}

/// Windows along one axis.
fn count(image: u32, kernel: u32, stride: u8, dilation: u8, before: u8, after: u8) -> Option<u32> {
    let reach = kernel.checked_sub(1)?.checked_mul(u32::from(dilation))?;
    let padded = image.checked_add(u32::from(before))?.checked_add(u32::from(after))?;
    let room = padded.checked_sub(1)?.checked_sub(reach)?;
    room.checked_div(u32::from(stride))?.checked_add(1)
}

/// The item of an image at item `k` of window `at`: `None` if it lies outside.
pub(in crate::graph) fn item(at: u64, k: u64, (stride, dilation, before): (u8, u8, u8), image: u64) -> Option<u64> {
    let place = at.wrapping_mul(u64::from(stride)).wrapping_add(k.wrapping_mul(u64::from(dilation)));
    place.checked_sub(u64::from(before)).filter(|&place| place < image)
}

/// The window, of so many, whose item `k` is this item of an image: `None` if it is none's.
pub(in crate::graph) fn window_of(
    place: u64,
    k: u64,
    (stride, dilation, before): (u8, u8, u8),
    windows: u64,
) -> Option<u64> {
    let from = place.wrapping_add(u64::from(before)).checked_sub(k.wrapping_mul(u64::from(dilation)))?;
    let stride = u64::from(stride);
    (from.checked_rem(stride)? == 0).then_some(from.checked_div(stride)?).filter(|&window| window < windows)
}
