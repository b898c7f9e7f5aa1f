//! Operators in records: a number and up to 24 bytes of attributes.
use super::record::{Reader, Writer};
use super::{GraphError, Op};
use crate::arith::F32;

impl Op {
    /// The number that stands for it in a record. Numbers are never used again for something else.
    const fn tag(&self) -> u8 {
        match self {
            Op::Gather { .. } => 1,
            Op::Jitter { .. } => 2,
            Op::MatMul { .. } => 3,
            Op::BiasAdd => 4,
            Op::Relu => 5,
            Op::ReluGrad => 6,
            Op::RowMax => 7,
            Op::SubExp => 8,
            Op::RowSum => 9,
            Op::Pick => 10,
            Op::XentLoss => 11,
            Op::XentGrad { .. } => 12,
            Op::SumAll { .. } => 13,
            Op::ColSum => 14,
            Op::SgdMomentum { .. } => 15,
            Op::SgdStep { .. } => 16,
            Op::SqDist => 17,
            Op::Add => 18,
            Op::Max => 19,
            Op::Ratio => 20,
        }
    }

    /// Writes number and attributes, the latter in the order of the declaration.
    pub(super) fn write(&self, writer: &mut Writer) {
        writer.u8(self.tag());
        match *self {
            Op::Gather { seed, rows, scale, shift } => {
                writer.u64(seed);
                writer.u32(rows);
                writer.u32(scale.0);
                writer.u32(shift.0);
            }
            Op::Jitter { seed, exponent } => {
                writer.u64(seed);
                writer.u8(exponent.cast_unsigned());
            }
            Op::MatMul { trans_a, trans_b } => {
                writer.u8(u8::from(trans_a));
                writer.u8(u8::from(trans_b));
            }
            Op::XentGrad { scale } | Op::SumAll { scale } => writer.u32(scale.0),
            Op::SgdMomentum { mu, wd } => {
                writer.u32(mu.0);
                writer.u32(wd.0);
            }
            Op::SgdStep { lr } => writer.u32(lr.0),
            Op::BiasAdd
            | Op::Relu
            | Op::ReluGrad
            | Op::RowMax
            | Op::SubExp
            | Op::RowSum
            | Op::Pick
            | Op::XentLoss
            | Op::ColSum
            | Op::SqDist
            | Op::Add
            | Op::Max
            | Op::Ratio => {}
        }
    }

    /// Reads number and attributes.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Op, GraphError> {
        Ok(match reader.u8() {
            1 => {
                Op::Gather { seed: reader.u64(), rows: reader.u32(), scale: read_f32(reader), shift: read_f32(reader) }
            }
            2 => Op::Jitter { seed: reader.u64(), exponent: reader.u8().cast_signed() },
            3 => Op::MatMul { trans_a: read_flag(reader)?, trans_b: read_flag(reader)? },
            4 => Op::BiasAdd,
            5 => Op::Relu,
            6 => Op::ReluGrad,
            7 => Op::RowMax,
            8 => Op::SubExp,
            9 => Op::RowSum,
            10 => Op::Pick,
            11 => Op::XentLoss,
            12 => Op::XentGrad { scale: read_f32(reader) },
            13 => Op::SumAll { scale: read_f32(reader) },
            14 => Op::ColSum,
            15 => Op::SgdMomentum { mu: read_f32(reader), wd: read_f32(reader) },
            16 => Op::SgdStep { lr: read_f32(reader) },
            17 => Op::SqDist,
            18 => Op::Add,
            19 => Op::Max,
            20 => Op::Ratio,
            other => return Err(GraphError::UnknownOp(other)),
        })
    }
}

fn read_f32(reader: &mut Reader<'_>) -> F32 {
    F32(reader.u32())
}

fn read_flag(reader: &mut Reader<'_>) -> Result<bool, GraphError> {
    match reader.u8() {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(GraphError::Flag(other)),
    }
}
