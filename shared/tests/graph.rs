//! Programs: records, validation, micro-programs, data order.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

#[path = "graph/golden.rs"]
mod golden;
#[path = "graph/micro.rs"]
mod micro;
#[path = "graph/naive.rs"]
mod naive;
#[path = "graph/nodes.rs"]
mod nodes;
#[path = "graph/order.rs"]
mod order;
#[path = "graph/primitives.rs"]
mod primitives;
#[path = "graph/records.rs"]
mod records;
#[path = "graph/semantics.rs"]
mod semantics;
#[path = "graph/validation.rs"]
mod validation;
#[path = "graph/work.rs"]
mod work;
