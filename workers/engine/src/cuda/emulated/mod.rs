//! The kernels on a CPU: compiled by the machine's C++ compiler, one thread after the other. Slow, for tests and for
//! looking at kernels without a GPU.
use super::device::{Address, Device};
use super::source::Kernels;
use super::CudaError;
use libloading::Library;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, OnceLock};

/// What precedes the kernels on a CPU.
const SHIM: &str = include_str!("shim.h");
/// What memory is aligned to, in bytes.
const ALIGNMENT: usize = 256;

/// A kernel: its arguments, their bytes, thread blocks, and threads of each.
type Launch = unsafe extern "C" fn(*const u8, u64, u32, u32) -> i32;

/// Memory, of which `len` bytes from `begin` on are given out.
struct Allocation {
    begin: Address,
    len: usize,
    /// What holds them.
    _memory: Vec<u8>,
}

/// An emulated device.
pub struct Emulated {
    units: u32,
    library: Option<Arc<Library>>,
    kernels: Vec<(String, Launch)>,
    memory: Vec<Allocation>,
}

impl Emulated {
    /// A device that says it runs so many thread blocks at once, on which plans depend.
    pub fn new(units: u32) -> Emulated {
        Emulated { units, library: None, kernels: Vec::new(), memory: Vec::new() }
    }

    /// The place of so many bytes.
    fn place(&self, at: Address, bytes: usize) -> Result<*mut u8, CudaError> {
        let inside = |own: &&Allocation| {
            let offset = at.0.checked_sub(own.begin.0);
            offset.and_then(|offset| offset.checked_add(bytes as u64)).is_some_and(|end| end <= own.len as u64)
        };
        match self.memory.iter().find(inside) {
            Some(_) => Ok(at.0 as *mut u8),
            None => Err(CudaError::Emulated(format!("{bytes} bytes at {:#x} aren't the device's", at.0))),
        }
    }
}

impl Device for Emulated {
    fn name(&self) -> String {
        "emulated by the C++ compiler".into()
    }

    fn units(&self) -> u32 {
        self.units
    }

    fn load(&mut self, source: &str, kernels: &[String]) -> Result<(), CudaError> {
        let common = common()?;
        let find = |library: &Library| -> Result<Vec<(String, Launch)>, libloading::Error> {
            let find = |name: &String| {
                // SAFETY: every kernel of the shim has this type.
                let kernel = unsafe { library.get::<Launch>(format!("assay_{name}").as_bytes())? };
                Ok((name.clone(), *kernel))
            };
            kernels.iter().map(find).collect()
        };
        (self.kernels, self.library) = match find(&common) {
            Ok(found) => (found, Some(common)),
            Err(_) => {
                let own = Arc::new(compile(source)?);
                (find(&own).map_err(|error| CudaError::Emulated(error.to_string()))?, Some(own))
            }
        };
        Ok(())
    }

    fn alloc(&mut self, bytes: usize) -> Result<Address, CudaError> {
        // Not zero: nothing may depend on what memory holds.
        let memory = vec![0xa5; bytes + ALIGNMENT];
        let begin = Address((memory.as_ptr() as u64).next_multiple_of(ALIGNMENT as u64));
        self.memory.push(Allocation { begin, len: bytes, _memory: memory });
        Ok(begin)
    }

    unsafe fn upload(&mut self, to: Address, bytes: &[u8]) -> Result<(), CudaError> {
        let to = self.place(to, bytes.len())?;
        // SAFETY: the bytes are the device's own, and nothing else refers to them.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
        Ok(())
    }

    unsafe fn download(&mut self, from: Address, bytes: &mut [u8]) -> Result<(), CudaError> {
        let from = self.place(from, bytes.len())?;
        // SAFETY: as for uploads.
        unsafe { std::ptr::copy_nonoverlapping(from, bytes.as_mut_ptr(), bytes.len()) };
        Ok(())
    }

    unsafe fn launch(&mut self, kernel: usize, blocks: u32, threads: u32, args: &[u8]) -> Result<(), CudaError> {
        let (name, launch) =
            self.kernels.get(kernel).ok_or_else(|| CudaError::Emulated(format!("no kernel of number {kernel}")))?;
        // SAFETY: the caller's promise; the kernel checks the arguments' size.
        match unsafe { launch(args.as_ptr(), args.len() as u64, blocks, threads) } {
            0 => Ok(()),
            1 => Err(CudaError::Emulated(format!("{name} takes no structure of {} bytes", args.len()))),
            2 => Err(CudaError::Emulated(format!("{name} doesn't run with {threads} threads"))),
            _ => Err(CudaError::Emulated(format!("{name}: some threads ended while others waited at a barrier"))),
        }
    }

    fn wait(&mut self) -> Result<(), CudaError> {
        Ok(())
    }
}

/// All kernels, compiled once in a process.
fn common() -> Result<Arc<Library>, CudaError> {
    static COMMON: OnceLock<Result<Arc<Library>, String>> = OnceLock::new();
    let common =
        COMMON.get_or_init(|| compile(&Kernels::all().source()).map(Arc::new).map_err(|error| error.to_string()));
    common.clone().map_err(CudaError::Emulated)
}

/// Compiles a source and loads what comes out.
fn compile(source: &str) -> Result<Library, CudaError> {
    let failed = |what: &str, error: &dyn std::fmt::Display| CudaError::Emulated(format!("{what}: {error}"));
    let folder = tempfile::tempdir().map_err(|error| failed("no folder", &error))?;
    let (code, library) = (folder.path().join("kernels.cc"), folder.path().join("kernels.so"));
    std::fs::write(&code, [SHIM, source].concat()).map_err(|error| failed("no source", &error))?;
    let compilers = match std::env::var("CXX") {
        Ok(compiler) => vec![compiler],
        Err(_) => ["c++", "g++", "clang++"].map(String::from).to_vec(),
    };
    let mut last = CudaError::Emulated("no C++ compiler".into());
    for compiler in compilers {
        match run(&compiler, &code, &library) {
            // SAFETY: the library has no constructors but those of the C++ runtime.
            Ok(()) => return unsafe { Library::new(&library) }.map_err(|error| failed("loading", &error)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn run(compiler: &str, code: &Path, library: &Path) -> Result<(), CudaError> {
    let mut command = Command::new(compiler);
    // What rounds is written out: no contraction, and the machine's fused instruction if it has one.
    command.args(["-std=c++17", "-O2", "-ffp-contract=off", "-fPIC", "-shared", "-w", "-fvisibility=hidden"]);
    if cfg!(target_arch = "x86_64") {
        command.arg("-march=native");
    }
    let output = command.arg("-o").arg(library).arg(code).output();
    let output = output.map_err(|error| CudaError::Emulated(format!("{compiler}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(CudaError::Compile { architecture: format!("a CPU by {compiler}"), log })
}
