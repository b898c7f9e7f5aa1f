//! The model without what its output doesn't depend on.
use super::{Known, Translator};
use crate::import::onnx::OnnxError;
use crate::import::{Model, Value};

impl Translator<'_> {
    /// The model, once all nodes are translated.
    pub(super) fn finish(mut self) -> Result<Model, OnnxError> {
        let name = &self.file.output;
        let output = match self.known.get(name.as_str()) {
            Some(Known::Tensor(tensor)) if matches!(tensor.value, Value::Layer(_)) && !tensor.fixed => tensor.value,
            _ => return Err(OnnxError::NoOutput(name.clone())),
        };
        let mut needed = vec![false; self.layers.len()];
        let mut read = vec![false; self.parameters.ordered().len()];
        let mut mark = |value: Value, needed: &mut [bool]| match value {
            Value::Layer(index) => needed[index] = true,
            Value::Param(index) => read[index] = true,
            Value::Input => {}
        };
        mark(output, &mut needed);
        // Layers read only earlier ones: one pass backwards finds all.
        for index in (0..self.layers.len()).rev() {
            if needed[index] {
                self.layers[index].inputs.iter().for_each(|&input| mark(input, &mut needed));
            }
        }
        self.check_shared(&needed)?;
        let mut params = Vec::new();
        let mut param_of = vec![0; read.len()];
        for index in self.parameters.ordered().into_iter().filter(|&index| read[index]) {
            param_of[index] = params.len();
            params.push(self.parameters.take(index)?);
        }
        let mut layers = Vec::new();
        let mut layer_of = vec![0; needed.len()];
        let moved = |value: Value, layer_of: &[usize]| match value {
            Value::Layer(index) => Value::Layer(layer_of[index]),
            Value::Param(index) => Value::Param(param_of[index]),
            Value::Input => Value::Input,
        };
        for (index, mut layer) in self.layers.into_iter().enumerate().filter(|(index, _)| needed[*index]) {
            layer.inputs.iter_mut().for_each(|input| *input = moved(*input, &layer_of));
            layer_of[index] = layers.len();
            layers.push(layer);
        }
        if !params.iter().any(|param| param.trained) {
            return Err(OnnxError::NoWeights);
        }
        Ok(Model { input: self.input, output: moved(output, &layer_of), params, layers })
    }

    /// Exporters that optimise merge weights of equal values: of a fresh model all norms would be trained as one. Where a
    /// file may come from such an export, weights of one number must have one reader.
    fn check_shared(&self, needed: &[bool]) -> Result<(), OnnxError> {
        if !self.file.merges {
            return Ok(());
        }
        let mut readers = vec![0_u32; self.parameters.ordered().len()];
        for (layer, _) in self.layers.iter().zip(needed).filter(|(_, &needed)| needed) {
            for &input in &layer.inputs {
                if let Value::Param(index) = input {
                    readers[index] += 1;
                }
            }
        }
        match (0..readers.len()).find(|&index| readers[index] > 1 && self.parameters.is_uniform_weight(index)) {
            Some(index) => Err(OnnxError::Merged(self.parameters.name(index).into())),
            None => Ok(()),
        }
    }
}
