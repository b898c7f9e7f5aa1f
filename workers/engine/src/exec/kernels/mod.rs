//! One kernel per operator (matrix products are in [`gemm`](super::gemm)), bit for bit what `graph` defines.
pub(super) mod gather;
pub(super) mod lanewise;
pub(super) mod reduce;
pub(super) mod softmax;
mod tape;

#[cfg(test)]
mod tests;
