//! Where parameters and what the optimiser keeps of them are among the states.
use crate::import::{LayerOp, Model, Value};
use crate::task::{Optimiser, Rule};

/// Positions among the states: the optimiser's slots first, then all of the model's parameters in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Parameter and suffix of every slot.
    slots: Vec<(usize, &'static str)>,
    kinds: Vec<Kind>,
}

/// What happens to a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Trained,
    /// A running statistic.
    Followed,
    Frozen,
}

/// Suffix of a momentum buffer's name.
pub(super) const MOMENTUM: &str = "momentum";
/// Suffixes of Adam's moments' names: PyTorch's.
pub(super) const ADAM: [&str; 2] = ["exp_avg", "exp_avg_sq"];

impl Layout {
    /// That of a model's states under an optimiser.
    pub fn new(model: &Model, optimiser: &Optimiser) -> Layout {
        let mut kinds: Vec<Kind> =
            model.params.iter().map(|param| if param.trained { Kind::Trained } else { Kind::Frozen }).collect();
        for layer in &model.layers {
            if let (LayerOp::BatchNorm { .. }, [_, _, _, running @ ..]) = (&layer.op, layer.inputs.as_slice()) {
                for &value in running {
                    if let Value::Param(param) = value {
                        kinds[param] = Kind::Followed;
                    }
                }
            }
        }
        let suffixes: &[&'static str] = match optimiser.rule {
            Rule::Sgd { momentum: 0.0, .. } => &[],
            Rule::Sgd { .. } => &[MOMENTUM],
            Rule::Adam { .. } => &ADAM,
        };
        let trained = |suffix: &'static str| {
            let params = kinds.iter().enumerate().filter(|(_, kind)| **kind == Kind::Trained);
            params.map(move |(param, _)| (param, suffix)).collect::<Vec<_>>()
        };
        let slots = suffixes.iter().flat_map(|suffix| trained(suffix)).collect();
        Layout { slots, kinds }
    }

    /// Parameter and suffix of every slot, in the order of the states.
    pub fn slots(&self) -> &[(usize, &'static str)] {
        &self.slots
    }

    /// Position of a parameter's slot among the states.
    pub fn slot(&self, param: usize, suffix: &str) -> Option<usize> {
        self.slots.iter().position(|&slot| slot == (param, suffix))
    }

    /// Position of a parameter among the states.
    pub fn param(&self, param: usize) -> usize {
        self.slots.len() + param
    }

    /// Number of states.
    pub fn len(&self) -> usize {
        self.slots.len() + self.kinds.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Name of a slot.
    pub fn slot_name(param: &str, suffix: &str) -> String {
        format!("{param}.{suffix}")
    }

    /// Groups of states whose distance is measured together, and their members; none is empty.
    pub(super) fn groups(&self) -> Vec<(&'static str, Vec<usize>)> {
        let of_kind = |kind: Kind| -> Vec<usize> {
            let params = self.kinds.iter().enumerate().filter(|(_, own)| **own == kind);
            params.map(|(param, _)| self.param(param)).collect()
        };
        let mut groups = vec![
            ("parameters", of_kind(Kind::Trained)),
            ("statistics", of_kind(Kind::Followed)),
            ("frozen", of_kind(Kind::Frozen)),
        ];
        for suffix in [MOMENTUM, ADAM[0], ADAM[1]] {
            let members = self.slots.iter().enumerate().filter(|(_, (_, own))| *own == suffix);
            groups.push((suffix, members.map(|(slot, _)| slot).collect()));
        }
        groups.retain(|(_, members)| !members.is_empty());
        groups
    }
}
