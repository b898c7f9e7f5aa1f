//! Several vectors, each operation on all of them before the next one: so long chains of operations wait less for their
//! operands.
use super::Lanewise;

/// U vectors.
#[derive(Clone, Copy)]
pub(crate) struct Several<V, const U: usize>(pub(crate) [V; U]);

/// Methods that do to every vector what they do to one. By loops, as closures of more than a few instructions aren't
/// inlined, and so not compiled for the instruction set.
macro_rules! each {
    ($($name:ident($($arg:ident),*))*) => {
        $(
            #[inline(always)]
            fn $name(self $(, $arg: Self)*) -> Self {
                let mut out = self;
                for i in 0..U {
                    out.0[i] = self.0[i].$name($($arg.0[i]),*);
                }
                out
            }
        )*
    };
}

// SAFETY: whoever has the vectors may call their methods.
unsafe impl<V: Lanewise, const U: usize> Lanewise for Several<V, U> {
    #[inline(always)]
    fn splat(x: f32) -> Self {
        Several([V::splat(x); U])
    }

    each! {
        add(b) sub(b) mul(b) div(b) fma(b, c) sqrt() max(b) select_gt(b, c, d) select_eq(b, c, d) scale_b(b)
        exponent() significand() canonical() neg() at_least(least) at_most(most) scale(n)
    }
}
