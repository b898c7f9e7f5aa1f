// Pooling and its gradients: each thread makes one output. A window's items count row by row.

struct PoolArgs {
    const float* x;       // Of gradients: dy.
    const float* argmax;  // Of Max's gradient.
    float* y;
    u32 n;
    u32 h, w;             // Of the images that are pooled.
    u32 yh, yw;           // Windows.
    u32 kernel[2], stride[2], dilation[2], before[2];
    u32 counts_inside;    // Averages: only the items inside.
    Length pixels, columns; // Of the output.
    Length stride_rows, stride_columns;
};

// The row or column of item k of a window; outside of the image it is above its size.
DEVICE u32 item_at(const PoolArgs& p, u32 axis, u32 window, u32 k) {
    return window * p.stride[axis] + k * p.dilation[axis] - p.before[axis];
}

// Items of a window that lie inside, along an axis.
DEVICE u32 inside(const PoolArgs& p, u32 axis, u32 window) {
    u32 count = 0, size = axis == 0 ? p.h : p.w;
    for (u32 k = 0; k < p.kernel[axis]; k++) count += item_at(p, axis, window, k) < size;
    return count;
}

// What a window's sum is divided by.
DEVICE float divisor(const PoolArgs& p, u32 row, u32 column) {
    u32 items = p.counts_inside ? inside(p, 0, row) * inside(p, 1, column) : p.kernel[0] * p.kernel[1];
    return (float)items;
}

enum Pooled { POOL_MAX, POOL_ARGMAX, POOL_AVERAGE };

template <Pooled KIND> DEVICE void pool(const PoolArgs& p) {
    for (u32 e = first_index(); e < p.n; e += all_threads()) {
        u32 image = quotient(e, p.pixels);
        u32 pixel = e - image * p.pixels.len;
        u32 row = quotient(pixel, p.columns);
        u32 column = pixel - row * p.columns.len;
        const float* x = p.x + image * (p.h * p.w);
        float infinity = of_bits(0xff800000u);
        float value = KIND == POOL_AVERAGE ? 0.0f : infinity, place = 0.0f;
        u32 k = 0;
        for (u32 i = 0; i < p.kernel[0]; i++) {
            u32 at_row = item_at(p, 0, row, i);
            for (u32 j = 0; j < p.kernel[1]; j++, k++) {
                u32 at_column = item_at(p, 1, column, j);
                bool is_inside = at_row < p.h && at_column < p.w;
                float item = is_inside ? x[at_row * p.w + at_column] : KIND == POOL_AVERAGE ? 0.0f : infinity;
                if (KIND == POOL_ARGMAX) place = select_gt(item, value, (float)k, place);
                value = KIND == POOL_AVERAGE ? __fadd_rn(value, item) : max_of(value, item);
            }
        }
        if (KIND == POOL_AVERAGE) value = __fdiv_rn(value, divisor(p, row, column));
        p.y[e] = KIND == POOL_ARGMAX ? place : number(value);
    }
}

KERNEL(pool_max, PoolArgs) { pool<POOL_MAX>(p); }
KERNEL(pool_argmax, PoolArgs) { pool<POOL_ARGMAX>(p); }
KERNEL(pool_average, PoolArgs) { pool<POOL_AVERAGE>(p); }

// The windows whose items an element is, in the order of the items: what each gives it is added up.
template <bool IS_MAX> DEVICE void pool_gradient(const PoolArgs& p) {
    for (u32 e = first_index(); e < p.n; e += all_threads()) {
        u32 image = quotient(e, p.pixels);
        u32 pixel = e - image * p.pixels.len;
        u32 row = quotient(pixel, p.columns);
        u32 column = pixel - row * p.columns.len;
        u32 of_image = image * (p.yh * p.yw);
        float sum = 0.0f;
        u32 k = 0;
        for (u32 i = 0; i < p.kernel[0]; i++) {
            u32 from_row = row + p.before[0] - i * p.dilation[0];
            u32 y_row = quotient(from_row & 0x7fffffffu, p.stride_rows);
            bool row_fits = (int)from_row >= 0 && y_row * p.stride[0] == from_row && y_row < p.yh;
            for (u32 j = 0; j < p.kernel[1]; j++, k++) {
                u32 from_column = column + p.before[1] - j * p.dilation[1];
                u32 y_column = quotient(from_column & 0x7fffffffu, p.stride_columns);
                bool fits = row_fits && (int)from_column >= 0 && y_column * p.stride[1] == from_column && y_column < p.yw;
                float share = 0.0f;
                if (fits) {
                    u32 at = of_image + y_row * p.yw + y_column;
                    float dy = p.x[at];
                    share = IS_MAX ? select_eq(p.argmax[at], (float)k, dy, 0.0f)
                                   : __fdiv_rn(dy, divisor(p, y_row, y_column));
                }
                sum = __fadd_rn(sum, share);
            }
        }
        p.y[e] = number(sum);
    }
}

KERNEL(pool_gradient_max, PoolArgs) { pool_gradient<true>(p); }
KERNEL(pool_gradient_average, PoolArgs) { pool_gradient<false>(p); }
