//! One node of a file: its inputs, its attributes, and errors that say which node it is.
use super::error::Place;
use super::proto::{AttributeProto, NodeProto, TensorProto};
use super::OnnxError;

/// Characters of a name that are shown; names in hostile files can be of any length.
const SHOWN: usize = 120;

/// A node and its place in the file.
#[derive(Clone, Debug)]
pub(super) struct Node {
    proto: NodeProto,
    position: usize,
    count: usize,
}

impl Node {
    /// The node at a position, from 0, of so many.
    pub(super) fn new(proto: NodeProto, position: usize, count: usize) -> Node {
        Node { proto, position: position + 1, count }
    }

    /// Its operator; `None` if it isn't one of ONNX's own.
    pub(super) fn operator(&self) -> Option<&str> {
        is_standard(&self.proto.domain).then_some(self.proto.op_type.as_str())
    }

    /// Names of its inputs, empty where one is left out.
    pub(super) fn inputs(&self) -> &[String] {
        &self.proto.input
    }

    /// Names of its outputs, empty where one isn't wanted.
    pub(super) fn outputs(&self) -> &[String] {
        &self.proto.output
    }

    /// Name of an input, if there is one.
    pub(super) fn input(&self, position: usize) -> Option<&str> {
        self.proto.input.get(position).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// What people call it: its name, or its first output if it has none.
    pub(super) fn name(&self) -> String {
        let name = Some(&self.proto.name).filter(|name| !name.is_empty()).or_else(|| self.proto.output.first());
        name.map_or_else(String::new, |name| shown(name))
    }

    /// Where it is.
    pub(super) fn place(&self) -> Place {
        let operator = match self.operator() {
            Some(operator) => shown(operator),
            None => shown(&format!("{}.{}", self.proto.domain, self.proto.op_type)),
        };
        Place { position: self.position, count: self.count, node: self.name(), operator }
    }

    /// The error that it is used in a way that isn't supported.
    #[cold]
    pub(super) fn usage(&self, why: impl Into<String>) -> OnnxError {
        OnnxError::Usage { place: self.place(), why: why.into() }
    }

    fn attribute(&self, name: &str, types: &[i32]) -> Result<Option<&AttributeProto>, OnnxError> {
        let found = self.proto.attribute.iter().find(|attribute| attribute.name == name);
        match found {
            // Files without types are as old as opset 1, but cost nothing to read.
            Some(attribute) if attribute.r#type.is_some_and(|ty| ty != 0 && !types.contains(&ty)) => {
                Err(self.usage(format!("attribute {name} has the wrong type")))
            }
            found => Ok(found),
        }
    }

    /// An integer attribute. One that is present without a value is 0: protobuf leaves zeros out.
    pub(super) fn int(&self, name: &str) -> Result<Option<i64>, OnnxError> {
        Ok(self.attribute(name, &[2])?.map(|attribute| attribute.i.unwrap_or(0)))
    }

    /// A number.
    pub(super) fn float(&self, name: &str) -> Result<Option<f32>, OnnxError> {
        Ok(self.attribute(name, &[1])?.map(|attribute| attribute.f.unwrap_or(0.0)))
    }

    /// A list of integers.
    pub(super) fn ints(&self, name: &str) -> Result<Option<&[i64]>, OnnxError> {
        Ok(self.attribute(name, &[7])?.map(|attribute| attribute.ints.as_slice()))
    }

    /// A list of numbers.
    pub(super) fn floats(&self, name: &str) -> Result<Option<&[f32]>, OnnxError> {
        Ok(self.attribute(name, &[6])?.map(|attribute| attribute.floats.as_slice()))
    }

    /// A text.
    pub(super) fn string(&self, name: &str) -> Result<Option<&str>, OnnxError> {
        let Some(attribute) = self.attribute(name, &[3])? else { return Ok(None) };
        let bytes = attribute.s.as_deref().unwrap_or_default();
        let text = std::str::from_utf8(bytes).map_err(|_| self.usage(format!("attribute {name} isn't text")))?;
        Ok(Some(text))
    }

    /// A tensor.
    pub(super) fn tensor(&self, name: &str) -> Result<Option<&TensorProto>, OnnxError> {
        Ok(self.attribute(name, &[4])?.and_then(|attribute| attribute.t.as_ref()))
    }
}

/// Whether a domain is that of ONNX's own operators.
pub(super) fn is_standard(domain: &str) -> bool {
    matches!(domain, "" | "ai.onnx")
}

/// As much of a name as an error or a layer shows.
pub(super) fn shown(name: &str) -> String {
    match name.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.into(),
    }
}
