//! Where a program's tensors lie in a device's memory: everything is allocated once.
use super::device::{Address, Device};
use super::{CudaError, MAX_ELEMENTS};
use crate::data::DataTensor;
use assay_core::graph::{Program, ProgramKind, Shape, Source};

/// What places are aligned to, in bytes.
const ALIGNMENT: u64 = 256;

/// Addresses of a program's tensors.
pub(super) struct Memory {
    /// By snapshot and position.
    pub(super) states: Vec<Vec<Address>>,
    pub(super) data: Vec<Address>,
    pub(super) nodes: Vec<Address>,
    pub(super) workspace: Address,
}

impl Memory {
    /// Allocates, and uploads the data.
    pub(super) fn new(
        device: &mut dyn Device,
        program: &Program,
        data: &[DataTensor],
        workspace: u64,
    ) -> Result<Memory, CudaError> {
        let snapshots = match program.kind() {
            ProgramKind::Step => 1,
            ProgramKind::Distance => 3,
        };
        let mut end = 0;
        let mut reserve = |shape: &Shape| {
            let begin = end;
            end += (shape.elements() * 4).next_multiple_of(ALIGNMENT);
            begin
        };
        let states: Vec<Vec<u64>> =
            (0..snapshots).map(|_| program.states.iter().map(|state| reserve(&state.shape)).collect()).collect();
        let nodes: Vec<u64> = program.nodes.iter().map(|node| reserve(&node.shape)).collect();
        let begin = device.alloc((end + workspace) as usize)?;
        let upload = |data: &DataTensor| {
            let address = device.alloc(data.bytes().len())?;
            // SAFETY: it was allocated for these bytes.
            unsafe { device.upload(address, data.bytes())? };
            Ok(address)
        };
        Ok(Memory {
            data: data.iter().map(upload).collect::<Result<_, CudaError>>()?,
            states: states.iter().map(|state| state.iter().map(|&at| begin.plus(at)).collect()).collect(),
            nodes: nodes.iter().map(|&at| begin.plus(at)).collect(),
            workspace: begin.plus(end),
        })
    }

    /// Where an input of a valid node is.
    pub(super) fn input(&self, source: Source) -> Address {
        match source {
            Source::State { snapshot, index } => self.states[usize::from(snapshot)][index as usize],
            Source::Node { index } => self.nodes[index as usize],
            Source::Data { index } => self.data[index as usize],
        }
    }

    /// The new states become the states: the program's last outputs change places with them.
    pub(super) fn turn(&mut self) {
        for states in self.states.iter_mut().take(1) {
            let first = self.nodes.len() - states.len();
            states.swap_with_slice(&mut self.nodes[first..]);
        }
    }
}

/// Checks that 32-bit indices reach every tensor.
pub(super) fn check_sizes(program: &Program) -> Result<(), CudaError> {
    let check = |what: String, shape: &Shape| match shape.elements() {
        got if got > MAX_ELEMENTS => Err(CudaError::TooLarge { what, got, max: MAX_ELEMENTS }),
        _ => Ok(()),
    };
    for state in &program.states {
        check(format!("state {}", state.name), &state.shape)?;
    }
    program.nodes.iter().try_for_each(|node| check(format!("node {}", node.name), &node.shape))
}
