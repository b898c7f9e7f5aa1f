//! Any table on GPUs, against the definition.
use crate::cuda::testing::{run, Table};
use crate::exec::kernels::tests::values;
use crate::exec::lanes::tests::PRIMS;
use assay_core::arith::random::philox;
use assay_core::arith::{from_u32, Soft, F32};
use assay_core::graph::eval_prim;
use assay_core::graph::function::{source, Row, Source};

/// A table of any rows; selects are frequent, so that values are moved.
fn table(len: usize, inputs: u8, seed: u64) -> Vec<Row> {
    let row = |t: usize| {
        let words = [philox(seed, 1, t as u64), philox(seed, 2, t as u64)].concat();
        let prim = match words[0] % 3 {
            0 => PRIMS[7 + words[1] as usize % 2],
            _ => PRIMS[words[1] as usize % 12],
        };
        let arg = |word: u32| match word % 8 {
            0..4 if t > 0 => (word >> 8) as u8 % t as u8,
            7 => (100 + (word >> 8) % 5) as u8,
            _ => 96 + (word >> 8) as u8 % inputs,
        };
        (prim, [2, 3, 4, 5].map(|i| arg(words[i])))
    };
    (0..len).map(row).collect()
}

/// The definition, over all elements.
fn expected(rows: &[Row], params: [F32; 4], columns: usize, inputs: &[Vec<F32>]) -> Vec<u32> {
    let element = |e: usize| {
        let mut values: Vec<F32> = Vec::new();
        for &(prim, args) in rows {
            let args = args.map(|arg| match source(arg) {
                Source::Row(row) => values.get(usize::from(row)).copied().unwrap_or(F32::ZERO),
                Source::Input(input) => inputs[usize::from(input)][e],
                Source::Param(param) => params[usize::from(param)],
                Source::Column => from_u32((e % columns) as u32),
                Source::Const(value) => value,
            });
            values.push(eval_prim::<Soft>(prim, args));
        }
        values[rows.len() - 1].0
    };
    (0..inputs[0].len()).map(element).collect()
}

/// By kernels for GPUs, emulated.
#[test]
fn any_table_on_a_gpu() {
    let tables: Vec<Table> = (0..150_u64)
        .map(|seed| {
            let words = philox(seed, 3, 0);
            let inputs = words[0] as u8 % 4 + 1;
            Table {
                rows: table(words[1] as usize % 24 + 1, inputs, seed),
                params: philox(seed, 4, 0).map(F32),
                inputs: (seed..).take(inputs.into()).map(|seed| values(words[2] as usize % 300 + 1, seed)).collect(),
            }
        })
        .collect();
    for (table, got) in tables.iter().zip(run(&tables)) {
        let inputs: Vec<Vec<F32>> = table.inputs.iter().map(|x| x.iter().map(|x| F32(x.to_bits())).collect()).collect();
        let expected = expected(&table.rows, table.params, got.len(), &inputs);
        let got: Vec<u32> = got.iter().map(|x| x.to_bits()).collect();
        assert_eq!(got, expected, "{:?}", table.rows);
    }
}
