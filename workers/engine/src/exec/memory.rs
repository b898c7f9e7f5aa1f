//! The buffers of a schedule.
use super::schedule::Schedule;

/// A schedule with its buffers, allocated once.
#[derive(Debug, Default)]
pub(super) struct Memory {
    schedule: Schedule,
    buffers: Vec<Vec<f32>>,
}

impl Memory {
    pub(super) fn new(schedule: Schedule) -> Memory {
        Memory { buffers: schedule.buffers.iter().map(|&len| vec![0.0; len]).collect(), schedule }
    }

    pub(super) fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// A node's output, which has so many elements; nothing if it has no buffer.
    pub(super) fn output(&self, node: usize, len: usize) -> &[f32] {
        let buffer = self.schedule.places[node].map(|place| &self.buffers[place][..len]);
        buffer.unwrap_or_default()
    }

    /// The buffer of a node's output, whose length may be more.
    pub(super) fn output_mut(&mut self, node: usize) -> &mut [f32] {
        match self.schedule.places[node] {
            Some(place) => &mut self.buffers[place],
            None => &mut [],
        }
    }

    /// Takes the buffer of a node's output out, to be written.
    pub(super) fn take(&mut self, node: usize) -> Vec<f32> {
        self.schedule.places[node].map(|place| std::mem::take(&mut self.buffers[place])).unwrap_or_default()
    }

    /// Puts it back.
    pub(super) fn put(&mut self, node: usize, buffer: Vec<f32>) {
        if let Some(place) = self.schedule.places[node] {
            self.buffers[place] = buffer;
        }
    }

    /// Exchanges a node's output for a tensor of that length.
    pub(super) fn swap(&mut self, node: usize, tensor: &mut Vec<f32>) {
        if let Some(place) = self.schedule.places[node] {
            std::mem::swap(tensor, &mut self.buffers[place]);
        }
    }

    /// The buffers.
    pub(super) fn into_buffers(self) -> Vec<Vec<f32>> {
        self.buffers
    }

    /// Bytes of all buffers.
    pub(super) fn bytes(&self) -> u64 {
        self.buffers.iter().map(|buffer| buffer.len() as u64 * 4).sum()
    }
}
