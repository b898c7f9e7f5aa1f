//! Suite `vast`: disputes about programs of up to 10⁹ parameters and 10⁵ steps, played on the real Wasm on the real
//! pallet; and how they grow with both. See [`assay_scenarios::vast`].
use crate::figure::{Bar, Figure};
use crate::growth::{self, power_of_ten, Line, Point};
use anyhow::Result;
use assay_core::protocol::dispute::{execution_moves, Side};
use assay_devnet::Chain;
use assay_scenarios::court::Cost;
use assay_scenarios::process::artifacts;
use assay_scenarios::vast::{dispute, Dispute, Lie, Plan, What, World};
use std::path::Path;
use std::sync::Arc;

/// The largest program: 10^this parameters.
const PARAMETERS: u32 = 9;
/// The longest segment: 10^this steps.
const STEPS: u32 = 5;
/// Parameters as one tensor, and as many: as a network of a billion parameters has them.
const TENSORS: [u32; 2] = [1, 1000];
/// The bars of a dispute.
const MOVES_BAR: f64 = 20.0;
const BYTES_BAR: f64 = 64.0 * 1024.0;
const CALL_BAR: f64 = 0.01;
/// Weights count picoseconds, people don't.
const TIME: f64 = 1e9;
const BLOCK: frame_support::weights::Weight = assay_runtime::config::MAX_BLOCK;

/// Plays them all, and draws the growth if asked to. Nothing here depends on the machine, so once is enough.
pub(crate) fn run(plot: Option<&Path>) -> Result<Vec<Figure>> {
    let chain = Chain::new_dev()?;
    let mut figures = Vec::new();
    let mut lines = Vec::new();
    for steps in 1..=STEPS {
        lines.push(Line { name: format!("{} steps", power_of_ten(steps)), points: Vec::new() });
    }
    lines.push(Line { name: format!("{} steps, {} tensors", power_of_ten(STEPS), TENSORS[1]), points: Vec::new() });
    for power in 3..=PARAMETERS {
        // A thousand tensors of a single number are no program that one would write.
        for tensors in TENSORS.into_iter().filter(|tensors| *tensors == 1 || power >= 6) {
            eprintln!("bench: {} parameters in {}", power_of_ten(power), in_tensors(tensors));
            let world = Arc::new(World::new(Plan::of(10_u64.pow(power), tensors))?);
            for steps in if tensors == 1 { 1..=STEPS } else { STEPS..=STEPS } {
                let of = |what| {
                    let steps = 10_u32.pow(steps);
                    dispute(&chain, &artifacts(), &world, steps, Lie::of(&world.plan, steps, what))
                };
                let longest = of(What::Gradient)?;
                let line = if tensors == 1 { steps - 1 } else { STEPS };
                lines[line as usize].points.push(point(power, &longest));
                let name = format!(
                    "{} parameters, {}, {} steps",
                    power_of_ten(power),
                    in_tensors(tensors),
                    power_of_ten(steps)
                );
                if (power, steps) == (PARAMETERS, STEPS) {
                    figures.extend(whole(&format!("{name}, gradient"), &longest));
                    for what in [What::Product, What::Weight] {
                        figures.extend(whole(&format!("{name}, {what:?}").to_lowercase(), &of(what)?));
                    }
                    figures.push(any_node(&name, &world, 10_u32.pow(steps)));
                }
            }
        }
    }
    figures.extend(lines.iter().flat_map(sweep));
    if let Some(path) = plot {
        growth::draw(path, &lines)?;
    }
    Ok(figures)
}

fn in_tensors(tensors: u32) -> String {
    if tensors == 1 {
        "one tensor".to_string()
    } else {
        format!("{tensors} tensors")
    }
}

/// The dearest call of the whole task, with its message.
fn dearest(dispute: &Dispute, of: impl Fn(&Cost) -> u64) -> (&'static str, u64) {
    let moves = dispute.played.moves.iter().map(|made| (made.kind, of(&made.cost)));
    let others = dispute.costs.iter().filter(|(label, _)| **label != "play");
    let others = others.flat_map(|(label, calls)| calls.iter().map(|cost| (*label, of(cost))));
    moves.chain(others).max_by_key(|(_, cost)| *cost).unwrap_or_default()
}

fn point(power: u32, dispute: &Dispute) -> Point {
    let played = &dispute.played;
    let (_, time) = dearest(dispute, |cost| cost.ref_time);
    Point {
        power,
        moves: played.moves_of(Side::Asserter) as f64,
        bytes: played.bytes() as f64,
        share: time as f64 / BLOCK.ref_time() as f64,
    }
}

/// Everything about one dispute.
fn whole(name: &str, dispute: &Dispute) -> Vec<Figure> {
    let played = &dispute.played;
    let moves = |side| played.moves_of(side) as f64;
    let largest = played.moves.iter().map(|made| made.cost.bytes).max().unwrap_or(0);
    let (slowest, time) = dearest(dispute, |cost| cost.ref_time);
    let (widest, proof) = dearest(dispute, |cost| cost.proof_size);
    let in_all: u64 = played.moves.iter().map(|made| made.cost.ref_time).sum();
    let bytes_of = |side| {
        let made = played.moves.iter().filter(|made| made.side == side);
        made.map(|made| made.cost.bytes).sum::<u64>() as f64
    };
    vec![
        Figure::new(format!("{name}/asserter moves"), moves(Side::Asserter), "moves").bar(Bar::ValueAtMost(MOVES_BAR)),
        Figure::new(format!("{name}/asserter moves that there could be"), dispute.most_moves.into(), "moves"),
        Figure::new(format!("{name}/challenger moves"), moves(Side::Challenger), "moves"),
        Figure::new(format!("{name}/bytes of the asserter"), bytes_of(Side::Asserter), "B"),
        Figure::new(format!("{name}/bytes of both sides"), played.bytes() as f64, "B").bar(Bar::ValueAtMost(BYTES_BAR)),
        Figure::new(format!("{name}/largest message"), largest as f64, "B"),
        Figure::new(format!("{name}/time of the dearest call ({slowest})"), time as f64 / TIME, "ms")
            .against("a block", BLOCK.ref_time() as f64 / TIME)
            .bar(Bar::RatioAtMost(CALL_BAR)),
        Figure::new(format!("{name}/proof size of the dearest call ({widest})"), proof as f64, "B")
            .against("a block", BLOCK.proof_size() as f64),
        Figure::new(format!("{name}/time of all moves"), in_all as f64 / TIME, "ms"),
    ]
}

/// The most moves that a dispute about any node can take, by the rules alone.
fn any_node(name: &str, world: &World, steps: u32) -> Figure {
    let program = world.program.reference();
    let most = world.program.nodes.iter().map(|node| execution_moves(&program, steps, node)).max();
    Figure::new(format!("{name}, any node/asserter moves at most"), most.unwrap_or(0).into(), "moves")
        .bar(Bar::ValueAtMost(MOVES_BAR))
}

/// The points of a line.
fn sweep(line: &Line) -> Vec<Figure> {
    let of = |what: &'static str, unit, value: fn(&Point) -> f64| {
        let figure = move |point: &Point| {
            Figure::new(format!("{what}, {}/{} parameters", line.name, power_of_ten(point.power)), value(point), unit)
        };
        line.points.iter().map(figure).collect::<Vec<_>>()
    };
    let moves = of("asserter moves", "moves", |point| point.moves);
    let bytes = of("bytes of both sides", "B", |point| point.bytes);
    let shares = of("dearest call, of a block's time", "%", |point| 100.0 * point.share);
    [moves, bytes, shares].concat()
}
