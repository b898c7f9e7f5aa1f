//! Arithmetic on constants: what PyTorch computes of shapes, positions and masks while a model is read.
//!
//! Everything here gives the same bits on every machine: integers, exact conversions, and the operations of binary32
//! that IEEE 754 rounds correctly.
mod arithmetic;
mod movement;

pub(super) use movement::shape_part;

use super::constant::{Constant, Items, Kind, MAX_ELEMENTS};
use super::node::Node;
use super::tensor::Tensor;
use super::OnnxError;
use std::rc::Rc;

/// Inputs of a node, where all of them are known.
pub(super) struct Operands<'a> {
    node: &'a Node,
    inputs: &'a [Option<Rc<Constant>>],
}

impl Operands<'_> {
    /// An input that may be left out.
    fn optional(&self, position: usize) -> Option<&Constant> {
        self.inputs.get(position)?.as_deref()
    }

    /// An input that may not.
    fn get(&self, position: usize) -> Result<&Constant, OnnxError> {
        self.optional(position).ok_or_else(|| self.node.usage(format!("input {position} is missing")))
    }

    /// An input that is integers.
    fn ints(&self, position: usize) -> Result<&[i64], OnnxError> {
        let ints = self.get(position)?.ints();
        ints.ok_or_else(|| self.node.usage(format!("input {position} isn't of integers")))
    }

    /// An input that is integers, if there is one.
    fn optional_ints(&self, position: usize) -> Result<Option<&[i64]>, OnnxError> {
        match self.optional(position) {
            None => Ok(None),
            Some(_) => self.ints(position).map(Some),
        }
    }

    /// The result, which is `None` if it would be too large or isn't defined.
    fn result(&self, result: Option<Constant>) -> Result<Constant, OnnxError> {
        let why = || format!("a constant with more than {MAX_ELEMENTS} elements, or inputs that don't fit each other");
        result.ok_or_else(|| self.node.usage(why()))
    }

    fn fail<T>(&self, result: Result<T, String>) -> Result<T, OnnxError> {
        result.map_err(|why| self.node.usage(why))
    }
}

/// What a node makes of constants, one for each output; `None` if its operator is none of arithmetic on constants.
///
/// # Errors
/// Inputs that don't fit, or results that are too large.
pub(super) fn evaluate(node: &Node, inputs: &[Option<Rc<Constant>>]) -> Result<Option<Vec<Constant>>, OnnxError> {
    let Some(operator) = node.operator() else { return Ok(None) };
    let operands = Operands { node, inputs };
    if let Some(result) = arithmetic::evaluate(operator, &operands)? {
        return Ok(Some(vec![result]));
    }
    if operator == "Split" {
        return movement::split(&operands).map(Some);
    }
    Ok(movement::evaluate(operator, &operands)?.map(|result| vec![result]))
}

/// The constant inside a Constant node.
///
/// # Errors
/// It has none, or one of a type that isn't read.
pub(super) fn constant(node: &Node) -> Result<Constant, OnnxError> {
    if let Some(tensor) = node.tensor("value")? {
        let name = node.outputs().first().map_or("", String::as_str);
        return Tensor::inside(name, tensor)?.constant();
    }
    if let Some(item) = node.float("value_float")? {
        return Ok(Constant::float(item));
    }
    if let Some(item) = node.int("value_int")? {
        return Ok(Constant::int(item));
    }
    if let Some(items) = node.ints("value_ints")? {
        return Ok(Constant::list(items.to_vec()));
    }
    if let Some(items) = node.floats("value_floats")? {
        let constant = Constant::new(vec![items.len() as u64], Items::Float(items.to_vec()));
        return constant.ok_or_else(|| node.usage("too many numbers"));
    }
    Err(node.usage("it holds neither a tensor nor numbers"))
}

/// The kind that a Cast makes.
pub(super) fn cast_kind(node: &Node) -> Result<Kind, OnnxError> {
    let to = node.int("to")?.unwrap_or(0);
    let kind = i32::try_from(to).ok().and_then(Kind::of);
    kind.ok_or_else(|| node.usage(format!("element type {to} isn't supported")))
}
