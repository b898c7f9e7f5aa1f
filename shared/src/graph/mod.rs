//! Programs: what is computed, committed as a list of records, and defined down to the single primitive operation.
//!
//! A [`Program`] is a list of nodes in topological order over declared state tensors and public data tensors. Every
//! value is binary32 ([`F32`](crate::arith::F32)). For every operator ([`Op`]) this module answers three questions, and
//! nothing else knows operators:
//!
//! - the shape of the output: [`Op::infer`], [`Node::check`];
//! - the **micro-program** of element `e` of the output: [`Node::micro_len`], [`Node::micro_step`], a list of primitives
//!   in single-assignment form in which every step is found in O(1), so that two parties can search for the one step in
//!   which they differ and a contract can perform it;
//! - the work it counts for the price: [`Node::work`], measured rather than counted.
//!
//! [`eval_element`] runs a micro-program over any [`Arith`](crate::arith::Arith): the integers of a contract or the
//! hardware of a worker. [`eval_node`] and [`eval_program`] are the slow, obvious reference for faster executors.
pub mod constants;
mod error;
mod eval;
pub mod function;
mod interpret;
pub mod micro;
mod name;
mod node;
mod op;
mod order;
mod program;
mod record;
mod schedule;
mod shape;
mod validate;
mod work;

pub use error::{GraphError, ProgramError};
pub use eval::{eval_element, eval_prim, eval_step};
pub use interpret::{eval_node, eval_program};
pub use micro::{Env, MicroStep, Operand, Prim};
pub use name::Name;
pub use node::{Input, Node, Source, MAX_INPUTS, MAX_SNAPSHOTS};
pub use op::{ConvPart, Op, PoolKind, ReduceKind, ScheduleKind, Window};
pub use order::{dropout_word, epoch_seed, gather_row, jitter_sign, steps_per_epoch, DROPOUT_STREAM};
pub use program::{DataDecl, Program, ProgramKind, ProgramRef, StateDecl};
pub use record::RECORD_LEN;
pub use schedule::{bias_correction, scheduled};
pub use shape::{Dtype, Shape, MAX_ELEMENTS, MAX_RANK};
