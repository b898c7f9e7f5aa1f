// What stands for a CUDA device when the kernels are compiled by a C++ compiler: the thread blocks of a launch run one
// after the other, the threads of a block in turns from barrier to barrier, each on a stack of its own.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#ifndef __x86_64__
#include <ucontext.h>
#endif

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

struct dim3 {
    u32 x;
};
struct alignas(16) float4 {
    float x, y, z, w;
};
static inline float4 make_float4(float x, float y, float z, float w) { return float4{x, y, z, w}; }

static thread_local dim3 threadIdx, blockIdx, blockDim, gridDim;

#define DEVICE inline
#define SHARED alignas(16) static thread_local

static inline u32 min(u32 a, u32 b) { return a < b ? a : b; }
static inline u32 __float_as_uint(float x) {
    u32 bits;
    memcpy(&bits, &x, 4);
    return bits;
}
static inline float __uint_as_float(u32 bits) {
    float x;
    memcpy(&x, &bits, 4);
    return x;
}
static inline double __longlong_as_double(long long bits) {
    double x;
    memcpy(&x, &bits, 8);
    return x;
}
static inline float __double2float_rn(double x) { return (float)x; }
static inline double __dmul_rn(double a, double b) { return a * b; }
static inline float __fadd_rn(float a, float b) { return a + b; }
static inline float __fsub_rn(float a, float b) { return a - b; }
static inline float __fmul_rn(float a, float b) { return a * b; }
static inline float __fdiv_rn(float a, float b) { return a / b; }
static inline float __fsqrt_rn(float a) { return __builtin_sqrtf(a); }
static inline float __fmaf_rn(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
static inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz((u32)x); }

// From one stack to another.
#ifdef __x86_64__
typedef void* Stack;
extern "C" void assay_switch(Stack* from, Stack to) __attribute__((visibility("hidden")));
asm(R"(
.text
.hidden assay_switch
.globl assay_switch
.type assay_switch,@function
assay_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size assay_switch,.-assay_switch
)");
static void go(Stack* from, Stack* to) { assay_switch(from, *to); }
static void prepare(Stack* stack, char* bottom, size_t size, void (*entry)()) {
    void** top = (void**)(((uintptr_t)bottom + size) & ~(uintptr_t)15);
    top[-1] = nullptr;
    top[-2] = (void*)entry;
    for (int i = 3; i <= 8; i++) top[-i] = nullptr;
    *stack = top - 8;
}
#else
typedef ucontext_t Stack;
static void go(Stack* from, Stack* to) { swapcontext(from, to); }
static void prepare(Stack* stack, char* bottom, size_t size, void (*entry)()) {
    getcontext(stack);
    stack->uc_stack.ss_sp = bottom;
    stack->uc_stack.ss_size = size;
    stack->uc_link = nullptr;
    makecontext(stack, entry, 0);
}
#endif

static const u32 MAX_THREADS = 1024;
static const size_t STACK = 32 << 10;

struct Threads {
    char* memory = (char*)malloc(MAX_THREADS * STACK);
    Stack scheduler, stacks[MAX_THREADS];
    bool done[MAX_THREADS];
    u32 running = 0;
    bool has_barriers = false;
    void (*body)(const void*) = nullptr;
    const void* args = nullptr;
    ~Threads() { free(memory); }
};
static thread_local Threads threads;

static void enter() {
    threads.body(threads.args);
    threads.done[threads.running] = true;
    go(&threads.stacks[threads.running], &threads.scheduler);
}

static inline void __syncthreads() {
    if (!threads.has_barriers) {
        fprintf(stderr, "a barrier in a kernel that isn't a BLOCK_KERNEL\n");
        abort();
    }
    u32 own = threads.running;
    go(&threads.stacks[own], &threads.scheduler);
    threadIdx.x = own;
}

enum { DONE, WRONG_SIZE, WRONG_THREADS, NOT_ALL_AT_THE_BARRIER };

static int run_threads(void (*body)(const void*), const void* args, u32 grid, u32 block) {
    gridDim.x = grid;
    blockDim.x = block;
    for (blockIdx.x = 0; blockIdx.x < grid; blockIdx.x++)
        for (threadIdx.x = 0; threadIdx.x < block; threadIdx.x++) body(args);
    return DONE;
}

static int run_blocks(void (*body)(const void*), const void* args, u32 grid, u32 block) {
    gridDim.x = grid;
    blockDim.x = block;
    threads.body = body;
    threads.args = args;
    threads.has_barriers = true;
    for (blockIdx.x = 0; blockIdx.x < grid; blockIdx.x++) {
        for (u32 t = 0; t < block; t++) {
            prepare(&threads.stacks[t], threads.memory + t * STACK, STACK, enter);
            threads.done[t] = false;
        }
        u32 done = 0;
        for (u32 phase = 0; done < block; phase++) {
            done = 0;
            // Forwards and backwards: a missing barrier shows in one of them.
            for (u32 i = 0; i < block; i++) {
                u32 t = phase % 2 == 0 ? i : block - 1 - i;
                threads.running = threadIdx.x = t;
                go(&threads.scheduler, &threads.stacks[t]);
                done += threads.done[t];
            }
            if (done > 0 && done < block) return NOT_ALL_AT_THE_BARRIER;
        }
    }
    threads.has_barriers = false;
    return DONE;
}

#define KERNEL_OF(name, Args, run, fits)                                                                    \
    static void kernel_##name(const Args& p);                                                               \
    extern "C" __attribute__((visibility("default"))) int name(const void* args, u64 size, u32 grid, u32 block) { \
        if (size != sizeof(Args)) return WRONG_SIZE;                                                        \
        if (!(fits)) return WRONG_THREADS;                                                                  \
        return run([](const void* p) { kernel_##name(*(const Args*)p); }, args, grid, block);               \
    }                                                                                                       \
    static void kernel_##name(const Args& p)
#define KERNEL(name, Args) KERNEL_OF(assay_##name, Args, run_threads, block <= 256)
#define BLOCK_KERNEL(name, Args, threads) KERNEL_OF(assay_##name, Args, run_blocks, block == threads)
