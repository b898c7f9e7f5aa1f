//! The buffers of a schedule.
use super::aligned::Buffer;
use super::schedule::Schedule;

/// A schedule with its buffers, allocated once.
#[derive(Debug, Default)]
pub(super) struct Memory {
    schedule: Schedule,
    buffers: Vec<Buffer>,
}

impl Memory {
    pub(super) fn new(schedule: Schedule) -> Memory {
        let mut exchanged = vec![false; schedule.buffers.len()];
        for &place in schedule.places[schedule.exchanged..].iter().flatten() {
            exchanged[place] = true;
        }
        let buffer = |(&len, exchanged)| if exchanged { Buffer::plain(len) } else { Buffer::aligned(len) };
        let buffers = schedule.buffers.iter().zip(exchanged).map(buffer).collect();
        Memory { buffers, schedule }
    }

    pub(super) fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// A node's output, which has so many elements; nothing if it has no buffer.
    pub(super) fn output(&self, node: usize, len: usize) -> &[f32] {
        let buffer = self.schedule.places[node].map(|place| &self.buffers[place].values()[..len]);
        buffer.unwrap_or_default()
    }

    /// The buffer of a node's output, whose length may be more.
    pub(super) fn output_mut(&mut self, node: usize) -> &mut [f32] {
        match self.schedule.places[node] {
            Some(place) => self.buffers[place].values_mut(),
            None => &mut [],
        }
    }

    /// Takes the buffer of a node's output out, to be written.
    pub(super) fn take(&mut self, node: usize) -> Buffer {
        self.schedule.places[node].map(|place| std::mem::take(&mut self.buffers[place])).unwrap_or_default()
    }

    /// Puts it back.
    pub(super) fn put(&mut self, node: usize, buffer: Buffer) {
        if let Some(place) = self.schedule.places[node] {
            self.buffers[place] = buffer;
        }
    }

    /// Exchanges a result for a tensor of that length.
    pub(super) fn swap(&mut self, node: usize, tensor: &mut Vec<f32>) {
        if let Some(place) = self.schedule.places[node] {
            std::mem::swap(tensor, self.buffers[place].vector());
        }
    }

    /// The buffers of a [plain](Schedule::plain) schedule.
    pub(super) fn into_buffers(mut self) -> Vec<Vec<f32>> {
        self.buffers.iter_mut().map(|buffer| std::mem::take(buffer.vector())).collect()
    }

    /// Bytes of all buffers.
    pub(super) fn bytes(&self) -> u64 {
        self.buffers.iter().map(|buffer| buffer.values().len() as u64 * 4).sum()
    }
}
