//! Amounts as people read them.

/// Decimals of the chain's token.
pub(crate) const UNIT: f64 = 1e12;

/// An amount in whole tokens.
pub(crate) fn units(amount: u128) -> f64 {
    amount as f64 / UNIT
}

/// An amount with its unit.
pub(crate) fn text(amount: u128) -> String {
    format!("{:.6} UNIT", units(amount))
}
