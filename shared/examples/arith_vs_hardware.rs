//! Compares the referee's integer arithmetic with this machine's floating point, bit for bit, and prints a table.
//!
//! ```text
//! cargo run --release -p assay-core --example arith_vs_hardware -- [--per-primitive N] [--seed S] [--threads T]
//!     [--all-unary]    all 2^32 operands of the primitives that have one operand
//! ```
//! Ends with 1 if any result differs. The operands are a function of the seed, not of the threads.
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, clippy::unwrap_used)]
use assay_core::arith::Soft;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Mutex;
use std::time::Instant;

#[path = "../tests/support/mod.rs"]
mod support;
use support::hardware::Hardware;
use support::operands::Operands;
use support::primitive::Primitive;

struct Arguments {
    per_primitive: u64,
    seed: u64,
    threads: usize,
    all_unary: bool,
}

fn arguments() -> Result<Arguments, String> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut found = Arguments { per_primitive: 100_000_000, seed: 1, threads, all_unary: false };
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        let mut number = || -> Result<u64, String> {
            let text = given.next().ok_or(format!("{name} wants a number"))?;
            text.replace('_', "").parse().map_err(|error| format!("{name} {text}: {error}"))
        };
        match name.as_str() {
            "--per-primitive" => found.per_primitive = number()?,
            "--seed" => found.seed = number()?,
            "--threads" => found.threads = usize::try_from(number()?.max(1)).map_err(|error| error.to_string())?,
            "--all-unary" => found.all_unary = true,
            _ => return Err(format!("unknown argument {name}; see the top of this file")),
        }
    }
    Ok(found)
}

/// Operands drawn from one generator.
const BLOCK: u64 = 1 << 18;
/// Mismatches shown per primitive.
const SHOWN: usize = 5;

struct Outcome {
    count: u64,
    mismatches: u64,
    shown: Vec<([u32; 4], u32, u32)>,
    seconds: f64,
}

fn compare(primitive: Primitive, number: u64, arguments: &Arguments) -> Outcome {
    let all = arguments.all_unary && primitive.is_unary();
    let count = if all { 1 << 32 } else { arguments.per_primitive };
    let blocks = count.div_ceil(BLOCK);
    let (next, mismatches, shown) = (AtomicU64::new(0), AtomicU64::new(0), Mutex::new(Vec::new()));
    let started = Instant::now();
    let work = || loop {
        let block = next.fetch_add(1, Ordering::Relaxed);
        if block >= blocks {
            return;
        }
        let mut random = Operands::new(Operands::new((arguments.seed << 48) ^ (number << 40) ^ block).word());
        for i in block * BLOCK..count.min((block + 1) * BLOCK) {
            let operands = if all { [i as u32, 0, 0, 0] } else { random.draw(primitive) };
            let soft = primitive.eval::<Soft>(operands);
            let hard = primitive.eval::<Hardware>(operands);
            if soft != hard {
                mismatches.fetch_add(1, Ordering::Relaxed);
                let mut shown = shown.lock().unwrap();
                if shown.len() < SHOWN {
                    shown.push((operands, soft, hard));
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..arguments.threads {
            scope.spawn(work);
        }
    });
    Outcome {
        count,
        mismatches: mismatches.into_inner(),
        shown: shown.into_inner().unwrap(),
        seconds: started.elapsed().as_secs_f64(),
    }
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    println!("{:<14}{:>16}{:>12}{:>10}", "primitive", "count", "mismatches", "seconds");
    let (mut total, mut wrong) = (0, 0);
    for (number, primitive) in (0..).zip(Primitive::ALL) {
        let outcome = compare(primitive, number, &arguments);
        let Outcome { count, mismatches, seconds, .. } = outcome;
        println!("{:<14}{count:>16}{mismatches:>12}{seconds:>10.1}", primitive.name());
        for (operands, soft, hard) in outcome.shown {
            println!("  {operands:08x?}: integers {soft:08x}, hardware {hard:08x}");
        }
        total += count;
        wrong += mismatches;
    }
    println!("{:<14}{total:>16}{wrong:>12}", "all");
    ExitCode::from(u8::from(wrong > 0))
}
