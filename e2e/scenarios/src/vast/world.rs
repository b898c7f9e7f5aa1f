//! What all players of games about one plan share.
use super::plan::Role;
use super::strings::{Base, Fill, Patched, Tensor};
use super::training::{Hot, Step, Trajectory};
use super::{Plan, What};
use anyhow::Result;
use assay_core::arith::F32;
use assay_core::commit::{CommitError, Hash};
use assay_core::graph::{Dtype, Program, Shape};
use assay_engine::data::DataTensor;
use assay_engine::state::State;
use assay_roles::game::GameError;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A plan, its program, and the long strings that are hashed once for all players.
#[derive(Debug)]
pub struct World {
    /// The plan.
    pub plan: Plan,
    /// Its program.
    pub program: Arc<Program>,
    data: Patched,
    zeros: Mutex<HashMap<u64, Arc<Base>>>,
    weights: Vec<Arc<Base>>,
    honest: Mutex<Trajectory>,
}

impl World {
    /// Hashes the data.
    ///
    /// # Errors
    /// Sizes that no program can have.
    pub fn new(plan: Plan) -> Result<World> {
        let (features, row) = (u64::from(plan.features), u64::from(plan.outputs));
        let bytes = (0..plan.rows).map(|at| {
            let (word, byte) = plan.sample(at);
            (u64::from(at) * features + plan.feature(word), [byte])
        });
        let data = Patched::new(&Base::new(u64::from(plan.rows) * features, Fill::Zeros), bytes)?;
        let weight = |at: u32| {
            let positive = if at == plan.alive() { plan.firing().into() } else { 0 };
            Base::new(4 * features * row, Fill::Noise { seed: at.into(), row, positive })
        };
        let weights: Vec<_> = (0..plan.tensors).map(weight).collect();
        let alive = Patched::plain(weights[plan.alive() as usize].clone());
        let weight: Vec<f32> = hot_elements(&plan).map(|index| alive.number(index)).collect();
        let start = Hot { momentum: vec![0.0; weight.len()], weight };
        Ok(World {
            plan,
            program: Arc::new(plan.program(data.root()?)?),
            data,
            zeros: Mutex::default(),
            weights,
            honest: Mutex::new(Trajectory::new(0, start)),
        })
    }

    /// What really is the state before a step.
    pub(super) fn honest(&self, step: u64) -> Hot {
        let mut honest = self.honest.lock().unwrap_or_else(PoisonError::into_inner);
        honest.at(&self.plan, step, None).unwrap_or_else(|| unreachable!("it begins with step 0"))
    }

    /// The data.
    pub(super) fn data(&self) -> Tensor {
        Tensor::Patched(self.data.clone())
    }

    /// State tensor `index`: a momentum buffer or parameters.
    pub(super) fn state(&self, hot: &Hot, index: u32) -> Result<Tensor, GameError> {
        let what = if index < self.plan.tensors { What::Momentum } else { What::Weight };
        Ok(self.tensor(what, index % self.plan.tensors, hot)?)
    }

    /// The output of a node in a step.
    pub(super) fn output(&self, step: &Step, node: u32) -> Result<Tensor, GameError> {
        let plan = &self.plan;
        let missing =
            || GameError::Missing { what: "node", index: node.into(), count: self.program.nodes.len() as u64 };
        Ok(match plan.role(node).ok_or_else(missing)? {
            Role::Rate => Tensor::Dense(vec![super::plan::RATE]),
            Role::Samples => {
                let base = self.zeros(u64::from(plan.batch) * u64::from(plan.features));
                let place =
                    |(b, &(word, x)): (u64, &(u32, f32))| (b * u64::from(plan.features) + plan.feature(word), x);
                Tensor::Patched(Patched::with_numbers(&base, (0..).zip(&step.samples).map(place))?)
            }
            Role::Of(What::Product, at) => Tensor::Dense(self.product(step, at)),
            Role::Of(What::Slope, at) => {
                let base = self.zeros(u64::from(plan.batch) * u64::from(plan.outputs));
                if at != plan.alive() {
                    return Ok(Tensor::Patched(Patched::plain(base)));
                }
                let places = (0..u64::from(plan.batch))
                    .flat_map(|b| (0..u64::from(plan.firing())).map(move |unit| b * u64::from(plan.outputs) + unit));
                Tensor::Patched(Patched::with_numbers(&base, places.zip(step.slope.iter().copied()))?)
            }
            Role::Of(What::Gradient, at) => {
                let base = self.zeros(u64::from(plan.features) * u64::from(plan.outputs));
                self.patched(&base, at, &step.gradient)?
            }
            Role::Of(what, at) => self.tensor(what, at, &step.after)?,
        })
    }

