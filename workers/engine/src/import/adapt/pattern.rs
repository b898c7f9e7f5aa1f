//! Patterns of names: `*` for any text, `?` for any character.
use super::AdaptError;

/// Names shown to whom a pattern matched nothing.
const SHOWN: usize = 3;

/// Positions of the names that match one of the patterns, each once, in order. For errors: the field that has the
/// patterns, and what names are of.
pub(super) fn select(
    (field, what): (&'static str, &'static str),
    patterns: &[String],
    names: &[&str],
) -> Result<Vec<usize>, AdaptError> {
    let mut selected = vec![false; names.len()];
    for pattern in patterns {
        let distances: Vec<usize> = names.iter().map(|name| distance(pattern, name)).collect();
        if !distances.contains(&0) {
            let mut close: Vec<(usize, &&str)> = distances.into_iter().zip(names).collect();
            close.sort();
            let close: Vec<String> = close.into_iter().take(SHOWN).map(|(_, name)| format!("{name:?}")).collect();
            let close = if close.is_empty() { "none".into() } else { close.join(", ") };
            return Err(AdaptError::NoMatch { field, what, pattern: pattern.clone(), close });
        }
        for (selected, distance) in selected.iter_mut().zip(distances) {
            *selected |= distance == 0;
        }
    }
    Ok((0..names.len()).filter(|&index| selected[index]).collect())
}

/// Edits that make a name match a pattern: 0 if it does.
///
/// The usual table of edit distances, with a `*` that takes characters for nothing.
fn distance(pattern: &str, name: &str) -> usize {
    let name: Vec<char> = name.chars().collect();
    let mut row: Vec<usize> = (0..=name.len()).collect();
    for wanted in pattern.chars() {
        let mut next = Vec::with_capacity(row.len());
        for at in 0..row.len() {
            let before = at.checked_sub(1);
            next.push(match (wanted, before) {
                ('*', None) => row[0],
                ('*', Some(before)) => row[at].min(next[before]),
                (_, None) => row[0] + 1,
                (_, Some(before)) => {
                    let same = wanted == '?' || wanted == name[before];
                    (row[before] + usize::from(!same)).min(row[at] + 1).min(next[before] + 1)
                }
            });
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        for (pattern, name, matches) in [
            ("*", "", true),
            ("*", "anything", true),
            ("", "", true),
            ("", "a", false),
            ("a", "", false),
            ("*.bias", "h.0.bias", true),
            ("*.bias", "h.0.bias2", false),
            ("h.?.w*", "h.3.weight", true),
            ("h.?.w*", "h.31.weight", false),
            ("*.attn.*.weight", "h.0.attn.q.weight", true),
            ("*.attn.*.weight", "h.0.attn.weight", false),
            ("a*b*c", "aXXbYYc", true),
            ("a*b*c", "aXXcYYb", false),
            ("**", "x", true),
            ("wte.weight", "wte.weight", true),
            ("grün?", "grüné", true),
        ] {
            assert_eq!(distance(pattern, name) == 0, matches, "{pattern} {name}");
        }
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("*.atn.*", "h.0.attn.q"), 1);
    }

    #[test]
    fn each_pattern_must_match() {
        let names = ["wte.weight", "h.0.attn.weight", "h.0.attn.bias", "h.0.mlp.weight", "head"];
        let patterns = |patterns: &[&str]| patterns.iter().map(|&pattern| pattern.into()).collect::<Vec<String>>();
        assert_eq!(select(("f", "parameter"), &patterns(&["*.bias", "h.*", "?ead"]), &names).unwrap(), [1, 2, 3, 4]);
        assert_eq!(select(("f", "parameter"), &[], &names).unwrap(), [0_usize; 0]);
        let error = select(("f", "parameter"), &patterns(&["head", "*.atn.weight"]), &names).unwrap_err().to_string();
        assert!(error.starts_with("f: \"*.atn.weight\" matches no parameter; close: \"h.0.attn.weight\""), "{error}");
        assert!(select(("f", "parameter"), &patterns(&["x"]), &[]).unwrap_err().to_string().contains("close: none"));
    }
}
