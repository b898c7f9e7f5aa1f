// Lookups by number. The definition compares every candidate; here the number is the index.

struct Lookup {
    const float* x;
    const float* ids;
    float* y;
    u32 n;          // Elements of the output; of Embed's gradient: ids.
    u32 candidates;
    Length columns; // Of a row.
};

// The candidate that equals a number; `candidates` if none does. -0 is 0; fractions, what is outside and NaN are none.
DEVICE u32 candidate(float id, u32 candidates) {
    if (!(id >= 0.0f && id < 16777217.0f)) return candidates;
    u32 index = (u32)id;
    return (float)index == id && index < candidates ? index : candidates;
}

// Moved unchanged.
KERNEL(pick, Lookup) {
    for (u32 e = first_index(); e < p.n; e += all_threads()) {
        u32 index = candidate(p.ids[e], p.candidates);
        p.y[e] = index < p.candidates ? p.x[e * p.candidates + index] : 0.0f;
    }
}

KERNEL(embed, Lookup) {
    for (u32 e = first_index(); e < p.n; e += all_threads()) {
        u32 row = quotient(e, p.columns);
        u32 index = candidate(p.ids[row], p.candidates);
        p.y[e] = index < p.candidates ? p.x[index * p.columns.len + (e - row * p.columns.len)] : 0.0f;
    }
}

// A thread block has one row of the table: it looks at 256 ids at a time, and adds up the rows of dy of its own in their
// order. 1,024 columns at a time.
BLOCK_KERNEL(embed_gradient, Lookup, 256) {
    SHARED u8 is_own[256];
    SHARED u32 any;
    u32 own = blockIdx.x, columns = p.columns.len;
    for (u32 first = 0; first < columns; first += 1024) {
        float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        for (u32 begin = 0; begin < p.n; begin += 256) {
            if (threadIdx.x == 0) any = 0;
            __syncthreads();
            u32 i = begin + threadIdx.x;
            is_own[threadIdx.x] = i < p.n && candidate(p.ids[i], p.candidates) == own;
            if (is_own[threadIdx.x]) any = 1; // All write the same.
            __syncthreads();
            if (any) {
                for (u32 t = 0; t < 256; t++) {
                    if (!is_own[t]) continue;
#pragma unroll
                    for (u32 c = 0; c < 4; c++) {
                        u32 column = first + c * 256 + threadIdx.x;
                        if (column < columns) sums[c] = __fadd_rn(sums[c], p.x[(begin + t) * columns + column]);
                    }
                }
            }
            __syncthreads();
        }
#pragma unroll
        for (u32 c = 0; c < 4; c++) {
            u32 column = first + c * 256 + threadIdx.x;
            if (column < columns) p.y[own * columns + column] = number(sums[c]);
        }
    }
}
