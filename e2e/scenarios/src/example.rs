//! What disputes about the models of `examples/` are about: one place for each kind of thing that training does.
use assay_core::graph::{Node, Program};

/// An example, and places in its training step.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// Its folder in `examples/`.
    pub name: &'static str,
    /// The places.
    pub places: &'static [Place],
}

/// A node of a training step.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// What it is, for people.
    pub what: &'static str,
    operator: &'static str,
    /// Dimensions of its output, if it matters: a matrix product of heads has 4, one of a plain layer 2.
    rank: Option<u8>,
}

impl Place {
    /// The first node of its kind.
    pub fn find(&self, program: &Program) -> Option<u32> {
        let is =
            |node: &Node| node.op.name() == self.operator && self.rank.is_none_or(|rank| node.shape.rank() == rank);
        (0..).zip(&program.nodes).find(|(_, node)| is(node)).map(|(at, _)| at)
    }
}

const fn place(what: &'static str, operator: &'static str) -> Place {
    Place { what, operator, rank: None }
}

const fn of_rank(rank: u8, Place { what, operator, .. }: Place) -> Place {
    Place { what, operator, rank: Some(rank) }
}

/// The examples that disputes are played about.
pub const EXAMPLES: [Example; 4] = [
    Example {
        name: "shakespeare-gpt",
        places: &[
            of_rank(4, place("attention's scores", "matmul")),
            of_rank(4, place("attention's exponentials", "sub_exp")),
            place("the embedding's gradient", "embed_grad"),
            place("AdamW's direction", "adam_direction"),
        ],
    },
    Example { name: "fashion-cnn", places: &[place("a convolution's weight gradient", "conv_weight_grad")] },
    Example { name: "fashion-resnet", places: &[of_rank(4, place("a batch norm's mean", "reduce_sum"))] },
    Example { name: "digits-mlp", places: &[place("Adam's direction", "adam_direction")] },
];
