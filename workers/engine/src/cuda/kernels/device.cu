// What the other files are written in, for a real device. `emulated/shim.h` takes this file's place on a CPU.
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define DEVICE __device__ __forceinline__
// Aligned, as four floats at a time are read.
#define SHARED __shared__ __align__(16)
// A kernel takes one structure. KERNEL is for kernels without barriers, BLOCK_KERNEL for those with some.
#define KERNEL(name, Args) extern "C" __global__ void __launch_bounds__(256) name(const Args p)
// Two thread blocks of these have to fit a multiprocessor: tiles of 128 x 128 have 128 registers a thread then.
#define BLOCK_KERNEL(name, Args, threads) extern "C" __global__ void __launch_bounds__(threads, 2) name(const Args p)
