//! CUDA's run-time compiler, loaded when it is needed: `ASSAY_NVRTC` names the library, or the system's loader finds it,
//! or `scripts/nvrtc` has fetched one.
use super::CudaError;
use libloading::Library;
use std::error::Error;
use std::ffi::{c_char, c_int, c_void, CString, OsString};
use std::path::PathBuf;
use std::ptr::{null, null_mut};

/// Where it is looked for.
const NAMES: [&str; 5] = ["libnvrtc.so", "libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "nvrtc64_120_0.dll"];
/// What must hold for the bits: no contraction, subnormals kept, division and square root rounded once.
const OPTIONS: [&str; 6] = [
    "--fmad=false",
    "--ftz=false",
    "--prec-div=true",
    "--prec-sqrt=true",
    "--std=c++17",
    "--device-as-default-execution-space",
];

/// A program of nvrtc's.
type Handle = *mut c_void;

/// The compiler.
pub(super) struct Nvrtc {
    library: Library,
}

/// What a program becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// Text that the driver compiles further.
    Ptx,
    /// Instructions of one architecture.
    Cubin,
}

impl Nvrtc {
    /// Loads it.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn load() -> Result<Nvrtc, CudaError> {
        let names: Vec<OsString> = match std::env::var_os("ASSAY_NVRTC") {
            Some(own) => vec![own],
            None => NAMES.map(OsString::from).into_iter().chain(fetched().map(PathBuf::into_os_string)).collect(),
        };
        let mut why = None;
        for name in &names {
            // SAFETY: loading it runs no code but NVIDIA's own.
            match unsafe { Library::new(name) } {
                Ok(library) => return Ok(Nvrtc { library }),
                Err(error) => why = Some(error),
            }
        }
        let why = why.as_ref().and_then(|error| error.source()).map_or_else(String::new, |why| format!(": {why}"));
        Err(CudaError::NoCompiler(format!("none of {names:?} can be loaded{why}")))
    }

    /// A function of the library.
    fn get<F: Copy>(&self, name: &'static str) -> Result<F, CudaError> {
        // SAFETY: the callers name the types that nvrtc.h has.
        match unsafe { self.library.get::<F>(name.as_bytes()) } {
            Ok(function) => Ok(*function),
            Err(error) => Err(CudaError::NoCompiler(error.to_string())),
        }
    }

    /// The architectures that it compiles for: 70 for sm_70.
    ///
    /// # Errors
    /// The compiler fails.
    pub(super) fn architectures(&self) -> Result<Vec<u32>, CudaError> {
        let count: unsafe extern "C" fn(*mut c_int) -> c_int = self.get("nvrtcGetNumSupportedArchs")?;
        let list: unsafe extern "C" fn(*mut c_int) -> c_int = self.get("nvrtcGetSupportedArchs")?;
        let mut n = 0;
        // SAFETY: nvrtc.h's types; the list has as many places as were asked for.
        let all = unsafe {
            check("counting architectures", count(&mut n))?;
            let mut all = vec![0; n.max(0) as usize];
            check("listing architectures", list(all.as_mut_ptr()))?;
            all
        };
        Ok(all.into_iter().filter_map(|architecture| u32::try_from(architecture).ok()).collect())
    }

    /// Compiles a source, for example for `compute_80` or, into a cubin, for `sm_80`.
    ///
    /// # Errors
    /// The source or the architecture is rejected.
    pub(super) fn compile(&self, source: &str, architecture: &str, output: Output) -> Result<Vec<u8>, CudaError> {
        let text = |text: &str| CString::new(text).map_err(|error| CudaError::NoCompiler(error.to_string()));
        let (source, name) = (text(source)?, text("kernels.cu")?);
        let mut options = OPTIONS.map(text).into_iter().collect::<Result<Vec<_>, _>>()?;
        options.push(text(&format!("--gpu-architecture={architecture}"))?);
        let options: Vec<*const c_char> = options.iter().map(|option| option.as_ptr()).collect();
        let (size_of, get) = match output {
            Output::Ptx => ("nvrtcGetPTXSize", "nvrtcGetPTX"),
            Output::Cubin => ("nvrtcGetCUBINSize", "nvrtcGetCUBIN"),
        };
        type Create = unsafe extern "C" fn(
            *mut Handle,
            *const c_char,
            *const c_char,
            c_int,
            *const *const c_char,
            *const *const c_char,
        ) -> c_int;
        let create: Create = self.get("nvrtcCreateProgram")?;
        let compile: unsafe extern "C" fn(Handle, c_int, *const *const c_char) -> c_int =
            self.get("nvrtcCompileProgram")?;
        let destroy: unsafe extern "C" fn(*mut Handle) -> c_int = self.get("nvrtcDestroyProgram")?;
        let mut program = null_mut();
        // SAFETY: nvrtc.h's types; the strings live until the program is destroyed.
        unsafe {
            check("creating a program", create(&mut program, source.as_ptr(), name.as_ptr(), 0, null(), null()))?;
            let result = compile(program, options.len() as c_int, options.as_ptr());
            let compiled = if result == 0 {
                self.bytes(program, size_of, get)
            } else {
                let log = self.bytes(program, "nvrtcGetProgramLogSize", "nvrtcGetProgramLog")?;
                let log = String::from_utf8_lossy(&log).trim_end_matches('\0').to_owned();
                Err(CudaError::Compile { architecture: architecture.into(), log })
            };
            check("destroying a program", destroy(&mut program))?;
            compiled
        }
    }

    /// What a pair of functions gives: a size, and so many bytes.
    ///
    /// # Safety
    /// They are such a pair, and the program is one.
    unsafe fn bytes(&self, program: Handle, size_of: &'static str, get: &'static str) -> Result<Vec<u8>, CudaError> {
        let read_size: unsafe extern "C" fn(Handle, *mut usize) -> c_int = self.get(size_of)?;
        let read: unsafe extern "C" fn(Handle, *mut u8) -> c_int = self.get(get)?;
        let mut size = 0;
        // SAFETY: the caller's promise; there is room for what is written.
        unsafe {
            check(size_of, read_size(program, &mut size))?;
            let mut bytes = vec![0; size];
            check(get, read(program, bytes.as_mut_ptr()))?;
            Ok(bytes)
        }
    }
}

/// Where `scripts/nvrtc` puts it: as in `scripts/env.sh`.
fn fetched() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).map(PathBuf::from);
    let user = || folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
    let cache = folder("ASSAY_CACHE").or_else(|| user().map(|user| user.join("assay")))?;
    Some(cache.join("nvrtc/libnvrtc.so.12"))
}

fn check(what: &'static str, code: c_int) -> Result<(), CudaError> {
    match code {
        0 => Ok(()),
        code => Err(CudaError::Compiler { what, code }),
    }
}
