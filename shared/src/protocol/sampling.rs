//! Which segments a verifier replays.
use super::beacon::tagged;
use crate::commit::Hash;
use alloc::vec::Vec;

/// The segments of a slot, in draw order, without repetition. Attempt `j` of a slot is the first 8 bytes of a hash over
/// beacon, slot and `j`, as a number (least significant byte first) modulo `segments`; an attempt that repeats an
/// earlier one is skipped. Empty if `segments` is 0; all of them if there are no more than `count`.
pub fn draws(beacon: &Hash, slot: u8, count: u8, segments: u32) -> Vec<u32> {
    let mut drawn = Vec::new();
    let wanted = usize::from(count).min(usize::try_from(segments).unwrap_or(usize::MAX));
    // Ends: each attempt hits a new segment with a probability of at least 1/segments >= 1/count when few are left.
    for attempt in 0_u32.. {
        if drawn.len() >= wanted {
            break;
        }
        let [a, b, c, d, e, f, g, h, ..] = tagged("assay/draw/v1", (beacon, slot, attempt)).0;
        let number = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let Some(segment) = number.checked_rem(u64::from(segments)).and_then(|it| u32::try_from(it).ok()) else {
            break;
        };
        if !drawn.contains(&segment) {
            drawn.push(segment);
        }
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    #[test]
    fn draws_do_not_repeat_and_lie_inside() {
        for segments in [1_u32, 2, 3, 4, 5, 1000, 65_535] {
            for seed in 0..50_u8 {
                for slot in 0..4 {
                    let drawn = draws(&Hash([seed; 32]), slot, 4, segments);
                    assert_eq!(drawn.len() as u32, segments.min(4));
                    assert!(drawn.iter().all(|&it| it < segments));
                    assert_eq!(drawn.iter().collect::<BTreeSet<_>>().len(), drawn.len());
                }
            }
        }
        assert!(draws(&Hash([0; 32]), 0, 4, 0).is_empty());
    }

    #[test]
    fn slots_draw_apart_and_evenly() {
        let mut hits = [0_u32; 10];
        for seed in 0..200_u8 {
            let beacon = crate::commit::hash(&[seed]);
            for slot in 0..4 {
                for segment in draws(&beacon, slot, 2, 10) {
                    hits[segment as usize] += 1;
                }
            }
        }
        assert!(hits.iter().all(|&count| (110..210).contains(&count)), "{hits:?} should be near 160 each");
    }
}
