//! Weights that an exporter has untied.
//!
//! PyTorch's newer exporter folds `Transpose(weight)` into a constant of its own, even where the weight is read
//! elsewhere too: the embedding of a language model and its output layer would be trained apart. Such a constant is
//! found by its values.
use super::tensor::Tensor;
use std::collections::HashMap;

/// Items that are compared at most: a real file needs as many as its tied weights have, a hostile one could need far
/// more.
const MAX_COMPARISONS: u64 = 1 << 31;

/// For each matrix that has no note and is a noted parameter transposed, which one.
pub(super) fn find(tensors: &[Tensor], notes: &HashMap<String, String>) -> HashMap<usize, usize> {
    // Files of the older exporter have no notes, and keep ties.
    let matrix = |tensor: &&(usize, &Tensor)| tensor.1.is_binary32() && tensor.1.dims.len() == 2;
    let all: Vec<_> = tensors.iter().enumerate().collect();
    let (noted, folded): (Vec<_>, Vec<_>) =
        all.iter().filter(matrix).partition(|(_, tensor)| notes.contains_key(&tensor.name));
    if noted.is_empty() || folded.is_empty() {
        return HashMap::new();
    }
    let mut by_dims: HashMap<&[u64], Vec<usize>> = HashMap::new();
    for &&(index, tensor) in &noted {
        if notes.get(&tensor.name).is_some_and(|kind| kind == "PARAMETER") {
            by_dims.entry(&tensor.dims).or_default().push(index);
        }
    }
    let mut ties = HashMap::new();
    let mut left = MAX_COMPARISONS;
    for &&(index, tensor) in &folded {
        let [rows, columns] = tensor.dims[..] else { continue };
        let Some(candidates) = by_dims.get(&[columns, rows][..]) else { continue };
        let tied = candidates.iter().copied().find(|&candidate| transposed(&tensors[candidate], tensor, &mut left));
        if let Some(original) = tied {
            ties.insert(index, original);
        }
    }
    ties
}

/// Whether one is the other transposed. Of matrices of one number it can't be said.
fn transposed(a: &Tensor, b: &Tensor, left: &mut u64) -> bool {
    let [rows, columns] = a.dims[..] else { return false };
    let (Ok(rows), Ok(columns)) = (usize::try_from(rows), usize::try_from(columns)) else { return false };
    let bits = |tensor: &Tensor, place| tensor.item(place).map(f32::to_bits);
    let mut differs = false;
    for row in 0..rows {
        for column in 0..columns {
            let item = bits(a, row * columns + column);
            *left = left.saturating_sub(1);
            if *left == 0 || item.is_none() || item != bits(b, column * rows + row) {
                return false;
            }
            differs |= item != bits(a, 0);
        }
    }
    differs
}
