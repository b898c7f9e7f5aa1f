//! The list of primitives, each as a function of four words.
use assay_core::arith::Arith;

/// A primitive of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Primitive {
    Add,
    Sub,
    Mul,
    Fma,
    Div,
    Sqrt,
    Max,
    Gt,
    Ge,
    Eq,
    SelectGt,
    FromU32,
    FromI32,
    RoundToI32,
    ScaleB,
    Neg,
    Abs,
}

impl Primitive {
    pub const ALL: [Primitive; 17] = [
        Primitive::Add,
        Primitive::Sub,
        Primitive::Mul,
        Primitive::Fma,
        Primitive::Div,
        Primitive::Sqrt,
        Primitive::Max,
        Primitive::Gt,
        Primitive::Ge,
        Primitive::Eq,
        Primitive::SelectGt,
        Primitive::FromU32,
        Primitive::FromI32,
        Primitive::RoundToI32,
        Primitive::ScaleB,
        Primitive::Neg,
        Primitive::Abs,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Primitive::Add => "add",
            Primitive::Sub => "sub",
            Primitive::Mul => "mul",
            Primitive::Fma => "fma",
            Primitive::Div => "div",
            Primitive::Sqrt => "sqrt",
            Primitive::Max => "max",
            Primitive::Gt => "gt",
            Primitive::Ge => "ge",
            Primitive::Eq => "eq",
            Primitive::SelectGt => "select_gt",
            Primitive::FromU32 => "from_u32",
            Primitive::FromI32 => "from_i32",
            Primitive::RoundToI32 => "round_to_i32",
            Primitive::ScaleB => "scale_b",
            Primitive::Neg => "neg",
            Primitive::Abs => "abs",
        }
    }

    /// Whether it reads only the first word, so that all its operands can be tried.
    pub fn is_unary(self) -> bool {
        matches!(
            self,
            Primitive::Sqrt
                | Primitive::FromU32
                | Primitive::FromI32
                | Primitive::RoundToI32
                | Primitive::Neg
                | Primitive::Abs
        )
    }

    /// The result's bits.
    #[inline]
    pub fn eval<A: Arith>(self, [a, b, c, d]: [u32; 4]) -> u32 {
        let v = A::of_bits;
        match self {
            Primitive::Add => A::bits(A::add(v(a), v(b))),
            Primitive::Sub => A::bits(A::sub(v(a), v(b))),
            Primitive::Mul => A::bits(A::mul(v(a), v(b))),
            Primitive::Fma => A::bits(A::fma(v(a), v(b), v(c))),
            Primitive::Div => A::bits(A::div(v(a), v(b))),
            Primitive::Sqrt => A::bits(A::sqrt(v(a))),
            Primitive::Max => A::bits(A::max(v(a), v(b))),
            Primitive::Gt => u32::from(A::gt(v(a), v(b))),
            Primitive::Ge => u32::from(A::ge(v(a), v(b))),
            Primitive::Eq => u32::from(A::eq(v(a), v(b))),
            Primitive::SelectGt => A::bits(A::select_gt(v(a), v(b), v(c), v(d))),
            Primitive::FromU32 => A::bits(A::from_u32(a)),
            Primitive::FromI32 => A::bits(A::from_i32(a as i32)),
            Primitive::RoundToI32 => A::round_to_i32(v(a)) as u32,
            Primitive::ScaleB => A::bits(A::scale_b(v(a), b as i32)),
            Primitive::Neg => A::bits(A::neg(v(a))),
            Primitive::Abs => A::bits(A::abs(v(a))),
        }
    }
}
