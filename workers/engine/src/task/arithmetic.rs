//! The coarsest arithmetic that a solver may use.
use serde::{Deserialize, Serialize};
use std::fmt;

/// How many times the profiled d² a threshold has to be for bfloat16: five times the distance. No proof of safety: where the
/// threshold was near, the greatest d² of a training's segments was 4 to 19 times the first one's profile (decision 0013).
const MARGIN: f32 = 25.0;

/// What operands of matrix products and convolutions may be rounded to; everything else is binary32.
///
/// It is part of the task because thresholds are measured for it: whoever computes finer is within them too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arithmetic {
    /// Not at all.
    #[default]
    Binary32,
    /// TF32, as NVIDIA's tensor cores do: results stay binary32.
    Tf32,
    /// bfloat16, and so are results: what PyTorch calls autocast.
    Bf16,
}

impl Arithmetic {
    /// Its name, as in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Arithmetic::Binary32 => "binary32",
            Arithmetic::Tf32 => "tf32",
            Arithmetic::Bf16 => "bf16",
        }
    }

    /// Significant bits of an operand, the hidden one included.
    pub const fn significand(self) -> u32 {
        match self {
            Arithmetic::Binary32 => 24,
            Arithmetic::Tf32 => 11,
            Arithmetic::Bf16 => 8,
        }
    }

    /// What an honest solver had better use when the threshold is τ² and the profile was d²: the task's arithmetic, or a finer
    /// one if bfloat16 came too near. Thresholds have a ceiling, segments differ, and a profile shows the first one only.
    #[must_use]
    pub fn prudent(self, profile: f32, tau2: f32) -> Arithmetic {
        match self {
            Arithmetic::Bf16 if profile * MARGIN > tau2 => Arithmetic::Tf32,
            // TF32's d² is a hundredth of that.
            _ => self,
        }
    }

    pub(super) fn is_default(&self) -> bool {
        *self == Arithmetic::default()
    }
}

impl fmt::Display for Arithmetic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bf16_keeps_its_distance_from_the_threshold() {
        let bf16 = Arithmetic::Bf16;
        // The profiles of digits-mlp and fashion-mlp, and what the contracts make of them.
        assert_eq!(bf16.prudent(3.63e-5, 4.9e-3), bf16);
        assert_eq!(bf16.prudent(1.52e-3, 1e-2), Arithmetic::Tf32);
        assert_eq!(bf16.prudent(0.0, 4.9e-3), bf16);
        for finer in [Arithmetic::Binary32, Arithmetic::Tf32] {
            assert_eq!(finer.prudent(1.0, 1e-2), finer);
        }
    }
}
