//! Disputes about programs too large to be run here: 10⁹ parameters, 10⁵ steps.
//!
//! What is trained ([`Plan`]) is a real program, which validates and which any executor can run at a small size: linear
//! layers over samples of one word each, with momentum. But few of all words occur in the data, and few units of one
//! tensor ever fire, so that a step changes a few hundred of the parameters, and every tensor is zeros or a formula but
//! for those. That makes it cheap to execute ([`World`]), not to commit to: every root is the hash of all bytes, which are
//! generated and hashed once, and again only where they have changed. A [`Player`] shows what a game asks for from that,
//! and agrees with [`assay_roles::game::Replayer`], which executes the program, wherever that can.
//!
//! [`dispute`] is a task's life with a game about such a program, on the real contracts.
mod lie;
mod life;
mod plan;
mod player;
mod strings;
mod training;
mod world;

pub use lie::Lie;
pub use life::{dispute, Dispute};
pub use plan::{Plan, What};
pub use player::Player;
pub use world::World;
