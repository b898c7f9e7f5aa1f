//! Disputes about the models of `examples/`, a part of suite `contracts`: the solver trains the example's first segments, and
//! a verifier lies about them.
use crate::contracts::{dispute, game, gather, Costs};
use crate::figure::Figure;
use anyhow::{Context as _, Result};
use assay_core::arith::F32;
use assay_devnet::Chain;
use assay_scenarios::duel::Played;
use assay_scenarios::example::EXAMPLES;
use assay_scenarios::lie::Lie;
use assay_scenarios::process::artifacts;
use assay_scenarios::trial::Trial;
use assay_scenarios::workload::Workload;
use std::sync::Arc;

/// Segments that are trained: a verifier draws one of them.
const SEGMENTS: u32 = 2;
/// Elements that are tried until a lie about one changes the segment's result.
const TRIES: usize = 32;

/// One dispute about each place of each example.
pub(crate) fn run(chain: &Chain, costs: &mut Costs) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for example in EXAMPLES {
        let workload = Arc::new(Workload::example(example.name, SEGMENTS)?);
        let mut drawn = Trial::drawn(chain, &artifacts(), workload.clone())?;
        let segment = drawn.segment()?;
        for place in example.places {
            let name = format!("{}: {}", example.name, place.what);
            eprintln!("bench: a dispute about {name}");
            let node = place.find(workload.program()).with_context(|| format!("nothing is {name}"))?;
            let lie = Lie::in_node(node, &workload, segment, TRIES)?;
            let (trial, played) = dispute(drawn.clone(), &lie, segment)?;
            gather(costs, &trial, &played);
            figures.extend(place_of(&name, &workload, &lie, &played)?);
            figures.extend(game(&name, std::slice::from_ref(&played)));
            figures.push(value(&name, &played));
        }
    }
    Ok(figures)
}

/// Where in how large a computation the lie is.
fn place_of(name: &str, workload: &Workload, lie: &Lie, played: &Played) -> Result<Vec<Figure>> {
    let program = workload.program();
    let node = program.nodes.get(lie.at.node as usize).context("no such node")?;
    let figure = |what: &str, value: u64| Figure::new(format!("{name}/{what}"), value as f64, "");
    let result =
        if lie.forges_result { "rounded away, so that the result is forged besides" } else { "shows in the result" };
    let performed = match played.verdict.micro {
        Some(micro) => format!("the contract performed number {micro}"),
        None => "the contract performed all".to_string(),
    };
    Ok(vec![
        figure("parameters", workload.parameters),
        figure("nodes", program.nodes.len() as u64),
        figure("step", lie.at.step),
        figure("node", lie.at.node.into()).note(format!("{} {}", node.op.name(), node.name)),
        figure("element", lie.at.element).note(format!("of {}; {result}", node.shape)),
        figure("micro-steps of the element", node.micro_len()).note(performed),
    ])
}

/// What the contract computed, against what was claimed.
fn value(name: &str, played: &Played) -> Figure {
    let [computed, claimed] = [played.verdict.computed, played.verdict.claimed];
    let number = |value: F32| f64::from(f32::from_bits(value.0));
    let figure = Figure::new(format!("{name}/computed"), number(computed), "").against("claimed", number(claimed));
    figure.note(format!("{:08x} against {:08x}", computed.0, claimed.0))
}
