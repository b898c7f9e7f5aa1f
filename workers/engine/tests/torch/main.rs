//! libtorch's side: what its layers compute, that its optimisers and ours are the same, and our gradients against autograd.
#![cfg(feature = "torch")]
mod arithmetic;
mod build;
mod cases;
mod layers;
mod losses;
mod ours;
mod training;
mod windows;
