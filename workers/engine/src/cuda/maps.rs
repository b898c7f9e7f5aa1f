//! Maps in CUDA C: every row of a function's table is one line.
use assay_core::graph::function::{source, Row, Source};
use assay_core::graph::Prim;
use std::fmt::Write;

/// A function's structure and its two kernels, `map_NAME` and `map_NAME_broadcast`.
pub(super) fn kernels(name: &str, rows: &[Row], inputs: u8) -> String {
    let canonical = canonical(rows);
    let mut body = String::new();
    let mut has_column = false;
    for (row, &(prim, args)) in rows.iter().enumerate() {
        let args: Vec<String> = args[..prim.arity()].iter().map(|&arg| argument(arg)).collect();
        has_column |= args.iter().any(|arg| arg == COLUMN);
        let value = format!("{}({})", intrinsic(prim), args.join(", "));
        let value = if canonical[row] { format!("number({value})") } else { value };
        // Writing to a string can't fail.
        let _ = writeln!(body, "        float r{row} = {value};");
    }
    let last = rows.len() - 1;
    format!(
        "struct function_{name} {{
    static const u32 INPUTS = {inputs};
    static const bool COLUMN = {has_column};
    static DEVICE float value(const float* x, const float* p, float {COLUMN}) {{
{body}        return r{last};
    }}
}};
KERNEL(map_{name}, MapArgs) {{ map_direct<function_{name}>(p); }}
KERNEL(map_{name}_broadcast, MapArgs) {{ map_broadcast<function_{name}>(p); }}
"
    )
}

const COLUMN: &str = "column";

fn argument(arg: u8) -> String {
    match source(arg) {
        Source::Row(row) => format!("r{row}"),
        Source::Input(input) => format!("x[{input}]"),
        Source::Param(param) => format!("p[{param}]"),
        Source::Column => COLUMN.into(),
        Source::Const(value) => format!("of_bits({:#010x}u)", value.0),
    }
}

/// What does a primitive: a function of `prelude.cu`, or an intrinsic that rounds once.
fn intrinsic(prim: Prim) -> &'static str {
    match prim {
        Prim::Add => "__fadd_rn",
        Prim::Sub => "__fsub_rn",
        Prim::Mul => "__fmul_rn",
        Prim::Fma => "__fmaf_rn",
        Prim::Div => "__fdiv_rn",
        Prim::Sqrt => "__fsqrt_rn",
        Prim::Max => "max_of",
        Prim::SelectGt => "select_gt",
        Prim::SelectEq => "select_eq",
        Prim::ScaleB => "scale_b",
        Prim::Exponent => "exponent",
        Prim::Significand => "significand",
    }
}

/// Rows whose NaNs have to be the protocol's: they are the value, or selects move them there. Any other NaN may have any
/// payload, as nothing depends on it. `max_of` gives no other.
fn canonical(rows: &[Row]) -> Vec<bool> {
    let mut reaches = vec![false; rows.len()];
    if let Some(last) = reaches.last_mut() {
        *last = true;
    }
    let mut canonical = vec![false; rows.len()];
    for (row, (prim, args)) in rows.iter().enumerate().rev() {
        let moves = matches!(prim, Prim::SelectGt | Prim::SelectEq);
        canonical[row] = reaches[row] && !moves && !matches!(prim, Prim::Max | Prim::Exponent);
        let moved = if moves && reaches[row] { &args[2..] } else { &[] };
        for &arg in moved {
            if let Source::Row(from) = source(arg) {
                reaches[usize::from(from)] = true;
            }
        }
    }
    canonical
}
