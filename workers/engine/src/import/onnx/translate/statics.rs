//! Numbers of what depends on parameters only, where a node needs to know them: a mask that is kept as a buffer of ones
//! and compared with zero.
use super::{Known, Translator};
use crate::import::onnx::constant::Constant;
use crate::import::onnx::node::Node;
use crate::import::onnx::OnnxError;
use std::collections::HashMap;
use std::rc::Rc;

impl<'a> Translator<'a> {
    /// The numbers under a name, for a node that reads it.
    pub(super) fn evaluate(&mut self, reader: &'a Node, name: &'a str) -> Result<Rc<Constant>, OnnxError> {
        let mut found: HashMap<&'a str, Rc<Constant>> = HashMap::new();
        let mut pending = vec![name];
        while let Some(&name) = pending.last() {
            if found.contains_key(name) {
                pending.pop();
                continue;
            }
            if let Some(constant) = self.numbers(name)? {
                self.budget.work(reader, constant.len() as u64)?;
                found.insert(name, constant);
                continue;
            }
            let Some(&node) = self.producers.get(name) else {
                return Err(reader.usage(format!("{name:?} isn't constant")));
            };
            self.budget.work(node, node.inputs().len() as u64)?;
            let missing = node.inputs().iter().find(|input| !input.is_empty() && !found.contains_key(input.as_str()));
            if let Some(input) = missing {
                pending.push(input);
                continue;
            }
            let inputs: Vec<_> = node.inputs().iter().map(|input| found.get(input.as_str()).cloned()).collect();
            let results = self.evaluated(node, &inputs)?;
            let results =
                results.ok_or_else(|| node.usage("its result must be constant, but can't be computed now"))?;
            found.extend(node.outputs().iter().map(String::as_str).zip(results.into_iter().map(Rc::new)));
            if !found.contains_key(name) {
                return Err(node.usage(format!("its output {name:?} isn't supported")));
            }
        }
        found.remove(name).ok_or_else(|| reader.usage(format!("{name:?} isn't constant")))
    }

    /// The numbers under a name that no node has to be evaluated for.
    fn numbers(&self, name: &str) -> Result<Option<Rc<Constant>>, OnnxError> {
        if let Some(Known::Constant(constant)) = self.known.get(name) {
            return Ok(Some(constant.clone()));
        }
        match self.file.tensor_of.get(name) {
            Some(&index) => self.file.tensors[index].constant().map(|constant| Some(Rc::new(constant))),
            None => Ok(None),
        }
    }
}
