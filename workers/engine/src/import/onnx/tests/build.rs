//! Model files made by hand.
use super::super::proto::*;
use super::*;

/// A graph with the input `x` and the output `y`.
pub(super) struct Build {
    pub(super) model: ModelProto,
}

/// A value of an attribute.
pub(super) enum Attr<'a> {
    Int(i64),
    Float(f32),
    Ints(&'a [i64]),
    Text(&'static str),
    Tensor(Box<TensorProto>),
}

impl Build {
    /// With a float input of these dimensions behind the batch.
    pub(super) fn new(sample: &[i64]) -> Build {
        Build::of(sample, element::FLOAT, 21)
    }

    /// With this element type and version of the operators.
    pub(super) fn of(sample: &[i64], elem_type: i32, version: i64) -> Build {
        let named =
            |dim_param: Option<&str>, dim_value| DimensionProto { dim_value, dim_param: dim_param.map(Into::into) };
        let dim = std::iter::once(named(Some("batch"), None)).chain(sample.iter().map(|&size| named(None, Some(size))));
        let shape = Some(TensorShapeProto { dim: dim.collect() });
        let ty = TypeProto { tensor_type: Some(TensorTypeProto { elem_type, shape }) };
        let input = ValueInfoProto { name: "x".into(), r#type: Some(ty), ..Default::default() };
        let output = ValueInfoProto { name: "y".into(), ..Default::default() };
        let graph = GraphProto { input: vec![input], output: vec![output], ..Default::default() };
        let opset_import = vec![OperatorSetIdProto { domain: String::new(), version }];
        Build { model: ModelProto { ir_version: 10, opset_import, graph: Some(graph) } }
    }

    pub(super) fn graph(&mut self) -> &mut GraphProto {
        self.model.graph.as_mut().unwrap()
    }

    /// A weight of these dimensions: 0, 0.5, 1, …
    pub(super) fn weight(self, name: &str, dims: &[i64]) -> Build {
        let len = dims.iter().product::<i64>();
        self.floats(name, dims, &(0..len).map(|i| i as f32 / 2.0).collect::<Vec<_>>())
    }

    pub(super) fn floats(mut self, name: &str, dims: &[i64], items: &[f32]) -> Build {
        self.graph().initializer.push(floats(name, dims, items));
        self
    }

    pub(super) fn ints(mut self, name: &str, items: &[i64]) -> Build {
        let raw: Vec<u8> = items.iter().flat_map(|item| item.to_le_bytes()).collect();
        let dims = vec![items.len() as i64];
        let tensor = TensorProto { name: name.into(), dims, data_type: element::INT64, ..Default::default() };
        self.graph().initializer.push(TensorProto { raw_data: raw.into(), ..tensor });
        self
    }

    /// A node `operator inputs… -> outputs…`.
    pub(super) fn node(mut self, line: &str, attributes: &[(&str, Attr<'_>)]) -> Build {
        let (left, outputs) = line.split_once(" -> ").unwrap();
        let (operator, inputs) = left.split_once(' ').unwrap_or((left, ""));
        let names = |text: &str| text.split_whitespace().map(|name| name.replace('_', "")).collect();
        let attribute = attributes.iter().map(|(name, value)| {
            let mut attribute = AttributeProto { name: (*name).into(), ..Default::default() };
            match value {
                Attr::Int(i) => attribute.i = Some(*i),
                Attr::Float(f) => attribute.f = Some(*f),
                Attr::Ints(ints) => attribute.ints = ints.to_vec(),
                Attr::Text(text) => attribute.s = Some(Bytes::from_static(text.as_bytes())),
                Attr::Tensor(tensor) => attribute.t = Some(TensorProto::clone(tensor)),
            }
            attribute
        });
        let (domain, op_type) = operator.rsplit_once('/').unwrap_or(("", operator));
        let node = NodeProto {
            op_type: op_type.into(),
            domain: domain.into(),
            input: names(inputs),
            output: names(outputs),
            attribute: attribute.collect(),
            ..Default::default()
        };
        self.graph().node.push(node);
        self
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.model.encode_to_vec()
    }

    pub(super) fn file(&self) -> Result<File, OnnxError> {
        File::parse(self.bytes())
    }

    pub(super) fn read(&self) -> Result<Model, OnnxError> {
        read(&self.bytes())
    }

    /// What is wrong with it.
    pub(super) fn error(&self) -> OnnxError {
        self.read().expect_err("a broken file was read")
    }
}

pub(super) fn floats(name: &str, dims: &[i64], items: &[f32]) -> TensorProto {
    let raw: Vec<u8> = items.iter().flat_map(|item| item.to_le_bytes()).collect();
    TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: element::FLOAT,
        raw_data: raw.into(),
        ..Default::default()
    }
}

/// One operator between a first layer `h = x · w` of `[4, ..sample]` and the output; `line` reads `h` and writes `y`.
pub(super) fn one(sample: &[i64], line: &str, attributes: &[(&str, Attr<'_>)]) -> Build {
    let last = sample[sample.len() - 1];
    Build::new(sample).weight("w", &[last, last]).node("MatMul x w -> h", &[]).node(line, attributes)
}

/// Operations and output shape of [`one`], without its first layer.
pub(super) fn layers(build: &Build) -> (Vec<LayerOp>, Vec<u32>) {
    let model = build.read().unwrap();
    let ops = model.layers.iter().skip(1).map(|layer: &Layer| layer.op.clone()).collect();
    (ops, model.shape(model.output).dims().to_vec())
}

/// Parameters by name.
pub(super) fn param<'a>(model: &'a Model, name: &str) -> &'a Param {
    model.params.iter().find(|param| param.name == name).unwrap()
}
