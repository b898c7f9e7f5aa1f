//! One module per family of operators, each bit for bit what `graph` defines. The products themselves are in
//! [`gemm`](super::gemm).
mod axes;
pub(super) mod conv;
pub(super) mod drawn;
pub(super) mod gather;
mod images;
pub(super) mod lookup;
pub(super) mod map;
pub(super) mod matmul;
pub(super) mod movement;
pub(super) mod pooling;
mod random;
pub(super) mod reduce;

#[cfg(test)]
mod tests;
