//! Arithmetic on dimensions that constants and layers have in common. Errors are sentences for people.

/// The axis that a perhaps negative number names.
pub(super) fn axis(axis: i64, rank: usize) -> Result<usize, String> {
    let signed = i64::try_from(rank).unwrap_or(i64::MAX);
    let place = if axis < 0 { axis.saturating_add(signed) } else { axis };
    usize::try_from(place).ok().filter(|&place| place < rank).ok_or_else(|| format!("axis {axis} of {rank} dimensions"))
}

/// As [`axis`], for several. They differ.
pub(super) fn axes(list: &[i64], rank: usize) -> Result<Vec<usize>, String> {
    if list.len() > rank {
        return Err(format!("{} axes of {rank} dimensions", list.len()));
    }
    let mut axes = Vec::new();
    for &item in list {
        let place = axis(item, rank)?;
        if axes.contains(&place) {
            return Err(format!("axis {item} is named twice"));
        }
        axes.push(place);
    }
    Ok(axes)
}

/// The dimensions that both can be broadcast to, as NumPy does.
pub(super) fn broadcast(a: &[u64], b: &[u64]) -> Result<Vec<u64>, String> {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let mut dims = long.to_vec();
    for (dim, &other) in dims.iter_mut().rev().zip(short.iter().rev()) {
        match (*dim, other) {
            (own, other) if own == other || other == 1 => {}
            (1, other) => *dim = other,
            _ => return Err(format!("shapes {a:?} and {b:?} don't fit each other")),
        }
    }
    Ok(dims)
}

/// The product of dimensions.
pub(super) fn product(dims: &[u64]) -> Option<u64> {
    match dims.contains(&0) {
        true => Some(0),
        false => dims.iter().try_fold(1_u64, |product, &dim| product.checked_mul(dim)),
    }
}

/// What ONNX's Reshape makes of dimensions: 0 copies one (unless `zeros`), −1 is what is left.
pub(super) fn reshape(dims: &[u64], target: &[i64], zeros: bool) -> Result<Vec<u64>, String> {
    let fail = || format!("shape {dims:?} can't become {:?}", &target[..target.len().min(16)]);
    let mut result = Vec::with_capacity(target.len());
    let mut open = None;
    for (place, &item) in target.iter().enumerate() {
        result.push(match item {
            -1 if open.is_none() => {
                open = Some(place);
                1
            }
            0 if !zeros => *dims.get(place).ok_or_else(fail)?,
            _ => u64::try_from(item).map_err(|_| fail())?,
        });
    }
    let (have, want) = (product(dims).ok_or_else(fail)?, product(&result).ok_or_else(fail)?);
    match open {
        Some(place) if want > 0 && have.is_multiple_of(want) => result[place] = have / want,
        None if have == want => {}
        _ => return Err(fail()),
    }
    Ok(result)
}

/// Without axes of length 1: the named ones, or all.
pub(super) fn squeeze(dims: &[u64], list: Option<&[i64]>) -> Result<Vec<u64>, String> {
    let axes = list.map(|list| axes(list, dims.len())).transpose()?;
    let mut result = Vec::new();
    for (place, &dim) in dims.iter().enumerate() {
        match &axes {
            Some(axes) if !axes.contains(&place) => result.push(dim),
            Some(_) if dim != 1 => return Err(format!("axis {place} of shape {dims:?} isn't of length 1")),
            None if dim != 1 => result.push(dim),
            _ => {}
        }
    }
    Ok(result)
}

/// With axes of length 1 at these places of the result.
pub(super) fn unsqueeze(dims: &[u64], list: &[i64]) -> Result<Vec<u64>, String> {
    let rank = dims.len() + list.len();
    if rank > super::constant::MAX_DIMS {
        return Err(format!("{rank} dimensions"));
    }
    let axes = axes(list, rank)?;
    let mut old = dims.iter();
    let place = |place| if axes.contains(&place) { 1 } else { old.next().copied().unwrap_or(1) };
    Ok((0..rank).map(place).collect())
}

/// Two dimensions: what is before an axis, and the rest.
pub(super) fn flatten(dims: &[u64], at: i64) -> Result<Vec<u64>, String> {
    // The axis behind the last one is an axis here.
    let at = if at == dims.len() as i64 { dims.len() } else { axis(at, dims.len())? };
    let part = |dims: &[u64]| product(dims).ok_or_else(|| format!("shape {dims:?} is too large"));
    Ok(vec![part(&dims[..at])?, part(&dims[at..])?])
}

/// ONNX's permutation of axes: backwards, if none is given.
pub(super) fn permutation(perm: Option<&[i64]>, rank: usize) -> Result<Vec<usize>, String> {
    match perm {
        None => Ok((0..rank).rev().collect()),
        Some(perm) if perm.len() == rank && perm.iter().all(|&from| from >= 0) => axes(perm, rank),
        Some(perm) => Err(format!("the permutation {:?} isn't one of {rank} axes", &perm[..perm.len().min(16)])),
    }
}

/// Items `start + i · step` of an axis, `length` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) axis: usize,
    pub(super) start: u64,
    pub(super) step: i64,
    pub(super) length: u64,
}

