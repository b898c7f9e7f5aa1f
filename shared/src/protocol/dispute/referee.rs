//! The last move: the contract opens the operands under what is agreed and computes the disputed value itself.
use super::{Cause, Fault, Focus, Game, OperandProof};
use crate::arith::{from_u32, Soft, F32};
use crate::commit::{checked_f32, checked_item, checked_u8, Hash, Opening};
use crate::graph::{
    eval_element, eval_step, DataDecl, Dtype, Env, GraphError, Input, MicroStep, Node, Operand, Source, RECORD_LEN,
};
use crate::protocol::error::same_count;
use crate::protocol::Error;
use alloc::vec::Vec;

impl From<GraphError> for Fault {
    fn from(_: GraphError) -> Self {
        Fault::Lost(Cause::MalformedRecord)
    }
}

/// The claimed and the computed value of the disputed element or micro-step.
pub(super) fn compute(game: &Game, openings: &[OperandProof], prior: &[Opening]) -> Result<(F32, F32), Fault> {
    let focus = &game.focus;
    let node = focus.record.as_ref().ok_or(Fault::Lost(Cause::MalformedRecord))?;
    let env = Env { step: focus.step };
    let steps = match focus.micro {
        Some((t, _)) => t..t.saturating_add(1),
        None => 0..node.micro_len(),
    };
    let operands = node.operands(env, focus.element, steps)?;
    same_count(operands.len(), openings.len())?;
    let mut opened = Vec::new(); // A loop, here and below: collecting results costs a contract kilobytes.
    for (&(input, index), proof) in operands.iter().zip(openings) {
        opened.push(open(game, node, input, index, proof)?);
    }
    let fetch = |input, index| find(&operands, &opened, &(input, index));

    match focus.micro {
        Some((t, claimed)) => {
            let step = node.micro_step(env, focus.element, t)?;
            let earlier = earlier(&step);
            same_count(earlier.len(), prior.len())?;
            let len = node.micro_len().saturating_mul(4);
            let mut values = Vec::new();
            for (&at, proof) in earlier.iter().zip(prior) {
                values.push(checked_f32(&focus.micro_trace, len, at, proof)?);
            }
            let computed = eval_step::<Soft, Fault>(&step, fetch, |at| find(&earlier, &values, &at))?;
            Ok((claimed, computed))
        }
        None => {
            same_count(0, prior.len())?;
            Ok((focus.value, eval_element::<Soft, Fault>(node, env, focus.element, fetch, None)?))
        }
    }
}

/// Earlier micro-steps that a micro-step reads, each once, in order of first use.
fn earlier(step: &MicroStep) -> Vec<u64> {
    let mut found = Vec::new();
    for operand in step.args {
        if let Operand::Prior(at) = operand {
            if !found.contains(&at) {
                found.push(at);
            }
        }
    }
    found
}

fn find<K: PartialEq>(keys: &[K], values: &[F32], key: &K) -> Result<F32, Fault> {
    let at = keys.iter().position(|it| it == key);
    at.and_then(|at| values.get(at)).copied().ok_or(Fault::Lost(Cause::MalformedRecord))
    // Never: all were opened.
}

/// Opens an element of an input: first the tensor's root under what is agreed, then the element under that.
fn open(game: &Game, node: &Node, input: u8, index: u64, proof: &OperandProof) -> Result<F32, Fault> {
    let input = node.inputs.get(usize::from(input)).ok_or(Fault::Lost(Cause::MalformedRecord))?;
    let list = proof.list.as_ref().ok_or(Error::WrongMove)?;
    let root = tensor_root(game, input, list)?;
    let elements = input.shape.elements();
    match input.dtype {
        Dtype::F32 => Ok(checked_f32(&root, elements.saturating_mul(4), index, &proof.element)?),
        Dtype::U8 => Ok(from_u32(u32::from(checked_u8(&root, elements, index, &proof.element)?))),
    }
}

/// The agreed root of the tensor that an input reads.
fn tensor_root(game: &Game, input: &Input, list: &Opening) -> Result<Hash, Fault> {
    let malformed = || Fault::Lost(Cause::MalformedRecord);
    let program = game.claim.program();
    let focus: &Focus = &game.focus;
    let (root, len, index) = match input.source {
        // Only what lies left of the disputed node is agreed.
        Source::Node { index } if index < focus.node => (focus.trace, program.nodes, index),
        Source::State { snapshot, index } if index < program.states => {
            (game.claim.snapshot(snapshot, focus).ok_or_else(malformed)?, program.states, index)
        }
        Source::Data { index } if index < program.data => {
            let at = program.data_record(index);
            let record: [u8; RECORD_LEN] = checked_item(&program.root, program.byte_len(), at, list)?;
            let data = DataDecl::from_record(&record)?;
            let fits = data.dtype == input.dtype && data.shape == input.shape;
            return if fits { Ok(data.root) } else { Err(malformed()) };
        }
        _ => return Err(malformed()),
    };
    Ok(Hash(checked_item(&root, u64::from(len).saturating_mul(32), u64::from(index), list)?))
}
