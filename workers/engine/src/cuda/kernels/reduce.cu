// Reductions: blocks of 4,096 items, of which each thread of 32 adds every 32nd; a tree over the 32; block results in
// order (`join`). A maximum doesn't depend on the order.

#define LANES 32u
#define REDUCTION_BLOCK 4096u

enum Kind { MAX, SUM, DOT, SQUARED_DISTANCE };

struct Reduce {
    const float* x;
    const float* z;
    float* y;
    Length outputs;
    u32 items;
    u32 work;      // Outputs times blocks: all outputs' first blocks, then their second ones.
    u32 is_scaled;
    float scale;
    Axes kept;     // Of the outputs.
    Axes reduced;  // Of an output's items.
};

template <Kind KIND> DEVICE float add_item(const Reduce& p, u32 at, float sum) {
    if (KIND == MAX) return max_of(sum, p.x[at]);
    if (KIND == SUM) return __fadd_rn(sum, p.x[at]);
    if (KIND == DOT) return __fmaf_rn(p.x[at], p.z[at], sum);
    float difference = __fsub_rn(p.x[at], p.z[at]);
    return __fmaf_rn(difference, difference, sum);
}

// OUTPUTS blocks of outputs at a time. COLUMNS: neighbouring threads have neighbouring outputs, not items.
template <Kind KIND, u32 OUTPUTS, bool COLUMNS> DEVICE void reduce(const Reduce& p) {
    SHARED float lanes[LANES][OUTPUTS + 1];
    u32 lane = COLUMNS ? threadIdx.x / OUTPUTS : threadIdx.x % LANES;
    u32 own = COLUMNS ? threadIdx.x % OUTPUTS : threadIdx.x / LANES;
    u32 index = blockIdx.x * OUTPUTS + own;
    u32 block = 0, output = index;
    float sum = KIND == MAX ? of_bits(0xff800000u) : 0.0f;
    if (index < p.work) {
        block = quotient(index, p.outputs);
        output = index - block * p.outputs.len;
        u32 first = offset_of(p.kept, 0, output);
        u32 end = min((block + 1) * REDUCTION_BLOCK, p.items);
#pragma unroll 4
        for (u32 i = block * REDUCTION_BLOCK + lane; i < end; i += LANES)
            sum = add_item<KIND>(p, first + offset_of(p.reduced, 0, i), sum);
    }
    lanes[lane][own] = sum;
    __syncthreads();
#pragma unroll
    for (u32 stride = LANES / 2; stride > 0; stride /= 2) {
        if (lane < stride) {
            float other = lanes[lane + stride][own];
            sum = KIND == MAX ? max_of(sum, other) : __fadd_rn(sum, other);
            lanes[lane][own] = sum;
        }
        __syncthreads();
    }
    if (lane == 0 && index < p.work) {
        // `y` is the output if there is one block, or else the blocks' results.
        p.y[index] = number(p.is_scaled ? __fmul_rn(sum, p.scale) : sum);
    }
}

#define REDUCE(name, KIND)                                                                     \
    BLOCK_KERNEL(reduce_##name##_rows, Reduce, 256) { reduce<KIND, 8, false>(p); }             \
    BLOCK_KERNEL(reduce_##name##_columns, Reduce, 1024) { reduce<KIND, 32, true>(p); }
REDUCE(max, MAX)
REDUCE(sum, SUM)
REDUCE(dot, DOT)
REDUCE(distance, SQUARED_DISTANCE)
