//! Maps in Rust: every row of a function's table is one `let`.
use assay_core::arith::F32;
use assay_core::graph::function::{source, Function, Row, Source};
use assay_core::graph::Prim;
use std::fmt::Write;

/// For every function a type with its `Formula`, and `compute`, which runs the one of a function. It is included in
/// `src/exec/kernels/map/formula.rs`.
pub(super) fn formulas() -> String {
    let (mut formulas, mut arms) = (String::new(), String::new());
    for function in Function::ALL {
        let body = body(function.rows());
        let (arity, parameters) = (function.arity(), function.params());
        let column = function
            .rows()
            .iter()
            .any(|&(prim, args)| args[..prim.arity()].iter().any(|&arg| source(arg) == Source::Column));
        // Writing to a string can't fail.
        let _ = writeln!(
            formulas,
            "struct {function:?};
impl Formula for {function:?} {{
    const INPUTS: usize = {arity};
    const PARAMS: usize = {parameters};
    const COLUMN: bool = {column};
    #[inline(always)]
    fn value<V: Lanewise>(x: [V; 4], p: [V; 4], column: V) -> V {{
        let _ = (x, p, column);
{body}    }}
}}"
        );
        let _ = writeln!(arms, "        Function::{function:?} => isa.run(Each::<{function:?}>::new(args)),");
    }
    format!(
        "{formulas}
/// A function over a block.
pub(super) fn compute(isa: Isa, function: Function, args: &Args<'_>) {{
    match function {{
{arms}    }}
}}
"
    )
}

/// The rows that the last one needs, and its value.
fn body(rows: &[Row]) -> String {
    let uses = Uses::of(rows);
    let mut body = String::new();
    // Writing to a string can't fail.
    for (row, &(prim, args)) in rows.iter().enumerate().filter(|(row, _)| uses.needed[*row]) {
        let value = value(rows, (prim, args));
        let canonical = if uses.canonical[row] { ".canonical()" } else { "" };
        let _ = match row == rows.len() - 1 {
            true => writeln!(body, "        {value}{canonical}"),
            false => writeln!(body, "        let r{row} = {value}{canonical};"),
        };
    }
    body
}

/// A row's value, by fewer instructions where constants allow.
fn value(rows: &[Row], (prim, args): Row) -> String {
    let [a, b, c, d] = args;
    let call = |x: u8, method: &str, args: &[u8]| {
        let args: Vec<String> = args.iter().map(|&arg| argument(arg)).collect();
        format!("{}.{method}({})", argument(x), args.join(", "))
    };
    match prim {
        // The definition's way of saying "x".
        Prim::Max if a == b => argument(a),
        Prim::Max if is_usual(b) => call(a, "at_least", &[b]),
        Prim::Max if is_usual(a) => call(b, "at_least", &[a]),
        Prim::SelectGt if is_usual(b) && [b, a] == [c, d] => call(a, "at_most", &[b]),
        Prim::Mul if source(b) == MINUS_ONE => call(a, "neg", &[]),
        Prim::ScaleB if is_rounded(rows, b) => call(a, "scale", &[b]),
        _ => call(a, method(prim), &args[1..prim.arity()]),
    }
}

const MINUS_ONE: Source = Source::Const(F32(0xbf80_0000));
/// 1.5 · 2²³.
const ROUNDER: Source = Source::Const(F32(0x4b40_0000));

/// A constant that is neither zero nor NaN.
fn is_usual(arg: u8) -> bool {
    matches!(source(arg), Source::Const(value) if !value.is_nan() && value.0 << 1 != 0)
}

/// Whether it is a number to which 1.5 · 2²³ was added and taken away again: where the first sum isn't an integer, its
/// magnitude is below 2²³, and so the difference is below −2²².
fn is_rounded(rows: &[Row], arg: u8) -> bool {
    let row = |arg| match source(arg) {
        Source::Row(row) => Some(rows[usize::from(row)]),
        _ => None,
    };
    let Some((Prim::Sub, [sum, taken, ..])) = row(arg) else { return false };
    let added = match row(sum) {
        Some((Prim::Fma, [_, _, added, _]) | (Prim::Add, [_, added, ..])) => added,
        _ => return false,
    };
    [added, taken].map(source) == [ROUNDER; 2]
}

fn argument(arg: u8) -> String {
    match source(arg) {
        Source::Row(row) => format!("r{row}"),
        Source::Input(input) => format!("x[{input}]"),
        Source::Param(param) => format!("p[{param}]"),
        Source::Column => "column".into(),
        Source::Const(value) => format!("V::splat(f32::from_bits({:#010x}))", value.0),
    }
}

/// That of `Lanewise`.
fn method(prim: Prim) -> &'static str {
    match prim {
        Prim::Add => "add",
        Prim::Sub => "sub",
        Prim::Mul => "mul",
        Prim::Fma => "fma",
        Prim::Div => "div",
        Prim::Sqrt => "sqrt",
        Prim::Max => "max",
        Prim::SelectGt => "select_gt",
        Prim::SelectEq => "select_eq",
        Prim::ScaleB => "scale_b",
        Prim::Exponent => "exponent",
        Prim::Significand => "significand",
    }
}

/// What becomes of rows' values.
struct Uses {
    needed: Vec<bool>,
    /// Whether its NaNs have to be the protocol's: they reach the value, by themselves or moved by selects. Any other
    /// NaN may have any payload, as nothing depends on it.
    canonical: Vec<bool>,
}

impl Uses {
    fn of(rows: &[Row]) -> Uses {
        let n = rows.len();
        let (mut needed, mut reaches, mut canonical) = (vec![false; n], vec![false; n], vec![false; n]);
        (needed[n - 1], reaches[n - 1]) = (true, true);
        for (row, &(prim, args)) in rows.iter().enumerate().rev() {
            if !needed[row] {
                continue;
            }
            let moves = matches!(prim, Prim::SelectGt | Prim::SelectEq);
            canonical[row] = reaches[row] && !moves;
            for (place, &arg) in args[..prim.arity()].iter().enumerate() {
                if let Source::Row(from) = source(arg) {
                    needed[usize::from(from)] = true;
                    reaches[usize::from(from)] |= reaches[row] && moves && place >= 2;
                }
            }
        }
        Uses { needed, canonical }
    }
}
