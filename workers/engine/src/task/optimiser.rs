//! How weights follow from gradients.
use serde::{Deserialize, Serialize};

/// An optimiser, as PyTorch defines it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Table", into = "Table")]
pub struct Optimiser {
    /// Step size; what the [`Schedule`](super::Schedule) begins with after its warm-up.
    pub learning_rate: f64,
    /// Share of every weight that is added to its gradient; for [`Rule::Adam`] with `decoupled`: that, times the learning
    /// rate, is taken from the weight.
    pub weight_decay: f64,
    /// The rest.
    pub rule: Rule,
}

/// What makes an optimiser differ from others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Stochastic gradient descent.
    Sgd {
        /// Share of the last update that is kept.
        momentum: f64,
        /// Whether the update looks ahead by one.
        nesterov: bool,
    },
    /// Adam or AdamW, without AMSGrad.
    Adam {
        /// Shares of the running means that are kept: of gradients, and of their squares.
        betas: [f64; 2],
        /// Added to the divisor.
        epsilon: f64,
        /// AdamW: weight decay apart from the gradient.
        decoupled: bool,
    },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Sgd,
    Adam,
    AdamW,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Sgd => "sgd",
            Kind::Adam => "adam",
            Kind::AdamW => "adamw",
        }
    }
}

/// As in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    #[serde(default)]
    kind: Kind,
    learning_rate: f64,
    #[serde(default)]
    weight_decay: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    momentum: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nesterov: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    betas: Option<[f64; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epsilon: Option<f64>,
}

impl TryFrom<Table> for Optimiser {
    type Error = String;

    fn try_from(table: Table) -> Result<Optimiser, String> {
        let Table { kind, learning_rate, weight_decay, .. } = table;
        let foreign = |field: &str| Err(format!("{field} means nothing to the optimiser {:?}", kind.name()));
        let rule = match kind {
            Kind::Sgd if table.betas.is_some() => return foreign("betas"),
            Kind::Sgd if table.epsilon.is_some() => return foreign("epsilon"),
            Kind::Sgd => {
                Rule::Sgd { momentum: table.momentum.unwrap_or(0.0), nesterov: table.nesterov.unwrap_or(false) }
            }
            _ if table.momentum.is_some() => return foreign("momentum"),
            _ if table.nesterov.is_some() => return foreign("nesterov"),
            Kind::Adam | Kind::AdamW => Rule::Adam {
                betas: table.betas.unwrap_or([0.9, 0.999]),
                epsilon: table.epsilon.unwrap_or(1e-8),
                decoupled: kind == Kind::AdamW,
            },
        };
        Ok(Optimiser { learning_rate, weight_decay, rule })
    }
}

impl From<Optimiser> for Table {
    fn from(optimiser: Optimiser) -> Table {
        let Optimiser { learning_rate, weight_decay, rule } = optimiser;
        let table = Table {
            kind: Kind::Sgd,
            learning_rate,
            weight_decay,
            momentum: None,
            nesterov: None,
            betas: None,
            epsilon: None,
        };
        match rule {
            Rule::Sgd { momentum, nesterov } => Table { momentum: Some(momentum), nesterov: Some(nesterov), ..table },
            Rule::Adam { betas, epsilon, decoupled } => Table {
                kind: if decoupled { Kind::AdamW } else { Kind::Adam },
                betas: Some(betas),
                epsilon: Some(epsilon),
                ..table
            },
        }
    }
}
