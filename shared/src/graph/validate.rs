//! Whether a program means something.
use super::{Dtype, Name, Node, Program, ProgramError, ProgramKind, Shape, Source};
use alloc::boxed::Box;
use alloc::collections::BTreeSet;

impl Program {
    /// Checks the program as what it [seems](Program::kind) to be.
    ///
    /// # Errors
    /// The first thing that doesn't fit.
    pub fn validate(&self) -> Result<(), ProgramError> {
        self.validate_as(self.kind())
    }

    /// Checks everything that its meaning depends on: names, every node by itself, that inputs exist before they are
    /// read and look as the node says, and the results.
    ///
    /// Whoever joins a task runs this on all of its programs first: nobody can be convicted by a program that is valid.
    ///
    /// # Errors
    /// The first thing that doesn't fit.
    pub fn validate_as(&self, kind: ProgramKind) -> Result<(), ProgramError> {
        let count = |len: usize| u32::try_from(len).map_err(|_| ProgramError::TooManyRecords);
        let (states, nodes) = (count(self.states.len())?, count(self.nodes.len())?);
        count(self.data.len())?;
        unique(self.states.iter().map(|state| &state.name))?;
        unique(self.data.iter().map(|data| &data.name))?;
        for (index, node) in (0..).zip(&self.nodes) {
            self.validate_node(index, node, kind)?;
        }
        match kind {
            ProgramKind::Step if states == 0 => Err(ProgramError::NoState),
            ProgramKind::Step => self.validate_results(nodes, states, self.states.iter().map(|state| &state.shape)),
            ProgramKind::Distance => self.validate_results(nodes, 1, core::iter::once(&Shape::SCALAR)),
        }
    }

    fn validate_node(&self, index: u32, node: &Node, kind: ProgramKind) -> Result<(), ProgramError> {
        node.check().map_err(|error| ProgramError::Node {
            node: index,
            name: node.name.clone(),
            op: node.op,
            error: Box::new(error),
        })?;
        for (position, input) in (0..).zip(&node.inputs) {
            if kind == ProgramKind::Step && matches!(input.source, Source::State { snapshot: 1.., .. }) {
                return Err(ProgramError::StepSnapshot { node: index, input: position });
            }
            match self.declared(index, input.source) {
                None => {
                    return Err(ProgramError::NoSource { node: index, input: position, source_kind: input.source });
                }
                Some(declared) if declared == (input.dtype, input.shape) => {}
                Some(_) => {
                    return Err(ProgramError::SourceMismatch {
                        node: index,
                        input: position,
                        source_kind: input.source,
                    });
                }
            }
        }
        Ok(())
    }

    /// Element type and shape of what node `reader` reads.
    fn declared(&self, reader: u32, source: Source) -> Option<(Dtype, Shape)> {
        let at = |index: u32| usize::try_from(index).ok();
        match source {
            Source::State { index, .. } => self.states.get(at(index)?).map(|state| (Dtype::F32, state.shape)),
            Source::Data { index } => self.data.get(at(index)?).map(|data| (data.dtype, data.shape)),
            Source::Node { index } if index >= reader => None,
            Source::Node { index } => self.nodes.get(at(index)?).map(|node| (Dtype::F32, node.shape)),
        }
    }

    /// Checks the shapes of the last `results` nodes.
    fn validate_results<'a>(
        &self,
        nodes: u32,
        results: u32,
        shapes: impl Iterator<Item = &'a Shape>,
    ) -> Result<(), ProgramError> {
        let first = nodes.checked_sub(results).and_then(|first| usize::try_from(first).ok());
        let Some(last_nodes) = first.and_then(|first| self.nodes.get(first..)) else {
            return Err(ProgramError::TooFewNodes { nodes, results });
        };
        for (result, (node, &expected)) in (0..).zip(last_nodes.iter().zip(shapes)) {
            if node.shape != expected {
                return Err(ProgramError::ResultShape { result, expected, got: node.shape });
            }
        }
        Ok(())
    }
}

fn unique<'a>(names: impl Iterator<Item = &'a Name>) -> Result<(), ProgramError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if name.as_str().is_empty() || !seen.insert(name) {
            return Err(ProgramError::DuplicateName(name.clone()));
        }
    }
    Ok(())
}
