//! GELU, as PyTorch writes it in opsets before 20: `x · ½ (1 + erf(x / √2))`, or with
//! `tanh(√(2/π) · (x + 0.044715 · x³))`, the factors in any order. One layer instead of six.
use super::Translator;
use crate::import::model::{Binary, Unary};
use crate::import::{LayerOp, Value};
use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_PI};

impl Translator<'_> {
    /// What the product of two factors, or half of it, is a GELU of.
    pub(super) fn gelu(&self, (u, v): (Value, Value), halved: bool) -> Option<(Value, Unary)> {
        [(u, v), (v, u)].into_iter().find_map(|(mut x, mut share)| {
            let mut halves = u8::from(halved);
            if let Some(twice) = self.line(x, (0.5, 0.0)) {
                (x, halves) = (twice, halves + 1);
            }
            if let Some(twice) = self.line(share, (0.5, 0.0)) {
                (share, halves) = (twice, halves + 1);
            }
            let (bell, halves) = match self.line(share, (0.5, 0.5)) {
                Some(bell) => (bell, halves + 1),
                None => (self.line(share, (1.0, 1.0))?, halves),
            };
            let layer = self.layer(bell).filter(|_| halves == 1)?;
            let &[argument] = &layer.inputs[..] else { return None };
            match layer.op {
                LayerOp::Unary(Unary::Erf) if self.line(argument, (FRAC_1_SQRT_2, 0.0)) == Some(x) => {
                    Some((x, Unary::Gelu))
                }
                LayerOp::Unary(Unary::Tanh) if self.is_cubic(self.line(argument, (FRAC_2_PI.sqrt(), 0.0))?, x) => {
                    Some((x, Unary::GeluTanh))
                }
                _ => None,
            }
        })
    }

    /// What a value is `scale · x + shift` of.
    fn line(&self, value: Value, (scale, shift): (f32, f32)) -> Option<Value> {
        let close = |a: f32, b: f32| (a - b).abs() <= 1e-6;
        let layer = self.layer(value)?;
        match layer.op {
            LayerOp::Unary(Unary::Affine { scale: s, shift: t }) if close(s, scale) && close(t, shift) => {
                layer.inputs.first().copied()
            }
            _ => None,
        }
    }

    /// Whether a value is `x + 0.044715 · x³`.
    fn is_cubic(&self, value: Value, x: Value) -> bool {
        let pair = |value: Value, function: Binary| match self.layer(value) {
            Some(layer) if layer.op == LayerOp::Binary(function) => Some((layer.inputs[0], layer.inputs[1])),
            _ => None,
        };
        // The other one of two inputs, where one is x.
        let besides = |(a, b): (Value, Value)| if a == x { Some(b) } else { (b == x).then_some(a) };
        let cube = pair(value, Binary::Add).and_then(besides).and_then(|term| self.line(term, (0.044715, 0.0)));
        let square =
            cube.and_then(|cube| pair(cube, Binary::Mul)).and_then(besides).and_then(|square| self.layer(square));
        square.is_some_and(|layer| layer.op == LayerOp::Unary(Unary::Square) && layer.inputs == [x])
    }
}
