//! What the real compiler makes of the kernels. It is fetched by `scripts/nvrtc`; without it these tests fail.
use super::nvrtc::{Nvrtc, Output};
use super::source::{Kernels, DEVICE};
use assay_core::graph::function::Function;
use assay_core::graph::Prim;

/// Kernels of the files, in which nothing is fused.
const UNFUSED: [&str; 20] = [
    "join",
    "reduce_max_rows",
    "reduce_max_columns",
    "reduce_sum_rows",
    "reduce_sum_columns",
    "copy",
    "strided",
    "turn",
    "pad",
    "concat",
    "pool_max",
    "pool_argmax",
    "pool_average",
    "pool_gradient_max",
    "pool_gradient_average",
    "pick",
    "embed",
    "embed_gradient",
    "jitter",
    "dropout",
];

/// The text of a kernel.
fn entry<'a>(ptx: &'a str, name: &str) -> &'a str {
    let begin = ptx.find(&format!(".entry {name}(")).unwrap_or_else(|| panic!("no kernel {name}"));
    let rest = &ptx[begin..];
    rest.find(".visible .entry").map_or(rest, |end| &rest[..end])
}

fn nvrtc() -> Nvrtc {
    Nvrtc::load().unwrap_or_else(|error| panic!("{error}"))
}

/// Every kernel, for the oldest and the newest architectures that are in use.
#[test]
fn everything_compiles_and_rounds_as_written() {
    let nvrtc = nvrtc();
    let known = nvrtc.architectures().unwrap();
    let oldest = known.iter().copied().min().unwrap();
    let all = Kernels::all();
    let source = [DEVICE, &all.source()].concat();
    for architecture in [70.max(oldest), 80, 90] {
        let ptx = nvrtc.compile(&source, &format!("compute_{architecture}"), Output::Ptx).unwrap();
        let ptx = String::from_utf8_lossy(&ptx);
        // What flushes subnormals, is approximate, or isn't said to round to nearest.
        for other in [".ftz", ".approx", ".full.f32", "fma.rn.f64", "mad.f32", "add.f32", "sub.f32", "mul.f32"] {
            assert!(!ptx.contains(other), "{other} for {architecture}");
        }
        for name in all.names() {
            let kernel = entry(&ptx, name);
            // Products do nothing but fuse, and add up blocks.
            let is_map = name.starts_with("map_");
            assert!(is_map || kernel.contains("fma.rn.f32") && !kernel.contains("mul.rn.f32"), "{name}");
        }
        for name in UNFUSED {
            assert!(!entry(&ptx, name).contains("fma.rn.f32"), "{name} for {architecture}");
        }
        for &function in Function::ALL {
            let kernel = entry(&ptx, &format!("map_{}_broadcast", function.name()));
            let rows = |prim: Prim| function.rows().iter().filter(|row| row.0 == prim).count();
            let count = |instruction: &str| kernel.matches(instruction).count();
            // Rounding to an integer adds a number and takes it away again.
            let scales = rows(Prim::ScaleB);
            let exactly = [
                ("fma.rn.f32", rows(Prim::Fma)),
                ("div.rn.f32", rows(Prim::Div)),
                ("sqrt.rn.f32", rows(Prim::Sqrt)),
                ("add.rn.f32", rows(Prim::Add) + scales),
                ("sub.rn.f32", rows(Prim::Sub) + scales),
            ];
            // The compiler may have one loop for one axis and another for several: then it has everything twice. Of
            // two equal products it makes one.
            let muls = rows(Prim::Mul);
            let fits = |copies: usize| {
                let products = copies * muls.saturating_sub(1)..=copies * muls;
                exactly.iter().all(|(instruction, rows)| count(instruction) == copies * rows)
                    && products.contains(&count("mul.rn.f32"))
            };
            assert!(fits(1) || fits(2), "{} for {architecture}:\n{kernel}", function.name());
        }
    }
}

/// Down to instructions, for one architecture: the driver does it for others.
#[test]
fn a_cubin() {
    let mut kernels = Kernels::default();
    kernels.map(Function::GeluGrad, true);
    kernels.product("conv_weight", super::source::Tile::Large);
    let source = [DEVICE, &kernels.source()].concat();
    let image = nvrtc().compile(&source, "sm_80", Output::Cubin).unwrap();
    assert!(image.starts_with(b"\x7fELF"));
}

#[test]
fn a_machine_without_a_gpu_says_so() {
    match super::Gpu::new(0) {
        Ok(gpu) => println!("there is one: {}", super::Device::name(&gpu)),
        Err(error) => println!("{error}"),
    }
    assert!(super::Gpu::new(1000).is_err());
}