/// What ONNX's Slice takes: axes that stay whole are left out.
pub(super) fn slice(
    dims: &[u64],
    (starts, ends): (&[i64], &[i64]),
    list: Option<&[i64]>,
    steps: Option<&[i64]>,
) -> Result<Vec<Cut>, String> {
    let count = starts.len();
    let lists = [Some(ends), list, steps];
    if lists.iter().flatten().any(|list| list.len() != count) || count > dims.len() {
        return Err("starts, ends, axes and steps don't have one length that fits the input".into());
    }
    let axes = match list {
        Some(list) => axes(list, dims.len())?,
        None => (0..count).collect(),
    };
    let mut cuts = Vec::new();
    for (place, &axis) in axes.iter().enumerate() {
        let dim = i128::from(dims[axis]);
        let step = steps.map_or(1, |steps| steps[place]);
        if step == 0 {
            return Err("a step of 0".into());
        }
        let from_end = |at: i64| if at < 0 { i128::from(at) + dim } else { i128::from(at) };
        // Where the first and the last item may lie depends on the direction.
        let (low, high) = if step > 0 { (0, dim) } else { (-1, dim - 1) };
        let start = from_end(starts[place]).clamp(low.max(0), high.max(0));
        let end = from_end(ends[place]).clamp(low, high);
        let step_wide = i128::from(step);
        let span = if step > 0 { end - start } else { start - end };
        let size = step_wide.abs();
        let length = if span > 0 { (span + size - 1) / size } else { 0 };
        let (start, length) = (u64::try_from(start).unwrap_or(0), u64::try_from(length).unwrap_or(0));
        // Of one item the step doesn't matter.
        let step = if length <= 1 { 1 } else { step };
        if (start, step, length) != (0, 1, dims[axis]) {
            cuts.push(Cut { axis, start, step, length });
        }
    }
    Ok(cuts)
}

/// Lengths of the parts that an axis is split into.
pub(super) fn split(length: u64, sizes: Option<&[i64]>, parts: usize) -> Result<Vec<u64>, String> {
    let fail = || format!("an axis of length {length} can't be split so");
    let Some(sizes) = sizes else {
        // Equal parts; the last one may be shorter.
        let parts = u64::try_from(parts).unwrap_or(0);
        let each = length.div_ceil(parts.max(1));
        let last = each.checked_mul(parts.saturating_sub(1)).and_then(|before| length.checked_sub(before));
        let last = last.filter(|_| parts > 0).ok_or_else(fail)?;
        return Ok((1..parts).map(|_| each).chain([last]).collect());
    };
    let sizes: Option<Vec<u64>> = sizes.iter().map(|&size| u64::try_from(size).ok()).collect();
    let sizes = sizes.ok_or_else(fail)?;
    match sizes.iter().try_fold(0_u64, |sum, &size| sum.checked_add(size)) {
        Some(sum) if sum == length => Ok(sizes),
        _ => Err(fail()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reshapes() {
        assert_eq!(reshape(&[2, 3, 4], &[0, -1], false), Ok(vec![2, 12]));
        assert_eq!(reshape(&[2, 3, 4], &[-1], false), Ok(vec![24]));
        assert_eq!(reshape(&[1], &[], false), Ok(vec![]));
        assert_eq!(reshape(&[0, 3], &[3, 0], true), Ok(vec![3, 0]));
        for target in [&[5][..], &[-1, -1], &[-1, 0, 5], &[i64::MAX, i64::MAX], &[-7, 2], &[0, 0, 0, 0]] {
            assert!(reshape(&[2, 3, 4], target, false).is_err(), "{target:?}");
        }
    }

    #[test]
    fn slices() {
        let cut = |start, end, step| slice(&[10], (&[start], &[end]), None, Some(&[step])).unwrap();
        assert_eq!(cut(0, i64::MAX, 1), []);
        assert_eq!(cut(2, -1, 3), [Cut { axis: 0, start: 2, step: 3, length: 3 }]);
        assert_eq!(cut(-3, i64::MAX, 1), [Cut { axis: 0, start: 7, step: 1, length: 3 }]);
        assert_eq!(cut(i64::MAX, i64::MIN, -1), [Cut { axis: 0, start: 9, step: -1, length: 10 }]);
        assert_eq!(cut(-1, -3, -1), [Cut { axis: 0, start: 9, step: -1, length: 2 }]);
        assert_eq!(cut(5, 5, 1)[0].length, 0);
        assert_eq!(cut(12, 20, 1)[0].length, 0);
        assert_eq!(cut(0, 10, i64::MIN)[0].length, 0);
        assert!(slice(&[10], (&[0], &[1]), None, Some(&[0])).is_err());
        assert!(slice(&[10], (&[0, 0], &[1, 1]), None, None).is_err());
        assert!(slice(&[10, 10], (&[0, 0], &[1, 1]), Some(&[0, -2]), None).is_err());
    }

    #[test]
    fn axes_and_parts() {
        assert_eq!(squeeze(&[1, 2, 1], None), Ok(vec![2]));
        assert_eq!(squeeze(&[1, 2, 1], Some(&[-1])), Ok(vec![1, 2]));
        assert!(squeeze(&[1, 2], Some(&[1])).is_err());
        assert_eq!(unsqueeze(&[2, 3], &[0, -1]), Ok(vec![1, 2, 3, 1]));
        assert!(unsqueeze(&[2], &[0, 0]).is_err());
        assert_eq!(flatten(&[2, 3, 4], 1), Ok(vec![2, 12]));
        assert_eq!(flatten(&[2, 3, 4], 3), Ok(vec![24, 1]));
        assert_eq!(split(7, None, 3), Ok(vec![3, 3, 1]));
        assert!(split(2, None, 4).is_err() && split(2, None, 0).is_err());
        assert_eq!(split(7, Some(&[3, 4]), 2), Ok(vec![3, 4]));
        assert!(split(7, Some(&[i64::MAX, i64::MAX]), 2).is_err());
        assert_eq!(broadcast(&[2, 1, 3], &[4, 1]), Ok(vec![2, 4, 3]));
        assert!(broadcast(&[2], &[3]).is_err());
        assert!(permutation(Some(&[0, 0]), 2).is_err());
    }
}
