//! cuBLAS, loaded at run time: binary32 without TF32.
use anyhow::{ensure, Context, Result};
use assay_engine::cuda::{Address, Device, Gpu};
use libloading::Library;
use std::ffi::{c_int, c_void};
use std::time::Instant;

/// Where it is looked for.
const NAMES: [&str; 4] = ["libcublas.so", "libcublas.so.13", "libcublas.so.12", "libcublas.so.11"];
/// `CUBLAS_PEDANTIC_MATH`: no reduced precision anywhere.
const PEDANTIC: c_int = 2;

type Handle = *mut c_void;
type Create = unsafe extern "C" fn(*mut Handle) -> c_int;
type SetMathMode = unsafe extern "C" fn(Handle, c_int) -> c_int;
type Destroy = unsafe extern "C" fn(Handle) -> c_int;
type Sgemm = unsafe extern "C" fn(
    Handle,
    c_int,
    c_int,
    c_int,
    c_int,
    c_int,
    *const f32,
    u64,
    c_int,
    u64,
    c_int,
    *const f32,
    u64,
    c_int,
) -> c_int;

pub(crate) struct Cublas {
    library: Library,
}

impl Cublas {
    pub(crate) fn load() -> Result<Cublas> {
        let names = match std::env::var("ASSAY_CUBLAS") {
            Ok(own) => vec![own],
            Err(_) => NAMES.map(String::from).to_vec(),
        };
        // SAFETY: loading it runs no code but NVIDIA's own.
        let library = names.iter().find_map(|name| unsafe { Library::new(name) }.ok());
        Ok(Cublas { library: library.with_context(|| format!("none of {names:?} can be loaded"))? })
    }

    fn get<F: Copy>(&self, name: &str) -> Result<F> {
        // SAFETY: the callers name the types that cublas_v2.h has.
        Ok(*unsafe { self.library.get::<F>(name.as_bytes()) }?)
    }

    /// Seconds of one of so many products of `n` × `n` [`matrices`].
    pub(crate) fn time(
        &self,
        gpu: &mut Gpu,
        [Address(a), Address(b), Address(c)]: [Address; 3],
        n: u32,
        (trans_a, trans_b): (bool, bool),
        repeats: u32,
    ) -> Result<f64> {
        let (create, destroy): (Create, Destroy) = (self.get("cublasCreate_v2")?, self.get("cublasDestroy_v2")?);
        let (set_mode, sgemm): (SetMathMode, Sgemm) = (self.get("cublasSetMathMode")?, self.get("cublasSgemm_v2")?);
        let (one, zero, side) = (1.0_f32, 0.0_f32, n as c_int);
        let mut handle = std::ptr::null_mut();
        // SAFETY: cublas_v2.h's types; the matrices are as large as it is told.
        unsafe {
            ensure!(create(&mut handle) == 0, "cublasCreate fails");
            ensure!(set_mode(handle, PEDANTIC) == 0, "cublasSetMathMode fails");
            // Its matrices are columns first: theirs of (b, a) is ours of (a, b).
            let product = || {
                let turned = [trans_b, trans_a].map(c_int::from);
                sgemm(handle, turned[0], turned[1], side, side, side, &one, b, side, a, side, &zero, c, side)
            };
            ensure!(product() == 0, "cublasSgemm fails");
            gpu.wait()?;
            let begin = Instant::now();
            for _ in 0..repeats {
                ensure!(product() == 0, "cublasSgemm fails");
            }
            gpu.wait()?;
            let seconds = begin.elapsed().as_secs_f64() / f64::from(repeats);
            ensure!(destroy(handle) == 0, "cublasDestroy fails");
            Ok(seconds)
        }
    }
}

/// Two square matrices and room for their product.
pub(crate) fn matrices(gpu: &mut Gpu, n: u32) -> Result<[Address; 3]> {
    let bytes = n as usize * n as usize * 4;
    let values: Vec<u8> = (0..bytes / 4).flat_map(|i| (i as f32 * 0.3).sin().to_le_bytes()).collect();
    let [a, b, c] = [gpu.alloc(bytes)?, gpu.alloc(bytes)?, gpu.alloc(bytes)?];
    // SAFETY: they were allocated for so many bytes.
    unsafe {
        gpu.upload(a, &values)?;
        gpu.upload(b, &values)?;
    }
    Ok([a, b, c])
}
