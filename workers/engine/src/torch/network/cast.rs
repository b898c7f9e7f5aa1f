//! Products in the task's arithmetic.
//!
//! The bindings' own autocast is CUDA's alone, so that casts are written out: as with PyTorch's, operands of a matrix product
//! or a convolution, its bias and its result are bfloat16, and so are the gradients that come back through it; parameters and
//! optimiser stay binary32. What lies between products is binary32 here, where PyTorch would go on in bfloat16 in some layers.
use crate::task::Arithmetic;
use tch::{Kind, TchError, Tensor};

/// What a product computes of inputs and bias; `None` if it has too few.
type Done = Option<Result<Tensor, TchError>>;

/// The product, rounded as the arithmetic says. TF32 isn't a type: NVIDIA's libraries round by themselves, or compute finer.
pub(super) fn product(
    arithmetic: Arithmetic,
    inputs: &[&Tensor],
    bias: Option<&Tensor>,
    compute: impl Fn(&[&Tensor], Option<&Tensor>) -> Done,
) -> Done {
    if arithmetic != Arithmetic::Bf16 {
        return compute(inputs, bias);
    }
    let cast = |x: &&Tensor| x.f_to_kind(Kind::BFloat16);
    let operands = inputs.iter().map(cast).collect::<Result<Vec<_>, _>>();
    let bias = bias.as_ref().map(cast).transpose();
    match (operands, bias) {
        (Ok(operands), Ok(bias)) => {
            let operands: Vec<&Tensor> = operands.iter().collect();
            compute(&operands, bias.as_ref()).map(|product| product?.f_to_kind(Kind::Float))
        }
        (Err(error), _) | (_, Err(error)) => Some(Err(error)),
    }
}
