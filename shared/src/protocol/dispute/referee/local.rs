//! The rules: what a node is like, and what the last move's operands give.
use super::{Facts, Fault, Question, Record, Referee};
use crate::arith::{from_u32, Soft, F32};
use crate::commit::{checked_f32, checked_item, checked_u8, Hash, Opening};
use crate::graph::{
    eval_element, eval_step, DataDecl, Dtype, Env, GraphError, Input, MicroStep, Node, Operand, Source, RECORD_LEN,
};
use crate::protocol::dispute::{Cause, Focus, OperandProof};
use crate::protocol::error::{ensure, same_count};
use crate::protocol::Error;
use alloc::vec::Vec;

/// The referee itself: asked in place by everybody but the arbiter's contract, which asks a contract that asks this.
#[derive(Clone, Copy, Debug, Default)]
pub struct Local;

impl Referee for Local {
    fn inspect(&self, record: &Record) -> Result<Facts, Fault> {
        Ok(Facts::of(&read(record)?))
    }

    fn compute(&self, question: &Question, openings: &[OperandProof], prior: &[Opening]) -> Result<F32, Fault> {
        let node = read(&question.record)?;
        let env = Env { step: question.step };
        let steps = match question.micro {
            Some((t, _)) => t..t.saturating_add(1),
            None => {
                // No game asks that. Anybody else could, of a node of a billion micro-steps.
                ensure!(node.at_once(), Error::WrongMove);
                0..node.micro_len()
            }
        };
        let operands = node.operands(env, question.element, steps)?;
        same_count(operands.len(), openings.len())?;
        let mut opened = Vec::new(); // A loop, here and below: collecting results costs a contract kilobytes.
        for (&(input, index), proof) in operands.iter().zip(openings) {
            opened.push(open(question, &node, input, index, proof)?);
        }
        let fetch = |input, index| find(&operands, &opened, &(input, index));

        match question.micro {
            Some((t, trace)) => {
                let step = node.micro_step(env, question.element, t)?;
                let earlier = earlier(&step);
                same_count(earlier.len(), prior.len())?;
                let len = node.micro_len().saturating_mul(4);
                let mut values = Vec::new();
                for (&at, proof) in earlier.iter().zip(prior) {
                    values.push(checked_f32(&trace, len, at, proof)?);
                }
                eval_step::<Soft, Fault>(&step, fetch, |at| find(&earlier, &values, &at))
            }
            None => {
                same_count(0, prior.len())?;
                eval_element::<Soft, Fault>(&node, env, question.element, fetch, None)
            }
        }
    }
}

impl Facts {
    /// Of this node.
    pub fn of(node: &Node) -> Facts {
        Facts { elements: node.shape.elements(), micro_len: node.micro_len(), at_once: node.at_once() }
    }
}

impl Focus {
    /// The disputed node, for players; `None` as long as its record isn't open.
    pub fn node(&self) -> Option<Node> {
        self.record.as_ref().and_then(|record| read(record).ok())
    }
}

impl From<GraphError> for Fault {
    fn from(_: GraphError) -> Self {
        malformed()
    }
}

fn malformed() -> Fault {
    Fault::Lost(Cause::MalformedRecord)
}

/// The node of a record, if it makes sense by itself.
fn read(record: &Record) -> Result<Node, Fault> {
    let node = Node::from_record(&record.0)?;
    node.check()?;
    Ok(node)
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
    at.and_then(|at| values.get(at)).copied().ok_or_else(malformed) // Never: all were opened.
}

/// Opens an element of an input: first the tensor's root under what is agreed, then the element under that.
fn open(question: &Question, node: &Node, input: u8, index: u64, proof: &OperandProof) -> Result<F32, Fault> {
    let input = node.inputs.get(usize::from(input)).ok_or_else(malformed)?;
    let list = proof.list.as_ref().ok_or(Error::WrongMove)?;
    let root = tensor_root(question, input, list)?;
    let elements = input.shape.elements();
    match input.dtype {
        Dtype::F32 => Ok(checked_f32(&root, elements.saturating_mul(4), index, &proof.element)?),
        Dtype::U8 => Ok(from_u32(u32::from(checked_u8(&root, elements, index, &proof.element)?))),
    }
}

/// The agreed root of the tensor that an input reads.
fn tensor_root(question: &Question, input: &Input, list: &Opening) -> Result<Hash, Fault> {
    let program = &question.program;
    let (root, len, index) = match input.source {
        // Only what lies left of the disputed node is agreed.
        Source::Node { index } if index < question.node => (question.trace, program.nodes, index),
        Source::State { snapshot, index } if index < program.states => {
            let state = question.snapshots.get(usize::from(snapshot)).ok_or_else(malformed)?;
            (*state, program.states, index)
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
