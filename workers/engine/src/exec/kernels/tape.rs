//! `exp` and `log`: the micro-steps of `graph`, performed on whole vectors.
use super::super::lanes::Lanes;
use assay_core::graph::micro::elementary::{exp_step, log_step, EXP_LEN, LOG_LEN};
use assay_core::graph::{MicroStep, Operand, Prim};
use std::sync::LazyLock;

/// Micro-steps of the longest function, with its argument before them.
const MAX_VALUES: usize = 32;

/// An argument: a constant, or an earlier value (0 is the function's argument, t + 1 the value of step t).
#[derive(Clone, Copy)]
enum Arg {
    Const(f32),
    Value(usize),
}

/// A function of one argument.
pub(super) struct Tape(Vec<(Prim, [Arg; 4])>);

/// `exp`.
pub(super) static EXP: LazyLock<Tape> = LazyLock::new(|| Tape::new(EXP_LEN, exp_step));
/// `log`.
pub(super) static LOG: LazyLock<Tape> = LazyLock::new(|| Tape::new(LOG_LEN, log_step));

impl Tape {
    fn new(len: u64, step: fn(Operand, u64, u64) -> MicroStep) -> Tape {
        let arg = |operand| match operand {
            Operand::Const(value) => Arg::Const(f32::from_bits(value.0)),
            Operand::Input { .. } => Arg::Value(0),
            Operand::Prior(t) => Arg::Value(t as usize + 1),
        };
        let x = Operand::Input { input: 0, index: 0 };
        let steps = (0..len).map(|t| step(x, 0, t)).map(|step| (step.prim, step.args.map(arg)));
        let tape = Tape(steps.collect());
        assert!(tape.0.len() < MAX_VALUES, "a function of more micro-steps than a tape holds");
        tape
    }

    /// The function's value in every lane.
    #[inline(always)]
    pub(super) fn apply<V: Lanes>(&self, x: V) -> V {
        let mut values = [x; MAX_VALUES];
        for (t, (prim, args)) in self.0.iter().enumerate() {
            let args = args.map(|arg| match arg {
                Arg::Const(value) => V::splat(value),
                Arg::Value(index) => values[index],
            });
            values[t + 1] = V::prim(*prim, args);
        }
        values[self.0.len()]
    }
}
