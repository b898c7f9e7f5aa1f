// What is drawn for a step: the order of the data, the signs of jitter, what dropout keeps. `assay_core::arith::random`
// says how.

struct Words {
    u32 word[4];
};

// Philox4x32-10: four words, number `index` of a stream.
DEVICE Words philox(u64 seed, u64 stream, u64 index) {
    u32 c0 = (u32)index, c1 = (u32)(index >> 32), c2 = (u32)stream, c3 = (u32)(stream >> 32);
    u32 k0 = (u32)seed, k1 = (u32)(seed >> 32);
#pragma unroll
    for (u32 round = 0; round < 10; round++) {
        u64 p0 = (u64)0xd2511f53u * c0, p1 = (u64)0xcd9e8d57u * c2;
        c0 = (u32)(p1 >> 32) ^ c1 ^ k0;
        c1 = (u32)p1;
        c2 = (u32)(p0 >> 32) ^ c3 ^ k1;
        c3 = (u32)p0;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    Words words = {{c0, c1, c2, c3}};
    return words;
}

struct Order {
    u64* rows;
    u64 seed;     // Of the epoch.
    u64 of_data;  // Rows of the data set.
    u64 first;    // Position of the batch in the epoch.
    u32 batch;
    u32 half;     // Bits of each half of the network.
};

DEVICE u64 order_word(u64 seed, u64 stream, u64 index) {
    return philox(seed, 0x7065726d00000000ull | stream, index).word[0];
}

// A permutation of 0..2^(2 half).
DEVICE u64 feistel(u64 seed, u32 half, u64 x) {
    u64 mask = ((u64)1 << half) - 1;
    u64 left = (x >> half) & mask, right = x & mask;
    for (u32 round = 0; round < 12; round++) {
        u64 next = left ^ (order_word(seed, round, right) & mask);
        left = right;
        right = next;
    }
    u64 y = (left << half) | right;
    return y < 2 ? y ^ (order_word(seed, 12, 0) & 1) : y;
}

// The row of the data set that is each item of the batch.
KERNEL(order, Order) {
    for (u32 i = first_index(); i < p.batch; i += all_threads()) {
        u64 x = p.first + i;
        if (p.of_data == 1) {
            x = 0;
        } else {
            do x = feistel(p.seed, p.half, x);
            while (x >= p.of_data);
        }
        p.rows[i] = x;
    }
}

struct Gather {
    const void* x;
    const u64* rows;
    float* y;
    u32 n;
    float scale, shift;
    Length row;
};

template <class T> DEVICE void gather(const Gather& p) {
    const T* x = (const T*)p.x;
    for (u32 e = first_index(); e < p.n; e += all_threads()) {
        u32 item = quotient(e, p.row);
        float value = (float)x[p.rows[item] * p.row.len + (e - item * p.row.len)];
        p.y[e] = number(__fmaf_rn(value, p.scale, p.shift));
    }
}

KERNEL(gather_bytes, Gather) { gather<u8>(p); }
KERNEL(gather_floats, Gather) { gather<float>(p); }

struct Drawn {
    const float* x;
    float* y;
    u64 seed, stream;
    u32 n;
    u32 keep_below;
    float factors[3]; // Jitter: for -1, 0 and 1. Dropout: of what is kept, and of what isn't.
};

KERNEL(jitter, Drawn) {
    for (u32 e = first_index(); e < p.n; e += all_threads()) {
        u32 rest = philox(p.seed, p.stream, e).word[0] % 3;
        p.y[e] = number(__fmul_rn(p.x[e], rest == 0 ? p.factors[0] : rest == 1 ? p.factors[1] : p.factors[2]));
    }
}

KERNEL(dropout, Drawn) {
    for (u32 e = first_index(); e < p.n; e += all_threads()) {
        bool is_kept = philox(p.seed, p.stream, e).word[0] < p.keep_below;
        p.y[e] = number(__fmul_rn(p.x[e], is_kept ? p.factors[0] : p.factors[1]));
    }
}

// A number of the step.
struct Constant {
    float* y;
    float value;
};

KERNEL(constant, Constant) {
    if (first_index() == 0) *p.y = p.value;
}
