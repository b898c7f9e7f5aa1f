//! Operators in records: a number and up to 24 bytes of attributes.
use super::{ConvPart, Op, PoolKind, ReduceKind, ScheduleKind, Window};
use crate::arith::F32;
use crate::graph::function::Function;
use crate::graph::record::{Reader, Writer};
use crate::graph::GraphError;

impl Op {
    /// The number that stands for it in a record. Numbers are never used again for something else.
    const fn tag(&self) -> u8 {
        match self {
            Op::Gather { .. } => 1,
            Op::Jitter { .. } => 2,
            Op::Dropout { .. } => 3,
            Op::Map { .. } => 4,
            Op::MatMul { .. } => 5,
            Op::Conv { .. } => 6,
            Op::Pool { .. } => 7,
            Op::PoolGrad { .. } => 8,
            Op::Reduce { .. } => 9,
            Op::Pick => 10,
            Op::Embed => 11,
            Op::EmbedGrad => 12,
            Op::Reshape => 13,
            Op::Transpose { .. } => 14,
            Op::Slice { .. } => 15,
            Op::Pad { .. } => 16,
            Op::Concat { .. } => 17,
            Op::Schedule { .. } => 18,
            Op::BiasCorrection { .. } => 19,
        }
    }

    /// Writes number and attributes, the latter in the order of the declaration.
    pub(in crate::graph) fn write(&self, writer: &mut Writer) {
        writer.u8(self.tag());
        match *self {
            Op::Gather { seed, rows, scale, shift, part, parts } => {
                writer.u64(seed);
                writer.u32(rows);
                writer.u32(scale.0);
                writer.u32(shift.0);
                writer.u16(part);
                writer.u16(parts);
            }
            Op::Jitter { seed, exponent } => {
                writer.u64(seed);
                writer.u8(exponent.cast_unsigned());
            }
            Op::Dropout { seed, keep_below, scale } => {
                writer.u64(seed);
                writer.u32(keep_below);
                writer.u32(scale.0);
            }
            Op::Map { function, params } => {
                writer.u8(function.tag());
                params.into_iter().for_each(|param| writer.u32(param.0));
            }
            Op::MatMul { trans_a, trans_b } => writer.bytes(&[u8::from(trans_a), u8::from(trans_b)]),
            Op::Conv { part, window, groups } => {
                writer.u8(part.tag());
                window.write(writer);
                writer.u16(groups);
            }
            Op::Pool { kind, window, kernel } | Op::PoolGrad { kind, window, kernel } => {
                writer.u8(kind.tag());
                window.write(writer);
                writer.bytes(&kernel);
            }
            Op::Reduce { kind, axes, scale } => {
                writer.u8(kind.tag());
                writer.u8(axes);
                writer.u32(scale.0);
            }
            Op::Transpose { perm } => writer.bytes(&perm),
            Op::Slice { axis, start, step } | Op::Pad { axis, start, step } => {
                writer.u8(axis);
                writer.u32(start);
                writer.u32(step);
            }
            Op::Concat { axis } => writer.u8(axis),
            Op::Schedule { kind, base, end, warmup, period } => {
                writer.u8(kind.tag());
                [base.0, end.0, warmup, period].into_iter().for_each(|word| writer.u32(word));
            }
            Op::BiasCorrection { beta } => writer.u64(beta),
            Op::Pick | Op::Embed | Op::EmbedGrad | Op::Reshape => {}
        }
    }

    /// Reads number and attributes.
    pub(in crate::graph) fn read(reader: &mut Reader<'_>) -> Result<Op, GraphError> {
        Ok(match reader.u8() {
            1 => Op::Gather {
                seed: reader.u64(),
                rows: reader.u32(),
                scale: F32(reader.u32()),
                shift: F32(reader.u32()),
                part: reader.u16(),
                parts: reader.u16(),
            },
            2 => Op::Jitter { seed: reader.u64(), exponent: reader.u8().cast_signed() },
            3 => Op::Dropout { seed: reader.u64(), keep_below: reader.u32(), scale: F32(reader.u32()) },
            4 => {
                let tag = reader.u8();
                let function = Function::of_tag(tag).ok_or(GraphError::UnknownFunction(tag))?;
                let mut params = [F32::ZERO; 4];
                params.iter_mut().for_each(|param| *param = F32(reader.u32()));
                let unused = params.get(usize::from(function.params())..).unwrap_or_default();
                if unused.iter().any(|param| param.0 != 0) {
                    return Err(GraphError::Attribute);
                }
                Op::Map { function, params }
            }
            5 => Op::MatMul { trans_a: read_flag(reader)?, trans_b: read_flag(reader)? },
            6 => Op::Conv { part: ConvPart::read(reader)?, window: Window::read(reader), groups: reader.u16() },
            7 => Op::Pool { kind: PoolKind::read(reader)?, window: Window::read(reader), kernel: reader.array() },
            8 => Op::PoolGrad { kind: PoolKind::read(reader)?, window: Window::read(reader), kernel: reader.array() },
            9 => Op::Reduce { kind: ReduceKind::read(reader)?, axes: reader.u8(), scale: F32(reader.u32()) },
            10 => Op::Pick,
            11 => Op::Embed,
            12 => Op::EmbedGrad,
            13 => Op::Reshape,
            14 => Op::Transpose { perm: reader.array() },
            15 => Op::Slice { axis: reader.u8(), start: reader.u32(), step: reader.u32() },
            16 => Op::Pad { axis: reader.u8(), start: reader.u32(), step: reader.u32() },
            17 => Op::Concat { axis: reader.u8() },
            18 => Op::Schedule {
                kind: ScheduleKind::read(reader)?,
                base: F32(reader.u32()),
                end: F32(reader.u32()),
                warmup: reader.u32(),
                period: reader.u32(),
            },
            19 => Op::BiasCorrection { beta: reader.u64() },
            other => return Err(GraphError::UnknownOp(other)),
        })
    }
}

impl Window {
    fn write(&self, writer: &mut Writer) {
        [self.stride, self.dilation, self.before, self.after].iter().for_each(|pair| writer.bytes(pair));
    }

    fn read(reader: &mut Reader<'_>) -> Window {
        Window { stride: reader.array(), dilation: reader.array(), before: reader.array(), after: reader.array() }
    }
}

/// Numbers of a plain enumeration's variants.
macro_rules! tags {
    ($($name:ident { $($tag:literal => $variant:ident),* })*) => {$(
        impl $name {
            const fn tag(self) -> u8 {
                match self {
                    $($name::$variant => $tag),*
                }
            }

            fn read(reader: &mut Reader<'_>) -> Result<Self, GraphError> {
                match reader.u8() {
                    $($tag => Ok($name::$variant),)*
                    _ => Err(GraphError::Attribute),
                }
            }
        }
    )*};
}

tags! {
    ConvPart { 1 => Forward, 2 => Input, 3 => Weight }
    PoolKind { 1 => Max, 2 => Argmax, 3 => Average, 4 => AverageInside }
    ReduceKind { 1 => Max, 2 => Sum, 3 => Dot, 4 => SquaredDistance }
    ScheduleKind { 1 => Constant, 2 => Linear, 3 => Cosine, 4 => Exponential }
}

fn read_flag(reader: &mut Reader<'_>) -> Result<bool, GraphError> {
    match reader.u8() {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(GraphError::Flag(other)),
    }
}