    /// The samples of a step times a tensor.
    fn product(&self, step: &Step, at: u32) -> Vec<f32> {
        let plan = &self.plan;
        let weight = Patched::plain(self.weights[at as usize].clone());
        let firing = if at == plan.alive() { plan.firing() } else { 0 };
        let mut product = Vec::with_capacity(plan.batch as usize * plan.outputs as usize);
        for (b, &(word, x)) in step.samples.iter().enumerate() {
            let own = b * plan.firing() as usize;
            product.extend_from_slice(&step.product[own..own + firing as usize]);
            let row = plan.feature(word) * u64::from(plan.outputs);
            product.extend((firing..plan.outputs).map(|unit| x * weight.number(row + u64::from(unit))));
        }
        product
    }

    /// The momentum or the parameters of a tensor.
    fn tensor(&self, what: What, at: u32, hot: &Hot) -> Result<Tensor, CommitError> {
        match what {
            What::Momentum => {
                let base = self.zeros(u64::from(self.plan.features) * u64::from(self.plan.outputs));
                self.patched(&base, at, &hot.momentum)
            }
            _ => self.patched(&self.weights[at as usize], at, &hot.weight),
        }
    }

    /// Something of a tensor, with these numbers where it is trained.
    fn patched(&self, base: &Arc<Base>, at: u32, hot: &[f32]) -> Result<Tensor, CommitError> {
        Ok(Tensor::Patched(if at == self.plan.alive() {
            Patched::with_numbers(base, hot_elements(&self.plan).zip(hot.iter().copied()))?
        } else {
            Patched::plain(base.clone())
        }))
    }

    /// So many zeros.
    fn zeros(&self, numbers: u64) -> Arc<Base> {
        let mut zeros = self.zeros.lock().unwrap_or_else(PoisonError::into_inner);
        zeros.entry(numbers).or_insert_with(|| Base::new(4 * numbers, Fill::Zeros)).clone()
    }

    /// The roots of the state tensors.
    pub(super) fn state_roots(&self, hot: &Hot) -> Result<Vec<Hash>, GameError> {
        (0..2 * self.plan.tensors).map(|index| Ok(self.state(hot, index)?.root()?)).collect()
    }

    /// The data and the first state, written out, for those who execute the program. For small plans.
    ///
    /// # Errors
    /// When the engine refuses them.
    pub fn written_out(&self) -> Result<(DataTensor, State)> {
        let plan = &self.plan;
        let shape = Shape::new(&[plan.rows, plan.features])?;
        let mut bytes = vec![0; shape.elements() as usize];
        for row in 0..plan.rows {
            let (word, byte) = plan.sample(row);
            bytes[(u64::from(row) * u64::from(plan.features) + plan.feature(word)) as usize] = byte;
        }
        let start = self.honest(0);
        let numbers = |index| -> Result<Vec<f32>> {
            let (tensor, elements) = (self.state(&start, index)?, self.program.states[index as usize].shape.elements());
            Ok((0..elements).map_while(|at| tensor.number(at)).collect())
        };
        let tensors = (0..2 * plan.tensors).map(numbers).collect::<Result<_>>()?;
        Ok((DataTensor::new(Dtype::U8, shape, bytes)?, State::new(self.program.states.clone(), tensors)?))
    }
}

/// Elements of a tensor of parameters that change.
fn hot_elements(plan: &Plan) -> impl Iterator<Item = u64> + use<> {
    let plan = *plan;
    let units = u64::from(plan.firing());
    (0..plan.words()).flat_map(move |word| {
        let row = plan.feature(word) * u64::from(plan.outputs);
        (0..units).map(move |unit| row + unit)
    })
}

/// A number as the referee has it.
pub(super) fn bits(value: f32) -> F32 {
    F32(value.to_bits())
}
