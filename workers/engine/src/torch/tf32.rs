//! TF32 on NVIDIA GPUs. libtorch's bindings have no switch for it; two variables of the environment decide, for the whole
//! process, and only if they are there when it starts.
//!
//! Left alone, libtorch 2.11 computes convolutions of binary32 numbers with TF32 (cuDNN) and matrix products without (cuBLAS).
use super::TorchError;
use crate::task::Arithmetic;

/// NVIDIA's libraries never compute with TF32 if this is 0, whatever a program asks them for.
const NVIDIA: &str = "NVIDIA_TF32_OVERRIDE";
/// libtorch's matrix products may use TF32 if this is 1.
const TORCH: &str = "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE";

/// The variables with which a process has to start so that libtorch computes with TF32, or never does. `None` is for
/// variables that must not be there.
pub fn environment(tf32: bool) -> [(&'static str, Option<&'static str>); 2] {
    if tf32 {
        [(NVIDIA, None), (TORCH, Some("1"))]
    } else {
        [(NVIDIA, Some("0")), (TORCH, None)]
    }
}

/// Refuses binary32 where the environment lets TF32 in.
pub(super) fn check(arithmetic: Arithmetic) -> Result<(), TorchError> {
    let value = std::env::var(NVIDIA).ok();
    if permitted(arithmetic, value.as_deref()) {
        Ok(())
    } else {
        Err(TorchError::Tf32 { arithmetic, variable: NVIDIA, value: value.unwrap_or_default() })
    }
}

/// Whether a task of this arithmetic may be computed under this value of NVIDIA's variable. With bfloat16 allowed TF32 is
/// as well: it is finer.
fn permitted(arithmetic: Arithmetic, nvidia: Option<&str>) -> bool {
    arithmetic >= Arithmetic::Tf32 || nvidia == Some("0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary32_needs_tf32_forbidden() {
        for nvidia in [None, Some(""), Some("1"), Some("off")] {
            assert!(!permitted(Arithmetic::Binary32, nvidia), "{nvidia:?}");
        }
        let of =
            |tf32: bool| environment(tf32).into_iter().find(|(name, _)| *name == NVIDIA).and_then(|(_, value)| value);
        assert!(permitted(Arithmetic::Binary32, of(false)));
        assert!(!permitted(Arithmetic::Binary32, of(true)));
        for arithmetic in [Arithmetic::Tf32, Arithmetic::Bf16] {
            assert!(permitted(arithmetic, of(true)) && permitted(arithmetic, of(false)) && permitted(arithmetic, None));
        }
    }
}
