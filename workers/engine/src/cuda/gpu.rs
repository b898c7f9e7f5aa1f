//! A GPU, through its driver.
use super::device::{Address, Device};
use super::nvrtc::{Nvrtc, Output};
use super::{source, CudaError};
use crate::bytes::hash_bytes;
use assay_core::commit::Hash;
use cudarc::driver::{result, sys, CudaContext, DriverError};
use std::collections::BTreeMap;
use std::ffi::{c_int, c_void, CString};
use std::ptr::null_mut;
use std::sync::{Arc, Mutex, PoisonError};

/// An NVIDIA GPU. What it is asked goes to the default stream, one after the other.
pub struct Gpu {
    context: Arc<CudaContext>,
    name: String,
    units: u32,
    /// 80 for compute capability 8.0.
    architecture: u32,
    memory: Vec<Address>,
    module: Option<Module>,
}

/// A loaded module and its functions.
struct Module {
    handle: sys::CUmodule,
    functions: Vec<sys::CUfunction>,
}

// SAFETY: handles of the driver belong to a context, not to a thread; every method makes the context current.
unsafe impl Send for Module {}

/// The driver's answer to a question.
fn asked<T>(what: &'static str, answer: Result<T, DriverError>) -> Result<T, CudaError> {
    answer.map_err(|error| CudaError::Driver { what, error })
}

impl Gpu {
    /// The GPU of this number.
    ///
    /// # Errors
    /// No driver, or no such GPU.
    pub fn new(ordinal: usize) -> Result<Gpu, CudaError> {
        // SAFETY: loading the driver runs no code but NVIDIA's own. cudarc panics without it, so it is asked for first.
        if !unsafe { sys::is_culib_present() } {
            return Err(CudaError::NoDriver);
        }
        asked("initialising", result::init())?;
        let count = asked("counting devices", result::device::get_count())?;
        if !c_int::try_from(ordinal).is_ok_and(|ordinal| ordinal < count) {
            return Err(CudaError::NoDevice { ordinal, count });
        }
        let context = asked("making a context", CudaContext::new(ordinal))?;
        let name = asked("its name", context.name())?;
        let (major, minor) = asked("its compute capability", context.compute_capability())?;
        let units = sys::CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT;
        let units = asked("its multiprocessors", context.attribute(units))?;
        let architecture = u32::try_from(10 * major + minor).unwrap_or_default();
        let units = u32::try_from(units).unwrap_or(1).max(1);
        Ok(Gpu { context, name, units, architecture, memory: Vec::new(), module: None })
    }

    /// The same with plans for so many thread blocks at once. The bits don't depend on it.
    pub fn with_units(self, units: u32) -> Gpu {
        // A structure with a destructor can't be taken apart.
        let mut gpu = self;
        gpu.units = units;
        gpu
    }

    fn bind(&self) -> Result<(), CudaError> {
        asked("making the context current", self.context.bind_to_thread())
    }

    fn unload(&mut self) {
        if let Some(module) = self.module.take() {
            // SAFETY: it was loaded and isn't used any more. There is nothing to be done about an error.
            let _ = unsafe { result::module::unload(module.handle) };
        }
    }
}

/// A cubin, or text for the driver.
type Image = Arc<[u8]>;

/// What was compiled in this process, by a hash of the source and the architecture: a trainer's kernels serve the next
/// trainer too.
fn compiled(source: &str, architecture: u32) -> Result<Image, CudaError> {
    static IMAGES: Mutex<BTreeMap<(Hash, u32), Image>> = Mutex::new(BTreeMap::new());
    let key = (hash_bytes(source.as_bytes()), architecture);
    // A thread that panicked has left whole entries only.
    let images = || IMAGES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(image) = images().get(&key) {
        return Ok(image.clone());
    }
    let image: Image = compile(source, architecture)?.into();
    images().insert(key, image.clone());
    Ok(image)
}

/// Instructions of the GPU's own architecture if the compiler knows it, which need no newer driver than the GPU's; else
/// text for the latest one before it, for the driver to compile.
fn compile(source: &str, architecture: u32) -> Result<Vec<u8>, CudaError> {
    let nvrtc = Nvrtc::load()?;
    let known = nvrtc.architectures()?;
    if known.contains(&architecture) {
        return nvrtc.compile(source, &format!("sm_{architecture}"), Output::Cubin);
    }
    let before = known.into_iter().filter(|&known| known < architecture).max().unwrap_or(architecture);
    nvrtc.compile(source, &format!("compute_{before}"), Output::Ptx)
}

impl Device for Gpu {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn units(&self) -> u32 {
        self.units
    }

    fn load(&mut self, source: &str, kernels: &[String]) -> Result<(), CudaError> {
        self.bind()?;
        self.unload();
        let image = compiled(&[source::DEVICE, source].concat(), self.architecture)?;
        // SAFETY: the image is a whole cubin, or text that ends with a zero.
        let handle = asked("loading the kernels", unsafe { result::module::load_data(image.as_ptr().cast()) })?;
        let module = self.module.insert(Module { handle, functions: Vec::new() });
        for kernel in kernels {
            let name = CString::new(kernel.as_str()).map_err(|_| CudaError::NoKernel(kernel.clone()))?;
            // SAFETY: the module is loaded.
            module.functions.push(asked("finding a kernel", unsafe { result::module::get_function(handle, name) })?);
        }
        Ok(())
    }

    fn alloc(&mut self, bytes: usize) -> Result<Address, CudaError> {
        self.bind()?;
        // SAFETY: whoever reads it has written it before.
        let pointer = asked("allocating memory", unsafe { result::malloc_sync(bytes.max(1)) })?;
        self.memory.push(Address(pointer));
        Ok(Address(pointer))
    }

    unsafe fn upload(&mut self, to: Address, bytes: &[u8]) -> Result<(), CudaError> {
        self.bind()?;
        // SAFETY: the caller's promise.
        asked("writing memory", unsafe { result::memcpy_htod_sync(to.0, bytes) })
    }

    unsafe fn download(&mut self, from: Address, bytes: &mut [u8]) -> Result<(), CudaError> {
        self.bind()?;
        // SAFETY: the caller's promise.
        asked("reading memory", unsafe { result::memcpy_dtoh_sync(bytes, from.0) })
    }

    unsafe fn launch(&mut self, kernel: usize, blocks: u32, threads: u32, args: &[u8]) -> Result<(), CudaError> {
        self.bind()?;
        let functions = self.module.as_ref().map_or(&[][..], |module| module.functions.as_slice());
        let function = *functions.get(kernel).ok_or_else(|| CudaError::NoKernel(format!("number {kernel}")))?;
        // The driver copies the structure before the call returns.
        let mut parameters = [args.as_ptr().cast_mut().cast::<c_void>()];
        // SAFETY: the caller's promise.
        let launched =
            unsafe { result::launch_kernel(function, (blocks, 1, 1), (threads, 1, 1), 0, null_mut(), &mut parameters) };
        asked("launching a kernel", launched)
    }

    fn wait(&mut self) -> Result<(), CudaError> {
        self.bind()?;
        asked("waiting", self.context.synchronize())
    }
}

impl Drop for Gpu {
    fn drop(&mut self) {
        if self.bind().is_err() {
            return;
        }
        self.unload();
        for address in self.memory.drain(..) {
            // SAFETY: it was allocated and isn't used any more. There is nothing to be done about an error.
            let _ = unsafe { result::free_sync(address.0) };
        }
    }
}
