// The primitives, as `assay_core::graph::eval_prim` has them, and walking along axes.
//
// Every operation is an intrinsic that rounds once: no contraction, no libm. A device's NaN is 0x7fffffff, the
// protocol's is 0x7fc00000: `number` makes it so, wherever a value may reach a tensor.

DEVICE u32 bits_of(float x) { return __float_as_uint(x); }
DEVICE float of_bits(u32 x) { return __uint_as_float(x); }

// 0x7fc00000 for every NaN.
DEVICE float number(float x) { return (bits_of(x) & 0x7fffffffu) > 0x7f800000u ? of_bits(0x7fc00000u) : x; }

// The greater one, NaN if either is, +0 above -0.
DEVICE float max_of(float a, float b) {
    return a > b ? a : a < b ? b : a == b ? of_bits(bits_of(a) & bits_of(b)) : of_bits(0x7fc00000u);
}

DEVICE float select_gt(float a, float b, float c, float d) { return a > b ? c : d; }
DEVICE float select_eq(float a, float b, float c, float d) { return a == b ? c : d; }

// a * 2^round(b), rounded once.
DEVICE float scale_b(float a, float b) {
    // Beyond +-512 nothing changes. Adding 1.5 * 2^23 rounds to an integer, ties to even. NaN is 0 here.
    b = b > 512.0f ? 512.0f : b < -512.0f ? -512.0f : b == b ? b : 0.0f;
    int n = (int)__fsub_rn(__fadd_rn(b, 12582912.0f), 12582912.0f);
    u32 bits = bits_of(a);
    int biased = (int)((bits >> 23) & 0xffu);
    // From one normal number to another it is an addition to the exponent.
    if (biased > 0 && biased < 255 && biased + n > 0 && biased + n < 255) return of_bits(bits + ((u32)n << 23));
    // 2^n in binary64 holds, as does the product; the conversion is the one rounding.
    double power = __longlong_as_double((long long)(n + 1023) << 52);
    return __double2float_rn(__dmul_rn((double)a, power));
}

// The greatest e with 2^e <= |a|; 0 for zeros and what isn't finite.
DEVICE float exponent(float a) {
    u32 magnitude = bits_of(a) & 0x7fffffffu;
    int biased = (int)(magnitude >> 23);
    int e = biased == 255 || magnitude == 0 ? 0 : biased == 0 ? 31 - __clz((int)magnitude) - 149 : biased - 127;
    return (float)e;
}

// |a| / 2^exponent(a).
DEVICE float significand(float a) {
    u32 magnitude = bits_of(a) & 0x7fffffffu;
    u32 biased = magnitude >> 23;
    if (biased == 255 || magnitude == 0) return of_bits(magnitude);
    // The leading bit moves to the hidden bit's place and out of the fraction.
    if (biased == 0) return of_bits(((magnitude << (__clz((int)magnitude) - 8)) - 0x800000u) | 0x3f800000u);
    return of_bits((magnitude & 0x007fffffu) | 0x3f800000u);
}

// A length that indices are divided by: a multiplication and a shift, right for indices below 2^31.
struct Length {
    u32 len;
    u32 factor;
    u32 shift;
};

DEVICE u32 quotient(u32 index, const Length& by) { return (u32)(((u64)index * by.factor) >> by.shift); }

// Axes of tensors, innermost first, and how far apart their items are in each of them.
struct Axes {
    u32 rank;
    Length length[6];
    u32 stride[4][6];
};

// Where item `index`, counted row by row, is in tensor `which`.
DEVICE u32 offset_of(const Axes& axes, u32 which, u32 index) {
    u32 offset = 0;
    for (u32 axis = 0; axis + 1 < axes.rank; axis++) {
        u32 outer = quotient(index, axes.length[axis]);
        offset += (index - outer * axes.length[axis].len) * axes.stride[which][axis];
        index = outer;
    }
    return axes.rank == 0 ? 0 : offset + index * axes.stride[which][axes.rank - 1];
}

// This thread's number among all, and how many there are.
DEVICE u32 first_index() { return blockIdx.x * blockDim.x + threadIdx.x; }
DEVICE u32 all_threads() { return gridDim.x * blockDim.x; }
